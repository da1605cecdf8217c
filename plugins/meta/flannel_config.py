"""flannel: its configuration keys, and the configuration of the plugin that it delegates to."""

from __future__ import annotations

from cnictl.plugin.config import NetworkConfig
from cnictl.spec.document import Document, encode
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import Config, members, routes, string

from .flannel_subnet import SUBNET_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.document import Json

    from .flannel_subnet import Lease

DATA_DIR = "/var/lib/cni/flannel"


class FlannelIPAM(Config):
    """The part of `ipam` that flannel adds to."""

    routes = routes("routes", text="routes of the container, in front of those to flannel's networks")


class FlannelConfig(NetworkConfig):
    """Keys of flannel."""

    subnet_file = string("subnetFile", default=SUBNET_FILE, text="what flanneld says of the node's lease")
    data_dir = string(
        "dataDir", default=DATA_DIR, text="where to keep what the delegate was given, for DEL; one file a pod"
    )
    delegate = members(
        "delegate",
        text="configuration of the plugin that makes the interface, without name and ipam;"
        " what is missing is filled in",
    )
    ipam = members(
        "ipam",
        text="configuration of its IPAM plugin, host-local unless type says otherwise;"
        " ranges and routes of the lease are added",
    )
    runtime_config = members("runtimeConfig", text="settings from the runtime, passed on to the delegate")

    @property
    def delegate_type(self) -> str:
        """The plugin that is delegated to."""
        return str(self.delegate.get("type", "bridge"))

    def validate(self, _request: Request) -> None:
        if not isinstance(self.delegate.get("type", ""), str):
            raise _invalid("'delegate' dictionary, if present, must have (string) 'type' field")
        for key in ("name", "ipam"):
            if key in self.delegate:
                raise _invalid(f"'delegate' dictionary must not have '{key}' field, it'll be set by flannel")
        self._own_routes()

    def for_delegate(self, lease: Lease | None) -> dict[str, Json]:
        """Return the configuration of the delegate; without a lease as much as DEL and GC need."""
        made = dict(self.delegate)
        made["name"] = self.name
        made.setdefault("type", "bridge")
        made.setdefault("ipMasq", lease is None or not lease.masquerades)
        if lease is not None:
            made.setdefault("mtu", lease.mtu)
        if made["type"] == "bridge":
            made.setdefault("isGateway", True)
        if self.document.string("cniVersion"):
            made["cniVersion"] = self.cni_version
        if self.document.get("runtimeConfig") is not None:
            made["runtimeConfig"] = self.runtime_config
        made["ipam"] = self._ipam(lease)
        return made

    def _ipam(self, lease: Lease | None) -> dict[str, Json]:
        made = dict(self.ipam)
        made.setdefault("type", "host-local")
        if lease is not None:
            made["ranges"] = [[{"subnet": str(subnet)}] for subnet in lease.subnets]
            made["routes"] = self._own_routes() + [{"dst": str(one)} for one in lease.networks]
        return made

    def _own_routes(self) -> list[Json]:
        try:
            given = FlannelIPAM(Document(self.ipam, "ipam")).routes
        except CniError as error:
            raise error.within(
                "failed to assemble Delegate IPAM: failed to read IPAM routes: failed to parse ipam.routes: "
            ) from None
        return [one.members() for one in given]


def read(request: Request) -> FlannelConfig:
    """Return the configuration of a request; raises CniError, in front of it the Go plugin's words."""
    try:
        return FlannelConfig(request.document)
    except CniError as error:
        loading = "" if request.command == "DEL" else "failed to load flannel netconf file: "
        raise error.within(f"{loading}failed to load netconf: ") from None


def encoded(configuration: dict[str, Json]) -> bytes:
    """Return a delegate's configuration as it is kept: compact, with sorted keys."""
    return encode(configuration, sort=True).encode()


def _invalid(message: str) -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, 'in key "delegate"')
