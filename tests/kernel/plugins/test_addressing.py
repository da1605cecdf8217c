"""What becomes of an IPAM plugin's answer: addresses and routes in the container, or an error and nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import witness
from tests.kernel.plugins.answers import ANSWERS, Answer
from tests.kernel.plugins.attachment import Attachment
from tests.kernel.plugins.leftovers import leftovers

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

CANNED = {"type": "bridge", "ipam": {"type": "canned"}}
GIVEN = {name: one for name, one in ANSWERS.items() if one.error is None}
REFUSED = {name: one for name, one in ANSWERS.items() if one.error is not None}


@pytest.fixture
def answering(node: Node, plugins_dir: str, tmp_path: Path) -> Callable[[Answer], Attachment]:
    """Make an attachment to bridge with an IPAM plugin that gives the answer."""

    def make(answer: Answer) -> Attachment:
        answer.write(tmp_path)
        return Attachment(node, plugins_dir, [CANNED], delegates=str(tmp_path))

    return make


def routes(node: Node) -> list[str]:
    """Return the container's routes but those of link-local addresses, the main table's first."""
    found = []
    for words, heading in (
        (["route"], ""),
        (["-6", "route"], ""),
        (["route", "show", "table", "5000"], 5000),
    ):
        lines = node.run(["ip", *words], netns="c1").stdout.splitlines()
        prefix = f"table {heading} " if heading else ""
        found += [prefix + line.strip() for line in lines if "fe80::" not in line]
    return found


@pytest.mark.parametrize("name", GIVEN)
def test_what_the_answer_gives_is_made(
    name: str, answering: Callable[[Answer], Attachment], node: Node
) -> None:
    """Routes as iproute2 lists them; CHECK is content with them; DEL leaves nothing."""
    answer = GIVEN[name]
    attachment = answering(answer)
    attachment.add()
    assert routes(node) == list(answer.routes)
    assert attachment.check() == ""
    attachment.delete()
    assert [one["ifname"] for one in witness.ip(node, "link", netns="c1")] == ["lo"]


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_made_leaves_nothing(
    name: str, answering: Callable[[Answer], Attachment], node: Node
) -> None:
    """The error is the IPAM plugin's own, or says what of its answer was wrong."""
    attachment = answering(REFUSED[name])
    before = leftovers(node, "c1")
    failed = attachment.call("ADD", CANNED)
    error = json.loads(failed.stdout)
    assert (failed.status, error["code"], error["msg"]) == (1, *(REFUSED[name].error or ()))
    assert leftovers(node, "c1") == before


def test_ipv6_addresses_outlive_a_link_that_is_down_for_a_moment(
    answering: Callable[[Answer], Attachment], node: Node
) -> None:
    """keep_addr_on_down keeps them; link-local ones come back by themselves."""
    answering(ANSWERS["both families"]).add()
    for word in ("down", "up"):
        node.run(["ip", "link", "set", "eth0", word], netns="c1").checked()
    (link,) = witness.ip(node, "addr", "show", "dev", "eth0", netns="c1")
    assert {"10.1.2.2", "fd00:1::2"} <= {one["local"] for one in link["addr_info"]}


def test_a_gateway_of_the_other_family_is_told(answering: Callable[[Answer], Attachment]) -> None:
    """Which keys they are, and what to do; the kernel speaks of numbers that are out of range."""
    failed = answering(ANSWERS["an IPv4 gateway of an IPv6 route"]).call("ADD", CANNED)
    assert json.loads(failed.stdout)["details"] == (
        'in "routes", "dst" ::/0 is IPv6 and "gw" 10.1.2.1 is IPv4:'
        ' name a gateway of the family of "dst", or leave out "gw" for that of the address'
    )


def test_ipv6_is_turned_on_where_it_is_needed(answering: Callable[[Answer], Attachment], node: Node) -> None:
    """A runtime may have disabled it in the namespace."""
    attachment = answering(ANSWERS["both families"])
    node.run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"], netns="c1").checked()
    node.run(["sysctl", "-qw", "net.ipv6.conf.default.disable_ipv6=1"], netns="c1").checked()
    attachment.add()
    assert witness.sysctl(node, "net/ipv6/conf/eth0/disable_ipv6", netns="c1") == "0"
    assert witness.sysctl(node, "net/ipv6/conf/lo/disable_ipv6", netns="c1") == "0"


def test_too_small_an_mtu_for_ipv6_is_told(answering: Callable[[Answer], Attachment], node: Node) -> None:
    """The kernel has no IPv6 on a link with an MTU below 1280; the words are the Go plugins'."""
    failed = answering(ANSWERS["both families"]).call("ADD", {**CANNED, "mtu": 1279})
    error = json.loads(failed.stdout)
    assert error["msg"] == (
        'failed to enable keep_addr_on_down for interface "eth0":'
        " open /proc/sys/net/ipv6/conf/eth0/keep_addr_on_down: no such file or directory"
    )
    assert error["details"] == "eth0 has MTU 1279, and IPv6 needs 1280"
    assert [one["ifname"] for one in witness.ip(node, "link", netns="c1")] == ["lo"]
