"""`cnictl run`."""

from __future__ import annotations

import typer

from cnictl.cli import options, problems
from cnictl.runtime import container
from cnictl.runtime.visit import Attached
from cnictl.sandbox.inside import exec_inside
from cnictl.sandbox.start import NotStarted
from cnictl.spec.errors import CnictlError

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def run(
    net: options.Net,
    command: options.Command,
    ifname: options.Ifname = "",
    container_id: options.ContainerId = "",
    args: options.Args = None,
    cap_args: options.CapArgs = "",
    port: options.Port = None,
    mac: options.Mac = "",
    ip: options.Ip = None,
    conf_dir: options.ConfDir = options.CONF_DIR,
    cni_path: options.CniPath = "",
    cache_dir: options.CacheDir = options.CACHE_DIR,
    timeout: options.Timeout = options.TIMEOUT,
    verbose: options.Verbose = False,
) -> None:
    """Run a command in a throwaway container on a network, and exit with its status.

    The container is a netns of its own, `lo` up, and the network's resolvers in /etc/resolv.conf if
    its Result names some; files and processes are those of the node.  However the command ends,
    DEL follows.  Exit status 127 when there is no such program, 126 when it does not start.

    Example: cnictl run mynet -- ping -c1 10.1.0.1
    """
    known = options.network(conf_dir, net)
    runtime = options.runtime(cni_path, cache_dir, timeout, verbose=verbose)
    wanted = options.wanted(
        "", container_id, ifname, options.pairs(args), options.capabilities(cap_args, port, mac, ip)
    )
    options.note_unwanted(known, wanted)
    status: int | None = None
    try:
        with (
            container.Throwaway() as place,
            Attached(runtime, known, wanted.at(place.path).new()) as attached,
        ):
            options.warn(attached.report.warnings)
            with attached.resolver() as files:
                try:
                    status = exec_inside(place.path, command, files)
                except NotStarted as error:
                    status = problems.failed(error)
    except CnictlError as error:
        if not status:
            raise
        problems.failed(error)  # of DEL; the command's own failure is what the caller asked for
    raise typer.Exit(status)
