"""tuning: the file that holds what an interface was like before, written and read by the Go plugin as well.

Ours has one member more, the network's name, by which GC knows whose file it is.
"""

from __future__ import annotations

import os

from cnictl.plugin import tuned
from cnictl.spec.document import DecodeError, encode
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import IO_FAILURE, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.netlink.link import Link
    from cnictl.netlink.links import Links
    from cnictl.spec.document import Json

    from .tuning_config import Wanted


class Backup:
    """The backup file of one attachment."""

    __slots__ = ("data_dir", "path")

    def __init__(self, data_dir: str, container_id: str, ifname: str) -> None:
        self.data_dir = data_dir
        self.path = tuned.path(data_dir, container_id, ifname)

    def write(self, link: Link, wanted: Wanted, network: str) -> None:
        """Keep those properties of a link that are about to change; raises CniError 5."""
        members: dict[str, Json] = {}
        if wanted.mac:
            members["mac"] = link.mac
        if wanted.promisc:
            members["promisc"] = link.promiscuity > 0
        if wanted.mtu:
            members["mtu"] = link.mtu
        if wanted.all_multicast is not None:
            members["allmulti"] = link.all_multicast
        if wanted.txqlen is not None:
            members["txQLen"] = link.txqlen
        members["network"] = network
        try:
            # The mode that the Go plugin gives it; root may enter all the same.
            if not os.path.isdir(self.data_dir):
                os.makedirs(self.data_dir, mode=0o600, exist_ok=True)
        except OSError as error:
            raise CniError(
                IO_FAILURE,
                f"failed to create backup directory: {self.data_dir}: {errno_text(error.errno or 0)}",
            ) from None
        try:
            # A new file each time: an old one may be a link to somewhere else.
            self.remove()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with open(os.open(self.path, flags, 0o600), "w", encoding="utf-8") as file:
                file.write(encode(members, indent=1))
        except OSError as error:
            try:
                self.remove()
            except OSError:
                pass  # what could not be written need not be removed
            name = os.path.basename(self.path)
            raise CniError(
                IO_FAILURE, f"failed to save file {name}: {errno_text(error.errno or 0)}", self.path
            ) from None

    def restore(self, netns: Links, ifname: str) -> None:
        """Give a link back what it had, and remove the file; nothing to do without a file.

        Nor is there with half of one: whoever was killed while writing it had changed nothing.
        Raises CnictlError or OSError, leaving the file, when anything cannot be restored.
        """
        try:
            saved = tuned.read(self.path)
        except DecodeError:
            self.remove()
            return
        if saved is None:
            return
        link = netns.link(ifname)
        mtu, mac = saved.integer("mtu"), saved.string("mac")
        promisc, all_multicast = saved.optional_boolean("promisc"), saved.optional_boolean("allmulti")
        txqlen = saved.optional_integer("txQLen")
        if mtu:
            netns.set_mtu(link, mtu)
        if mac:
            netns.set_mac(link, mac)
        if promisc is not None:
            netns.set_promiscuous(link, promisc)
        if all_multicast is not None:
            netns.set_all_multicast(link, all_multicast)
        if txqlen is not None:
            netns.set_txqlen(link, txqlen)
        self.remove()

    def remove(self) -> None:
        """Remove the file if it is there."""
        try:
            os.unlink(self.path)
        except FileNotFoundError:
            pass


def collect_garbage(data_dir: str, network: str, valid: set[tuple[str, str]]) -> list[str]:
    """Remove the backups of a network's attachments that are not valid; return their paths.

    Files that do not name their network are the Go plugin's, and may be any network's: they stay.
    """
    keep = {tuned.path(data_dir, container_id, ifname) for container_id, ifname in valid}
    removed = []
    try:
        names = os.listdir(data_dir)
    except FileNotFoundError:
        return []
    for name in sorted(names):
        path = f"{data_dir}/{name}"
        if path in keep or not name.endswith(".json"):
            continue
        try:
            saved = tuned.read(path)
        except (CniError, OSError):
            continue  # not one of ours, or half written: DEL will tell
        if saved is not None and saved.string("network") == network:
            os.unlink(path)
            removed.append(path)
    return removed
