"""What the runtime itself says: its network, and its pod sandboxes held against what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.configuration import parse
from cnictl.doctor.checks.configuration import PROMPT, winner
from cnictl.doctor.checks.links import PATIENCE
from cnictl.doctor.finding import Seen, check
from cnictl.doctor.recognise import recognise
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import Bundle, Sandbox
    from cnictl.spec.conflist import NetworkList

SUCCESS = "OK"
"""What containerd says of a look for configurations that went well."""


@check("conf-not-reloaded", needs=("configurations", "cri"))
def other_configuration(bundle: Bundle) -> Iterator[Seen]:
    used, said = winner(bundle), bundle.cri
    if used is None or bundle.taken < used[0].changed + PROMPT:
        return
    file, network = used
    lines = []
    if not said.network_ready and _tells_of_none(said.message):
        lines.append(f"{said.name} says: NetworkReady=false, {said.reason}: {said.message}")
    if said.network_ready and said.loaded and not _is_same(said.loaded, network):
        lines.append(f"{said.name} uses another configuration than {file.path} has")
    if lines and said.load not in ("", SUCCESS):
        lines.append(f"its last look for configurations: {said.load}")
    if lines:
        lines.insert(0, f"{file.path} is valid, and was there {bundle.taken - file.changed:.0f} s ago")
        yield Seen("conf-not-reloaded", file.path, tuple(lines), {"file": file.path})


@check("netns-gone", needs=("cri", "sandboxes"))
def without_namespace(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.sandboxes:
        if one.state == "ready" and one.netns and not one.netns_there:
            line = f"sandbox {one.id} is ready, and its namespace {one.netns} is not there"
            yield Seen("netns-gone", _pod(one), (line,), _facts(one) | {"netns": one.netns})


@check("del-blocked", needs=("cri", "sandboxes", "cache", "reservations"))
def not_torn_down(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.sandboxes:
        if one.state != "stopped" or bundle.taken - one.created < PATIENCE:
            continue
        left = [each.path for each in bundle.cache if each.container == one.id]
        left += [each.path for each in bundle.reservations if each.container == one.id]
        left += [one.netns] if one.netns_there else []
        if left:
            lines = (f"sandbox {one.id} is not ready, and has", *left)
            network = next((each.network for each in bundle.cache if each.container == one.id), "")
            facts = _facts(one) | ({"network": network} if network else {})
            yield Seen("del-blocked", f"container {one.id}", lines, facts, "warning")


def _pod(one: Sandbox) -> str:
    return f"{one.namespace}/{one.pod}" if one.pod else f"container {one.id}"


def _facts(one: Sandbox) -> dict[str, str]:
    known = {"container": one.id, "sandbox": one.id, "namespace": one.namespace, "pod": one.pod}
    return {name: value for name, value in known.items() if value}


def _tells_of_none(message: str) -> bool:
    """Whether it is for want of a configuration; a plugin whose STATUS failed is another matter."""
    return any(one.failure.code == "conf-none" for one in recognise(message))


def _is_same(loaded: str, network: NetworkList) -> bool:
    """Whether what a runtime has loaded is a network; of a single plugin it makes a list of its own."""
    try:
        other = parse(loaded.encode())
    except CnictlError:
        return False
    return (other.name, other.cni_version, [one.members for one in other.plugins]) == (
        network.name,
        network.cni_version,
        [one.members for one in network.plugins],
    )
