"""multus: the annotation that says which networks a pod has, and how it is attached to each.

`k8s.v1.cni.cncf.io/network-status` of the Network Plumbing Working Group: a list of objects, here as
the Go plugin spells it.
"""

from __future__ import annotations

from cnictl import durable
from cnictl.spec.document import Document, decode_object, encode
from cnictl.spec.errors import CnictlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.spec.document import Json
    from cnictl.spec.result import Interface, IPConfig, Result

ANNOTATION = "k8s.v1.cni.cncf.io/network-status"


def text(elements: Iterable[dict[str, Json]]) -> str:
    """Return the annotation's value."""
    return f"[{','.join(encode(one, indent=4) for one in elements)}]"


def elements(
    name: str, ifname: str, result: Result, *, master: bool, device_info: str = ""
) -> list[dict[str, Json]]:
    """Return what there is to say of one network: an element for each interface in the pod.

    `device_info` is the file in which a plugin describes its device, "" for none.
    """
    gateways = _gateways(result)
    described = _device_info(device_info)
    if len(result.interfaces) <= 1:
        if not (result.interfaces or result.ips):
            return []
        only = result.interfaces[0] if result.interfaces else None
        named = ifname if only is None else ""
        shown = only if only is not None and only.sandbox else None
        return [_element(name, named, shown, result.ips, result, master, described, gateways)]
    inside = [one for one in result.interfaces if one.sandbox]
    default = _default(result) if master else None
    found = []
    for one in inside:
        last = one is inside[-1]
        ips = [ip for ip in result.ips if _is_of(result, ip, one, last=last)]
        found.append(_element(name, "", one, ips, result, one is default, described, gateways))
    return found


def _element(
    name: str,
    ifname: str,
    interface: Interface | None,
    ips: list[IPConfig],
    result: Result,
    default: bool,
    device_info: dict[str, Json],
    gateways: list[Json],
) -> dict[str, Json]:
    stated: dict[str, Json] = {
        "name": name,
        "interface": interface.name if interface else ifname,
        "ips": [str(ip.address.address) for ip in ips],
        "mac": interface.mac if interface else "",
        "mtu": interface.mtu if interface else 0,
        "default": default,
        "dns": result.dns.members(),
        "device-info": device_info,
        "gateway": gateways,
    }
    return {key: value for key, value in stated.items() if value or key in ("name", "dns")}


def _gateways(result: Result) -> list[Json]:
    """Return the gateways of the default routes, that of the address where the route has none."""
    of_address: dict[int, str] = {}
    for ip in result.ips:
        if ip.gateway is not None:
            of_address.setdefault(ip.address.version, str(ip.gateway))
    found = [
        of_address.get(route.dst.version, "") if route.gw is None else str(route.gw)
        for route in result.routes
        if route.dst.is_default
    ]
    return [one for one in found if one]


def _default(result: Result) -> Interface | None:
    """Return the interface with the first address that has a gateway, else the first in the pod."""
    for ip in result.ips:
        if ip.gateway is not None and ip.interface is not None and 0 <= ip.interface < len(result.interfaces):
            found = result.interfaces[ip.interface]
            if found.sandbox:
                return found
    return next((one for one in result.interfaces if one.sandbox), None)


def _is_of(result: Result, ip: IPConfig, interface: Interface, *, last: bool) -> bool:
    if ip.interface is None:
        return last
    return 0 <= ip.interface < len(result.interfaces) and result.interfaces[ip.interface] is interface


def _device_info(path: str) -> dict[str, Json]:
    try:
        data = durable.read(path) if path else None
        return Document(decode_object(data)).members if data else {}
    except (OSError, CnictlError):
        return {}
