"""The names and comments by which masquerade rules are found again, by us and by the Go plugins."""

from __future__ import annotations

import pytest

from cnictl.plugin.masquerade import chain_name, nft_comment, rule_comment
from cnictl.spec.digest import digest

ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("network", "container_id", "chain"),
    [
        ("test", "1234", "CNI-2bbe0c48b91a7d1b8a6753a8"),
        ("testalongnamethatdoesnotmakesense", "1234", "CNI-374f33fe84ab0ed84dcdebe3"),
        ("mynet", "cid1", "CNI-a631aa8e1549a3b129110fd2"),
        ("cbr0", ID, "CNI-65299167c7285b471ffb1c3c"),
    ],
)
def test_chain_names_are_those_of_the_go_plugins(network: str, container_id: str, chain: str) -> None:
    """Either implementation finds the chain that the other made."""
    assert chain_name(network, container_id) == chain


@pytest.mark.parametrize(
    ("network", "ifname", "container_id", "comment"),
    [
        (
            "unit-test",
            "eth0",
            "one",
            "6fd94d501e58f0aa-287fc69eff0574a2, net: unit-test, if: eth0, id: one",
        ),
        (
            "unit-test",
            "eth0",
            "two",
            "6fd94d501e58f0aa-d750b2c8f0f25d5f, net: unit-test, if: eth0, id: two",
        ),
        (
            "alternate",
            "net1",
            "three",
            "82783ef24bdc7036-acb19d111858e348, net: alternate, if: net1, id: three",
        ),
        ("mynet", "eth0", "cid1", "d23676b4f2d9fe04-0b65a318f52e521b, net: mynet, if: eth0, id: cid1"),
        ("cbr0", "eth0", ID, f"cb6e746fae1a4d6c-848025970da6a998, net: cbr0, if: eth0, id: {ID}"),
        (
            "a-rather-long-network-name-1234567890",
            "eth0",
            ID,
            "e2c52fcd0eb548f8-848025970da6a998, net: a-rather-long-network-name-1234567890, if: eth0, id: "
            + ID[:35],
        ),
    ],
)
def test_nft_comments_are_those_of_the_go_plugins(
    network: str, ifname: str, container_id: str, comment: str
) -> None:
    """Comments are identical, also where nft's limit of 128 bytes cuts them."""
    assert nft_comment(network, ifname, container_id) == comment
    assert len(comment) <= 128


def test_a_quote_cannot_end_an_nft_comment() -> None:
    """Double quotes, which an interface name may have, do not get into the text of a transaction."""
    assert '"' not in nft_comment("net", 'et"h0', "id")


def test_iptables_comments_are_quoted_as_go_does() -> None:
    """The comment is what the Go plugins print with %q."""
    assert rule_comment("mynet", "cid1") == 'name: "mynet" id: "cid1"'


def test_a_digest_must_have_room() -> None:
    """A prefix that leaves no room for digits, or more digits than there are, is a mistake in the code."""
    assert digest("test1234", 28, "CNI-PREFIX-") == "CNI-PREFIX-2bbe0c48b91a7d1b8"
    for length, prefix in ((4, "CNI-"), (129, "")):
        with pytest.raises(ValueError, match="no digest"):
            digest("x", length, prefix)
