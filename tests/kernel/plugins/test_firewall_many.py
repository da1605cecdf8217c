"""firewall beside the rules of so many pods that there is an index of them."""

from __future__ import annotations

import ipaddress
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal

import pytest

from cnictl.netfilter import index
from cnictl.sandbox.node import Node
from tests.kernel.plugins.filtering import accepted, fill, filtering, rules

OTHERS = index.LEAST // 2 + 10
ADDRESSES: dict[Literal[4, 6], str] = {4: "10.0.0.{}/24", 6: "fd00::{:x}/64"}
FAMILIES: dict[Literal[4, 6], str] = {4: "ip", 6: "ip6"}


def place(node: Node, version: Literal[4, 6]) -> Path:
    return Path(node.path(f"{index.PLACE}/{FAMILIES[version]}.filter.CNI-FORWARD"))


def count(node: Node, version: Literal[4, 6]) -> int:
    """Return how many rules an index is good for."""
    return int(place(node, version).read_bytes().partition(b"\n")[0].split()[-1])


@pytest.mark.parametrize("version", [4, 6])
def test_the_index_is_right_after_every_call(version: Literal[4, 6], node: Node, plugins_dir: str) -> None:
    """It says how many rules there are and of which addresses, after ADD and DEL, and after ADD again."""
    before = fill(node, plugins_dir, OTHERS, version)
    size = 4 if version == 4 else 16
    host = ADDRESSES[version].format(2)
    attachment = filtering(node, plugins_dir, addresses=(host,))
    sizes = set()
    for _ in range(2):
        for step, more in ((attachment.add, 1), (attachment.delete, 0)):
            step()
            assert len(rules(node, version)) == len(before) + 2 * more
            # The jump of FORWARD counts, as it leads to the chain.
            assert count(node, version) == len(rules(node, version))
            known = place(node, version).read_bytes().partition(b"\n")[2]
            assert known.endswith(ipaddress.ip_interface(host).packed) == bool(more)
            sizes.add(len(known) - more * size)
    assert len(sizes) == 1
    assert min(sizes) >= OTHERS * size
    assert rules(node, version) == before


def test_what_is_there_is_not_added_again(node: Node, plugins_dir: str) -> None:
    """ADD a second time, and an ADD after somebody took one of the rules away or added them."""
    fill(node, plugins_dir, OTHERS)
    attachment = filtering(node, plugins_dir, addresses=("10.0.0.2/24",))
    wanted = accepted("10.0.0.2")
    for line in wanted:
        node.run(["iptables", *line.split()]).checked()
    for disturbance in ("", "-D CNI-FORWARD 2", f"-D {wanted[0][3:]}", f"-D {wanted[1][3:]}"):
        if disturbance:
            node.run(["iptables", *disturbance.split()]).checked()
        attachment.add()
        assert [rules(node).count(line) for line in wanted] == [1, 1]
    attachment.delete()
    assert not set(rules(node)) & set(wanted)


def test_an_index_that_lies_has_rules_made_twice_and_none_left(node: Node, plugins_dir: str) -> None:
    """As where somebody put in an address's rules for another's, which have the same number."""
    fill(node, plugins_dir, OTHERS)
    attachment = filtering(node, plugins_dir, addresses=("10.0.0.2/24",))
    attachment.add()
    file = place(node, 4)
    file.write_bytes(file.read_bytes().replace(b"\x0a\0\0\2", b"\x0a\0\0\3"))
    attachment.add()
    wanted = accepted("10.0.0.2")
    assert [rules(node).count(line) for line in wanted] == [2, 2], "nothing but the index was asked"
    attachment.delete()
    assert not set(rules(node)) & set(wanted)


def test_twelve_at_once(node: Node, plugins_dir: str) -> None:
    """Nothing is made twice and nothing lost, and the index is good in the end."""
    before = {version: fill(node, plugins_dir, OTHERS, version) for version in FAMILIES}
    attachments = [
        filtering(
            node,
            plugins_dir,
            container=f"c{number}",
            addresses=tuple(ADDRESSES[version].format(number + 2) for version in FAMILIES),
        )
        for number in range(12)
    ]
    with ThreadPoolExecutor(12) as at_once:
        list(at_once.map(lambda one: one.add(), [*attachments, *attachments[:4]]))
        for version, those in before.items():
            found = rules(node, version)
            assert len(found) == len(set(found)) == len(those) + 24
        list(at_once.map(lambda one: one.delete(), attachments))
    for version, those in before.items():
        assert rules(node, version) == those
        assert count(node, version) == len(those)
