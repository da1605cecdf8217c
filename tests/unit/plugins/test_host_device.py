"""host-device: what it makes of its configuration, and what it refuses without a look at the node."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.main.host_device_config import HostDeviceConfig


def validate(**keys: Any) -> None:
    """Raise CniError for what the configuration refuses."""
    document = Document({"type": "host-device", "name": "net", **keys})
    HostDeviceConfig(document).validate(Request("ADD", document, ifname="eth0"))


@pytest.mark.parametrize(
    "keys",
    [
        {"device": "enp7s0"},
        {"device": "a-name-that-only-an-alternative-one-can-be"},
        {"hwaddr": "02-00-00-00-00-01"},
        {"hwaddr": "0200.0000.0001"},
        {"kernelpath": "/sys/devices/pci0000:00/0000:00:1f.6"},
        {"pciBusID": "10000:e1:00.0"},
        {"runtimeConfig": {"deviceID": "mlx5_core.sf.4"}},
        {"capabilities": {"deviceID": True}},
        {"device": "enp7s0", "hwaddr": "zz", "kernelpath": "elsewhere"},
    ],
    ids=str,
)
def test_what_selects_a_device(keys: dict[str, Any]) -> None:
    """One of the keys is enough, or that the runtime will say it; what does not count is not looked at."""
    validate(**keys)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, 'specify either "device", "hwaddr", "kernelpath" or "pciBusID"'),
    "another capability": (
        {"capabilities": {"mac": True, "deviceID": False}},
        'specify either "device", "hwaddr", "kernelpath" or "pciBusID"',
    ),
    "no MAC address": (
        {"hwaddr": "zz"},
        'failed to find host device: failed to parse MAC address "zz": address zz: invalid MAC address',
    ),
    "a relative path": (
        {"kernelpath": "sys/devices/a"},
        (
            'failed to find host device: kernel device path "sys/devices/a" must be absolute'
            " and begin with /sys/devices/"
        ),
    ),
    "a path that leads out": (
        {"kernelpath": "/sys/devices/../../etc"},
        (
            'failed to find host device: kernel device path "/sys/devices/../../etc" must be absolute'
            " and begin with /sys/devices/"
        ),
    ),
    "a path as PCI address": ({"pciBusID": "0000:00/x"}, 'pciBusID "0000:00/x" is the name of no device'),
    "a path as deviceID": (
        {"runtimeConfig": {"deviceID": ".."}},
        'deviceID ".." is the name of no device',
    ),
    "a number": ({"device": 1}, 'key "device": expected a string, found number 1'),
}


@pytest.mark.parametrize("claim", REFUSED)
def test_what_makes_no_sense_is_refused(claim: str) -> None:
    """By code and message, before anything is looked for."""
    keys, message = REFUSED[claim]
    with pytest.raises(CniError) as refused:
        validate(**keys)
    assert (refused.value.code, refused.value.msg) == (7, message)
