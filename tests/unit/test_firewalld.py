"""Asking firewalld over buses that do not behave, and not asking where there is none."""

from __future__ import annotations

import contextlib
import itertools
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jeepney import (  # type: ignore[import-untyped]
    HeaderFields,
    Message,
    Parser,
    new_error,
    new_method_return,
)

from cnictl import firewalld
from cnictl.firewalld import Firewalld, FirewalldError, Refused, Unreachable
from cnictl.spec.errors import TRY_AGAIN_LATER, CniError

Answer = Callable[[Message], list[Message | None]]
"""Returns what to send for a call; None ends the connection."""
Serve = Callable[..., None]


class Bus(threading.Thread):
    """A bus for one client, which it lets in, or greets otherwise; calls are answered by a function."""

    def __init__(self, path: str, answer: Answer, greeting: bytes) -> None:
        super().__init__(daemon=True)
        self._answer = answer
        self._greeting = greeting
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError), self._listener.accept()[0] as client:
            client.settimeout(10)
            if not client.recv(1024).endswith(b"\r\n"):
                return
            client.sendall(self._greeting)
            parser = Parser()
            parser.add_data(client.recv(1024).removeprefix(b"BEGIN\r\n"))
            for serial in itertools.count(1):
                while (call := parser.get_next_message()) is None:
                    data = client.recv(1024)
                    if not data:
                        return
                    parser.add_data(data)
                for reply in self._answer(call):
                    if reply is None:
                        return
                    client.sendall(reply.serialise(serial))

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # nobody came
        self.join(20)
        self._listener.close()


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Start a bus at the address of the system's."""
    path = str(tmp_path / "bus")
    monkeypatch.setenv(firewalld.ADDRESS, f"unix:path={path}")
    monkeypatch.setattr(firewalld, "CONNECT_TIMEOUT", 0.3)
    monkeypatch.setattr(firewalld, "TIMEOUT", 0.3)
    with contextlib.ExitStack() as started:

        def start(answer: Answer = only_hello, greeting: bytes = b"OK 1234\r\n") -> None:
            started.callback(Bus(path, answer, greeting).stop)

        yield start


def only_hello(call: Message) -> list[Message | None]:
    """Answer as the bus does, and leave firewalld's calls without an answer."""
    is_hello = call.header.fields[HeaderFields.member] == "Hello"
    return [new_method_return(call, "s", (":1.1",))] if is_hello else []


def refusing(text: str) -> Answer:
    """Answer firewalld's calls with an error."""
    error = "org.fedoraproject.FirewallD1.Exception"
    return lambda call: only_hello(call) or [new_error(call, error, "s", (text,))]


@pytest.mark.parametrize("greeting", [b"", b"no line"])
def test_a_bus_that_says_nothing_is_not_waited_for(greeting: bytes, serve: Serve) -> None:
    """An error says so, in time; for the choice of a backend there is no firewalld."""
    serve(greeting=greeting)
    began = time.monotonic()
    with pytest.raises(CniError) as raised:
        Firewalld()
    assert time.monotonic() - began < 5
    assert (raised.value.code, raised.value.msg) == (
        TRY_AGAIN_LATER,
        "firewalld did not answer AUTH in time",
    )


def test_a_firewalld_that_hangs_is_not_waited_for(serve: Serve) -> None:
    """The bus answers, firewalld does not."""
    serve(only_hello)
    with Firewalld() as bus, pytest.raises(CniError, match="firewalld did not answer addSource in time"):
        bus.add_source("trusted", "10.0.0.2/32")


def test_other_messages_are_passed_over(serve: Serve) -> None:
    """Only the answer to the question counts: a bus also tells one's name, and answers late."""

    def answer(call: Message) -> list[Message | None]:
        stray, reply = new_method_return(call, "s", ("other",)), new_method_return(call, "s", ("trusted",))
        stray.header.fields[HeaderFields.reply_serial] = 77
        return only_hello(call) or [stray, reply]

    serve(answer)
    with Firewalld() as bus:
        assert bus.add_source("trusted", "10.0.0.2/32")


def test_a_bus_that_rejects_us_is_an_error(serve: Serve) -> None:
    """As for a user whom it does not know."""
    serve(greeting=b"REJECTED EXTERNAL\r\n")
    with pytest.raises(FirewalldError, match="the system bus does not let us in: Authentication failed"):
        Firewalld()


def test_a_bus_that_hangs_up_is_an_error(serve: Serve) -> None:
    """In the middle of a call."""
    serve(lambda call: only_hello(call) or [None])
    with Firewalld() as bus, pytest.raises(FirewalldError, match="getActiveZones: the system bus closed"):
        bus.sources()


@pytest.mark.parametrize(
    ("text", "added"),
    [
        ("ZONE_ALREADY_SET: '10.0.0.2/32' already bound to 'trusted'", False),
        ("ZONE_CONFLICT: '10.0.0.2/32' already bound to a zone", None),
        ("INVALID_ZONE: nozone", None),
    ],
)
def test_what_firewalld_says_no_to(text: str, added: bool | None, serve: Serve) -> None:
    """That a source is bound already is no failure, all else is raised in its words."""
    serve(refusing(text))
    with Firewalld() as bus:
        if added is None:
            with pytest.raises(Refused) as raised:
                bus.add_source("trusted", "10.0.0.2/32")
            assert str(raised.value) == text
        else:
            assert bus.add_source("trusted", "10.0.0.2/32") is added


@pytest.mark.parametrize("name", ["UNKNOWN_SOURCE", "ZONE_CONFLICT", "INVALID_ZONE", "INVALID_ADDR"])
def test_what_is_not_bound_is_removed(name: str, serve: Serve) -> None:
    """By somebody else's zone, or none; another answer is raised."""
    serve(refusing(f"{name}: '10.0.0.2/32'"))
    with Firewalld() as bus:
        if name == "INVALID_ADDR":
            with pytest.raises(Refused):
                bus.remove_source("trusted", "10.0.0.2/32")
        else:
            assert bus.remove_source("trusted", "10.0.0.2/32") is False


def test_without_a_bus_there_is_no_firewalld(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is bound, nothing runs, and connecting says where it was looked for."""
    monkeypatch.setenv(firewalld.ADDRESS, f"unix:path={tmp_path}/bus")
    assert not firewalld.is_running()
    assert firewalld.sources() == {}
    with pytest.raises(Unreachable) as raised:
        Firewalld()
    assert str(raised.value) == f"dial unix {tmp_path}/bus: connect: no such file or directory"
    with socket.socket(socket.AF_UNIX) as nobody_listens:
        nobody_listens.bind(f"{tmp_path}/bus")
    with pytest.raises(Unreachable, match="connect: connection refused"):
        Firewalld()


@pytest.mark.parametrize("address", ["nonsense", "tcp:host=localhost,port=1", "unix:tmpdir=/tmp"])
def test_an_address_that_is_none_is_named(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the choice of a backend it is the same as no bus."""
    monkeypatch.setenv(firewalld.ADDRESS, address)
    assert not firewalld.is_running()
    with pytest.raises(FirewalldError, match="DBUS_SYSTEM_BUS_ADDRESS is"):
        Firewalld()


def test_the_library_is_named_where_it_is_missing(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where only the plugins were copied to a node."""
    serve()
    monkeypatch.setattr(firewalld, "_SOCKET", firewalld._bus_socket())
    monkeypatch.delenv(firewalld.ADDRESS)
    for name in [name for name in sys.modules if name.partition(".")[0] == "jeepney"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "jeepney", None)
    with pytest.raises(FirewalldError) as raised:
        Firewalld()
    assert raised.value.hint == "install jeepney where cnictl is installed"


@pytest.mark.parametrize("where", ["POLICIES", "_LOCAL_POLICIES", ""])
def test_nobody_is_asked_where_firewalld_is_not_installed(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bus gives its name to nobody then; where policies are elsewhere, that says nothing."""
    monkeypatch.delenv(firewalld.ADDRESS, raising=False)
    monkeypatch.setattr(firewalld, "Firewalld", lambda: pytest.fail("asked"))
    monkeypatch.setattr(firewalld, "POLICIES", str(tmp_path / "share"))
    monkeypatch.setattr(firewalld, "_LOCAL_POLICIES", str(tmp_path / "etc"))
    assert firewalld._may_be_running()
    for name in ("share", "etc"):
        (tmp_path / name).mkdir()
    assert not firewalld._may_be_running()
    assert not firewalld.is_running()
    if where:
        (Path(getattr(firewalld, where)) / "FirewallD.conf").touch()
    assert firewalld._may_be_running() == bool(where)
