"""`cnictl exec`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.cli.given import understood
from cnictl.cli.problems import UsageProblem
from cnictl.render.execution import call_members, ending, given_text, section
from cnictl.render.form import Form
from cnictl.render.shell import shell_command
from cnictl.render.text import line
from cnictl.runtime import raw, source
from cnictl.runtime.cache import Cache
from cnictl.runtime.failure import PluginFailed

DEFAULT_ID = "cnictl-exec"
"""The container where neither an id nor a netns, which would make one, is given."""

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(name="exec")
def execute(
    plugin: Annotated[str, typer.Argument(metavar="PLUGIN", help="Name of a plugin, or path of a program.")],
    verb: Annotated[str, typer.Argument(metavar="VERB", help="ADD, DEL, CHECK, GC, STATUS or VERSION.")],
    netns: options.Netns = "",
    conf: Annotated[
        str, typer.Option("--conf", "-c", metavar="FILE", help="What it gets on stdin; - for ours.")
    ] = "",
    net: Annotated[str, typer.Option("--net", "-n", metavar="NET", help="Its part of this network.")] = "",
    nth: Annotated[
        int | None,
        typer.Option("--nth", min=1, help="Which of NET's plugins.", show_default="the one of that name"),
    ] = None,
    previous: Annotated[
        str, typer.Option("--prev-result", metavar="FILE", help="A Result for prevResult; - for stdin.")
    ] = "",
    show: Annotated[
        bool, typer.Option("--show", help="Print the call as a command, and do not run it.")
    ] = False,
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
    form: options.Output = Form.TABLE,
) -> None:
    """Call one plugin, raw, and show all it says.

    The plugin's stdout is ours, byte for byte; environment, stdin, stderr, exit status and time
    are told on stderr.  With -o json all of that is one document.  Nothing is cached, checked or
    rolled back.

    With --net the plugin gets what the runtime would send it: the network's name and version,
    runtimeConfig, and for CHECK and DEL the cached Result.  One that cannot be read or understood
    ends CHECK with status 3, unless --prev-result gives another; DEL goes without, which is told.
    Else stdin or --conf is sent as it is.
    """
    plugins = options.plugins(cni_path, timeout)
    stated = options.wanted(
        netns,
        container_id or ("" if netns else DEFAULT_ID),
        ifname,
        options.pairs(args),
        options.capabilities(cap_args, port, mac, ip),
        there=False,
    )
    attachment = stated.new()
    with understood():
        verb = raw.verb_of(verb)
        if net:
            known = options.network(conf_dir, net)
            before = source.read(previous) if previous else b""
            cache = Cache(cache_dir)
            stdin = raw.derived(known, plugin, verb, attachment, cache, _warn, nth=nth or 0, previous=before)
        else:
            stdin = _stdin(conf, needed=verb != "VERSION")
    path = plugins.find(plugin) if "/" not in plugin else os.path.abspath(plugin)
    subject = attachment if verb != "VERSION" else None
    if show:
        output.put_raw(_command(path, plugins.environment(verb, subject), stdin))
        return
    if form is Form.TABLE:
        output.remark(given_text(path, plugins.environment(verb, subject), stdin))
    execution = plugins.execute(plugin.rpartition("/")[2], verb, stdin, subject, path)
    if form is Form.TABLE:
        output.put_raw(execution.stdout)
        output.remark(section("stderr", execution.stderr) + f"  {line(ending(execution))}\n")
    else:
        output.show(form, lambda: call_members(execution), lambda: "")
    if execution.cause is not None:
        raise execution.cause
    if execution.error is not None:
        failure = PluginFailed(plugin, verb, execution.error, execution=execution)
        no = verb in ("CHECK", "STATUS") and failure.says_no
        raise typer.Exit(problems.NO if no else problems.FAILED)


def _warn(remark: str) -> None:
    options.warn([remark])


def _command(path: str, environment: Mapping[str, str], stdin: bytes) -> bytes:
    return shell_command(path, environment, stdin).encode(errors="surrogateescape")


def _stdin(conf: str, *, needed: bool) -> bytes:
    """What the plugin is to read, when no network says it."""
    if conf:
        return source.read(conf)
    if not needed:
        return raw.VERSION_REQUEST
    if sys.stdin.isatty():
        raise UsageProblem(
            "nothing says what the plugin is to read", hint="give --net or --conf, or pipe it in"
        )
    return source.read("-")
