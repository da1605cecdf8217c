"""The choice between iptables and nftables, made as the Go plugins make it.

iptables, unless it cannot be used here and nftables can.  Finding that out takes three processes,
so it is only done once iptables has failed.
"""

from __future__ import annotations

from cnictl.netfilter import iptables, nft
from cnictl.spec.errors import CnictlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeVar

    T = TypeVar("T")

IPTABLES = "iptables"
NFTABLES = "nftables"
NAMES = (IPTABLES, NFTABLES)


def default(with_iptables: Callable[[], T], with_nftables: Callable[[], T]) -> T:
    """Do something where no backend was asked for, and return what that gave.

    Raises what iptables failed with, when nftables is no way out.
    """
    try:
        return with_iptables()
    except CnictlError:
        if iptables.usable() or not nft.usable():
            raise
    return with_nftables()


def probe() -> str:
    """The backend where none was asked for, for what has to know before it does anything."""
    return IPTABLES if iptables.usable() or not nft.usable() else NFTABLES
