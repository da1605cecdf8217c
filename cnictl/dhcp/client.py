"""A client of DHCP servers (RFC 2131) for one interface: gets a lease, renews it, gives it back."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.dhcp.lease import Lease, LeaseError
from cnictl.dhcp.link import LinkLost
from cnictl.dhcp.message import MessageType, to_server
from cnictl.ipam.dhcp_options import CLIENT_ID, ERROR_TEXT, REQUESTED_ADDRESS, SERVER
from cnictl.ipam.dhcp_rpc import NO_LEASE
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from cnictl.dhcp.link import ContainerLink
    from cnictl.dhcp.message import Message, SentDHCPMessage
    from cnictl.dhcp.port import Port
    from cnictl.dhcp.timing import Timing
    from cnictl.plugin.log import Log


class Refused(LeaseError):
    """The server says that the address is not the client's."""


@dataclass(frozen=True, slots=True)
class Client:
    """What asks for a lease.

    `client_id` is what option 61 says without the byte for its kind; `options` are sent with every
    question; `broadcast` has servers answer to all stations of the link.
    """

    link: ContainerLink
    client_id: str
    options: Mapping[int, bytes]
    timing: Timing
    broadcast: bool
    log: Log

    async def acquire(self, until: float) -> Lease:
        """Return a new lease; raises LeaseError after the time limit, or at `until` (monotonic), LinkLost."""
        return await self._retried(self._discover, until, final=(LinkLost,))

    async def renew(self, lease: Lease, until: float) -> Lease:
        """Return the lease with new times; raises Refused, and as `acquire`."""

        async def ask(limit: float) -> Lease:
            with self.link.port() as port:
                return await self._request(port, lease, _transaction(), limit, renewal=True)

        return await self._retried(ask, until, final=(LinkLost, Refused))

    async def release(self, lease: Lease) -> None:
        """Tell the server that the address is free, which it does not answer.

        Raises LinkLost, NetnsError and OSError.
        """
        options = {SERVER: lease.server.packed, CLIENT_ID: identifier(self.client_id)}
        message = to_server(
            MessageType.RELEASE,
            options,
            transaction=_transaction(),
            address=str(lease.address),
            server=str(lease.server),
        )
        with self.link.port() as port:
            await port.put(message)

    async def _discover(self, until: float) -> Lease:
        if await self.link.set_up():
            self.log.info("link was down, set it up", link=self.link.ifname)
        transaction = _transaction()
        message = to_server(
            MessageType.DISCOVER, self.options, transaction=transaction, broadcast=self.broadcast
        )

        def is_offer(answer: Message) -> bool:
            return answer.kind == MessageType.OFFER and len(answer.options.get(SERVER, b"")) == 4

        with self.link.port() as port:
            offer = await self._answer(port, message, transaction, is_offer, until)
            return await self._request(port, Lease.granted(offer, time.monotonic()), transaction, until)

    async def _request(
        self, port: Port, lease: Lease, transaction: int, until: float, *, renewal: bool = False
    ) -> Lease:
        chosen = {REQUESTED_ADDRESS: lease.address.packed, SERVER: lease.server.packed}
        message = to_server(
            MessageType.REQUEST,
            self.options if renewal else {**self.options, **chosen},
            transaction=transaction,
            address=str(lease.address) if renewal else "0.0.0.0",  # noqa: S104 - none yet
            broadcast=self.broadcast,
        )

        def is_verdict(answer: Message) -> bool:
            return (
                answer.kind in (MessageType.ACK, MessageType.NAK)
                and answer.options.get(SERVER) == lease.server.packed
            )

        asked = time.monotonic()
        answer = await self._answer(port, message, transaction, is_verdict, until)
        if answer.kind == MessageType.NAK:
            said = answer.options.get(ERROR_TEXT, b"").decode(errors="replace")
            raise Refused("server rejected request with Nak" + (f" (msg: {said})" if said else ""))
        return Lease.granted(answer, asked)

    async def _answer(
        self,
        port: Port,
        message: SentDHCPMessage,
        transaction: int,
        is_wanted: Callable[[Message], bool],
        until: float,
    ) -> Message:
        """Send a message, again and again, until an answer comes; raises LeaseError when none does."""
        until = min(until, time.monotonic() + self.timing.exchange)
        for pause in self.timing.resends():
            await port.put(message)
            try:
                async with asyncio.timeout(min(pause, max(until - time.monotonic(), 0))):
                    while True:
                        answer = await port.receive()
                        if answer["xid"] == transaction and is_wanted(answer):
                            return answer
            except TimeoutError:
                if time.monotonic() >= until:
                    break
        raise LeaseError("no matching response packet received")

    async def _retried(
        self,
        attempt: Callable[[float], Awaitable[Lease]],
        until: float,
        *,
        final: tuple[type[CnictlError], ...],
    ) -> Lease:
        """Try until the time limit; failures of the classes `final` end it at once."""
        until = min(until, time.monotonic() + self.timing.resend_timeout)
        for delay in self.timing.delays():
            try:
                return await attempt(until)
            except (CnictlError, OSError) as error:
                if isinstance(error, final):
                    raise
                if time.monotonic() + delay >= until:
                    self.log.warning("no lease", reason=error)
                    raise LeaseError(NO_LEASE) from error
                self.log.warning("no lease yet", reason=error, retry_seconds=f"{delay:.1f}")
            await asyncio.sleep(delay)
        raise AssertionError("the delays have no end")


def identifier(client_id: str) -> bytes:
    """Return option 61 for an identifier that is no hardware address."""
    return b"\0" + client_id.encode()


def _transaction() -> int:
    return random.getrandbits(32)
