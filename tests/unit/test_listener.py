"""The socket that a daemon listens on, where something is at its path already."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from cnictl.listener import Listener, ListenerError


def test_what_is_no_socket_stays(tmp_path: Path):
    """A mistyped path costs nobody a file."""
    path = tmp_path / "hosts"
    path.write_text("127.0.0.1 localhost\n")
    with pytest.raises(ListenerError, match="address already in use") as refused:
        Listener(str(path))
    assert refused.value.hint == "what is there is no socket"
    assert path.read_text() == "127.0.0.1 localhost\n"


def test_a_link_stays(tmp_path: Path):
    """And what it leads to."""
    link = tmp_path / "link"
    link.symlink_to("nowhere")
    with pytest.raises(ListenerError):
        Listener(str(link))
    assert link.is_symlink()


def test_a_socket_that_nobody_answers_is_replaced(tmp_path: Path):
    """The daemon that made it was killed."""
    path = str(tmp_path / "sock")
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(path)
    listener = Listener(path)
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(path)
    listener.close()
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_answers_is_left_alone(tmp_path: Path):
    """The second one says so."""
    path = str(tmp_path / "sock")
    first = Listener(path)
    with pytest.raises(ListenerError) as refused:
        Listener(path)
    assert refused.value.hint == "another daemon answers there"
    first.close()
