"""`cnictl install`."""

from __future__ import annotations

from typing import Annotated

import typer

import cnictl_plugins
from cnictl.install import install as install_plugins
from cnictl_plugins import multicall

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Directory = Annotated[str, typer.Argument(help="The directory.", show_default="/opt/cni/bin")]


@app.command()
def install(
    directory: Directory = "/opt/cni/bin",
    force: Annotated[
        bool, typer.Option("--force", help="Replace programs of others; they are kept aside.")
    ] = False,
) -> None:
    """Put the plugins into a directory of CNI plugins.

    Makes one launcher and a symlink to it for every plugin, in a way that a runtime which calls a
    plugin at that moment finds the old one or the new one.  Programs that are not ours are left
    alone, and nothing is done, unless you say --force; uninstall brings them back.
    """
    changed = install_plugins(directory, multicall.PROGRAMS, cnictl_plugins.__path__[0], force=force)
    for path in changed:
        typer.echo(path)
    if not changed:
        typer.echo(f"{directory} has them already", err=True)
