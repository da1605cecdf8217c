"""host-device with a real network card: the virtual machine's, which is there for these tests.

They work on the machine's own network, which is nobody's.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import unavailable
from tests.program import Program
from tests.vm.machine import CARD_MAC

pytestmark = pytest.mark.kernel_lane

DEVICES = Path("/sys/bus/pci/devices")
POD = "/run/netns/card-pod"


@pytest.fixture
def address() -> str:
    """The card's PCI address; the card is called card0, and there is a pod for it."""
    found = list(DEVICES.glob("*/virtio*/net/*/address"))
    for path in found:
        if path.read_text().strip() == CARD_MAC:
            for words in (f"set {path.parent.name} down", f"set {path.parent.name} name card0"):
                ip("link", *words.split())
            return path.parts[len(DEVICES.parts)]
    unavailable("there is no network card that tests may have; the virtual machine has one")


@pytest.fixture
def pod() -> Iterator[str]:
    ip("netns", "add", "card-pod")
    yield POD
    subprocess.run(["ip", "netns", "delete", "card-pod"], check=False, capture_output=True)


@pytest.fixture
def host_device(plugins_dir: str) -> Program:
    return Program(f"{plugins_dir}/host-device")


def ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def card(*place: str) -> dict[str, Any]:
    """Return what iproute2 tells of the card, nothing when it is not in that place."""
    found = json.loads(ip(*place, "-j", "link"))
    return next((one for one in found if one.get("address") == CARD_MAC), {})


def configuration(**keys: Any) -> dict[str, Any]:
    return {"cniVersion": "1.0.0", "name": "net", "type": "host-device", **keys}


def test_a_card_goes_and_comes_back(address: str, pod: str, host_device: Program) -> None:
    """Found by its PCI address, below which virtio has another device."""
    given = configuration(pciBusID=address)
    result = host_device("ADD", given, netns=pod).result
    assert result["interfaces"] == [{"name": "eth0", "mac": CARD_MAC, "sandbox": pod}]
    moved = card("-n", "card-pod")
    assert (moved["ifname"], moved["ifalias"], "UP" in moved["flags"]) == ("eth0", "card0", True)
    assert card() == {}
    assert host_device("CHECK", {**given, "prevResult": result}, netns=pod).status == 0
    assert host_device("DEL", {**given, "prevResult": result}, netns=pod).status == 0
    assert (card()["ifname"], card().get("ifalias")) == ("card0", None)


def test_a_card_whose_pod_ended_first(address: str, pod: str, host_device: Program) -> None:
    """The kernel puts it back under the pod's name for it, and DEL gives it its own."""
    given = configuration(runtimeConfig={"deviceID": address})
    assert host_device("ADD", given, netns=pod).status == 0
    ip("netns", "delete", "card-pod")
    end = time.monotonic() + 60
    while not card():
        assert time.monotonic() < end, "the card does not come back"
        time.sleep(0.1)
    assert (card()["ifname"], card()["ifalias"]) == ("eth0", "card0")
    assert host_device("DEL", given, netns=pod).status == 0
    assert (card()["ifname"], card().get("ifalias")) == ("card0", None)


def test_a_card_that_a_program_drives(address: str, pod: str, host_device: Program, tmp_path: Path) -> None:
    """With a driver for programs there is no interface, and the Result has addresses alone."""
    subprocess.run(["modprobe", "uio_pci_generic"], check=True)
    device = DEVICES / address
    ipam = {"type": "host-local", "subnet": "10.1.2.0/24", "dataDir": str(tmp_path)}
    given = configuration(pciBusID=address, ipam=ipam)
    drive(device, "uio_pci_generic")
    try:
        result = host_device("ADD", given, netns=pod).result
        assert result["interfaces"] == [{"name": "eth0", "sandbox": pod}]
        assert result["ips"] == [{"address": "10.1.2.2/24", "gateway": "10.1.2.1", "interface": 0}]
        assert card("-n", "card-pod") == {}
        assert host_device("CHECK", {**given, "prevResult": result}, netns=pod).status == 0
        assert host_device("DEL", given, netns=pod).status == 0
        assert not (tmp_path / "net" / "10.1.2.2").exists()
    finally:
        drive(device, "virtio-pci")


def drive(device: Path, driver: str) -> None:
    """Have another driver for a device."""
    (device / "driver_override").write_text(driver)
    (device / "driver" / "unbind").write_text(device.name)
    (DEVICES.parent / "drivers_probe").write_text(device.name)
