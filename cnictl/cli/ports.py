"""`cnictl ports`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.ports.gather import gather
from cnictl.ports.judge import judge
from cnictl.render.form import Form
from cnictl.render.ports import ports_members, ports_summary, ports_table
from cnictl.runtime.cache import Cache

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def ports(
    whole: Annotated[
        bool, typer.Option("--no-trunc", help="Do not shorten ids and names of chains.")
    ] = False,
    whole_node: options.WholeNode = False,
    cache_dir: options.CacheDir = options.CACHE_DIR,
    form: options.Output = Form.TABLE,
) -> None:
    """Show which ports of the node lead to which container, and what is wrong with them.

    Held against each other are what attachments asked for, the rules that there are, made by whichever
    portmap, in legacy and nft-compatible iptables and in nftables, the sockets that listen on the node,
    and tracked connections.  Nothing is changed.

    missing: no rule carries the port.  unreached: there is one, but nothing leads to it.  stale: a rule
    that no attachment asked for.  conflict: somebody else has the port too.  listener: a process of the
    node listens on it in vain.  foreign: a rule of another program, such as a container engine.
    unknown: rules could not be read, or it is for another plugin than portmap to forward the port.

    Exit status 0 when nothing is wrong of all that could be seen, 1 when something is.

    Example: cnictl ports -o json | jq '.ports[] | select(.state == "stale")'
    """
    report = judge(gather(Cache(cache_dir), whole_node=whole_node))
    output.show(form, lambda: ports_members(report), lambda: ports_table(report, whole=whole))
    for one in report.unseen:
        output.note(f"not checked: {one}")
    if form is Form.TABLE:
        output.note(ports_summary(report))
    if not report.sound:
        raise typer.Exit(problems.NO)
