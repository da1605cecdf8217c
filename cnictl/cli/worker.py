"""`cnictl worker`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

import cnictl_plugins
from cnictl import launcher
from cnictl.cli import options, output
from cnictl.render.form import Form
from cnictl.render.worker import status_line, status_members, status_table
from cnictl.worker import client
from cnictl.worker.paths import SOCKET
from cnictl.worker.pool import MOST, SPARE

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Socket = Annotated[
    str,
    typer.Option(
        "--socket",
        metavar="PATH",
        envvar="CNICTL_WORKER",
        help="Where calls go; its status is told at PATH.control.",
    ),
]


@app.callback()
def worker() -> None:
    """Answer the calls of plugins in processes that are there already.

    A plugin spends most of its time on starting an interpreter.  `cnictl install --worker` puts a small
    program in its place, which hands the call over to this daemon; each call gets a process of its own,
    with all plugins loaded.  When there is no daemon, or it is busy, the call is answered as ever.
    """


@app.command()
def serve(
    socket: Socket = SOCKET,
    spare: Annotated[
        int, typer.Option("--spare", metavar="N", min=1, help="Processes that wait for a call.")
    ] = SPARE,
    most: Annotated[int, typer.Option("--most", metavar="N", min=1, help="Processes in all.")] = MOST,
) -> None:
    """Be the daemon.

    Serves until SIGTERM, when calls under way are brought to their end; on SIGHUP it begins anew, and
    no call is lost.  When systemd starts it for its socket, that one is used; `cnictl install --worker
    --systemd` writes the units.

    A call whose caller dies, or is told to end, is undone.  Calls from other namespaces, such as those
    of a runtime in a container, are left to their launchers.
    """
    command = launcher.worker(cnictl_plugins.__path__[0])
    os.execv(command[0], [*command, socket, str(spare), str(most)])


@app.command()
def status(socket: Socket = SOCKET, form: options.Output = Form.TABLE) -> None:
    """Show what the daemon has done since it was started, and how long it took.

    Example: cnictl worker status
    """
    found = client.status(socket)
    output.show(form, lambda: status_members(found), lambda: status_table(found))
    output.note(status_line(found))


@app.command()
def metrics(
    socket: Socket = SOCKET,
    textfile: Annotated[
        str,
        typer.Option(
            "--textfile",
            metavar="FILE",
            help="Write them there, for node_exporter.",
            callback=output.place,
        ),
    ] = "",
) -> None:
    """Print its metrics for Prometheus.

    Calls and failures by plugin and command, a histogram of how long they took, and the processes that
    wait or are busy.

    Example: cnictl worker metrics --textfile /var/lib/node_exporter/cnictl.prom
    """
    from cnictl.worker import metrics as prometheus

    found = client.status(socket)
    output.put_into(textfile or output.STDOUT, prometheus.text(found).encode(), mode=0o644)
