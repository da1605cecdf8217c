"""The part of a scenario that runs on its throwaway node: does its steps, and tells what came of each.

stdin is JSON: the network, what is done before, the attachments, and steps such as `["add", DIRS]`;
stdout is JSON: an answer a step.  The judging is done outside, by `cnictl.scenario.judge`.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from cnictl import cni_path, invoke
from cnictl.child import CannotRun, Stopped
from cnictl.declare.compare import sentence
from cnictl.netns import entered
from cnictl.netns_named import create_named
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.failure import CheckUnsupported, OperationFailed, PluginFailed
from cnictl.runtime.network import Runtime
from cnictl.runtime.plugin import Plugins
from cnictl.scenario import probe, reach
from cnictl.scenario.model import NODE, netns_of
from cnictl.spec.conflist import parse_list
from cnictl.spec.errors import CnictlError
from cnictl.spec.result import current
from cnictl.state.attachments import examine
from cnictl.state.dump import dump
from cnictl.state.files import directories_of
from cnictl.state.observe import take

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.result import Result

    Answer = dict[str, Any]
    """JSON: what came of a step, or of a step for one attachment."""

COMMAND_TIMEOUT = 60.0
"""Seconds for a command of a setup or a disturbance."""


class Lifecycle:
    """The steps on this node."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._network: NetworkList = parse_list(told["network"].encode(errors="surrogateescape"))
        self._attachments = [
            Attachment(
                one["container"],
                netns_of(one["container"]),
                one["ifname"],
                tuple(one["args"].items()),
                one["capabilities"],
            )
            for one in told["attachments"]
        ]
        self._pods = {one.container_id: one.netns for one in self._attachments}
        self._timeout = float(told["timeout"])
        self._results: dict[str, Result] = {}
        kept, backups = directories_of([self._network])
        self._kept, self._backups = kept, backups

    def step(self, words: list[Any]) -> Answer:
        """Do one step; see `STEPS` for their names."""
        name, *arguments = words
        return {"step": name, **STEPS[name](self, *arguments)}

    def prepare(self, commands: list[dict[str, Any]], needs: list[str]) -> Answer:
        """Run the setup and make the pods' namespaces that it has not made; what the kernel lacks ends it."""
        for need in needs:
            reason = probe.lacking(need)
            if reason:
                return {"lacking": reason}
        own = [one["words"][3] for one in commands if one["words"][:3] == ["ip", "netns", "add"]]
        for name, path in self._pods.items():
            if name not in own:
                _make_netns(path)
        failed = self.commands(commands)
        for path in self._pods.values():
            _make_netns(path)
        return failed

    def commands(self, commands: list[dict[str, Any]]) -> Answer:
        """Run commands until one fails."""
        for one in commands:
            netns = netns_of(one["inside"]) if one["inside"] else ""
            if netns:
                _make_netns(netns)
            said = _run(one["words"], netns)
            if said:
                return {"failed": said}
        return {}

    def add(self, path: str) -> Answer:
        return self._verb(path, lambda runtime, one: runtime.add(self._network, one))

    def check(self, path: str) -> Answer:
        return self._verb(path, lambda runtime, one: runtime.check(self._network, one))

    def delete(self, path: str) -> Answer:
        return self._verb(
            path, lambda runtime, one: runtime.delete(self._network, one, keep_going=True), reverse=True
        )

    def state(self) -> Answer:
        taken = take(self._pods, data_dirs=self._kept, backup_dirs=self._backups)
        unseen = [[taken.name_of(one.where), one.what, one.reason] for one in taken.unseen]
        return {"state": dump(taken), "unseen": unseen}

    def drift(self, path: str) -> Answer:
        """Say how the attachments part from what their plugins promised."""
        found = examine(path=path)
        said = {sentence(broken.drift): None for one in found for broken in one.broken}
        problems = {problem: None for one in found for problem in one.problems}
        return {"drift": list(said), "problems": list(problems)}

    def reach(self, told: dict[str, Any]) -> Answer:
        """Try whether one reaches another; `failure` says why it does not."""
        source = _place(told["source"])
        try:
            target = self._address(told)
            if told["protocol"] == "ping":
                return {"failure": reach.ping(source, target, told["size"])}
            server = told["server"] or told["target"]
            with ExitStack() as stack:
                if server in self._pods or server == NODE or told["server"]:
                    stack.enter_context(reach.Server(_place(server), told["protocol"], told["server_port"]))
                return {"failure": reach.connect(source, target, told["port"], told["protocol"])}
        except (CnictlError, OSError) as error:
            return {"broken": str(error)}

    def _address(self, told: dict[str, Any]) -> str:
        target, version = told["target"], told["version"]
        owner = told["source"] if target in ("gateway", NODE) else target
        result = self._results.get(owner)
        if result is None:
            if target in (*self._pods, "gateway", NODE):
                raise CnictlError(f"there is no Result of {owner} to take an address from")
            return str(target)
        for ip in result.ips:
            if version in (0, ip.address.version):
                if target not in ("gateway", NODE):
                    return str(ip.address.address)
                if ip.gateway is not None:
                    return str(ip.gateway)
        what = "gateway" if target in ("gateway", NODE) else "address"
        raise CnictlError(f"the Result of {owner} has no {what} of version {version or '4 or 6'}")

    def _verb(self, path: str, do: Callable[[Runtime, Attachment], Any], *, reverse: bool = False) -> Answer:
        runtime = Runtime(Plugins(cni_path.directories(path), timeout=self._timeout))
        several = self._attachments[::-1] if reverse else self._attachments
        return {"answers": [self._answer(runtime, do, one) for one in several]}

    def _answer(
        self, runtime: Runtime, do: Callable[[Runtime, Attachment], Any], attachment: Attachment
    ) -> Answer:
        said: Answer = {"attachment": f"{attachment.container_id} {attachment.ifname}"}
        try:
            report = do(runtime, attachment)
        except CheckUnsupported:
            return {**said, "unsupported": True}
        except OperationFailed as error:
            return {**said, "error": _error(error), "runs": [run.members() for run in error.executions]}
        said["runs"] = [run.members() for run in report.executions]
        if report.result is not None:
            result = current(report.result)
            self._results.setdefault(attachment.container_id, result)
            said |= {"result": report.result.members(), "current": result.members()}
        return said


STEPS: dict[str, Callable[..., Answer]] = {
    "prepare": Lifecycle.prepare,
    "commands": Lifecycle.commands,
    "add": Lifecycle.add,
    "check": Lifecycle.check,
    "del": Lifecycle.delete,
    "state": Lifecycle.state,
    "drift": Lifecycle.drift,
    "reach": Lifecycle.reach,
}


def _error(error: OperationFailed) -> Answer:
    told: Answer = {"message": str(error), "plugin": "", "code": 0, "msg": str(error), "details": ""}
    if isinstance(error, PluginFailed):
        told |= {
            "plugin": error.plugin,
            "code": error.error.code,
            "msg": error.error.msg,
            "details": error.error.details,
        }
    if error.hint:
        told["hint"] = error.hint
    return told


def _make_netns(path: str) -> None:
    if not os.path.exists(path):
        create_named(path)


def _place(name: str) -> str:
    return "" if name == NODE else netns_of(name)


def _run(words: list[str], netns: str) -> str:
    """Run a command and return how it failed, "" when it did not."""
    program = shutil.which(words[0])
    if program is None:
        return f"no program {words[0]!r} in PATH"
    with ExitStack() as stack:
        try:
            if netns:
                stack.enter_context(entered(netns))
            done = invoke.run(program, words[1:], environment=os.environ, timeout=COMMAND_TIMEOUT)
        except (CannotRun, Stopped, CnictlError) as error:
            return f"{' '.join(words)}: {error}"
    if done.status == 0:
        return ""
    said = (done.stderr or done.stdout).decode(errors="replace").strip()
    return f"{' '.join(words)}: {done.reason}" + (f": {said}" if said else "")


def main() -> None:
    """Do the steps until one breaks off, and tell what came of each."""
    told = json.load(sys.stdin)
    life = Lifecycle(told)
    answers: list[Answer] = []
    for words in told["steps"]:
        answer = life.step(words)
        answers.append(answer)
        if "lacking" in answer or "failed" in answer:
            break
    json.dump({"answers": answers}, sys.stdout)


if __name__ == "__main__":
    main()
