"""What is random in a state, called on both sides of a comparison by what it belongs to.

The node's end of a veth pair has a generated name, and most links have a MAC address that the
kernel made up: two runs of the same plugins give different ones.  `bind` finds what each stands
for and puts that in its place wherever it occurs, in keys, rules and results alike: `veth@c1:eth0`
is the node's end of pod c1's eth0, `mac@cni0` the MAC address of the node's cni0.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from cnictl.declare.model import NODE, Entity, State
from cnictl.state.kinds import natural
from cnictl.state.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from cnictl.declare.model import Fact

GENERATED = re.compile(r"veth[0-9a-f]{4,}")
"""Names that plugins generate, ours and the Go ones: the kernel's prefix and random digits."""

_MAC = re.compile(r"(?<![\w:])[0-9a-f]{2}(?::[0-9a-f]{2}){5}(?![\w:])")
_NO_MAC = ("00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff")
_WORD = r"(?<![\w.:@-]){}(?![\w:@-])"


def bind(old: Snapshot, new: Snapshot, given: Collection[str] = ()) -> tuple[Snapshot, Snapshot]:
    """Return both sides by their pods' names and with what is random bound.

    Names and MAC addresses that are `given` stay, and so does a MAC address that both sides have.
    """
    old, new = _without_paths(old), _without_paths(new)
    old_names, new_names = _veth_names(old.state, given), _veth_names(new.state, given)
    _pair_the_rest(old.state, new.state, old_names, new_names, given)
    old, new = _Names(old_names).apply(old), _Names(new_names).apply(new)
    old_macs, new_macs = _macs(old.state), _macs(new.state)
    fixed = {one.lower() for one in given} | set(_NO_MAC)
    fixed |= {mac for link, mac in old_macs.items() if new_macs.get(link) == mac}
    fixed |= (_mentioned(old.state) & _mentioned(new.state)) - set(old_macs.values()) - set(new_macs.values())
    return _MacAddresses(old_macs, fixed).apply(old), _MacAddresses(new_macs, fixed).apply(new)


class _Substitution(ABC):
    """Text that stands for something, replaced in every key and every fact."""

    def apply(self, side: Snapshot) -> Snapshot:
        state = State()
        for where, found in side.state.places.items():
            state.extend(where, (self._entity(where, entity) for entity in found.values()))
        return Snapshot(state, side.pods, side.whole, side.exact, side.absent, side.unseen)

    @abstractmethod
    def text(self, text: str) -> str: ...

    def _entity(self, where: str, entity: Entity) -> Entity:
        facts = {name: self._fact(where, entity, name, fact) for name, fact in entity.facts.items()}
        return Entity(entity.kind, self.text(entity.key), facts)

    def _fact(self, _where: str, _entity: Entity, _name: str, fact: Fact) -> Fact:
        if isinstance(fact, tuple):
            return tuple(self.text(one) for one in fact)
        return self.text(fact) if isinstance(fact, str) else fact


class _Names(_Substitution):
    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        words = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        self._pattern = re.compile(_WORD.format(f"(?:{words})")) if names else None

    def text(self, text: str) -> str:
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda match: self._names[match[0]], text)


class _MacAddresses(_Substitution):
    def __init__(self, macs: Mapping[tuple[str, str], str], fixed: Collection[str]) -> None:
        self._fixed = fixed
        self._owners: dict[str, list[tuple[str, str]]] = {}
        for owner, mac in macs.items():
            self._owners.setdefault(mac, []).append(owner)
        for owners in self._owners.values():
            # A bridge may have the address of any of its ports: the port is the better name for it.
            owners.sort(
                key=lambda owner: (owner[0] == NODE, "@" not in owner[1], natural(owner[1]), owner[0])
            )

    def text(self, text: str) -> str:
        unknown: list[str] = []

        def label(match: re.Match[str]) -> str:
            mac = match[0]
            if mac in self._fixed:
                return mac
            owners = self._owners.get(mac)
            if owners is None:
                if mac not in unknown:
                    unknown.append(mac)
                return f"mac@?{unknown.index(mac) + 1}"
            named = [owner for owner in owners if re.search(_WORD.format(re.escape(owner[1])), text)]
            return _label("mac", *(named or owners)[0])

        return _MAC.sub(label, text)

    def _fact(self, where: str, entity: Entity, name: str, fact: Fact) -> Fact:
        if entity.kind == "link" and name == "mac":
            bound = isinstance(fact, str) and _MAC.fullmatch(fact) and fact not in self._fixed
            return _label("mac", where, entity.key) if bound else fact
        return super()._fact(where, entity, name, fact)


def _label(kind: str, where: str, link: str) -> str:
    return f"{kind}@{link}" if where == NODE else f"{kind}@{where}:{link}"


def _without_paths(side: Snapshot) -> Snapshot:
    """Return a side whose pods' paths, as places and wherever else they occur, are the pods' names."""
    return _Names({path: name for name, path in side.pods.items() if path != name}).apply(side).by_name()


def _veth_names(state: State, given: Collection[str]) -> dict[str, str]:
    """Return labels for the node's ends of veths whose other end has a name of its own."""
    names: dict[str, str] = {}
    for where in sorted(state.places, key=natural):
        for link in state.of_kind(where, "link"):
            peer = link.facts.get("peer")
            if where == NODE and GENERATED.fullmatch(link.key):
                continue  # both ends have generated names: neither tells what the other is
            if isinstance(peer, str) and GENERATED.fullmatch(peer) and peer not in given:
                names.setdefault(peer, _label("veth", where, link.key))
    return names


def _pair_the_rest(
    old: State, new: State, old_names: dict[str, str], new_names: dict[str, str], given: Collection[str]
) -> None:
    """Add labels for generated names whose pods are unknown: the same for two that occur in the same way."""
    number = 0
    sides = [_by_signature(old, old_names, given), _by_signature(new, new_names, given)]
    for signature in [*sides[0], *(one for one in sides[1] if one not in sides[0])]:
        olds, news = (side.get(signature, []) for side in sides)
        for index in range(max(len(olds), len(news))):
            number += 1
            for found, names in ((olds, old_names), (news, new_names)):
                if index < len(found):
                    names[found[index]] = f"veth@?{number}"


def _by_signature(
    state: State, names: Mapping[str, str], given: Collection[str]
) -> dict[tuple[str, ...], list[str]]:
    """Return the node's other links with generated names, by all that is said of them."""
    said: dict[str, list[str]] = {
        link.key: []
        for link in state.of_kind(NODE, "link")
        if GENERATED.fullmatch(link.key) and link.key not in names and link.key not in given
    }
    for text in _texts(state):
        for name in set(GENERATED.findall(text)) & said.keys():
            masked = GENERATED.sub("?", re.sub(_WORD.format(name), "@", text))
            said[name].append(_MAC.sub("?", masked))
    found: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(said):
        found.setdefault(tuple(sorted(said[name])), []).append(name)
    return dict(sorted(found.items()))


def _texts(state: State) -> Iterator[str]:
    for where, found in state.places.items():
        for entity in found.values():
            head = f"{where} {entity.kind} {entity.key}"
            lists = {name: fact for name, fact in entity.facts.items() if isinstance(fact, tuple)}
            plain = {name: fact for name, fact in entity.facts.items() if name not in lists}
            yield f"{head} {plain}"
            yield from (f"{head} {text}" for fact in lists.values() for text in fact)


def _mentioned(state: State) -> set[str]:
    return {mac for text in _texts(state) for mac in _MAC.findall(text)}


def _macs(state: State) -> dict[tuple[str, str], str]:
    """Return the MAC address of every link, by place and name."""
    return {
        (where, link.key): mac
        for where in state.places
        for link in state.of_kind(where, "link")
        if isinstance(mac := link.facts.get("mac"), str) and _MAC.fullmatch(mac)
    }
