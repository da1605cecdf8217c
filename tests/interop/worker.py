"""Runs on a throwaway node: attaches, checks and detaches with the plugins it is told to use.

stdin is JSON: the scenario, and steps such as `["add", "/usr/lib/cni"]`; stdout is JSON: for each
step what was answered, and the node's state as YAML before the first and after each.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import Any

from cnictl.netns_named import create_named
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.failure import CheckUnsupported, OperationFailed
from cnictl.runtime.network import Runtime
from cnictl.runtime.plugin import Plugins
from cnictl.spec.conflist import parse_list
from cnictl.spec.result import current
from cnictl.state.dump import dump
from cnictl.state.observe import take

DATA_DIRS = ("/var/lib/cni/networks", "/run/reservations")
BACKUP_DIRS = ("/run/cni/tuning", "/run/tuning-backups")


def main() -> None:
    told = json.load(sys.stdin)
    scenario = told["scenario"]
    for command in scenario["setup"]:
        subprocess.run(shlex.split(command), check=True, stdout=2)
    pods = {one["container"]: f"/run/netns/{one['container']}" for one in scenario["attachments"]}
    for path in pods.values():
        if not os.path.exists(path):  # the set-up may have made one, to put something into it
            create_named(path)
    network = parse_list(json.dumps(scenario["network"]).encode())

    def state() -> str:
        return dump(take(pods, data_dirs=DATA_DIRS, backup_dirs=BACKUP_DIRS))

    answers: list[dict[str, Any]] = []
    states = [state()]
    for verb, directory in told["steps"]:
        runtime = Runtime(Plugins([directory], timeout=60))
        for one in scenario["attachments"]:
            attachment = Attachment(
                one["container"],
                pods[one["container"]],
                one["ifname"],
                tuple(one["args"].items()),
                one["capabilities"],
            )
            answers.append(answer(runtime, verb, network, attachment))
        states.append(state() if verb != "check" else states[-1])
    json.dump({"answers": answers, "states": states}, sys.stdout)


def answer(runtime: Runtime, verb: str, network: Any, attachment: Attachment) -> dict[str, Any]:
    """Do one step for one attachment; return what came of it."""
    said = {"verb": verb, "container": attachment.container_id}
    try:
        report = getattr(runtime, {"add": "add", "check": "check", "del": "delete"}[verb])(
            network, attachment
        )
    except CheckUnsupported:
        return said
    except OperationFailed as error:
        return {**said, "error": str(error)}
    result = report.result
    return (
        said if result is None else {**said, "result": result.members(), "current": current(result).members()}
    )


if __name__ == "__main__":
    os.environ["CNI_NETNS_OVERRIDE"] = ""
    main()
