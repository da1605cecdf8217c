"""host-device: its configuration keys, and the device that they select."""

from __future__ import annotations

import os

from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.plugin.config import MainConfig
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import INTERNAL, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import Config, dns, nested, string
from cnictl.spec.mac import format_mac, parse_mac
from cnictl.spec.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request

DEVICES = "/sys/devices/"
PCI = "/sys/bus/pci/devices"
AUXILIARY = "/sys/bus/auxiliary/devices"
DPDK_DRIVERS = ("vfio-pci", "uio_pci_generic", "igb_uio")
"""Drivers that leave a network device to a program: the kernel has no interface for it."""

NOT_FOUND = "failed to find host device: "


class HostDeviceRuntimeConfig(Config):
    """`runtimeConfig` as host-device reads it."""

    device_id = string(
        "deviceID", text="PCI address or auxiliary device, in place of pciBusID (capability `deviceID`)"
    )


class HostDeviceConfig(MainConfig):
    """Keys of host-device.  The first that is given of device, hwaddr, kernelpath and pciBusID counts."""

    device = string("device", text="name of the device on the node")
    hwaddr = string("hwaddr", format="mac", text="MAC address of the device")
    kernelpath = string(
        "kernelpath", text="directory of the device below /sys/devices/, which has it in net/"
    )
    pci_bus_id = string("pciBusID", text="PCI address of the device, such as 0000:00:1f.6")
    dns = dns("dns", text="resolver settings for the Result, if there is an IPAM plugin, whose own are lost")
    runtime_config = nested(
        "runtimeConfig", HostDeviceRuntimeConfig, text="settings from the runtime, by capability"
    )

    def validate(self, _request: Request) -> None:
        """Raise CniError for a selector that can select nothing, and for none at all."""
        for key, name in (("pciBusID", self.pci_bus_id), ("deviceID", self.runtime_config.device_id)):
            if "/" in name or name in (".", ".."):
                raise _invalid(f'{key} "{name}" is the name of no device', "write it as in 0000:00:1f.6")
        if self.device:
            return
        if self.hwaddr:
            self._check_hwaddr()
        elif self.kernelpath:
            self._check_kernelpath()
        elif not self.pci_bus_id and not self.runtime_config.device_id and not self._runtime_selects():
            raise _invalid('specify either "device", "hwaddr", "kernelpath" or "pciBusID"')

    @property
    def mac(self) -> str:
        """`hwaddr` as the kernel spells it, "" without one that could be."""
        try:
            return format_mac(parse_mac(self.hwaddr))
        except ValueError:
            return ""

    def bus_path(self) -> str:
        """Return the directory of the PCI or auxiliary device in sysfs, "" when none is named.

        Raises CniError for a deviceID that is neither.
        """
        device_id = self.runtime_config.device_id
        if not device_id:
            return f"{PCI}/{self.pci_bus_id}" if self.pci_bus_id else ""
        for bus in (PCI, AUXILIARY):
            if os.path.exists(f"{bus}/{device_id}"):
                return f"{bus}/{device_id}"
        raise CniError(INTERNAL, f"runtime config DeviceID {device_id} not found or unsupported")

    def uses_dpdk(self) -> bool:
        """Tell whether a program drives the PCI device, so that there is no interface to move."""
        path = self.bus_path()
        if not path.startswith(PCI):
            return False
        try:
            driver = os.readlink(f"{path}/driver")
        except OSError as error:
            text = f"error with host device: lstat {path}/driver: {errno_text(error.errno or 0)}"
            raise CniError(INTERNAL, text, "no driver is bound to it, or there is no such device") from None
        return driver.rpartition("/")[2] in DPDK_DRIVERS

    def find(self, host: Rtnl) -> Link:
        """Return the link of the node that is selected; raises CniError when there is none."""
        try:
            return self._find(host)
        except CniError as error:
            raise error.within(NOT_FOUND) from None
        except NetlinkError as error:
            raise CniError(INTERNAL, f"{NOT_FOUND}{error.reason}", str(error)) from None

    def _find(self, host: Rtnl) -> Link:
        if self.device:
            return host.link(self.device)
        if self.hwaddr:
            found = next((link for link in host.links() if link.mac == self.mac), None)
            if found is None or not self.mac:
                raise CniError(
                    INTERNAL, "failed to find physical interface", f"the node has none with {self.mac}"
                )
            return found
        if self.kernelpath:
            return host.link(_first(f"{os.path.normpath(self.kernelpath)}/net"))
        path = self.bus_path()
        if not path:
            raise CniError(INTERNAL, "failed to find physical interface", "the runtime gave no deviceID")
        return host.link(_first(_net_directory(path)))

    def _check_hwaddr(self) -> None:
        try:
            parse_mac(self.hwaddr)
        except ValueError as error:
            raise _invalid(f'{NOT_FOUND}failed to parse MAC address "{self.hwaddr}": {error}') from None

    def _check_kernelpath(self) -> None:
        if not f"{os.path.normpath(self.kernelpath)}/".startswith(DEVICES):
            raise _invalid(
                f'{NOT_FOUND}kernel device path "{self.kernelpath}" must be absolute and begin with {DEVICES}'
            )

    def _runtime_selects(self) -> bool:
        capabilities = self.document.object("capabilities")
        return capabilities is not None and capabilities.boolean("deviceID")


def _net_directory(path: str) -> str:
    """Return the directory that names the interfaces of a PCI or auxiliary device.

    Virtio devices have it one below that of the PCI device.
    """
    if not path.startswith(PCI) or os.path.isdir(f"{path}/net"):
        return f"{path}/net"
    try:
        below = sorted(name for name in os.listdir(path) if name.startswith("virtio"))
    except OSError:
        below = []
    for name in below:
        if os.path.isdir(f"{path}/{name}/net"):
            return f"{path}/{name}/net"
    raise CniError(INTERNAL, f"no net directory under pci device {path.rpartition('/')[2]}")


def _first(directory: str) -> str:
    try:
        names = sorted(os.listdir(directory))
    except OSError as error:
        reason = go_quote(f"open {directory}: {errno_text(error.errno or 0)}")
        raise CniError(INTERNAL, f"failed to read directory {directory}: {reason}") from None
    if not names:
        raise CniError(
            INTERNAL,
            f"failed to find network device in path {directory}",
            "it has none, or a container has it already",
        )
    return names[0]


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
