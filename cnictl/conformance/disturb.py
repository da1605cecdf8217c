"""What can be disturbed of what an ADD made, found by looking at the difference that it made."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from cnictl import sysctl
from cnictl.netns import entered
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from cnictl.declare.model import Entity
    from cnictl.state.difference import Change, Difference

    Disturb = Callable[[str], None]
    """Does it; the argument is the path of the container's netns."""

IPTABLES = {"iptables": "iptables", "ip6tables": "ip6tables"}


def disturbances(made: Difference, container_id: str) -> list[tuple[str, Disturb]]:
    """Return words and deed of every disturbance, those of the container first.

    What ADD merely changed, and what containers share, is left alone: others may have changed it too.
    """
    found: list[tuple[str, Disturb]] = []
    for change in made.changes:
        inside = change.where == container_id
        if change.sign == "+":
            found += _of_new(change.entity, inside=inside)
        elif change.sign == "~":
            found += _of_changed(change, inside=inside)
    return sorted(found, key=lambda one: " in the container" not in one[0])


def _of_new(entity: Entity, *, inside: bool) -> list[tuple[str, Disturb]]:
    where = "in the container" if inside else "on the node"
    kind, key = entity.kind, entity.key
    if kind == "link" and inside:
        return [(f"{key} set down {where}", _ip(inside, "link", "set", key, "down"))]
    if kind == "address" and inside:
        link, prefix = key.split()
        return [
            (f"address {prefix} of {link} deleted {where}", _ip(inside, "addr", "del", prefix, "dev", link))
        ]
    if kind == "route" and inside and " via " in f" {key} ":
        words = key.removeprefix("inet6 ").split()
        family = "-6" if key.startswith("inet6 ") or ":" in words[0] else "-4"
        return [(f"route {key} deleted {where}", _ip(inside, family, "route", "del", *words))]
    if kind == "policy":
        return []
    if kind == "chain" and not inside:
        return _of_chain(entity)
    if kind == "reservation":
        return [(f"reservation {key} removed", lambda _: os.unlink(key))]
    if kind == "qdisc" and not inside:
        link = key.split()[0]
        return [
            (f"queueing discipline of {link} deleted", _ip_program("tc", "qdisc", "del", "dev", link, "root"))
        ]
    return []


def _of_chain(entity: Entity) -> list[tuple[str, Disturb]]:
    tool, _, rest = entity.key.partition(" ")
    rules = entity.facts.get("rules")
    if tool not in IPTABLES or not isinstance(rules, tuple) or not rules or "policy" in entity.facts:
        return []
    table, name = rest.split(" ", 1)
    return [(f"chain {entity.key} flushed", _ip_program(IPTABLES[tool], "-w", "-t", table, "-F", name))]


def _of_changed(change: Change, *, inside: bool) -> list[tuple[str, Disturb]]:
    key = change.entity.key
    found: list[tuple[str, Disturb]] = []
    for fact in change.facts:
        if change.entity.kind == "sysctl" and inside:
            found.append((f"sysctl {key} put back in the container", _sysctl(key, str(fact.before))))
        if change.entity.kind == "link" and inside and fact.name == "mtu":
            found.append(
                (
                    f"MTU of {key} put back in the container",
                    _ip(inside, "link", "set", key, "mtu", str(fact.before)),
                )
            )
        if change.entity.kind == "link" and inside and fact.name == "up" and fact.after:
            found.append((f"{key} set down in the container", _ip(inside, "link", "set", key, "down")))
    return found


def _ip(inside: bool, *words: str) -> Disturb:
    return _ip_program("ip", *words, inside=inside)


def _ip_program(*words: str, inside: bool = False) -> Disturb:
    from cnictl.conformance.subject import run_program

    def disturb(netns: str) -> None:
        with ExitStack() as stack:
            if inside:
                stack.enter_context(entered(netns))
            run_program(words)

    return disturb


def _sysctl(name: str, value: str) -> Disturb:
    def disturb(netns: str) -> None:
        with entered(netns):
            try:
                sysctl.write(name, value)
            except OSError as error:
                raise CnictlError(f"{name}: {error.strerror}") from None

    return disturb
