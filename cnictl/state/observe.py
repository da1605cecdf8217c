"""Everything that a plugin can leave behind on a node and in its pods, read by programs other than ours.

The thin observer of CHECK (`cnictl.plugin.observe`) reads what expectations ask about; this one
reads all, through pyroute2, iptables-save and nft, and reports the same entities for the same things.
Nothing is changed by looking.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import ExitStack
from typing import TYPE_CHECKING

from cnictl import firewalld
from cnictl.declare import entities
from cnictl.declare.model import NODE, State
from cnictl.netfilter import observe as netfilter
from cnictl.netlink import observe as netlink
from cnictl.netlink.errors import NetlinkError
from cnictl.netns import NetnsError, entered
from cnictl.runtime.cache import DEFAULT_DIRECTORY
from cnictl.spec.errors import CnictlError
from cnictl.state.files import (
    attachments,
    directories,
    file,
    files,
    lease_sockets,
    leases,
    reservations,
)
from cnictl.state.kinds import views
from cnictl.state.network import UNREAD, entities_of
from cnictl.state.snapshot import EVERYTHING, Snapshot, Unseen
from cnictl.state.sysctls import sysctls as read_sysctls

if TYPE_CHECKING:
    from cnictl.declare.model import Entity
    from cnictl.netfilter.observed import Filters
    from cnictl.netlink.observed import Network


def observe_node(
    pods: Mapping[str, str] | None = None,
    *,
    data_dirs: Iterable[str] | None = None,
    backup_dirs: Iterable[str] | None = None,
    dhcp_sockets: Iterable[str] | None = None,
    cache_dir: str = DEFAULT_DIRECTORY,
    sysctls: Collection[str] = (),
    paths: Iterable[str] = (),
) -> State:
    """Return the state of this node and of its pods (name to path of the netns); see `take`."""
    return take(
        pods,
        data_dirs=data_dirs,
        backup_dirs=backup_dirs,
        dhcp_sockets=dhcp_sockets,
        cache_dir=cache_dir,
        sysctls=sysctls,
        paths=paths,
    ).state


def take(
    pods: Mapping[str, str] | None = None,
    *,
    data_dirs: Iterable[str] | None = None,
    backup_dirs: Iterable[str] | None = None,
    dhcp_sockets: Iterable[str] | None = None,
    cache_dir: str = DEFAULT_DIRECTORY,
    sysctls: Collection[str] = (),
    paths: Iterable[str] = (),
) -> Snapshot:
    """Return the state of this node and of its pods, and what of it could not be read.

    `data_dirs` are those of host-local, `backup_dirs` those of other plugins that keep something, and
    `dhcp_sockets` those of DHCP daemons, by default the usual ones and those of configurations in
    `cache_dir`, the runtime's; `sysctls` and `paths` are further sysctls of every place, and further files.
    """
    kept, backups = directories(cache_dir)
    taking = _Taking(sysctls)
    node = taking.place(NODE)
    taking.sources()
    unread: list[OSError] = []
    taking.add(NODE, reservations(kept if data_dirs is None else data_dirs, unread))
    taking.add(NODE, files(backups if backup_dirs is None else backup_dirs, unread))
    sockets = lease_sockets(cache_dir) if dhcp_sockets is None else dhcp_sockets
    taking.add(NODE, leases(dict.fromkeys(sockets), taking.unseen))
    taking.add(NODE, (entity for path in paths for entity in file(path, unread)))
    try:
        taking.add(NODE, attachments(cache_dir, unread))
    except CnictlError as error:
        taking.unseen.append(Unseen(NODE, "attachment", str(error)))
    taking.unseen += [Unseen(NODE, f"file {one.filename}", one.strerror or str(one)) for one in unread]
    named = dict(pods or {})
    for path in dict.fromkeys(named.values()):
        taking.place(path, node)
    return Snapshot(taking.state, named, unseen=tuple(taking.unseen))


class _Taking:
    def __init__(self, sysctls: Collection[str]) -> None:
        self._sysctls = sysctls
        self.state = State()
        self.unseen: list[Unseen] = []

    def add(self, where: str, found: Iterable[Entity]) -> None:
        for entity in found:
            self.state.extend(where, (entity, *views(entity)))

    def sources(self) -> None:
        """Add what is bound to the zones of firewalld, which is the node's if there is one."""
        try:
            zones = firewalld.sources()
        except CnictlError as error:
            self.unseen.append(Unseen(NODE, "source", str(error)))
            return
        self.add(NODE, (entities.source(zone, one) for zone, bound in zones.items() for one in bound))

    def place(self, where: str, node: Network | None = None) -> Network | None:
        """Add what the kernel has in a place; return its network, None when the place cannot be entered."""
        self.state.extend(where, ())
        try:
            with ExitStack() as stack:
                if where != NODE:
                    stack.enter_context(entered(where))
                network = netlink.observe()
                filters = netfilter.observe()
                self.add(where, list(read_sysctls(self._sysctls)))
        except (NetnsError, NetlinkError) as error:
            self.unseen.append(Unseen(where, EVERYTHING, str(error)))
            return None
        self.add(where, entities_of(where, network, node or network))
        self.add(where, _chains(filters))
        self.unseen += [Unseen(where, UNREAD[what], reason) for what, reason in network.unread.items()]
        self.unseen += [Unseen(where, f"chain {tool}", reason) for tool, reason in filters.unread.items()]
        return network


def _chains(filters: Filters) -> Iterator[Entity]:
    for chain in filters.chains:
        yield entities.chain(
            chain.tool,
            chain.table,
            chain.name,
            chain.texts,
            hook=chain.hook or None,
            policy=chain.policy or None,
        )
