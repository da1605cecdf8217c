"""A plugin's configuration beside the descriptions of its keys: who reads it, and what they know."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from cnictl.spec.catalog import REFERENCE
from cnictl.spec.document import Document
from cnictl_plugins import multicall

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import PluginObject
    from cnictl.plugin.skel import Plugin
    from cnictl.spec.document import Json
    from cnictl.spec.keys import Config, Key


@dataclass(frozen=True)
class Level:
    """An object within a plugin's configuration, and the classes that describe what may be in it.

    `where` begins at the plugin's object.
    """

    where: Pointer
    members: dict[str, Json]
    classes: tuple[type[Config], ...]

    @property
    def keys(self) -> dict[str, Key[Any]]:
        """Every key that is known here, by its name."""
        return _keys(self.classes)

    @cached_property
    def below(self) -> list[tuple[Key[Any], str, list[Level]]]:
        """Each known key that is there, as it is spelled, and the described objects in its value.

        A key that two classes know comes once for each class, its objects with both descriptions.
        """
        found = []
        spelled = {name.casefold(): name for name in self.members}
        for folded, name in spelled.items():
            value = self.members[name]
            if value is None:
                continue
            for key, classes in _described(self.classes).get(folded, ()):
                found.append((key, name, list(_levels(value, (*self.where, name), classes, key.depth))))
        return found


def readers(plugin: PluginObject) -> list[Plugin]:
    """Return our plugins that read an object: the plugin itself, and the IPAM plugin it delegates to.

    What a plugin of somebody else does with its keys, or with `ipam`, is not ours to judge, and an
    IPAM plugin in the place of another is wrong as a whole (CNI402).
    """
    return _readers(plugin.type, plugin.ipam_type)


def top(plugin: PluginObject, plugins: Sequence[Plugin]) -> Level:
    """Return a plugin's whole object as the plugins that read it describe it."""
    classes = tuple(one.config for one in plugins)
    if classes not in plugin.described:
        plugin.described[classes] = Level((), plugin.document.members, classes)
    return plugin.described[classes]


def walk(level: Level) -> Iterator[Level]:
    """Yield a level and every one below it, each once."""
    yield level
    seen = set()
    for _, name, levels in level.below:
        if name not in seen:
            seen.add(name)
            for one in levels:
                yield from walk(one)


def document_of(level: Level, path: str) -> Document:
    """Return a level as a plugin reads it, at a path such as `ipam.ranges[0]`."""
    return Document(level.members, path)


def _levels(value: Json, where: Pointer, classes: tuple[type[Config], ...], depth: int) -> Iterator[Level]:
    if not classes:
        return
    if depth == 0:
        if isinstance(value, dict):
            yield Level(where, value, classes)
    elif isinstance(value, list):
        for i, one in enumerate(value):
            yield from _levels(one, (*where, i), classes, depth - 1)


@cache
def _readers(name: str, ipam_name: str) -> list[Plugin]:
    reference = REFERENCE.get(name)
    if reference is None or reference.role == "ipam":
        return []
    names = [name]
    ipam = REFERENCE.get(ipam_name)
    if reference.role == "main" and ipam is not None and ipam.role == "ipam":
        names.append(ipam_name)
    return [found for name in names if (found := multicall.load(name)) is not None]


@cache
def _keys(classes: tuple[type[Config], ...]) -> dict[str, Key[Any]]:
    return {key.name: key for one in classes for key in one.keys}


@cache
def _described(
    classes: tuple[type[Config], ...],
) -> dict[str, list[tuple[Key[Any], tuple[type[Config], ...]]]]:
    """Return the keys that are known by a folded name, each with the classes of the objects in its value."""
    found: dict[str, list[tuple[Key[Any], tuple[type[Config], ...]]]] = {}
    for key in (key for one in classes for key in one.keys):
        same = [other for one in classes for other in one.keys if other.name == key.name]
        inner = tuple(dict.fromkeys(other.nested for other in same if other.nested is not None))
        found.setdefault(key.name.casefold(), []).append((key, inner))
    return found
