"""A scenario: a network, the node before, who is attached, and what must hold."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from cnictl.netns_named import DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnictl.spec.document import Json
    from cnictl.state.snapshot import Snapshot

Protocol = Literal["ping", "tcp", "udp"]
ONLY_HERE = "cnictl"
"""In the place of a release of the Go plugins, where there is none that could do it."""
NODE = "node"
"""What a scenario calls the node where it may also name a container."""


@dataclass(frozen=True, slots=True)
class Command:
    """A program and its arguments, run without a shell on the node or, with `inside`, in a container."""

    words: tuple[str, ...]
    inside: str = ""

    def __str__(self) -> str:
        where = f"in {self.inside}: " if self.inside else ""
        return where + " ".join(self.words)


@dataclass(frozen=True, slots=True)
class Attach:
    """One attachment, and what ADD must answer: members of the Result, or words of an error.

    `result` holds what is compared and nothing else, `*` for whatever value; `error` is a pattern
    with `*` for whatever stands there, "" when ADD must succeed.
    """

    container: str = "c1"
    ifname: str = "eth0"
    args: Mapping[str, str] = field(default_factory=dict)
    capabilities: Mapping[str, Json] = field(default_factory=dict)
    result: Json = None
    error: str = ""

    @property
    def netns(self) -> str:
        """Path of the container's network namespace on the node."""
        return netns_of(self.container)

    def __str__(self) -> str:
        return f"{self.container} {self.ifname}"


@dataclass(frozen=True, slots=True)
class Reach:
    """Somebody who must reach somebody, or must not.

    `source` is a container, another named netns of the setup, or the node.  `target` is a container
    (its first address of `version`, or its first), an address, or `gateway`, the one that the Result
    gives the source.  `port` is for TCP and UDP; the server listens at `server_port` in `server`, which
    are the target's unless a port is forwarded.  `size` are the bytes of a ping's payload, which is
    then not fragmented.
    """

    source: str
    target: str
    protocol: Protocol = "ping"
    port: int = 0
    server: str = ""
    server_port: int = 0
    version: int = 0
    size: int = 0
    fails: bool = False

    def __str__(self) -> str:
        what = "ping" if self.protocol == "ping" else f"{self.protocol} port {self.port}"
        size = f" with {self.size} bytes" if self.size else ""
        served = f", served by {self.server} port {self.server_port}" if self.server else ""
        return f"{self.source} to {self.target}: {what}{size}{served}"


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that somebody does to an attached container, and what must be said of it.

    `drift` are patterns of exactly the sentences that `cnictl diff` must report, in any order; None
    when the scenario leaves them open.  `check` is a pattern of what CHECK must say; it must say no
    in any case, unless `check` is None.  With `undo` the attachments stay and must hold again;
    without, it is done to containers of its own, which DEL must be able to detach all the same.
    """

    name: str
    commands: tuple[Command, ...]
    undo: tuple[Command, ...] = ()
    drift: tuple[str, ...] | None = None
    check: str | None = "*"


@dataclass(frozen=True, slots=True)
class Scenario:
    """A declared lifecycle.

    `network` is the configuration as JSON text.  `needs` names what a kernel may lack, `since` the
    release of the Go plugins that can do it, or ONLY_HERE.  `state` is what must be there after ADD,
    partial, with the containers' names as the pods'; `left` are patterns of lines that DEL may leave.
    """

    name: str
    network: str
    description: str = ""
    setup: tuple[Command, ...] = ()
    attachments: tuple[Attach, ...] = (Attach(),)
    needs: tuple[str, ...] = ()
    since: str = ""
    state: Snapshot | None = None
    check: bool = True
    reach: tuple[Reach, ...] = ()
    disturb: tuple[Disturbance, ...] = ()
    left: tuple[str, ...] = ()
    file: str = ""
    line: int = 0

    @property
    def pods(self) -> dict[str, str]:
        """The paths of the containers' network namespaces by name."""
        return {one.container: one.netns for one in self.attachments}

    @property
    def fails(self) -> bool:
        """Whether some ADD must fail: there is nothing to check, reach or disturb then."""
        return any(one.error for one in self.attachments)

    @property
    def given(self) -> frozenset[str]:
        """Words of the scenario that are no accident even if they look random: MAC addresses."""
        text = f"{self.network} {[(one.args, one.capabilities) for one in self.attachments]}"
        return frozenset(word for word in text.replace("'", '"').split('"') if word.count(":") == 5)


def netns_of(name: str) -> str:
    """Return the path of a container's network namespace on the node."""
    return os.path.join(DIRECTORY, name)
