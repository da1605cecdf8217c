"""Runs on a throwaway node: calls two sets of plugins in turn, and says how long each call took.

stdin is JSON: the directories of the two sets, how many rounds, and the cases; stdout is JSON: the
seconds of each call by case, verb and set.  A call is timed from before the process is started
until it has ended, which is what a runtime waits.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnictl import invoke
from cnictl.netns_named import create_named

ROOT = Path(__file__).parents[2]
VERBS = ("VERSION", "ADD", "CHECK", "DEL")
Seconds = dict[str, dict[str, dict[str, list[float]]]]
"""By case, verb and set."""


@dataclass(frozen=True, slots=True)
class Case:
    """Plugins that are called one after the other, in a container that others may have served before.

    `setup` are commands that come first, in which `{ours}` and `{go}` are the directories of the sets; a
    plugin's `SET` is the name of its own.  With `anew` those before add and delete it each time, because the
    plugins leave something to their DEL.  `failing` are the verbs that the Go plugins fail at by a mistake of
    theirs.
    """

    name: str
    plugins: list[dict[str, Any]]
    before: list[dict[str, Any]] = field(default_factory=list)
    setup: list[str] = field(default_factory=list)
    anew: bool = False
    ifname: str = "eth0"
    failing: tuple[str, ...] = ()


class Container:
    """A container of a case, with the plugins of one set."""

    def __init__(self, case: Case, name: str, directory: str) -> None:
        self.case = case
        self.directory = directory
        self.set = name
        self.name = f"{case.name}-{name}"
        self.netns = f"/run/netns/{self.name}"
        self.result: Any = None
        create_named(self.netns)
        self._prepare()

    def _prepare(self) -> None:
        self.result = None
        for plugin in self.case.before:
            self.call("ADD", plugin)
        self._given = self.result

    def life(self) -> dict[str, float]:
        """Have each verb over all plugins, and return how long the calls of each took together."""
        took = {verb: self.calls(verb) for verb in VERBS}
        self.result = self._given
        if self.case.anew:
            for plugin in reversed(self.case.before):
                self.call("DEL", plugin)
            self._prepare()
        return took

    def calls(self, verb: str) -> float:
        plugins = self.case.plugins
        return sum(self.call(verb, plugin) for plugin in (reversed(plugins) if verb == "DEL" else plugins))

    def call(self, verb: str, plugin: dict[str, Any]) -> float:
        """Call one plugin; its Result is the prevResult of the next one."""
        config = {"cniVersion": "1.0.0", "name": self.case.name, **plugin}
        if self.result is not None:
            config["prevResult"] = self.result
        environment = {
            "PATH": os.environ["PATH"],
            "CNI_COMMAND": verb,
            "CNI_CONTAINERID": self.name,
            "CNI_NETNS": self.netns,
            "CNI_IFNAME": self.case.ifname,
            "CNI_PATH": self.directory,
        }
        path = f"{self.directory}/{plugin['type']}"
        stdin = json.dumps(config).replace("SET", self.set).encode()
        began = time.perf_counter()
        done = invoke.run(path, environment=environment, stdin=stdin, timeout=60)
        took = time.perf_counter() - began
        if done.status and verb not in self.case.failing:
            raise RuntimeError(f"{verb} {path}: {(done.stdout + done.stderr).decode()}")
        if verb == "ADD":
            self.result = json.loads(done.stdout)
        return took


def measure(cases: list[Case], directories: dict[str, str], rounds: int) -> Seconds:
    """Return the times of all rounds but the first, which makes what containers share."""
    found: Seconds = {}
    for case in cases:
        for command in case.setup:
            subprocess.run(shlex.split(command.format(**directories)), check=True, stdout=2, cwd=ROOT)
        containers = {name: Container(case, name, directory) for name, directory in directories.items()}
        times = found[case.name] = {verb: {name: [] for name in directories} for verb in VERBS}
        for number in range(rounds + 1):
            turns = list(containers.items())
            for name, container in turns if number % 2 else reversed(turns):
                for verb, seconds in container.life().items():
                    if number:
                        times[verb][name].append(seconds)
    return found


def main() -> None:
    told = json.load(sys.stdin)
    cases = [Case(**case) for case in told["cases"]]
    json.dump(measure(cases, told["directories"], told["rounds"]), sys.stdout)


if __name__ == "__main__":
    main()
