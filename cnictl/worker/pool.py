"""Processes with every plugin loaded, each of which answers one call at a time.

The process that counts them answers no call itself: it loads the modules and forks the others, one
more whenever none is waiting.  They are replaced after some calls, and earlier when a call has left
anything in its process.
"""

from __future__ import annotations

import json
import os
import select
import signal
import time
from typing import TYPE_CHECKING

from cnictl.netfilter.channel import closed_together
from cnictl.worker import call, memory
from cnictl.worker.tally import COMMANDS, Tally

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

SPARE = 4
"""Processes that there are at least."""
CALLS = 100
"""After so many calls a process is replaced."""
MOST = 64
"""Processes in all; calls beyond them wait in the socket's queue for a moment, and are then run one-shot."""
LAST_WORDS = 20.0
"""Seconds that calls have to come to their end when the daemon stops."""
_UNDOING = 5.0  # seconds for those that do not, to undo what they have made
_PAUSE = 1.0  # seconds, when processes die without a call, or none can be started
_SHORTEST_LIFE = 0.1


class Pool:
    """Keeps processes waiting on a listening socket, which does not block.

    `main` answers the call of a plugin in the process that it is called in, and returns the exit
    status; `known` says whether it knows the plugin.  Whoever connects to `control` is told the status.
    """

    def __init__(
        self,
        listener: socket.socket,
        control: socket.socket,
        main: Callable[[str], int],
        known: Callable[[str], bool],
        *,
        spare: int = SPARE,
        most: int = MOST,
    ) -> None:
        self._listener = listener
        self._control = control
        self._main = main
        self._known = known
        self._spare = spare
        self._most = most
        self._place = call.place()
        self._idle: dict[int, float] = {}
        self._busy: set[int] = set()
        self._reports, self._to_report = os.pipe()
        self._wake, self._to_wake = os.pipe()
        self._leave, self._stay = os.pipe()
        """Who waits for a call goes home when the second end is closed."""
        for fd in (self._reports, self._wake, self._to_wake):
            os.set_blocking(fd, False)
        self._pause_until = 0.0
        self._asked = 0
        self._started = time.time()
        self.tally = Tally()

    def run(self) -> int:
        """Serve until SIGTERM, SIGINT or SIGHUP, and return which it was.

        Calls under way are brought to their end first, but for SIGHUP: then they go on, as children of
        this process, whatever program it runs next.
        """
        signal.set_wakeup_fd(self._to_wake)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._ask)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        poll = select.poll()
        for fd in (self._reports, self._wake, self._control.fileno()):
            poll.register(fd, select.POLLIN)
        while not self._asked:
            wait = self._fill()
            for fd, _ in poll.poll(None if wait is None else wait * 1000):
                self._attend(fd)
            self._reap()
        signal.set_wakeup_fd(-1)
        os.close(self._stay)
        if self._asked != signal.SIGHUP:
            self._finish()
        return self._asked

    def status(self) -> dict[str, object]:
        """Return what is told of the daemon: its processes, by what they do, and what was counted."""
        return {
            "pid": os.getpid(),
            "started": int(self._started),
            "waiting": len(self._idle),
            "busy": len(self._busy),
            "most": self._most,
            **self.tally.members(),
        }

    def _fill(self) -> float | None:
        """Start the processes that are missing; return in how many seconds to try again, None for never."""
        wait = self._pause_until - time.monotonic()
        if wait > 0:
            return wait
        while len(self._idle) + len(self._busy) < (self._spare if self._idle else self._most):
            try:
                pid = os.fork()
            except OSError:  # the node has none to spare: whoever calls answers itself meanwhile
                self._pause_until = time.monotonic() + _PAUSE
                return _PAUSE
            if pid == 0:
                self._be_one()
            self._idle[pid] = time.monotonic()
        return None

    def _attend(self, fd: int) -> None:
        if fd == self._control.fileno():
            self._tell()
        elif fd == self._wake:
            os.read(fd, 1 << 12)
        else:
            for line in os.read(fd, 1 << 16).decode().splitlines():
                self._hear(*line.split(" "))

    def _hear(self, pid: str, what: str, *words: str) -> None:
        if what == "busy":
            if self._idle.pop(int(pid), None) is not None:
                self._busy.add(int(pid))
        elif what == "waiting":
            if int(pid) in self._busy:
                self._busy.remove(int(pid))
                self._idle[int(pid)] = time.monotonic()
        elif what == "refused":
            self.tally.refused += 1
        else:
            self.tally.count(*words)

    def _reap(self) -> None:
        while True:
            try:
                pid, how = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            born = self._idle.pop(pid, None)
            if born is not None and time.monotonic() - born < _SHORTEST_LIFE:
                self._pause_until = time.monotonic() + _PAUSE
            self._busy.discard(pid)
            self.tally.killed += os.WIFSIGNALED(how)

    def _tell(self) -> None:
        try:
            connection, _ = self._control.accept()
            with connection:
                connection.settimeout(1)
                connection.sendall(json.dumps(self.status()).encode())
        except OSError:
            pass  # who asked has gone

    def _finish(self) -> None:
        """Wait for the calls under way; those that take too long are told to undo what they have made."""
        for patience in (LAST_WORDS, _UNDOING):
            until = time.monotonic() + patience
            while (self._idle or self._busy) and time.monotonic() < until:
                if select.select([self._reports], [], [], 0.05)[0]:
                    self._attend(self._reports)
                self._reap()
            for pid in self._busy:
                os.kill(pid, signal.SIGTERM)

    def _ask(self, number: int, _frame: object) -> None:
        self._asked = self._asked or number

    def _be_one(self) -> None:
        """Answer calls, one after the other, and end."""
        status = 1
        try:
            self._serve()
            status = 0
        finally:
            os._exit(status)

    def _serve(self) -> None:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        self._control.close()
        for fd in (self._reports, self._wake, self._to_wake, self._stay):
            os.close(fd)
        call.forget()
        memory.make_own()
        with select.epoll() as poll:
            poll.register(self._listener, select.EPOLLIN | select.EPOLLEXCLUSIVE)  # one call wakes one
            poll.register(self._leave, select.EPOLLIN)
            before = call.held()
            for _ in range(CALLS):
                connection = self._accepted(poll)
                if connection is None:
                    return
                with connection:
                    self._take(connection)
                call.forget()
                if call.held() != before:
                    return  # the next call shall not find what this one has left
                self._report("waiting")

    def _take(self, connection: socket.socket) -> None:
        self._report("busy")
        began = time.monotonic_ns()
        try:
            one = call.receive(connection, self._place)
            if not self._known(one.plugin):
                raise call.NotServed(one.plugin)
        except call.NotServed:
            connection.sendall(call.REFUSED)
            self._report("refused")
            return
        except OSError:
            return  # the launcher did not wait, and answers the call itself
        command = one.variable(b"CNI_COMMAND")
        if command not in COMMANDS:
            command = ""  # it may be anything, and a report is one line of words
        with closed_together():  # the launcher has its answer before
            status = call.answer(connection, one, self._main)
            self._report(f"done {one.plugin} {command} {status} {(time.monotonic_ns() - began) // 1000}")

    def _accepted(self, poll: select.epoll) -> socket.socket | None:
        """Return the next connection, None when it is time to leave."""
        while True:
            if any(fd == self._leave for fd, _ in poll.poll()):
                return None
            try:
                connection, _ = self._listener.accept()
            except BlockingIOError:
                continue  # another was faster
            connection.setblocking(True)
            return connection

    def _report(self, what: str) -> None:
        try:
            os.write(self._to_report, f"{os.getpid()} {what}\n".encode())
        except OSError:
            pass  # whoever counts has been replaced
