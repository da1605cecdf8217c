"""The part of a measurement that runs on its throwaway node: calls two sets of plugins in turn.

stdin is JSON: what `cnictl.scenario.inside` is told of a network, the sides, what is there before, how many
rounds; stdout is JSON: the seconds of every call.  A call is timed from before the process is
started until it has ended and all that it said is read, which is what a runtime waits.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from cnictl.bench.model import Present
from cnictl.bench.present import fill
from cnictl.cni_path import directories
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.plugin import Plugins
from cnictl.scenario.inside import Lifecycle
from cnictl.scenario.model import netns_of
from cnictl.spec import request
from cnictl.spec import result as results
from cnictl.spec.conflist import parse_list
from cnictl.spec.document import decode_object, encode
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cnictl.runtime.plugin import Execution
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.result import AnyResult

    Call = tuple[str, str, float]
    """Plugin, verb and seconds."""


class Caller:
    """A runtime without a cache: calls the plugins of a network for one attachment at a time."""

    def __init__(self, network: NetworkList, path: str, timeout: float) -> None:
        self._network = network
        environment = {"PATH": os.environ.get("PATH", "")}
        self._plugins = Plugins(directories(path), timeout=timeout, environment=environment)
        self.refusals: dict[str, None] = {}
        """What CHECK was answered, by plugins that found something wrong."""

    def life(self, attachment: Attachment, verbs: Collection[str]) -> Iterator[Call]:
        """Attach a container and detach it, with the other verbs where they belong.

        Raises CnictlError when a plugin fails at anything but CHECK.
        """
        if "VERSION" in verbs:
            for plugin in self._network.plugins:
                yield self._timed(self._plugins.version(plugin.type)[1])
        result = None
        for execution, so_far in self.add(attachment):
            yield self._timed(execution)
            result = so_far
        for verb in ("CHECK", "DEL"):
            if verb in verbs or verb == "DEL":
                for execution in self.call(verb, attachment, result):
                    yield self._timed(execution)

    def add(self, attachment: Attachment) -> Iterator[tuple[Execution, AnyResult]]:
        """Yield the call of each plugin, and the Result so far."""
        result: AnyResult | None = None
        for plugin in self._network.plugins:
            stdin = request.for_attachment(
                self._network, plugin, previous=result, capability_args=attachment.capability_args
            )
            execution = self._executed(plugin.type, "ADD", stdin, attachment)
            result = results.parse_output(self._network.cni_version, execution.stdout)
            yield execution, result

    def call(self, verb: str, attachment: Attachment, result: AnyResult | None) -> Iterator[Execution]:
        """Yield the call of each plugin for CHECK or DEL, whose order is the other way round."""
        order = -1 if verb == "DEL" else 1
        for plugin in self._network.plugins[::order]:
            stdin = request.for_attachment(
                self._network, plugin, previous=result, capability_args=attachment.capability_args
            )
            yield self._executed(plugin.type, verb, stdin, attachment)

    def _executed(self, plugin: str, verb: str, stdin: bytes, attachment: Attachment) -> Execution:
        execution = self._plugins.execute(plugin, verb, stdin, attachment)
        if execution.error is not None:
            said = f"{verb} of {execution.path}: {execution.error}"
            if verb != "CHECK":
                raise CnictlError(said, hint=execution.error.hint)
            self.refusals[said] = None
        return execution

    def _timed(self, execution: Execution) -> Call:
        return execution.plugin, execution.verb, execution.seconds


def attachment_of(told: dict[str, Any], container_id: str = "") -> Attachment:
    """Return what was told of an attachment; its namespace is that of the container told."""
    return Attachment(
        container_id or told["container"],
        netns_of(told["container"]),
        told["ifname"],
        tuple(told["args"].items()),
        told["capabilities"],
    )


def measure(told: dict[str, Any]) -> dict[str, Any]:
    """Do all rounds and tell their calls, or why they could not be done."""
    prepared = Lifecycle(told).prepare(told["setup"], told["needs"])
    if prepared:
        return prepared
    present = Present(*told["present"]) if told["present"] else None
    networks = [_network(told, side, present) for side in told["sides"]]
    if present is not None:
        for network in {one.name: one for one in networks}.values() if _is_apart(present) else networks[:1]:
            fill(present, network)
    callers = [
        Caller(network, side["path"], told["timeout"])
        for network, side in zip(networks, told["sides"], strict=True)
    ]
    rounds = []
    for number in range(told["warm_up"] + told["rounds"]):
        calls: list[list[Call]] = [[], []]
        for side in (0, 1) if number % 2 else (1, 0):
            for one in told["attachments"]:
                attachment = attachment_of(one, f"{one['container']}-{side}")
                calls[side] += callers[side].life(attachment, told["verbs"])
        if number >= told["warm_up"]:
            rounds.append(calls)
    return {"rounds": rounds, "refusals": [list(one.refusals) for one in callers]}


def _network(told: dict[str, Any], side: dict[str, Any], present: Present | None) -> NetworkList:
    """Return the network of a side; one of its own where what is present is kept by the network's name.

    Sets that take turns in one directory of reservations would measure what one does to the other.
    """
    text = (side["network"] or told["network"]).encode(errors="surrogateescape")
    members = decode_object(text)
    if not _is_apart(present) or side is told["sides"][0]:
        return parse_list(text)
    return parse_list(encode({**members, "name": f"{members.get('name', '')}-b"}).encode())


def _is_apart(present: Present | None) -> bool:
    return present is not None and present.kind == "reservations"


def main() -> None:
    try:
        answer = measure(json.load(sys.stdin))
    except CnictlError as error:
        answer = {"failed": str(error), "hint": error.hint}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
