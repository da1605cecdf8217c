"""`cnictl compare`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.cli.scenarios import meant, named
from cnictl.render.compared import compared_members, compared_tree, summary, times_table
from cnictl.render.difference import unseen_remarks
from cnictl.render.form import Form, as_json, as_yaml
from cnictl.scenario.compare import compare as compare_sets
from cnictl.scenario.model import Attach
from cnictl.scenario.run import TIMEOUT

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Plugins = Annotated[str, typer.Argument(metavar="A", help="Directories of plugins, separated by colons.")]
Others = Annotated[str, typer.Argument(metavar="B", help="Others, that could take their place.")]


@app.command()
def compare(
    one: Plugins,
    other: Others,
    work: Annotated[
        list[str],
        typer.Argument(metavar="NET|SCENARIO...", help="Networks, files of scenarios, directories."),
    ],
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name", "-n", metavar="NAME", help="Only the scenario of that name.", show_default=False
        ),
    ] = None,
    cap_args: options.CapArgs = "",
    args: options.Args = None,
    port: options.Port = None,
    conf_dir: options.ConfDir = options.CONF_DIR,
    apart: Annotated[
        bool, typer.Option("--apart", help="Each checks and deletes only what it added itself.")
    ] = False,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="For each plugin.")
    ] = TIMEOUT,
    form: options.Output = Form.TABLE,
) -> None:
    """Do the same work with two sets of plugins, and show the difference.

    On two throwaway nodes each set adds, both check, and the other set deletes, twice.  Compared are
    Results, errors, exit statuses, and the states after ADD and after DEL; generated names and MAC
    addresses count as equal.  Nothing shown means that either may take the other's place, but for what
    could not be read, which is told on stderr and with -o json as `unseen`.

    Exit status 1 when something parts.

    Example: cnictl compare /usr/lib/cni /opt/cni/bin mynet
    """
    paths = [options.absolute_path(one), options.absolute_path(other)]
    attach = Attach(
        args=dict(options.pairs(args) or ()), capabilities=options.capabilities(cap_args, port) or {}
    )
    found = []
    for scenario in named([one for text in work for one in meant(text, conf_dir, attach)], name or ()):
        compared = compare_sets(scenario, *paths, apart=apart, timeout=timeout)
        found.append(compared)
        if form is Form.TABLE:
            output.show(form, list, lambda one=compared: compared_tree(one))  # type: ignore[misc]
    for remark in unseen_remarks("not compared", [one for compared in found for one in compared.unseen]):
        output.note(remark)
    if form is Form.TABLE:
        output.show(form, list, lambda: times_table(found))
        output.note(summary(found))
    else:
        written = as_json if form is Form.JSON else as_yaml
        output.put(written([compared_members(one) for one in found]))
    if any(one.partings for one in found):
        raise typer.Exit(problems.NO)
