"""One netlink socket in one namespace: requests go out, answers come back."""

from __future__ import annotations

import _socket
import errno
import os
import sys
from fcntl import ioctl
from struct import pack

from cnictl.netlink import message
from cnictl.netlink.errors import NetlinkError
from cnictl.netns import Netns, NetnsError, entered
from cnictl.spec.errno_text import errno_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Self

_SOL_NETLINK = 270  # linux/socket.h
_EXT_ACK = 11  # linux/netlink.h, since Linux 4.12
_LAST = (message.DONE, message.ERROR)  # what ends a list
_GET_STRICT_CHK = 12  # since Linux 4.20
_SO_NETNS_COOKIE = 71  # asm-generic/socket.h, since Linux 5.14
_SIOCGSKNS = 0x894C  # linux/sockios.h, since Linux 4.9
_KERNEL = 0  # the port of the kernel's end

DUMP_ATTEMPTS = 5
TIMEOUT = 30.0
"""Seconds to wait for an answer.  The kernel answers before the request's send(2) returns, so that
running into this means that an answer has been lost."""
_ROOM = 1 << 16


class Channel:
    """A socket that stays in the namespace it was opened in, while the process stays where it is.

    `netns` is a path, an open `Netns`, a descriptor, or None for the namespace this thread is in;
    `protocol` a NETLINK_* number of linux/netlink.h.  `whole` makes a list that changes left
    incomplete an error.  Raises NetnsGone or NetnsError.
    """

    def __init__(
        self,
        netns: str | Netns | int | None = None,
        *,
        protocol: int = _socket.NETLINK_ROUTE,
        whole: bool = False,
    ) -> None:
        self._whole = whole
        self._netns_fd = -1
        self._sequence = 0
        self._room = bytearray(_ROOM)
        if netns is None:
            self._socket = _open_socket(protocol)
        else:
            with entered(netns):
                self._socket = _open_socket(protocol)

    def close(self) -> None:
        self._socket.close()
        if self._netns_fd >= 0:
            os.close(self._netns_fd)
            self._netns_fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def netns_fd(self) -> int:
        """A descriptor of the socket's namespace, open as long as the channel is."""
        if self._netns_fd < 0:
            try:
                self._netns_fd = ioctl(self._socket.fileno(), _SIOCGSKNS)
            except OSError as e:
                raise NetnsError(
                    f"cannot tell the network namespace of a socket: {errno_text(e.errno or 0)}"
                ) from None
        return self._netns_fd

    @property
    def netns_cookie(self) -> int:
        """The number of the socket's namespace, which no other gets until the next boot; 0 without one."""
        try:
            cookie = self._socket.getsockopt(_socket.SOL_SOCKET, _SO_NETNS_COOKIE, 8)
        except OSError:
            return 0
        return message.number(cookie)

    def change(self, kind: int, flags: int, body: bytes, what: str) -> None:
        """Have the kernel change something, and wait for its acknowledgement.

        Every change goes through here, but for those that go together.  `what` says in the error what was
        asked for (`add address 10.9.0.2/24 to "eth0"`).  Raises NetlinkError.
        """
        self._send(kind, flags | message.ACK, body, what)
        self._wait_for_acknowledgements(self._sequence, 1, what)

    def change_together(self, requests: Iterable[tuple[int, int, bytes]], what: str) -> None:
        """Send requests, each of kind, flags and body, as one; wait until those with ACK are answered.

        For protocols that make such changes together or not at all.  Ask no more here after a failure.
        Raises NetlinkError for the first that failed.
        """
        first, datagram, waiting = self._sequence + 1, b"", 0
        for kind, flags, body in requests:
            self._sequence += 1
            datagram += message.message(kind, message.REQUEST | flags, self._sequence, body)
            waiting += bool(flags & message.ACK)
        self._transmit(datagram, what)
        self._wait_for_acknowledgements(first, waiting, what)

    def read(self, kind: int, body: bytes, what: str, *, dump: bool = False) -> list[bytes]:
        """The bodies of the kernel's answers to a question.

        Every question goes through here.  A dump that was interrupted by a change is asked for
        again, five times in all; what the last one gave is then used with a line on stderr, as
        the Go plugins do, unless it must be whole.  Raises NetlinkError.
        """
        if not dump:
            self._send(kind, 0, body, what)
            answer = self._receive(what)[0]
            if answer.kind == message.ERROR:
                raise NetlinkError(what, *message.status(answer))
            return [answer.body]
        bodies: list[bytes] = []
        for _ in range(DUMP_ATTEMPTS):
            bodies, interrupted = self._dump(kind, body, what)
            if not interrupted:
                return bodies
        if self._whole:
            raise NetlinkError(what, errno.EINTR)
        sys.stderr.write(
            f"{what}: interrupted by changes {DUMP_ATTEMPTS} times, the list may be incomplete\n"
        )
        return bodies

    def has(self, kind: int, body: bytes, what: str, claim: Callable[[bytes], bool]) -> bool:
        """Whether a list has an answer that is as claimed.  Nothing behind it is read: ask no more here.

        Of a list that changed meanwhile only a yes can be relied on.  Raises NetlinkError.
        """
        answers = self._listed(kind, body, what)
        return any(one.kind not in _LAST and claim(one.body) for one in answers)

    def may_mention(self, kind: int, body: bytes, what: str, values: Iterable[bytes]) -> bool:
        """Whether some bytes are anywhere in a list, which is not taken apart for that; a no is certain.

        Ask no more here after a yes.  Raises NetlinkError.
        """
        values = tuple(values)
        for _ in range(DUMP_ATTEMPTS):
            interrupted = False
            for datagram, changed in self.datagrams(kind, body, what):
                if any(value in datagram for value in values):
                    return True
                interrupted = interrupted or changed
            if not interrupted:
                return False
        return True

    def datagrams(self, kind: int, body: bytes, what: str) -> Iterator[tuple[bytes, bool]]:
        """Ask for a list, and yield it as it comes, each time with whether it had changed meanwhile.

        Ask no more here unless all of it was taken.  Raises NetlinkError.
        """
        self._send(kind, message.DUMP, body, what)
        while True:
            datagram = self._datagram(what)
            # The kernel marks the first message after a change, and at the end the last one.
            first, last = next(message.messages(datagram)), message.last(datagram)
            if last.kind in _LAST:
                number, words = message.status(last)
                if number:
                    raise NetlinkError(what, number, words)
            yield datagram, bool((first.flags | last.flags) & message.DUMP_INTR)
            if last.kind in _LAST:
                return

    def unparsed(self, kind: int, body: bytes, what: str) -> bytes | None:
        """A whole list as the kernel sent it; None when it kept changing.  Raises NetlinkError."""
        for _ in range(DUMP_ATTEMPTS):
            came = list(self.datagrams(kind, body, what))
            if not any(changed for _, changed in came):
                return b"".join([datagram for datagram, _ in came])
        return None

    def _dump(self, kind: int, body: bytes, what: str) -> tuple[list[bytes], bool]:
        answers = list(self._listed(kind, body, what))
        interrupted = any(one.flags & message.DUMP_INTR for one in answers)
        return [one.body for one in answers[:-1]], interrupted

    def _listed(self, kind: int, body: bytes, what: str) -> Iterator[message.Message]:
        """Ask for a list, and yield its messages as they come, and at last the one that ends it."""
        self._send(kind, message.DUMP, body, what)
        while True:
            for answer in self._receive(what):
                if answer.kind in _LAST:
                    number, words = message.status(answer)
                    if number:
                        raise NetlinkError(what, number, words)
                    yield answer
                    return
                yield answer

    def _wait_for_acknowledgements(self, first: int, count: int, what: str) -> None:
        """Take so many answers to the requests from sequence number `first` on; raises NetlinkError."""
        while count:
            for answer in message.messages(self._datagram(what)):
                if answer.kind == message.ERROR and answer.sequence >= first:
                    number, words = message.status(answer)
                    if number:
                        raise NetlinkError(what, number, words)
                    count -= 1

    def _send(self, kind: int, flags: int, body: bytes, what: str) -> None:
        self._sequence += 1
        self._transmit(message.message(kind, message.REQUEST | flags, self._sequence, body), what)

    def _transmit(self, datagram: bytes, what: str) -> None:
        try:
            self._socket.send(datagram)
        except OSError as e:
            raise NetlinkError(what, e.errno or 0) from None

    def _receive(self, what: str) -> list[message.Message]:
        """The messages of the next datagram that belongs to the request in progress."""
        while True:
            answers = [
                answer
                for answer in message.messages(self._datagram(what))
                if answer.sequence == self._sequence
            ]
            if answers:
                return answers

    def _datagram(self, what: str) -> bytes:
        """The next datagram of the kernel's."""
        while True:
            try:
                size = self._socket.recv_into(self._room, 1, _socket.MSG_PEEK | _socket.MSG_TRUNC)
                if size > len(self._room):  # a link with hundreds of virtual functions
                    self._room = bytearray(size)
                size, (port, _) = self._socket.recvfrom_into(self._room)
            except BlockingIOError:
                reason = f"no answer from the kernel within {TIMEOUT:g} seconds"
                raise NetlinkError(what, errno.ETIMEDOUT, reason=reason) from None
            except OSError as e:
                raise NetlinkError(what, e.errno or 0) from None
            if port == _KERNEL:
                return bytes(memoryview(self._room)[:size])


def _open_socket(protocol: int) -> _socket.socket:
    socket = _socket.socket(_socket.AF_NETLINK, _socket.SOCK_RAW | _socket.SOCK_CLOEXEC, protocol)
    try:
        socket.setsockopt(_socket.SOL_SOCKET, _socket.SO_RCVTIMEO, _timeval(TIMEOUT))
        for option in (_EXT_ACK, _GET_STRICT_CHK):
            try:
                socket.setsockopt(_SOL_NETLINK, option, 1)
            except OSError as e:
                if e.errno != errno.ENOPROTOOPT:
                    raise
        socket.bind((0, 0))
    except BaseException:
        socket.close()
        raise
    return socket


def _timeval(seconds: float) -> bytes:
    return pack("@ll", int(seconds), int(seconds % 1 * 1_000_000))
