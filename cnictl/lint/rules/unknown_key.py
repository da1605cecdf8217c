"""CNI303: a key that the plugin does not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.described import Level, readers, top, walk
from cnictl.lint.locate import dotted
from cnictl.lint.model import WARNING, Remark, rule
from cnictl.lint.notes import is_note
from cnictl.lint.similar import similar
from cnictl.spec.catalog import LIST_KEYS, PLUGIN_KEYS
from cnictl.spec.keys import Foreign
from cnictl_plugins import multicall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration, PluginObject
    from cnictl.plugin.skel import Plugin

OPEN = ("args", "runtimeconfig")
"""Keys whose objects are the runtime's, which may put into them what it likes."""


@rule("CNI303", "unknown-key", WARNING)
def unknown_key(conf: Configuration) -> Iterator[Remark]:
    """A plugin reads every key that its configuration has.

    ## Why it matters
    A plugin ignores what it does not know without a word: a misspelt key does nothing.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "isMasq": true}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipMasq": true}]}
    """
    for plugin in conf.all_plugins:
        programs = readers(plugin)
        if not any(program.name == plugin.type for program in programs):
            continue
        whole = top(plugin, programs)
        for level in walk(whole):
            if _is_open(level, programs):
                continue
            for name in _unknown(level, conf):
                yield Remark(
                    (*plugin.where, *level.where, name),
                    f"{_reader(plugin, level)} does not read {name!r}",
                    _hint(name, level, whole)
                    or f"`cnictl schema {_reader(plugin, level)}` shows what it reads",
                    at_key=True,
                )


def _is_open(level: Level, programs: list[Plugin]) -> bool:
    """Whether a level may hold what our plugins cannot know."""
    if Foreign in level.classes:
        return True
    first = str(level.where[0]).casefold() if level.where else ""
    return first in OPEN or (first == "ipam" and len(programs) < 2)


def _unknown(level: Level, conf: Configuration) -> Iterator[str]:
    known = {name.casefold() for name in level.keys}
    if not level.where:
        known |= {name.casefold() for name in PLUGIN_KEYS}
        if conf.form == "single":
            known |= {name.casefold() for name in LIST_KEYS}
    return (name for name in level.members if name.casefold() not in known and not is_note(name))


def _reader(plugin: PluginObject, level: Level) -> str:
    return plugin.ipam_type if level.where and level.where[0] == "ipam" and plugin.ipam_type else plugin.type


def _hint(name: str, level: Level, whole: Level) -> str:
    present = {one.casefold() for one in level.members}
    absent = [key for key in level.keys if key.casefold() not in present]
    for one in walk(whole):
        if one.where != level.where and name.casefold() in {key.casefold() for key in one.keys}:
            place = dotted(one.where)
            return f"it belongs into {place}" if place else "it belongs beside type, not into an object below"
    others = [plugin for plugin in multicall.PROGRAMS if name.casefold() in _top_keys(plugin)]
    if others:
        return f"it is a key of {' and '.join(others)}"
    meant = similar(name, absent)
    if meant is not None:
        return f"did you mean {meant}?"
    return ""


def _top_keys(name: str) -> set[str]:
    plugin = multicall.load(name)
    assert plugin is not None
    return {key.name.casefold() for key in plugin.config.keys}
