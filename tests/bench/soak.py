"""Runs on a throwaway node: callers at work without a pause, while callers and workers are killed at random.

stdin is JSON: a directory of launchers, the command of a worker, the plugins of a network, the seconds,
how many callers, and a seed; stdout is JSON: what was done, what failed, and what was left.

A caller is a runtime: it attaches its pod, looks after it, detaches it, and begins anew.  After a call
that was killed, or that the plugin asked to repeat (code 11), it sends DEL to all plugins, as kubelet does.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnictl.netns_named import create_named, delete_named

SOCKET = "/run/cnictl/worker.sock"
DATA = Path("/var/lib/cni/networks/soak")
TRY_AGAIN = 11  # code of the CNI spec
LATEST = 30.0
"""Seconds after which a call hangs."""
KILLED = 0.04
"""Of the calls."""


@dataclass
class Tally:
    """What the callers did; `failures` are answers that nobody should get."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


class Caller:
    """A runtime with one pod."""

    def __init__(self, told: dict[str, Any], number: int) -> None:
        self.told = told
        self.number = number
        self.netns = f"/run/netns/pod{number}"
        self.tally = Tally()
        self.chance = random.Random(told["seed"] * 1000 + number)
        self.result: Any = None

    def run(self, until: float) -> None:
        """Attach and detach until it is time, and leave nothing."""
        while time.monotonic() < until:
            if self.chain("ADD") and self.chain("CHECK"):
                self.tally.counts["pods"] += 1
            self.clear()

    def clear(self) -> None:
        """Send DEL until each plugin has said yes; killed calls and code 11 are none."""
        for _ in range(20):
            if self.chain("DEL"):
                return
        self.tally.failures.append(f"pod{self.number}: DEL never came to its end")

    def chain(self, verb: str) -> bool:
        """Call all plugins, and return whether each has done its work."""
        plugins = self.told["plugins"]
        if verb == "ADD":
            self.result = None
        done = True
        for plugin in reversed(plugins) if verb == "DEL" else plugins:
            if not self.call(verb, plugin):
                done = False
                if verb != "DEL":
                    return False
        return done

    def call(self, verb: str, plugin: dict[str, Any]) -> bool:
        config = {"cniVersion": "1.0.0", "name": "soak", **plugin}
        if plugin["type"] == "portmap":
            ports = [{"hostPort": 20000 + self.number, "containerPort": 80, "protocol": "tcp"}]
            config["runtimeConfig"] = {"portMappings": ports}
        if self.result is not None:
            config["prevResult"] = self.result
        environment = {
            "PATH": os.environ["PATH"],
            "CNI_COMMAND": verb,
            "CNI_CONTAINERID": f"pod{self.number}",
            "CNI_NETNS": self.netns,
            "CNI_IFNAME": "eth0",
            "CNI_PATH": self.told["directory"],
        }
        path = f"{self.told['directory']}/{plugin['type']}"
        with subprocess.Popen(
            [path], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            patience, victim = LATEST, self.chance.random() < KILLED
            if victim:
                patience = self.chance.random() * 0.02
            try:
                out, err = process.communicate(json.dumps(config).encode(), timeout=patience)
            except subprocess.TimeoutExpired:
                process.send_signal(self.chance.choice((signal.SIGKILL, signal.SIGTERM)))
                process.communicate(timeout=LATEST)
                self.tally.counts["calls killed"] += 1
                if not victim:
                    self.tally.failures.append(f"{verb} of {plugin['type']}: not done after {LATEST} s")
                return False
        self.tally.counts["calls"] += 1
        if process.returncode == 0:
            if verb == "ADD":
                self.result = json.loads(out)
            return True
        return self.refused(f"{verb} of {plugin['type']}", out, err)

    def refused(self, what: str, out: bytes, err: bytes) -> bool:
        try:
            code = json.loads(out)["code"]
        except (ValueError, KeyError):
            code = None
        if code == TRY_AGAIN:
            self.tally.counts["calls to repeat"] += 1
        else:
            self.tally.failures.append(f"{what}: {(out + err).decode(errors='replace')[-600:]}")
        return False


class Daemon:
    """The worker, started again when it is gone, as systemd does."""

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self.log = open("/run/worker.log", "ab")  # noqa: SIM115 - as long as this process
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )

    def children(self) -> list[int]:
        try:
            text = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        except FileNotFoundError:
            return []
        return [int(one) for one in text.split()]

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))


def look() -> dict[str, list[str]]:
    """What plugins may leave on the node."""

    def lines(*words: str) -> list[str]:
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        kept = (line.partition(" [")[0] for line in done.stdout.splitlines() if not line.startswith("#"))
        return sorted(kept)

    links = json.loads(subprocess.run(["ip", "-j", "link"], capture_output=True, check=True).stdout)
    return {
        "links": sorted(one["ifname"] for one in links),
        "rules": lines("iptables-save"),
        "rules of IPv6": lines("ip6tables-save"),
        "reservations": sorted(path.name for path in DATA.iterdir() if path.name[0].isdigit()),
        "qdiscs": [line.split("dev ")[1].split()[0] for line in lines("tc", "qdisc")],
    }


def disturb(daemon: Daemon, chance: random.Random, counts: Counter[str]) -> None:
    """Kill one of the worker's processes, now and then the one that counts them."""
    if daemon.process.poll() is not None or chance.random() < 0.1:
        daemon.process.kill()
        daemon.process.wait()
        counts["daemons killed"] += 1
        daemon.start()
        return
    children = daemon.children()
    if children:
        try:
            os.kill(chance.choice(children), signal.SIGKILL)
            counts["workers killed"] += 1
        except ProcessLookupError:
            pass


def soak(told: dict[str, Any]) -> dict[str, Any]:
    """Do it, and return what came of it."""
    callers = [Caller(told, number) for number in range(told["callers"])]
    for one in callers:
        create_named(one.netns)
    daemon = Daemon(told["worker"])
    warm = Caller({**told, "seed": 0}, 0)
    warm.chance.random = lambda: 1.0  # type: ignore[method-assign]
    if not warm.chain("ADD") or not warm.chain("DEL"):
        raise RuntimeError(warm.tally.failures)
    before, descriptors = look(), daemon.descriptors()
    until = time.monotonic() + told["seconds"]
    children = {}
    for one in callers:
        reader, writer = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reader)
            try:
                one.run(until)
            except BaseException as error:  # noqa: BLE001 - this is the end of the process
                one.tally.failures.append(f"{type(error).__name__}: {error}")
            answer = {"counts": one.tally.counts, "failures": one.tally.failures[:20]}
            with open(writer, "w", encoding="utf-8") as file:
                json.dump(answer, file)
            os._exit(0)
        os.close(writer)
        children[pid] = reader
    chance = random.Random(told["seed"])
    total, failures = Counter[str](), []
    while time.monotonic() < until:
        time.sleep(chance.random() * 0.4)
        disturb(daemon, chance, total)
    for pid, reader in children.items():
        with open(reader, encoding="utf-8") as file:
            answer = json.load(file)
        os.waitpid(pid, 0)
        total.update(answer["counts"])
        failures += answer["failures"]
    left = settled(before)
    if daemon.descriptors() > descriptors:
        left.append(f"{daemon.descriptors()} descriptors of the worker, {descriptors} before")
    for one in callers:
        delete_named(one.netns)
    daemon.process.terminate()
    daemon.process.wait(30)
    left += processes()
    return {"counts": total, "failures": failures, "left": left}


def settled(before: dict[str, list[str]]) -> list[str]:
    """What is there that was not; what a worker is about to undo has some seconds."""
    left: list[str] = []
    for _ in range(20):
        now = look()
        left = [
            f"{kind}: {one}"
            for kind in before
            for one in (Counter(now[kind]) - Counter(before[kind])).elements()
        ]
        if not left:
            break
        time.sleep(0.25)
    return left


def processes() -> list[str]:
    """Processes of the node that are neither its first nor this one, nor what started this one."""
    own = {1, os.getpid(), os.getppid()}
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(path.name) not in own and ("cni" in words or "iptables" in words):
            found.append(f"process {path.name}: {words}")
    return found


if __name__ == "__main__":
    json.dump(soak(json.load(sys.stdin)), sys.stdout)
