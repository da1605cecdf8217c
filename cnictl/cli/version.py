"""`cnictl version`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.render.form import Form
from cnictl.render.versions import versions_members, versions_table
from cnictl.runtime import inventory

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def version(
    what: Annotated[
        list[str] | None,
        typer.Argument(metavar="PLUGIN|NET", help="Plugins, or networks.", show_default="all plugins"),
    ] = None,
    conf_dir: options.ConfDir = options.CONF_DIR,
    cni_path: options.CniPath = "",
    timeout: options.Timeout = 30.0,
    verbose: options.Verbose = False,
    form: options.Output = Form.TABLE,
) -> None:
    """Show which versions of the spec plugins support.

    A plugin is a name in the directories of plugins or the path of a program; what is neither is
    taken for a network, whose plugins are asked whether they support its version.  Exit status 1
    when one does not, 3 when one cannot tell.
    """
    plugins = options.plugins(cni_path, timeout, verbose=verbose)
    there = inventory.programs(plugins.directories)
    found = []
    for word in what or there:
        if inventory.is_plugin(word, there):
            found.append(inventory.versions_of(plugins, word))
        else:
            found += inventory.versions_for(plugins, options.network(conf_dir, word))
    if not found:
        output.note(f"no plugins in {' '.join(plugins.directories)}")
    output.show(form, lambda: versions_members(found), lambda: versions_table(found))
    if any(one.problem is not None for one in found):
        raise typer.Exit(problems.FAILED)
    if any(one.refuses for one in found):
        raise typer.Exit(problems.NO)
