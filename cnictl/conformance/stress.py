"""Points about what happens at the same moment, and what happens to a plugin that is killed."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from statistics import median
from typing import TYPE_CHECKING, Any

from cnictl.child import CannotRun
from cnictl.conformance.model import Failed, NotApplicable, Point
from cnictl.spec.document import encode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.conformance.subject import Call, Subject

GENERAL, DEL = "Overview of CNI operations", "DEL: Remove container from network"
AT_ONCE = 8
KILLS = 6
ROUNDS = 5


def at_the_same_moment(subject: Subject) -> str:
    """Eight containers are attached, and then detached, at once: no address twice, nothing left."""
    if subject.profile.alone:
        raise NotApplicable(subject.profile.alone)
    before = subject.state()
    calls = [subject.fresh() for _ in range(AT_ONCE)]
    configs = []
    for call in calls:
        config = subject.config()
        previous = subject.previous(call)
        configs.append(config if previous is None else {**config, "prevResult": previous})
    with ThreadPoolExecutor(AT_ONCE) as pool:
        added = list(
            pool.map(lambda pair: subject.call("ADD", pair[1], pair[0]), zip(calls, configs, strict=True))
        )
        results: list[dict[str, Any]] = []
        failed = [one for one in added if one.status != 0]
        if not failed:
            results = [one.result for one in added]
            pairs = zip(calls, configs, results, strict=True)
            deleted = list(
                pool.map(lambda one: subject.call("DEL", subject.attached(*one[1:]), one[0]), pairs)
            )
            failed = [one for one in deleted if one.status != 0]
    if failed:
        raise Failed(f"{len(failed)} of {AT_ONCE} at once failed; the first: {failed[0].words}")
    for call, config in zip(calls, configs, strict=True):
        subject.undo_previous(call, config.get("prevResult"))
    addresses = [ip["address"] for result in results for ip in result.get("ips", [])]
    static = subject.profile.config.get("ipam", {})
    fixed = isinstance(static, dict) and static.get("type") == "static"
    if not fixed and subject.profile.ifname != "lo" and len(addresses) != len(set(addresses)):
        raise Failed(f"an address was given twice: {sorted(addresses)}")
    left = subject.left(before, subject.state())
    if left:
        raise Failed(f"left behind: {'; '.join(left)}")
    return f"{AT_ONCE} at once"


def killed(subject: Subject) -> str:
    """DEL cleans up after an ADD that was killed, at several moments of it."""
    with subject.container() as call:
        config, _ = subject.prepared(call)
        began = time.monotonic()
        result = subject.call("ADD", config, call).succeeded("ADD").result
        whole = time.monotonic() - began
        subject.detach(call, config, result)
    for number in range(KILLS):
        with subject.container() as call:
            before = subject.state(call)
            config, _ = subject.prepared(call)
            _kill_while_adding(subject, call, config, whole * (number + 0.5) / KILLS)
            said = subject.call("DEL", config, call)
            if said.status != 0:
                raise Failed(f"DEL after ADD was killed: {said.words}")
            subject.undo_previous(call, config.get("prevResult"))
            left = subject.left(before, subject.state(call))
            if left:
                raise Failed(f"DEL after ADD was killed left {'; '.join(left)}")
    return f"killed at {KILLS} moments"


def takes_time(subject: Subject) -> str:
    """How long ADD and DEL take, medians of five; no claim is made."""
    seconds: dict[str, list[float]] = {"ADD": [], "DEL": []}
    for _ in range(ROUNDS):
        with subject.container() as call:
            config, _ = subject.prepared(call)
            began = time.monotonic()
            result = subject.call("ADD", config, call).succeeded("ADD").result
            seconds["ADD"].append(time.monotonic() - began)
            later = subject.attached(config, result)
            began = time.monotonic()
            subject.call("DEL", later, call).succeeded("DEL")
            seconds["DEL"].append(time.monotonic() - began)
            subject.undo_previous(call, config.get("prevResult"))
    return ", ".join(f"{verb} {median(found) * 1000:.0f} ms" for verb, found in seconds.items())


def _kill_while_adding(subject: Subject, call: Call, config: dict[str, Any], after: float) -> None:
    """Start ADD, and kill it and what it started after so many seconds."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("CNI_")},
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": call.container_id,
        "CNI_NETNS": call.netns,
        "CNI_IFNAME": call.ifname,
        "CNI_PATH": os.pathsep.join(subject.directories),
    }
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            os.dup2(reader, 0)
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            os.close(writer)
            os.execve(subject.path, [subject.path], environment)
        finally:
            os._exit(127)
    os.close(reader)
    try:
        os.write(writer, encode(config).encode())
    except BrokenPipeError:
        pass
    os.close(writer)
    time.sleep(after)
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 127:
        raise CannotRun(subject.path, 8)


POINTS: Sequence[Point] = (
    Point("at-once", GENERAL, "containers can be attached at the same moment", at_the_same_moment),
    Point("killed-add", DEL, "DEL cleans up after an ADD that was killed", killed),
    Point("time", GENERAL, "how long it takes", takes_time),
)
