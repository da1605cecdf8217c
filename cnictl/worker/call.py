"""One call of a plugin, taken from a launcher and answered in this process.

The other side is launcher.c, which describes the message.
"""

from __future__ import annotations

import array
import fcntl
import gc
import os
import select
import signal
import socket
import struct
import sys
import traceback
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PROTOCOL = b"2"
READY, REFUSED, STATUS = b"G", b"R", b"S"
PATIENCE = 5.0
"""Seconds for a launcher to send a call once it was told to."""
LONGEST = 1 << 24
"""Bytes; the kernel lets an environment have 6 MiB."""

_HEADER = struct.Struct("=I")
_CREDENTIALS = struct.Struct("=iII")  # struct ucred, unix(7)
_FDS = 4
_PLACES = ("/proc/self/ns/mnt", "/proc/self/ns/net", "/proc/self/ns/pid", "/proc/self/ns/user", "/")


class NotServed(Exception):
    """The call is not for this worker; its launcher runs it one-shot."""


def place() -> bytes:
    """Name the namespaces and the root directory of this process, as launchers name theirs."""
    found = map(os.stat, _PLACES)
    return b"".join(b"%x:%x " % (one.st_dev, one.st_ino) for one in found)


class Call:
    """What a launcher handed over: argv[0], the environment, umask, and open descriptors, ours to close."""

    __slots__ = ("argv0", "environment", "fds", "umask")

    def __init__(self, argv0: bytes, environment: list[bytes], umask: int, fds: list[int]) -> None:
        self.argv0 = argv0
        self.environment = environment
        self.umask = umask
        self.fds = fds

    @property
    def plugin(self) -> str:
        return os.fsdecode(self.argv0).rpartition("/")[2]

    def variable(self, name: bytes) -> str:
        """Return a variable of the environment, "" when it is not there."""
        found = (one[len(name) + 1 :] for one in self.environment if one.startswith(name + b"="))
        return os.fsdecode(next(found, b""))


def receive(connection: socket.socket, here: bytes) -> Call:
    """Return the call that comes over a connection; `here` is `place()`.

    Raises NotServed, and OSError when the launcher gives up.
    """
    uid = _CREDENTIALS.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    )[1]
    if uid != os.geteuid():
        raise NotServed(f"user {uid} may not call plugins here")
    connection.settimeout(PATIENCE)
    connection.sendall(READY)
    numbers = array.array("i")
    data, ancillary, _, _ = connection.recvmsg(1 << 16, socket.CMSG_SPACE(_FDS * numbers.itemsize))
    for level, kind, content in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers.frombytes(content[: len(content) - len(content) % numbers.itemsize])
    fds = list(numbers)
    for fd in fds:
        os.set_inheritable(fd, False)
    while len(data) < _HEADER.size:
        data += _more(connection, _HEADER.size - len(data))
    length = _HEADER.unpack_from(data)[0] + _HEADER.size
    if length > LONGEST or len(fds) != _FDS:
        raise NotServed("no call of a launcher")
    pieces, got = [data], len(data)
    while got < length:
        pieces.append(_more(connection, length - got))
        got += len(pieces[-1])
    words = b"".join(pieces)[_HEADER.size :].split(b"\0")[:-1]
    if words[:1] != [PROTOCOL] or len(words) < 4:
        raise NotServed("a launcher of another version")
    if words[1] != here:
        raise NotServed("the caller is in other namespaces")
    connection.settimeout(None)
    return Call(words[3], words[4:], int(words[2], 8), fds)


def answer(connection: socket.socket, call: Call, main: Callable[[str], int]) -> int:
    """Become the process that the launcher stands for, have `main` answer the call, and tell what came of it.

    Its status and all that it prints go to the launcher together, which prints it: whoever dies on the
    way has printed nothing.  A launcher that goes away, or is told to end, ends the call as SIGTERM does.
    """

    def cancel(_number: int, _frame: object) -> None:
        if not _gone(connection):
            return  # the kernel tells other things as well, such as room for what is to be sent
        fcntl.fcntl(connection, fcntl.F_SETFL, 0)  # once is enough: undoing is not to be cut short
        os.kill(os.getpid(), signal.SIGTERM)

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGIO, cancel)
    output = os.memfd_create("stdout")
    for number, fd in enumerate((call.fds[0], output, call.fds[2])):
        os.dup2(fd, number)
        os.close(fd)
    os.close(call.fds[1])
    os.fchdir(call.fds[3])
    os.close(call.fds[3])
    os.umask(call.umask)
    os.environ.clear()
    for variable in call.environment:
        name, _, value = variable.partition(b"=")
        if name:
            os.environb[name] = value
    sys.argv = [os.fsdecode(call.argv0)]
    fcntl.fcntl(connection, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(connection, fcntl.F_SETFL, os.O_ASYNC)
    try:
        if _gone(connection):
            return 128 + signal.SIGTERM
        status = main(call.plugin)
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - as an interpreter does at its end
        traceback.print_exc()
        status = 1
    finally:
        fcntl.fcntl(connection, fcntl.F_SETFL, 0)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    printed = os.pread(1, os.fstat(1).st_size, 0)
    _close_streams()
    try:
        connection.sendall(STATUS + bytes([status & 0xFF]) + printed)
        connection.shutdown(socket.SHUT_WR)  # a child that the call has left may hold the connection open
    except OSError:
        pass  # nobody waits for it
    return status


def forget() -> None:
    """Let go of what belongs to a call: environment, directory, umask, streams, handlers, garbage."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGIO):
        signal.signal(number, signal.SIG_DFL)
    os.environ.clear()
    os.chdir("/")
    os.umask(0o022)
    _close_streams()
    gc.collect()


def held() -> tuple[bytes, int, list[str], bool]:
    """Return what a call might leave: namespaces, threads, descriptors, and whether there are children."""
    try:
        os.waitpid(-1, os.WNOHANG)
        children = True
    except ChildProcessError:
        children = False
    return place(), len(os.listdir("/proc/self/task")), sorted(os.listdir("/proc/self/fd")), children


def _close_streams() -> None:
    """Have nobody wait for more of stdout and stderr, or for stdin to be read."""
    null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    for number in range(3):
        os.dup2(null, number)
    os.close(null)


def _more(connection: socket.socket, size: int) -> bytes:
    piece = connection.recv(min(size, 1 << 20))
    if not piece:
        raise ConnectionError("the launcher has given up")
    return piece


def _gone(connection: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return bool(poll.poll(0))


def _stop(signum: int, _frame: object) -> None:
    raise SystemExit(128 + signum)
