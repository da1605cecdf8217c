"""What was said: lines of journals that tell of a failure, and what kubectl knows of pods and events."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from cnictl import invoke
from cnictl.doctor.bundle import Message, Pod
from cnictl.doctor.recognise import recognise
from cnictl.doctor.redact import redacted
from cnictl.spec.document import Document, decode
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnictl.spec.document import Json

UNITS = ("kubelet", "containerd", "crio", "k3s", "k3s-agent", "rke2-server", "rke2-agent")
SINCE = "-15min"
MOST = 2000
LONGEST = 2000
ANNOTATIONS = 256 << 10
"""Bytes of all annotations of an object (TotalAnnotationSizeLimitB, apimachinery)."""
NETWORKS = "k8s.v1.cni.cncf.io/networks"
"""The annotation by which a pod asks multus for networks."""
_PATIENCE = 5.0
_STAMP = re.compile(r"(?P<seconds>\d{9,}\.\d+) \S+ ")


def gather_journal() -> list[Message]:
    """Return the lines of the last quarter of an hour that tell of a failure.  Raises CnictlError."""
    units = [word for unit in UNITS for word in ("-u", unit)]
    found = list(_told("journal", _journal([*units]).splitlines()))
    return found + list(_told("kernel", _journal(["-k"]).splitlines()))


def told(source: str, text: str) -> list[Message]:
    """Return the lines of a log that tell of a failure, the last one first, once each and without secrets."""
    return list(_told(source, text.splitlines()))


def printed(text: str) -> list[Json]:
    """Return the objects that `kubectl get pods,events -o json` printed.  Raises CnictlError."""
    members = decode(text)
    items = members.get("items") if isinstance(members, dict) else None
    if not isinstance(items, list) or (items and not any(map(_is_told, items))):
        raise CnictlError("this is no list of pods and events")
    return items


def _is_told(item: Json) -> bool:
    return isinstance(item, dict) and Document(item).get("kind") in ("Pod", "Event")


def pods_and_events(items: Sequence[Json]) -> tuple[list[Pod], list[Message]]:
    """Return the pods among objects, and the events that tell of a failure."""
    pods: list[Pod] = []
    messages: list[Message] = []
    for one in (Document(item) for item in items if isinstance(item, dict)):
        if one.get("kind") == "Pod":
            pods.append(_pod(one))
        elif one.get("kind") == "Event":
            messages += _event(one)
    return pods, messages


def _journal(words: list[str]) -> str:
    path = next((one for one in ("/usr/bin/journalctl", "/bin/journalctl") if os.access(one, os.X_OK)), "")
    if not path:
        raise CnictlError("there is no journalctl")
    done = invoke.run(
        path,
        [*words, "--since", SINCE, "-n", str(MOST), "-o", "short-unix", "--no-pager", "-q"],
        environment={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
        timeout=_PATIENCE,
    )
    if done.status:
        raise CnictlError(done.stderr.decode(errors="replace").strip() or done.reason)
    return done.stdout.decode(errors="replace")


def _told(source: str, lines: list[str]) -> Iterator[Message]:
    seen: set[str] = set()
    for line in reversed(lines[-MOST:]):
        stamp = _STAMP.match(line)
        text = line[stamp.end() :] if stamp else line
        if text not in seen and recognise(text):
            seen.add(text)
            yield Message(source, redacted(text)[:LONGEST], when=float(stamp["seconds"]) if stamp else 0.0)


def _pod(one: Document) -> Pod:
    about, spec, status = (_section(one, key) for key in ("metadata", "spec", "status"))
    containers = spec.get("containers")
    ports = [
        port.get("hostPort")
        for container in (containers if isinstance(containers, list) else ())
        if isinstance(container, dict)
        for port in _listed(container.get("ports"))
        if isinstance(port, dict)
    ]
    addresses = [ip.get("ip") for ip in _listed(status.get("podIPs")) if isinstance(ip, dict)]
    return Pod(
        str(about.get("namespace") or ""),
        str(about.get("name") or ""),
        str(status.get("phase") or ""),
        spec.get("hostNetwork") is True,
        tuple(port for port in ports if isinstance(port, int)),
        tuple(ip for ip in addresses if isinstance(ip, str)),
        redacted(str(_section(about, "annotations").get(NETWORKS) or "")[:ANNOTATIONS]),
    )


def _event(one: Document) -> Iterator[Message]:
    about = _section(one, "involvedObject")
    text = one.get("message")
    pod = f"{about.get('namespace')}/{about.get('name')}" if about.get("kind") == "Pod" else ""
    if isinstance(text, str) and recognise(text):
        yield Message("event", redacted(text)[:LONGEST], pod)


def _section(one: Document, key: str) -> Document:
    value = one.get(key)
    return Document(value if isinstance(value, dict) else {})


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
