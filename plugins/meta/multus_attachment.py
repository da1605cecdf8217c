"""multus: one network of a pod as its plugins see it: interface name, CNI_ARGS and capability arguments."""

from __future__ import annotations

import os

from cnictl import durable
from cnictl.netlink.rtnl import LinkGone, Rtnl
from cnictl.plugin import network
from cnictl.spec.errors import INTERNAL, CnictlError, CniError
from cnictl.spec.names import check_interface_name
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.document import Json

    from .multus_config import MultusConfig, PodArguments
    from .multus_delegate import Delegate

DEVICE_INFO = "/var/run/k8s.cni.cncf.io/devinfo/cni"
"""Where plugins describe the devices that they were given (device information specification, 1.1.0)."""


class Attached(Value):
    """A network of a container: the request that its plugins' are made from, and what they share.

    `device_info` is the file in which the plugin may describe a device, "" when there is none.
    """

    __slots__ = ("delegate", "ifname", "asked", "attachment", "device_info")

    def __init__(
        self,
        delegate: Delegate,
        ifname: str,
        asked: Request,
        attachment: network.Attachment,
        device_info: str = "",
    ) -> None:
        self.delegate = delegate
        self.ifname = ifname
        self.asked = asked
        self.attachment = attachment
        self.device_info = device_info

    def require_free_name(self) -> None:
        """Raise CniError for a name that no link may have, or that one has already."""
        check_interface_name(self.ifname)
        with self.asked.inside(Rtnl) as inside:
            try:
                inside.link(self.ifname)
            except LinkGone:
                return
        raise CniError(
            INTERNAL,
            f'DelegateAdd: cannot set "{self.delegate.type}" interface name to "{self.ifname}":'
            f" validateIfName: interface name {self.ifname} already exists",
            f"in {self.asked.netns}; DEL the attachment that has it first, or ask for another name",
        )

    def take_back(self) -> None:
        """Have the network deleted, and forget what its plugin said of a device.  Raises as DEL does."""
        self.attachment.delete(self.asked)
        if self.device_info:
            durable.remove(self.device_info)


def attach(
    request: Request, config: MultusConfig, pod: PodArguments, delegates: list[Delegate]
) -> list[Attached]:
    """Return the networks of the container that a request is about, the first being that of its ifname."""
    found = []
    for index, one in enumerate(delegates):
        ifname = one.ifname(index, request.ifname)
        offered = _capability_args(config, one, master=index == 0)
        device_info = ""
        if offered.get("deviceID"):
            name = f"{one.name}-{request.container_id}_{ifname}".replace("/", "-")
            offered["CNIDeviceInfoFile"] = device_info = f"{DEVICE_INFO}/{name}"
        asked = request.delegated(
            request.command,
            request.stdin,
            ifname=ifname,
            args=_args(request, pod, one),
            path=search_path(config, request),
        )
        attachment = network.Attachment(one.network, one.raw, config.cni_dir, offered)
        found.append(Attached(one, ifname, asked, attachment, device_info))
    return found


def delete(attached: list[Attached]) -> list[CniError]:
    """Have networks deleted, the last first; all are tried, and what failed is returned."""
    failures: list[CniError] = []
    for one in reversed(attached):
        try:
            one.take_back()
        except (CnictlError, OSError) as error:
            failures.append(network.as_cni_error(error))
    return failures


def search_path(config: MultusConfig, request: Request) -> str:
    """Return where the delegates' plugins are looked for."""
    return os.pathsep.join(filter(None, (config.bin_dir, request.path)))


def _args(request: Request, pod: PodArguments, delegate: Delegate) -> str:
    """Return CNI_ARGS: the pod, all that the runtime said, and what the pod wants."""
    pairs = {
        "IgnoreUnknown": "true",
        "K8S_POD_NAMESPACE": pod.namespace,
        "K8S_POD_NAME": pod.name,
        "K8S_POD_INFRA_CONTAINER_ID": pod.infra_container_id,
        "K8S_POD_UID": pod.uid,
    }
    for key, value in network.split(request.args):
        if not pairs.get(key):
            pairs[key] = value
    if delegate.wanted.mac:
        pairs["MAC"] = delegate.wanted.mac
    if delegate.wanted.ips:
        pairs["IP"] = ",".join(delegate.wanted.ips)
    return network.joined(tuple(pairs.items()))


def _capability_args(config: MultusConfig, delegate: Delegate, *, master: bool) -> dict[str, Json]:
    """Return what the runtime offers, and for all but the first network what the pod wants in its place."""
    offered = dict(config.runtime_config.document.members)
    wanted = delegate.wanted
    if delegate.resource:
        offered["deviceID"] = wanted.device_id
    if master:
        return offered
    asked: dict[str, Json] = {
        "portMappings": [*wanted.port_mappings],
        "bandwidth": wanted.bandwidth,
        "ips": [*wanted.ips],
        "mac": wanted.mac,
        "infinibandGUID": wanted.guid,
        "deviceID": wanted.device_id,
    }
    return {**offered, **{key: value for key, value in asked.items() if value}}
