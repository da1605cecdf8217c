"""multus: what it asks of the API server, and tells it."""

from __future__ import annotations

import os
import time

from cnictl.kubernetes import kubeconfig
from cnictl.spec.document import Document, decode_object, encode
from cnictl.spec.errors import INTERNAL, TRY_AGAIN_LATER, CnictlError, CniError
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnictl.kubernetes.http import Server
    from cnictl.kubernetes.kubeconfig import Access
    from cnictl.plugin.log import Log
    from cnictl.spec.document import Json

LIMIT = 60.0
"""Seconds for an answer to have come whole."""
EVENT_LIMIT = 5.0
"""Seconds for a pod's event, without which the pod does as well."""
POD_PATIENCE, POD_PAUSE = 2.5, 0.25
"""Seconds in which the pod is asked for again while the server is not to be reached, and between tries."""
CONFLICTS, CONFLICT_PAUSE = 5, 0.01
"""How often a pod's status is written when others write it at the same time, and seconds between."""

_SAID_LIMIT = 300
_PASSING = (0, 429, 500, 502, 503, 504)
_NETWORKS = "/apis/k8s.cni.cncf.io/v1/namespaces/{}/network-attachment-definitions/{}"


class ApiError(CniError):
    """A request that was not answered as hoped; `status` is that of HTTP, 0 when there was no answer."""

    def __init__(self, status: int, message: str, hint: str) -> None:
        super().__init__(TRY_AGAIN_LATER if status in _PASSING else INTERNAL, message, hint)
        self.status = status

    @property
    def passing(self) -> bool:
        """Whether the same request may well succeed a little later."""
        return self.status in _PASSING


class Pod(Value):
    """A pod as the API server has it; `members` is the whole object."""

    __slots__ = ("namespace", "name", "uid", "members")

    def __init__(self, members: dict[str, Json]) -> None:
        metadata = _metadata(members)
        self.namespace = metadata.string("namespace")
        self.name = metadata.string("name")
        self.uid = metadata.string("uid")
        self.members = members

    def annotation(self, key: str) -> str:
        """Return an annotation, "" when it is not there."""
        return _annotation(self.members, key)

    @property
    def is_static(self) -> bool:
        """Whether it stands for a pod that the kubelet has from elsewhere, which has another UID there."""
        source = self.annotation("kubernetes.io/config.source") or "api"
        return source != "api" or bool(self.annotation("kubernetes.io/config.mirror"))


class Definition(Value):
    """A NetworkAttachmentDefinition; `config` is the network's configuration as a text, "" for none."""

    __slots__ = ("namespace", "name", "config", "members")

    def __init__(self, namespace: str, name: str, members: dict[str, Json]) -> None:
        spec = Document(members).object("spec")
        self.namespace = namespace
        self.name = name
        self.config = spec.string("config") if spec else ""
        self.members = members

    def annotation(self, key: str) -> str:
        """Return an annotation, "" when it is not there."""
        return _annotation(self.members, key)


def connect(path: str, environment: Mapping[str, str], log: Log) -> Cluster | None:
    """Return the cluster that a kubeconfig, or a pod's environment, leads to; None without either.

    Nothing is sent.  Raises CniError for a kubeconfig that is no use.
    """
    access = kubeconfig.find(path, environment)
    return None if access is None else Cluster(access, log)


class Cluster:
    """The API server: one connection, used for one request after another.  All raise ApiError."""

    def __init__(self, access: Access, log: Log) -> None:
        self._access = access
        self._log = log
        self._server: Server | None = None
        self._takes_events = True

    def pod(self, namespace: str, name: str) -> Pod | None:
        """Return a pod, None when there is none; a server that cannot be reached is asked some times."""
        deadline = time.monotonic() + POD_PATIENCE
        while True:
            try:
                return Pod(self._ask("GET", f"/api/v1/namespaces/{namespace}/pods/{name}"))
            except ApiError as error:
                if error.status == 404:
                    return None
                if not error.passing or time.monotonic() >= deadline:
                    raise
                self._log.warning("asks for the pod again", reason=error.msg)
            time.sleep(POD_PAUSE)

    def network(self, namespace: str, name: str) -> Definition:
        """Return a NetworkAttachmentDefinition."""
        return Definition(namespace, name, self._ask("GET", _NETWORKS.format(namespace, name)))

    def find_network(self, namespace: str, name: str) -> Definition | None:
        """Return a NetworkAttachmentDefinition, None when there is none."""
        try:
            return self.network(namespace, name)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def set_annotation(self, pod: Pod, key: str, value: str) -> None:
        """Write an annotation of a pod by way of its status, which is what multus may update.

        Somebody else's change in between is read, and the annotation written again.  A pod that is
        gone needs none.
        """
        path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}"
        for attempt in range(CONFLICTS):
            try:
                self._ask("PUT", f"{path}/status", _annotated(pod.members, key, value))
            except ApiError as error:
                if error.status == 404:
                    return
                if error.status != 409 or attempt == CONFLICTS - 1:
                    raise
            else:
                return
            time.sleep(CONFLICT_PAUSE)
            found = self.pod(pod.namespace, pod.name)
            if found is None or found.uid != pod.uid:
                return
            pod = found

    def tell(self, pod: Pod, reason: str, message: str, *, warning: bool = False) -> None:
        """Record an event of a pod; one that cannot be recorded is logged, and the last that is tried."""
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        about: dict[str, Json] = {"kind": "Pod", "namespace": pod.namespace, "name": pod.name, "uid": pod.uid}
        event: dict[str, Json] = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"{pod.name}.{os.urandom(8).hex()}", "namespace": pod.namespace},
            "involvedObject": {**about, "apiVersion": "v1"},
            "reason": reason,
            "message": message[:1024],
            "type": "Warning" if warning else "Normal",
            "source": {"component": "multus"},
            "firstTimestamp": now,
            "lastTimestamp": now,
            "count": 1,
        }
        if not self._takes_events:
            return
        try:
            self._ask("POST", f"/api/v1/namespaces/{pod.namespace}/events", event, limit=EVENT_LIMIT)
        except ApiError as error:
            self._takes_events = False
            self._log.warning("no event", reason=error.msg)

    def _ask(
        self, method: str, path: str, body: dict[str, Json] | None = None, *, limit: float = LIMIT
    ) -> dict[str, Json]:
        from cnictl.kubernetes.http import NoAnswer, Server

        if self._server is None:
            self._server = Server(self._access, "multus (cnictl)")
        what = f"{method} {self._access.server}{path}"
        try:
            data = None if body is None else encode(body).encode()
            status, answer = self._server.exchange(method, path, data, limit)
        except NoAnswer as error:
            raise ApiError(0, f"{what}: {error}", error.hint) from None
        if status >= 300:
            raise ApiError(status, f"{what}: {status} {_said(answer)}".rstrip(), self._advice(status))
        try:
            return decode_object(answer)
        except CniError as error:
            raise ApiError(0, f"{what}: the answer cannot be understood: {error.msg}", "") from None

    def _advice(self, status: int) -> str:
        source = self._access.source
        return {
            401: f"the token or client certificate in {source} is expired, or of another cluster: renew it",
            403: f"the account in {source} needs the rights of the multus ClusterRole",
        }.get(status, "")


def _said(answer: bytes) -> str:
    """Return what the server says is wrong, in its own words if they are in the usual form."""
    try:
        document = Document(decode_object(answer))
        return (document.string("message") or document.string("reason"))[:_SAID_LIMIT]
    except CnictlError:
        return answer[:_SAID_LIMIT].decode(errors="replace").strip()


def _metadata(members: dict[str, Json]) -> Document:
    return Document(members).object("metadata") or Document({})


def _annotation(members: dict[str, Json], key: str) -> str:
    annotations = _metadata(members).object("annotations")
    value = annotations.members.get(key) if annotations else None
    return value if isinstance(value, str) else ""


def _annotated(members: dict[str, Json], key: str, value: str) -> dict[str, Json]:
    metadata = _metadata(members)
    annotations = metadata.object("annotations")
    changed: dict[str, Json] = {**(annotations.members if annotations else {}), key: value}
    return {**members, "metadata": {**metadata.members, "annotations": changed}}
