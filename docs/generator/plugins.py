"""A page for each plugin: what its module says, its keys, and an example that a test runs."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnictl.plugin.config import NetworkConfig
from cnictl.spec.catalog import CAPABILITIES, REFERENCE
from cnictl.spec.keys import Foreign
from cnictl_plugins import multicall
from generator.pages import code, joined, page, table

if TYPE_CHECKING:
    from cnictl.plugin.skel import Plugin
    from cnictl.spec.keys import Config, Key

EXAMPLES = Path(__file__).parents[2] / "testdata" / "examples"
HEADS = ("key", "type", "unit", "default", "since", "meaning")
COMMON = {key.name for key in NetworkConfig.keys}
TYPES = {"string": "text", "boolean": "true or false", "integer": "number", "object": "object"}
FORMATS = {"ip": "address", "cidr": "address/length", "mac": "MAC address", "ifname": "interface name"}
PLURALS = {"address": "addresses", "address/length": "addresses/length", "MAC address": "MAC addresses"}


def pages() -> dict[str, str]:
    """Return the pages by their names."""
    return {f"plugins/{name}.md": _page(name) for name in multicall.PROGRAMS}


def summary(name: str) -> str:
    """Return the first sentence of what a plugin says of itself."""
    first = _doc(name).partition("\n\n")[0].replace("\n", " ")
    return first.partition(". ")[0].rstrip(".")


def _page(name: str) -> str:
    plugin = multicall.load(name)
    assert plugin is not None
    text = _doc(name)
    example = (EXAMPLES / f"{name}.conflist").read_text()
    levels = list(_levels(plugin.config, ""))
    own = [key for key in plugin.config.keys if key.name not in COMMON]
    parts = [f"# {name}", text[0].upper() + text[1:], "## Example", code(example, "json"), "## Keys"]
    parts.append(table(HEADS, map(_row, own)) or "None of its own.")
    for place, keys in levels:
        parts += [f"### `{place}`", table(HEADS, map(_row, keys))]
    common = [key for key in plugin.config.keys if key.name in COMMON]
    parts += ["### In every plugin", table(HEADS, map(_row, common))]
    parts += ["## Facts", "\n".join(f"- {fact}" for fact in _facts(name, plugin))]
    return page(*parts)


def _doc(name: str) -> str:
    module = importlib.import_module(f"cnictl_plugins.{multicall.PROGRAMS[name]}")
    return (module.__doc__ or "").strip().removeprefix(f"{name}: ")


def _levels(config: type[Config], place: str) -> Iterator[tuple[str, list[Key[Any]]]]:
    """Yield the objects below a configuration, and the keys that may be in each."""
    for key in config.keys:
        if key.nested is not None and key.nested is not Foreign:
            inner = f"{place}.{key.name}".lstrip(".") + "[]" * key.depth
            yield inner, list(key.nested.keys)
            yield from _levels(key.nested, inner)


def _row(key: Key[Any]) -> tuple[str, ...]:
    needed = " (needed)" if key.required else ""
    return (
        f"`{key.name}`",
        _type(key) + needed,
        key.unit,
        _default(key),
        "" if key.since == "cnictl" else key.since,
        key.text + (" (here only)" if key.since == "cnictl" else ""),
    )


def _type(key: Key[Any]) -> str:
    word = FORMATS.get(key.format, TYPES[key.kind])
    if key.kind == "object" and key.nested is None:
        word = "object of texts"
    if key.choices:
        word = f"one of {', '.join(f'`{one}`' for one in key.choices)}"
    elif key.minimum is not None and key.maximum is not None:
        word = f"{key.minimum} to {key.maximum}"
    elif key.minimum is not None:
        word = f"{word} from {key.minimum} up"
    if key.depth:
        word = "list of " + "lists of " * (key.depth - 1) + PLURALS.get(word, f"{word}s")
    return word


def _default(key: Key[Any]) -> str:
    if key.default is None or key.default in ("", False, 0):
        return ""
    return f"`{json.dumps(key.default)}`" if not isinstance(key.default, str) else f"`{key.default}`"


def _facts(name: str, plugin: Plugin) -> Iterator[str]:
    role = {
        "main": "makes an interface",
        "ipam": "assigns addresses",
        "meta": "works on an earlier plugin's interface",
        "delegating": "has other plugins do the work",
        "stand-in": "makes nothing",
    }
    yield f"It {role[REFERENCE[name].role]}."
    words = {"required": "needed", "optional": "optional"}
    if plugin.ipam:
        yield f"An IPAM plugin is {words[plugin.ipam]}."
    own = [word for word, does in (("GC", plugin.gc), ("STATUS", plugin.status)) if does is not None]
    yield (
        f"Besides ADD, DEL and CHECK it has work of its own in {joined(own)}."
        if own
        else ("GC and STATUS have no work of its own.")
    )
    yield f"Versions of the spec: {', '.join(plugin.versions)}."
    asked = [key.name for key in _runtime_keys(plugin.config) if key.name in CAPABILITIES]
    yield f"Capabilities: {', '.join(f'`{one}`' for one in asked) or 'none'}."


def _runtime_keys(config: type[Config]) -> tuple[Key[Any], ...]:
    for key in config.keys:
        if key.name == "runtimeConfig" and key.nested is not None:
            return key.nested.keys
    return ()
