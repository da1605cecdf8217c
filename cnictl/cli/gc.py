"""`cnictl gc`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnictl.cli import options, output
from cnictl.cli.given import confirm, understood
from cnictl.cli.problems import UsageProblem
from cnictl.render.collection import plan_members, plan_table
from cnictl.render.form import Form
from cnictl.runtime import container, validity
from cnictl.runtime.failure import NothingSaidValid

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def gc(
    net: options.Net,
    netns: options.Ignored = "",  # noqa: ARG001 - cnitool demands one, and does nothing with it
    valid: Annotated[
        list[str] | None,
        typer.Option(
            "--valid", metavar="CONTAINER/IFNAME", help="An attachment that is in use.", show_default=False
        ),
    ] = None,
    valid_from: Annotated[
        str,
        typer.Option("--valid-from", metavar="FILE", help="A JSON list of those in use; - for stdin."),
    ] = "",
    everything: Annotated[bool, typer.Option("--everything", help="None is in use: delete all.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be done, and do nothing.")] = False,
    conf_dir: options.ConfDir = options.CONF_DIR,
    cni_path: options.CniPath = "",
    cache_dir: options.CacheDir = options.CACHE_DIR,
    timeout: options.Timeout = options.TIMEOUT,
    verbose: options.Verbose = False,
    form: options.Output = Form.TABLE,
) -> None:
    """Free what attachments left behind that are no longer valid.

    Attachments in the cache that are not named as valid get DEL; then the network's plugins are
    asked to free what belongs to no valid one.  The cache holds the attachments of every runtime
    on the node, so the valid ones must be named, or --everything given.

    The list of --valid-from has texts CONTAINER/IFNAME, or objects with containerID and ifname, as
    `cnictl attachments ls -o json` prints them.
    """
    known = options.network(conf_dir, net)
    runtime = options.runtime(cni_path, cache_dir, timeout, verbose=verbose)
    with understood():
        listed = validity.listed(valid, valid_from)
        try:
            planned = runtime.plan_gc(known, listed, everything=everything)
        except NothingSaidValid as error:
            hint = "name those in use with --valid or --valid-from, or say --everything"
            raise UsageProblem(str(error), hint=hint) from error
    if everything and not (plan or yes):
        question = _question(len(planned.stale), f"to {known.name} in {runtime.cache.results}")
        confirm(question, hint="say --yes as well", refused="nothing was done")
    if not plan:
        report = runtime.gc(known, listed, everything=everything)
        options.warn(report.warnings)
    elif planned.disabled:
        output.note("disableGC is set: nothing would be done")
    if plan:
        options.warn([f"{one.path}: {one.reason}" for one in planned.skipped])
    output.show(form, lambda: plan_members(known.name, planned), lambda: plan_table(planned))
    for one in () if plan else planned.stale:
        if container.discard_throwaway(one.attachment.netns, runtime.cache):
            output.note(f"removed {one.attachment.netns}")
    if plan and planned.problem is not None:
        raise planned.problem


def _question(count: int, where: str) -> str:
    if not count:
        return f"there are no attachments {where}: delete what only the plugins know of?"
    return f"delete {'the one attachment' if count == 1 else f'all {count} attachments'} {where}?"
