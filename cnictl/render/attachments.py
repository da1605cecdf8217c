"""Attachments of the runtime's cache: a table of all, and everything about one."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from cnictl.render.execution import given_text, readable, section, text_member
from cnictl.render.result import cached_addresses
from cnictl.render.table import BAD, GOOD, Cell, facts, table
from cnictl.render.text import line
from cnictl.runtime.standing import netns_exists
from cnictl.spec.document import encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rich.console import RenderableType

    from cnictl.render.form import Data
    from cnictl.runtime.cache import CachedAttachment
    from cnictl.runtime.preview import PlannedCall, Preview
    from cnictl.runtime.standing import Standing

_LONG_ID = 20
"""Hexadecimal digits from which on an id is shortened: cnitool's have 20, those of runtimes 64."""

_SHORT_ID = 12
"""Digits that tell ids apart."""

_NAMED = ("/run/netns/", "/var/run/netns/")


def attachments_table(
    attachments: Iterable[CachedAttachment], standings: Iterable[Standing], *, whole: bool = False
) -> RenderableType:
    """Return one line an attachment, and below them what DEL would miss.

    Container ids and paths are shortened unless wanted `whole`.  Where runtimes say which pods these
    are, their names stand there, and of the netns only whether it is there.
    """
    from rich.console import Group
    from rich.text import Text

    found = list(attachments)
    pods = any(one.attachment.pod for one in found)
    made = table(
        ("NETWORK", *(["POD"] if pods else []), "CONTAINER", "IFNAME", "ADDRESSES", "NETNS", "AGE"),
        (_row(one, pods=pods, whole=whole) for one in found),
    )
    remarks = [
        Text(line(words), style=BAD)
        for one, standing in zip(found, standings, strict=True)
        for words in _remarks(one, standing)
    ]
    return Group(made, *remarks) if remarks else made


def _row(one: CachedAttachment, *, pods: bool, whole: bool) -> tuple[Cell, ...]:
    netns: Cell = netns_cell(one, whole=whole)
    if pods and not whole:
        there = netns_exists(one)
        netns = "-" if there is None else ("there", GOOD) if there else ("gone", BAD)
    return (
        one.network,
        *([one.attachment.pod] if pods else []),
        short_id(one.attachment.container_id, whole=whole),
        one.attachment.ifname,
        " ".join(cached_addresses(one.result)),
        netns,
        age(one),
    )


def _remarks(one: CachedAttachment, standing: Standing) -> Iterator[str]:
    who = f"{one.network} {short_id(one.attachment.container_id)} {one.attachment.ifname}"
    if standing.missing:
        yield f"{who}: DEL has no program for {', '.join(standing.missing)}"
    if standing.problem:
        yield f"{who}: the cached configuration cannot be understood: {standing.problem}"


def listed_members(cached: CachedAttachment, standing: Standing) -> dict[str, Data]:
    """Return what `ls` knows of an attachment, for `-o json`."""
    return {
        **attachment_members(cached),
        "missingPlugins": list(standing.missing),
        "problem": standing.problem or None,
    }


def attachment_members(cached: CachedAttachment) -> dict[str, Data]:
    """Return what the cache says of an attachment, for `-o json`."""
    attachment = cached.attachment
    return {
        "network": cached.network,
        "containerID": attachment.container_id,
        "pod": attachment.pod or None,
        "ifname": attachment.ifname,
        "netns": attachment.netns,
        "netnsExists": netns_exists(cached),
        "addresses": cached_addresses(cached.result),
        "created": created(cached),
        "file": cached.path,
    }


def attachments_details(each: Iterable[tuple[CachedAttachment, Preview]]) -> RenderableType:
    """Return everything about some attachments, one after the other."""
    from rich.console import Group

    return Group(*(attachment_details(*one) for one in each))


def attachment_details(cached: CachedAttachment, preview: Preview) -> RenderableType:
    """Return everything in the cache about an attachment, and what DEL would send to each plugin."""
    from rich.console import Group
    from rich.text import Text

    attachment = cached.attachment
    about = facts(
        [
            ("network", cached.network),
            ("pod", attachment.pod),
            ("container", attachment.container_id),
            ("ifname", attachment.ifname),
            ("netns", netns_cell(cached)),
            ("addresses", " ".join(cached_addresses(cached.result))),
            ("CNI_ARGS", attachment.cni_args),
            ("age", age(cached)),
            ("file", cached.path),
        ]
    )
    text = section("capability arguments", _json(dict(attachment.capability_args)))
    text += section("result", _json(cached.result))
    text += section("configuration", cached.config)
    if preview.problem is not None:
        text += f"  DEL cannot use the cached configuration: {line(str(preview.problem))}\n"
    text += "".join(f"  remark: {line(one)}\n" for one in preview.warnings)
    for number, call in enumerate(preview.calls, 1):
        text += f"DEL, call {number} of {len(preview.calls)}: {line(call.plugin)}\n" + _planned(call)
    return Group(about, Text(text.rstrip("\n")))


def details_members(cached: CachedAttachment, preview: Preview) -> dict[str, Data]:
    """Return the same for `-o json`."""
    attachment = cached.attachment
    return {
        **attachment_members(cached),
        "cniArgs": [list(pair) for pair in attachment.args],
        "capabilityArgs": dict(attachment.capability_args),
        "result": dict(cached.result) if cached.result is not None else None,
        "config": text_member(cached.config),
        "delete": {
            "problem": str(preview.problem) if preview.problem is not None else None,
            "warnings": list(preview.warnings),
            "calls": [_planned_members(one) for one in preview.calls],
        },
    }


def short_id(container_id: str, *, whole: bool = False) -> str:
    """Return a container id as a table shows it; what is shown finds the attachment again."""
    head, dash, digits = container_id.rpartition("-")
    if whole or len(digits) < _LONG_ID or not set("0123456789abcdef").issuperset(digits):
        return container_id
    return head + dash + digits[:_SHORT_ID]


def created(cached: CachedAttachment) -> str | None:
    """Return when an attachment was written down, in UTC; None when its file is gone."""
    try:
        seconds = os.stat(cached.path).st_mtime
    except OSError:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def age(cached: CachedAttachment, now: float | None = None) -> str:
    """Return how long ago an attachment was made, in one unit."""
    try:
        seconds = int((time.time() if now is None else now) - os.stat(cached.path).st_mtime)
    except OSError:
        return "?"
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"


def netns_cell(cached: CachedAttachment, *, whole: bool = True) -> Cell:
    """Return the netns of an attachment, marked when it is gone."""
    netns = cached.attachment.netns
    if not whole and netns.startswith(_NAMED):
        netns = os.path.basename(netns)
    return (f"{netns} (gone)", BAD) if netns_exists(cached) is False else netns


def _planned(call: PlannedCall) -> str:
    text = given_text(call.path, call.environment, call.stdin)
    return text + (f"  problem: {line(str(call.problem))}\n" if call.problem is not None else "")


def _planned_members(call: PlannedCall) -> Data:
    return {
        "plugin": call.plugin,
        "path": call.path,
        "environment": dict(call.environment),
        "stdin": text_member(call.stdin),
        "problem": str(call.problem) if call.problem is not None else None,
    }


def _json(members: object) -> bytes:
    return readable(encode(members).encode()).encode() if members else b""
