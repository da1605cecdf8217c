"""Network configurations within Kubernetes' objects: NetworkAttachmentDefinitions and ConfigMaps, in YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import yaml

from cnictl.lint.broken import Trouble, blank_placeholders
from cnictl.lint.frame import Frame, frame

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFINITION, CONFIG_MAP, LIST = "NetworkAttachmentDefinition", "ConfigMap", "List"
EXTENSIONS = (".yaml", ".yml")
MOST = 3 << 19
"""Characters of an object; the store of the API server takes as many bytes, 1.5 MiB."""

_START = re.compile(r"^---(?=\s|$)", re.MULTILINE)
_KINDS = rf"(?:(?:{DEFINITION}|{CONFIG_MAP})(?:{LIST})?|{LIST})"
_KIND = re.compile(rf"""(?<![\w.-])["']?kind["']?[ \t]*:\s*["']?{_KINDS}(?![\w-])""")
_OBJECT = re.compile(r"""["']?apiVersion["']?\s*:""")
_BLANK = str.maketrans("\t", " ")


@dataclass(frozen=True, slots=True)
class Embedded:
    """A configuration in an object: its text, and where that stands; or what keeps it from being one.

    `named` says that the object gives the network its name, `template` that an installer reads it,
    who may have placeholders to replace.
    """

    text: str
    frame: Frame
    named: bool = False
    template: bool = False
    trouble: Trouble | None = None


def is_manifest(text: str) -> bool:
    """Whether a text has objects in it that may hold network configurations."""
    return _OBJECT.search(text) is not None and _KIND.search(text) is not None


def embedded(text: str) -> Iterator[Embedded]:
    """Yield the configurations in a text of one or more YAML documents.

    Documents of other kinds are not looked at, and so may be what they like.
    """
    starts = [0, *(match.start() for match in _START.finditer(text)), len(text)]
    for start, end in pairwise(starts):
        document = text[start:end]
        if not is_manifest(document):
            continue
        if len(document) > MOST:
            trouble = Trouble(
                start, 1, "the object is larger than 1.5 MiB", "the API server takes none of these"
            )
            yield Embedded("", _whole(text), trouble=trouble)
            continue
        try:
            # JSON may be indented by tabs, which YAML may not
            node = yaml.compose(document.translate(_BLANK), Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            yield _broken(text, start, error)
        except RecursionError:
            trouble = Trouble(start, 1, "it is nested too deeply", "nobody wrote this by hand")
            yield Embedded("", _whole(text), trouble=trouble)
        else:
            for one in _objects(node):
                yield from _of_object(text, start, one)


def _objects(node: yaml.Node | None) -> list[yaml.Node]:
    """Return an object, or those of a list, each once however many aliases it has."""
    kind, items = _member(node, "kind"), _member(node, "items")
    if not isinstance(kind, yaml.ScalarNode) or not kind.value.endswith(LIST):
        return [] if node is None else [node]
    listed = items.value if isinstance(items, yaml.SequenceNode) else ()
    return list({id(one): one for one in listed}.values())


def _of_object(text: str, base: int, node: yaml.Node) -> Iterator[Embedded]:
    kind = _member(node, "kind")
    if not isinstance(kind, yaml.ScalarNode):
        return
    if kind.value == DEFINITION:
        config = _member(_member(node, "spec"), "config")
        if isinstance(config, yaml.ScalarNode):
            if config.value.strip():  # without, multus looks for a file of the object's name
                yield Embedded(config.value, frame(text, base, config), named=True)
        elif config is not None:
            yield _no_text(text, base, config, "spec.config")
    elif kind.value == CONFIG_MAP:
        data = _member(node, "data")
        for key, value in data.value if isinstance(data, yaml.MappingNode) else ():
            if isinstance(value, yaml.ScalarNode) and _is_network(str(key.value), value.value):
                yield Embedded(blank_placeholders(value.value), frame(text, base, value), template=True)
            elif not isinstance(value, yaml.ScalarNode) and _is_network(str(key.value), ""):
                yield _no_text(text, base, value, f"data.{key.value}")


def _member(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return a member's value, the last of several."""
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return next((value for key, value in reversed(pairs) if key.value == name), None)


def _is_network(key: str, value: str) -> bool:
    return key.endswith(".conflist") or "cniVersion" in value


def _no_text(text: str, base: int, node: yaml.Node, name: str) -> Embedded:
    trouble = Trouble(
        base + node.start_mark.index,
        1,
        f"{name} is {'an object' if isinstance(node, yaml.MappingNode) else 'a list'}, not a text",
        f"write {name.rpartition('.')[2]}: | and the JSON below it, indented",
    )
    return Embedded("", _whole(text), trouble=trouble)


def _broken(text: str, base: int, error: yaml.YAMLError) -> Embedded:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
    offset = base + (mark.index if mark is not None else getattr(error, "position", 0))
    trouble = Trouble(min(offset, len(text)), 1, f"this is no YAML: {said}", "")
    return Embedded("", _whole(text), trouble=trouble)


def _whole(text: str) -> Frame:
    return Frame(text, range(len(text) + 1))
