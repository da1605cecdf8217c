"""One command on a throwaway node, in the foreground: what `cnictl node -- CMD` runs."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from cnictl.sandbox import namespaces
from cnictl.sandbox.node import SandboxError, refusal

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
_FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)  # the terminal sends them to the command as well


def exec_on_throwaway_node(argv: Sequence[str]) -> int:
    """Run a command on a node of its own and give its exit status as a shell would.

    The command has this process's terminal, standard streams, directory and environment, and gets
    the signals sent to this process.  The process itself has moved to the node when this returns,
    so its caller should have nothing left to do but to exit.  Raises SandboxError when there can
    be no node or no such program.
    """
    try:
        namespaces.enter()
    except namespaces.Refused as refused:
        raise refusal(str(refused)) from refused
    sys.stdout.flush()
    sys.stderr.flush()
    answers, answer = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(answers)
        os._exit(_first_process(argv, answer))
    os.close(answer)
    with _Signals(first):
        with open(answers, encoding="utf-8") as reader:
            reason = reader.read()  # ends when the command has started
        status = os.waitstatus_to_exitcode(os.waitpid(first, 0)[1])
    if reason.startswith("exec "):
        raise SandboxError(reason.removeprefix("exec "))
    if reason:
        raise refusal(reason)
    return 128 - status if status < 0 else status


class _Signals:
    """While the block runs, signals to this process are passed on to another."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._before: list[tuple[signal.Signals, signal._HANDLER]] = []

    def __enter__(self) -> None:
        for number in _FORWARDED:
            self._before.append((number, signal.signal(number, self._forward)))
        for number in _FROM_TERMINAL:
            self._before.append((number, signal.signal(number, signal.SIG_IGN)))

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)

    def _forward(self, number: int, _: FrameType | None) -> None:
        try:
            os.kill(self._to, number)
        except ProcessLookupError:
            pass  # it ended first, and its status is on the way


def _first_process(argv: Sequence[str], answer: int) -> int:
    namespaces.die_with_parent()
    for number in _FROM_TERMINAL:
        signal.signal(number, signal.SIG_IGN)
    try:
        namespaces.furnish()
    except (namespaces.Refused, OSError) as error:
        os.write(answer, str(error).encode())
        return 1
    command = os.fork()
    if command == 0:
        os._exit(_become(argv, answer))
    os.close(answer)
    with _Signals(command):
        while True:
            pid, status = os.wait()  # orphans of the node are ours to bury
            if pid == command:
                code = os.waitstatus_to_exitcode(status)
                return 128 - code if code < 0 else code


def _become(argv: Sequence[str], answer: int) -> int:
    for number in (*_FORWARDED, *_FROM_TERMINAL, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    try:
        os.execvp(argv[0], list(argv))
    except OSError as error:
        os.write(answer, f"exec {argv[0]}: {os.strerror(error.errno or 0)}".encode())
    return 127
