"""tap: its configuration keys."""

from __future__ import annotations

from cnictl.plugin.config import MainConfig, check_station_mac
from cnictl.spec.args import parse_args
from cnictl.spec.errors import CniError
from cnictl.spec.keys import Config, boolean, dns, integer, nested, optional_unsigned, string

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request

NOBODY = (1 << 32) - 1
"""The number that the kernel takes for no user or group, in tun_chr_ioctl()."""
LARGEST_ID = NOBODY - 1


class TapRuntimeConfig(Config):
    """`runtimeConfig` as tap reads it."""

    mac = string("mac", format="mac", text="MAC address, before all others (capability `mac`)")


class TapConfig(MainConfig):
    """Keys of tap."""

    multi_queue = boolean("multiQueue", text="let a program open it several times, a queue each time")
    mtu = integer("mtu", minimum=0, unit="bytes", text="MTU of the interface; 0 for the kernel's default")
    mac = string("mac", format="mac", text="MAC address; that of CNI_ARGS goes before it")
    owner = optional_unsigned(
        "owner", maximum=LARGEST_ID, text="number of the user who may open it without privilege"
    )
    group = optional_unsigned(
        "group", maximum=LARGEST_ID, text="number of the group whose members may; with owner one must be both"
    )
    selinux_context = string(
        "selinuxContext", text="SELinux context to make it in, which a program's policy may ask for"
    )
    bridge = string("bridge", format="ifname", text="bridge in the container that it becomes a port of")
    dns = dns("dns", text="resolver settings for the Result; those of the IPAM plugin are not passed on")
    runtime_config = nested(
        "runtimeConfig", TapRuntimeConfig, text="settings from the runtime, by capability"
    )

    @property
    def plain(self) -> bool:
        """Whether frames are led by nothing: the Go plugin then has `ip tuntap` make the interface."""
        return bool(self.selinux_context) or self.owner is None or self.group is None

    def container_mac(self, request: Request) -> str:
        """Return the MAC address asked for, "" for none; raises CniError for CNI_ARGS."""
        from_args = parse_args(request.args, {"MAC"}).get("MAC", "")
        return self.runtime_config.mac or from_args or self.mac

    def validate(self, request: Request) -> None:
        """Raise CniError for values that make no sense."""
        self.document.object("args")
        for key, number in (("owner", self.owner), ("group", self.group)):
            if number is not None and number > LARGEST_ID:
                error = self.document.mismatch(key, f"a whole number up to {LARGEST_ID}", number)
                if number != NOBODY:
                    raise error
                details = (
                    f"the kernel takes that number for no {key}: leave out the key where there is to be none"
                )
                raise CniError(error.code, error.msg, details)
        mac = self.container_mac(request)
        if mac:
            check_station_mac(mac, "tap")
