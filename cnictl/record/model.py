"""A recorded call of a plugin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from cnictl.spec.document import decode
from cnictl.spec.errors import CnictlError, CniError

HIDDEN = "***"
"""What stands in the place of a secret."""


class RecordError(CnictlError):
    """Plugins cannot be recorded there, or what was recorded cannot be had."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call: who made it, what the plugin was given and said, and how it ended.

    `program` is the file that was run, of `size` bytes, changed last at `modified`; times are in seconds
    since 1970.  `callers` are pids and names, the parent first, `caller` is the parent's command line,
    `within` the number of the call during which this one was made.  `status` is negative for a signal and
    None where the end was not recorded.  `secrets` counts what was left out, `cut` names what was too long.
    """

    number: int
    plugin: str
    path: str
    program: str
    size: int
    modified: int
    time: float
    pid: int
    uid: int
    netns: str
    cwd: str
    arguments: Sequence[str]
    environment: Mapping[str, str]
    callers: Sequence[tuple[int, str]]
    caller: str
    stdin: bytes
    stdout: bytes
    stderr: bytes
    status: int | None = None
    seconds: float | None = None
    secrets: int = 0
    cut: Sequence[str] = field(default=())
    within: int | None = None

    @property
    def verb(self) -> str:
        return self.environment.get("CNI_COMMAND", "")

    @property
    def container_id(self) -> str:
        return self.environment.get("CNI_CONTAINERID", "")

    @property
    def ifname(self) -> str:
        return self.environment.get("CNI_IFNAME", "")

    @property
    def network(self) -> str:
        """The name in the configuration, "" when there is none."""
        try:
            members = decode(self.stdin)
        except CniError:
            return ""
        name = members.get("name") if isinstance(members, dict) else None
        return name if isinstance(name, str) else ""

    @property
    def variables(self) -> dict[str, str]:
        """The variables that the protocol knows."""
        return {name: value for name, value in self.environment.items() if name.startswith("CNI_")}

    def is_same_attachment(self, other: Call) -> bool:
        """Whether both are about the same interface of the same container."""
        return (self.container_id, self.ifname) == (other.container_id, other.ifname)
