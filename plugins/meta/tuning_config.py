"""tuning: its configuration keys, and what they ask for when all sources are put together."""

from __future__ import annotations

import os

from cnictl.plugin import tuned
from cnictl.plugin.config import NetworkConfig
from cnictl.spec import json_text
from cnictl.spec.args import parse_args
from cnictl.spec.errors import INVALID_ENVIRONMENT, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import (
    Config,
    boolean,
    integer,
    mapping,
    nested,
    optional_boolean,
    optional_integer,
    optional_string,
    string,
)
from cnictl.spec.mac import parse_mac
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request


class TuningArguments(Config):
    """`args.cni` as tuning reads it: what is there replaces the plugin's own key."""

    sysctl = mapping("sysctl", text="sysctls, merged into the plugin's own")
    mac = optional_string("mac", format="mac", text="MAC address")
    promisc = optional_boolean("promisc", text="promiscuous mode")
    mtu = optional_integer("mtu", unit="bytes", text="MTU")
    allmulti = optional_boolean("allmulti", text="all-multicast mode")
    tx_qlen = optional_integer("txQLen", unit="packets", text="length of the transmit queue")


class TuningArgs(Config):
    """`args` as tuning reads it."""

    cni = nested("cni", TuningArguments, text="per-container settings")


class TuningRuntimeConfig(Config):
    """`runtimeConfig` as tuning reads it."""

    mac = string("mac", format="mac", text="MAC address (capability `mac`)")


class TuningConfig(NetworkConfig):
    """Keys of tuning."""

    sysctl = mapping(
        "sysctl", text="sysctls to set, by name; below `net.` only; IFNAME stands for the interface"
    )
    mac = string("mac", format="mac", text="MAC address of the interface")
    promisc = boolean("promisc", text="set the interface promiscuous")
    mtu = integer("mtu", unit="bytes", text="MTU of the interface; 0 leaves it")
    tx_qlen = optional_integer(
        "txQLen", unit="packets", since="1.2.0", text="length of the transmit queue; 0 is one without a queue"
    )
    allmulti = optional_boolean("allmulti", text="all-multicast mode, on or off; absent leaves it")
    data_dir = string("dataDir", default=tuned.DATA_DIR, text="where to keep what DEL restores")
    args = nested("args", TuningArgs, text="settings from the runtime, by convention")
    runtime_config = nested(
        "runtimeConfig", TuningRuntimeConfig, text="settings from the runtime, by capability"
    )

    def wanted(self, request: Request) -> Wanted:
        """Return what to set; raises CniError for CNI_ARGS and for names that stand twice."""
        _refuse_duplicates(request.stdin)
        per_pod = self.args.cni
        from_args = parse_args(request.args, {"MAC"}).get("MAC", "")
        return Wanted(
            sysctls={**self.sysctl, **per_pod.sysctl},
            mac=per_pod.mac or self.runtime_config.mac or from_args or self.mac,
            promisc=self.promisc if per_pod.promisc is None else per_pod.promisc,
            mtu=self.mtu if per_pod.mtu is None else per_pod.mtu,
            all_multicast=self.allmulti if per_pod.allmulti is None else per_pod.allmulti,
            txqlen=self.tx_qlen if per_pod.tx_qlen is None else per_pod.tx_qlen,
        )

    def validate(self, request: Request) -> None:
        wanted = self.wanted(request)
        wanted.check_mac()
        for name in wanted.sysctls:
            sysctl_path(name, request.ifname)


class Wanted(Value):
    """What to set: sysctls by the names in the configuration, and the interface's properties.

    `mac` "" and `mtu` 0 leave what is there, and so do `all_multicast` and `txqlen` None.
    """

    __slots__ = ("sysctls", "mac", "promisc", "mtu", "all_multicast", "txqlen")

    def __init__(
        self,
        *,
        sysctls: dict[str, str],
        mac: str = "",
        promisc: bool = False,
        mtu: int = 0,
        all_multicast: bool | None = None,
        txqlen: int | None = None,
    ) -> None:
        self.sysctls = sysctls
        self.mac = mac
        self.promisc = promisc
        self.mtu = mtu
        self.all_multicast = all_multicast
        self.txqlen = txqlen

    @property
    def changes_link(self) -> bool:
        """Whether anything of the interface is to be set."""
        optional = (self.all_multicast, self.txqlen)
        return bool(self.mac or self.promisc or self.mtu) or any(one is not None for one in optional)

    def check_mac(self) -> None:
        """Raise CniError 7 for a MAC address that is none."""
        if not self.mac:
            return
        try:
            parse_mac(self.mac)
        except ValueError as error:
            raise CniError(INVALID_NETWORK_CONFIG, f"invalid args {self.mac} for MAC addr: {error}") from None


def sysctl_path(name: str, ifname: str) -> str:
    """Return the path below /proc/sys of a configured sysctl; raises CniError 7 when it is not below net/.

    All dots become slashes, as in the Go plugin: a literal interface name with a dot cannot be
    written, IFNAME can.
    """
    if "/" in ifname:
        raise CniError(
            INVALID_ENVIRONMENT,
            f"Interface name ({ifname}) contains an invalid character /",
            "check CNI_IFNAME",
        )
    key = name.replace(".", "/").replace("IFNAME", ifname, 1)
    path = os.path.normpath(f"/proc/sys/{key}")
    if not path.startswith("/proc/sys/net/"):
        raise CniError(
            INVALID_NETWORK_CONFIG, f'invalid net sysctl key: "{key}"', "tuning sets sysctls below net. only"
        )
    return path.removeprefix("/proc/sys/")


def _refuse_duplicates(stdin: bytes) -> None:
    """Raise CniError 7 when a name stands twice in `sysctl`: which value wins would be an accident."""
    if b'"sysctl"' not in stdin.lower():
        return

    def pairs(members: list[tuple[str, object]]) -> dict[str, object]:
        names = [name for name, _ in members]
        found: dict[str, object] = dict(members)
        if len(set(names)) != len(names):
            found[""] = sorted({name for name in names if names.count(name) > 1})
        return found

    top = json_text.loads(stdin.decode(errors="replace"), object_pairs_hook=pairs)
    for name, value in top.items():
        if name.lower() == "sysctl" and isinstance(value, dict) and isinstance(value.get(""), list):
            raise CniError(
                INVALID_NETWORK_CONFIG,
                "duplicated sysctl keys are not allowed",
                f"twice: {', '.join(value[''])}",
            )
