"""`cnictl uninstall`."""

from __future__ import annotations

import os

import typer

from cnictl.cli import output
from cnictl.cli.install import Directory, Units  # noqa: TC001 - typer reads them
from cnictl.install import uninstall as uninstall_plugins
from cnictl.install import uninstall_units

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def uninstall(directory: Directory = "/opt/cni/bin", systemd: Units = "") -> None:
    """Take our plugins out of a directory, and bring back what they replaced.

    Nothing else in the directory is touched.  With --systemd the units that install wrote go as well.
    """
    removed = uninstall_plugins(directory) + (uninstall_units(systemd) if systemd else [])
    for path in removed:
        output.put_line(path)
    if not removed:
        is_there = os.path.lexists(directory)
        output.note(
            f"{directory} has none of our plugins" if is_there else f"there is no directory {directory}"
        )
