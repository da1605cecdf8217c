"""A process that becomes somebody's command: the last step, why it is not taken, and how its parent waits."""

from __future__ import annotations

import errno
import os
import signal
from typing import TYPE_CHECKING, NoReturn

from cnictl.sandbox.signals import FORWARDED, FROM_TERMINAL, PassedOn
from cnictl.spec.errors import CnictlError
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from collections.abc import Sequence

NOT_FOUND, NOT_RUN = 127, 126
"""How env(1), nsenter(1) and shells end for a program that is not there, and for one that does not start."""


class NotStarted(CnictlError):
    """The command could not be started; `status` tells why, NOT_FOUND or NOT_RUN."""

    def __init__(self, message: str, status: int, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


def usual_signals() -> None:
    """Let signals do to this process what they do to any: what its parent made of them is not for it."""
    for number in (*FORWARDED, *FROM_TERMINAL, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)


def become(argv: Sequence[str]) -> NoReturn:
    """Become the command.  Raises NotStarted."""
    program = argv[0]
    try:
        os.execvp(program, list(argv))
    except OSError as error:
        number = error.errno or 0
    except ValueError:  # of Python, for the empty word
        number = errno.ENOENT
    if number == errno.ENOTDIR and "/" not in program:
        number = errno.ENOENT  # it is PATH that has a file among its directories
    raise NotStarted(
        f"{program or go_quote(program)}: {os.strerror(number)}",
        NOT_FOUND if number == errno.ENOENT else NOT_RUN,
        hint=_hint(program, number),
    )


def told(error: NotStarted) -> bytes:
    """Return what a parent needs to raise the error itself, for a pipe."""
    return f"{error}\0{error.hint}".encode(errors="surrogateescape")


def outcome(pid: int, answers: int) -> tuple[int, str]:
    """Wait for a process that becomes a command; return its status as a shell does, and why it broke off.

    `answers` is the end of a pipe whose other end closes when the command has started.  Signals to this
    process are passed on.  Raises NotStarted.
    """
    with PassedOn(pid):
        with open(answers, encoding="utf-8", errors="surrogateescape") as reader:
            reason = reader.read()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    message, told_so, hint = reason.partition("\0")
    if told_so:
        raise NotStarted(message, status, hint=hint)
    return 128 - status if status < 0 else status, reason


def _hint(program: str, number: int) -> str:
    if number == errno.ENOENT and "/" in program and os.path.exists(program):
        return "it is there, but not what its first line names"
    if number == errno.ENOEXEC:
        return "a script begins with a line such as #!/bin/sh"
    return ""
