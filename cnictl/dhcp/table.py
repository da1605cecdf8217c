"""The leases of a node's containers: got for Allocate, given back for Release, taken over after a restart."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from cnictl.dhcp.client import Client
from cnictl.dhcp.keeper import Keeper
from cnictl.dhcp.lease import Lease, LeaseError, wall_clock
from cnictl.dhcp.link import ContainerLink, LinkLost
from cnictl.ipam import lease_record
from cnictl.ipam.lease_record import LeaseRecord
from cnictl.plugin.log import Log
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from cnictl.dhcp.timing import Timing


@dataclass(frozen=True, slots=True)
class Attachment:
    """What a lease is for: an interface of a container in a network."""

    container_id: str
    network: str
    ifname: str
    netns: str

    @property
    def client_id(self) -> str:
        return lease_record.client_id(self.container_id, self.network, self.ifname)


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for all leases: time limits, whether servers answer to all, where the host's files are."""

    timing: Timing
    broadcast: bool = False
    host_prefix: str = ""


class Table:
    """The leases by client id; `socket` is the daemon's, beside which they are kept."""

    def __init__(self, socket: str, policy: Policy) -> None:
        self._socket = socket
        self._policy = policy
        self._held: dict[str, _Held] = {}
        self._acquiring: dict[str, asyncio.Task[Lease]] = {}
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def allocate(self, attachment: Attachment, options: Mapping[int, bytes]) -> tuple[Lease, bool]:
        """Return the lease of an attachment, and whether it is a new one.

        Raises CnictlError when there is none.  When the caller is cancelled a new lease is given back.
        """
        async with self._turn(attachment.client_id):
            held = self._held.get(attachment.client_id)
            if held is not None and held.is_of(self._path(attachment)):
                held.keeper.check()
                return held.keeper.lease, False
            if held is not None:
                await self._end(attachment.client_id, held)
            client = Client(
                ContainerLink.find(self._path(attachment), attachment.ifname),
                attachment.client_id,
                options,
                self._policy.timing,
                self._policy.broadcast,
                _log(attachment.client_id),
            )
            lease = await self._acquire(client)
            self._record(attachment, self._hold(attachment, client, lease))
            return lease, True

    async def release(self, client_id: str) -> None:
        """Give a lease back and forget it; one that is still being acquired is not acquired any more."""
        acquiring = self._acquiring.get(client_id)
        if acquiring is not None:
            acquiring.cancel()
        async with self._turn(client_id):
            held = self._held.get(client_id)
            if held is not None:
                await self._end(client_id, held)
            else:
                self._forget(client_id)

    def take_over(self) -> None:
        """Go on with the leases that an earlier daemon kept, but for those whose interface is gone."""
        records, broken = lease_record.read(self._socket)
        for file, reason in broken.items():
            Log("info").error("lease cannot be read, leaving it alone", file=file, reason=reason)
        for record in records:
            attachment = Attachment(record.container_id, record.network, record.ifname, record.netns)
            log = _log(record.client_id)
            link = ContainerLink(self._path(attachment), record.ifname, record.netns_inode, record.link_index)
            try:
                link.look()
                lease = Lease.recorded(record)
            except (LinkLost, ValueError) as error:
                log.warning("lease dropped", address=record.address, reason=error)
                self._forget(record.client_id)
                continue
            except CnictlError:
                lease = Lease.recorded(record)  # the keeper looks again
            client = Client(
                link, record.client_id, record.sent, self._policy.timing, self._policy.broadcast, log
            )
            self._hold(attachment, client, lease)
            log.info("lease taken over", address=lease.address, expiration=lease.expiration)

    async def _end(self, client_id: str, held: _Held) -> None:
        await held.stop()
        client, lease = held.keeper.client, held.keeper.lease
        client.log.info("releasing lease", address=lease.address)
        await _give_back(client, lease)
        self._forget(client_id)

    async def _acquire(self, client: Client) -> Lease:
        client.log.info("acquiring lease")
        task = self._acquiring[client.client_id] = asyncio.create_task(client.acquire(math.inf))
        try:
            lease = await task
        except asyncio.CancelledError:
            if task.done() and not task.cancelled() and task.exception() is None:
                await _give_back(client, task.result())
            current = asyncio.current_task()
            if current is not None and current.cancelling():
                client.log.warning("lease not acquired, nobody waits for it any more")
                raise
            raise LeaseError("released before it was acquired") from None
        finally:
            del self._acquiring[client.client_id]
        try:
            prefix = lease.prefix
        except LeaseError:
            await _give_back(client, lease)
            raise
        client.log.info("lease acquired", address=prefix, server=lease.server, expiration=lease.expiration)
        return lease

    def _hold(self, attachment: Attachment, client: Client, lease: Lease) -> Keeper:
        keeper = Keeper(client, lease, partial(self._record, attachment))
        held = _Held(keeper, asyncio.create_task(keeper.run()))
        held.task.add_done_callback(partial(self._ended, client.client_id))
        self._held[client.client_id] = held
        return keeper

    def _ended(self, client_id: str, task: asyncio.Task[None]) -> None:
        """Forget a lease whose keeper came to an end by itself."""
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            _log(client_id).error("lease is no longer kept", reason=repr(error))
        self._forget(client_id)

    def _record(self, attachment: Attachment, keeper: Keeper) -> None:
        client, lease = keeper.client, keeper.lease
        record = LeaseRecord(
            attachment.container_id,
            attachment.network,
            attachment.ifname,
            netns=attachment.netns,
            netns_inode=client.link.inode,
            link_index=client.link.index,
            address=lease.prefix,
            server=str(lease.server),
            renew=wall_clock(lease.renew),
            rebind=wall_clock(lease.rebind),
            expire=wall_clock(lease.expire),
            sent=dict(client.options),
            given=dict(lease.given),
        )
        try:
            lease_record.write(self._socket, record)
        except CnictlError as error:
            client.log.warning("lease would not survive a restart of the daemon", reason=error)

    def _forget(self, client_id: str) -> None:
        self._held.pop(client_id, None)
        try:
            lease_record.remove(self._socket, client_id)
        except CnictlError as error:
            _log(client_id).error("lease cannot be forgotten", reason=error)

    def _path(self, attachment: Attachment) -> str:
        return self._policy.host_prefix + attachment.netns

    def _turn(self, client_id: str) -> asyncio.Lock:
        """Return the lock by which calls for the same client come one after the other."""
        return self._turns.setdefault(client_id, asyncio.Lock())


@dataclass(frozen=True, slots=True)
class _Held:
    """A lease and the task that keeps it."""

    keeper: Keeper
    task: asyncio.Task[None]

    def is_of(self, path: str) -> bool:
        """Whether it is still kept, for an interface that is still there, in the namespace at that path."""
        link = self.keeper.client.link
        try:
            link.look()
        except LinkLost:
            return False
        except CnictlError:
            pass  # it cannot be told; the keeper looks again
        return link.path == path and not self.task.done()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.wait([self.task])


async def _give_back(client: Client, lease: Lease) -> None:
    """Tell the server, if that is still possible: without its interface a lease has to run out."""
    try:
        await client.release(lease)
    except (CnictlError, OSError) as error:
        client.log.warning("lease not given back, it will run out", reason=error)


def _log(client_id: str) -> Log:
    return Log("info", "", {"client": client_id})
