"""The order in which addresses are tried."""

from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cnictl.ipam.ranges import Range, RangeSet
from cnictl.spec.address import Address, Prefix


def of(subnet: str, start: str = "", end: str = "", gateway: str = "") -> Range:
    """A range with the defaults of the configuration."""
    net = Prefix.parse(subnet)
    last = net.last_address - 1 if net.version == 4 else net.last_address
    return Range(
        net,
        Address.parse(start) if start else net.network_address + 1,
        Address.parse(end) if end else last,
        Address.parse(gateway) if gateway else net.network_address + 1,
    )


def order(ranges: RangeSet, last: str = "") -> list[str]:
    return [str(address) for address, _ in ranges.candidates(Address.parse(last) if last else None)]


SMALL = RangeSet([of("10.0.0.0/29")])
THREE = RangeSet([of("10.0.0.0/30"), of("10.0.1.0/30"), of("10.0.2.0/30")])


@pytest.mark.parametrize(
    ("last", "tried"),
    [
        ("", "2 3 4 5 6"),
        ("10.0.0.6", "2 3 4 5 6"),
        ("10.0.0.3", "4 5 6 2 3"),
        ("10.0.0.5", "6 2 3 4 5"),
        ("10.0.0.1", "2 3 4 5 6"),
        ("10.0.0.128", "2 3 4 5 6"),
        ("2001:db8::1", "2 3 4 5 6"),
    ],
)
def test_it_goes_on_behind_the_last_one(last: str, tried: str):
    """The address given away last is tried last; one that lies elsewhere means nothing."""
    assert order(SMALL, last) == [f"10.0.0.{one}" for one in tried.split()]


def test_a_30_has_one_address():
    """Network, gateway and broadcast address leave one of four."""
    assert order(RangeSet([of("10.0.0.0/30")])) == ["10.0.0.2"]


def test_a_set_goes_through_its_ranges_in_turn():
    """Behind the end of a range comes the start of the next, behind the last range the first."""
    assert order(THREE) == ["10.0.0.2", "10.0.1.2", "10.0.2.2"]
    assert order(THREE, "10.0.0.2") == ["10.0.1.2", "10.0.2.2", "10.0.0.2"]
    assert order(THREE, "10.0.2.2") == ["10.0.0.2", "10.0.1.2", "10.0.2.2"]


def test_explicit_ranges_may_use_the_networks_own_address():
    """A start of .0 and an end of .255 are taken at their word; the next range starts behind its gateway."""
    both = RangeSet(
        [
            of("192.168.1.0/24", "192.168.1.0", "192.168.1.3"),
            of("192.168.2.0/24", "192.168.2.0", "192.168.2.3"),
        ]
    )
    assert order(both, "192.168.1.3") == [
        "192.168.2.0", "192.168.2.2", "192.168.2.3", "192.168.1.0", "192.168.1.2", "192.168.1.3",
    ]  # fmt: skip


def test_a_range_of_the_gateway_alone_is_empty():
    """There is nothing to try, and nothing counted."""
    ranges = RangeSet([of("10.8.0.0/24", "10.8.0.1", "10.8.0.1")])
    assert order(ranges) == []
    assert ranges.size == 0


def test_a_gateway_elsewhere_takes_nothing():
    """One outside of the subnet, or of the other version, leaves all addresses."""
    for gateway in ("10.9.0.1", "2001:db8::1"):
        assert order(RangeSet([of("10.0.0.0/29", gateway=gateway)]))[0] == "10.0.0.1"


def test_a_64_is_not_counted_one_by_one():
    """The first addresses of a big subnet come at once."""
    ranges = RangeSet([of("2001:db8::/64")])
    assert [str(one) for one, _ in islice(ranges.candidates(), 2)] == ["2001:db8::2", "2001:db8::3"]
    assert ranges.size == 2**64 - 2
    assert str(ranges) == "2001:db8::1-2001:db8::ffff:ffff:ffff:ffff"


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        (of("10.0.0.0/24", end="10.0.0.127"), of("10.0.0.0/24", start="10.0.0.128"), False),
        (of("10.0.0.0/24", end="10.0.0.128"), of("10.0.0.0/24", start="10.0.0.128"), True),
        (of("10.0.0.0/24"), of("10.0.0.0/22"), True),
        (of("0.0.0.0/24"), of("::/24"), False),
    ],
)
def test_overlaps(one: Range, other: Range, overlap: bool):
    """Two ranges overlap when they share an address, whatever their subnets are."""
    assert one.overlaps(other) is overlap
    assert other.overlaps(one) is overlap
    assert RangeSet([one]).overlaps(RangeSet([other])) is overlap


@st.composite
def range_sets(draw: st.DrawFn) -> RangeSet:
    """One to four ranges that do not overlap, of either version, each with a gateway somewhere."""
    base, suffix = draw(st.sampled_from([("10.0.{}.0/24", 24), ("2001:db8:{:x}::/120", 120)]))
    ranges = []
    for i in draw(st.permutations(range(draw(st.integers(1, 4))))):
        net = Prefix.parse(base.format(i))
        low = draw(st.integers(0, 255))
        high = min(255, low + draw(st.integers(0, 40)))
        first = net.network_address
        ranges.append(Range(net, first + low, first + high, first + draw(st.integers(0, 255))))
        assert net.length == suffix
    return RangeSet(ranges)


def members(ranges: RangeSet) -> set[Address]:
    everything = (
        (one, one.start + i) for one in ranges.ranges for i in range(int(one.end) - int(one.start) + 1)
    )
    return {address for one, address in everything if address != one.gateway}


@given(range_sets(), st.data())
def test_all_addresses_once_and_never_a_gateway(ranges: RangeSet, data: st.DataObject):
    """Wherever the search begins, it tries every address of every range once, gateways aside."""
    pool = sorted(members(ranges)) or [Address.parse("10.9.9.9")]
    last = data.draw(st.none() | st.sampled_from(pool))
    tried = [address for address, _ in ranges.candidates(last)]
    assert len(tried) == len(set(tried)) == ranges.size
    assert set(tried) == members(ranges)
    assert all(ranges.assignable(address) for address in tried)
    assert all(its.contains(address) and its.gateway != address for address, its in ranges.candidates(last))


@given(range_sets())
def test_round_robin(ranges: RangeSet):
    """Giving away the first candidate each time gives away all, before one comes a second time."""
    given_away: list[Address] = []
    last = None
    for _ in range(ranges.size):
        last, _its = next(ranges.candidates(last))
        given_away.append(last)
    assert sorted(given_away) == sorted(members(ranges))


@given(range_sets(), st.data())
def test_the_last_one_comes_last(ranges: RangeSet, data: st.DataObject):
    """What was just released is given away only when nothing else is free."""
    pool = sorted(members(ranges))
    assume(pool)
    last = data.draw(st.sampled_from(pool))
    *_, (final, _) = ranges.candidates(last)
    assert final == last
