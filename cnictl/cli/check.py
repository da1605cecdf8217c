"""`cnictl check`."""

from __future__ import annotations

import typer

from cnictl.cli import options, output, problems
from cnictl.render.answers import answers_members, answers_table, verdict
from cnictl.render.form import Form
from cnictl.runtime.failure import PluginFailed

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def check(
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
    conf_dir: options.ConfDir = options.CONF_DIR,
    cni_path: options.CniPath = "",
    cache_dir: options.CacheDir = options.CACHE_DIR,
    timeout: options.Timeout = options.TIMEOUT,
    verbose: options.Verbose = False,
    form: options.Output = Form.TABLE,
) -> None:
    """Ask the plugins whether an attachment still is as ADD made it.

    Exit status 1 when a plugin says no, 3 when one cannot tell; `holds` of -o json is null where
    `disableCheck` lets nobody be asked.  NETNS can be left out when the cache knows of one
    attachment to NET only.  Arguments are those of ADD unless given.
    """
    runtime = options.runtime(cni_path, cache_dir, timeout, verbose=verbose)
    wanted = options.wanted(
        netns, container_id, ifname, options.pairs(args), options.capabilities(cap_args, port, mac, ip)
    )
    known, found = options.existing(runtime, conf_dir, net, wanted, cached=cached)
    failure: PluginFailed | None = None
    try:
        report = runtime.check(known, found.attachment)
        executions, warnings = report.executions, report.warnings
    except PluginFailed as error:
        failure, executions, warnings = error, tuple(error.executions), tuple(error.warnings)
    options.warn(warnings)
    output.show(
        form,
        lambda: {
            "network": known.name,
            "containerID": found.attachment.container_id,
            "ifname": found.attachment.ifname,
            "netns": found.attachment.netns,
            "holds": verdict(executions, failed=failure is not None),
            "plugins": answers_members(executions),
        },
        lambda: answers_table(executions, "holds"),
    )
    if failure is not None:
        raise typer.Exit(problems.answered(failure))
