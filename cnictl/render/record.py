"""Recorded calls: who called what when, and all that was said; and which plugins are recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from cnictl.invoke import Completed
from cnictl.render.execution import given_text, milliseconds, section, text_member
from cnictl.render.table import BAD, GOOD, Cell, table
from cnictl.render.text import line

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.record.log import Ring
    from cnictl.record.model import Call
    from cnictl.record.places import Place
    from cnictl.render.form import Data

COLUMNS = ("CALL", "TIME", "PLUGIN", "VERB", "CONTAINER", "IFNAME", "NETWORK", "ENDED", "TOOK", "BY")
CONDITIONS = {
    "recorded": "recorded",
    "replaced": "not recorded: another program was put there since",
    "removed": "not recorded: there is no program any more",
    "lost": "broken: the plugin is gone from where it was kept",
}
"""Words for the condition of a place."""


def calls_table(found: Iterable[Call]) -> Table:
    """Return one line a call."""
    return table(COLUMNS, (_row(one) for one in found))


def calls_members(found: Iterable[Call]) -> list[Data]:
    """Return the same for `-o json`."""
    return [_head(one) for one in found]


def recorded_text(call: Call) -> str:
    """Return all of a call for people."""
    took = f", {milliseconds(call.seconds)}" if call.seconds is not None else ""
    remarks = []
    if call.within is not None:
        remarks.append(f"  within: call {call.within}\n")
    if call.secrets:
        remarks.append(f"  secrets left out: {call.secrets}\n")
    if call.cut:
        remarks.append(f"  cut off, as it was too long: {', '.join(call.cut)}\n")
    return (
        f"call {call.number}: {line(call.verb)} {line(call.plugin)}, {when(call)}: {ended(call)}{took}\n"
        + section("called by", _callers(call).encode(errors="surrogateescape"))
        + "".join(remarks)
        + given_text(call.path, call.variables, call.stdin)
        + section("stdout", call.stdout)
        + section("stderr", call.stderr)
    )


def recorded_members(call: Call) -> dict[str, Data]:
    """Return the same for `-o json`, and the rest of the environment."""
    return {
        **_head(call),
        "path": call.path,
        "program": call.program,
        "pid": call.pid,
        "uid": call.uid,
        "netns": call.netns,
        "cwd": call.cwd,
        "arguments": list(call.arguments),
        "callers": [{"pid": pid, "name": name} for pid, name in call.callers],
        "command": call.caller,
        "environment": dict(call.environment),
        "stdin": text_member(call.stdin),
        "stdout": text_member(call.stdout),
        "stderr": text_member(call.stderr),
        "secrets": call.secrets,
        "cut": list(call.cut),
    }


def places_table(found: Mapping[str, Sequence[Place]]) -> Table:
    """Return the plugins of some directories that are recorded, or were."""
    return table(("DIRECTORY", "PLUGIN", "CONDITION"), _places(found))


def status_members(
    found: Mapping[str, Sequence[Place]], log: str, ring: Ring | None, calls: int
) -> dict[str, Data]:
    """Return the same for `-o json`, and how full the log is."""
    return {
        "places": [
            {"directory": directory, "plugin": place.plugin, "condition": place.condition}
            for directory, places in found.items()
            for place in places
        ],
        "log": log,
        "calls": calls,
        "keep": ring.keep if ring is not None else None,
        "lost": ring.lost if ring is not None else 0,
    }


def ended(call: Call) -> str:
    """Return how a call ended, as far as was seen."""
    return Completed(call.status).reason if call.status is not None else "no end was seen"


def when(call: Call) -> str:
    """Return the time of a call, as it is here."""
    return datetime.fromtimestamp(call.time).astimezone().strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _row(call: Call) -> tuple[Cell, ...]:
    word = "ok" if call.status == 0 else ended(call)
    return (
        str(call.number),
        when(call),
        call.plugin,
        call.verb,
        call.container_id,
        call.ifname,
        call.network,
        (word, GOOD if call.status == 0 else BAD),
        milliseconds(call.seconds) if call.seconds is not None else "",
        f"call {call.within}" if call.within is not None else _parent(call),
    )


def _head(call: Call) -> dict[str, Data]:
    return {
        "call": call.number,
        "time": round(call.time, 6),
        "plugin": call.plugin,
        "verb": call.verb,
        "container": call.container_id,
        "ifname": call.ifname,
        "network": call.network,
        "status": call.status,
        "seconds": call.seconds,
        "caller": _parent(call),
        "within": call.within,
    }


def _parent(call: Call) -> str:
    return call.callers[0][1] if call.callers else ""


def _callers(call: Call) -> str:
    chain = " < ".join(f"{name} ({pid})" for pid, name in call.callers)
    return f"{chain}: {call.caller}" if call.caller else chain


def _places(found: Mapping[str, Sequence[Place]]) -> Iterable[tuple[Cell, ...]]:
    for directory, places in found.items():
        for place in places:
            style = GOOD if place.condition == "recorded" else BAD
            yield directory, place.plugin, (CONDITIONS[place.condition], style)
