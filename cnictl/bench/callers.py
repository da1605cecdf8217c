"""Runs on a throwaway node: several callers at once, each a process of its own, attach pods.

stdin is JSON: the network, an attachment, how many pods and callers; stdout is JSON: the seconds from the
first call to the end of the last, and those of each pod.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

from cnictl.bench.inside import Caller, attachment_of
from cnictl.scenario.inside import Lifecycle
from cnictl.spec.conflist import parse_list
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Callable

_PORT = 20000
"""Where ports are published, each pod has its own, from here on."""


def bring_up(told: dict[str, Any]) -> dict[str, Any]:
    """Attach all pods and tell how long that took, or why it could not be done."""
    pods = [_pod(told, number) for number in range(told["pods"])]
    lifecycle = Lifecycle({**told, "attachments": pods})
    prepared = lifecycle.prepare(told["setup"], told["needs"])
    if prepared:
        return prepared
    texts = [json.dumps(_with_own_port(json.loads(told["network"]), number)) for number in range(len(pods))]
    callers = [Caller(parse_list(text.encode()), told["path"], told["timeout"]) for text in texts]
    attachments = [attachment_of(one) for one in pods]

    def attach(number: int) -> None:
        for _ in callers[number].add(attachments[number]):
            pass

    # This makes what pods share; some plugins fail if all do at once.
    for _ in callers[0].life(attachments[0], ()):
        pass
    began = time.perf_counter()
    each, failures = at_once(told["callers"], len(pods), attach)
    seconds = time.perf_counter() - began
    if failures:
        return {"failed": failures[0]}
    return {"seconds": seconds, "each": each}


def at_once(callers: int, count: int, work: Callable[[int], None]) -> tuple[list[float], list[str]]:
    """Have processes do the work of each number, and return the seconds of each, and what failed.

    Who is done takes the next number: there is a byte in a pipe for each.
    """
    numbers, to_numbers = os.pipe()
    answers, to_answers = os.pipe()
    children = []
    for _ in range(callers):
        child = os.fork()
        if child == 0:
            os.close(to_numbers)
            os.close(answers)
            _work_on(numbers, to_answers, work)
        children.append(child)
    os.close(to_answers)
    os.close(numbers)
    try:
        with open(to_numbers, "wb", buffering=0) as waiting, open(answers, encoding="utf-8") as told:
            waiting.writelines(number.to_bytes(4, "big") for number in range(count))
            waiting.close()
            lines = [json.loads(line) for line in told]
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)  # who is done is waited for below, and not hurt by it
            os.waitpid(child, 0)
    failures = [str(line["failed"]) for line in lines if "failed" in line]
    return [float(line["seconds"]) for line in lines if "seconds" in line], failures


def _work_on(numbers: int, answers: int, work: Callable[[int], None]) -> None:
    """Take numbers until there is none, then end this process."""
    try:
        while taken := os.read(numbers, 4):
            answer: dict[str, object] = {}
            began = time.perf_counter()
            try:
                work(int.from_bytes(taken, "big"))
                answer["seconds"] = time.perf_counter() - began
            except CnictlError as error:
                answer["failed"] = str(error)
            os.write(answers, json.dumps(answer).encode() + b"\n")
    finally:
        os._exit(0)


def _pod(told: dict[str, Any], number: int) -> dict[str, Any]:
    one = told["attachment"]
    capabilities = _with_own_port(one["capabilities"], number)
    return {**one, "container": f"pod{number}", "capabilities": capabilities}


def _with_own_port(value: Any, number: int) -> Any:
    """Return the same configuration with a host port that no other pod has, where it publishes one."""
    if isinstance(value, list):
        return [_with_own_port(one, number) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _PORT + number if key == "hostPort" else _with_own_port(one, number)
        for key, one in value.items()
    }


def main() -> None:
    json.dump(bring_up(json.load(sys.stdin)), sys.stdout)


if __name__ == "__main__":
    main()
