"""All that is known of a node at one moment: what the checks judge.

Paths are the node's own, wherever it was looked at from.  Nothing here is secret: what could be was
taken out when it was read.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Runtime:
    """Where the runtime looks for networks and plugins, and which of its files says so ("" for none)."""

    name: str = ""
    source: str = ""
    conf_dir: str = "/etc/cni/net.d"
    bin_dirs: tuple[str, ...] = ("/opt/cni/bin",)
    max_conf_num: int = 1
    default_network: str = ""
    internal_loopback: bool = False


@dataclass(frozen=True, slots=True)
class RuntimeProcess:
    """The runtime's process: its descriptors and how many it may have, and the directories that it watches.

    `watches` and `directory` are inodes; `directory` is that of the configuration directory, 0 for none.
    `watcher` is whether it watches anything at all, or did.
    """

    name: str
    pid: int
    descriptors: int
    most: int
    watcher: bool
    watches: tuple[int, ...]
    directory: int


@dataclass(frozen=True, slots=True)
class ConfigurationFile:
    """A file of a configuration directory; `text` without secrets, "" for one that no runtime reads.

    `changed` is when it came there or was last written.
    """

    path: str
    text: str = ""
    listed: bool = True
    unread: str = ""
    changed: float = 0


@dataclass(frozen=True, slots=True)
class Program:
    """A plugin that a configuration names, and the file that the runtime would start ("" for none).

    `elsewhere` are files of that name where the runtime does not look; `machine` is what an ELF file
    is for, `interpreter` what it needs to start; `versions` what it says to VERSION, `answer` what it says
    in place of an answer.  `replaced` is the package whose file it is no more, `writers` are processes
    that have it open to write.
    """

    name: str
    path: str = ""
    elsewhere: tuple[str, ...] = ()
    needed_by: str = ""
    size: int = 0
    mode: int = 0
    noexec: bool = False
    format: str = ""
    machine: str = ""
    interpreter: str = ""
    interpreter_there: bool = True
    versions: tuple[str, ...] = ()
    answer: str = ""
    replaced: str = ""
    writers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PluginCall:
    """A plugin that runs: for whom, since when (seconds since 1970), and what it waits for in the kernel."""

    pid: int
    plugin: str
    command: str
    container: str
    ifname: str
    since: float
    state: str
    waits: str


@dataclass(frozen=True, slots=True)
class ManagedLink:
    """A link of pods that a network manager has taken as its own, and where it says so."""

    link: str
    manager: str
    path: str


@dataclass(frozen=True, slots=True)
class CachedInterface:
    """An interface of a cached Result, of the container or of the node."""

    name: str
    mac: str
    inside: bool


@dataclass(frozen=True, slots=True)
class CachedAttachment:
    """A file of the runtime's cache; `problem` says why nothing more is known of it.

    `size` is -1 where it could not be read, `version` is the Result's, `unusable` what makes it of
    no use to the runtime.
    """

    path: str
    size: int
    network: str = ""
    container: str = ""
    ifname: str = ""
    netns: str = ""
    netns_there: bool = False
    plugins: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    problem: str = ""
    version: str = ""
    unusable: str = ""
    interfaces: tuple[CachedInterface, ...] = ()


@dataclass(frozen=True, slots=True)
class ReservationFile:
    """An address that host-local keeps; empty names for a file without contents."""

    directory: str
    address: str
    container: str
    ifname: str
    modified: float

    @property
    def path(self) -> str:
        """The file."""
        return f"{self.directory}/{self.address}"

    @property
    def network(self) -> str:
        """The network whose address it is."""
        return self.directory.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class HeldLock:
    """A lock file that a process holds with flock(2)."""

    path: str
    pid: int
    command: str
    state: str


@dataclass(frozen=True, slots=True)
class LinkFact:
    """A link; `master` and `parent` are names in the same namespace, "" for none."""

    name: str
    kind: str
    mac: str
    mtu: int
    up: bool
    master: str = ""
    parent: str = ""
    altnames: tuple[str, ...] = ()
    index: int = 0
    operstate: str = "unknown"


@dataclass(frozen=True, slots=True)
class AddressFact:
    """An address of a link, as ADDRESS/LENGTH."""

    link: str
    prefix: str
    dad_failed: bool = False

    @property
    def address(self) -> str:
        """The address alone."""
        return self.prefix.partition("/")[0]


@dataclass(frozen=True, slots=True)
class RouteFact:
    """A route of the main table."""

    destination: str
    link: str
    gateway: str = ""


@dataclass(frozen=True, slots=True)
class Namespace:
    """A network namespace: the node's own ("") or one with a path; `problem` says why nothing is known.

    `processes` counts those that are in it, `since` is when it was mounted at its path.
    """

    path: str
    inode: int = 0
    processes: int = 0
    since: float = 0
    problem: str = ""
    links: tuple[LinkFact, ...] = ()
    addresses: tuple[AddressFact, ...] = ()
    routes: tuple[RouteFact, ...] = ()

    def link(self, name: str) -> LinkFact | None:
        """Return the link that has a name, also as an alternative one."""
        return next((one for one in self.links if name == one.name or name in one.altnames), None)


@dataclass(frozen=True, slots=True)
class ChainFact:
    """A chain of the node's packet filter, with its rules as text and the containers that they are of."""

    tool: str
    table: str
    name: str
    source: str
    policy: str = ""
    hook: str = ""
    rules: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system of a path, in bytes and inodes."""

    path: str
    size: int
    available: int
    inodes: int
    free_inodes: int
    read_only: bool
    noexec: bool


@dataclass(frozen=True, slots=True)
class AgentFile:
    """A file or socket of an agent, or of a plugin's daemon.

    `listening` is whether anybody has the socket open; `issued` and `expires` are of its token (seconds
    since 1970, 0 for none), `server` is the API server of a kubeconfig; `missing` is what a file should
    have and has not, `values` what flannel's has, `lines` are those of a list.
    """

    path: str
    there: bool
    socket: bool = False
    listening: bool = False
    expires: float = 0
    missing: tuple[str, ...] = ()
    values: dict[str, str] = field(default_factory=dict)
    issued: float = 0
    server: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """A line of a log, or an event, that tells of a failure; `when` is 0 where that is not known."""

    source: str
    text: str
    pod: str = ""
    when: float = 0


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod of this node, as the API server knows it; `networks` is its annotation for multus."""

    namespace: str
    name: str
    phase: str = ""
    host_network: bool = False
    host_ports: tuple[int, ...] = ()
    addresses: tuple[str, ...] = ()
    networks: str = ""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A pod sandbox as the runtime knows it; `state` is ready, stopped, or "" where that is not known.

    `created` is 0 for one that was never made to the end.  `netns` is "" for the node's own namespace.
    """

    id: str
    namespace: str = ""
    pod: str = ""
    state: str = ""
    created: float = 0
    netns: str = ""
    netns_there: bool = False
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RuntimeStatus:
    """What the runtime says of its network over CRI; `name` is "" when it was not asked.

    `load` is what came of its last look for configurations, `loaded` the text of the one that it uses,
    without secrets; "" for a runtime that does not say.
    """

    socket: str = ""
    name: str = ""
    network_ready: bool = True
    reason: str = ""
    message: str = ""
    load: str = ""
    loaded: str = ""


@dataclass(frozen=True, slots=True)
class Kernel:
    """`modules` says of each module that plugins need whether the running kernel has it or can load it."""

    release: str = ""
    machine: str = ""
    boot: float = 0
    sysctls: dict[str, str] = field(default_factory=dict)
    modules: dict[str, bool] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)
    programs: dict[str, bool] = field(default_factory=dict)


@dataclass(slots=True)
class Bundle:
    """Everything; `unseen` says of a source, by the name of its field, why nothing of it is known.

    `running` are the containers of reservations that have processes.
    """

    taken: float = 0
    node: str = ""
    unseen: dict[str, str] = field(default_factory=dict)
    runtime: Runtime = field(default_factory=Runtime)
    processes: list[RuntimeProcess] = field(default_factory=list)
    configurations: list[ConfigurationFile] = field(default_factory=list)
    others: list[ConfigurationFile] = field(default_factory=list)
    programs: list[Program] = field(default_factory=list)
    cache: list[CachedAttachment] = field(default_factory=list)
    reservations: list[ReservationFile] = field(default_factory=list)
    locks: list[HeldLock] = field(default_factory=list)
    namespaces: list[Namespace] = field(default_factory=list)
    chains: list[ChainFact] = field(default_factory=list)
    unread_filters: dict[str, str] = field(default_factory=dict)
    disks: list[Disk] = field(default_factory=list)
    agents: list[AgentFile] = field(default_factory=list)
    kernel: Kernel = field(default_factory=Kernel)
    messages: list[Message] = field(default_factory=list)
    pods: list[Pod] = field(default_factory=list)
    cri: RuntimeStatus = field(default_factory=RuntimeStatus)
    sandboxes: list[Sandbox] = field(default_factory=list)
    running: list[str] = field(default_factory=list)
    calls: list[PluginCall] = field(default_factory=list)
    managed: list[ManagedLink] = field(default_factory=list)

    def sandbox(self, container: str) -> Sandbox | None:
        """Return the pod sandbox of a container id, which may be the beginning of one."""
        return next((one for one in self.sandboxes if container and one.id.startswith(container)), None)

    def sandboxes_of(self, pod: str) -> list[Sandbox]:
        """Return the sandboxes of a pod, NAMESPACE/NAME."""
        return [one for one in self.sandboxes if f"{one.namespace}/{one.pod}" == pod]

    @property
    def own(self) -> Namespace:
        """The node's own namespace; an empty one when it could not be looked at."""
        return next((one for one in self.namespaces if not one.path), Namespace(""))
