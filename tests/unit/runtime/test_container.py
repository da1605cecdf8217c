"""The netns and the container id that a command line means."""

from __future__ import annotations

import os

import pytest

from cnictl.runtime.container import NoSuchNetns, default_id, is_throwaway, netns_path


def test_the_id_is_cnitools():
    """`cnitool-` and the first ten bytes of the path's SHA-512, whatever bytes the path has."""
    assert default_id("/var/run/netns/testing") == "cnitool-77383ca0a0715733ca6f"
    assert default_id("/ns/\udcff").startswith("cnitool-")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/run/netns/x", "/run/netns/x"),
        ("/var/run//netns/../netns/x", "/var/run/netns/x"),
        ("1", "/proc/1/ns/net"),
    ],
)
def test_a_path_or_a_process(text, path):
    """Paths become absolute and clean, but no link is followed: the id depends on them."""
    assert netns_path(text) == path


def test_a_relative_path():
    """Is one of the working directory."""
    assert netns_path("./x") == os.path.abspath("x")


def test_what_is_not_there():
    """An error for who is about to attach, a path for who detaches."""
    for text in ("no-such-netns", "4194304"):
        with pytest.raises(NoSuchNetns):
            netns_path(text)
    assert netns_path("no-such-netns", there=False) == "/run/netns/no-such-netns"
    assert netns_path("4194304", there=False) == "/proc/4194304/ns/net"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/run/netns/cnictl-0123abcd", True),
        ("/run/netns/cnictl-0123abc", False),
        ("/run/netns/cnictl-0123ABCD", False),
        ("/run/netns/0123abcd", False),
        ("/run/netns/x/cnictl-0123abcd", False),
        ("/tmp/cnictl-0123abcd", False),
        ("", False),
    ],
)
def test_what_may_be_removed(path, expected):
    """Only a netns with such a name in such a place was made by `cnictl add`."""
    assert is_throwaway(path) is expected
