"""A snapshot as YAML: places, in them kinds, in them entities by key, the facts of one on one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from cnictl.declare.model import NODE
from cnictl.state.kinds import AS, DEFAULT, KINDS, PER_LINK, natural
from cnictl.state.snapshot import VERSION, told_elsewhere

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.declare.model import Entity, Fact
    from cnictl.state.snapshot import Snapshot

LINE = 180
"""Columns up to which facts stand on one line."""

_TAG = "tag:yaml.org,2002:"
_NO_LIMIT = 1 << 30
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

Pairs = list[tuple[yaml.Node, yaml.Node]]


def dump(snapshot: Snapshot) -> str:
    """Return the file that `cnictl.state.load` reads the same snapshot from; no terminal obeys it.

    Text that is not Unicode, as iptables allows in comments, loses the bytes that are not.
    """
    top: Pairs = [(_text("version"), _scalar(VERSION)), (_text("complete"), _scalar(snapshot.complete))]
    if snapshot.unseen:
        unseen = [
            _flow([("place", snapshot.name_of(one.where)), ("what", one.what), ("reason", one.reason)])
            for one in snapshot.unseen
        ]
        top.append((_text("unseen"), yaml.SequenceNode(_TAG + "seq", unseen, flow_style=False)))
    places = _places(snapshot)
    if NODE in places:
        top.append((_text("node"), _mapping(_sections(snapshot, NODE))))
    pods: Pairs = []
    for where in sorted(places - {NODE}, key=lambda one: natural(snapshot.name_of(one))):
        name = snapshot.name_of(where)
        head: Pairs = [] if name == where else [(_text("netns"), _text(where))]
        pods.append((_text(name), _mapping(head + _sections(snapshot, where))))
    if pods:
        top.append((_text("pods"), _mapping(pods)))
    written: str = yaml.serialize(_mapping(top), Dumper=_Dumper, allow_unicode=True, width=_NO_LIMIT)
    if _is_plain(written):
        return written
    # what does not print stands in double quotes, where YAML knows these escapes
    return "".join(one if _is_plain(one) else f"\\U{ord(one):08x}" for one in written)


def _places(snapshot: Snapshot) -> set[str]:
    named = {where for where, *_ in (*snapshot.exact, *snapshot.absent)}
    return {*snapshot.state.places, *snapshot.pods.values(), *named}


def _sections(snapshot: Snapshot, where: str) -> Pairs:
    by_kind: dict[str, Pairs] = {}
    told = told_elsewhere(snapshot.state, where)
    found = snapshot.state.places.get(where, {}).values()
    rules: dict[str, list[str]] = {}
    sysctls: dict[str, dict[str, str]] = {}
    for entity in sorted(found, key=lambda one: natural(one.key)):
        of_link = PER_LINK.fullmatch(entity.key) if entity.kind == "sysctl" else None
        value = entity.facts.get("value")
        if (entity.kind, entity.key) in told:
            continue
        if entity.kind == "rule":
            chain, _, text = entity.key.partition(": ")
            rules.setdefault(chain, []).append(text)
        elif of_link and isinstance(value, str):
            sysctls.setdefault(of_link[1], {})[of_link[2]] = value
        else:
            by_kind.setdefault(entity.kind, []).append((_text(entity.key), _facts(entity)))
    if rules:
        by_kind["rule"] = [(_text(chain), _scalar(tuple(texts))) for chain, texts in rules.items()]
    if sysctls:
        by_kind.setdefault("sysctl", []).extend(_sysctls(sysctls))
    for place, kind, key in snapshot.absent:
        if place == where:
            by_kind.setdefault(kind, []).append((_text(key), _flow([("absent", True)])))
    for place, kind in snapshot.exact:
        if place == where:
            by_kind.setdefault(kind, []).insert(0, (_text("exact"), _scalar(True)))
    return [(_text(kind), _mapping(by_kind[kind])) for kind in KINDS if kind in by_kind]


def _sysctls(by_link: dict[str, dict[str, str]]) -> Pairs:
    """Return the sysctls of each link, those that are as `default` in a word: most are, of most links."""
    pairs: Pairs = []
    for link, values in by_link.items():
        default = f"{link.rpartition('/')[0]}/{DEFAULT}"
        usual = by_link.get(default, {})
        words = [(name, _number(value)) for name, value in values.items()]
        if link != default and usual and usual.keys() <= values.keys():
            words = [(name, _number(value)) for name, value in values.items() if usual.get(name) != value]
            words.insert(0, (AS, _text(DEFAULT)))
        named: Pairs = [(_text(name), value) for name, value in words]
        pairs.append((_text(link), yaml.MappingNode(_TAG + "map", named, flow_style=True)))
    return pairs


def _number(value: str) -> yaml.ScalarNode:
    """Return a sysctl's value, which needs no quotes when it is a number."""
    if value.isascii() and value.isdecimal() and str(int(value)) == value:
        return yaml.ScalarNode(_TAG + "int", value)
    return _text(value)


def _facts(entity: Entity) -> yaml.Node:
    kind = KINDS[entity.kind]
    if list(entity.facts) == [kind.main]:
        main = entity.facts[kind.main]
        return _number(main) if entity.kind == "sysctl" and isinstance(main, str) else _scalar(main)
    known = list(kind.facts)
    return _flow(sorted(entity.facts.items(), key=lambda fact: known.index(fact[0])))


def _flow(facts: Iterable[tuple[str, Fact]]) -> yaml.Node:
    pairs: Pairs = [(_text(name), _scalar(fact)) for name, fact in facts]
    length = sum(len(name.value) + _length(fact) + 4 for name, fact in pairs)
    return yaml.MappingNode(_TAG + "map", pairs, flow_style=length <= LINE)


def _length(node: yaml.Node) -> int:
    return len(node.value) if isinstance(node, yaml.ScalarNode) else _NO_LIMIT


def _scalar(fact: Fact) -> yaml.Node:
    if isinstance(fact, tuple):
        return yaml.SequenceNode(_TAG + "seq", [_text(one) for one in fact], flow_style=not fact)
    if isinstance(fact, bool):
        return yaml.ScalarNode(_TAG + "bool", "true" if fact else "false")
    if isinstance(fact, int):
        return yaml.ScalarNode(_TAG + "int", str(fact))
    return _text(fact)


def _text(text: str) -> yaml.ScalarNode:
    readable = text.encode(errors="surrogateescape").decode(errors="replace")
    return yaml.ScalarNode(_TAG + "str", readable, style=None if _is_plain(readable) else '"')


def _is_plain(text: str) -> bool:
    return text.replace("\n", "").isprintable()


def _mapping(pairs: Pairs) -> yaml.MappingNode:
    return yaml.MappingNode(_TAG + "map", pairs, flow_style=not pairs)
