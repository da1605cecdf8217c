"""What the API server knows: this node's pods, and the events of those that do not run."""

from __future__ import annotations

import platform
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlencode

from cnictl.doctor.gather.messages import pods_and_events
from cnictl.kubernetes import kubeconfig
from cnictl.spec.document import Document, decode_object
from cnictl.spec.errors import CnictlError, CniError

if TYPE_CHECKING:
    from cnictl.doctor.bundle import Message, Pod
    from cnictl.doctor.place import Place
    from cnictl.kubernetes.http import Server
    from cnictl.spec.document import Json

PATIENCE = 5.0
"""Seconds for all that is asked."""
MOST = 20
"""Pods whose events are asked for."""
_OVERRIDE = "--hostname-override"
_DONE = ("Running", "Succeeded")


class Known(NamedTuple):
    """Pods of this node and events of theirs, or why there are none of these."""

    pods: list[Pod]
    events: list[Message]
    missing: str = ""


def check(path: str) -> None:
    """Raise CnictlError for a kubeconfig that is of no use; its server is not asked."""
    from cnictl.kubernetes.http import Server

    try:
        Server(kubeconfig.read(path)).check()
    except CniError as error:
        # what stands behind the message names the file again
        hint = "its user has a token or a client certificate, as in kubelet's /etc/kubernetes/kubelet.conf"
        raise CnictlError(error.msg, hint=hint) from None


def gather(place: Place, path: str, wanted: str = "") -> Known:
    """Return this node's pods, and the events of those that do not run and of the `wanted` one.

    `wanted` is NAMESPACE/NAME.  Raises CnictlError.
    """
    asking = _Asking(path)
    node = _node(place)
    items = asking.listed("/api/v1/pods", {"fieldSelector": f"spec.nodeName={node}"}, "Pod")
    namespace, _, name = wanted.partition("/")
    if wanted and not any(_key(one) == (namespace, name) for one in items):
        items.append(asking.pod(namespace, name, node))
    pods, _ = pods_and_events(items)
    waiting = [one for one in items if not _runs(one)][:MOST]
    waiting += [one for one in items if _key(one) == (namespace, name) and one not in waiting]
    try:
        events = [event for one in waiting for event in asking.events(*_key(one))]
    except CnictlError as error:
        return Known(pods, [], str(error))
    return Known(pods, pods_and_events(events)[1])


class _Asking:
    """A connection to the server of a kubeconfig, for as long as there is patience."""

    def __init__(self, path: str) -> None:
        from cnictl.kubernetes.http import Server

        self._access = kubeconfig.read(path)
        self._server: Server = Server(self._access)
        self._deadline = time.monotonic() + PATIENCE

    def listed(self, path: str, selection: dict[str, str], kind: str) -> list[dict[str, Json]]:
        """Return the objects of a list, which do not say themselves of what kind they are."""
        items = Document(self._ask(f"{path}?{urlencode(selection)}")).get("items")
        found = items if isinstance(items, list) else []
        return [{"kind": kind, **one} for one in found if isinstance(one, dict)]

    def pod(self, namespace: str, name: str, node: str) -> dict[str, Json]:
        """Return a pod that is not on the node, as it is on none."""
        found = self._ask(f"/api/v1/namespaces/{quote(namespace, '')}/pods/{quote(name, '')}")
        other = _section(found, "spec").get("nodeName")
        if other:
            raise CnictlError(f"pod {namespace}/{name} is on node {other}, and this is {node}")
        return {"kind": "Pod", **found}

    def events(self, namespace: str, name: str) -> list[dict[str, Json]]:
        """Return the events of a pod."""
        selection = {"fieldSelector": f"involvedObject.kind=Pod,involvedObject.name={name}"}
        return self.listed(f"/api/v1/namespaces/{quote(namespace, '')}/events", selection, "Event")

    def _ask(self, path: str) -> dict[str, Json]:
        from cnictl.kubernetes.http import NoAnswer

        what = f"{self._access.server}{path.partition('?')[0]}"
        try:
            left = max(round(self._deadline - time.monotonic(), 1), 0.1)
            status, answer = self._server.exchange("GET", path, None, left)
            members = decode_object(answer)
        except NoAnswer as error:
            raise CnictlError(f"{what}: {error}", hint=error.hint) from None
        except CniError as error:
            raise CnictlError(f"{what}: the answer cannot be understood: {error}") from None
        if status >= 300:
            raise CnictlError(f"{what}: {status} {Document(members).string('message')}".rstrip())
        return members


def _node(place: Place) -> str:
    """Return the node's name in the cluster: what kubelet is told, else that of the machine."""
    for pid in place.pids():
        words = place.text_or(f"/proc/{pid}/cmdline").split("\0")
        if words[0].rpartition("/")[2] != "kubelet":
            continue
        for word, following in zip(words, [*words[1:], ""], strict=True):
            if word == _OVERRIDE:
                return following
            if word.startswith(f"{_OVERRIDE}="):
                return word.partition("=")[2]
    return platform.node().lower()


def _key(one: dict[str, Json]) -> tuple[str, str]:
    about = _section(one, "metadata")
    return str(about.get("namespace") or ""), str(about.get("name") or "")


def _runs(one: dict[str, Json]) -> bool:
    """Whether nothing of a pod waits: a sandbox that cannot be made keeps all its containers waiting."""
    status = _section(one, "status")
    listed = status.get("containerStatuses")
    states = (
        [_section(each, "state") for each in listed if isinstance(each, dict)]
        if isinstance(listed, list)
        else []
    )
    return status.get("phase") in _DONE and not any(state.get("waiting") for state in states)


def _section(members: dict[str, Json], key: str) -> Document:
    value = Document(members).get(key)
    return Document(value if isinstance(value, dict) else {})
