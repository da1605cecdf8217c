"""What is at work at this very moment: calls that hang, files that are written, clocks, managers."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from cnictl.cri.sockets import CONTAINERD, CRIO
from cnictl.doctor.finding import Seen, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import Bundle

LONG = 60.0
"""Seconds after which a call is taking too long: kubelet waits 240 for a whole pod."""
APART = 300.0
"""Seconds by which two clocks may differ."""
SHOWN = 5


@check("plugin-timeout", needs=("calls",), partial=True)
def hanging_calls(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.calls:
        if bundle.taken - one.since > LONG:
            line = (
                f"{one.command} of {one.plugin} for container {one.container} (process {one.pid}) runs since "
                f"{bundle.taken - one.since:.0f} s, in state {one.state}"
                + (f", and waits in {one.waits}" if one.waits else "")
            )
            facts = {"plugin": one.plugin, "container": one.container, "pid": str(one.pid)}
            yield Seen("plugin-timeout", f"process {one.pid}", (line,), facts)


@check("bin-text-busy", needs=("programs",), partial=True)
def written_to(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.programs:
        if one.writers:
            line = f"{', '.join(one.writers)} has {one.path} open to write"
            yield Seen("bin-text-busy", one.path, (line,), {"file": one.path, "plugin": one.name})


@check("nm-interference", needs=("managed",))
def managed_links(bundle: Bundle) -> Iterator[Seen]:
    by_file: dict[tuple[str, str], list[str]] = defaultdict(list)
    for one in bundle.managed:
        by_file[one.manager, one.path].append(one.link)
    for (manager, path), links in by_file.items():
        more = f" and {len(links) - SHOWN} more" if len(links) > SHOWN else ""
        line = f"{manager} manages {', '.join(links[:SHOWN])}{more}, by {path}"
        yield Seen("nm-interference", path, (line,), {"file": path, "interface": links[0]})


@check("clock", needs=("agents",), partial=True)
def from_the_future(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.agents:
        if one.issued > bundle.taken + APART:
            hours = (one.issued - bundle.taken) / 3600
            line = f"the token in {one.path} will be issued in {hours:.1f} hours, by this node's clock"
            yield Seen("clock", one.path, (line,), {"file": one.path})


@check("not-network-runtime", needs=("agents", "processes"), partial=True)
def runtime_is_down(bundle: Bundle) -> Iterator[Seen]:
    for name, path in (("containerd", CONTAINERD), ("crio", CRIO)):
        agent = next((one for one in bundle.agents if one.path == path), None)
        if (
            agent
            and agent.socket
            and not agent.listening
            and not any(one.name == name for one in bundle.processes)
        ):
            line = f"nobody listens at {path}, and no process is called {name}"
            yield Seen("not-network-runtime", path, (line,), {"runtime": name})
