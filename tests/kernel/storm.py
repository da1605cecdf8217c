"""Runs on a throwaway node: many runtimes at the same moment, each a process that runs a chain of plugins.

stdin is JSON: the list's plugins, the containers, and waves of calls.  The calls of a wave start
together; the next wave starts when all have ended.  stdout is JSON: for each wave the answers in
the order of its calls.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnictl.netns_named import create_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cnictl.sandbox.node import Node

ROOT = Path(__file__).parents[2]
ANSWERS = "/run/storm"
PORTS = {"tcp": 20000, "udp": 30000}
"""The node's first port of each protocol; container number N has the N-th from there."""


@dataclass(frozen=True, slots=True)
class Call:
    """One verb over the whole chain for one container, with the plugins of a directory."""

    verb: str
    container: int
    directory: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The Result of ADD, or what the plugin that failed wrote."""

    result: dict[str, Any] | None = None
    error: str = ""

    @property
    def addresses(self) -> list[str]:
        """The addresses of the Result, without lengths."""
        return [ip["address"].partition("/")[0] for ip in (self.result or {}).get("ips", ())]


def storm(
    node: Node, plugins: Sequence[dict[str, Any]], waves: Sequence[Sequence[Call]], name: str = "storm"
) -> list[list[Answer]]:
    """Have the waves run on a node; network namespaces `c0`, `c1`, ... are made where they are missing."""
    told = {"name": name, "plugins": plugins, "waves": [[asdict(call) for call in wave] for wave in waves]}
    argv = [sys.executable, "-m", "tests.kernel.storm"]
    done = node.run(argv, stdin=json.dumps(told), env=dict(os.environ), cwd=str(ROOT), timeout=100).checked()
    return [[Answer(**one) for one in wave] for wave in json.loads(done.stdout)]


def main() -> None:
    told = json.load(sys.stdin)
    waves = [[Call(**one) for one in wave] for wave in told["waves"]]
    for number in sorted({call.container for wave in waves for call in wave}):
        if not os.path.exists(netns(number)):
            create_named(netns(number))
    os.makedirs(ANSWERS, exist_ok=True)
    heads = [{"cniVersion": "1.0.0", "name": told["name"], **plugin} for plugin in told["plugins"]]
    answers = [run_wave(wave, lambda call: run_chain(call, heads)) for wave in waves]
    json.dump([[asdict(answer) for answer in wave] for wave in answers], sys.stdout)


def netns(number: int) -> str:
    return f"/run/netns/c{number}"


def run_wave(wave: Sequence[Call], work: Callable[[Call], Answer]) -> list[Answer]:
    """Do the work of all calls in processes that start at the same moment."""
    ready, go = os.pipe()
    children = []
    for number, call in enumerate(wave):
        child = os.fork()
        if child == 0:
            os.close(go)
            os.read(ready, 1)  # ends when the parent closes its end
            try:
                answer = work(call)
            except BaseException as error:  # noqa: BLE001 - this is the end of the process
                answer = Answer(error=f"{type(error).__name__}: {error}")
            Path(f"{ANSWERS}/{number}").write_text(json.dumps(asdict(answer)), encoding="utf-8")
            os._exit(0)
        children.append(child)
    os.close(ready)
    os.close(go)
    for child in children:
        os.waitpid(child, 0)
    return [
        Answer(**json.loads(Path(f"{ANSWERS}/{number}").read_text(encoding="utf-8")))
        for number in range(len(wave))
    ]


def run_chain(call: Call, plugins: Sequence[dict[str, Any]]) -> Answer:
    """Run every plugin, those of DEL in reverse; CHECK and DEL get the Result of the last ADD."""
    kept = Path(f"{ANSWERS}/result-{call.container}")
    result = None
    if call.verb != "ADD" and kept.exists():
        result = json.loads(kept.read_text(encoding="utf-8"))
    for plugin in reversed(plugins) if call.verb == "DEL" else plugins:
        config = {**plugin, "runtimeConfig": {"portMappings": mappings(call.container)}}
        if result is not None:
            config["prevResult"] = result
        done = subprocess.run(
            [f"{call.directory}/{plugin['type']}"],
            input=json.dumps(config).encode(),
            capture_output=True,
            env=environment(call),
            check=False,
        )
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace")
            return Answer(
                error=f"{plugin['type']} in {call.directory}: exit status {done.returncode}: {said}"
            )
        if call.verb == "ADD":
            result = json.loads(done.stdout)
    if call.verb != "ADD":
        return Answer()
    fresh = kept.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(result), encoding="utf-8")
    fresh.replace(kept)
    return Answer(result)


def mappings(container: int) -> list[dict[str, Any]]:
    """Return the ports that a container publishes."""
    return [
        {"hostPort": first + container, "containerPort": 80, "protocol": protocol}
        for protocol, first in PORTS.items()
    ]


def environment(call: Call) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": call.verb,
        "CNI_CONTAINERID": f"c{call.container}",
        "CNI_NETNS": netns(call.container),
        "CNI_IFNAME": "eth0",
        "CNI_PATH": call.directory,
    }


if __name__ == "__main__":
    main()
