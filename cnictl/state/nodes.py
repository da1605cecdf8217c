"""YAML that people write, read as nodes, so that whatever is wrong is told with its line and column."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.spec.document import Json
    from cnictl.spec.errors import CnictlError

_TAG = "tag:yaml.org,2002:"
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
DEEPEST = 100
"""Levels of what somebody has written by hand."""
MOST = 1_000_000
"""Nodes of a document, its aliases counted as often as they occur."""
_TYPES = {bool: "true or false", int: "a whole number", str: "text"}


class NodeReader:
    """Reads the nodes of one source; everything raises `problem`, led by source, line and column from 1."""

    def __init__(self, source: str, problem: type[CnictlError]) -> None:
        self.source = source
        self._problem = problem

    def documents(self, text: str) -> list[yaml.Node | None]:
        """Return the root of every document in a text; None for an empty one.

        They are finite, and not much larger than the text, whatever aliases there are.
        """
        try:
            roots: list[yaml.Node | None] = list(yaml.compose_all(text, Loader=_Loader))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            where = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            raise self._problem(f"{self.source}{where}: {error.problem or error.context}") from None
        except yaml.YAMLError as error:
            raise self._problem(f"{self.source}: {error}") from None
        for root in roots:
            if root is not None:
                self._measure(root, [], {})
        return roots

    def members(self, node: yaml.Node, words: str) -> Iterator[tuple[yaml.Node, str, yaml.Node]]:
        """Yield the members of a mapping: the key's node, its text, the value's node."""
        if is_scalar(node, "null"):
            return
        if not isinstance(node, yaml.MappingNode):
            self.fail(node, f"{words}: expected a mapping, found {describe(node)}")
        seen = set()
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.fail(key, f"{words}: expected a name, found {describe(key)}")
            if key.value in seen:
                self.fail(key, f"{words}: {key.value!r} is there twice")
            seen.add(key.value)
            yield key, key.value, value

    def known(self, node: yaml.Node, words: str, names: Iterable[str]) -> dict[str, yaml.Node]:
        """Return the values of a mapping that may have the keys named and no others."""
        known = list(names)
        found: dict[str, yaml.Node] = {}
        for key, name, value in self.members(node, words):
            if name not in known:
                close = get_close_matches(name, known, n=1)
                listed = f"did you mean {close[0]!r}?" if close else f"known are {', '.join(known)}"
                self.fail(key, f"unknown key {name!r} of {words}; {listed}")
            found[name] = value
        return found

    def items(self, node: yaml.Node, words: str) -> list[yaml.Node]:
        """Return the items of a list."""
        if not isinstance(node, yaml.SequenceNode):
            self.fail(node, f"{words}: expected a list, found {describe(node)}")
        return list(node.value)

    def text(self, node: yaml.Node, words: str) -> str:
        """Return a scalar as it is written, whatever YAML would take it for; nothing is no text."""
        if not isinstance(node, yaml.ScalarNode) or is_scalar(node, "null"):
            self._mismatch(node, str, words)
        return str(node.value)

    def number(self, node: yaml.Node, words: str) -> int:
        """Return a whole number, written in decimal digits."""
        if not (isinstance(node, yaml.ScalarNode) and is_decimal(node)):
            self._mismatch(node, int, words)
        return self._whole(node, words)

    def flag(self, node: yaml.Node, words: str) -> bool:
        """Return true or false."""
        if not (isinstance(node, yaml.ScalarNode) and is_scalar(node, "bool")):
            self._mismatch(node, bool, words)
        return node.value.lower() in ("true", "yes", "on")

    def json(self, node: yaml.Node, words: str) -> Json:
        """Return what a node is in JSON.

        Only decimal digits make a number: YAML 1.1 would read 52:54:00:12:34:56 as one to base 60.
        """
        if isinstance(node, yaml.MappingNode):
            return {name: self.json(value, words) for _, name, value in self.members(node, words)}
        if isinstance(node, yaml.SequenceNode):
            return [self.json(one, words) for one in node.value]
        text: str = node.value
        if is_scalar(node, "null"):
            return None
        if is_scalar(node, "bool"):
            return self.flag(node, words)
        if is_decimal(node):
            return self._whole(node, words)
        if is_scalar(node, "float") and ":" not in text:
            try:
                return float(text)
            except ValueError:  # .inf and .nan, which JSON has not
                self.fail(node, f"{words}: {text} is no number that JSON knows")
        return text

    def fail(self, node: yaml.Node, message: str) -> NoReturn:
        """Raise the problem with a node."""
        mark = node.start_mark
        raise self._problem(f"{self.source}:{mark.line + 1}:{mark.column + 1}: {message}")

    def _whole(self, node: yaml.Node, words: str) -> int:
        try:
            return int(node.value)
        except ValueError:  # Python reads no more than some thousand digits
            self.fail(node, f"{words}: a number of {len(node.value)} digits")

    def _measure(
        self, node: yaml.Node, above: list[yaml.Node], known: dict[int, tuple[int, int]]
    ) -> tuple[int, int]:
        """Return how many nodes a node stands for and how deep they go, once for all its aliases."""
        if id(node) in known:
            return known[id(node)]
        if node in above:
            self.fail(node, "it contains itself")
        children: list[yaml.Node] = []
        if isinstance(node, yaml.MappingNode):
            children = [one for pair in node.value for one in pair]
        elif isinstance(node, yaml.SequenceNode):
            children = node.value
        if len(above) > DEEPEST:
            self.fail(node, f"nested deeper than {DEEPEST} levels")
        size, depth = 1, 0
        for one in children:
            below = self._measure(one, [*above, node], known)
            size, depth = size + below[0], max(depth, 1 + below[1])
        if size > MOST:
            self.fail(node, f"aliases make more than {MOST} nodes of it")
        if depth > DEEPEST:
            self.fail(node, f"nested deeper than {DEEPEST} levels")
        known[id(node)] = size, depth
        return size, depth

    def _mismatch(self, node: yaml.Node, wanted: type, words: str) -> NoReturn:
        self.fail(node, f"{words}: expected {_TYPES[wanted]}, found {describe(node)}")


def is_scalar(node: yaml.Node, kind: str) -> bool:
    """Whether YAML takes a node for a scalar of that kind: null, bool, int, float."""
    return isinstance(node, yaml.ScalarNode) and bool(node.tag == _TAG + kind)


def is_decimal(node: yaml.Node) -> bool:
    """Whether a node is a whole number in decimal digits."""
    return is_scalar(node, "int") and node.value.removeprefix("-").isdecimal()


def describe(node: yaml.Node) -> str:
    """Return what there is instead of what was expected."""
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    return "nothing" if is_scalar(node, "null") else repr(node.value)
