"""The verdict on a reservation, for every combination of what the sources say."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.ipam.ranges import Range, RangeSet
from cnictl.leases.directory import Kept
from cnictl.leases.evidence import Attached, CacheEvidence, Evidence, Known, Sandboxes
from cnictl.leases.namespaces import Sighting, Sightings
from cnictl.leases.networks import Network, Source
from cnictl.leases.verdict import Judged, is_free, judge
from cnictl.spec.address import Address, Prefix

NOW = 1_000_000.0
BOOT = 500_000.0
SUBNET = Prefix.parse("10.1.0.0/24")
SETS = (
    RangeSet(
        [Range(SUBNET, Address.parse("10.1.0.1"), Address.parse("10.1.0.254"), Address.parse("10.1.0.1"))]
    ),
)
NETWORK = Network("net", "/data/net", (Source("/conf", SETS),))
HERE = Sighting("/run/netns/pod", "eth0")
OWNER = b"c1\r\neth0"


def kept(address: str = "10.1.0.5", content: bytes | None = OWNER, age: float = 10_000) -> Kept:
    made = int((NOW - age) * 1e9)
    if content is None:
        return Kept(Address.parse(address), None, made, "", "", "permission denied")
    return Kept.of(Address.parse(address), content, made)


def evidence(
    *there: str,
    unseen: tuple[str, ...] = (),
    sandboxes: Sandboxes | None = None,
    processes: Known | None = None,
    attached: dict[tuple[str, str], list[Attached]] | None = None,
    cached_addresses: dict[str, list[Attached]] | None = None,
    cache_missing: str = "",
    broken: dict[str, str] | None = None,
) -> Evidence:
    return Evidence(
        Sightings({Address.parse(one): [HERE] for one in there}, 2, unseen),
        sandboxes or Sandboxes(frozenset(), NOW),
        processes or Known(),
        CacheEvidence(attached or {}, cached_addresses or {}, cache_missing, broken or {}),
        BOOT,
        NOW,
    )


def verdict(one: Kept, known: Evidence, network: Network = NETWORK) -> Judged:
    (judged,) = judge(network, [one], known)
    return judged


def test_nobody_knows_it():
    """An orphan, which may be freed."""
    judged = verdict(kept(), evidence())
    assert (judged.verdict, judged.in_use, is_free(judged)) == ("orphan", False, True)


@pytest.mark.parametrize(
    "known",
    [
        evidence("10.1.0.5"),
        evidence("10.1.0.5", unseen=("some",), sandboxes=Sandboxes(missing="nobody asked")),
        evidence(sandboxes=Sandboxes(frozenset({"c1"}), NOW)),
        evidence(processes=Known(frozenset({"c1"}))),
        evidence(attached={("c1", "eth0"): [Attached("net", "/run/netns/x", True)]}),
        evidence(attached={("c1", "eth0"): [Attached("other", "/run/netns/x", True)]}),
    ],
)
def test_one_source_that_knows_it_is_enough(known: Evidence):
    """Whatever the others say, or do not know."""
    judged = verdict(kept(), known)
    assert (judged.verdict, judged.in_use, is_free(judged)) == ("live", True, False)


@pytest.mark.parametrize(
    "known",
    [
        evidence(unseen=("the namespaces of others",)),
        evidence(sandboxes=Sandboxes(missing="nobody asked")),
        evidence(sandboxes=Sandboxes(frozenset({"c2"}), NOW - 10_000)),
        evidence(sandboxes=Sandboxes(frozenset({"c2"}), NOW - 9_500)),
        evidence(sandboxes=Sandboxes(frozenset({"c2"}), NOW, stopped=frozenset({"c1"}))),
        evidence(processes=Known(missing="the cgroups")),
        evidence(cache_missing="the cache"),
        evidence(attached={("c1", "eth0"): [Attached("net", "", False)]}),
        evidence(broken={"net-c1-eth0": "empty"}),
    ],
)
def test_one_source_that_cannot_tell_is_enough_to_know_nothing(known: Evidence):
    """Also a list of sandboxes that is not clearly younger than the reservation."""
    judged = verdict(kept(), known)
    assert (judged.verdict, judged.in_use, is_free(judged)) == ("unknown", None, False)


@pytest.mark.parametrize("age", [0, 599, -5, -100_000])
def test_time_in_which_an_add_may_be_under_way(age: float):
    """Nothing is said of a young reservation, nor of one from the future."""
    assert verdict(kept(age=age), evidence()).verdict == "unknown"


def test_a_node_without_cri_has_nothing_to_ask_there():
    """Which is no gap."""
    assert verdict(kept(), evidence(sandboxes=Sandboxes(applies=False))).verdict == "orphan"


def test_a_stale_entry_of_the_cache_keeps_nothing():
    """But is told."""
    judged = verdict(kept(), evidence(attached={("c1", "eth0"): [Attached("net", "/run/netns/x", False)]}))
    assert judged.verdict == "orphan"
    assert "cached, but its netns is gone" in [fact.words for fact in judged.facts]


def test_files_of_old_releases_name_the_container_only():
    """Any interface of it will do."""
    known = evidence(attached={("c1", "net7"): [Attached("net", "/run/netns/x", True)]})
    assert verdict(kept(content=b"c1"), known).verdict == "live"
    assert verdict(kept(content=b"c2"), known).verdict == "orphan"


def test_an_empty_file():
    """Is nobody's by its content, and yet in use if its address is; also when only the cache knows it."""
    assert is_free(verdict(kept(content=b""), evidence()))
    for known in (
        evidence("10.1.0.5"),
        evidence(cached_addresses={"10.1.0.5": [Attached("net", "/run/netns/x", True)]}),
    ):
        judged = verdict(kept(content=b""), known)
        assert (judged.verdict, judged.in_use, is_free(judged)) == ("empty", True, False)


@pytest.mark.parametrize(
    "content", [b"reserved for the printer", b"\x00", b"c1\r\n../x", b"c1\r\neth0\r\nmore"]
)
def test_what_no_add_wrote(content: bytes):
    """Somebody's note is not freed."""
    judged = verdict(kept(content=content), evidence())
    assert (judged.verdict, is_free(judged)) == ("unknown", False)


def test_what_cannot_be_read():
    """Says why."""
    judged = verdict(kept(content=None), evidence())
    assert judged.verdict == "unknown"
    assert "permission denied" in [fact.words for fact in judged.facts]


def test_outside_of_every_range():
    """Foreign, in use or not; but of a network whose ranges are not all known nothing is."""
    judged = verdict(kept("10.2.0.5"), evidence("10.2.0.5"))
    assert (judged.verdict, judged.in_use) == ("foreign", True)
    half = Network("net", "/data/net", (*NETWORK.sources, Source("/other", None, "broken")))
    left = Network("net", "/data/net")
    for network in (half, left):
        assert verdict(kept("10.2.0.5"), evidence(), network).verdict == "orphan"


def test_two_addresses_for_one_interface():
    """The one that it has not is a duplicate; one of another container, or range set, is not."""
    known = evidence("10.1.0.5", sandboxes=Sandboxes(frozenset({"c1", "c2"}), NOW))
    several = [kept(), kept("10.1.0.6"), kept("10.1.0.7", b"c2\r\neth0"), kept("10.1.0.8", b"c1\r\nnet1")]
    assert [one.verdict for one in judge(NETWORK, several, known)] == ["live", "duplicate", "live", "live"]
    nowhere = evidence(sandboxes=Sandboxes(frozenset({"c1"}), NOW))
    assert [one.verdict for one in judge(NETWORK, several[:2], nowhere)] == ["live", "live"]


SANDBOXES = st.builds(
    Sandboxes,
    ids=st.frozensets(st.sampled_from(["c1", "c2"])),
    as_of=st.sampled_from([NOW, NOW - 20_000, NOW - 5_000]),
    missing=st.sampled_from(["", "nobody asked"]),
    applies=st.booleans(),
)
ENTRIES = st.lists(
    st.builds(
        Attached,
        network=st.sampled_from(["net", "other"]),
        netns=st.sampled_from(["", "/run/netns/x"]),
        netns_exists=st.booleans(),
    ),
    max_size=2,
)
SOURCES: dict[str, st.SearchStrategy[Any]] = {
    "unseen": st.sampled_from([(), ("some",)]),
    "sandboxes": SANDBOXES,
    "processes": st.builds(
        Known, ids=st.frozensets(st.sampled_from(["c1"])), missing=st.sampled_from(["", "some"])
    ),
    "attached": st.dictionaries(st.sampled_from([("c1", "eth0"), ("c1", "net1")]), ENTRIES),
    "cached_addresses": st.dictionaries(st.just("10.1.0.5"), ENTRIES),
    "cache_missing": st.sampled_from(["", "broken"]),
    "broken": st.dictionaries(st.sampled_from(["net-c1-eth0", "net-c9-eth0"]), st.just("empty")),
}
FILES = st.builds(
    kept,
    address=st.sampled_from(["10.1.0.5", "10.2.0.5", "10.1.0.1"]),
    content=st.sampled_from([OWNER, b"c1", b"", b"a note", None, b"c2\r\neth0"]),
    age=st.sampled_from([10_000, 10, -10, 900_000]),
)


@given(one=FILES, others=st.lists(FILES, max_size=3), sources=st.fixed_dictionaries(SOURCES))
def test_an_address_in_a_namespace_is_never_called_an_orphan(
    one: Kept, others: list[Kept], sources: dict[str, Any]
):
    """Whatever else is known or not: it is in use, and may not be freed."""
    judged, *_ = judge(NETWORK, [one, *others], evidence(str(one.address), **sources))
    assert judged.in_use is True
    assert judged.verdict not in ("orphan", "unknown", "duplicate")
    assert not is_free(judged)


@given(one=FILES, sources=st.fixed_dictionaries(SOURCES))
def test_what_is_free_is_what_everybody_says_is_free(one: Kept, sources: dict[str, Any]):
    """And an orphan is nothing else."""
    judged = verdict(one, evidence(**sources))
    assert is_free(judged) == all(fact.holds is False for fact in judged.facts)
    assert is_free(judged) == (judged.in_use is False)
    if judged.verdict == "orphan":
        assert is_free(judged)
        assert one.is_sound
        assert NOW - one.made / 1e9 >= 600
