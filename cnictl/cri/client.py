"""Questions to a container runtime over CRI, each answered in bounded time or with the reason why not.

grpc is imported when the first client is made: it takes 0.2 s.
"""

from __future__ import annotations

import errno
import os
import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnictl.spec.document import Document, decode
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType
    from typing import Self

    from cnictl.cri import messages_pb2
    from cnictl.spec.document import Json

LIMIT = 2.0
"""Seconds for an answer, and for the answers to all questions about single sandboxes together."""
_LONGEST = 16 << 20  # as kubelet's own client
_BEFORE_2022 = "v1alpha2"


class NoAnswer(CnictlError):
    """The runtime was not asked, or did not answer."""


class NoCri(NoAnswer):
    """Somebody answers at the socket who knows nothing of CRI, as Docker's containerd does not."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A pod sandbox; `created` in seconds since 1970, 0 for one that was never made to the end."""

    id: str
    namespace: str
    pod: str
    ready: bool
    created: float


@dataclass(frozen=True, slots=True)
class Details:
    """The network of a sandbox: the path of its namespace, "" for the node's own or one that is not told."""

    netns: str
    addresses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What a runtime says of its network.

    `reason` and `message` are those of the condition NetworkReady.  What follows says containerd alone:
    where it looks (None for what it does not tell), what came of its last look, and the text of the
    configuration that it uses.
    """

    network_ready: bool
    reason: str
    message: str
    conf_dir: str | None = None
    bin_dirs: tuple[str, ...] | None = None
    max_conf_num: int | None = None
    load: str = ""
    loaded: str = ""


class Client:
    """A connection to a runtime; raises NoAnswer, as everything here does, when there is nobody."""

    def __init__(self, path: str, *, limit: float = LIMIT) -> None:
        _knock(path, limit)
        import grpc

        from cnictl.cri import messages_pb2

        self._grpc = grpc
        self._messages = messages_pb2
        self._path = path
        self._limit = limit
        options = [("grpc.max_receive_message_length", _LONGEST), ("grpc.enable_http_proxy", 0)]
        self._version = "v1"
        self._channel = grpc.insecure_channel(f"unix://{os.path.abspath(path)}", options=options)
        try:
            self.runtime = self._introduced()
        except BaseException:
            self._channel.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._channel.close()

    def sandboxes(self) -> list[Sandbox]:
        """Return all sandboxes, those that are not ready as well."""
        answer: messages_pb2.ListPodSandboxResponse = self._ask("ListPodSandbox")
        return [
            Sandbox(
                one.id,
                one.metadata.namespace,
                one.metadata.name,
                one.state == self._messages.SANDBOX_READY,
                max(one.created_at, 0) / 1e9,  # Go's zero is the year 1
            )
            for one in answer.items
        ]

    def details(self, ids: Iterable[str]) -> dict[str, Details]:
        """Return the network of each sandbox; without those that are gone by now."""
        deadline = time.monotonic() + self._limit
        asked = {one: self._start("PodSandboxStatus", pod_sandbox_id=one, verbose=True) for one in ids}
        found = {}
        for one, call in asked.items():
            try:
                answer = call.result(timeout=max(deadline - time.monotonic(), 0))
            except self._grpc.FutureTimeoutError:
                raise self._late() from None
            except self._grpc.RpcError as error:
                if error.code() is not self._grpc.StatusCode.NOT_FOUND:
                    raise self._failure(error) from None
                continue
            found[one] = _details(answer)
        return found

    def status(self) -> Status:
        """Return what the runtime says of its network."""
        answer: messages_pb2.StatusResponse = self._ask("Status", verbose=True)
        ready = [one for one in answer.status.conditions if one.type == "NetworkReady"]
        condition = ready[0] if ready else self._messages.RuntimeCondition(status=True)
        return _status(condition, answer.info)

    def _introduced(self) -> str:
        """Return the runtime's name and version, and find out which version of CRI it answers in."""
        try:
            said: messages_pb2.VersionResponse = self._ask("Version")
        except NoCri:
            self._version = _BEFORE_2022
            said = self._ask("Version")
        return f"{said.runtime_name} {said.runtime_version}"

    def _ask(self, method: str, **members: Any) -> Any:
        try:
            return self._start(method, **members).result()
        except self._grpc.RpcError as error:
            raise self._failure(error) from None

    def _start(self, method: str, **members: Any) -> Any:
        """Send a question; every message is called by its method in CRI."""
        messages = self._messages
        call: Any = self._channel.unary_unary(
            f"/runtime.{self._version}.RuntimeService/{method}",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=getattr(messages, f"{method}Response").FromString,
        )
        return call.future(getattr(messages, f"{method}Request")(**members), timeout=self._limit)

    def _failure(self, error: Any) -> NoAnswer:
        code = error.code()
        if code is self._grpc.StatusCode.UNIMPLEMENTED:
            return NoCri(f"{self._path}: {error.details()}", hint="is CRI disabled in its configuration?")
        if code is self._grpc.StatusCode.DEADLINE_EXCEEDED:
            return self._late()
        reason = error.details().rpartition("last error: ")[2]
        return NoAnswer(f"{self._path}: {code.name}: {reason}")

    def _late(self) -> NoAnswer:
        return NoAnswer(f"{self._path}: no answer within {self._limit:g} seconds", hint="is it stuck?")


def _knock(path: str, limit: float) -> None:
    """Raise NoAnswer in the kernel's words when nobody listens, for which grpc has words of its own."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as tried:
        tried.settimeout(limit)
        try:
            tried.connect(path)
        except OSError as error:
            if isinstance(error, TimeoutError) or error.errno == errno.EAGAIN:  # the queue is full
                raise NoAnswer(f"{path}: nobody accepts connections", hint="is it stuck?") from None
            hints = {errno.EACCES: "run it as root", errno.ECONNREFUSED: "does the runtime run?"}
            reason = errno_text(error.errno) if error.errno else str(error)
            raise NoAnswer(f"{path}: {reason}", hint=hints.get(error.errno or 0, "")) from None


def _details(answer: messages_pb2.PodSandboxStatusResponse) -> Details:
    network = answer.status.network
    addresses = tuple(one for one in (network.ip, *(each.ip for each in network.additional_ips)) if one)
    specification = _object(_told(answer.info, "info"), "runtimeSpec")
    for one in _objects(_object(specification, "linux"), "namespaces"):
        if one.get("type") == "network":
            return Details(_text(one.get("path")), addresses)
    return Details("", addresses)


def _status(condition: messages_pb2.RuntimeCondition, info: Mapping[str, str]) -> Status:
    used = _told(info, "cniconfig")
    most = used.get("PluginMaxConfNum")
    directories = used.get("PluginDirs")
    networks = [_object(one, "Config") for one in _objects(used, "Networks")]
    texts = [_text(one.get("Source")) for one in networks if one.get("Name") != "cni-loopback"]
    return Status(
        condition.status,
        condition.reason,
        condition.message,
        _text(used.get("PluginConfDir")) or None,
        tuple(one for one in directories if isinstance(one, str)) if isinstance(directories, list) else None,
        most if isinstance(most, int) else None,
        info.get("lastCNILoadStatus", ""),
        texts[0] if texts else "",
    )


def _told(info: Mapping[str, str], key: str) -> Document:
    """Return an object of what a runtime says when it is asked to be verbose; an empty one without it."""
    try:
        members = decode(info.get(key, "{}"))
    except CnictlError:
        members = {}
    return Document(members if isinstance(members, dict) else {})


def _object(members: Document, key: str) -> Document:
    value = members.get(key)
    return Document(value if isinstance(value, dict) else {})


def _objects(members: Document, key: str) -> list[Document]:
    value = members.get(key)
    return [Document(one) for one in (value if isinstance(value, list) else ()) if isinstance(one, dict)]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
