"""What becomes of a lease that a server grants anew."""

from __future__ import annotations

from typing import Any, cast

import pytest

from cnictl.dhcp.keeper import Keeper
from cnictl.dhcp.lease import Lease
from cnictl.ipam.dhcp_options import SUBNET_MASK
from cnictl.plugin.log import Log
from cnictl.spec.address import Address

MASK = b"\xff\xff\xff\0"


class Asking:
    """As much of a client as a keeper needs for that."""

    log = Log("error")


def lease(mask: bytes | None) -> Lease:
    given = {} if mask is None else {SUBNET_MASK: mask}
    return Lease(Address.parse("10.44.0.70"), Address.parse("10.44.0.1"), given, 1.0, 2.0, 3.0)


@pytest.mark.parametrize("mask", [None, b"", b"\xff\xff", MASK * 2])
def test_a_mask_that_is_none(mask: bytes | None) -> None:
    """Is that of before: the lease is told and written down as it was, with new times."""
    told: list[str] = []
    keeper = Keeper(cast("Any", Asking()), lease(MASK), lambda one: told.append(str(one.lease.prefix)))
    keeper._take(lease(mask), "lease renewed")
    assert told == ["10.44.0.70/24"]


def test_another_mask() -> None:
    """Is taken."""
    told: list[str] = []
    keeper = Keeper(cast("Any", Asking()), lease(MASK), lambda one: told.append(str(one.lease.prefix)))
    keeper._take(lease(b"\xff\xff\0\0"), "lease renewed")
    assert told == ["10.44.0.70/16"]
