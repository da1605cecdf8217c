"""The index of a long chain: what it concludes, and what makes it worthless, on a real kernel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from cnictl.netfilter import index, nft
from cnictl.netfilter.index import Index
from cnictl.netfilter.iptables import FAMILIES, Tables
from cnictl.netlink.channel import Channel
from cnictl.netns import entered
from cnictl.sandbox.node import Node
from cnictl.spec.address import Address

CHAIN = "C"
FIRST: dict[Literal[4, 6], Address] = {4: Address.parse("10.8.0.1"), 6: Address.parse("fd08::1")}


def addresses(version: Literal[4, 6] = 4) -> list[Address]:
    return [FIRST[version] + number for number in range(index.LEAST)]


def fill(version: Literal[4, 6] = 4) -> None:
    """Make a chain that is just long enough, with one rule an address."""
    lines = "".join(f"-A {CHAIN} -s {one} -j ACCEPT\n" for one in addresses(version))
    Tables(version).restore(f"*filter\n-N {CHAIN}\n{lines}COMMIT\n")


def change(*lines: str) -> None:
    Tables().restore("\n".join(("*filter", *lines, "COMMIT", "")))


@pytest.fixture
def opened(inside: Node, tmp_path: Path) -> Callable[[], Index]:
    """Read the index of a long chain as it is."""
    del inside
    fill()
    return lambda: Index("ip", "filter", CHAIN, place=str(tmp_path))


def packed(text: str) -> bytes:
    return Address.parse(text).packed


def good(found: Index) -> bool:
    """Whether an index has not to be made anew."""
    return found._known is not None


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.usefixtures("inside")
def test_what_a_chain_names(version: Literal[4, 6], tmp_path: Path) -> None:
    """Every address of the chain, as its source or destination, and hardly another."""
    fill(version)
    extra = FIRST[version] + 5000
    change_of = Tables(version).restore
    change_of(f"*filter\n-A {CHAIN} -d {extra} -m conntrack --ctstate ESTABLISHED -j ACCEPT\nCOMMIT\n")
    found = Index(FAMILIES[version], "filter", CHAIN, place=str(tmp_path))
    assert found.worthwhile
    for one in (*addresses(version), extra):
        assert not found.lacks([one.packed])
    assert all(found.lacks([(FIRST[version] + number).packed]) for number in range(6000, 7000))
    assert not found.lacks([(FIRST[version] + 6000).packed, extra.packed])


def test_it_is_kept_while_rules_come_and_go(opened: Callable[[], Index]) -> None:
    """Good as soon as what was said to come has come, all of it and nothing else."""
    one, other = packed("10.9.0.1"), packed("10.9.0.2")
    found = opened()
    assert found.lacks([one, other])
    found.expect(2, [one])
    assert not good(opened()), "nothing has come yet"
    change(f"-A {CHAIN} -s 10.9.0.1 -j ACCEPT")
    assert not good(opened()), "half of it has come"
    change(f"-A {CHAIN} -d 10.9.0.1 -j ACCEPT")
    found = opened()
    assert good(found)
    assert (found.lacks([one]), found.lacks([other])) == (False, True)
    found.expect(-2, [one])
    assert not good(opened())
    change(f"-D {CHAIN} -s 10.9.0.1 -j ACCEPT", f"-D {CHAIN} -d 10.9.0.1 -j ACCEPT")
    found = opened()
    assert good(found)
    assert found.lacks([one])
    assert not found.lacks([packed("10.8.0.1")])


@pytest.mark.parametrize(
    "lines",
    [
        [f"-A {CHAIN} -s 10.9.0.9 -j ACCEPT"],
        [f"-I {CHAIN} -s 10.9.0.9 -j ACCEPT"],
        [f"-D {CHAIN} -s 10.8.0.1 -j ACCEPT"],
        [f"-A FORWARD -j {CHAIN}"],
        [f"-F {CHAIN}"],
        ["-N OTHER", f"-A {CHAIN} -j OTHER"],
    ],
)
def test_what_others_do_is_noticed(lines: list[str], opened: Callable[[], Index]) -> None:
    """A rule more or less, wherever it stands; the chain is searched then."""
    found = opened()
    assert found.lacks([packed("10.9.0.9")])
    found.expect(1, [packed("10.9.0.1")])
    change(f"-A {CHAIN} -s 10.9.0.1 -j ACCEPT")
    assert good(opened())
    change(*lines)
    found = opened()
    assert not good(found)
    assert found.lacks([packed("10.9.0.9")]) == (found.worthwhile and "10.9.0.9" not in lines[0])


@pytest.mark.parametrize("remade", ["chain", "table", "namespace", "boot"])
def test_another_chain_of_the_same_name_and_length_is_another(
    remade: str,
    opened: Callable[[], Index],
    make_node: Callable[[], Node],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Made again, in a table made again, in another namespace, and after a boot."""
    found = opened()
    assert found.lacks([packed("10.9.0.1")])
    found.expect(0, [])
    assert good(opened())
    if remade == "boot":
        (tmp_path / "boot").write_text("another\n")
        monkeypatch.setattr(index, "_BOOT", str(tmp_path / "boot"))
        assert not good(opened())
        return
    if remade == "namespace":
        with entered(make_node().netns):
            fill()
            assert nft.counted("ip", "filter", CHAIN)[1] == index.LEAST
            assert not good(opened())
        assert good(opened())
        return
    if remade == "chain":
        change(f"-F {CHAIN}", f"-X {CHAIN}")
    else:
        nft.apply("delete table ip filter\n")
    fill()
    assert opened()._count == index.LEAST
    assert not good(opened())


@pytest.mark.parametrize("content", [b"", b"cnictl rules 1", b"\0" * 100, b"cnictl rules 0 \n"])
def test_damaged_files_are_none(content: bytes, opened: Callable[[], Index], tmp_path: Path) -> None:
    """As after a full disk, or from another version; and no link is followed."""
    found = opened()
    assert found.lacks([packed("10.9.0.1")])
    found.expect(0, [])
    file = tmp_path / f"ip.filter.{CHAIN}"
    kept = file.read_bytes()
    file.write_bytes(content)
    assert not good(opened())
    file.unlink()
    file.symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere").write_bytes(kept)
    assert not good(opened())


@pytest.mark.usefixtures("inside")
def test_without_a_place_or_a_cookie_it_is_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A directory that cannot be made costs the time of a search; an old kernel has no index at all."""
    fill()
    (tmp_path / "file").write_text("")
    found = Index("ip", "filter", CHAIN, place=str(tmp_path / "file"))
    assert (found.lacks([packed("10.8.0.1")]), found.lacks([packed("10.9.0.1")])) == (False, True)
    found.expect(2, [packed("10.9.0.1")])
    monkeypatch.setattr(Channel, "netns_cookie", 0)
    found = Index("ip", "filter", CHAIN, place=str(tmp_path))
    assert not found.worthwhile
    assert not found.lacks([packed("10.9.0.1")])


@pytest.mark.usefixtures("inside")
def test_short_chains_and_none_have_no_index(tmp_path: Path) -> None:
    """They are searched as quickly; nothing is written for them."""
    for lines in ((), (f"-N {CHAIN}", f"-A {CHAIN} -s 10.8.0.1 -j ACCEPT")):
        change(*lines)
        found = Index("ip", "filter", CHAIN, place=str(tmp_path / "rules"))
        assert not found.worthwhile
        assert not found.lacks([packed("10.9.0.1")])
        found.expect(2, [packed("10.9.0.1")])
    assert not (tmp_path / "rules").exists()


def test_an_address_is_found_where_it_begins(opened: Callable[[], Index]) -> None:
    """Not across the end of one and the beginning of the next."""
    found = opened()
    assert found.lacks([packed("10.9.0.1")])
    known = found._known
    assert known
    across = known[2:6]
    assert found.lacks([across]) == (across not in {known[at : at + 4] for at in range(0, len(known), 4)})
    found._known = bytes((1, 2, 3, 4, 3, 4, 1, 2, 1, 2, 1, 2))
    assert [found._find(found._known, one) for one in (b"\3\4\3\4", b"\1\2\1\2", b"\3\4\1\2")] == [-1, 8, 4]
