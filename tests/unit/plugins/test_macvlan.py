"""macvlan: what it makes of its configuration, and what it refuses without a look at the node."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.main.macvlan import MacvlanConfig

MAC, OTHER, THIRD = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"


def request(cni_args: str = "", **keys: Any) -> Request:
    return Request("ADD", Document({"type": "macvlan", "name": "net", **keys}), args=cni_args, ifname="eth0")


def refusal(cni_args: str = "", **keys: Any) -> tuple[int, str]:
    """Return code and text of the error that a configuration is refused with."""
    asked = request(cni_args, **keys)
    with pytest.raises(CniError) as refused:
        MacvlanConfig(asked.document).validate(asked)
    return refused.value.code, str(refused.value)


def test_defaults() -> None:
    """Nothing but the type is needed."""
    config = MacvlanConfig(request().document)
    config.validate(request())
    assert (config.master, config.mode, config.mtu, config.bcqueuelen) == ("", "bridge", 0, 0)
    assert (config.link_in_container, config.mac, config.ipam.type, config.dns) == (False, "", "", None)


@pytest.mark.parametrize(
    ("cni_args", "keys", "mac"),
    [
        ("", {}, ""),
        ("", {"mac": MAC}, MAC),
        (f"MAC={OTHER}", {"mac": MAC}, OTHER),
        ("IgnoreUnknown=1;K=V", {"mac": MAC}, MAC),
        (f"MAC={OTHER}", {"mac": MAC, "runtimeConfig": {"mac": THIRD}}, THIRD),
        ("", {"mac": MAC, "args": {"cni": {"mac": THIRD}}}, MAC),
    ],
)
def test_the_mac_address_that_wins(cni_args: str, keys: dict[str, Any], mac: str) -> None:
    """The runtime's before that of CNI_ARGS before the key's; args.cni is not read."""
    asked = request(cni_args, **keys)
    assert MacvlanConfig(asked.document).container_mac(asked) == mac


@pytest.mark.parametrize("mode", ["", "bridge", "private", "vepa", "passthru"])
def test_modes(mode: str) -> None:
    """An empty one is the default, as with the Go plugin."""
    MacvlanConfig(request(mode=mode).document).validate(request(mode=mode))


UNASSIGNABLE = "failed to create macvlan: cannot assign requested address"
REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "a mode of the kernel's": (
        {"mode": "source"},
        7,
        'unknown macvlan mode: "source"; there are bridge, private, vepa, passthru',
    ),
    "a mode in capitals": (
        {"mode": "Bridge"},
        7,
        'unknown macvlan mode: "Bridge"; there are bridge, private, vepa, passthru',
    ),
    "an MTU below 0": ({"mtu": -1}, 7, "invalid MTU -1, must be [0, master MTU]"),
    "a queue below 0": (
        {"bcqueuelen": -1},
        7,
        'key "bcqueuelen": expected a whole number from 0 up, found number -1',
    ),
    "a queue of more than 32 bits": (
        {"bcqueuelen": 4294967296},
        7,
        'key "bcqueuelen": expected a whole number up to 4294967295, found number 4294967296',
    ),
    "a MAC address that is none": (
        {"mac": "02:00"},
        7,
        "invalid args 02:00 for MAC addr: address 02:00: invalid MAC address",
    ),
    "a MAC address of the runtime's that is none": (
        {"mac": MAC, "runtimeConfig": {"mac": "x"}},
        7,
        "invalid args x for MAC addr: address x: invalid MAC address",
    ),
    "a MAC address in CNI_ARGS that is none": (
        {"cni_args": "MAC=x"},
        7,
        "invalid args x for MAC addr: address x: invalid MAC address",
    ),
    "an unknown argument": (
        {"cni_args": "K=V"},
        4,
        'ARGS: unknown args ["K=V"]; IgnoreUnknown=1 lets them pass',
    ),
    "half an argument": ({"cni_args": "MAC"}, 4, 'ARGS: invalid pair "MAC"; in CNI_ARGS=MAC'),
    "a group's MAC address": (
        {"mac": "03:00:00:00:00:01"},
        7,
        f"{UNASSIGNABLE}; 03:00:00:00:00:01 is the address of a group",
    ),
    "everybody's MAC address": (
        {"mac": "ff:ff:ff:ff:ff:ff"},
        7,
        f"{UNASSIGNABLE}; ff:ff:ff:ff:ff:ff is the address of a group",
    ),
    "nobody's MAC address": (
        {"mac": "00:00:00:00:00:00"},
        7,
        f"{UNASSIGNABLE}; 00:00:00:00:00:00 is the address of nobody",
    ),
    "an InfiniBand address": (
        {"mac": "02:00:00:00:00:00:00:01"},
        7,
        "failed to create macvlan: invalid argument; 02:00:00:00:00:00:00:01 is no address of Ethernet",
    ),
    "a number as master": ({"master": 1}, 7, 'key "master": expected a string, found number 1'),
    "a text as linkInContainer": (
        {"linkInContainer": "true"},
        7,
        'key "linkInContainer": expected true or false, found string "true"',
    ),
}


@pytest.mark.parametrize("claim", REFUSED)
def test_what_makes_no_sense_is_refused(claim: str) -> None:
    """By code and text, before anything is made."""
    keys, code, text = REFUSED[claim]
    assert refusal(**keys) == (code, text)
