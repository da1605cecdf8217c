"""What a plugin is asked: the environment and stdin of one call, parsed and validated."""

from __future__ import annotations

import os

from cnictl.plugin.cleanup import Undo
from cnictl.plugin.log import Log
from cnictl.spec import versions
from cnictl.spec.document import Document, decode_object
from cnictl.spec.errors import INTERNAL, INVALID_NETWORK_CONFIG, CnictlError, CniError
from cnictl.spec.result import Result, current, parse_previous

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from cnictl.netlink.channel import Channel
    from cnictl.plugin.skel import Plugin
    from cnictl.spec.result import AnyResult

    NetlinkClient = TypeVar("NetlinkClient", bound=Channel)


class Request:
    """One call of a plugin.

    `document` is the network configuration; a plugin reads it with its `Config` class.
    `undo` collects what must be taken back if this call fails, up to and including the
    printing of the Result.  `load` gives the plugin of a name when this program has it, for
    delegating in process.
    """

    __slots__ = (
        "_previous",
        "args",
        "command",
        "container_id",
        "document",
        "environment",
        "ifname",
        "load",
        "log",
        "netns",
        "path",
        "stdin",
        "undo",
    )

    def __init__(
        self,
        command: str,
        document: Document,
        *,
        container_id: str = "",
        netns: str = "",
        ifname: str = "",
        args: str = "",
        path: str = "",
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
        load: Callable[[str], Plugin | None] | None = None,
        log: Log | None = None,
    ) -> None:
        self.command = command
        self.document = document
        self.container_id = container_id
        self.netns = netns
        self.ifname = ifname
        self.args = args
        self.path = path
        self.stdin = stdin
        self.environment: Mapping[str, str] = os.environ if environment is None else environment
        self.load = load
        self.log = log or Log()
        self.undo = Undo()
        self._previous: AnyResult | None = None

    @property
    def network(self) -> str:
        """The network's name."""
        return self.document.string("name")

    @property
    def cni_version(self) -> str:
        """The version of the configuration, in which the Result is answered."""
        return versions.decode_version(self.document)

    def given_result(self) -> AnyResult | None:
        """Return prevResult in the version that it has, None when there is none.

        Raises CniError when it is of another family of versions than the configuration.
        """
        if self._previous is None:
            members = self.document.object("prevResult")
            if members is not None:
                self._previous = parse_previous(self.document.string("cniVersion"), members.members)
        return self._previous

    def previous(self, message: str = "Required prevResult missing") -> Result:
        """Return prevResult as a current Result; raises CniError with `message` when there is none."""
        given = self.given_result()
        if given is None:
            raise CniError(
                INVALID_NETWORK_CONFIG,
                message,
                f"{self.document.string('type')!r} in network {self.network!r} works on the Result of an"
                f" earlier {'plugin of the list' if self.command == 'ADD' else 'ADD'}",
            )
        return current(given)

    def inside(self, client: Callable[[str], NetlinkClient]) -> NetlinkClient:
        """Return a netlink client of that kind in the container's netns; raises CniError naming the path."""
        try:
            return client(self.netns)
        except CnictlError as error:
            raise CniError(INTERNAL, f'failed to open netns "{self.netns}": {error}') from None

    def valid_attachments(self) -> set[tuple[str, str]] | None:
        """Return the (container id, ifname) pairs that GC must spare; None when the caller did not say."""
        key = "cni.dev/valid-attachments"
        if not self.document.has(key):
            return None
        pairs = self.document.objects(key)
        return {(one.string("containerID"), one.string("ifname")) for one in pairs}

    def again(self, command: str, document: Document | None = None, netns: str | None = None) -> Request:
        """Return the same call with another command, for a delegate; what it makes is undone apart."""
        return Request(
            command,
            document or self.document,
            container_id=self.container_id,
            netns=self.netns if netns is None else netns,
            ifname=self.ifname,
            args=self.args,
            path=self.path,
            stdin=self.stdin,
            environment=self.environment,
            load=self.load,
            log=self.log,
        )

    def delegated(
        self,
        command: str,
        stdin: bytes,
        *,
        container_id: str | None = None,
        netns: str | None = None,
        ifname: str | None = None,
        args: str | None = None,
        path: str | None = None,
    ) -> Request:
        """Return the call of a plugin that gets a configuration of its own.

        What is not given is as in this request.  Raises CniError when `stdin` is no JSON object.
        """
        made = Request(
            command,
            Document(decode_object(stdin)),
            container_id=self.container_id if container_id is None else container_id,
            netns=self.netns if netns is None else netns,
            ifname=self.ifname if ifname is None else ifname,
            args=self.args if args is None else args,
            path=self.path if path is None else path,
            stdin=stdin,
            load=self.load,
            log=self.log,
        )
        parameters = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": made.container_id,
            "CNI_NETNS": made.netns,
            "CNI_IFNAME": made.ifname,
            "CNI_ARGS": made.args,
            "CNI_PATH": made.path,
        }
        made.environment = {**self.environment, **parameters}
        return made
