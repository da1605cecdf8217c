"""The runtime's own view: its pod sandboxes and its status over CRI, or a list that was given."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from cnictl.cri import sockets
from cnictl.cri.client import Client, NoAnswer, NoCri
from cnictl.doctor.bundle import RuntimeStatus, Sandbox
from cnictl.doctor.place import own_path
from cnictl.doctor.redact import redacted
from cnictl.leases.evidence import sandboxes_in
from cnictl.spec.document import Document, decode
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.cri.client import Status
    from cnictl.doctor.bundle import Runtime
    from cnictl.doctor.place import Place
    from cnictl.spec.document import Json

PATIENCE = 5.0
"""Seconds for an answer, and for those about all sandboxes together."""
A_MOMENT = 1.0
"""Seconds in which a teardown that can succeed does."""
_DIGITS = 20
"""More than any time has that the runtime counts in 64 bits."""
_STATES = {"SANDBOX_READY": "ready", "SANDBOX_NOTREADY": "stopped"}


class NoRuntime(CnictlError):
    """Nothing says that pods are made over CRI on this node."""


class Asked(NamedTuple):
    """What the runtime said."""

    status: RuntimeStatus
    sandboxes: list[Sandbox]
    told: Status

    def corrected(self, known: Runtime) -> Runtime:
        """Return where the runtime looks by what it says itself, where it says that."""
        told = self.told
        if told.conf_dir is None and told.bin_dirs is None:
            return known
        return replace(
            known,
            name=known.name or "containerd",
            source=f"CRI at {self.status.socket}",
            conf_dir=told.conf_dir or known.conf_dir,
            bin_dirs=told.bin_dirs or known.bin_dirs,
            max_conf_num=known.max_conf_num if told.max_conf_num is None else told.max_conf_num,
        )


def gather(place: Place, named: str = "") -> Asked:
    """Return what the first runtime says that answers at the socket `named`, or at those there are.

    Raises NoRuntime, and CnictlError with the reason why there is no answer.
    """
    problems: list[str] = []
    silent = False
    for path in sockets.find(named, place.root):
        try:
            with Client(place.at(path), limit=PATIENCE) as runtime:
                return _asked(place, path, runtime)
        except NoAnswer as error:
            problems.append(str(error).removeprefix(place.root))
            silent = silent or not isinstance(error, NoCri)
    reason = "; ".join(problems) or "there is no socket of a container runtime"
    if silent or named or place.there(sockets.KUBELET):
        raise CnictlError(reason, hint="--cri-socket names one")
    raise NoRuntime(reason)


def listed(text: str, taken: float) -> list[Sandbox]:
    """Return the sandboxes of a list of ids, or of `crictl pods -o json`.  Raises CnictlError."""
    named = sandboxes_in(text, taken)
    known = {one.id: one for one in _crictl(text)}
    return [known.get(one, Sandbox(one)) for one in sorted(named.ids | named.stopped)]


def _asked(place: Place, path: str, runtime: Client) -> Asked:
    status = runtime.status()
    sandboxes = _sandboxes(place, runtime)
    if any(_is_doubtful(one) for one in sandboxes):
        time.sleep(A_MOMENT)
        sandboxes = _sandboxes(place, runtime)
    said = RuntimeStatus(
        path,
        runtime.runtime,
        status.network_ready,
        status.reason,
        redacted(status.message),
        redacted(status.load),
        redacted(status.loaded),
    )
    return Asked(said, sandboxes, status)


def _sandboxes(place: Place, runtime: Client) -> list[Sandbox]:
    known = runtime.sandboxes()
    details = runtime.details(one.id for one in known)
    return [
        Sandbox(
            one.id,
            one.namespace,
            one.pod,
            "ready" if one.ready else "stopped",
            one.created,
            netns := own_path(details[one.id].netns),
            bool(netns) and place.there(netns),
            details[one.id].addresses,
        )
        for one in sorted(known, key=lambda each: each.id)
        if one.id in details
    ]


def _is_doubtful(one: Sandbox) -> bool:
    """Whether state and namespace contradict each other, as they do while a pod is torn down."""
    return bool(one.netns) and (one.state == "ready") != one.netns_there


def _crictl(text: str) -> Iterator[Sandbox]:
    members = decode(text) if text.lstrip().startswith("{") else {}
    items = members.get("items") if isinstance(members, dict) else None
    for one in (Document(item) for item in _listed(items) if isinstance(item, dict)):
        metadata = one.get("metadata")
        about = Document(metadata if isinstance(metadata, dict) else {})
        yield Sandbox(
            one.string("id"),
            about.string("namespace"),
            about.string("name"),
            _STATES.get(one.string("state"), ""),
            _seconds(one.get("createdAt")),
        )


def _seconds(nanoseconds: Json) -> float:
    """Return a time that crictl prints as a text of digits, 0 for none."""
    text = nanoseconds if isinstance(nanoseconds, str) else ""
    return int(text) / 1e9 if text.isascii() and text.isdigit() and len(text) < _DIGITS else 0.0


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
