"""tap: what it makes of its configuration, and what it refuses without a look at the node."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.main.tap_config import TapConfig

MAC, OTHER, THIRD = "02:00:00:00:00:01", "02:00:00:00:00:02", "02:00:00:00:00:03"


def request(cni_args: str = "", **keys: Any) -> Request:
    return Request("ADD", Document({"type": "tap", "name": "net", **keys}), args=cni_args, ifname="eth0")


def refusal(cni_args: str = "", **keys: Any) -> tuple[int, str]:
    """Return code and text of the error that a configuration is refused with."""
    asked = request(cni_args, **keys)
    with pytest.raises(CniError) as refused:
        TapConfig(asked.document).validate(asked)
    return refused.value.code, str(refused.value)


def test_defaults() -> None:
    """Nothing but the type is needed; who has no number is not user 0."""
    config = TapConfig(request().document)
    config.validate(request())
    assert (config.owner, config.group, config.multi_queue, config.mtu) == (None, None, False, 0)
    assert (config.mac, config.bridge, config.selinux_context, config.ipam.type) == ("", "", "", "")


@pytest.mark.parametrize(
    ("cni_args", "keys", "mac"),
    [
        ("", {}, ""),
        ("", {"mac": MAC}, MAC),
        (f"MAC={OTHER}", {"mac": MAC}, OTHER),
        (f"MAC={OTHER}", {"mac": MAC, "runtimeConfig": {"mac": THIRD}}, THIRD),
        ("", {"mac": MAC, "args": {"cni": {"mac": THIRD}}}, MAC),
    ],
)
def test_the_mac_address_that_wins(cni_args: str, keys: dict[str, Any], mac: str) -> None:
    """The runtime's before that of CNI_ARGS before the key's; args.cni is not read."""
    asked = request(cni_args, **keys)
    assert TapConfig(asked.document).container_mac(asked) == mac


@pytest.mark.parametrize(
    ("keys", "plain"),
    [
        ({}, True),
        ({"owner": 0}, True),
        ({"group": 0}, True),
        ({"owner": 0, "group": 0}, False),
        ({"owner": 0, "group": 0, "selinuxContext": "a:b:c"}, True),
    ],
)
def test_when_frames_are_led_by_nothing(keys: dict[str, Any], plain: bool) -> None:
    """Always, but for owner and group together: the Go plugin makes those another way."""
    assert TapConfig(request(**keys).document).plain is plain


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "an owner below 0": (
        {"owner": -1},
        7,
        'key "owner": expected a whole number from 0 up, found number -1',
    ),
    "an owner of more than 32 bits": (
        {"owner": 1 << 32},
        7,
        'key "owner": expected a whole number up to 4294967294, found number 4294967296',
    ),
    "a group of more than 32 bits": (
        {"group": 1 << 32},
        7,
        'key "group": expected a whole number up to 4294967294, found number 4294967296',
    ),
    "the owner that is none": (
        {"owner": (1 << 32) - 1},
        7,
        (
            'key "owner": expected a whole number up to 4294967294, found number 4294967295;'
            " the kernel takes that number for no owner: leave out the key where there is to be none"
        ),
    ),
    "the group that is none": (
        {"owner": 0, "group": (1 << 32) - 1},
        7,
        (
            'key "group": expected a whole number up to 4294967294, found number 4294967295;'
            " the kernel takes that number for no group: leave out the key where there is to be none"
        ),
    ),
    "a text as group": (
        {"group": "1"},
        7,
        'key "group": expected a whole number from 0 up, found string "1"',
    ),
    "a number as multiQueue": (
        {"multiQueue": 4},
        7,
        'key "multiQueue": expected true or false, found number 4',
    ),
    "a list as args": ({"args": []}, 7, 'key "args": expected an object, found a list'),
    "a MAC address that is none": (
        {"mac": "zz"},
        7,
        "invalid args zz for MAC addr: address zz: invalid MAC address",
    ),
    "a MAC address in CNI_ARGS that is none": (
        {"cni_args": "MAC=x"},
        7,
        "invalid args x for MAC addr: address x: invalid MAC address",
    ),
    "a group's MAC address": (
        {"runtimeConfig": {"mac": "01:00:5e:00:00:01"}},
        7,
        "failed to create tap: cannot assign requested address; 01:00:5e:00:00:01 is the address of a group",
    ),
    "nobody's MAC address": (
        {"mac": "00:00:00:00:00:00"},
        7,
        "failed to create tap: cannot assign requested address; 00:00:00:00:00:00 is the address of nobody",
    ),
    "an InfiniBand address": (
        {"mac": "02:00:00:00:00:00:00:01"},
        7,
        "failed to create tap: invalid argument; 02:00:00:00:00:00:00:01 is no address of Ethernet",
    ),
    "an unknown argument": (
        {"cni_args": "K=V"},
        4,
        'ARGS: unknown args ["K=V"]; IgnoreUnknown=1 lets them pass',
    ),
}


@pytest.mark.parametrize("claim", REFUSED)
def test_what_makes_no_sense_is_refused(claim: str) -> None:
    """By code and text, before anything is made."""
    keys, code, text = REFUSED[claim]
    assert refusal(**keys) == (code, text)
