"""host-local: assigns addresses from ranges, and keeps a file on this node for each that is taken.

A container gets one address of each range set, in turn: an address that has just been released
comes last.  The reservations are in `/var/lib/cni/networks/<network>/`, one file an address,
named by it and saying whose it is; deleting one by hand gives the address to the next container
even if somebody still uses it.  `cnictl ipam` shows them, and finds those that leak.

GC frees the addresses of attachments that the runtime no longer knows.  STATUS says when there is
no free address left.
"""

from __future__ import annotations

import os
import sys
import time

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.ipam import resolvconf, store
from cnictl.ipam.store import Store
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.skel import Plugin
from cnictl.spec.address import Address, Prefix
from cnictl.spec.errors import (
    INTERNAL,
    INVALID_NETWORK_CONFIG,
    PLUGIN_NOT_AVAILABLE,
    TRY_AGAIN_LATER,
    CniError,
)
from cnictl.spec.names import is_name
from cnictl.spec.result import DNS, IPConfig, Result, current

from .host_local_config import HostLocalConfig, StoreConfig, Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.ipam.ranges import Range, RangeSet
    from cnictl.ipam.store import Reservation
    from cnictl.plugin.request import Request

MISSES = 32
"""Addresses found taken, one by one, before the directory is read once to know all that are."""


def add(request: Request) -> Result:
    wanted = Wanted(request)
    resolv_conf = wanted.section.resolv_conf
    result = Result(
        routes=list(wanted.section.routes), dns=resolvconf.read(resolv_conf) if resolv_conf else DNS()
    )
    chosen = list(zip(wanted.sets, wanted.assigned(), strict=True))
    with Store(wanted.directory) as reservations:
        for number, (ranges, requested) in enumerate(chosen):
            try:
                if requested is None:
                    address, its = _next(request, reservations, number, ranges)
                else:
                    address, its = _requested(request, reservations, number, ranges, requested)
            except CniError as error:
                text = f"failed to allocate for range {number}: {error.msg}"
                raise CniError(error.code, text, error.details) from None
            result.ips.append(IPConfig(Prefix(address, its.subnet.length), its.gateway))
    return result


def delete(request: Request) -> None:
    directory = StoreConfig(request.document).directory
    if not os.path.isdir(directory):
        return
    with Store(directory) as reservations, Failures() as each:
        found = reservations.of(request.container_id, request.ifname, thorough=True)
        # What an old file has may be another interface's of the container; without a better match it is ours.
        for one in [one for one in found if one.ifname] or found:
            each.run(_free, request, reservations, one)


def declare(request: Request) -> list[Expectation]:
    wanted = Wanted(request)
    given = request.given_result()
    addresses = [] if given is None else [ip.address.address for ip in current(given).ips]
    own = [address for address in addresses if any(one.find(address) for one in wanted.sets)]
    owner = (request.container_id, request.ifname)
    if not own:
        return [Expectation(NODE, entities.holder(wanted.directory, *owner))]
    return [Expectation(NODE, entities.reservation(wanted.directory, address, *owner)) for address in own]


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    directory = StoreConfig(request.document).directory
    if not os.path.isdir(directory):
        return
    containers = {container_id for container_id, _ in valid}
    with Store(directory) as reservations, Failures() as each:
        for one in reservations.reservations():
            if not is_name(one.container_id):
                continue  # empty, or somebody's note: not known to be a container's
            known = (one.container_id, one.ifname) in valid if one.ifname else one.container_id in containers
            if not known:
                each.run(_free, request, reservations, one)


def status(request: Request) -> None:
    wanted = Wanted(request)
    _require_writable(wanted.directory)
    taken = _addresses(store.names(wanted.directory))
    for ranges in wanted.sets:
        used = sum(ranges.assignable(address) for address in taken)
        if used >= ranges.size:
            raise CniError(
                PLUGIN_NOT_AVAILABLE,
                f"no IP addresses available in range set: {ranges}",
                _exhausted(ranges, wanted.directory),
            )


def _requested(
    request: Request, reservations: Store, number: int, ranges: RangeSet, address: Address
) -> tuple[Address, Range]:
    """Reserve an address that was asked for, whatever the container has already."""
    its = ranges.find(address)
    assert its is not None
    if address == its.gateway:
        raise CniError(
            INVALID_NETWORK_CONFIG,
            f"requested ip {address} is subnet's gateway",
            f"ask for another address of {its}, or set another gateway",
        )
    if not _reserve(request, reservations, number, address):
        raise CniError(
            TRY_AGAIN_LATER,
            f"requested IP address {address} is not available in range set {ranges}",
            _whose(reservations.directory, address),
        )
    return address, its


def _next(request: Request, reservations: Store, number: int, ranges: RangeSet) -> tuple[Address, Range]:
    """Reserve the next address that is free; a container that has one already gets none."""
    for one in reservations.of(request.container_id, request.ifname):
        if ranges.find(one.address) is not None:
            raise CniError(
                INTERNAL,
                f"{one.address} has been allocated to {request.container_id},"
                " duplicate allocation is not allowed",
                f"{reservations.directory}/{one.address} is of an ADD that no DEL has followed",
            )
    misses = 0
    taken: set[str] = set()
    for address, its in ranges.candidates(_last_reserved(request, reservations, number)):
        if taken and str(address) in taken:
            continue
        if _reserve(request, reservations, number, address):
            return address, its
        misses += 1
        if misses == MISSES:
            taken = reservations.taken()
    raise CniError(
        TRY_AGAIN_LATER,
        f"no IP addresses available in range set: {ranges}",
        _exhausted(ranges, reservations.directory),
    )


def _reserve(request: Request, reservations: Store, number: int, address: Address) -> bool:
    done = reservations.reserve(address, request.container_id, request.ifname, number)
    if done:
        request.undo.push(_give_back, request, reservations.directory, address)
        request.log.info("reserved", address=address, directory=reservations.directory)
    return done


def _last_reserved(request: Request, reservations: Store, number: int) -> Address | None:
    try:
        return reservations.last_reserved(number)
    except CniError as error:
        stamp = time.strftime("%Y/%m/%d %H:%M:%S")
        sys.stderr.write(f"{stamp} Error retrieving last reserved ip: {error.msg}\n")
        request.log.warning("cannot tell the last reserved address", reason=error.msg)
        return None


def _free(request: Request, reservations: Store, reservation: Reservation) -> None:
    if reservations.remove(reservation):
        request.log.info("released", address=reservation.address, was=reservation.container_id)


def _give_back(request: Request, directory: str, address: Address) -> None:
    with Store(directory) as reservations:
        _free(request, reservations, store.Reservation(address, request.container_id, request.ifname))


def _require_writable(directory: str) -> None:
    """Raise CniError 50 when ADD could not write there; the directory itself may be yet to be made."""
    nearest = os.path.abspath(directory)
    while not os.path.lexists(nearest):
        nearest = os.path.dirname(nearest)
    if not os.path.isdir(nearest):
        reason = f"{nearest} is not a directory"
    elif not os.access(nearest, os.W_OK | os.X_OK):
        reason = f"{nearest} cannot be written"
    else:
        return
    raise CniError(PLUGIN_NOT_AVAILABLE, f"no reservations can be kept in {directory}", reason)


def _addresses(names: list[str]) -> list[Address]:
    found = []
    for name in names:
        try:
            found.append(Address.parse(name))
        except ValueError:
            continue
    return found


def _whose(directory: str, address: Address) -> str:
    found = store.read_one(directory, address)
    if found is None or not found.container_id:
        return f"{directory}/{address} does not say whose it is"
    return f"{directory}/{address} gives it to container {found.container_id} {found.ifname}".rstrip()


def _exhausted(ranges: RangeSet, directory: str) -> str:
    if not ranges.size:
        return "there is nothing in it but the gateway"
    return (
        f"all {ranges.size} addresses are reserved in {directory};"
        " cnictl ipam check tells which of them no container has any more"
    )


PLUGIN = Plugin("host-local", HostLocalConfig, add=add, delete=delete, declare=declare, gc=gc, status=status)
