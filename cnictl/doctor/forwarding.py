"""What the filter of a node does with a new connection of a pod to the outside."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.netfilter.rule import split
from cnictl.netfilter.spelling import STRINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from cnictl.doctor.bundle import ChainFact

DEEPEST = 32
_GOES_ON = {"", "LOG", "NFLOG", "MARK", "CONNMARK", "TRACE", "TCPMSS", "CT", "CLASSIFY", "DSCP", "SET"}
"""Targets after which the next rule is looked at."""
_ENDS = {"ACCEPT": "ACCEPT", "DROP": "DROP", "REJECT": "DROP", "RETURN": "RETURN"}


@dataclass(frozen=True, slots=True)
class Packet:
    """The first packet of a TCP connection of a pod to an address that no rule names.

    `inside` and `outside` are the interfaces that it comes from and goes to, "" where that is not known.
    """

    source: str
    inside: str
    outside: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What may become of a packet: ACCEPT or DROP, and the rules that decide; the policy is the last one."""

    verdicts: frozenset[str]
    deciding: tuple[str, ...]
    doubtful: tuple[str, ...]


def outcome(chains: Mapping[str, ChainFact], packet: Packet, start: str = "FORWARD") -> Outcome:
    """Return what a table of iptables, its chains by name, may do with a packet."""
    walk = _Walk(chains, packet)
    verdicts = walk.through(start, 0)
    if "RETURN" in verdicts:
        policy = chains[start].policy or "ACCEPT"
        verdicts = verdicts - {"RETURN"} | {policy}
        walk.deciding.append(f"-P {start} {policy}")
    return Outcome(frozenset(verdicts), tuple(walk.deciding), tuple(walk.doubtful))


class _Walk:
    def __init__(self, chains: Mapping[str, ChainFact], packet: Packet) -> None:
        self._chains = chains
        self._packet = packet
        self.deciding: list[str] = []
        self.doubtful: list[str] = []

    def through(self, name: str, depth: int) -> set[str]:
        """Return how a chain may end: by a verdict, or by going back to where it was called."""
        found: set[str] = set()
        for rule in self._chains[name].rules:
            words = split(rule)
            applies = _applies(words, self._packet)
            if applies is False:
                continue
            ends = self._target(words, depth)
            if ends == {"NEXT"}:
                continue
            if applies is None:
                self.doubtful.append(f"-A {name} {rule}")
            elif ends <= {"DROP", "ACCEPT"} and not self._chains.keys() & words:
                self.deciding.append(f"-A {name} {rule}")
            if applies and "NEXT" not in ends:
                return found | ends
            found |= ends - {"NEXT"}
        return found | {"RETURN"}

    def _target(self, words: Sequence[str], depth: int) -> set[str]:
        target = next((words[i + 1] for i, word in enumerate(words[:-1]) if word in ("-j", "-g")), "")
        if target in _ENDS:
            return {_ENDS[target]}
        if target in self._chains and depth < DEEPEST:
            ends = self.through(target, depth + 1)
            # What comes back from a jump goes on behind it.
            return {"NEXT" if one == "RETURN" and "-j" in words else one for one in ends}
        return {"NEXT"} if target in _GOES_ON else {"ACCEPT", "DROP"}


def _applies(words: Sequence[str], packet: Packet) -> bool | None:
    """Whether a rule is about a packet; None where that cannot be told."""
    says = []
    for option, value, negated in _options(words):
        try:
            matches = _match(option, value, packet)
        except ValueError:  # of a mask with holes, which only iptables knows
            matches = None
        says.append(None if matches is None else matches is not negated)
    return False if False in says else None if None in says else True


def _options(words: Sequence[str]) -> Iterator[tuple[str, str, bool]]:
    negated = False
    i = 0
    while i < len(words) and words[i] not in ("-j", "-g"):
        word = words[i]
        i += 1
        if word == "!":
            negated = True
            continue
        value = ""
        if word in STRINGS and i < len(words):
            value, i = words[i], i + 1
        while i < len(words) and not words[i].startswith("-") and words[i] != "!":
            value = f"{value} {words[i]}".strip()
            i += 1
        if word != "-m":
            yield word, value, negated
        negated = False


def _match(option: str, value: str, packet: Packet) -> bool | None:
    match option:
        case "-s":
            return ipaddress.ip_address(packet.source) in ipaddress.ip_network(value, strict=False)
        case "-d":
            return not ipaddress.ip_network(value, strict=False).prefixlen
        case "-i":
            return _is_link(value, packet.inside)
        case "-o":
            return _is_link(value, packet.outside)
        case "-p":
            return value in ("tcp", "6", "all", "0")
        case "--ctstate" | "--state":
            return "NEW" in value.split(",")
        case "--mark":
            return not int(value.partition("/")[0], 0)
        case "--comment":
            return True
        case _:
            return None


def _is_link(pattern: str, name: str) -> bool | None:
    if pattern == "+":
        return True
    if not name:
        return None
    return name.startswith(pattern[:-1]) if pattern.endswith("+") else name == pattern
