"""`cnictl del`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnictl.cli import options, output
from cnictl.cli.problems import UsageProblem
from cnictl.runtime import container
from cnictl.runtime.lookup import NothingAttached

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(name="del")
def delete(
    net: options.Net,
    netns: options.Netns = "",
    ifname: options.Ifname = "",
    container_id: options.ContainerId = "",
    args: options.Args = None,
    cap_args: options.CapArgs = "",
    port: options.Port = None,
    mac: options.Mac = "",
    ip: options.Ip = None,
    cached: options.Cached = False,
    keep_going: Annotated[
        bool, typer.Option("--keep-going", "-k", help="Ask the other plugins even if one fails.")
    ] = False,
    conf_dir: options.ConfDir = options.CONF_DIR,
    cni_path: options.CniPath = "",
    cache_dir: options.CacheDir = options.CACHE_DIR,
    timeout: options.Timeout = options.TIMEOUT,
    verbose: options.Verbose = False,
) -> None:
    """Detach a container from a network.

    Succeeds when there is nothing left to delete.  NETNS can be left out when the cache knows of
    one attachment to NET only, and need not exist any more.  Arguments are those of ADD unless
    given; the configuration is that of ADD when NET is gone.  A netns that `cnictl add` made is
    removed with its last attachment.
    """
    runtime = options.runtime(cni_path, cache_dir, timeout, verbose=verbose)
    wanted = options.wanted(
        netns,
        container_id,
        ifname,
        options.pairs(args),
        options.capabilities(cap_args, port, mac, ip),
        there=False,
    )
    try:
        known, found = options.existing(runtime, conf_dir, net, wanted, cached=cached)
    except UsageProblem as problem:
        if not isinstance(problem.__cause__, NothingAttached):
            raise
        output.note(str(problem))
        return
    report = runtime.delete(known, found.attachment, keep_going=keep_going)
    options.warn(report.warnings)
    if container.discard_throwaway(found.attachment.netns, runtime.cache):
        output.note(f"removed {found.attachment.netns}")
