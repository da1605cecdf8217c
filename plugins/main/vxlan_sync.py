"""vxlan: an overlay apart from any pod, for the command line: in step with the directory, and described."""

from __future__ import annotations

from cnictl.netlink.rtnl import Rtnl
from cnictl.plugin.request import Request

from . import vxlan_device, vxlan_entries, vxlan_remotes
from .vxlan_config import VxlanConfig
from .vxlan_entries import Change, Report

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.spec.document import Document, Json

    from .vxlan_device import Overlay
    from .vxlan_remotes import Remotes


def synchronise(document: Document, *, plan: bool = False) -> Report:
    """Make the network's VXLAN interface if it is not there, and bring its entries up to date.

    With `plan` nothing is changed.  Raises CniError when there can be no overlay, and when the
    directory of remotes cannot be read.
    """
    request = Request("ADD", document)
    with Rtnl() as host, request.undo:
        overlay = _overlay(host, request)
        with vxlan_device.lock(overlay.name):
            device = vxlan_device.find(host, overlay.name)
            missing = device is None
            if not plan:
                device = vxlan_device.ensure(request, host, overlay)
            report = vxlan_entries.converge(host, overlay, device, plan=plan)
    if missing:
        report.changes.insert(0, Change("+", "link", overlay.name))
    return report


def itself(document: Document) -> dict[str, Json]:
    """Return what other nodes must know of this one: what is in its file in their directory."""
    with Rtnl() as host:
        overlay = _overlay(host, Request("ADD", document))
    members: dict[str, Json] = {"vtep": str(overlay.underlay.local), "vtepMAC": overlay.mac}
    if overlay.config.is_routed:
        members["podCIDRs"] = [str(network) for network in overlay.config.networks()]
    return {**members, "vni": overlay.config.vni, "port": overlay.config.port}


def others(document: Document) -> Remotes:
    """Return what this node knows of the others."""
    with Rtnl() as host:
        overlay = _overlay(host, Request("ADD", document))
    return vxlan_remotes.read(overlay.config, overlay.underlay.local)


def directory(document: Document) -> str:
    """Return the directory with the other nodes' files, "" if the configuration names none."""
    return VxlanConfig(document).remotes_dir


def _overlay(host: Rtnl, request: Request) -> Overlay:
    config = VxlanConfig(request.document)
    config.validate(request)
    return vxlan_device.plan(host, config, request.network)
