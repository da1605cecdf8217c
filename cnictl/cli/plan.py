"""`cnictl plan`."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.cli.problems import UsageProblem
from cnictl.netns_named import DIRECTORY
from cnictl.plan.run import plan as plan_verb
from cnictl.render.form import Form
from cnictl.render.plan import plan_members, plan_tree
from cnictl.runtime import validity
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.container import default_id
from cnictl.spec.errors import CnictlError

app = typer.Typer(add_completion=False, rich_markup_mode=None)

NEW = os.path.join(DIRECTORY, "new-pod")
"""The netns of a container that is made on the copy."""


class Verb(StrEnum):
    """What can be planned."""

    ADD = "add"
    DEL = "del"
    GC = "gc"


@app.command()
def plan(
    net: options.Net,
    netns: options.Netns = "",
    verb: Annotated[Verb, typer.Option("--verb", help="What would be done.")] = Verb.ADD,
    per_plugin: Annotated[
        bool, typer.Option("--per-plugin", "-p", help="Plugin by plugin, and how long each took.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="As well, what each plugin was told and said.")
    ] = False,
    valid: Annotated[
        list[str] | None,
        typer.Option(
            "--valid", metavar="CONTAINER/IFNAME", help="For gc: one that is in use.", show_default=False
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--everything", help="For gc: none is in use.")] = False,
    ifname: options.Ifname = "",
    container_id: options.ContainerId = "",
    args: options.Args = None,
    cap_args: options.CapArgs = "",
    port: Annotated[
        list[str] | None,
        typer.Option(
            "--port", metavar="[IP:]HOST:PORT[/PROTO]", help="Capability portMappings.", show_default=False
        ),
    ] = None,
    mac: options.Mac = "",
    ip: options.Ip = None,
    conf_dir: options.ConfDir = options.CONF_DIR,
    cni_path: options.CniPath = "",
    cache_dir: options.CacheDir = options.CACHE_DIR,
    timeout: options.Timeout = options.TIMEOUT,
    form: options.Output = Form.TABLE,
) -> None:
    """Show what a verb would change, and change nothing.

    The real plugins run on a throwaway copy of this node: its links, addresses, routes, sysctls, packet
    filter rules, reservations and the cache.  What leads outside is a stand-in there, and nothing of
    this machine can be written from there.  What could not be copied is told.

    Exit status 3 when the verb would fail.

    Example: cnictl plan mynet --per-plugin
    """
    runtime = options.runtime(cni_path, cache_dir, timeout)
    pairs, capabilities = options.pairs(args), options.capabilities(cap_args, port, mac, ip)
    wanted = options.wanted(netns, container_id, ifname, pairs, capabilities, there=verb is not Verb.DEL)
    if verb is Verb.DEL:
        network, found = options.existing(runtime, conf_dir, net, wanted)
        attachment = found.attachment
    else:
        network = options.network(conf_dir, net)
        options.note_unwanted(network, wanted)
        attachment = wanted.at(wanted.netns or NEW).new()
        if not (netns or container_id):
            attachment = Attachment(
                default_id(NEW), NEW, attachment.ifname, attachment.args, attachment.capability_args
            )
    if verb is Verb.GC and not (valid or everything):
        raise UsageProblem(
            "nothing says which attachments are in use", hint="name them with --valid, or say --everything"
        )
    try:
        listed = validity.listed(valid, "") if valid else None
        planned = plan_verb(
            verb.value.upper(),  # type: ignore[arg-type]
            network,
            attachment,
            runtime.cache,
            runtime.plugins.directories,
            valid=listed or (),
            timeout=timeout or 0,
        )
    except CnictlError as error:
        if type(error) is CnictlError:
            raise UsageProblem(str(error), hint=error.hint) from error
        raise
    output.show(
        form,
        lambda: plan_members(planned),
        lambda: plan_tree(planned, per_plugin=per_plugin, verbose=verbose),
    )
    if planned.error:
        output.note(f"{verb.value.upper()} would fail: {planned.error}")
        raise typer.Exit(problems.FAILED)
    if not planned.difference:
        output.note("nothing would change")
