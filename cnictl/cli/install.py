"""`cnictl install`."""

from __future__ import annotations

from typing import Annotated

import typer

import cnictl_plugins
from cnictl.cli import output
from cnictl.install import install as install_plugins
from cnictl.install import install_units
from cnictl.worker import client
from cnictl_plugins import multicall

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Directory = Annotated[str, typer.Argument(help="The directory.", show_default="/opt/cni/bin")]

Units = Annotated[
    str, typer.Option("--systemd", metavar="DIR", help="Directory of units: /etc/systemd/system, usually.")
]


@app.command()
def install(
    directory: Directory = "/opt/cni/bin",
    force: Annotated[
        bool, typer.Option("--force", help="Replace programs of others; they are kept aside.")
    ] = False,
    systemd: Units = "",
    worker: Annotated[
        bool, typer.Option("--worker", help="Have calls answered by the daemon `cnictl worker`.")
    ] = False,
) -> None:
    """Put the plugins into a directory of CNI plugins.

    Makes one launcher and a symlink to it for every plugin, in a way that a runtime which calls a
    plugin at that moment finds the old one or the new one.  Programs that are not ours are left
    alone, and nothing is done, unless you say --force; uninstall brings them back.

    With --systemd the units of the DHCP daemon, which the plugin dhcp needs, are written as well, and
    with --worker those of the worker.

    With --worker the launcher is a small program in C, of the package or made by the compiler here, which
    hands each call over to the worker and saves most of its time; without a worker it starts an
    interpreter as ever.

    Run it again after an upgrade: it also puts all that a plugin imports into one file, and with a
    file of other modules than there are, or none, plugins start slower.
    """
    units = install_units(systemd, directory, force=force, worker=worker) if systemd else []
    changed = install_plugins(
        directory, multicall.PROGRAMS, cnictl_plugins.__path__[0], force=force, worker=worker
    )
    for path in changed + units:
        output.put_line(path)
    if not changed:
        output.note(f"{directory} has them already")
    elif not worker:
        output.note("each call starts an interpreter; with --worker --systemd DIR pods come up much faster")
    elif changed and _worker_is_there():
        output.note("the worker goes on with the program it was started with: systemctl reload cnictl-worker")
    if units:
        sockets = "cni-dhcp.socket" + (" cnictl-worker.socket" if worker else "")
        output.note(f"start the daemons: systemctl daemon-reload; systemctl enable --now {sockets}")


def _worker_is_there() -> bool:
    try:
        client.status()
    except client.NoWorker:
        return False
    return True
