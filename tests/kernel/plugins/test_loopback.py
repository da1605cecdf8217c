"""loopback on a real kernel."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]


def is_up(node: Node) -> bool:
    """Whether lo of the container is up."""
    (lo,) = witness.ip(node, "link", "show", "dev", "lo", netns="c1")
    return "UP" in lo["flags"]


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, node: Node, version: str) -> None:
    """ADD sets lo up and reports its addresses, DEL sets it down."""
    attachment = attach({"type": "loopback"}, version=version, ifname="lo")
    result = attachment.add()
    assert is_up(node)
    if at_least(version, "0.3.0"):
        assert result["interfaces"] == [
            {"name": "lo", "mac": "00:00:00:00:00:00", "sandbox": "/run/netns/c1"}
        ]
        assert [one["address"] for one in result["ips"]] == ["127.0.0.1/8", "::1/128"]
    else:
        assert (result["ip4"]["ip"], result["ip6"]["ip"]) == ("127.0.0.1/8", "::1/128")
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    assert not is_up(node)
    attachment.delete()
    attachment.delete(netns="")


def test_check_notices_that_it_is_down(attach: Attach, node: Node) -> None:
    """In words that say what is."""
    attachment = attach({"type": "loopback"})
    attachment.add()
    node.run(["ip", "link", "set", "lo", "down"], netns="c1").checked()
    assert attachment.check() == (
        "lo is not up in /run/netns/c1; lo has lost address ::1/128 in /run/netns/c1"  # IPv6's goes with it
    )


def test_check_notices_that_an_address_is_lost(attach: Attach, node: Node) -> None:
    """The Result says that it is there."""
    attachment = attach({"type": "loopback"})
    attachment.add()
    node.run(["ip", "address", "delete", "127.0.0.1/8", "dev", "lo"], netns="c1").checked()
    assert attachment.check() == "lo has lost address 127.0.0.1/8 in /run/netns/c1"


def test_an_earlier_result_is_passed_on(attach: Attach) -> None:
    """In a chain loopback adds nothing to it."""
    attachment = attach({"type": "loopback"})
    attachment.result = {"cniVersion": "1.0.0", "ips": [{"address": "10.1.1.1/24"}]}
    assert attachment.add() == {"cniVersion": "1.0.0", "ips": [{"address": "10.1.1.1/24"}]}


def test_an_address_that_is_not_loopback_is_refused(attach: Attach, node: Node) -> None:
    """Somebody configured lo; lo is as it was."""
    attachment = attach({"type": "loopback"})
    node.run(["ip", "address", "add", "5.5.5.5/32", "dev", "lo"], netns="c1").checked()
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed).startswith('loopback interface found with non-loopback address "5.5.5.5"')
    assert not is_up(node)


def test_a_netns_that_is_gone(attach: Attach) -> None:
    """ADD names it; DEL has nothing to do."""
    attachment = attach({"type": "loopback"})
    failed = attachment.call("ADD", attachment.plugins[0], netns="/run/netns/gone")
    assert said(failed) == 'failed to Statfs "/run/netns/gone": no such file or directory'
    attachment.delete(netns="/run/netns/gone")
