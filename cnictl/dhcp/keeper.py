"""Keeping a lease: renewing it in time, asking for a new one when that fails, and what comes at its end."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from cnictl.dhcp.client import Refused
from cnictl.dhcp.lease import LeaseError
from cnictl.dhcp.link import LinkLost
from cnictl.ipam.dhcp_options import SUBNET_MASK
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.dhcp.client import Client
    from cnictl.dhcp.lease import Lease

LOOK = 3600.0
"""Seconds after which the interface is looked for although there is nothing else to do."""
PATIENCE = 60.0
"""Seconds between attempts while a server does not answer, at least (RFC 2131, 4.4.5)."""
LOOK_PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)


class Keeper:
    """A lease that is kept; `run` is the work, which ends when there is nothing left to keep.

    `changed` is called with the keeper when its lease is another one.
    """

    def __init__(self, client: Client, lease: Lease, changed: Callable[[Keeper], None]) -> None:
        self.client = client
        self.lease = lease
        self._changed = changed
        self._log = client.log
        self._refused = False
        self._check = asyncio.Event()

    def check(self) -> None:
        """Have the state of the lease and of its interface looked at now."""
        self._log.debug("checking lease")
        self._check.set()

    async def run(self) -> None:
        """Keep the lease until its interface is gone, or it has expired: then the interface is set down."""
        while await self._is_link_there():
            pause = await self._keep()
            if pause is None:
                return
            try:
                async with asyncio.timeout(min(pause, LOOK)):
                    await self._check.wait()
            except TimeoutError:
                pass
            self._check.clear()

    async def _is_link_there(self) -> bool:
        until = time.monotonic() + self.client.timing.resend_timeout
        attempt = 0
        while True:
            try:
                self.client.link.look()
            except LinkLost as error:
                reason: CnictlError = error
                break
            except CnictlError as error:
                reason = error
            else:
                return True
            pause = LOOK_PAUSES[min(attempt, len(LOOK_PAUSES) - 1)]
            if time.monotonic() + pause >= until:
                break
            await asyncio.sleep(pause)
            attempt += 1
        self._log.warning("interface is gone, lease is no longer kept", reason=reason)
        return False

    async def _keep(self) -> float | None:
        """Do what is due, and return the seconds until the next thing is; None at the end of the lease."""
        now, lease = time.monotonic(), self.lease
        if now < lease.renew and not self._refused:
            return lease.renew - now
        if now < lease.rebind and not self._refused:
            return await self._renew(lease)
        return await self._rebind(lease)

    async def _renew(self, lease: Lease) -> float:
        self._log.info("renewing lease")
        try:
            self._take(await self.client.renew(lease, lease.rebind), "lease renewed")
        except Refused as error:
            self._log.warning("lease refused, asking for a new one", reason=error)
            self._refused = True
        except LinkLost:
            pass  # which the next look tells
        except LeaseError as error:
            self._log.warning("lease not renewed", reason=error)
            return _until_next_attempt(lease.rebind)
        return 0

    async def _rebind(self, lease: Lease) -> float | None:
        self._log.info("renewal time expired, rebinding")
        now = time.monotonic()
        # After a restart the lease may have expired in the meantime: one question is asked all the same.
        until = lease.expire if now < lease.expire else now + self.client.timing.exchange
        try:
            self._take(await self.client.acquire(until), "lease rebound")
        except LinkLost:
            pass
        except LeaseError as error:
            if time.monotonic() < lease.expire:
                self._log.warning("lease not rebound", reason=error)
                return _until_next_attempt(lease.expire)
            self._expire()
            return None
        return 0

    def _take(self, lease: Lease, event: str) -> None:
        """Go on with another lease; what the interface has is never changed, as with the Go daemon."""
        if len(lease.given.get(SUBNET_MASK, b"")) != 4:  # not said, or nonsense: then it is that of before
            lease = replace(lease, given={**lease.given, SUBNET_MASK: self.lease.given[SUBNET_MASK]})
        had, self.lease = self.lease.address, lease
        self._refused = False
        self._log.info(event, address=lease.address, expiration=lease.expiration)
        if lease.address != had:
            self._log.warning("the server gave another address, the interface keeps the old one", had=had)
        self._changed(self)

    def _expire(self) -> None:
        self._log.error("lease expired, bringing interface DOWN", address=self.lease.address)
        try:
            self.client.link.set_down()
        except CnictlError as error:
            self._log.warning("interface not set down", reason=error)


def _until_next_attempt(end: float) -> float:
    """Return half of the time that is left, but a minute at least, and no more than is left."""
    left = max(end - time.monotonic(), 0)
    return min(left, max(left / 2, PATIENCE))
