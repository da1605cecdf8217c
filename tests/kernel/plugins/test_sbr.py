"""sbr on a real kernel: rules and tables after ADD, what CHECK notices, what DEL leaves, and who waits."""

from __future__ import annotations

import fcntl
import json
import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.flock import LockBusy
from cnictl.spec.versions import SUPPORTED, at_least
from cnictl_plugins.meta.sbr_routing import LockedRouting
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
IPV4 = {"type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}
DUAL = {
    "type": "host-local",
    "ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "fd00:1::/64"}]],
    "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.9.0.0/16", "gw": "10.1.2.254"}, {"dst": "::/0"}],
}
BRIDGE = {"type": "bridge", "isGateway": True, "ipam": IPV4}
DUAL_BRIDGE = {**BRIDGE, "ipam": DUAL}
PTP = {"type": "ptp", "ipam": {**DUAL, "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}]}}
SBR = {"type": "sbr"}


def rules(node: Node, version: str = "-4") -> list[tuple[str, str]]:
    """Return source and table of the container's rules that have a source, in the order that counts."""
    found = witness.ip(node, version, "rule", netns="c1")
    return [(one["src"], one["table"]) for one in found if one["src"] != "all"]


def routes(node: Node, table: str = "main", version: str = "-4") -> list[str]:
    """Return the lines of `ip route` of one of the container's tables."""
    done = node.run(["ip", version, "route", "show", "table", table], netns="c1")
    return [" ".join(line.split()) for line in done.stdout.splitlines()]


def everything(node: Node) -> list[str]:
    """Return all rules and routes of the container."""
    words = ("-4 rule", "-6 rule", "-4 route show table all", "-6 route show table all")
    return [
        line.strip()
        for one in words
        for line in node.run(["ip", *one.split()], netns="c1").checked().stdout.splitlines()
        if "table local" not in line
    ]


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, node: Node, version: str) -> None:
    """ADD, CHECK of both plugins where the version has it, DEL and DEL again succeed."""
    attachment = attach(BRIDGE, SBR, version=version)
    result = attachment.add()
    assert result["cniVersion"] == version
    assert rules(node) == [("10.1.2.2", "100")]
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    assert rules(node) == []


def test_the_result_is_passed_on(attach: Attach) -> None:
    """Nothing is added or taken away; one that does not say its version is taken as well."""
    attachment = attach(DUAL_BRIDGE)
    before = attachment.add()
    del before["cniVersion"]
    attachment.result = before
    assert json.loads(attachment.call("ADD", SBR).stdout) == {"cniVersion": "1.0.0", **before}


def test_what_add_makes(attach: Attach, node: Node) -> None:
    """Each address has a table of its own with what is for it; the main one has nothing of the interface."""
    attachment = attach(DUAL_BRIDGE, SBR)
    attachment.add()
    assert rules(node) == [("10.1.2.2", "100")]
    assert rules(node, "-6") == [("fd00:1::2", "101")]
    assert routes(node, "100") == [
        "default via 10.1.2.1 dev eth0",
        "10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.2",
        "10.9.0.0/16 via 10.1.2.254 dev eth0",
    ]
    connected = [
        "fd00:1::/64 dev eth0 proto kernel metric 256 pref medium",
        "fe80::/64 dev eth0 proto kernel metric 256 pref medium",
    ]
    assert routes(node, "100", "-6") == connected
    assert routes(node, "101", "-6") == [*connected, "default via fd00:1::1 dev eth0 metric 1024 pref medium"]
    assert routes(node, "101") == routes(node) == routes(node, version="-6") == []
    assert attachment.check() == ""


def test_behind_ptp(attach: Attach, node: Node) -> None:
    """What leads to the gateway and through it moves as well."""
    attachment = attach(PTP, SBR)
    attachment.add()
    assert routes(node, "100") == [
        "default via 10.1.2.1 dev eth0",
        "10.1.2.0/24 via 10.1.2.1 dev eth0 src 10.1.2.2",
        "10.1.2.1 dev eth0 scope link src 10.1.2.2",
    ]
    assert routes(node) == routes(node, version="-6") == []
    assert attachment.check() == ""
    node.run(["ip", "route", "delete", "10.1.2.0/24", "table", "100"], netns="c1").checked()
    missing = "route 10.1.2.0/24 dev eth0 table 100 is missing in /run/netns/c1"
    assert said(attachment.call("CHECK", SBR)) == missing


def test_a_second_interface_leaves_the_first_alone(attach: Attach, node: Node) -> None:
    """The next tables are taken, and the main table is that of the first interface."""
    attach(BRIDGE).add()
    before = routes(node)
    second = {**BRIDGE, "bridge": "cni1", "ipam": {**IPV4, "subnet": "10.2.2.0/24"}}
    third = {**BRIDGE, "bridge": "cni2", "ipam": {**IPV4, "subnet": "10.3.2.0/24"}}
    others = [
        attach(second, SBR, name="second", ifname="net1"),
        attach(third, SBR, name="third", ifname="net2"),
    ]
    for one in others:
        one.add()
    assert rules(node) == [("10.3.2.2", "101"), ("10.2.2.2", "100")]
    assert routes(node) == before
    assert [one.check() for one in others] == ["", ""]
    others[0].delete()
    assert rules(node) == [("10.3.2.2", "101")]
    assert others[1].check() == ""
    assert routes(node) == before


def test_tables_that_a_rule_names_are_not_taken(attach: Attach, node: Node) -> None:
    """Whatever the rule is for; large tables are fine."""
    attachment = attach(DUAL_BRIDGE, SBR)
    for table in (100, *range(102, 257)):
        node.run(["ip", "rule", "add", "fwmark", "7", "lookup", str(table)], netns="c1").checked()
    attachment.add()
    assert rules(node) == [("10.1.2.2", "101")]
    assert rules(node, "-6") == [("fd00:1::2", "257")]
    assert len(routes(node, "257", "-6")) == 3
    assert attachment.check() == ""
    attachment.delete()
    assert rules(node) == rules(node, "-6") == []


def test_routes_that_are_not_moved(attach: Attach, node: Node) -> None:
    """Those of other tables, of several next hops, and through a gateway of no address's network."""
    attachment = attach(BRIDGE)
    attachment.add()
    for words in (
        "10.7.0.0/16 nexthop via 10.1.2.9 nexthop via 10.1.2.8",
        "10.8.0.0/16 via 10.1.2.9 table 7",
        "blackhole 10.6.0.0/16",
    ):
        node.run(["ip", "route", "add", *words.split()], netns="c1").checked()
    assert attachment.call("ADD", SBR).status == 0
    assert [line.split()[:2] for line in routes(node)] == [
        ["blackhole", "10.6.0.0/16"],
        ["10.7.0.0/16"],
        ["nexthop", "via"],
        ["nexthop", "via"],
    ]
    assert routes(node, "7") == ["10.8.0.0/16 via 10.1.2.9 dev eth0"]


def test_routes_of_ipv6_move_hop_by_hop(attach: Attach, node: Node) -> None:
    """What leads through another interface as well stays there alone; hops through this one stay together."""
    attachment = attach(DUAL_BRIDGE)
    attachment.add()
    for words in (
        "link add other up type bridge",
        "addr add fd00:9::2/64 dev other nodad",
        "route add fd77::/64 nexthop via fd00:1::8 dev eth0 nexthop via fd00:9::9 dev other",
        "route add fd78::/64 nexthop via fd00:1::8 dev eth0 nexthop via fd00:1::9 dev eth0",
        "route append default via fd00:9::1 dev other metric 1024",
    ):
        node.run(["ip", *words.split()], netns="c1").checked()
    before = everything(node)
    assert attachment.call("ADD", {**SBR, "gateways": ["fd00:7::7"]}).status == 1
    assert sorted(everything(node)) == sorted(before)
    assert attachment.call("ADD", SBR).status == 0
    shared = ("fd77::/64", "fd78::/64", "default")
    assert [line for line in routes(node, version="-6") if line.startswith(shared)] == [
        "fd77::/64 via fd00:9::9 dev other metric 1024 pref medium",
        "default via fd00:9::1 dev other metric 1024 pref medium",
    ]
    moved = [line for line in routes(node, "101", "-6") if not line.startswith(("fe80", "fd00"))]
    assert moved == [
        "fd77::/64 via fd00:1::8 dev eth0 metric 1024 pref medium",
        "fd78::/64 metric 1024 pref medium",
        "nexthop via fd00:1::8 dev eth0 weight 1",
        "nexthop via fd00:1::9 dev eth0 weight 1",
        "default via fd00:1::1 dev eth0 metric 1024 pref medium",
    ]
    assert attachment.call("CHECK", SBR).status == 0


@pytest.mark.parametrize(
    ("index", "sources"), [(0, []), (7, ["10.1.2.2"])], ids=["another interface's", "nobody's"]
)
def test_whose_addresses_count(attach: Attach, node: Node, index: int, sources: list[str]) -> None:
    """Those that are certainly another interface's do not; the main table is cleared all the same."""
    attachment = attach(BRIDGE, SBR)
    attachment.result = json.loads(attachment.call("ADD", BRIDGE).stdout)
    assert attachment.result is not None
    attachment.result["ips"][0]["interface"] = index
    assert attachment.call("ADD", SBR).status == 0
    assert [source for source, _ in rules(node)] == sources
    assert routes(node) == []


class TestGateways:
    """Static gateways, which need not be in the Result."""

    WITHOUT = {**DUAL, "routes": []}  # noqa: RUF012 - a configuration

    def test_they_replace_those_of_the_addresses(self, attach: Attach, node: Node) -> None:
        """In the tables; the addresses' other routes stay."""
        attachment = attach({**BRIDGE, "ipam": self.WITHOUT}, {**SBR, "gateways": ["10.1.2.9", "fd00:1::9"]})
        attachment.add()
        assert routes(node, "100")[0] == "default via 10.1.2.9 dev eth0"
        assert routes(node, "101", "-6")[-1] == "default via fd00:1::9 dev eth0 metric 1024 pref medium"
        assert attachment.check() == ""

    def test_one_of_one_family(self, attach: Attach, node: Node) -> None:
        """The other family has the gateway of its address."""
        attachment = attach({**BRIDGE, "ipam": self.WITHOUT}, {**SBR, "gateways": ["fd00:1::9"]})
        attachment.add()
        assert routes(node, "100")[0] == "default via 10.1.2.1 dev eth0"
        assert routes(node, "101", "-6")[-1] == "default via fd00:1::9 dev eth0 metric 1024 pref medium"
        assert attachment.check() == ""

    def test_a_default_route_that_is_there_wins(self, attach: Attach, node: Node) -> None:
        """As with the Go plugin: it is copied over the one through the static gateway."""
        attachment = attach(BRIDGE, {**SBR, "gateways": ["10.1.2.9"]})
        attachment.add()
        assert routes(node, "100")[0] == "default via 10.1.2.1 dev eth0"
        assert attachment.check() == ""

    def test_without_any_gateway(self, attach: Attach, node: Node) -> None:
        """There is a rule and a table, with no default route."""
        static = {"type": "static", "addresses": [{"address": "10.1.2.2/24"}]}
        attachment = attach({"type": "bridge", "ipam": static}, SBR)
        attachment.add()
        assert routes(node, "100") == ["10.1.2.0/24 dev eth0 proto kernel scope link src 10.1.2.2"]
        assert attachment.check() == ""


def test_source_hints(attach: Attach, node: Node) -> None:
    """The main table keeps a route to each of the networks, which says from which address."""
    attachment = attach(DUAL_BRIDGE, {**SBR, "addSourceHints": True})
    attachment.add()
    assert routes(node) == ["10.1.2.0/24 dev eth0 scope link src 10.1.2.2"]
    assert routes(node, version="-6") == ["fd00:1::/64 dev eth0 src fd00:1::2 metric 1024 pref medium"]
    assert len(routes(node, "100")) == 3
    assert attachment.check() == ""
    node.run(["ip", "route", "delete", "10.1.2.0/24"], netns="c1").checked()
    assert attachment.check() == "route 10.1.2.0/24 dev eth0 is missing in /run/netns/c1"


def test_source_hints_for_addresses_that_are_new(attach: Attach, node: Node, uplink: str) -> None:
    """Without a gateway nobody has waited for duplicate address detection yet, and no route may name them."""
    ipam = {"type": "static", "addresses": [{"address": "fd00:1::7/64"}]}
    attachment = attach({"type": "macvlan", "master": uplink, "ipam": ipam}, {**SBR, "addSourceHints": True})
    attachment.add()
    assert routes(node, version="-6") == ["fd00:1::/64 dev eth0 src fd00:1::7 metric 1024 pref medium"]
    assert attachment.check() == ""


class TestTable:
    """A table that somebody else fills."""

    FILLED = {  # noqa: RUF012 - a configuration
        "type": "static",
        "addresses": [{"address": "10.1.2.2/24", "gateway": "10.1.2.1"}, {"address": "10.1.2.3/24"}],
        "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.2.1", "table": 5000}],
    }

    def test_only_rules_are_made(self, attach: Attach, node: Node) -> None:
        """One for each address, the newest first; no route moves."""
        attachment = attach({**BRIDGE, "ipam": self.FILLED}, {**SBR, "table": 5000})
        attachment.add()
        assert rules(node) == [("10.1.2.3", "5000"), ("10.1.2.2", "5000")]
        assert routes(node, "5000") == ["default via 10.1.2.1 dev eth0"]
        assert len(routes(node)) == 1
        assert attachment.check() == ""
        node.run(["ip", "rule", "delete", "from", "10.1.2.3"], netns="c1").checked()
        assert attachment.check() == "policy from 10.1.2.3 lookup 5000 is missing in /run/netns/c1"

    def test_delete_leaves_rules_for_other_tables(self, attach: Attach, node: Node) -> None:
        """Only those for the configured one are sbr's."""
        attachment = attach({**BRIDGE, "ipam": self.FILLED}, {**SBR, "table": 5000})
        attachment.add()
        assert attachment.call("DEL", {**SBR, "table": 5001}).status == 0
        assert len(rules(node)) == 2
        assert attachment.call("DEL", attachment.plugins[1]).status == 0
        assert rules(node) == []

    def test_the_kernel_chooses_with_zero(self, attach: Attach, node: Node) -> None:
        """The first table of IPv4 that is empty; it knows none for IPv6, and then nothing is left."""
        attachment = attach(BRIDGE, {**SBR, "table": 0})
        attachment.add()
        assert rules(node) == [("10.1.2.2", "1")]
        assert attachment.check() == ""
        attachment.delete()
        assert rules(node) == []
        both = attach(DUAL_BRIDGE, {**SBR, "table": 0}, ifname="eth1")
        both.result = json.loads(both.call("ADD", DUAL_BRIDGE).stdout)
        assert said(both.call("ADD", both.plugins[1])).startswith("failed to add rule: invalid argument")
        assert rules(node) == []


DISTURBANCES: dict[str, tuple[str, str]] = {
    "rule gone": ("ip rule delete from 10.1.2.2", "policy from 10.1.2.2 lookup 100 is missing"),
    "rule of IPv6 gone": ("ip -6 rule delete from fd00:1::2", "policy from fd00:1::2 lookup 101 is missing"),
    "default route gone": (
        "ip route delete default table 100",
        "route default via 10.1.2.1 dev eth0 table 100 is missing",
    ),
    "default route of IPv6 gone": (
        "ip -6 route delete default table 101",
        "route inet6 default via fd00:1::1 dev eth0 table 101 is missing",
    ),
    "another gateway": (
        "ip route replace default via 10.1.2.7 table 100",
        "route default via 10.1.2.1 dev eth0 table 100 is missing",
    ),
    "network gone": (
        "ip route delete 10.1.2.0/24 table 100",
        "route 10.1.2.0/24 dev eth0 table 100 is missing",
    ),
    "network of IPv6 gone": (
        "ip -6 route delete fd00:1::/64 table 101",
        "route fd00:1::/64 dev eth0 metric 256 table 101 is missing",
    ),
    "moved route gone": (
        "ip route delete 10.9.0.0/16 table 100",
        "route 10.9.0.0/16 via 10.1.2.254 dev eth0 table 100 is missing",
    ),
    "table flushed": (
        "ip route flush table 100",
        "route default via 10.1.2.1 dev eth0 table 100 is missing",
    ),
    "back in the main table": (
        "ip route add 10.1.2.1 dev eth0; ip route add default via 10.1.2.1 dev eth0",
        "route default via 10.1.2.1 dev eth0 is there in /run/netns/c1, and should not be",
    ),
    "network back in the main table": (
        "ip -6 route add fd00:1::/64 dev eth0 metric 256",
        "route fd00:1::/64 dev eth0 metric 256 is there in /run/netns/c1, and should not be",
    ),
    "another table": (
        "ip rule add from 10.1.2.2 lookup 777",
        "route default via 10.1.2.1 dev eth0 table 777 is missing",
    ),
    "interface gone": ("ip link delete eth0", "route default via 10.1.2.1 dev eth0 table 100 is missing"),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_check_names_what_was_disturbed(attach: Attach, node: Node, name: str) -> None:
    """In words that say what is."""
    command, message = DISTURBANCES[name]
    attachment = attach(DUAL_BRIDGE, SBR)
    attachment.add()
    assert attachment.check() == ""
    node.run(["sh", "-ec", command], netns="c1").checked()
    assert message in said(attachment.call("CHECK", SBR))


def test_the_plugins_before_find_their_routes(attach: Attach, node: Node) -> None:
    """A route that sbr moved is where they put it, for what comes from the address; a lost one is not."""
    attachment = attach(DUAL_BRIDGE, SBR)
    attachment.add()
    assert attachment.call("CHECK", DUAL_BRIDGE).status == 0
    node.run(["ip", "rule", "delete", "from", "10.1.2.2"], netns="c1").checked()
    failed = said(attachment.call("CHECK", DUAL_BRIDGE))
    assert failed.startswith("route default via 10.1.2.1 dev eth0 is missing in /run/netns/c1")
    assert "inet6" not in failed


REFUSED: dict[str, tuple[dict[str, Any], dict[str, Any] | None, int, str]] = {
    "no earlier result": ({}, None, 7, "This plugin must be called as chained plugin"),
    "no addresses": (
        {},
        {"interfaces": [{"name": "eth0"}]},
        999,
        "No IP addresses supplied on interface: eth0",
    ),
    "two gateways of a family": (
        {"gateways": ["10.1.2.1", "10.1.2.9"]},
        {"ips": [{"address": "10.1.2.2/24"}]},
        7,
        "gateways list contains multiple IPv4 addresses: 10.1.2.1 and 10.1.2.9",
    ),
    "no such interface": (
        {},
        {"ips": [{"address": "10.1.2.2/24"}]},
        999,
        "Cannot find network interface eth0: Link not found",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_cannot_work_on_is_refused(attach: Attach, node: Node, name: str) -> None:
    """In the Go plugin's words, and nothing is left."""
    keys, result, code, message = REFUSED[name]
    attachment = attach(SBR)
    before = everything(node)
    attachment.result = None if result is None else {"cniVersion": "1.0.0", **result}
    error = json.loads(attachment.call("ADD", {**SBR, **keys}).stdout)
    assert (error["code"], error["msg"]) == (code, message)
    assert everything(node) == before


def test_a_second_add_is_refused_and_leaves_nothing(attach: Attach, node: Node) -> None:
    """There is no way to the gateway any more; the rule that was made for it goes again."""
    attachment = attach(DUAL_BRIDGE, SBR)
    attachment.add()
    before = everything(node)
    failed = said(attachment.call("ADD", SBR))
    assert failed.startswith("Failed to add default route to 10.1.2.1: network is unreachable")
    assert everything(node) == before
    assert attachment.check() == ""


@pytest.mark.parametrize("keys", [{}, {"addSourceHints": True}], ids=["moving", "with hints"])
def test_a_failing_add_takes_everything_back(attach: Attach, node: Node, keys: dict[str, Any]) -> None:
    """Even when the second address cannot be served: the first one's routes are in the main table again."""
    attachment = attach(DUAL_BRIDGE)
    attachment.add()
    before = everything(node)
    failed = said(attachment.call("ADD", {**SBR, **keys, "gateways": ["fd00:9::9"]}))
    assert failed.startswith("Failed to add default route to fd00:9::9: ")
    assert everything(node) == before


@pytest.mark.parametrize("netns", ["", "/run/netns/gone", "/run/netns/stale"])
def test_delete_without_a_namespace(attach: Attach, node: Node, netns: str) -> None:
    """All was in it; no file is made in its place."""
    attachment = attach(BRIDGE, SBR)
    attachment.add()
    with open(node.path("/run/netns/stale"), "w", encoding="ascii"):
        pass
    done = attachment.call("DEL", SBR, netns=netns)
    assert (done.status, done.stdout) == (0, "")
    assert sorted(os.listdir(node.path("/run/netns"))) == ["c1", "stale"]


def test_delete_when_the_interface_is_gone(attach: Attach, node: Node) -> None:
    """The Result tells which rules were its own; others stay."""
    attachment = attach(DUAL_BRIDGE, SBR)
    attachment.add()
    node.run(["ip", "rule", "add", "from", "10.1.2.77", "lookup", "77"], netns="c1").checked()
    node.run(["ip", "link", "delete", "eth0"], netns="c1").checked()
    assert attachment.call("DEL", SBR).status == 0
    assert rules(node) == [("10.1.2.77", "77")]
    assert rules(node, "-6") == []
    attachment.result = None
    assert attachment.call("DEL", SBR).status == 0


def test_delete_removes_every_rule_of_the_addresses(attach: Attach, node: Node) -> None:
    """Whatever table they are for and however long the prefix, as the Go plugin does."""
    attachment = attach(BRIDGE, SBR)
    attachment.add()
    node.run(["ip", "rule", "add", "from", "10.1.2.2/31", "lookup", "9"], netns="c1").checked()
    node.run(["ip", "rule", "add", "from", "10.1.2.4", "lookup", "9"], netns="c1").checked()
    assert attachment.call("DEL", SBR).status == 0
    assert rules(node) == [("10.1.2.4", "9")]


class TestLock:
    """The flock(2) on the namespace, by which the Go plugin waits too."""

    HOLD = 1.5

    @pytest.mark.parametrize("command", ["ADD", "DEL"])
    def test_one_at_a_time_works_on_a_container(self, attach: Attach, node: Node, command: str) -> None:
        """Who comes second waits until the first is done."""
        attachment = attach(BRIDGE)
        attachment.add()
        with open(node.path("/run/netns/c1"), encoding="ascii") as namespace:
            fcntl.flock(namespace, fcntl.LOCK_EX)
            release = threading.Timer(self.HOLD, fcntl.flock, (namespace, fcntl.LOCK_UN))
            release.start()
            began = time.monotonic()
            done = attachment.call(command, SBR)
            took = time.monotonic() - began
            release.join()
        assert done.status == 0
        assert took >= self.HOLD

    def test_check_and_other_containers_do_not_wait(self, attach: Attach, node: Node) -> None:
        """Only what changes rules of that container needs the lock."""
        attachment = attach(BRIDGE, SBR)
        attachment.add()
        other = attach(BRIDGE, SBR, container="c2")
        with open(node.path("/run/netns/c1"), encoding="ascii") as namespace:
            fcntl.flock(namespace, fcntl.LOCK_EX)
            assert attachment.check() == ""
            other.add()

    def test_who_makes_us_wait_too_long_is_named(self, node: Node) -> None:
        """With the code to try again."""
        path = node.path(node.new_netns("c1"))
        with open(path, encoding="ascii") as namespace:
            fcntl.flock(namespace, fcntl.LOCK_EX)
            with pytest.raises(LockBusy) as busy:
                LockedRouting(path, patience=0.1)
            assert busy.value.code == 11
            assert busy.value.msg == f"lock {path} was not free within 0.1 seconds"
            assert busy.value.details.startswith(f"process {os.getpid()} (")
        with LockedRouting(path, patience=0.1) as inside:
            assert [one.table for one in inside.rules()][:1] == [255]

    def test_interfaces_of_one_container_at_once(self, attach: Attach, node: Node) -> None:
        """Each gets tables of its own."""
        names = [f"net{number}" for number in range(6)]
        attachments = []
        for number, name in enumerate(names):
            ipam = {**IPV4, "subnet": f"10.{number}.2.0/24"}
            bridge = {**BRIDGE, "bridge": f"br{number}", "ipam": ipam}
            one = attach(bridge, SBR, name=name, ifname=name)
            one.result = json.loads(one.call("ADD", bridge).stdout)
            attachments.append(one)
        done: list[int] = []
        threads = [
            threading.Thread(target=lambda one=one: done.append(one.call("ADD", SBR).status))
            for one in attachments
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert done == [0] * len(names)
        assert sorted(table for _, table in rules(node)) == [str(100 + number) for number in range(6)]
        assert [one.check() for one in attachments] == [""] * len(names)
