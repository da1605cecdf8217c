"""Addresses and prefixes: what Go reads is read, and printed as Go prints it."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.spec.address import Address, Prefix

IPV4 = st.integers(0, 2**32 - 1).map(lambda number: Address.from_int(4, number))
IPV6 = st.builds(
    lambda groups: Address(b"".join(group.to_bytes(2, "big") for group in groups)),
    st.lists(st.one_of(st.just(0), st.integers(0, 0xFFFF)), min_size=8, max_size=8),
)
ADDRESSES = st.one_of(IPV4, IPV6)
PREFIXES = ADDRESSES.flatmap(lambda one: st.builds(Prefix, st.just(one), st.integers(0, one.bits)))


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("FD00:0:0:0:0:0:0:1", "fd00::1"),
        ("::ffff:1.2.3.4", "1.2.3.4"),
        ("0:0:0:0:0:ffff:1.2.3.4", "1.2.3.4"),
        ("::ffff:102:304", "1.2.3.4"),
        ("::1.2.3.4", "::102:304"),
        ("::1:2", "::1:2"),
        ("64:ff9b::1.2.3.4", "64:ff9b::102:304"),
        ("2001:db8:0:1:0:0:0:1", "2001:db8:0:1::1"),
        ("2001:0:0:1:0:0:1:1", "2001::1:0:0:1:1"),
        ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("::", "::"),
        ("0.0.0.0", "0.0.0.0"),
    ],
)
def test_an_address_is_printed_as_in_go(text: str, printed: str):
    """Lower case, the longest run of zeros left out, IPv4 only where it is IPv4."""
    assert str(Address.parse(text)) == printed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3",
        "1.2.3.x",
        "1.2.3.4.5",
        "010.1.2.3",
        "1.2.3.256",
        "1.2.3.1/24",
        "fe80::1%eth0",
        " 1.2.3.4",
        "1.2.3.4\n",
        "1.2.3.4\0",
        "::ffff:01.2.3.4",
        "12345::",
        "1::2::3",
        "0x1.2.3.4",
        "1",
        "zz",
        "é",
        "\ud800",
    ],
)
def test_what_is_no_address_is_refused(text: str):
    """With Go's words, which name the text."""
    with pytest.raises(ValueError) as refused:
        Address.parse(text)
    assert str(refused.value) == f"invalid IP address: {text}"


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("1.2.3.4/24", "1.2.3.4/24"),
        ("2001:db8::/32", "2001:db8::/32"),
        ("10.1.2.3/16", "10.1.2.3/16"),
        ("FD00:0:0:0:0:0:0:1/64", "fd00::1/64"),
        ("::ffff:1.2.3.4/120", "1.2.3.4/24"),
        ("::ffff:1.2.3.4/96", "1.2.3.4/0"),
        ("1.2.3.4/024", "1.2.3.4/24"),
        ("1.2.3.4/0", "1.2.3.4/0"),
        ("1.2.3.4/32", "1.2.3.4/32"),
        ("::/0", "::/0"),
        ("fd00::/128", "fd00::/128"),
    ],
)
def test_a_prefix_is_printed_as_in_go(text: str, printed: str):
    """Host bits stay; of a mapped address the length counts from where IPv4 begins."""
    assert str(Prefix.parse(text)) == printed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.2.3.4",
        "1.2.3/45",
        "1.2.3.4/99",
        "010.1.2.3/24",
        "1.2.3.4/+24",
        "1.2.3.4/-1",
        "1.2.3.4/",
        "1.2.3.4/255.255.255.0",
        "1.2.3.4/24 ",
        "1.2.3.4/24/24",
        "fe80::1%eth0/64",
        "::/129",
        "1.2.3.4/²",
        "::ffff:1.2.3.4/64",
        "usePodCidr",
        "1.2.3.4/" + "9" * 5000,
    ],
    ids=lambda text: text[:20],
)
def test_what_is_no_prefix_is_refused(text: str):
    """With Go's words; digits alone say how long a prefix is."""
    with pytest.raises(ValueError) as refused:
        Prefix.parse(text)
    assert str(refused.value) == f"invalid CIDR address: {text}"


@given(st.integers(0, 2**32 - 1))
def test_ipv4_agrees_with_the_standard_library(number: int):
    """Which shares no code with ours."""
    other = ipaddress.IPv4Address(number)
    address = Address.parse(str(other))
    assert (str(address), int(address), address.version) == (str(other), number, 4)
    assert address.is_loopback == other.is_loopback
    assert address.is_multicast == other.is_multicast
    assert address.is_link_local == other.is_link_local
    assert address.is_unspecified == other.is_unspecified


@given(IPV6.filter(lambda address: address.version == 6))
def test_ipv6_agrees_with_the_standard_library(address: Address):
    """Which shares no code with ours."""
    other = ipaddress.IPv6Address(address.packed)
    assert (str(address), int(address), address.version) == (str(other), int(other), 6)
    assert Address.parse(other.exploded) == address
    assert address.is_loopback == other.is_loopback
    assert address.is_multicast == other.is_multicast
    assert address.is_link_local == other.is_link_local
    assert address.is_unspecified == other.is_unspecified


@given(ADDRESSES)
def test_an_address_survives_being_printed_and_read(address: Address):
    """And going through its number."""
    assert Address.parse(str(address)) == address
    assert Address.from_int(address.version, int(address)) == address


@given(PREFIXES)
def test_a_prefix_survives_being_printed_and_read(prefix: Prefix):
    """Host bits and all."""
    assert Prefix.parse(str(prefix)) == prefix


@given(PREFIXES.filter(lambda prefix: prefix.version == 4 or any(prefix.address.packed[:10])))
def test_a_network_agrees_with_the_standard_library(prefix: Prefix):
    """First and last address, mask, and what lies within."""
    other = ipaddress.ip_interface(str(prefix)).network
    assert str(prefix.network) == str(other)
    assert str(prefix.network_address) == str(other.network_address)
    assert int(prefix.last_address) == int(other.broadcast_address)
    assert int(prefix.broadcast) == int(other.broadcast_address)
    assert int(prefix.netmask) == int(other.netmask)
    assert prefix.contains(prefix.address)
    assert prefix.contains(prefix.last_address)
    assert prefix.overlaps(prefix.network)


@pytest.mark.parametrize(
    ("one", "other", "overlap"),
    [
        ("10.0.0.0/8", "10.1.2.0/24", True),
        ("10.1.2.0/24", "10.0.0.0/8", True),
        ("10.1.2.0/24", "10.1.3.0/24", False),
        ("10.1.2.9/24", "10.1.2.200/25", True),
        ("::/0", "10.0.0.0/8", False),
        ("0.0.0.0/0", "::/0", False),
    ],
)
def test_networks_overlap_within_a_version(one: str, other: str, overlap: bool):
    """Whichever way they are asked."""
    assert Prefix.parse(one).overlaps(Prefix.parse(other)) is overlap
    assert Prefix.parse(other).overlaps(Prefix.parse(one)) is overlap


def test_addresses_are_counted():
    """By adding and subtracting, within the addresses there are."""
    assert str(Address.parse("10.0.0.255") + 1) == "10.0.1.0"
    assert str(Address.parse("fd00::1:0") - 1) == "fd00::ffff"
    with pytest.raises(OverflowError):
        Address.parse("255.255.255.255") + 1
    with pytest.raises(OverflowError):
        Address.parse("::") - 1


def test_addresses_are_ordered():
    """IPv4 before IPv6, then by number."""
    texts = ["::", "fd00::2", "10.0.0.10", "fd00::10", "10.0.0.9"]
    assert [str(one) for one in sorted(map(Address.parse, texts))] == [
        "10.0.0.9",
        "10.0.0.10",
        "::",
        "fd00::2",
        "fd00::10",
    ]


@pytest.mark.parametrize(
    ("text", "unicast"),
    [
        ("10.1.2.3", True),
        ("fd00::1", True),
        ("255.255.255.255", False),
        ("224.0.0.1", False),
        ("169.254.1.1", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("fe80::1", False),
        ("ff02::1", False),
        ("::1", False),
        ("::", False),
    ],
)
def test_what_may_stand_for_one_station(text: str, unicast: bool):
    """As Go's IsGlobalUnicast has it: private addresses count, those of one link do not."""
    assert Address.parse(text).is_global_unicast is unicast


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("0.0.0.0/0", True),
        ("::/0", True),
        ("0.0.0.0/1", False),
        ("10.0.0.0/0", False),
        ("::ffff:0:0/96", True),
    ],
)
def test_what_is_a_default_destination(text: str, default: bool):
    """All zeros, of no length."""
    assert Prefix.parse(text).is_default is default


def test_prefixes_made_of_less():
    """Of one address, and of all."""
    assert str(Prefix.host(Address.parse("fd00::1"))) == "fd00::1/128"
    assert str(Prefix.host(Address.parse("10.0.0.1"))) == "10.0.0.1/32"
    assert (str(Prefix.default(4)), str(Prefix.default(6))) == ("0.0.0.0/0", "::/0")
