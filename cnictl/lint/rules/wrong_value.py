"""CNI301: a value that its plugin cannot read."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cnictl.lint.described import Level, document_of, readers, top
from cnictl.lint.locate import dotted
from cnictl.lint.mention import mentioned
from cnictl.lint.model import Remark, rule
from cnictl.spec.document import encode
from cnictl.spec.errors import CniError
from cnictl.spec.mac import parse_mac

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import Configuration, PluginObject
    from cnictl.spec.document import Json
    from cnictl.spec.keys import Key


BARE = " without quotes"
"""How advice ends for a value that is right but for its quotes."""

_PROBLEMS: WeakKeyDictionary[Configuration, dict[Pointer, list[Remark]]] = WeakKeyDictionary()
"""What cannot be read of a configuration, as two rules want to know it."""


@rule("CNI301", "wrong-value")
def wrong_value(conf: Configuration) -> Iterator[Remark]:
    """A key holds what its plugin expects: a number, a text, an address.

    ## Why it matters
    The plugin cannot decode its configuration, and every ADD fails.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "mtu": "1450"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "mtu": 1450}]}
    """
    for plugin in conf.all_plugins:
        for found in problems(conf, plugin):
            yield Remark((*plugin.where, *found.where), found.message, found.hint, fix=found.fix)


def problems(conf: Configuration, plugin: PluginObject) -> list[Remark]:
    """Return what cannot be read of a plugin's object; places begin there."""
    known = _PROBLEMS.setdefault(conf, {})
    if plugin.where not in known:
        known[plugin.where] = list(_problems(top(plugin, readers(plugin))))
    return known[plugin.where]


def _problems(level: Level) -> Iterator[Remark]:
    for key, name, below in level.below:
        inner = [one for each in below for one in _problems(each)]
        if inner:
            yield from inner
            continue
        found = _unreadable(level, key, name) or _malformed(level, key, name)
        if found is not None:
            yield found


def _unreadable(level: Level, key: Key[Any], name: str) -> Remark | None:
    path = dotted((*level.where, name))
    try:
        key.read(document_of(level, dotted(level.where)), key.name)
    except CniError as error:
        value = level.members[name]
        message = error.msg if error.msg.startswith("key ") else f'key "{path}": {error.msg}'
        inner = mentioned(error.msg, {name: value}, above=level.where)
        details = "" if error.details.startswith("in key") else error.details
        advice, fix = _advice(key, value), None
        if inner in (None, (name,)) and advice.endswith(BARE):
            fix = advice.removeprefix("write ").removesuffix(BARE)
        return Remark((*level.where, *(inner or (name,))), message, advice or details, fix=fix)
    return None


def _malformed(level: Level, key: Key[Any], name: str) -> Remark | None:
    """Judge a hardware address, which the plugin looks at late or leaves to the kernel."""
    value = level.members[name]
    if key.format != "mac" or not isinstance(value, str) or not value:
        return None
    try:
        parse_mac(value)
    except ValueError as error:
        where = (*level.where, name)
        return Remark(where, f'key "{dotted(where)}": {error}', "write it as in 02:00:5e:10:00:01")
    return None


def _advice(key: Key[Any], value: Json) -> str:
    """Return what to write where it is plain to see what was meant."""
    if isinstance(value, str):
        if key.depth == 0 and key.kind == "integer" and value.isascii() and value.isdigit():
            return f"write {int(value)}{BARE}"
        if key.depth == 0 and key.kind == "boolean" and value.lower() in ("true", "false"):
            return f"write {value.lower()}{BARE}"
        if key.depth == 1 and key.kind == "string":
            return f"write [{encode(value)}]"
    if key.depth == 0 and key.kind == "string" and isinstance(value, (int, float)):
        return f'write "{encode(value)}"'
    if key.depth == 1 and isinstance(value, dict):
        return "put [ and ] around it: it is a list"
    if key.depth == 2 and isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return "it is a list of lists: put another [ and ] around what is in it"
    return ""
