"""`cnictl map` of nodes that plugins of both kinds have wired."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import witness
from tests.kernel.plugins.attachment import Attachment

if TYPE_CHECKING:
    from cnictl.sandbox.node import Completed, Node

CNICTL = str(Path(sys.executable).with_name("cnictl"))
HOSTILE = "<script>alert(1)</script>"
UPLINK = """\
link add wan type bridge
link add vx7 type vxlan id 7 dstport 4789 dev wan
link set wan up
addr add 192.0.2.10/24 dev wan
route add default via 192.0.2.1
"""


@pytest.fixture(params=["ours", "go"])
def directory(request: pytest.FixtureRequest, plugins_dir: str, go_plugins: str) -> str:
    """Where the plugins are."""
    return plugins_dir if request.param == "ours" else go_plugins


def run(node: Node, *words: str) -> Completed:
    done = node.run([CNICTL, "map", "--whole-node", *words], env={"LANG": "C.UTF-8"}, timeout=60)
    assert "Traceback" not in done.stderr
    return done.checked()


def members(node: Node) -> Any:
    return json.loads(run(node, "-o", "json").stdout)


def batch(node: Node, lines: str) -> None:
    node.run(["ip", "-batch", "-"], stdin=lines).checked()


def network(kind: str, subnet: str, **keys: Any) -> list[dict[str, Any]]:
    return [{"type": kind, "ipam": {"type": "host-local", "subnet": subnet}, **keys}]


def wire(node: Node, directory: str) -> list[Attachment]:
    """Attach containers to a bridge with a port, as macvlan, and point to point."""
    batch(node, UPLINK)
    port = {"runtimeConfig": {"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]}}
    bridge = network("bridge", "10.7.0.0/24", bridge="br0", isDefaultGateway=True, ipMasq=True)
    made = [
        Attachment(node, directory, [*bridge, {"type": "portmap", **port}], container="shop", name="web"),
        Attachment(node, directory, network("macvlan", "192.0.2.0/24", master="wan"), container="db"),
        Attachment(node, directory, network("ptp", "10.9.0.0/24"), container="edge", name="edge"),
    ]
    for one in made:
        one.add()
    batch(node, "link set vx7 master br0\nnetns add lost")
    node.run(["ip", "link", "set", "eth0", "alias", HOSTILE], netns="shop").checked()
    return made


def everything(node: Node) -> list[str]:
    """Return all that could have changed, as other programs see it."""
    looks = ["ip -br link", "ip -br -4 addr", "ip -4 route show table all", "nft -s list ruleset", "ip netns"]
    looks += ["ls -lR --full-time /var/lib/cni", "ip netns exec shop ip -br -4 addr"]
    return [node.run(words.split()).checked().stdout for words in looks]


def test_what_hangs_together(node: Node, directory: str) -> None:
    """Both ends of pairs, what macvlans and tunnels sit on, addresses, routes, ports and masquerading."""
    wire(node, directory)
    before = everything(node)
    shown = members(node)
    assert everything(node) == before
    by_name = {one["name"]: one for one in shown["namespaces"]}
    assert set(by_name) == {"node", "shop", "db", "edge", "lost"}
    links = {(one["name"], link["name"]): link for one in shown["namespaces"] for link in one["links"]}

    def end(word: str, *place: Any) -> tuple[str, str] | None:
        found = links[place][word]
        return found and (shown["namespaces"][found["namespace"]]["name"], found["link"])

    ports = {one["ifname"]: one for one in witness.ip(node, "link", "show", "type", "veth")}
    for name, other in (("shop", "br0"), ("edge", None)):
        far = end("peer", name, "eth0")
        assert far is not None
        assert ports[far[1]].get("master") == other
        assert end("peer", *far) == (name, "eth0")
        assert ports[far[1]]["ifname"] == far[1]
    assert end("parent", "db", "eth0") == ("node", "wan")
    assert end("parent", "node", "vx7") == ("node", "wan")
    assert (links["node", "vx7"]["facts"], links["node", "vx7"]["master"]) == (["vni 7"], "br0")
    assert links["shop", "eth0"]["alias"] == HOSTILE
    assert links["shop", "eth0"]["addresses"] == ["10.7.0.2/24"]
    assert {"destination": "default", "gateway": "10.7.0.1", "link": "eth0"} in by_name["shop"]["routes"]
    (port,) = by_name["shop"]["ports"]
    assert (port["port"], port["destination"]) == (8080, "10.7.0.2:80")
    (hidden,) = by_name["shop"]["masqueraded"]
    assert (hidden["source"], hidden["beyond"]) == ("10.7.0.2", "10.7.0.0/24")
    assert shown["unseen"] == []


def test_for_people(node: Node, plugins_dir: str) -> None:
    """Each thing stands below what it hangs on; a name cannot be markup of the picture or the page."""
    wire(node, plugins_dir)
    lines = run(node).stdout.splitlines()

    def depth(words: str) -> int:
        (found,) = [one for one in lines if words in one]
        return (len(found) - len(found.lstrip("│├└─ \N{NO-BREAK SPACE}"))) // 4

    assert (depth(" wan bridge 192.0.2.10/24"), depth(" db eth0 192.0.2.2/24")) == (1, 2)
    assert (depth(" br0 bridge"), depth(" shop eth0 10.7.0.2/24"), depth("port 8080/tcp")) == (1, 2, 3)
    assert (depth("routed, without a bridge"), depth(" edge eth0 10.9.0.2/24")) == (1, 2)
    assert (depth(" vx7 vxlan vni 7"), depth("joined to nothing"), depth("─ lost")) == (2, 1, 2)
    for form in ("svg", "html"):
        drawn = run(node, "-o", form, "-f", f"/run/map.{form}")
        assert drawn.stdout == ""
        text = Path(node.path(f"/run/map.{form}")).read_text()
        assert HOSTILE not in text
        assert "&lt;script&gt;" in text


def test_a_pair_between_two_pods(node: Node) -> None:
    """Neither end is the node's; and a process keeps a namespace that has no name."""
    batch(node, "netns add a\nnetns add b\nlink add x netns a type veth peer name y netns b")
    sleeper = node.start(["unshare", "--net", "sleep", "60"], stdout=subprocess.DEVNULL)
    time.sleep(0.3)
    shown = members(node)
    os.killpg(sleeper.pid, signal.SIGKILL)
    sleeper.communicate()
    by_name = {one["name"]: one for one in shown["namespaces"]}
    (x,) = [one for one in by_name["a"]["links"] if one["name"] == "x"]
    assert x["peer"] == {"namespace": by_name["b"]["number"], "link": "y"}
    assert any(name.startswith("sleep (") for name in by_name)


def test_an_attachment_whose_namespace_is_gone(node: Node, plugins_dir: str) -> None:
    """It is listed; with a pod's name where the runtime said it."""
    directory = "/run/net.d"
    os.makedirs(node.path(directory))
    members_ = {"cniVersion": "1.0.0", "name": "web", "plugins": network("bridge", "10.7.0.0/24")}
    Path(node.path(f"{directory}/web.conflist")).write_text(json.dumps(members_))
    environment = {
        "LANG": "C.UTF-8",
        "CNI_PATH": plugins_dir,
        "NETCONFPATH": directory,
        "PATH": os.environ["PATH"],
    }
    pod = "IgnoreUnknown=1;K8S_POD_NAMESPACE=prod;K8S_POD_NAME=shop"
    for words in (["netns", "new", "shop"], ["add", "web", "shop", "--args", pod]):
        node.run([CNICTL, *words], env=environment, timeout=60).checked()
    assert [one["name"] for one in members(node)["namespaces"]] == ["node", "prod/shop"]
    node.run([CNICTL, "netns", "rm", "--force", "shop"], env=environment).checked()
    (gone,) = members(node)["gone"]
    assert (gone["pod"], gone["netnsExists"]) == ("prod/shop", False)
    done = run(node)
    assert "web prod/shop eth0" in done.stdout
    assert "1 attachment whose namespace is gone" in done.stderr


def test_a_cache_that_names_no_namespaces(node: Node, plugins_dir: str) -> None:
    """That of containerd 1.6: the Result names the one that a container is in."""
    directory = "/run/net.d"
    os.makedirs(node.path(directory))
    members_ = {"cniVersion": "1.0.0", "name": "web", "plugins": network("bridge", "10.7.0.0/24")}
    Path(node.path(f"{directory}/web.conflist")).write_text(json.dumps(members_))
    environment = {"CNI_PATH": plugins_dir, "NETCONFPATH": directory, "PATH": os.environ["PATH"]}
    for words in (["netns", "new", "shop"], ["add", "web", "shop", "--container-id", "c1"]):
        node.run([CNICTL, *words], env=environment, timeout=60).checked()
    kept = Path(node.path("/var/lib/cni/results/web-c1-eth0"))
    cached = json.loads(kept.read_text())
    assert cached.pop("netns") == "/run/netns/shop"
    kept.write_text(json.dumps(cached))
    shown = members(node)
    assert shown["gone"] == []
    assert [one["name"] for one in shown["namespaces"]] == ["node", "c1"]


@pytest.mark.kernel_lane
def test_what_sits_on_a_vlan(node: Node) -> None:
    """An ipvlan in a pod hangs on the VLAN, which hangs on its device."""
    batch(
        node,
        "link add uplink type dummy\nlink add link uplink name uplink.5 type vlan id 5\nnetns add pod\n"
        "link add link uplink.5 name eth0 netns pod type ipvlan mode l3",
    )
    shown = members(node)
    links = {link["name"]: link for one in shown["namespaces"] for link in one["links"]}
    assert (links["uplink.5"]["parent"], links["uplink.5"]["facts"]) == (
        {"namespace": 0, "link": "uplink"},
        ["id 5"],
    )
    assert (links["eth0"]["parent"], links["eth0"]["facts"]) == (
        {"namespace": 0, "link": "uplink.5"},
        ["mode l3"],
    )
    plain = [one.lstrip("│├└─ \N{NO-BREAK SPACE}") for one in run(node).stdout.splitlines()]
    first = plain.index("uplink dummy down")
    assert plain[first + 1 : first + 3] == [
        "uplink.5 vlan id 5 down",
        "ipvlan mode l3 ─ pod eth0 no address down",
    ]


def test_a_netns_file_that_is_left_after_a_restart(node: Node) -> None:
    """Nothing is mounted there, so that the attachment's namespace is gone."""
    for directory in ("/var/lib/cni/results", "/run/netns"):
        os.makedirs(node.path(directory), exist_ok=True)
    Path(node.path("/run/netns/old")).touch()
    kept = {"kind": "cniCacheV1", "networkName": "web", "containerId": "c1", "ifName": "eth0"}
    text = json.dumps({**kept, "netns": "/run/netns/old", "config": "e30="})
    Path(node.path("/var/lib/cni/results/web-c1-eth0")).write_text(text)
    shown = members(node)
    assert [(one["containerID"], one["netnsExists"]) for one in shown["gone"]] == [("c1", False)]
    assert [one["name"] for one in shown["namespaces"]] == ["node"]


def test_250_pods(node: Node) -> None:
    """Every one of them is found at its port, in less than three seconds of a processor."""
    lines = ["link add br0 type bridge"]
    for number in range(250):
        lines += [
            f"netns add pod{number}",
            f"link add veth{number} master br0 type veth peer name eth0 netns pod{number}",
        ]
    batch(node, "\n".join(lines))
    script = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=-3)\n"
    script += "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime)"
    argv = [sys.executable, "-c", script, CNICTL, "map", "--whole-node", "-o", "html"]
    seconds = float(node.run(argv, env={"LANG": "C.UTF-8"}, timeout=100).checked().stdout)
    shown = members(node)
    ends = {link["name"]: link["peer"] for link in shown["namespaces"][0]["links"]}
    names = {one["number"]: one["name"] for one in shown["namespaces"]}
    assert {name: names[end["namespace"]] for name, end in ends.items() if end} == {
        f"veth{number}": f"pod{number}" for number in range(250)
    }
    assert seconds < 3
