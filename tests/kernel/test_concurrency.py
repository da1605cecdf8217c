"""Fifty containers that come and go at the same moment, with our plugins alone and among the Go plugins."""

from __future__ import annotations

import contextlib
import threading
from itertools import cycle
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.sandbox.node import ROOT
from tests import witness
from tests.kernel.plugins.leftovers import leftovers
from tests.kernel.plugins.overlay import give_underlay, put_remote, remove_remote
from tests.kernel.storm import Call, storm

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.sandbox.node import Node
    from tests.kernel.storm import Answer

MANY = 50
FIRST, LAST = 10, 10 + MANY - 1
"""There are exactly as many addresses as containers."""
BRIDGE: dict[str, Any] = {
    "type": "bridge",
    "bridge": "br-storm",
    "isGateway": True,
    "ipMasq": True,
    "ipam": {
        "type": "host-local",
        "ranges": [
            [{"subnet": "10.66.0.0/24", "rangeStart": f"10.66.0.{FIRST}", "rangeEnd": f"10.66.0.{LAST}"}]
        ],
        "routes": [{"dst": "0.0.0.0/0"}],
    },
}
CHAIN = [BRIDGE, {"type": "portmap", "capabilities": {"portMappings": True}}]
FLANNEL = {
    "type": "flannel",
    "subnetFile": f"{ROOT}/testdata/flannel/subnet.env",
    "delegate": {"bridge": "br-storm"},
}
SHARED = 8
"""Chains of portmap that are no container's, and rules in them and to them: 3 chains, 3 jumps, 2 rules."""


@pytest.fixture(params=["ours", "mixed"])
def directories(request: pytest.FixtureRequest, plugins_dir: str, go_plugins: str) -> list[str]:
    """Where the plugins are that take turns: ours only, or ours and the Go plugins."""
    return [plugins_dir] if request.param == "ours" else [plugins_dir, go_plugins]


def calls(
    verb: str, directories: Iterable[str], containers: Iterable[int] = range(MANY), turn: int = 0
) -> list[Call]:
    """Return a call for each container; the implementations take turns, beginning with number `turn`."""
    turns = cycle(directories)
    for _ in range(turn):
        next(turns)
    return [Call(verb, container, next(turns)) for container in containers]


def errors(answers: Iterable[Answer]) -> list[str]:
    return [one.error for one in answers if one.error]


def container_addresses(node: Node) -> list[str]:
    """Return what the containers' interfaces have, as iproute2 shows it, and what they lack as "none"."""
    script = "for n in $(seq 0 $(($1 - 1))); do ip -n c$n -4 -o addr show dev eth0 || echo x x x none/; done"
    lines = node.run(["sh", "-c", script, "sh", str(MANY)]).checked().stdout.splitlines()
    return [line.split()[3].partition("/")[0] for line in lines]


def reservations(node: Node) -> dict[str, bytes]:
    files = witness.files(node, "/var/lib/cni/networks/storm")
    return {name: content for name, content in files.items() if name[0].isdigit()}


def shared(node: Node) -> list[str]:
    """Return portmap's chains and rules that are no container's."""
    return [
        line for line in witness.iptables(node, "nat") if "CNI-HOSTPORT" in line and "CNI-DN-" not in line
    ]


def test_fifty_come_and_go(node: Node, directories: list[str]) -> None:
    """Each gets an address of its own and all its rules; each is removed by the other implementation."""
    before = warm(node, directories)
    added, checked = storm(node, CHAIN, [calls("ADD", directories), calls("CHECK", directories[:1])])
    assert errors(added) == []
    addresses = [address for one in added for address in one.addresses]
    assert sorted(addresses) == sorted(f"10.66.0.{n}" for n in range(FIRST, LAST + 1))
    assert container_addresses(node) == addresses
    assert reservations(node) == {a: f"c{n}\r\neth0".encode() for n, a in enumerate(addresses)}
    for one in added:
        assert one.result is not None
        assert [interface["name"] for interface in one.result["interfaces"]][::2] == ["br-storm", "eth0"]
        assert one.result["ips"][0]["gateway"] == "10.66.0.1"
    assert errors(checked) == []
    (deleted,) = storm(node, CHAIN, [calls("DEL", directories, turn=1)])
    assert errors(deleted) == []
    assert leftovers(node) == before


def test_what_is_shared_is_made_once(node: Node, plugins_dir: str) -> None:
    """When a node's first containers come all at once, bridge, chains and common rules are not doubled."""
    some = range(20)
    (added,) = storm(node, CHAIN, [calls("ADD", [plugins_dir], some)])
    assert errors(added) == []
    found = shared(node)
    assert (len(found), len(set(found))) == (SHARED, SHARED), found
    (bridge,) = witness.ip(node, "addr", "show", "dev", "br-storm")
    assert [one["local"] for one in bridge["addr_info"] if one["family"] == "inet"] == ["10.66.0.1"]
    macs = {one.result["interfaces"][0]["mac"] for one in added if one.result}
    assert macs == {bridge["address"]}
    rules = [line for line in witness.iptables(node, "nat") if line.startswith("-A")]
    assert len(rules) == len(set(rules))


def test_containers_are_removed_twice_at_the_same_time(node: Node, directories: list[str]) -> None:
    """Two DELs of the same container meet: both of ours succeed, and nothing is left.

    The Go plugins may find that somebody else was faster, which a repeated DEL puts right.
    """
    some = range(25)
    before = warm(node, directories)
    storming = calls("DEL", directories, some) + calls("DEL", directories, some, turn=1)
    added, deleted, again = storm(
        node,
        CHAIN,
        [calls("ADD", directories, some), storming, calls("DEL", directories[:1], some)],
    )
    assert errors(added) == []
    assert [error for error in errors(deleted) if error_of_ours(error, directories)] == []
    assert errors(again) == []
    assert leftovers(node) == before


def test_an_add_races_the_del_of_its_container(node: Node, directories: list[str]) -> None:
    """Whichever is faster: every DEL succeeds, an ADD is whole or fails, and one more DEL leaves nothing.

    That one is ours: without the interface, which knows the addresses, the Go bridge leaves its rules.
    """
    some = range(20)
    before = warm(node, directories)
    racing = [
        call
        for pair in zip(calls("ADD", directories, some), calls("DEL", directories, some, turn=1), strict=True)
        for call in pair
    ]
    raced, deleted = storm(node, CHAIN, [racing, calls("DEL", directories[:1], some)])
    for call, answer in zip(racing, raced, strict=True):
        if call.verb == "DEL":
            assert not error_of_ours(answer.error, directories)
        elif not answer.error:
            assert answer.result is not None
            assert len(answer.addresses) == 1
            assert len(answer.result["interfaces"]) == 3
    assert errors(deleted) == []
    assert leftovers(node) == before


def test_one_more_than_there_are_addresses(node: Node, plugins_dir: str) -> None:
    """Of one container too many exactly one fails, says why, and leaves nothing on the node."""
    before = warm(node, [plugins_dir])
    everybody = range(MANY + 1)
    added, deleted = storm(
        node, CHAIN, [calls("ADD", [plugins_dir], everybody), calls("DEL", [plugins_dir], everybody)]
    )
    (error,) = errors(added)
    assert "no IP addresses available in range set: 10.66.0.10-10.66.0.59" in error
    assert len({address for one in added for address in one.addresses}) == MANY
    assert errors(deleted) == []
    assert leftovers(node) == before


def test_flannel_keeps_one_file_a_container(node: Node, plugins_dir: str) -> None:
    """When the first pods of a node come all at once, the directory is made once and no file is another's."""
    some = range(20)
    added, checked = storm(node, [FLANNEL], [calls(verb, [plugins_dir], some) for verb in ("ADD", "CHECK")])
    assert errors(added) + errors(checked) == []
    assert set(witness.files(node, "/var/lib/cni/flannel")) == {f"c{number}" for number in some}
    assert len({address for one in added for address in one.addresses}) == len(some)
    (deleted,) = storm(node, [FLANNEL], [calls("DEL", [plugins_dir], some)])
    assert errors(deleted) == []
    assert witness.files(node, "/var/lib/cni/flannel") == {}


def test_firewall_lets_each_through_and_nobody_twice(node: Node, directories: list[str]) -> None:
    """Of 25 that come and go at once, whoever adds and whoever deletes; what is shared is there once.

    The Go plugin looks first and makes then, so that among its calls the first must have come alone.
    """
    chain = [BRIDGE, {"type": "firewall"}]
    some = range(25)
    first = [calls("ADD", directories, [0]), calls("DEL", directories, [0])]
    *_, added, checked = storm(
        node, chain, [*first, calls("ADD", directories, some), calls("CHECK", directories[:1], some)]
    )
    assert errors(added) + errors(checked) == []
    rules = [line for line in witness.iptables(node, "filter") if line.startswith("-A")]
    assert len(rules) == len(set(rules)) == 2 + 2 * len(some)
    (deleted,) = storm(node, chain, [calls("DEL", directories, some, turn=1)])
    assert errors(deleted) == []
    assert len([line for line in witness.iptables(node, "filter") if line.startswith("-A")]) == 2


@pytest.mark.parametrize("mode", ["bridge", "routed"])
def test_vxlan_makes_one_interface_for_all(node: Node, plugins_dir: str, mode: str) -> None:
    """Fifty first pods at once, while the files of other nodes change: one of everything, none too many."""
    give_underlay(node)
    network = {
        "type": "vxlan",
        "vni": 7,
        "mode": mode,
        "remotesDir": "/run/remotes",
        "ipam": {**BRIDGE["ipam"], "ranges": [[{"subnet": "10.66.0.0/24"}]]},
    }
    for number in range(2, 40):
        put_remote(node, f"node{number}", vtep=f"192.0.2.{number}", podCIDRs=[f"10.67.{number}.0/24"])
    with rewriting(node):
        added, deleted, again = storm(
            node, [network], [calls(verb, [plugins_dir]) for verb in ("ADD", "DEL", "ADD")]
        )
    assert errors(added) + errors(deleted) + errors(again) == []
    assert len({address for one in again for address in one.addresses}) == MANY
    shown = [one["ifname"] for one in witness.ip(node, "link")]
    assert sorted(name for name in shown if not name.startswith(("veth", "lo", "und"))) == sorted(
        {"vxlan.7", *(["vxbr.7"] if mode == "bridge" else [])}
    )
    (last, checked) = storm(
        node, [network], [calls("ADD", [plugins_dir], [MANY]), calls("CHECK", [plugins_dir])]
    )
    assert errors(last) + errors(checked) == []
    destinations = {
        one["dst"] for one in witness.bridge(node, "fdb", "show", "dev", "vxlan.7") if "dst" in one
    }
    assert destinations == {f"192.0.2.{number}" for number in range(2, 40)}


@pytest.mark.parametrize("mode", ["bridge", "routed"])
def test_a_vxlan_add_that_fails_takes_nothing_from_others(node: Node, plugins_dir: str, mode: str) -> None:
    """Whoever made the interface may fail; who has come to need it meanwhile keeps it."""
    give_underlay(node)
    ranges = [[{"subnet": "10.66.0.0/24", "rangeStart": "10.66.0.2", "rangeEnd": "10.66.0.11"}]]
    network = {
        "type": "vxlan",
        "vni": 7,
        "mode": mode,
        "remotes": [{"vtep": "192.0.2.2", "podCIDRs": ["10.67.2.0/24"]}],
        "ipam": {"type": "host-local", "ranges": ranges},
    }
    some = range(30)
    (added,) = storm(node, [network], [calls("ADD", [plugins_dir], some)])
    attached = [number for number, one in enumerate(added) if not one.error]
    assert len(attached) == 10
    assert all("no IP addresses available" in error for error in errors(added))
    (checked,) = storm(node, [network], [calls("CHECK", [plugins_dir], attached)])
    assert errors(checked) == []


def test_one_device_is_given_to_one_container_at_a_time(node: Node, plugins_dir: str) -> None:
    """Of those who ask at the same moment one gets it, the others change nothing; and back it comes."""
    node.run("ip link add port0 up type veth peer name switch0".split()).checked()
    (before,) = witness.ip(node, "link", "show", "dev", "port0")
    device = {"type": "host-device", "device": "port0"}
    some = range(12)
    for _ in range(3):
        (added,) = storm(node, [device], [calls("ADD", [plugins_dir], some)])
        assert len(errors(added)) == len(some) - 1
        assert all("Link not found" in one or "no such device" in one for one in errors(added))
        owner = next(number for number, one in enumerate(added) if not one.error)
        (moved,) = witness.ip(node, "link", "show", "dev", "eth0", netns=f"c{owner}")
        assert (moved["address"], moved["ifalias"]) == (before["address"], "port0")
        assert "UP" in moved["flags"]
        losers = [number for number in some if number != owner]
        waves = [calls("DEL", [plugins_dir], losers), calls("DEL", [plugins_dir], some)]
        assert [errors(wave) for wave in storm(node, [device], waves)] == [[], []]
        (back,) = witness.ip(node, "link", "show", "dev", "port0")
        assert back["address"] == before["address"]
        assert not back.get("ifalias")


@contextlib.contextmanager
def rewriting(node: Node) -> Iterator[None]:
    """Have the files of other nodes written anew all the time, and others come and go."""
    end = threading.Event()

    def write() -> None:
        while not end.wait(0.01):
            put_remote(node, "node5", vtep="192.0.2.5", podCIDRs=["10.67.5.0/24"])
            put_remote(node, "node99", vtep="192.0.2.99", podCIDRs=["10.67.99.0/24"])
            remove_remote(node, "node99")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield
    finally:
        end.set()
        writer.join()


def test_multus_keeps_the_networks_of_each_pod_apart(node: Node, plugins_dir: str) -> None:
    """When many pods come all at once, each with two networks, and go again."""
    some = range(15)
    second = {**BRIDGE, "cniVersion": "1.0.0", "name": "second", "bridge": "br-second", "ipMasq": False}
    first = {**FLANNEL, "cniVersion": "1.0.0", "name": "first"}
    multus = [{"type": "multus", "delegates": [first, second]}]
    added, checked = storm(node, multus, [calls(verb, [plugins_dir], some) for verb in ("ADD", "CHECK")])
    assert errors(added) + errors(checked) == []
    for network, interface in (("first", "eth0"), ("second", "net1")):
        kept = witness.files(node, f"/var/lib/cni/networks/{network}")
        holders = {content.decode() for name, content in kept.items() if name[0].isdigit()}
        assert holders == {f"c{number}\r\n{interface}" for number in some}
    (deleted,) = storm(node, multus, [calls("DEL", [plugins_dir], some)])
    assert errors(deleted) == []
    left = [name for name in witness.files(node, "/var/lib/cni") if not name.startswith("networks/")]
    assert left == []


MACVLAN = {"type": "macvlan", "master": "uplink", "ipam": BRIDGE["ipam"]}


def test_many_share_a_master(node: Node, directories: list[str]) -> None:
    """Thirty containers on one link, each with a MAC address and an address of its own."""
    some = range(30)
    node.run("ip link add uplink up type bridge".split()).checked()
    added, checked = storm(
        node, [MACVLAN], [calls("ADD", directories, some), calls("CHECK", directories, some)]
    )
    assert errors(added) == errors(checked) == []
    macs = {one.result["interfaces"][0]["mac"] for one in added if one.result}
    assert len(macs) == len({address for one in added for address in one.addresses}) == len(some)
    raced = calls("DEL", directories, some, turn=1) + calls("DEL", directories[:1], some)
    (deleted,) = storm(node, [MACVLAN], [raced])
    assert [one for one in errors(deleted) if error_of_ours(one, directories)] == []
    (again,) = storm(node, [MACVLAN], [calls("DEL", directories[:1], some)])
    assert errors(again) == []
    assert reservations(node) == {}
    assert [one["ifname"] for one in witness.ip(node, "link")] == ["lo", "uplink"]


def warm(node: Node, directories: list[str]) -> dict[str, object]:
    """Have one container come and go, and return what that leaves for those to come."""
    waves = [calls("ADD", directories, [0]), calls("DEL", directories, [0])]
    assert [errors(wave) for wave in storm(node, CHAIN, waves)] == [[], []]
    return leftovers(node)


def error_of_ours(error: str, directories: list[str]) -> str:
    """Return an error if it is one of our plugins'."""
    return error if f" in {directories[0]}: " in error else ""
