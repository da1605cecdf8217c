"""What a worker tells of itself."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.spec.document import Document, decode_object
from cnictl.spec.errno_text import reason_of
from cnictl.spec.errors import CnictlError, CniError
from cnictl.worker.paths import CONTROL, SOCKET, control_path

if TYPE_CHECKING:
    from cnictl.spec.document import Json

_PATIENCE = 5.0  # seconds


class NoWorker(CnictlError):
    """Nobody tells."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Calls of a plugin with one command; `seconds` in all, `buckets` as in Status.bounds, and one beyond."""

    plugin: str
    command: str
    calls: int
    failures: int
    seconds: float
    buckets: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """A worker's processes and what they have done since `started`, in seconds since 1970.

    `waiting` processes are ready for a call, `busy` ones have one, of at most `most`.  `refused` calls
    were left to their launchers; `killed` processes died by a signal.  `bounds` are seconds.
    """

    pid: int
    started: int
    waiting: int
    busy: int
    most: int
    refused: int
    killed: int
    bounds: tuple[float, ...]
    calls: tuple[Calls, ...]


def status(path: str = SOCKET) -> Status:
    """Ask the worker at a socket; raises NoWorker."""
    where = control_path(path)
    pieces = []
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(_PATIENCE)
            asking.connect(where)
            while piece := asking.recv(1 << 16):
                pieces.append(piece)
        return _parsed(Document(decode_object(b"".join(pieces))))
    except OSError as error:
        raise NoWorker(
            f"no worker at {path}: nothing at {where} tells its status: {reason_of(error)}",
            hint=f"--socket is where calls go: {calls}"
            if (calls := path.removesuffix(CONTROL)) != path
            else "`cnictl worker serve` is one; plugins work without",
        ) from None
    except CniError as error:
        raise NoWorker(f"what answers at {where} is no worker: {error.msg}") from None
    except ValueError as error:
        raise NoWorker(f"what answers at {where} is no worker: {error}") from None


def _parsed(told: Document) -> Status:
    """Return a worker's status; raises CniError and ValueError for what is none."""

    def numbers(document: Document, name: str) -> list[Json]:
        found = document.get(name)
        return found if isinstance(found, list) else []

    status = Status(
        pid=told.integer("pid"),
        started=told.integer("started"),
        waiting=told.integer("waiting"),
        busy=told.integer("busy"),
        most=told.integer("most"),
        refused=told.integer("refused"),
        killed=told.integer("killed"),
        bounds=tuple(float(str(one)) for one in numbers(told, "bounds")),
        calls=tuple(
            Calls(
                one.string("plugin"),
                one.string("command"),
                one.integer("calls"),
                one.integer("failures"),
                one.integer("microseconds") / 1e6,
                tuple(int(str(count)) for count in numbers(one, "buckets")),
            )
            for one in told.objects("calls")
        ),
    )
    if not status.pid or any(len(one.buckets) != len(status.bounds) + 1 for one in status.calls):
        raise ValueError("it tells something else")
    return status
