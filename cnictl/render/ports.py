"""The host ports of a node: a line for each, then what is wrong, with what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.render.attachments import short_id
from cnictl.render.table import BAD, DIM, GOOD, Cell, table
from cnictl.render.text import counted, line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rich.console import RenderableType

    from cnictl.ports.model import Forward, HostPort, Problem, Report
    from cnictl.render.form import Data

_SHORT_CHAIN = 12
"""Characters of a chain's name that tell chains apart."""

_STYLES = {"ok": GOOD, "foreign": DIM, "unknown": DIM}
_INDENT = "    "


def ports_table(report: Report, *, whole: bool = False) -> RenderableType:
    """Return one line a port, names shortened unless wanted `whole`; below them what is wrong."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    rows = [_row(one, whole=whole) for one in report.ports]
    parts: list[RenderableType] = [table(("PORT", "CONTAINER", "TO", "RULES", "STATE"), rows)] if rows else []
    for name, problem in _problems(report):
        parts.append(Text(f"{line(name)}: {line(problem.text)}", style=BAD))
        if problem.fix:
            parts.append(Padding(Text(line(problem.fix)), (0, 0, 0, len(_INDENT))))
    return Group(*parts)


def ports_members(report: Report) -> dict[str, Data]:
    """Return everything for `-o json`."""
    return {
        "sound": report.sound,
        "ports": [port_members(one) for one in report.ports],
        "problems": [_problem(one) for one in report.problems],
        "unseen": list(report.unseen),
    }


def ports_summary(report: Report) -> str:
    """Return one line: how many ports there are, and how many of them have something wrong."""
    own = [one for one in report.ports if not one.foreign]
    wrong = sum(bool(one.problems) for one in own)
    words = [counted(len(own), "host port")]
    if wrong:
        words.append(f"{wrong} with something wrong")
    if report.problems:
        words.append(f"{counted(len(report.problems), 'problem')} besides")
    return ", ".join(words)


def _row(one: HostPort, *, whole: bool) -> tuple[Cell, ...]:
    who = one.pod or short_id(one.container_id, whole=whole)
    return (
        one.name,
        who or ("-", DIM),
        one.destination,
        ", ".join(dict.fromkeys(_where(each, whole=whole) for each in one.carried)) or ("none", BAD),
        (one.state, _STYLES.get(one.state, BAD)),
    )


def _where(forward: Forward, *, whole: bool) -> str:
    """Return the variant and the chain of a rule."""
    variant = "nft" if forward.source == "native" else forward.source
    chain = forward.chain
    if not whole and len(chain) > _SHORT_CHAIN and forward.ours:
        chain = f"{chain[:_SHORT_CHAIN]}…"
    return f"{variant} {chain}"


def _problems(report: Report) -> Iterable[tuple[str, Problem]]:
    """Return what is wrong with the name of the port, the same thing once."""
    found = {
        (one.name, problem.text): (one.name, problem) for one in report.ports for problem in one.problems
    }
    return [*found.values(), *(("flow" if one.kind == "flow" else "rules", one) for one in report.problems)]


def port_members(one: HostPort) -> dict[str, Data]:
    """Return one port for `-o json`."""
    return {
        "protocol": one.protocol,
        "address": one.address or None,
        "port": one.port,
        "lastPort": one.last,
        "containerAddress": one.to,
        "containerPort": one.to_port or None,
        "destination": one.destination,
        "network": one.network or None,
        "containerID": one.container_id or None,
        "pod": one.pod or None,
        "state": one.state,
        "rules": [_rule(each) for each in one.carried],
        "problems": [_problem(each) for each in one.problems],
    }


def _rule(forward: Forward) -> dict[str, Data]:
    return {
        "variant": "nft" if forward.source == "native" else forward.source,
        "tool": forward.tool,
        "table": forward.table,
        "chain": forward.chain,
        "rule": forward.rule,
    }


def _problem(one: Problem) -> dict[str, Data]:
    return {"kind": one.kind, "text": one.text, "fix": one.fix or None}
