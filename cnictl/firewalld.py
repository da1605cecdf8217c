"""firewalld, asked over the system bus: which sources its zones have.

A change here is one of the running firewalld alone: it is gone when firewalld ends or reloads.
"""

from __future__ import annotations

import _socket
import os
import time

from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import TRY_AGAIN_LATER, CnictlError, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Self

NAME = "org.fedoraproject.FirewallD1"
PATH = "/org/fedoraproject/FirewallD1"
ZONE = "org.fedoraproject.FirewallD1.zone"
_BUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")

ADDRESS = "DBUS_SYSTEM_BUS_ADDRESS"
_SOCKET = "/var/run/dbus/system_bus_socket"
POLICIES = "/usr/share/dbus-1/system.d"
_POLICY = "FirewallD.conf"
_LOCAL_POLICIES = "/etc/dbus-1/system.d"

CONNECT_TIMEOUT = 5.0
"""Seconds for the bus to accept and know us; it takes milliseconds."""
TIMEOUT = 30.0
"""Seconds for firewalld to do as it is asked; it may be loading all of its rules just then."""


class FirewalldError(CnictlError):
    """firewalld, or the bus that leads to it, cannot be asked."""


class Unreachable(FirewalldError):
    """There is no system bus, so that firewalld cannot be running."""


class Refused(FirewalldError):
    """firewalld, or the bus, answered with an error; `name` is its first word (`INVALID_ZONE`)."""

    @property
    def name(self) -> str:
        return str(self).partition(":")[0]


class Firewalld:
    """A connection to the system bus, for a `with` block.

    Raises Unreachable and FirewalldError; every call raises Refused for an error that is answered,
    FirewalldError when the connection is lost, and CniError 11 when no answer comes in time.
    """

    def __init__(self) -> None:
        self._serial = 0
        self._socket = _connect(_bus_socket())
        try:
            self._log_in()
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def is_running(self) -> bool:
        """Whether firewalld is on the bus."""
        try:
            self._call(_BUS, "GetNameOwner", NAME)
        except Refused:
            return False
        return True

    def add_source(self, zone: str, source: str) -> bool:
        """Bind an address or network to a zone; False when it is already."""
        try:
            self._call((NAME, PATH, ZONE), "addSource", zone, source)
        except Refused as error:
            if "ZONE_ALREADY_SET" in str(error):
                return False
            raise
        return True

    def remove_source(self, zone: str, source: str) -> bool:
        """Unbind an address or network from a zone; False when it is not bound to it, or there is no such."""
        try:
            self._call((NAME, PATH, ZONE), "removeSource", zone, source)
        except Refused as error:
            if error.name in ("UNKNOWN_SOURCE", "ZONE_CONFLICT", "INVALID_ZONE"):
                return False
            raise
        return True

    def sources(self) -> dict[str, list[str]]:
        """What is bound to the zones that are in use, by zone."""
        zones: dict[str, dict[str, list[str]]] = self._call((NAME, PATH, ZONE), "getActiveZones")[0]
        return {zone: bound["sources"] for zone, bound in zones.items() if bound.get("sources")}

    def _log_in(self) -> None:
        jeepney = _jeepney()
        self._parser = jeepney.Parser()
        self._deadline = time.monotonic() + CONNECT_TIMEOUT
        authenticator = jeepney.auth.Authenticator()
        try:
            for line in authenticator:
                self._send(line, "AUTH")
                authenticator.feed(self._receive("AUTH"))
        except jeepney.AuthenticationError as error:
            raise FirewalldError(f"the system bus does not let us in: {error}") from None
        self._send(jeepney.auth.BEGIN, "AUTH")
        self._call(_BUS, "Hello", patience=CONNECT_TIMEOUT)

    def _call(
        self, whom: tuple[str, str, str], method: str, *words: str, patience: float = 0
    ) -> tuple[Any, ...]:
        """Call a method whose arguments are strings, and return what it answers."""
        jeepney = _jeepney()
        name, path, interface = whom
        signature = "s" * len(words) or None
        message = jeepney.new_method_call(
            jeepney.DBusAddress(path, name, interface), method, signature, words
        )
        self._serial += 1
        self._deadline = time.monotonic() + (patience or TIMEOUT)
        self._send(message.serialise(self._serial), method)
        while True:
            answer = self._parser.get_next_message()
            if answer is None:
                self._parser.add_data(self._receive(method))
            elif answer.header.fields.get(jeepney.HeaderFields.reply_serial) == self._serial:
                break
        if answer.header.message_type is jeepney.MessageType.error:
            raise Refused(str((answer.body or [answer.header.fields[jeepney.HeaderFields.error_name]])[0]))
        body: tuple[Any, ...] = answer.body
        return body

    def _send(self, data: bytes, what: str) -> None:
        try:
            self._socket.settimeout(max(self._deadline - time.monotonic(), 0.001))
            self._socket.sendall(data)
        except OSError as error:
            raise _lost(error, what) from None

    def _receive(self, what: str) -> bytes:
        try:
            self._socket.settimeout(max(self._deadline - time.monotonic(), 0.001))
            data = self._socket.recv(1 << 16)
        except OSError as error:
            raise _lost(error, what) from None
        if not data:
            raise FirewalldError(f"{what}: the system bus closed the connection")
        return data


def is_running() -> bool:
    """Whether firewalld is on the system bus, by which the Go plugins choose their backend.

    Where it is not installed nobody is asked, which would take as long as all the rest of ADD.
    """
    if not _may_be_running():
        return False
    try:
        with Firewalld() as firewalld:
            return firewalld.is_running()
    except CnictlError:
        return False


def sources() -> dict[str, list[str]]:
    """What is bound to the zones in use, by zone; nothing where firewalld is not running.

    Raises FirewalldError, and CniError 11 when no answer comes in time.
    """
    try:
        bus = Firewalld()
    except Unreachable:
        return {}
    with bus as firewalld:
        return firewalld.sources() if firewalld.is_running() else {}


def _may_be_running() -> bool:
    """Whether a policy of the bus lets anybody have firewalld's name; dbus-daemon(1).

    Nothing can be told of another bus than the usual one, and where policies are in other places.
    """
    if os.environ.get(ADDRESS) or not os.path.isdir(POLICIES):
        return True
    return any(os.path.exists(f"{where}/{_POLICY}") for where in (POLICIES, _LOCAL_POLICIES))


def _bus_socket() -> str:
    """The path of the bus's socket; one in the abstract namespace begins with a zero byte."""
    given = os.environ.get(ADDRESS)
    if not given:
        return _SOCKET
    try:
        path: str = _jeepney().find_system_bus()
    except (ValueError, RuntimeError, StopIteration):
        raise FirewalldError(f"{ADDRESS} is {given!r}", hint="write it as unix:path=/the/socket") from None
    return path


def _jeepney() -> Any:
    """The D-Bus library, which takes as long to load as a whole call of a plugin."""
    try:
        import jeepney.auth  # type: ignore[import-untyped]
    except ImportError as error:
        raise FirewalldError(
            f"the system bus cannot be asked: {error}", hint="install jeepney where cnictl is installed"
        ) from None
    return jeepney


def _connect(path: str) -> _socket.socket:
    socket = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM | _socket.SOCK_CLOEXEC)
    socket.settimeout(CONNECT_TIMEOUT)
    try:
        socket.connect(path)
    except OSError as error:
        socket.close()
        reason = errno_text(error.errno) if error.errno else f"not accepted within {CONNECT_TIMEOUT:g} s"
        raise Unreachable(
            f"dial unix {path}: connect: {reason}".replace("\0", "@"),
            hint=f"start the system bus and firewalld, or say where the bus is in {ADDRESS}",
        ) from None
    return socket


def _lost(error: OSError, what: str) -> CnictlError:
    if isinstance(error, TimeoutError):
        return CniError(
            TRY_AGAIN_LATER,
            f"firewalld did not answer {what} in time",
            "see whether it hangs, or the system bus does: firewall-cmd --state",
        )
    return FirewalldError(f"{what}: the connection to the system bus was lost: {error.strerror}")
