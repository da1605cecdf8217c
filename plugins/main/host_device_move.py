"""host-device: the device's way into the container, and back under the name that it had.

Its alias keeps that name, as with the Go plugin, so that either finds the way back.
"""

from __future__ import annotations

from cnictl.netlink.rtnl import LinkGone, NetlinkError, Rtnl
from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.result import current

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request

    from .host_device_config import HostDeviceConfig

KERNEL_NAME = "dev"
"""What the kernel calls a device that comes back from a namespace and finds its name taken: dev7."""


def move_in(request: Request, host: Rtnl, inside: Rtnl, device: Link) -> Link:
    """Move a link of the node into the container as CNI_IFNAME, and return it as it is there, up.

    It is given back when the request fails later.
    """
    ifname = request.ifname
    failed = f'failed to move link failed to move "{ifname}" (host: "{device.name}") to container NS'
    if _find(inside, ifname) is not None:
        raise CniError(
            INTERNAL,
            f"{failed}: file exists",
            f"{ifname} is already in {request.netns}; DEL the attachment that has it first",
        )
    request.undo.push(_undo, request, device)
    try:
        host.set_netns(device, inside, name=ifname, alias=device.name)
    except NetlinkError as error:
        raise CniError(INTERNAL, f"{failed}: {error.reason}", str(error)) from None
    try:
        inside.set_up(inside.link(ifname))
        moved = inside.link(ifname)
    except NetlinkError as error:
        text = f'failed to move link failed to set "{ifname}" up: {error.reason}'
        raise CniError(INTERNAL, text, str(error)) from None
    request.log.info("moved device", device=device.name, to=request.netns, mac=moved.mac)
    return moved


def give_back(request: Request, config: HostDeviceConfig) -> None:
    """Move the device from the container back to the node, under its own name and down.

    Where the namespace ended first the kernel has moved it back under the name that it had there;
    it is renamed then.  Nothing to do when it is back already.  Raises CniError when its name is
    taken on the node; it then stays where it is.
    """
    with Rtnl() as host:
        if request.netns:
            with Rtnl(request.netns) as inside:
                moved = _find_moved(request, config, inside.links())
                if moved is not None:
                    _move_out(inside, host, moved, moved.alias or config.device, request.netns)
                    return
        _rename_returned(request, config, host)


def _find_moved(request: Request, config: HostDeviceConfig, links: list[Link]) -> Link | None:
    """Return which of the container's links is the device: CNI_IFNAME, or what that was renamed to."""
    macs = _macs(request, config)
    named = next((link for link in links if link.name == request.ifname), None)
    if named is not None and named.alias:
        return named
    if named is not None and named.mac in macs:
        if config.device:
            return named
        raise CniError(
            INTERNAL,
            f'failed to find original ifname for "{named.name}" (alias is not set)',
            f"tell its name on the node: ip -n {request.netns} link set {named.name} alias NAME",
        )
    for link in links:
        if link.alias and (link.alias == config.device or link.mac in macs):
            return link
    return None


def _move_out(inside: Rtnl, host: Rtnl, link: Link, name: str, netns: str) -> None:
    if _find(host, name) is not None:
        raise CniError(
            INTERNAL,
            f'failed to move "{name}" to hostNS: file exists',
            f"the node has another {name}, rename it or remove it; {link.name} stays in {netns} until then",
        )
    try:
        if _find(inside, name) is None:
            # Under its own name before it arrives: who watches the node's devices sees no other.
            inside.set_down(link)
            inside.rename(link, name)
        inside.set_netns(link, host, name=name, alias="")
    except NetlinkError as error:
        failure = CniError(INTERNAL, f'failed to move "{name}" to hostNS: {error.reason}', str(error))
        try:
            _restore(inside, link)
        except NetlinkError as again:
            failure.add_note(f"and then: {again}")
        raise failure from None


def _restore(inside: Rtnl, link: Link) -> None:
    """Give a link that stays in the container its name there back, and set it up if it was."""
    left = inside.link_by_index(link.index)
    if left.name != link.name:
        inside.rename(left, link.name)
    if link.up:
        inside.set_up(left)


def _rename_returned(request: Request, config: HostDeviceConfig, host: Rtnl) -> None:
    """Give the device its name back if it has come back without this plugin."""
    macs = _macs(request, config)
    for link in host.links():
        if link.alias in ("", link.name) or not _is_kernels_choice(link.name, request.ifname):
            continue
        if link.alias != config.device and link.mac not in macs and not _selects(config, host, link):
            continue
        if _find(host, link.alias) is not None:
            request.log.warning("name of returned device is taken", device=link.name, name=link.alias)
            continue
        host.set_down(link)
        host.rename(link, link.alias)
        host.set_alias(link, "")
        request.log.info("renamed returned device", was=link.name, name=link.alias)


def _is_kernels_choice(name: str, ifname: str) -> bool:
    return name == ifname or (name.startswith(KERNEL_NAME) and name[len(KERNEL_NAME) :].isdecimal())


def _selects(config: HostDeviceConfig, host: Rtnl, link: Link) -> bool:
    try:
        return config.find(host).index == link.index
    except CniError:
        return False


def _macs(request: Request, config: HostDeviceConfig) -> set[str]:
    """Return the MAC addresses by which the device can be known."""
    return {mac for mac in (config.mac, _mac_of_result(request)) if mac}


def _mac_of_result(request: Request) -> str:
    """Return the MAC address that ADD reported of CNI_IFNAME, "" when nobody says so."""
    try:
        given = request.given_result()
    except CniError:
        return ""  # DEL works without
    interfaces = [] if given is None else current(given).interfaces
    found = (one.mac for one in interfaces if one.name == request.ifname and one.sandbox)
    return next(found, "").lower()


def _undo(request: Request, device: Link) -> None:
    """Have the device be on the node as it was, if the move was not broken off before."""
    with Rtnl() as host, Rtnl(request.netns) as inside:
        for name in (request.ifname, device.name):
            link = _find(inside, name)
            if link is None or (link.mac, link.kind) != (device.mac, device.kind):
                continue
            inside.set_netns(link, host, name=device.name, alias=device.alias)
            back = host.link(device.name)
            if device.master:
                host.set_master(back, device.master)
            if device.up:
                host.set_up(back)
            return


def _find(netns: Rtnl, name: str) -> Link | None:
    try:
        return netns.link(name)
    except LinkGone:
        return None
