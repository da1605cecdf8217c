"""Queueing disciplines, classes and filters as pyroute2 decodes them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from cnictl.netlink.message import attributes, number
from cnictl.netlink.names import handle_name
from cnictl.netlink.observed import Filter, Plain, Qdisc, TrafficClass

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.netlink.message import Attributes
    from cnictl.netlink.observe_link import Names

# linux/pkt_sched.h
_CLSACT_PARENTS = (0xFFFFFFF2, 0xFFFFFFF3)

_TBF_RATE64 = 4

# linux/pkt_cls.h
_U32_SEL = 5
_SELECTOR_SIZE = 16
_KEY = struct.Struct(">II")
_KEY_OFFSETS = struct.Struct("=ii")

_STRUCTURE = ("attrs", "header", "refcnt", "bindcnt", "direct_pkts")
_VOLATILE = ("STATS", "XSTATS", "_TM", "_RTAB", "_CTAB", "PCNT", "UNKNOWN", "_PAD")


def qdisc(message: Any, name: Names) -> Qdisc:
    return Qdisc(*_common(message, name), options=_options(message, name))


def traffic_class(message: Any, name: Names) -> TrafficClass:
    return TrafficClass(*_common(message, name), options=_options(message, name))


def is_filter(message: Any) -> bool:
    """Whether it matches anything: the heads and hash tables that come along do not."""
    options = message.get_attr("TCA_OPTIONS")
    return bool(message["handle"]) and not (
        hasattr(options, "get_attr") and options.get_attr("TCA_U32_DIVISOR") is not None
    )


def filter_(message: Any, name: Names) -> Filter:
    return Filter(
        link=name[message["index"]],
        kind=message.get_attr("TCA_KIND") or "",
        parent=handle_name(message["parent"]),
        protocol=int.from_bytes((message["info"] & 0xFFFF).to_bytes(2, "little"), "big"),
        priority=message["info"] >> 16,
        chain=message.get_attr("TCA_CHAIN") or 0,
        handle=message["handle"],
        options=_options(message, name),
    )


def filter_parents(messages: Iterable[Any]) -> list[tuple[int, int]]:
    """Where filters may hang: link index and parent, for qdiscs and classes."""
    places: dict[tuple[int, int], None] = {}
    for message in messages:
        if message.get_attr("TCA_KIND") == "clsact":
            places.update(dict.fromkeys((message["index"], parent) for parent in _CLSACT_PARENTS))
        else:
            places[message["index"], message["handle"]] = None
    return list(places)


def _common(message: Any, name: Names) -> tuple[str, str, str, str]:
    handle, parent = handle_name(message["handle"]), handle_name(message["parent"])
    return name[message["index"]], message.get_attr("TCA_KIND") or "", handle, parent


def _options(message: Any, name: Names) -> dict[str, Plain]:
    options = message.get_attr("TCA_OPTIONS")
    if not isinstance(options, dict):  # kinds without options, and those that pyroute2 does not decode
        return {}
    plain = _members(options, name)
    kind = message.get_attr("TCA_KIND")
    if kind == "u32" and "TCA_U32_SEL" in plain:
        # pyroute2 0.9 reads the keys four bytes too early.
        plain["TCA_U32_SEL"] = _u32_keys(_raw(options)[_U32_SEL])
    if kind == "tbf" and _TBF_RATE64 in (raw := _raw(options)):
        # pyroute2 0.9 does not know it.
        plain["TCA_TBF_RATE64"] = number(raw[_TBF_RATE64])
    return plain


def _raw(options: Any) -> Attributes:
    return attributes(bytes(options.data[options.offset : options.offset + options.length]), 4)


def _u32_keys(selector: bytes) -> Plain:
    keys: list[Plain] = []
    for offset in range(_SELECTOR_SIZE, len(selector), _SELECTOR_SIZE):
        mask, value = _KEY.unpack_from(selector, offset)
        at, at_mask = _KEY_OFFSETS.unpack_from(selector, offset + _KEY.size)
        keys.append({"mask": mask, "value": value, "offset": at, "offset_mask": at_mask})
    return keys


def _members(value: dict[str, Any], name: Names) -> dict[str, Plain]:
    """A structure or nest without counters and without what pyroute2 does not know; links by name."""
    found: dict[str, Plain] = {}
    for key, one in [*value.items(), *value.get("attrs", ())]:
        if key == "ifindex":
            found["link"] = name[one]
        elif key not in _STRUCTURE and not any(word in key for word in _VOLATILE):
            found[key] = _plain(one, name)
    return found


def _plain(value: Any, name: Names) -> Plain:
    if isinstance(value, dict):
        return _members(value, name)
    if isinstance(value, list | tuple):
        return [_plain(one, name) for one in value]
    return value if isinstance(value, bool | int | str) else str(value)
