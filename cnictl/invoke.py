"""Run a program: stdin in, stdout and stderr out, every wait bounded, nothing left running.

Used for plugins (by the runtime, and by plugins that delegate) and for the tools plugins call,
such as iptables-restore and nft.
"""

from __future__ import annotations

import os
import time

from cnictl.child import Child, DefaultSignals, HeldSignals, Stopped, start
from cnictl.spec.document import DecodeError
from cnictl.spec.errors import CniError, parse_error
from cnictl.spec.quote import go_quote
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OUTPUT_LIMIT = 64 << 20
"""Bytes of stdout, and of stderr, that are kept before a program counts as out of control."""

PATIENCE = 2.0
"""Seconds between SIGTERM and SIGKILL when the time is up: a plugin may undo what it did."""

INTERRUPTED_PATIENCE = 0.5
"""The same when the caller itself is being ended."""

SIGNAL_NAMES = (
    "signal 0",
    "hangup",
    "interrupt",
    "quit",
    "illegal instruction",
    "trace/breakpoint trap",
    "aborted",
    "bus error",
    "floating point exception",
    "killed",
    "user defined signal 1",
    "segmentation fault",
    "user defined signal 2",
    "broken pipe",
    "alarm clock",
    "terminated",
)
"""What Go calls signals 1 to 15; it has no names for the others."""


class Timeout(Stopped):
    """The program did not end in time; it and its process group were killed."""


class Completed(Value):
    """How a program ended: its exit status (negative: the signal that killed it) and what it wrote."""

    __slots__ = ("status", "stdout", "stderr", "core_dumped")

    def __init__(
        self, status: int, stdout: bytes = b"", stderr: bytes = b"", *, core_dumped: bool = False
    ) -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr
        self.core_dumped = core_dumped

    @property
    def reason(self) -> str:
        """How it ended in Go's words: 'exit status 3', 'signal: killed'."""
        if self.status >= 0:
            return f"exit status {self.status}"
        number = -self.status
        name = SIGNAL_NAMES[number] if number < len(SIGNAL_NAMES) else f"signal {number}"
        return f"signal: {name} (core dumped)" if self.core_dumped else f"signal: {name}"


def run(
    path: str,
    arguments: Sequence[str] = (),
    *,
    environment: Mapping[str, str],
    stdin: bytes = b"",
    timeout: float | None = None,
    on_stderr: Callable[[bytes], object] | None = None,
    cwd: str | None = None,
    limit: int = OUTPUT_LIMIT,
) -> Completed:
    """Run a program to its end and give back how it ended.  A failing program is not an error here.

    The environment is exactly the one given.  stderr is handed to on_stderr as it comes.  After
    `timeout` seconds the process group gets SIGTERM, PATIENCE seconds later SIGKILL, and Timeout is
    raised.  The same happens, faster, when the caller is interrupted: by an exception, or by SIGTERM
    or SIGHUP where nobody handles them.  Raises CannotRun when there is nothing to wait for.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with DefaultSignals():
        held = HeldSignals()
        held.hold()
        try:
            started = start(path, [path, *arguments], environment, cwd, deadline, held)
            child = Child(path, started, limit, on_stderr)
        except BaseException:
            held.release()
            raise
        finished = False
        try:
            held.release()
            child.feed(stdin)
            finished = child.pump(deadline)
            if not finished:
                child.stop(PATIENCE)
        except BaseException:
            child.stop(INTERRUPTED_PATIENCE, discard=True)
            raise
        finally:
            status = child.close(kill=not finished)
    output = child.output()
    if not finished:
        raise Timeout(f"{path} did not finish within {timeout:g} seconds and was killed", path, *output)
    return Completed(os.waitstatus_to_exitcode(status), *output, core_dumped=os.WCOREDUMP(status))


def plugin_error(path: str, completed: Completed) -> CniError:
    """The error object of a plugin that failed, in libcni's words where it did not print one.

    A plugin's own object is given as it is; one without a message gets the words for "said nothing".
    """
    stderr = completed.stderr.decode(errors="surrogateescape")
    why = completed.reason
    said = f": {go_quote(stderr)}" if stderr else " with no error message"
    silent = f"netplugin failed{said}: {why}"
    hint = f"{path} should print an error object to stdout when it fails"
    if not completed.stdout:
        return CniError(0, silent, hint=hint)
    try:
        own = parse_error(completed.stdout)
    except DecodeError as problem:
        shown = go_quote(completed.stdout.decode(errors="surrogateescape"))
        text = f"netplugin failed but error parsing its diagnostic message {shown}: {problem}"
        return CniError(0, text, f"stderr: {go_quote(stderr)}" if stderr else "", hint=hint)
    return own if own.msg else CniError(own.code, silent, own.details)
