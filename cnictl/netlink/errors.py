"""What a netlink request can fail with."""

from __future__ import annotations

import errno

from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

_NO_LINK = "Link not found"
_NEEDS_ROOT = "run it as root, or with CAP_NET_ADMIN in that network namespace"


class NetlinkError(CnictlError):
    """The kernel said no: `add address 10.9.0.2/24 to "eth0": ipv4: Address already assigned (file exists)`.

    `request` is what was asked for, `errno` its number, `reason` the errno's words as the Go
    plugins print them (`file exists`), `extack` the kernel's own words, often empty.
    """

    def __init__(self, request: str, number: int, extack: str = "", reason: str = "") -> None:
        self.request = request
        self.errno = number
        self.extack = extack
        self.reason = reason or errno_text(number)
        super().__init__(
            f"{request}: {extack} ({self.reason})" if extack else f"{request}: {self.reason}",
            hint=_NEEDS_ROOT if number == errno.EPERM else "",
        )


class LinkGone(NetlinkError):
    """There is no link of that name or index."""

    def __init__(self, request: str, reason: str = _NO_LINK) -> None:
        super().__init__(request, errno.ENODEV, reason=reason)
