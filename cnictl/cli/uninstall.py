"""`cnictl uninstall`."""

from __future__ import annotations

import typer

from cnictl.cli.install import Directory  # noqa: TC001 - typer reads it
from cnictl.install import uninstall as uninstall_plugins

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def uninstall(directory: Directory = "/opt/cni/bin") -> None:
    """Take our plugins out of a directory, and bring back what they replaced.

    Nothing else in the directory is touched.
    """
    removed = uninstall_plugins(directory)
    for path in removed:
        typer.echo(path)
    if not removed:
        typer.echo(f"{directory} has none of our plugins", err=True)
