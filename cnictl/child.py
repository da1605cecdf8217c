"""A child process and its three pipes: started, fed, read and ended, with a bound on every wait.

The child leads a process group of its own, so that what it started can be ended with it.
"""

from __future__ import annotations

import errno
import os
import select
import time

from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError
from cnictl.spec.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterable, Mapping
    from types import FrameType, TracebackType

    Started = tuple[int, int, int, int]  # pid, and our ends of its stdin, stdout and stderr
else:
    import _signal as signal  # without the enums around it, which take 4 ms to import

BUSY_ATTEMPTS = 6
BUSY_PAUSE = 1.0
"""Seconds between attempts to start a program that somebody still has open for writing, as in libcni."""

HELD_PIPES = 0.5
"""Seconds to go on reading after the child has ended, in case something it left behind holds the pipes."""

LONGEST_WAIT = 86_400.0
"""Seconds to wait at a time: poll(2) counts milliseconds in an int, and a timeout may be any number."""

_CHUNK = 1 << 16
_ASK = os.WEXITED | os.WNOHANG | os.WNOWAIT
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_PYTHON_IGNORES = (signal.SIGPIPE, signal.SIGXFSZ)  # a child expects their default action


class CannotRun(CnictlError):
    """The program is there, or should be, but the kernel would not start it."""

    def __init__(self, path: str, error: int, explanation: str = "", hint: str = "") -> None:
        more = f" ({explanation})" if explanation else ""
        super().__init__(f"fork/exec {path}: {errno_text(error)}{more}", hint=hint)
        self.path = path
        self.errno = error


class Stopped(CnictlError):
    """The program was ended by us.  Carries what it wrote until then."""

    def __init__(self, message: str, path: str, stdout: bytes, stderr: bytes) -> None:
        super().__init__(message)
        self.path = path
        self.stdout = stdout
        self.stderr = stderr


class TooMuchOutput(Stopped):
    """The program wrote more than can be kept; it and its process group were killed."""


class Child:
    """A running program, leader of its own process group, and our ends of its three pipes."""

    def __init__(
        self, path: str, started: Started, limit: int, on_stderr: Callable[[bytes], object] | None
    ) -> None:
        self._path = path
        self._pid, self._stdin, self._stdout, self._stderr = started
        self._limit = limit
        self._on_stderr = on_stderr
        self._discard = False
        self._input = memoryview(b"")
        self._collected: dict[int, list[bytes]] = {self._stdout: [], self._stderr: []}
        self._sizes = {self._stdout: 0, self._stderr: 0}
        self._cutoff: float | None = None  # set once the child has ended: when to stop reading
        self._handlers: dict[int, Callable[[int], None]] = {}
        self._poll = select.poll()
        self._watch(self._stdout, select.POLLIN, self._read)
        self._watch(self._stderr, select.POLLIN, self._read)
        try:
            self._pidfd = os.pidfd_open(self._pid)
            self._watch(self._pidfd, select.POLLIN, self._notice_end)
        except OSError:  # Linux before 5.3, or forbidden by a seccomp filter: asked for in pump()
            self._pidfd = -1

    def output(self) -> tuple[bytes, bytes]:
        """What was written so far to stdout and to stderr."""
        return b"".join(self._collected[self._stdout]), b"".join(self._collected[self._stderr])

    def feed(self, data: bytes) -> None:
        """Set what the child reads from its stdin, before end of file."""
        if data:
            self._input = memoryview(data)
            os.set_blocking(self._stdin, False)
            self._watch(self._stdin, select.POLLOUT, self._write)
        else:
            os.close(self._stdin)

    def pump(self, until: float | None) -> bool:
        """Move bytes until the child has ended; False when `until` came first."""
        pipes = self._collected.keys()
        while self._cutoff is None or pipes & self._handlers.keys():
            limit = until if self._cutoff is None else self._cutoff
            wait = None if limit is None else limit - time.monotonic()
            if wait is not None and wait <= 0:
                break
            if self._pidfd < 0 and self._cutoff is None:
                wait = 0.01 if wait is None else min(wait, 0.01)
            for fd, _ in self._poll.poll(None if wait is None else min(wait, LONGEST_WAIT) * 1000):
                if fd in self._handlers:
                    self._handlers[fd](fd)
            if self._pidfd < 0 and self._cutoff is None and os.waitid(os.P_PID, self._pid, _ASK):
                self._notice_end(-1)
        return self._cutoff is not None

    def stop(self, patience: float, *, discard: bool = False) -> None:
        """Ask the whole group to end and leave it that many seconds for it; close() does the rest."""
        self._discard = discard
        self._signal(signal.SIGTERM)
        self.pump(time.monotonic() + patience)

    def close(self, *, kill: bool) -> int:
        """Kill the group if asked to, and give back the wait status of the child."""
        if kill:
            self._signal(signal.SIGKILL)
        for fd in list(self._handlers):
            self._unwatch(fd)
        return os.waitpid(self._pid, 0)[1]

    def _signal(self, number: int) -> None:
        # the child is not reaped yet, so the number of the group cannot be somebody else's
        try:
            os.killpg(self._pid, number)
        except (ProcessLookupError, PermissionError):
            pass

    def _watch(self, fd: int, event: int, handler: Callable[[int], None]) -> None:
        self._handlers[fd] = handler
        self._poll.register(fd, event)

    def _unwatch(self, fd: int) -> None:
        del self._handlers[fd]
        self._poll.unregister(fd)
        os.close(fd)

    def _notice_end(self, _: int) -> None:
        self._cutoff = time.monotonic() + HELD_PIPES
        for done in (self._pidfd, self._stdin):
            if done in self._handlers:
                self._unwatch(done)

    def _write(self, fd: int) -> None:
        try:
            self._input = self._input[os.write(fd, self._input[: _CHUNK * 16]) :]
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._input = self._input[:0]  # a program need not read its input
        if not self._input:
            self._unwatch(fd)

    def _read(self, fd: int) -> None:
        data = os.read(fd, _CHUNK)
        if not data:
            self._unwatch(fd)
        if not data or self._discard:
            return
        self._collected[fd].append(data)
        self._sizes[fd] += len(data)
        if self._sizes[fd] > self._limit:
            stream = "stdout" if fd == self._stdout else "stderr"
            raise TooMuchOutput(
                f"{self._path} wrote more than {self._limit} bytes to {stream} and was killed",
                self._path,
                *self.output(),
            )
        if self._on_stderr is not None and fd == self._stderr:
            self._on_stderr(data)


def start(
    path: str,
    argv: list[str],
    environment: Mapping[str, str],
    cwd: str | None,
    deadline: float | None,
    held: HeldSignals,
) -> Started:
    """Start a program, trying again while its file is still being written.

    Raises CannotRun with what the file tells about the reason.
    """
    for attempt in range(1, BUSY_ATTEMPTS + 1):
        opened: list[int] = []
        try:
            theirs_in, ours_in = _pipe(opened)
            ours_out, theirs_out = _pipe(opened)
            ours_err, theirs_err = _pipe(opened)
            theirs = (theirs_in, theirs_out, theirs_err)
            if cwd is None:
                pid = _spawn(path, argv, environment, theirs, held.mask)
            else:
                pid = _fork(path, argv, environment, theirs, cwd, held.mask)
        except OSError as problem:
            _close(opened)
            code = problem.errno or 0
            late = deadline is not None and time.monotonic() + BUSY_PAUSE > deadline
            if code != errno.ETXTBSY or attempt == BUSY_ATTEMPTS or late:
                raise _cannot_run(path, code) from None
            held.release()
            time.sleep(BUSY_PAUSE)
            held.hold()
        except ValueError as problem:  # a NUL byte, or a variable's name with "=" in it
            _close(opened)
            raise CannotRun(path, errno.EINVAL, str(problem)) from None
        except BaseException:
            _close(opened)
            raise
        else:
            _close(theirs)
            return pid, ours_in, ours_out, ours_err
    raise AssertionError("the last attempt returns or raises")


def _spawn(
    path: str,
    argv: list[str],
    environment: Mapping[str, str],
    pipes: tuple[int, int, int],
    mask: Iterable[int],
) -> int:
    return os.posix_spawn(
        path,
        argv,
        environment,
        file_actions=[(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate(pipes)],
        setpgroup=0,
        setsigmask=mask,
        setsigdef=_PYTHON_IGNORES,
    )


def _fork(
    path: str,
    argv: list[str],
    environment: Mapping[str, str],
    pipes: tuple[int, int, int],
    cwd: str,
    mask: Iterable[int],
) -> int:
    """What posix_spawn cannot do: start in another working directory."""
    verdict, answer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            os.chdir(cwd)
            for number, fd in enumerate(pipes):
                os.dup2(fd, number)
            for ignored in _PYTHON_IGNORES:
                signal.signal(ignored, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            os.execve(path, argv, environment)
        except OSError as problem:
            os.write(answer, b"%d" % (problem.errno or 0))
        finally:
            os._exit(127)
    os.close(answer)
    code = os.read(verdict, 16)
    os.close(verdict)
    if code:
        os.waitpid(pid, 0)
        raise OSError(int(code), os.strerror(int(code)))
    return pid


def _pipe(opened: list[int]) -> tuple[int, int]:
    """A pipe whose ends are above 2, also where this process was started without stdin or stderr."""
    ends = list(os.pipe())
    for index, fd in enumerate(ends):
        if fd < 3:
            import fcntl  # seldom needed, and every plugin that delegates comes by here

            ends[index] = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)
            os.close(fd)
    opened += ends
    return ends[0], ends[1]


def _close(fds: Iterable[int]) -> None:
    for fd in fds:
        os.close(fd)


def _cannot_run(path: str, error: int) -> CannotRun:
    """Say why the kernel would not start a program, as far as its file tells."""
    try:
        with open(path, "rb") as file:
            head = file.read(256)
    except OSError:
        return CannotRun(path, error)
    first = head[2:].split(b"\n")[0].replace(b"\t", b" ").strip(b" ").split(b" ")[0]
    script = go_quote(os.fsdecode(first)) if head.startswith(b"#!") and first else ""
    interpreter = f"its interpreter {script}, named on the #! line,"
    if error == errno.ENOENT:
        if script:
            return CannotRun(path, error, f"{interpreter} does not exist")
        return CannotRun(path, error, "the program loader it was linked for is not on this system")
    if error == errno.EACCES:
        if not os.access(path, os.X_OK):
            return CannotRun(path, error, "the file is not executable", f"chmod +x {path}")
        if script:
            return CannotRun(path, error, f"{interpreter} is not executable")
        return CannotRun(path, error, "is its file system mounted noexec?")
    if error == errno.ENOEXEC:
        if not head:
            return CannotRun(path, error, "the file is empty")
        if head.startswith(b"\x7fELF"):
            return CannotRun(path, error, "it is built for another kind of machine")
        return CannotRun(path, error, "it is neither a program of this machine nor a script with a #! line")
    if error == errno.ETXTBSY:
        return CannotRun(path, error, "somebody still has the file open for writing")
    return CannotRun(path, error)


class _Ended(BaseException):
    """A signal that nobody handles arrived while a child was running."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class HeldSignals:
    """Signals that may end this process wait while a child is being started, or nobody would end that."""

    mask: Iterable[int] = ()
    """What was held back before, which is what the child is to start with."""

    def hold(self) -> None:
        self.mask = signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)

    def release(self) -> None:
        """Let them come; what their handlers raise is raised here."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self.mask)


class DefaultSignals:
    """While a child runs, a signal that would simply kill this process ends the child's group first.

    Signals that have a handler are left to it: what it raises has the same effect.
    """

    def __init__(self) -> None:
        self._taken: list[int] = []

    def __enter__(self) -> None:
        for number in _ENDING:
            if signal.getsignal(number) == signal.SIG_DFL:
                try:
                    signal.signal(number, _end)
                except ValueError:
                    return  # not the main thread: handlers are not ours to set
                self._taken.append(number)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number in self._taken:
            signal.signal(number, signal.SIG_DFL)
        if isinstance(error, _Ended):
            os.kill(os.getpid(), error.number)


def _end(number: int, _: FrameType | None) -> None:
    raise _Ended(number)
