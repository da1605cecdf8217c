"""JSON Schema (draft 2020-12) of configurations, made from the descriptions that the plugins read by.

Keys match without regard to case in the plugins, which a schema cannot say: it knows the documented
spelling.  What is not described is allowed, as in the plugins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.spec import versions
from cnictl.spec.catalog import CAPABILITIES, REFERENCE
from cnictl_plugins import multicall

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from cnictl.plugin.skel import Plugin
    from cnictl.spec.document import Json
    from cnictl.spec.keys import Config, Key

DIALECT = "https://json-schema.org/draft/2020-12/schema"
NAME = "^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"
IFNAME = r"^[^\s/:]{1,15}$"
FORMATS: dict[str, dict[str, Json]] = {"ifname": {"pattern": IFNAME}}


def network_schema() -> dict[str, Json]:
    """Return the schema of a network configuration list; plugins that are not ours need a type only."""
    plugins = {name: plugin for name in multicall.PROGRAMS if (plugin := multicall.load(name)) is not None}
    ipam = [name for name in plugins if REFERENCE[name].role == "ipam"]
    flags: dict[str, Json] = {
        key: {"type": "boolean"} for key in ("disableCheck", "disableGC", "loadOnlyInlinedPlugins")
    }
    return {
        "$schema": DIALECT,
        "title": "CNI network configuration list",
        "type": "object",
        "properties": {
            "cniVersion": {"enum": list(versions.SUPPORTED)},
            "cniVersions": {"type": "array", "items": {"type": "string"}},
            "name": {"type": "string", "pattern": NAME},
            **flags,
            "plugins": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["type"],
                    "allOf": [_if_type(name, f"#/$defs/{name}") for name in plugins if name not in ipam],
                },
            },
        },
        "required": ["cniVersion", "name"],
        "$defs": {name: _plugin(plugin, ipam) for name, plugin in plugins.items()},
    }


def plugin_schema(plugin: Plugin) -> dict[str, Json]:
    """Return the schema of one plugin's object."""
    return {"$schema": DIALECT, "title": f"configuration of the CNI plugin {plugin.name}", **_plugin(plugin)}


def _plugin(plugin: Plugin, ipam: Sequence[str] = ()) -> dict[str, Json]:
    """Return the schema of a plugin's object; `ipam` are the plugins that may stand in its `ipam`."""
    members = _object(plugin.config)
    properties = members["properties"]
    assert isinstance(properties, dict)
    section = properties.get("ipam")
    if ipam and plugin.name not in ipam and isinstance(section, dict):
        section["allOf"] = [_if_type(name, f"#/$defs/{name}/properties/ipam") for name in ipam]
    properties["capabilities"] = {
        "type": "object",
        "properties": {name: {"type": "boolean", "description": text} for name, text in CAPABILITIES.items()},
        "additionalProperties": {"type": "boolean"},
    }
    # In a list the network's name and version stand beside the plugins.
    members["required"] = ["type"]
    return members


def _if_type(name: str, reference: str) -> Json:
    condition: Json = {"properties": {"type": {"const": name}}, "required": ["type"]}
    return {"if": condition, "then": {"$ref": reference}}


def _object(config: type[Config]) -> dict[str, Json]:
    members: dict[str, Json] = {
        "type": "object",
        "properties": {key.name: _value(key) for key in config.keys},
    }
    needed: list[Json] = [key.name for key in config.keys if key.required]
    return {**members, "required": needed} if needed else members


def _value(key: Key[Any]) -> dict[str, Json]:
    inner: dict[str, Json] = {"type": key.kind}
    if key.nested is not None:
        inner = _object(key.nested)
    elif key.kind == "object":
        inner["additionalProperties"] = {"type": "string"}
    if key.format:
        inner.update(FORMATS.get(key.format, {"format": key.format}))
    if key.choices:
        inner["enum"] = list(key.choices)
    for word, limit in (("minimum", key.minimum), ("maximum", key.maximum)):
        if limit is not None:
            inner[word] = limit
    for _ in range(key.depth):
        inner = {"type": "array", "items": inner}
    inner["description"] = f"{key.text} ({key.unit})" if key.unit else key.text
    if key.default is not None and isinstance(key.default, (str, int, bool)) and key.default != "":
        inner["default"] = key.default
    if key.since:
        inner["$comment"] = f"since {key.since}"
    return inner
