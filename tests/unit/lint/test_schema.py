"""The JSON Schema says what the descriptions of the keys say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
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


def referred(root: dict[str, Any], reference: str) -> dict[str, Any]:
    """The part of a schema that a reference leads to."""
    for step in reference.removeprefix("#/").split("/"):
        root = root[step]
    return root


def failures(schema: dict[str, Any], value: Any, root: dict[str, Any], place: str = "") -> Iterator[str]:
    """What a validator would say, for the words that our schemas use."""
    if "$ref" in schema:
        schema = referred(root, schema["$ref"])
    if "type" in schema and type(value) is not TYPES[schema["type"]]:
        yield f"{place}: no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place}: not one of {schema['enum']}"
    if "pattern" in schema and not re.search(schema["pattern"], value):
        yield f"{place}: does not match {schema['pattern']}"
    if type(value) is int and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield f"{place}: out of bounds"
    if isinstance(value, list):
        for i, one in enumerate(value):
            yield from failures(schema.get("items", {}), one, root, f"{place}[{i}]")
    if isinstance(value, dict):
        yield from (f"{place}: no {name}" for name in schema.get("required", ()) if name not in value)
        for name, one in value.items():
            yield from failures(schema.get("properties", {}).get(name, {}), one, root, f"{place}.{name}")
    for one in schema.get("allOf", ()):
        if one["if"]["properties"]["type"]["const"] == value.get("type"):
            yield from failures(one["then"], value, root, place)


def schema_of(name: str) -> dict[str, Any]:
    plugin = multicall.load(name)
    assert plugin is not None
    return plugin_schema(plugin)


def properties(schema: dict[str, Any], *way: str) -> dict[str, Any]:
    """The schema of a key in an object in an object."""
    for step in way:
        schema = schema["properties"][step]
    return schema


TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool}
EXAMPLES = Path(__file__).parents[3] / "testdata" / "examples"


@pytest.mark.parametrize("path", sorted(EXAMPLES.iterdir()), ids=lambda path: path.stem)
def test_examples_conform(path: Path):
    """What works is what the schema allows."""
    schema = network_schema()
    assert list(failures(schema, json.loads(path.read_text()), schema)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"name": "a b"}, [".name: does not match ^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"]),
        ({"plugins": [{"type": "bridge", "vlan": 5000}]}, [".plugins[0].vlan: out of bounds"]),
        ({"plugins": [{"type": "bridge", "mtu": "1500"}]}, [".plugins[0].mtu: no integer"]),
        ({"plugins": [{"type": "other", "mtu": "1500"}]}, []),
        ({"plugins": [{"type": "bridge", "ipam": {"type": "other", "ranges": 3}}]}, []),
        (
            {"plugins": [{"type": "bridge", "ipam": {"type": "host-local", "ranges": 3}}]},
            [".plugins[0].ipam.ranges: no array"],
        ),
    ],
)
def test_mistakes_do_not_conform(change: dict[str, Any], expected: list[str]):
    """As far as a schema can say it, and not beyond what we know."""
    schema = network_schema()
    members = {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}], **change}
    assert list(failures(schema, members, schema)) == expected


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
    references = {one["$ref"] for one in parts(schema) if "$ref" in one}
    assert all(referred(schema, one) for one in references)
    assert {"#/$defs/bridge", "#/$defs/host-local/properties/ipam"} <= references
    assert "#/$defs/host-local" not in references
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
