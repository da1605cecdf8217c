"""`cnictl vxlan`: an overlay kept in step with a directory, and what it tells."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.kernel.plugins.leftovers import leftovers
from tests.kernel.plugins.overlay import (
    MAC1,
    MAC2,
    REMOTES,
    UNDERLAY,
    entries,
    give_underlay,
    links,
    neighbours,
    put_remote,
    remove_remote,
    routed,
    routes,
    shell,
)

if TYPE_CHECKING:
    from cnictl.sandbox.node import Completed, Node

CNICTL = str(Path(sys.executable).with_name("cnictl"))
FILE = "/run/overlay.conflist"
NETWORK = routed(
    remotes=[],
    remotesDir=REMOTES,
    ipam={"type": "host-local", "ranges": [[{"subnet": "10.244.1.0/24"}], [{"subnet": "fd00:1::/64"}]]},
)
ROUTE = "10.244.{0}.0/24 10.244.{0}.0 onlink"

Run = Callable[..., "Completed"]


@pytest.fixture(autouse=True)
def _underlay(node: Node) -> None:
    give_underlay(node)
    put_remote(node, "node2", vtep="192.0.2.2", podCIDRs=["10.244.2.0/24"])


@pytest.fixture
def vxlan(node: Node) -> Run:
    """Run `cnictl vxlan WORDS` with the network in a file; a network given takes its place."""

    def run(command: str, *words: str, network: dict[str, Any] = NETWORK) -> Completed:
        write(node, network)
        return node.run([CNICTL, "vxlan", command, FILE, *words], env={"LANG": "C.UTF-8"}, timeout=60)

    return run


def write(node: Node, network: dict[str, Any]) -> None:
    with open(node.path(FILE), "w", encoding="ascii") as file:
        json.dump({"cniVersion": "1.1.0", "name": "net", "plugins": [network]}, file)


def lines(done: Completed) -> list[str]:
    """Return the lines of a table without its heading, blanks counting as one."""
    assert done.status == 0, done.stderr
    return [" ".join(line.split()) for line in done.stdout.splitlines()[1:]]


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.05)


def test_an_overlay_is_made_and_kept_up_to_date(node: Node, vxlan: Run) -> None:
    """Every change is told, and when there is none nothing is."""
    assert lines(vxlan("sync")) == [
        "+ link vxlan.4096",
        f"+ neighbour 10.244.2.0 lladdr {MAC2}",
        f"+ fdb {MAC2} dst 192.0.2.2",
        "+ route 10.244.1.0/24",
        "+ route fd00:1::/64",
        "+ route 10.244.2.0/24 via 10.244.2.0",
    ]
    assert links(node)["vxlan.4096"]["address"] == MAC1
    assert entries(node) == {(MAC2, "192.0.2.2")}
    again = vxlan("sync")
    assert (again.status, again.stdout, again.stderr) == (0, "", "")
    put_remote(node, "node2", vtep="192.0.2.22", vtepMAC=MAC2, podCIDRs=["10.244.22.0/24"])
    assert lines(vxlan("sync")) == [
        f"+ neighbour 10.244.22.0 lladdr {MAC2}",
        f"~ fdb {MAC2} dst 192.0.2.22",
        "+ route 10.244.22.0/24 via 10.244.22.0",
        "- route 10.244.2.0/24 via 10.244.2.0",
        f"- neighbour 10.244.2.0 lladdr {MAC2}",
    ]
    put_remote(node, "node2", vtep="192.0.2.22", vtepMAC="02:00:00:00:00:22", podCIDRs=["10.244.22.0/24"])
    assert lines(vxlan("sync")) == [
        "~ neighbour 10.244.22.0 lladdr 02:00:00:00:00:22",
        "+ fdb 02:00:00:00:00:22 dst 192.0.2.22",
        f"- fdb {MAC2} dst 192.0.2.22",
    ]
    remove_remote(node, "node2")
    found = json.loads(vxlan("sync", "-o", "json").stdout)
    assert found == {
        "network": "net",
        "changes": [
            {"sign": "-", "kind": "route", "entry": "10.244.22.0/24 via 10.244.22.0"},
            {"sign": "-", "kind": "fdb", "entry": "02:00:00:00:00:22 dst 192.0.2.22"},
            {"sign": "-", "kind": "neighbour", "entry": "10.244.22.0 lladdr 02:00:00:00:00:22"},
        ],
        "problems": [],
    }
    assert entries(node) == set()


def test_what_somebody_removed_comes_back(node: Node, vxlan: Run) -> None:
    """Pods that were attached are connected again, too."""
    network = {**NETWORK, "mode": "bridge", "ipam": {}}
    vxlan("sync", network=network)
    shell(node, "ip link del vxlan.4096")
    assert lines(vxlan("sync", network=network))[0] == "+ link vxlan.4096"
    assert links(node)["vxlan.4096"]["master"] == "vxbr.4096"
    shell(node, "bridge fdb del 00:00:00:00:00:00 dev vxlan.4096 dst 192.0.2.2 self")
    assert lines(vxlan("sync", network=network)) == ["+ fdb 00:00:00:00:00:00 dst 192.0.2.2"]


def test_a_plan_changes_nothing(node: Node, vxlan: Run) -> None:
    """And says what sync would do, with and without an interface."""
    before = leftovers(node)
    planned = lines(vxlan("sync", "--plan"))
    assert leftovers(node) == before
    assert lines(vxlan("sync")) == planned
    put_remote(node, "node3", vtep="192.0.2.3", podCIDRs=["10.244.3.0/24"])
    remove_remote(node, "node2")
    made = entries(node), neighbours(node), routes(node)
    planned = lines(vxlan("sync", "--plan"))
    assert (entries(node), neighbours(node), routes(node)) == made
    assert lines(vxlan("sync")) == planned


def test_what_cannot_be_used_is_told(node: Node, vxlan: Run) -> None:
    """Exit status 1; the other nodes are taken care of, and nothing is taken away meanwhile."""
    vxlan("sync")
    remove_remote(node, "node2")
    put_remote(node, "node3", vtep="192.0.2.3", podCIDRs=["10.244.3.0/24"])
    shell(node, f"echo '{{' >{REMOTES}/node4.json")
    done = vxlan("sync")
    assert done.status == 1
    assert done.stderr.startswith(f"note: {REMOTES}/node4.json: ")
    assert "route 10.244.3.0/24 via 10.244.3.0" in " ".join(done.stdout.split())
    assert ROUTE.format(2) in routes(node)
    listed = vxlan("ls")
    assert (listed.status, listed.stderr) == (1, done.stderr)
    assert [" ".join(line.split()[::3]) for line in listed.stdout.splitlines()[1:]] == [
        f"192.0.2.3 {REMOTES}/node3.json"
    ]
    shell(node, f"rm {REMOTES}/node4.json")
    assert vxlan("sync").status == 0
    assert ROUTE.format(2) not in routes(node)


def test_nodes_are_listed_with_where_they_are_from(vxlan: Run) -> None:
    """Those of the configuration and of the directory; for programs too."""
    network = {**NETWORK, "remotes": [{"vtep": "192.0.2.9", "podCIDRs": ["10.244.9.0/24", "fd00:9::/64"]}]}
    mac = json.loads(vxlan("ls", "-o", "json", network=network).stdout)["remotes"][0]["vtepMAC"]
    assert lines(vxlan("ls", network=network)) == [
        f"192.0.2.9 {mac} 10.244.9.0/24 fd00:9::/64 remotes[0]",
        f"192.0.2.2 {MAC2} 10.244.2.0/24 {REMOTES}/node2.json",
    ]
    assert json.loads(vxlan("ls", "-o", "json").stdout) == {
        "network": "net",
        "remotes": [
            {
                "vtep": "192.0.2.2",
                "vtepMAC": MAC2,
                "podCIDRs": ["10.244.2.0/24"],
                "source": f"{REMOTES}/node2.json",
            }
        ],
        "problems": [],
    }


def test_a_node_describes_itself(node: Node, vxlan: Run) -> None:
    """Before the first pod as after it, for all nodes alike; in mode bridge an address is enough."""
    mine = {
        "vtep": "192.0.2.1",
        "vtepMAC": MAC1,
        "podCIDRs": ["10.244.1.0/24", "fd00:1::/64"],
        "vni": 4096,
        "port": 4789,
    }
    assert json.loads(vxlan("self").stdout) == mine
    assert links(node).keys() == {"lo", UNDERLAY}
    done = vxlan("self", "--to", f"{REMOTES}/node1.json")
    assert (done.status, done.stdout) == (0, "")
    assert sorted(os.listdir(node.path(REMOTES))) == ["node1.json", "node2.json"]
    with open(node.path(f"{REMOTES}/node1.json"), encoding="ascii") as file:
        assert json.load(file) == mine
    assert len(lines(vxlan("ls"))) == 1
    assert "podCIDRs" not in json.loads(vxlan("self", network={**NETWORK, "mode": "bridge"}).stdout)


def test_an_overlay_that_cannot_be(node: Node, vxlan: Run) -> None:
    """Exit status 3, with the words of ADD; nothing is left."""
    shell(node, "ip route del default", "ip -6 route del default")
    before = leftovers(node)
    for command in ("sync", "ls", "self"):
        done = vxlan(command)
        assert (done.status, done.stdout) == (3, "")
        assert done.stderr.startswith("error: there is no default route to find the underlay by; ")
    assert leftovers(node) == before


@pytest.mark.parametrize(
    ("words", "network", "message"),
    [
        ((), {"type": "ptp", "ipam": {}}, "network net has no plugin vxlan"),
        (("--watch",), {**NETWORK, "remotesDir": ""}, "--watch needs a directory of remotes"),
        (("--watch", "--plan"), NETWORK, "--watch needs a directory of remotes"),
    ],
)
def test_wrong_usage(vxlan: Run, words: tuple[str, ...], network: dict[str, Any], message: str) -> None:
    """Exit status 2."""
    done = vxlan("sync", *words, network=network)
    assert (done.status, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: {message}")


def test_a_directory_is_watched(node: Node) -> None:
    """Changes take effect at once, also after the directory was away, and are told one by one."""
    write(node, NETWORK)
    watching = node.start([CNICTL, "vxlan", "sync", FILE, "--watch", "-o", "json"], env={"LANG": "C.UTF-8"})
    try:
        eventually(lambda: "vxlan.4096" in links(node) and ROUTE.format(2) in routes(node))
        put_remote(node, "node3", vtep="192.0.2.3", podCIDRs=["10.244.3.0/24"])
        eventually(lambda: ROUTE.format(3) in routes(node))
        remove_remote(node, "node2")
        eventually(lambda: ROUTE.format(2) not in routes(node))
        shell(node, f"mv {REMOTES} /run/away", "sleep 1")
        assert ROUTE.format(3) in routes(node)
        put_remote(node, "node4", vtep="192.0.2.4", podCIDRs=["10.244.4.0/24"])
        eventually(lambda: ROUTE.format(4) in routes(node) and ROUTE.format(3) not in routes(node))
        assert watching.poll() is None
    finally:
        os.killpg(watching.pid, signal.SIGTERM)
        out, err = watching.communicate(timeout=20)
    assert watching.returncode in (-signal.SIGTERM, 128 + signal.SIGTERM)
    assert "cannot read the directory" in err.decode() or "cannot watch" in err.decode()
    told = json.loads(f"[{out.decode().replace('}' + chr(10) + '{', '},{')}]")
    assert [len(one["changes"]) for one in told][:2] == [6, 3]
