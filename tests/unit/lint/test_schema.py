"""The JSON Schema says what the descriptions of the keys say."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from cnictl.lint.schema import network_schema, plugin_schema
from cnictl.spec.keys import Config, integer, nested, nested_lists, string
from cnictl_plugins import multicall


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object in a schema."""
    if isinstance(schema, dict):
        yield schema
    for inner in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts(inner)


def schema_of(name: str) -> dict[str, Any]:
    plugin = multicall.load(name)
    assert plugin is not None
    return plugin_schema(plugin)


def properties(schema: dict[str, Any], *way: str) -> dict[str, Any]:
    """The schema of a key in an object in an object."""
    for step in way:
        schema = schema["properties"][step]
    return schema


@pytest.mark.parametrize("name", multicall.PROGRAMS)
def test_every_key_of_a_plugin_is_in_its_schema(name: str):
    """With its type and its text."""
    plugin = multicall.load(name)
    assert plugin is not None
    described = schema_of(name)["properties"]
    for key in plugin.config.keys:
        assert described[key.name]["description"].startswith(key.text)
        assert described[key.name]["type"] == ("array" if key.depth else key.kind)


def test_what_a_description_says_becomes_what_a_schema_says():
    """Bounds, defaults, forms, units, releases, and lists of lists."""
    bridge, local = schema_of("bridge"), schema_of("host-local")
    assert properties(bridge, "mtu") == {
        "type": "integer",
        "description": "MTU of both ends of the veth pair and of a new bridge;"
        " 0 for the kernel's default (bytes)",
        "default": 0,
    }
    vlan = properties(bridge, "vlan")
    assert (vlan["minimum"], vlan["maximum"]) == (0, 4094)
    assert properties(bridge, "bridge")["default"] == "cni0"
    assert properties(bridge, "portIsolation")["$comment"] == "since 1.6.0"
    assert properties(bridge, "ipMasqBackend")["enum"] == ["iptables", "nftables"]
    ranges = properties(local, "ipam", "ranges")
    assert ranges["items"]["items"]["properties"]["subnet"]["format"] == "cidr"
    assert ranges["items"]["items"]["required"] == ["subnet"]
    assert properties(schema_of("tuning"), "sysctl")["additionalProperties"] == {"type": "string"}


def test_a_plugin_asks_for_its_type_only():
    """In a list, the network's name and version stand beside the plugins."""
    assert schema_of("bridge")["required"] == ["type"]
    assert network_schema()["required"] == ["cniVersion", "name"]


def test_a_list_leads_from_a_plugin_s_type_to_its_schema():
    """Every reference leads somewhere, and IPAM plugins are none of a list."""
    schema: Any = network_schema()
    referred = {one["$ref"] for one in parts(schema) if "$ref" in one}
    assert referred <= {f"#/$defs/{name}" for name in schema["$defs"]}
    assert "#/$defs/bridge" in referred
    assert "#/$defs/host-local" not in referred
    assert re.fullmatch(schema["properties"]["name"]["pattern"], "web-1.x")


def test_a_key_of_any_depth_can_be_described():
    """The descriptors are read, not the plugins that happen to be here."""

    class Inner(Config):
        """An object."""

        size = integer("size", text="how much", minimum=1)

    class Outer(Config):
        """A plugin's object."""

        one = nested("one", Inner, text="one of them")
        many = nested_lists("many", Inner, text="many of them")
        name = string("name", text="a name", format="ifname")

    plugin = multicall.load("loopback")
    assert plugin is not None
    changed = type(plugin)("x", Outer, add=plugin.add, delete=plugin.delete, declare=plugin.declare)  # type: ignore[arg-type]
    described: Any = plugin_schema(changed)["properties"]
    size = {"type": "integer", "minimum": 1, "description": "how much", "default": 0}
    inner = {"type": "object", "properties": {"size": size}}
    assert described["one"] == {**inner, "description": "one of them"}
    assert described["many"]["items"]["items"] == inner
    assert re.fullmatch(described["name"]["pattern"], "eth0")
    assert not re.fullmatch(described["name"]["pattern"], "a" * 16)
