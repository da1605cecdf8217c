"""multus: which networks a pod asks for, and what of them, in the annotation that selects networks.

It is a list of names, `[NAMESPACE/]NAME[@IFNAME]` with commas, or a JSON list of objects.  The words
of the errors are those of the Go plugin.
"""

from __future__ import annotations

from cnictl.spec.address import Address, Prefix
from cnictl.spec.document import Document, decode
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import Config, members, members_list, optional_strings, string, strings
from cnictl.spec.mac import parse_mac
from cnictl.spec.names import check_interface_name
from cnictl.spec.value import Value

from .multus_names import is_device, is_label, is_subdomain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.spec.document import Json

_PARSE = "parsePodNetworkAnnotation: "
_JSON = _PARSE + "failed to parse pod Network Attachment Selection Annotation JSON format: "
_NAME = "parsePodNetworkObjectName: "
_IFNAME = "Failed to parse interface name: must be less than 15 chars and not contain '/' or spaces."
_FORM = (
    "one or more items did not match comma-delimited format (must consist of lower case alphanumeric"
    " characters). Must start and end with an alphanumeric character), mismatch @ "
)


class Wanted(Value):
    """What a pod wants of its attachment to one network, beyond what the network's configuration says.

    `gateways` are those of the pod's default routes: None where nothing is said of them, and an empty
    list where the plugin's own default routes are to stay.
    """

    __slots__ = ("ifname", "mac", "ips", "guid", "port_mappings", "bandwidth", "device_id", "gateways")

    def __init__(
        self,
        ifname: str = "",
        *,
        mac: str = "",
        ips: list[str] | None = None,
        guid: str = "",
        port_mappings: list[dict[str, Json]] | None = None,
        bandwidth: dict[str, Json] | None = None,
        device_id: str = "",
        gateways: list[Address] | None = None,
    ) -> None:
        self.ifname = ifname
        self.mac = mac
        self.ips = ips or []
        self.guid = guid
        self.port_mappings = port_mappings or []
        self.bandwidth = bandwidth or {}
        self.device_id = device_id
        self.gateways = gateways


class Selection(Value):
    """A network that a pod asks for; `cni_args` go into the plugins' `args.cni`."""

    __slots__ = ("namespace", "name", "wanted", "cni_args")

    def __init__(
        self, namespace: str, name: str, wanted: Wanted, cni_args: dict[str, Json] | None = None
    ) -> None:
        self.namespace = namespace
        self.name = name
        self.wanted = wanted
        self.cni_args = cni_args or {}


class _Element(Config):
    """An object of the JSON form."""

    name = string("name", text="name of the NetworkAttachmentDefinition")
    namespace = string("namespace", text="its namespace; the pod's when absent")
    ips = strings("ips", text="addresses")
    mac = string("mac", text="MAC address")
    guid = string("infiniband-guid", text="InfiniBand GUID")
    interface = string("interface", text="name of the interface")
    old_interface = string("interfaceRequest", text="the same, in pods of old")
    port_mappings = members_list("portMappings", text="ports to forward")
    bandwidth = members("bandwidth", text="limits")
    device_id = string("deviceID", text="device")
    cni_args = members("cni-args", text="further arguments")
    gateways = optional_strings("default-route", text="gateways of default routes")


def parse(text: str, namespace: str) -> list[Selection]:
    """Return the networks that an annotation selects, by default in a namespace; raises CniError 7."""
    if not text:
        return []
    try:
        if any(character in text for character in '[{"'):
            return _objects(text, namespace)
        return [_name(item.strip(), namespace) for item in text.split(",")]
    except CniError as error:
        raise CniError(INVALID_NETWORK_CONFIG, error.msg, error.details) from None


def _objects(text: str, namespace: str) -> list[Selection]:
    try:
        listed = Document({"networks": decode(text)}).objects("networks")
        elements = [_Element(Document(one.members, f"[{i}]")) for i, one in enumerate(listed)]
    except CniError as error:
        raise error.within(_JSON) from None
    return [_selection(one, namespace) for one in elements]


def _selection(element: _Element, namespace: str) -> Selection:
    namespace = element.namespace or namespace
    if not (is_subdomain(element.name) and is_label(namespace)):
        raise _invalid(f"{_PARSE}'{namespace}/{element.name}' is no name of a network")
    ifname = element.interface or element.old_interface
    if ifname:
        _check_ifname(ifname)
    for kind, text in (("mac", element.mac), ("infiniband-guid", element.guid)):
        try:
            parse_mac(text or "00:00:00:00:00:00")
        except ValueError as error:
            raise _invalid(f"{_PARSE}failed to {kind}: {error}") from None
    for text in element.ips:
        _check_ip(text)
    if element.device_id and not is_device(element.device_id):
        raise _invalid(f"{_PARSE}failed to deviceID: '{element.device_id}' is no name of a device")
    gateways = None if element.gateways is None else [_gateway(text) for text in element.gateways]
    wanted = Wanted(
        ifname,
        mac=element.mac,
        ips=element.ips,
        guid=element.guid,
        port_mappings=element.port_mappings,
        bandwidth=element.bandwidth,
        device_id=element.device_id,
        gateways=gateways,
    )
    return Selection(namespace, element.name, wanted, element.cni_args)


def _name(item: str, default: str) -> Selection:
    """Return the network of `[NAMESPACE/]NAME[@IFNAME]`."""
    namespace, slash, rest = item.rpartition("/")
    if item.count("/") > 1:
        raise _invalid(f"{_NAME}Invalid network object (failed at '/')")
    name, at, ifname = rest.partition("@")
    if item.count("@") > 1:
        raise _invalid(f"{_NAME}Invalid network object (failed at '@')")
    namespace = namespace.strip() if slash else default
    name, ifname = name.strip(), ifname.strip()
    for text in (name, namespace):
        if not is_label(text):
            raise _invalid(f"{_NAME}{_FORM}'{text}'")
    if at:
        _check_ifname(ifname, _NAME)
    return Selection(namespace, name, Wanted(ifname))


def _check_ifname(text: str, where: str = _PARSE) -> None:
    try:
        check_interface_name(text)
    except CniError as error:
        raise _invalid(f"{where}{_IFNAME} interface name '{text}'", error.msg) from None


def _check_ip(text: str) -> None:
    try:
        if "/" in text:
            Prefix.parse(text)
            return
    except ValueError as error:
        raise _invalid(f'failed to parse CIDR "{text}": {error}') from None
    try:
        Address.parse(text)
    except ValueError:
        raise _invalid(f'failed to parse IP address "{text}"') from None


def _gateway(text: str) -> Address:
    try:
        return Address.parse(text)
    except ValueError as error:
        raise _invalid(f"{_PARSE}failed to parse default-route: {error}") from None


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
