"""Sockets of nfnetlink: questions and changes for nf_tables and connection tracking.

Whoever closes one waits until the kernel has released what was removed last, whoever removed it
(nft_rcv_nl_event in net/netfilter/nf_tables_api.c): ten milliseconds and more, in which other things
can be done.
"""

from __future__ import annotations

from cnictl.netlink.channel import Channel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

_NETLINK_NETFILTER = 12  # linux/netlink.h
MOST = 16
"""How many sockets wait to be closed."""

_waiting: list[NetfilterChannel] | None = None
"""Those that the outermost `closed_together` closes."""


class NetfilterChannel(Channel):
    """A socket of nfnetlink in the namespace that this thread is in.

    `whole` makes a list that changes left incomplete an error.
    """

    def __init__(self, *, whole: bool = False) -> None:
        super().__init__(protocol=_NETLINK_NETFILTER, whole=whole)

    def close(self) -> None:
        if _waiting is None or len(_waiting) == MOST:
            super().close()
        else:
            _waiting.append(self)


class closed_together:  # noqa: N801 - reads as a sentence: `with closed_together():`
    """Close the sockets that are opened in a block when it ends, and wait once.

    Until then they hold the namespace that they were opened in.  A block within another leaves
    its sockets to that one.
    """

    __slots__ = ("_outermost",)

    def __enter__(self) -> Self:
        global _waiting  # noqa: PLW0603
        self._outermost = _waiting is None
        if self._outermost:
            _waiting = []
        return self

    def __exit__(self, *_: object) -> None:
        global _waiting
        if self._outermost:
            channels, _waiting = _waiting or [], None
            for channel in channels:
                channel.close()
