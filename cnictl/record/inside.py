"""The part of a replay that runs on the throwaway node: makes what the calls need, and does them in order.

stdin and stdout are JSON.  What is random differs from then: where an earlier call made another MAC address
or another generated name than it did then, the later ones are given that one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from cnictl.child import CannotRun, Stopped
from cnictl.invoke import run
from cnictl.netns_named import create_named
from cnictl.plan.inside import become_copy
from cnictl.record.randomness import is_random
from cnictl.record.substitution import replaced
from cnictl.sandbox.namespaces import Refused
from cnictl.spec.document import decode
from cnictl.spec.errors import CniError

if TYPE_CHECKING:
    from cnictl.spec.document import Json


def main() -> None:
    """Do what stdin says, and tell what came of it."""
    told = json.load(sys.stdin)
    try:
        missing = become_copy(told)
    except Refused as refused:
        json.dump({"refused": str(refused)}, sys.stdout)
        return
    for path in told["netns"]:
        create_named(path)
    made: dict[str, str] = {}
    runs = []
    for one in told["calls"]:
        came = _run(one, made, told["timeout"])
        made.update(_made(one["stdout"], came["stdout"]))
        runs.append(came)
    json.dump({"missing": missing, "runs": runs}, sys.stdout)


def _run(call: Mapping[str, Any], made: Mapping[str, str], timeout: float | None) -> dict[str, Any]:
    began = time.monotonic()
    status, stdout, stderr, cause = None, b"", b"", ""
    try:
        done = run(
            call["path"],
            call["arguments"],
            environment=call["environment"],
            stdin=replaced(call["stdin"], made).encode(errors="surrogateescape"),
            timeout=timeout,
        )
        status, stdout, stderr = done.status, done.stdout, done.stderr
    except Stopped as stopped:
        stdout, stderr, cause = stopped.stdout, stopped.stderr, str(stopped)
    except CannotRun as error:
        cause = str(error)
    return {
        "status": status,
        "stdout": stdout.decode(errors="surrogateescape"),
        "stderr": stderr.decode(errors="surrogateescape"),
        "seconds": time.monotonic() - began,
        "cause": cause,
    }


def _made(then: str, now: str) -> dict[str, str]:
    """Return what is random in an answer as it was then, and as it came this time."""
    try:
        pairs = _pairs(decode(then), decode(now))
        return {one: other for one, other in pairs if one != other and is_random(one) and is_random(other)}
    except CniError:
        return {}


def _pairs(then: Json, now: Json) -> Iterator[tuple[str, str]]:
    """Yield the texts that stand in the same places."""
    if isinstance(then, dict) and isinstance(now, dict):
        for name in then.keys() & now.keys():
            yield from _pairs(then[name], now[name])
    elif isinstance(then, list) and isinstance(now, list):
        for one, other in zip(then, now, strict=False):
            yield from _pairs(one, other)
    elif isinstance(then, str) and isinstance(now, str):
        yield then, now


if __name__ == "__main__":
    main()
