"""The keys of a scenario, each described once: the reader and the JSON Schema come from this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from cnictl.spec.document import Json

Type = Literal[
    "text",
    "number",
    "flag",
    "texts",
    "texts by name",
    "command",
    "commands",
    "json",
    "network",
    "state",
    "object",
    "objects",
]

KERNEL = {
    "vlan_filtering": "VLANs of bridge ports",
    "vlan": "VLAN interfaces (8021q)",
    "ipvlan": "ipvlan",
    "dummy": "dummy interfaces",
    "vrf": "VRFs",
    "macvlan": "macvlan",
    "vxlan": "VXLAN",
    "ifb": "ifb, for bandwidth",
    "tap": "tap devices",
    "firewalld": "firewalld and D-Bus on the node",
}
"""What `needs` may name: what a kernel or a node may lack."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key: what it holds and what it means; `keys` are those of an object or of a list's items."""

    type: Type
    text: str
    keys: Mapping[str, Key] | None = None
    choices: tuple[str, ...] = ()


COMMAND = {
    "run": Key("command", "The program and its arguments, in one text or as a list; there is no shell."),
    "in": Key("text", "Container whose network it runs in; the node when absent."),
}
ATTACHMENT = {
    "container": Key("text", "Container id; its netns is made first.  `c1` when absent."),
    "ifname": Key("text", "Interface name; `eth0` when absent."),
    "args": Key("texts by name", "CNI_ARGS."),
    "capabilities": Key("json", "Capability arguments, an object, such as portMappings."),
    "result": Key(
        "json", "Members that the Result must have; `*` is any value.  What is not named is not compared."
    ),
    "error": Key("text", "ADD must fail, and its message fit this; `*` is any text."),
}
REACH = {
    "from": Key("text", "Container, named netns, or `node`."),
    "to": Key("text", "Container, address, `node` or `gateway`."),
    "ping": Key("flag", "An echo request is answered; what is tried when neither tcp nor udp is there."),
    "tcp": Key("number", "Port that a connection is made to."),
    "udp": Key("number", "Port that a datagram is sent to."),
    "server": Key("text", "Who answers, as CONTAINER:PORT, when the port is forwarded."),
    "version": Key("number", "4 or 6: which address of a container; its first when absent."),
    "size": Key("number", "Bytes of a ping's payload, sent in one piece."),
    "fails": Key("flag", "It must not get there."),
}
EXPECT = {
    "state": Key(
        "state",
        "What is there after ADD: `node` and `pods` as `cnictl snapshot` writes them.  What is not named"
        " is not compared, unless a section says `exact: true`.",
    ),
    "check": Key("flag", "CHECK says that all is well; true when absent."),
    "reach": Key("objects", "Who reaches whom.", REACH),
    "left": Key(
        "texts",
        "Lines of the difference that DEL may leave, `*` for any text.  Bridges and what else"
        " containers share need not be named.",
    ),
}
DISTURBANCE = {
    "name": Key("text", "What is disturbed, for the report."),
    "run": Key("commands", "What somebody does."),
    "undo": Key(
        "commands", "What takes it back; when absent, it is done on a node of its own, and DEL follows."
    ),
    "drift": Key("texts", "What `cnictl diff` says, all of it in any order; `*` is any text."),
    "check": Key("json", "What CHECK says, `*` for any text; false when it cannot notice."),
}
SCENARIO = {
    "name": Key("text", "Name of the scenario."),
    "description": Key("text", "What it shows."),
    "network": Key("network", "A configuration, or the path of one, from the scenario's directory."),
    "needs": Key("texts", "What a kernel may lack.", choices=tuple(KERNEL)),
    "since": Key("text", "Release of the Go plugins that can do it; cnictl if there is none."),
    "setup": Key("commands", "What is done to the node before."),
    "attachments": Key(
        "objects", "Who is attached, in this order; one container c1 when absent.", ATTACHMENT
    ),
    "expect": Key("object", "What must hold after ADD, and after DEL.", EXPECT),
    "disturb": Key(
        "objects",
        "What is done to attached containers, one after the other, and who must notice.",
        DISTURBANCE,
    ),
}


def schema() -> dict[str, Json]:
    """Return the JSON Schema (draft 2020-12) of a scenario file's documents."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "cnictl scenario",
        **_object(SCENARIO),
        "required": ["name", "network"],
    }


def _object(keys: Mapping[str, Key]) -> dict[str, Json]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"description": key.text, **_type(key)} for name, key in keys.items()},
    }


def _type(key: Key) -> dict[str, Json]:
    command: dict[str, Json] = {"type": ["string", "array"], "items": {"type": "string"}}
    step: dict[str, Json] = (
        {"anyOf": [{"type": "string"}, {**_object(COMMAND), "required": ["run"]}]}
        if key.type == "commands"
        else {}
    )
    simple: dict[Type, dict[str, Json]] = {
        "text": {"type": "string"},
        "number": {"type": "integer", "minimum": 0},
        "flag": {"type": "boolean"},
        "texts": {
            "type": "array",
            "items": {"enum": list(key.choices)} if key.choices else {"type": "string"},
        },
        "texts by name": {"type": "object", "additionalProperties": {"type": "string"}},
        "command": command,
        "commands": {"type": "array", "items": step},
        "json": {},
        "network": {"type": ["string", "object"]},
        "state": {"type": "object"},
    }
    if key.keys is None:
        return simple[key.type]
    return _object(key.keys) if key.type == "object" else {"type": "array", "items": _object(key.keys)}
