"""A snapshot from YAML, with the line and column of whatever is wrong in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import yaml

from cnictl.declare.model import NODE, Entity, State
from cnictl.spec.errors import CnictlError
from cnictl.state.kinds import AS, DEFAULT, KINDS, PER_LINK, rule_text, views
from cnictl.state.nodes import NodeReader, describe, is_decimal, is_scalar
from cnictl.state.snapshot import ANY, VERSION, Snapshot, Unseen

if TYPE_CHECKING:
    from cnictl.declare.model import Fact
    from cnictl.state.kinds import Kind

_TYPES = {bool: "true or false", int: "a whole number", str: "text", tuple: "a list of texts"}


class SnapshotError(CnictlError):
    """A file that is no snapshot; the message is led by file, line and column, from 1."""


def load(text: str, source: str = "snapshot") -> Snapshot:
    """Read a snapshot; `source` is what messages call it.

    A key may be spelled in any way that means the same.  A section may be a mapping of keys to
    facts or a list of keys, facts may be left out, and a kind with one telling fact takes it in
    place of the facts.  The section `rule` maps chains to lists of rules; the section `sysctl` may
    map a link (`net/ipv4/conf/eth0`) to its sysctls, the others being `as: default`.  Raises
    SnapshotError.
    """
    reader = _Reader(source)
    root, *more = reader.documents(text) or [None]
    if more:
        raise SnapshotError(f"{source}: a snapshot is one document, and here are {1 + len(more)}")
    return reader.snapshot(root)


def load_expected(node: yaml.Node, source: str) -> Snapshot:
    """Read `node` and `pods` of a snapshot that is a part of another file; it is never whole."""
    return _Reader(source).expected(node)


class _Reader(NodeReader):
    def __init__(self, source: str) -> None:
        super().__init__(source, SnapshotError)
        self._state = State()
        self._pods: dict[str, str] = {}
        self._exact: set[tuple[str, str]] = set()
        self._absent: list[tuple[str, str, str]] = []

    def snapshot(self, root: yaml.Node | None) -> Snapshot:
        if root is None:
            raise SnapshotError(f"{self.source}:1:1: the file is empty; it begins with 'version: {VERSION}'")
        complete = False
        unseen: list[tuple[yaml.Node, str, str, str]] = []
        version: Fact | None = None
        for key, name, value in self.members(root, "the file"):
            if name == "version":
                version = self._fact(value, int, "version")
                if version != VERSION:
                    self.fail(value, f"version is {version}; this program knows {VERSION}")
            elif name == "complete":
                complete = bool(self._fact(value, bool, "complete"))
            elif name == "unseen":
                unseen = [self._unseen(one) for one in self.items(value, "unseen")]
            elif name == "node":
                self._place(value, NODE, "node")
            elif name == "pods":
                self._read_pods(value)
            else:
                self.fail(key, f"unknown key {name!r}; known are version, complete, unseen, node and pods")
        if version is None:
            self.fail(root, f"there is no version; write 'version: {VERSION}'")
        return Snapshot(
            self._state,
            self._pods,
            complete or bool(unseen),  # a snapshot that was taken, and not what somebody expects
            frozenset(self._exact),
            tuple(self._absent),
            tuple(Unseen(self._where(node, place), what, reason) for node, place, what, reason in unseen),
        )

    def expected(self, root: yaml.Node) -> Snapshot:
        sections = self.known(root, "the state", ("node", "pods"))
        if "node" in sections:
            self._place(sections["node"], NODE, "node")
        if "pods" in sections:
            self._read_pods(sections["pods"])
        return Snapshot(self._state, self._pods, False, frozenset(self._exact), tuple(self._absent))

    def _read_pods(self, value: yaml.Node) -> None:
        for key, name, pod in self.members(value, "pods"):
            if not name or name == "node":
                self.fail(key, f"{name!r} cannot be the name of a pod")
            netns = name
            sections = []
            for inner, kind, section in self.members(pod, f"pod {name!r}"):
                if kind == "netns":
                    netns = str(self._fact(section, str, "netns"))
                else:
                    sections.append((inner, kind, section))
            if "\0" in netns:
                self.fail(key, f"pod {name!r}: no path has a NUL character in it")
            if netns == NODE or netns in self._pods.values():
                self.fail(key, f"pod {name!r} has the same place as another")
            self._pods[name] = netns
            self._read_sections(sections, netns, f"pod {name!r}")

    def _place(self, value: yaml.Node, where: str, words: str) -> None:
        self._read_sections(list(self.members(value, words)), where, words)

    def _read_sections(
        self, sections: list[tuple[yaml.Node, str, yaml.Node]], where: str, words: str
    ) -> None:
        self._state.extend(where, ())
        for key, kind, section in sections:
            if kind not in KINDS:
                self.fail(key, f"unknown section {kind!r} of {words}; known are {', '.join(KINDS)}")
            self._section(section, where, kind)

    def _section(self, section: yaml.Node, where: str, kind: str) -> None:
        if isinstance(section, yaml.SequenceNode):
            for item in section.value:
                self._entity(item, where, kind, str(self._fact(item, str, kind)), None)
            return
        usual: list[str] = []
        for key, name, value in self.members(section, kind):
            if name == "exact" and is_scalar(value, "bool"):
                if self._fact(value, bool, "exact"):
                    self._exact.add((where, kind))
            elif kind == "rule" and isinstance(value, yaml.SequenceNode):
                for item in value.value:
                    self._entity(item, where, kind, f"{name}: {self._fact(item, str, name)}", None)
            elif kind == "sysctl" and PER_LINK.fullmatch(f"{_sysctl_name(name)}/any"):
                usual += self._sysctls_of_link(value, where, _sysctl_name(name))
            else:
                self._entity(key, where, kind, name, value)
        for link in usual:
            self._as_default(where, link)

    def _sysctls_of_link(self, value: yaml.Node, where: str, link: str) -> list[str]:
        """Read the sysctls of one link; return the link if the others are to be as those of `default`."""
        usual = []
        for key, name, one in self.members(value, link):
            if name == AS:
                if self._fact(one, str, AS) != DEFAULT:
                    self.fail(one, f"the sysctls of a link can only be as {DEFAULT}")
                usual.append(link)
            else:
                self._entity(key, where, "sysctl", f"{link}/{name}", one)
        return usual

    def _as_default(self, where: str, link: str) -> None:
        default = f"{link.rpartition('/')[0]}/{DEFAULT}/"
        for entity in list(self._state.of_kind(where, "sysctl")):
            name = entity.key.removeprefix(default)
            if name != entity.key and not self._state.find(where, "sysctl", f"{link}/{name}"):
                self._state.add(where, Entity("sysctl", f"{link}/{name}", entity.facts))

    def _entity(self, key: yaml.Node, where: str, kind: str, name: str, value: yaml.Node | None) -> None:
        known = KINDS[kind]
        try:
            spelled = known.canonical(name)
        except ValueError as error:
            self.fail(key, f"{kind} {name!r}: {error}")
        if self._state.find(where, kind, spelled) or (where, kind, spelled) in self._absent:
            self.fail(key, f"{kind} {spelled!r} is there twice")
        facts = {} if value is None or is_scalar(value, "null") else self._facts(value, kind, known, spelled)
        if facts is None:
            self._absent.append((where, kind, spelled))
            return
        rules = facts.get("rules")
        if isinstance(rules, tuple) and value is not None:
            try:
                facts["rules"] = tuple(rule_text(spelled, text) for text in rules)
            except ValueError as error:
                self.fail(value, f"{kind} {spelled!r}: {error}")
        entity = Entity(kind, spelled, facts)
        self._state.add(where, entity)
        self._state.extend(where, views(entity))

    def _facts(self, value: yaml.Node, kind: str, known: Kind, key: str) -> dict[str, Fact] | None:
        """Return the facts of an entity, None for one that must not be there."""
        if not isinstance(value, yaml.MappingNode):
            if not known.main:
                self.fail(value, f"{kind} {key!r}: expected facts, found {describe(value)}")
            return {known.main: self._fact(value, known.facts[known.main], f"{kind} {key!r}")}
        facts: dict[str, Fact] = {}
        absent = False
        for name_node, name, fact in self.members(value, f"{kind} {key!r}"):
            words = f"{name} of {kind} {key!r}"
            if name == "absent":
                absent = bool(self._fact(fact, bool, words))
            elif name not in known.facts:
                listed = f"; known are {', '.join(known.facts)}" if known.facts else ""
                self.fail(name_node, f"unknown fact {name!r} of {kind} {key!r}{listed}")
            else:
                facts[name] = self._fact(fact, known.facts[name], words)
        if absent and facts:
            self.fail(value, f"{kind} {key!r} is to be absent and has facts")
        return None if absent else facts

    def _fact(self, node: yaml.Node, wanted: type, words: str) -> Fact:
        """Return a fact of the type that is known of it, whatever YAML would take the text for."""
        if isinstance(node, yaml.ScalarNode):
            text: str = node.value
            if text == ANY:
                return ANY
            if wanted is str and not is_scalar(node, "null"):
                return text
            if wanted is bool and is_scalar(node, "bool"):
                return text.lower() in ("true", "yes", "on")
            if wanted is int and is_decimal(node):
                return self._whole(node, words)
        elif wanted is tuple and isinstance(node, yaml.SequenceNode):
            return tuple(str(self._fact(item, str, words)) for item in node.value)
        self.fail(node, f"{words}: expected {_TYPES[wanted]}, found {describe(node)}")

    def _unseen(self, node: yaml.Node) -> tuple[yaml.Node, str, str, str]:
        found = {name: str(self._fact(value, str, name)) for _, name, value in self.members(node, "unseen")}
        if found.keys() != {"place", "what", "reason"}:
            self.fail(node, "what is unseen has place, what and reason")
        return node, found["place"], found["what"], found["reason"]

    def _where(self, node: yaml.Node, place: str) -> str:
        if place == "node":
            return NODE
        if place not in self._pods:
            self.fail(node, f"there is no pod {place!r}")
        return self._pods[place]


def _sysctl_name(name: str) -> str:
    try:
        return KINDS["sysctl"].canonical(name)
    except ValueError:
        return name
