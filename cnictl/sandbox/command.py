"""One command on a throwaway node, in the foreground: what `cnictl node -- CMD` runs."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING

from cnictl.sandbox import namespaces
from cnictl.sandbox.node import refusal
from cnictl.sandbox.signals import FROM_TERMINAL, PassedOn
from cnictl.sandbox.start import NotStarted, become, outcome, told, usual_signals

if TYPE_CHECKING:
    from collections.abc import Sequence


def exec_on_throwaway_node(argv: Sequence[str]) -> int:
    """Run a command on a node of its own and give its exit status as a shell would.

    The command has this process's terminal, standard streams, directory and environment, and gets
    the signals sent to this process.  The process itself has moved to the node when this returns,
    so its caller should have nothing left to do but to exit.  Raises SandboxError when there can
    be no node, and NotStarted when the command cannot be started there.
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
    status, reason = outcome(first, answers)
    if reason:
        raise refusal(reason)
    return status


def _first_process(argv: Sequence[str], answer: int) -> int:
    namespaces.die_with_parent()
    for number in FROM_TERMINAL:
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
    with PassedOn(command):
        while True:
            pid, status = os.wait()  # orphans of the node are ours to bury
            if pid == command:
                code = os.waitstatus_to_exitcode(status)
                return 128 - code if code < 0 else code


def _become(argv: Sequence[str], answer: int) -> int:
    usual_signals()
    try:
        become(argv)
    except NotStarted as error:
        os.write(answer, told(error))
        return error.status
