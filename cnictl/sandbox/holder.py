"""The process that keeps a throwaway node alive: `cnictl.sandbox.node` starts it, isolated.

It answers one line on stdout, `ready PID` or the reason why there is no node, and then lives until
its stdin ends, which happens however its parent dies.  PID is the first process of the node; with
it the kernel kills all others there.
"""

from __future__ import annotations

import os

from cnictl.sandbox import namespaces


def main() -> None:
    """Make the node, hold it, and end this process when it is no longer wanted."""
    os._exit(_serve())  # without the interpreter's farewell, which takes longer than the node's


def _serve() -> int:
    try:
        namespaces.enter()
    except namespaces.Refused as refused:
        return _fail(str(refused))
    answers, answer = os.pipe()
    first = os.fork()
    if first == 0:
        os.close(answers)
        os._exit(_hold(answer))
    os.close(answer)
    reason = os.read(answers, 4096)
    if reason != b"ready":
        os.waitpid(first, 0)
        return _fail(reason.decode() or "the first process of the node died")
    os.write(1, f"ready {first}\n".encode())
    _be_silent()
    os.close(0)  # the lifeline is the first process's alone
    os.waitpid(first, 0)
    return 0


def _hold(answer: int) -> int:
    namespaces.die_with_parent()
    namespaces.leave_orphans_to_kernel()
    try:
        namespaces.furnish()
    except (namespaces.Refused, OSError) as error:
        os.write(answer, str(error).encode())
        return 1
    os.write(answer, b"ready")
    os.close(answer)
    _be_silent()
    os.read(0, 1)
    return 0


def _fail(reason: str) -> int:
    os.write(1, reason.encode())
    return 1


def _be_silent() -> None:
    null = os.open("/dev/null", os.O_WRONLY)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.close(null)
