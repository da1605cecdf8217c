"""multus: a network that it delegates to."""

from __future__ import annotations

from cnictl.spec.conflist import list_of_one, parse_list, parse_plugin
from cnictl.spec.document import Document, encode
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.names import check_network_name
from cnictl.spec.value import Value

from .multus_selection import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.document import Json

_LIST = "LoadDelegateNetConfList: "


class Delegate(Value):
    """A network that is delegated to, and what the pod wants of it.

    `raw` is its configuration, a list or a single plugin; `name` what Kubernetes knows it by:
    NAMESPACE/NAME of a NetworkAttachmentDefinition, else the network's name.
    """

    __slots__ = ("network", "raw", "name", "wanted", "resource")

    def __init__(
        self,
        network: NetworkList,
        raw: bytes,
        name: str = "",
        wanted: Wanted | None = None,
        resource: str = "",
    ) -> None:
        self.network = network
        self.raw = raw
        self.name = name or network.name
        self.wanted = wanted or Wanted()
        self.resource = resource

    @property
    def type(self) -> str:
        """The plugin that makes the interface."""
        return self.network.plugins[0].type if self.network.plugins else ""

    def ifname(self, index: int, master: str) -> str:
        """Return the interface's name: what the pod wants, or `master` for the first, net1 for the next."""
        return self.wanted.ifname or (master if index == 0 else f"net{index}")


def parse(members: dict[str, Json], *, version: str = "", name: str = "", network_name: str = "") -> Delegate:
    """Return the network that a plugin's configuration or a list describes; raises CniError 6 or 7.

    A list without a version gets the one given, a network without a name `network_name`.
    """
    stated = dict(members)
    if network_name and not Document(stated).get("name"):
        stated = {key: value for key, value in stated.items() if key.lower() != "name"}
        stated["name"] = network_name
    if not Document(stated).string("type"):
        plugins = stated.get("plugins")
        if not (isinstance(plugins, list) and plugins):
            raise _invalid(f"{_LIST}delegate must have the 'type' or 'plugin' field")
        first = plugins[0]
        if not (isinstance(first, dict) and Document(first).string("type")):
            raise _invalid(f"{_LIST}a plugin delegate must have the 'type' field")
        if version and not ("cniVersions" in stated or stated.get("cniVersion")):
            stated["cniVersion"] = version
        raw = encode(stated).encode()
        found = Delegate(parse_list(raw), raw, name)
    else:
        raw = encode(stated).encode()
        found = Delegate(list_of_one(parse_plugin(raw)), raw, name)
    # They become names of files, and whoever wrote them need not be the node's administrator.
    check_network_name(found.network.name)
    for plugin in found.network.plugins:
        if "/" in plugin.type:
            raise _invalid(f"invalid plugin name: {plugin.type}")
    return found


def of_list(network: NetworkList, name: str = "") -> Delegate:
    """Return a network that was read from a file."""
    return Delegate(network, network.raw, name)


def _invalid(message: str) -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message)
