"""`cnictl add`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnictl.cli import options, output
from cnictl.render.form import Form  # noqa: TC001 - typer reads it
from cnictl.runtime import container

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def add(
    net: options.Net,
    netns: options.Netns = "",
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
    form: Annotated[
        Form | None,
        typer.Option(
            "--output", "-o", help="How to print the Result.", show_default="table on a terminal, else json"
        ),
    ] = None,
) -> None:
    """Attach a container to a network, and show what the runtime would get.

    Without NETNS a throwaway one is made, and named on stderr; `cnictl del NET` removes it again.
    What fails is rolled back: the plugins that were reached get DEL.  As JSON, the Result is what
    the last plugin printed, in its version, as cnitool prints it.
    """
    known = options.network(conf_dir, net)
    runtime = options.runtime(cni_path, cache_dir, timeout, verbose=verbose)
    wanted = options.wanted(
        netns, container_id, ifname, options.pairs(args), options.capabilities(cap_args, port, mac, ip)
    )
    options.note_unwanted(known, wanted)
    with container.Throwaway(wanted.netns) as place:
        attachment = wanted.at(place.path).new()
        report = runtime.add(known, attachment)
        place.keep()
    if place.made:
        output.note(f"netns {place.path}")
    options.warn(report.warnings)
    options.show_result(form or output.for_terminal(), known.name, attachment, report.result)
