"""vlan: what it makes of its configuration, and what it refuses without a look at the node."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.main.vlan import VlanConfig


def request(cni_args: str = "", **keys: Any) -> Request:
    return Request("ADD", Document({"type": "vlan", "name": "net", **keys}), args=cni_args, ifname="eth0")


@pytest.mark.parametrize("vlan_id", [0, 1, 4094])
def test_numbers(vlan_id: int) -> None:
    """From the priority tag's to the last; CNI_ARGS are not looked at."""
    asked = request("K=V", master="uplink", vlanId=vlan_id)
    config = VlanConfig(asked.document)
    config.validate(asked)
    assert (config.vlan_id, config.mtu, config.link_in_container) == (vlan_id, 0, False)


NO_MASTER = '"master" field is required. It specifies the host interface name to create the VLAN for'


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"vlanId": 100}, NO_MASTER),
        ({"vlanId": 5000, "master": ""}, NO_MASTER),
        (
            {"vlanId": 4095, "master": "uplink", "mtu": -1},
            "invalid VLAN ID 4095 (must be between 0 and 4094 inclusive)",
        ),
        ({"vlanId": -1, "master": "uplink"}, "invalid VLAN ID -1 (must be between 0 and 4094 inclusive)"),
        ({"vlanId": 100, "master": "uplink", "mtu": -100}, "invalid MTU -100, must be [0, master MTU]"),
        (
            {"vlanId": "100", "master": "uplink"},
            'key "vlanId": expected a whole number, found string "100"',
        ),
    ],
    ids=["no master", "master first", "number before MTU", "below 0", "MTU below 0", "number as text"],
)
def test_what_makes_no_sense_is_refused(keys: dict[str, Any], text: str) -> None:
    """By code 7 and text, in the Go plugin's order, before anything is made."""
    asked = request(**keys)
    with pytest.raises(CniError) as refused:
        VlanConfig(asked.document).validate(asked)
    assert (refused.value.code, str(refused.value)) == (7, text)
