"""vxlan: what ADD refuses when it has looked at the node, without a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.leftovers import leftovers
from tests.kernel.plugins.overlay import MADE_BY_HAND, bridged, give_underlay, routed, shell

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]


HINT = 'remove it with `ip link delete vxlan.4096` if no pod needs it, or choose another name in "vxlan"'
NO_DEFAULT = "there is no default route to find the underlay by"
NAME_IT = 'name the interface in "master", or its address in "local"'
REFUSED: dict[str, tuple[str, dict[str, Any], int, str, str]] = {
    "no default route": ("ip route del default; ip -6 route del default", {}, 11, NO_DEFAULT, NAME_IT),
    "no default route of the family": (
        "ip -6 route del default",
        {"underlay": "ipv6", "remotes": []},
        11,
        NO_DEFAULT,
        NAME_IT,
    ),
    "no such master": (
        "",
        {"master": "nope0"},
        11,
        "there is no interface nope0 for the underlay",
        'it is named in "master"',
    ),
    "a master that is down": (
        "ip link add down0 type bridge; ip addr add 198.51.100.1/24 dev down0",
        {"master": "down0"},
        11,
        "down0, which is the underlay, is down",
        "ip link set down0 up",
    ),
    "a master without an address": (
        "ip link add bare0 up type bridge; ip addr add 2001:db8:1::1/64 dev bare0 nodad",
        {"master": "bare0"},
        11,
        "bare0 has no IPv4 address to send from",
        "its global addresses are: 2001:db8:1::1/64",
    ),
    "an address of another interface": (
        "ip link add bare0 up type bridge; ip addr add 198.51.100.1/24 dev bare0; ip -6 addr flush dev bare0",
        {"master": "bare0", "local": "192.0.2.1"},
        11,
        "bare0 does not have the address 192.0.2.1",
        'its addresses are: 198.51.100.1/24; see "master" and "local"',
    ),
    "an address of nobody": (
        "",
        {"local": "192.0.2.77"},
        11,
        "no interface of this node has the address 192.0.2.77",
        'see "local"',
    ),
    "an MTU that does not fit": (
        "",
        {"mtu": 1451},
        7,
        "MTU 1451 is too large: und0 has 1500, less 50 for the tunnel in IPv4 leaves 1450",
        'set "mtu" to 1450, or leave it out',
    ),
    "an MTU that does not fit IPv6": (
        "",
        {"mtu": 1431, "underlay": "ipv6", "remotes": []},
        7,
        "MTU 1431 is too large: und0 has 1500, less 70 for the tunnel in IPv6 leaves 1430",
        'set "mtu" to 1430, or leave it out',
    ),
    "an MTU that is too small for pods with IPv6": (
        "ip link set und0 mtu 1320",
        {},
        7,
        "MTU 1270 is too small for pods with IPv6, which needs 1280",
        "und0 has 1320, and the tunnel takes 50 of it",
    ),
    "a link of that name": (
        "ip link add vxlan.4096 type bridge",
        {},
        999,
        '"vxlan.4096" already exists but is not a vxlan',
        "it is a bridge link",
    ),
    "another port": (
        MADE_BY_HAND.replace("4789", "8472"),
        {},
        999,
        '"vxlan.4096" already exists with port 8472, not port 4789',
        HINT,
    ),
    "everything else": (
        (
            "ip link add bare0 up type bridge;"
            " ip link add vxlan.4096 type vxlan id 7 dev bare0 group 239.1.1.1 dstport 4789"
        ),
        {},
        999,
        (
            '"vxlan.4096" already exists with VNI 7, underlay bare0, local none, group 239.1.1.1, learning'
            " on, not VNI 4096, underlay und0, local 192.0.2.1, group none, learning off"
        ),
        HINT,
    ),
    "an address that the node has lost": (
        (
            f"{MADE_BY_HAND.replace('192.0.2.1', '192.0.2.66')};"
            " ip link set vxlan.4096 alias 'vxlan of network net'"
        ),
        {},
        999,
        '"vxlan.4096" already exists with local 192.0.2.66, not local 192.0.2.1',
        HINT,
    ),
    "somebody's own": (
        MADE_BY_HAND,
        {},
        999,
        '"vxlan.4096" already exists and does not say whose it is',
        (
            'say that it is this network\'s with `ip link set vxlan.4096 alias "vxlan of network net"`;'
            f" or {HINT}"
        ),
    ),
    "another network's": (
        f"{MADE_BY_HAND}; ip link set vxlan.4096 alias 'vxlan of network others'",
        {},
        7,
        '"vxlan.4096" already exists and is not of this network: it is the vxlan of network others',
        f"give network 'net' a VNI of its own, on all of its nodes; or {HINT}",
    ),
    "a VNI that is taken": (
        MADE_BY_HAND.replace("vxlan.4096", "tunnel0"),
        {},
        7,
        "VNI 4096 is already in use on port 4789, by tunnel0 (which does not say whose it is)",
        "give network 'net' another VNI, on all of its nodes",
    ),
    "addresses of elsewhere": (
        "",
        {"podCIDRs": ["10.9.0.0/16", "10.244.1.0/24"]},
        7,
        (
            "IPAM plugin returned fd00:1::2/64, which is in none of this node's networks 10.9.0.0/16,"
            " 10.244.1.0/24"
        ),
        'other nodes would not find it; say in "podCIDRs" where the IPAM plugin takes addresses from',
    ),
    "no directory": (
        "",
        {"remotesDir": "/run/nope"},
        11,
        "cannot read the directory of remotes /run/nope: no such file or directory",
        "it is for whatever spreads the files of the other nodes; without it nothing is known of them",
    ),
    "no addresses": (
        "",
        {"ipam": {"type": "static", "subnet": "10.244.1.0/24"}},
        999,
        "IPAM plugin returned missing IP config",
        "'static' answered ADD without any ips",
    ),
}


@pytest.fixture(autouse=True)
def _underlay(node: Node) -> None:
    give_underlay(node)


def refused(attachment: Attachment) -> tuple[int, str]:
    """Return code and text of the error that ADD ends with; nothing is left of it."""
    before = leftovers(attachment.node, "c1")
    done = attachment.call("ADD", attachment.plugins[0])
    assert done.status == 1, done.stdout
    assert leftovers(attachment.node, "c1") == before
    return json.loads(done.stdout)["code"], said(done)


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused(attach: Attach, node: Node, name: str) -> None:
    """The message says what is there, what was wanted, and what to do; nothing is left."""
    setup, keys, code, message, hint = REFUSED[name]
    shell(node, setup)
    assert refused(attach(routed(**keys))) == (code, f"{message}; {hint}")


def test_a_port_of_another_bridge_is_refused(attach: Attach, node: Node) -> None:
    """Somebody has connected the overlay with something else, which is not ours to undo."""
    attach(bridged()).add()
    shell(node, "ip link add br0 up type bridge", "ip link set vxlan.4096 master br0")
    assert refused(attach(bridged(), container="c1", ifname="eth1")) == (
        999,
        (
            '"vxlan.4096" is a port of br0, not of vxbr.4096;'
            ' take it out with `ip link set vxlan.4096 nomaster`, or name that bridge in "bridge"'
        ),
    )


def test_an_add_without_a_del_before_is_refused(attach: Attach) -> None:
    """The pod that has the interface keeps it, and the overlay stays."""
    attachment = attach(routed())
    attachment.add()
    code, message = refused(attachment)
    assert (code, attachment.check()) == (999, "")
    assert message.startswith("failed to allocate for range 0: 10.244.1.2 has been allocated to c1")
