"""tap: making the interface, by this process or by `ip` in an SELinux context."""

from __future__ import annotations

import errno
import os

from cnictl.netlink import tuntap
from cnictl.netlink.rtnl import NetlinkError, Rtnl
from cnictl.netns import entered
from cnictl.plugin import interface
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import INTERNAL, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.rtnl import Link
    from cnictl.plugin.request import Request

    from .tap_config import TapConfig

EXEC_LABEL = "/proc/thread-self/attr/exec"
"""Where a thread says in which context the next program that it starts is to run; proc(5)."""
TIMEOUT = 30.0
"""Seconds that `ip` may take."""


def make(request: Request, config: TapConfig, inside: Rtnl) -> Link:
    """Make CNI_IFNAME and return it; it is down.  It is removed again when the request fails later."""
    if config.selinux_context:
        _make_in_context(request, config)
    else:
        _make(request, config)
    request.undo.push(interface.delete_container_interface, request)
    try:
        link = inside.link(request.ifname)
    except NetlinkError as error:
        raise CniError(INTERNAL, f'failed to refetch tap "{request.ifname}": {error.reason}') from None
    mac = config.container_mac(request)
    try:
        if config.mtu > 0:
            inside.set_mtu(link, config.mtu)
        if mac:
            inside.set_mac(link, mac)
        link = inside.link(request.ifname)
    except NetlinkError as error:
        raise CniError(INTERNAL, f"failed to create tap: {error.reason}", str(error)) from None
    request.log.info("made tap", name=link.name, mac=link.mac, mtu=link.mtu)
    return link


def _make(request: Request, config: TapConfig) -> None:
    try:
        tuntap.add_tap(
            request.netns,
            request.ifname,
            owner=config.owner,
            group=config.group,
            multi_queue=config.multi_queue,
            packet_information=not config.plain and not config.multi_queue,
            vnet_header=not config.plain,
        )
    except NetlinkError as error:
        if error.errno == errno.EBUSY:
            raise CniError(
                INTERNAL,
                "failed to create tap: file exists",
                f"{request.ifname} is already in {request.netns}; DEL the attachment that has it first",
            ) from None
        raise CniError(INTERNAL, f"failed to create tap: {error.reason}", str(error)) from None


def _make_in_context(request: Request, config: TapConfig) -> None:
    """Have `ip` make it: a program gets its context when it is started, and gives it to what it makes."""
    from cnictl.netfilter import program

    words = ["tuntap", "add", "mode", "tap", "name", request.ifname]
    words += ["multi_queue"] if config.multi_queue else []
    words += [] if config.owner is None else ["user", str(config.owner)]
    words += [] if config.group is None else ["group", str(config.group)]
    path = program.locate("ip", "failed to run command : ")
    with entered(request.netns), _Context(config.selinux_context):
        done = program.run(path, words, timeout=TIMEOUT)
    if done.status:
        said = (done.stdout + done.stderr).decode(errors="replace")
        raise CniError(INTERNAL, f"failed to run command {said}: {done.reason}", f"ip {' '.join(words)}")


class _Context:
    """The SELinux context of programs that are started inside the block."""

    def __init__(self, context: str) -> None:
        self._context = context

    def __enter__(self) -> None:
        try:
            _write_label(self._context)
        except OSError as error:
            raise CniError(
                INTERNAL,
                f"failed set socket label: {errno_text(error.errno or 0)}",
                f"cannot start a program in the SELinux context {self._context};"
                " does this kernel have SELinux, and its policy that context?",
            ) from None

    def __exit__(self, *_: object) -> None:
        _write_label("")  # the IPAM plugin runs in the context that this one was started in


def _write_label(context: str) -> None:
    label = os.open(EXEC_LABEL, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(label, context.encode())
    finally:
        os.close(label)
