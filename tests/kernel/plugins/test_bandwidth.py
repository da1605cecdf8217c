"""bandwidth on a real kernel: what ADD makes, what CHECK notices, what DEL and GC leave."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import at_least
from cnictl_plugins.meta.bandwidth import VERSIONS
from cnictl_plugins.meta.bandwidth_shaping import device_name
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
IPAM = {"type": "host-local", "subnet": "10.1.2.0/24"}
BRIDGE = {"type": "bridge", "isGateway": True, "ipam": IPAM}
INGRESS = {"ingressRate": 8_000_000, "ingressBurst": 800_000}
EGRESS = {"egressRate": 16_000_000, "egressBurst": 800_000}
BOTH = {"type": "bandwidth", **INGRESS, **EGRESS}
LIMITED = {"type": "bandwidth", **EGRESS}
IFB = "bwp623e1c388032"
"""The ifb of container c1 in network net."""


def qdiscs(node: Node, device: str) -> list[dict[str, Any]]:
    """Return what tc lists of a device that somebody put there."""
    found: list[dict[str, Any]] = witness.tc(node, "qdisc", "show", "dev", device)
    return [one for one in found if one["kind"] != "noqueue"]


def links(node: Node) -> set[str]:
    return {one["ifname"] for one in witness.ip(node, "link")}


def host_end(attachment: Attachment) -> str:
    """Return the node's end of the container's pair, as its bridge named it."""
    assert attachment.result is not None
    return str(attachment.result["interfaces"][1]["name"])


@pytest.mark.parametrize("version", VERSIONS)
def test_life_in_every_version(attach: Attach, node: Node, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed."""
    attachment = attach(BRIDGE, BOTH, version=version)
    result = attachment.add()
    assert result["cniVersion"] == version
    assert [one["name"] for one in result["interfaces"]][2:] == ["eth0", IFB]
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    assert links(node) == {"lo", "cni0"}


@pytest.mark.parametrize("version", ["0.2.0", "0.1.0"])
def test_older_versions_are_refused(attach: Attach, version: str) -> None:
    """As by the Go plugin."""
    failed = attach(BOTH, version=version).call("ADD", BOTH)
    assert json.loads(failed.stdout)["code"] == 1
    assert said(failed).startswith("incompatible CNI versions")


def test_what_add_makes(attach: Attach, node: Node) -> None:
    """A bucket on either side, and all from the container redirected; the Result names the ifb."""
    attachment = attach({**BRIDGE, "mtu": 1400}, BOTH)
    result = attachment.add()
    veth = host_end(attachment)
    (ifb,) = witness.ip(node, "link", "show", "dev", IFB)
    assert result["interfaces"][3] == {"name": IFB, "mac": ifb["address"]}
    assert (ifb["linkinfo"]["info_kind"], ifb["mtu"], ifb.get("txqlen", 0)) == ("ifb", 1400, 0)
    assert "UP" in ifb["flags"]
    assert ifb["ifalias"] == "net: net, if: eth0, id: c1"
    outer, receiving = qdiscs(node, veth)
    (inner,) = qdiscs(node, IFB)
    for bucket, rate in ((outer, 1_000_000), (inner, 2_000_000)):
        assert (bucket["kind"], bucket["handle"], bucket["root"]) == ("tbf", "1:", True)
        options = bucket["options"]
        assert (options["rate"], options["burst"], options["lat"]) == (rate, "100000b/1", 25_000)
    assert (receiving["kind"], receiving["handle"]) == ("ingress", "ffff:")
    filters = node.run(["tc", "filter", "show", "dev", veth, "parent", "ffff:"]).checked().stdout
    assert "protocol all pref 1 u32 chain 0 fh 800::800 " in filters
    assert "match 00000000/00000000 at 0" in filters
    assert [line.split(": ")[1] for line in filters.splitlines() if "mirred" in line] == [
        f"mirred (Egress Redirect to device {IFB}) {verdict}" for verdict in ("stolen", "pass")
    ]
    assert attachment.check() == ""


def test_one_direction_leaves_the_other_alone(attach: Attach, node: Node) -> None:
    """No ifb for ingress, no bucket on the node's end for egress; zeros count as nothing."""
    attachment = attach(BRIDGE, {"type": "bandwidth", **INGRESS, "egressRate": 0, "egressBurst": 0})
    assert len(attachment.add()["interfaces"]) == 3
    assert IFB not in links(node)
    assert [one["kind"] for one in qdiscs(node, host_end(attachment))] == ["tbf"]
    assert attachment.check() == ""
    other = attach(BRIDGE, LIMITED, container="c2")
    assert len(other.add()["interfaces"]) == 4
    assert [one["kind"] for one in qdiscs(node, host_end(other))] == ["ingress"]
    assert other.check() == ""


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"runtimeConfig": {}},
        {"ingressRate": 0, "runtimeConfig": {"bandwidth": {**INGRESS, **EGRESS}}},
    ],
    ids=["no keys", "nothing from the runtime", "an own zero before the runtime's limits"],
)
def test_without_limits_the_result_is_passed_on(attach: Attach, node: Node, keys: dict[str, Any]) -> None:
    """Whatever the interface is, to the letter; CHECK finds nothing wrong."""
    attachment = attach({"type": "loopback"}, {"type": "bandwidth", **keys}, ifname="lo", version="0.4.0")
    before = json.loads(attachment.call("ADD", attachment.plugins[0]).stdout)
    assert attachment.add() == before
    assert attachment.check() == ""
    attachment.delete()
    assert links(node) == {"lo"}


def test_the_runtimes_limits(attach: Attach, node: Node) -> None:
    """By capability, in whatever case of letters."""
    attachment = attach(BRIDGE, {"type": "bandwidth", "RuntimeConfig": {"bandWidth": {**INGRESS, **EGRESS}}})
    attachment.add()
    assert [one["kind"] for one in qdiscs(node, host_end(attachment))] == ["tbf", "ingress"]
    assert attachment.check() == ""


def test_a_rate_beyond_32_bits(attach: Attach, node: Node) -> None:
    """100 Gbit/s with the largest burst there is."""
    fast = {"type": "bandwidth", "ingressRate": 100_000_000_000, "ingressBurst": 34_359_738_352}
    attachment = attach(BRIDGE, fast)
    attachment.add()
    (bucket,) = qdiscs(node, host_end(attachment))
    assert bucket["options"]["rate"] == 12_500_000_000
    assert attachment.check() == ""


def test_the_other_end_is_found_among_many(attach: Attach, node: Node) -> None:
    """By its index, whatever else the Result names."""
    attachment = attach(BRIDGE, BOTH)
    attach(BRIDGE, container="c2").add()
    attachment.result = json.loads(attachment.call("ADD", BRIDGE).stdout)
    assert attachment.result is not None
    veth = host_end(attachment)
    others = [{"name": name} for name in sorted(links(node) - {veth, "cni0", "lo"})]
    attachment.result["interfaces"] = [*others, *attachment.result["interfaces"]]
    for ip in attachment.result["ips"]:
        ip["interface"] += len(others)
    done = attachment.call("ADD", BOTH)
    attachment.result = json.loads(done.stdout)
    assert [one["kind"] for one in qdiscs(node, veth)] == ["tbf", "ingress"]
    assert attachment.call("CHECK", BOTH).status == 0


REDIRECT = (
    "tc filter add dev VETH parent ffff: protocol all prio 1 u32 match u32 0 0"
    " action mirred egress redirect dev cni0"
)
DISTURBANCES: dict[str, tuple[str, str]] = {
    "no bucket": ("tc qdisc del dev VETH root", "qdisc VETH root is missing"),
    "another rate": (
        "tc qdisc change dev VETH root handle 1: tbf rate 16mbit burst 100000b latency 25ms",
        "qdisc VETH root has rate 2000000, not 1000000",
    ),
    "another burst": (
        "tc qdisc change dev VETH root handle 1: tbf rate 8mbit burst 200000b limit 125000b",
        "qdisc VETH root has buffer 3125000, not 1562500",
    ),
    "another limit": (
        "tc qdisc change dev VETH root handle 1: tbf rate 8mbit burst 100000b limit 200000b",
        "qdisc VETH root has limit 200000, not 125000",
    ),
    "another kind": (
        "tc qdisc del dev VETH root; tc qdisc add dev VETH root handle 1: pfifo",
        "qdisc VETH root has kind pfifo, not tbf",
    ),
    "no ifb": ("ip link del IFB", "there is no link IFB"),
    "ifb down": ("ip link set IFB down", "IFB is not up"),
    "another ifb": (
        "ip link del IFB; ip link add IFB address 02:00:00:00:00:09 up type ifb",
        "IFB has MAC address 02:00:00:00:00:09, not ",
    ),
    "no bucket on the ifb": ("tc qdisc del dev IFB root", "qdisc IFB root is missing"),
    "nothing redirected": ("tc qdisc del dev VETH ingress", "qdisc VETH ingress is missing"),
    "no filter": (
        "tc filter del dev VETH parent ffff:",
        "filter VETH ffff: pref 1 all fh 800::800 is missing",
    ),
    "redirected elsewhere": (
        f"tc filter del dev VETH parent ffff:; {REDIRECT}",
        "filter VETH ffff: pref 1 all fh 800::800 has actions mirred egress redirect dev cni0 stolen, not ",
    ),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_check_names_what_was_disturbed(attach: Attach, node: Node, name: str) -> None:
    """In words that say what is."""
    attachment = attach(BRIDGE, BOTH)
    attachment.add()
    command, message = (
        text.replace("VETH", host_end(attachment)).replace("IFB", IFB) for text in DISTURBANCES[name]
    )
    node.run(["sh", "-ec", command]).checked()
    assert attachment.check().startswith(message)


FAR = (
    "ip netns add far; ip link add outer index 77 type veth peer name eth0 netns c1;"
    "ip link set outer netns far"
)
REFUSED: dict[str, tuple[str, dict[str, Any], str, int, str]] = {
    "no interfaces": ("true", {}, "eth0", 999, "no interfaces provided"),
    "no such interface": (
        "true",
        {"interfaces": [{"name": "outer"}]},
        "nope",
        999,
        'container interface nope has no veth peer: could not look up "nope": Link not found',
    ),
    "no veth": (
        "ip -n c1 link add mac0 type bridge",
        {"interfaces": [{"name": "outer"}]},
        "mac0",
        999,
        'container interface mac0 has no veth peer: interface "mac0" was not a veth interface',
    ),
    "the other end is elsewhere": (
        FAR,
        {"interfaces": [{"name": "outer"}]},
        "eth0",
        999,
        "veth peer with index 77 is not in host ns",
    ),
    "another link has its index": (
        f"{FAR}; ip link add cni0 index 77 type bridge",
        {"interfaces": [{"name": "cni0"}]},
        "eth0",
        999,
        "no veth peer of container interface found in host ns",
    ),
    "not named": (
        "ip link add outer type veth peer name eth0 netns c1",
        {"interfaces": [{"name": "other"}]},
        "eth0",
        999,
        "no veth peer of container interface found in host ns",
    ),
    "named as a container's": (
        "ip link add outer type veth peer name eth0 netns c1",
        {"interfaces": [{"name": "outer", "sandbox": "/run/netns/c1"}]},
        "eth0",
        999,
        "no veth peer of container interface found in host ns",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_it_cannot_work_on_is_refused(attach: Attach, node: Node, name: str) -> None:
    """By ADD and by CHECK, in the Go plugin's words, and nothing is made."""
    setup, result, ifname, code, message = REFUSED[name]
    attachment = attach(BOTH, ifname=ifname)
    node.run(["sh", "-ec", setup]).checked()
    before = (links(node), witness.tc(node, "qdisc", "show"))
    attachment.result = {"cniVersion": "1.0.0", **result}
    for command in ("ADD", "CHECK"):
        failed = attachment.call(command, BOTH)
        error = json.loads(failed.stdout)
        assert (error["code"], error["msg"]) == (code, message)
    assert (links(node), witness.tc(node, "qdisc", "show")) == before


def test_without_an_earlier_result_it_is_refused(attach: Attach) -> None:
    """With limits and without; CHECK has one word more, and DEL needs none."""
    attachment = attach(BOTH)
    for plugin in (BOTH, {"type": "bandwidth"}):
        assert said(attachment.call("ADD", plugin)).startswith("must be called as chained plugin")
        assert said(attachment.call("CHECK", plugin)).startswith("must be called as a chained plugin")
        assert attachment.call("DEL", plugin).status == 0


def test_a_namespace_that_is_not_there(attach: Attach) -> None:
    """ADD names the path."""
    attachment = attach(BOTH)
    attachment.result = {"cniVersion": "1.0.0", "interfaces": [{"name": "outer"}]}
    failed = attachment.call("ADD", BOTH, netns="/run/netns/gone")
    assert said(failed) == (
        'failed to open netns "/run/netns/gone":'
        ' failed to Statfs "/run/netns/gone": no such file or directory'
    )


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (INGRESS, "create qdisc: file exists"),
        (EGRESS, "adding link: file exists"),
        ({**EGRESS, **INGRESS}, "create qdisc: file exists"),
    ],
)
def test_a_second_add_is_refused_and_takes_nothing_away(
    attach: Attach, node: Node, limits: dict[str, Any], message: str
) -> None:
    """What the first one made is still whole."""
    attachment = attach(BRIDGE, {"type": "bandwidth", **limits})
    attachment.add()
    assert said(attachment.call("ADD", attachment.plugins[1])).startswith(message)
    assert attachment.check() == ""
    attachment.delete()
    assert links(node) == {"lo", "cni0"}


def test_a_failing_add_takes_back_what_it_made(attach: Attach, node: Node) -> None:
    """The kernel refuses the second bucket when the first is there, with the ifb and the redirection."""
    attachment = attach(BRIDGE, {"type": "bandwidth", **INGRESS, "egressRate": 544_169_070, "egressBurst": 8})
    attachment.result = json.loads(attachment.call("ADD", BRIDGE).stdout)
    failed = said(attachment.call("ADD", attachment.plugins[1]))
    assert failed.startswith("create ifb qdisc: create qdisc: invalid argument")
    assert IFB not in links(node)
    assert qdiscs(node, host_end(attachment)) == []


def test_delete_cleans_the_nodes_end_too(attach: Attach, node: Node) -> None:
    """So that a container can be given other limits; what others put there stays."""
    attachment = attach(BRIDGE, BOTH)
    before = json.loads(attachment.call("ADD", BRIDGE).stdout)
    attachment.result = before
    veth = host_end(attachment)
    for limits in (BOTH, LIMITED, {"type": "bandwidth", **INGRESS}):
        attachment.result = before
        attachment.result = json.loads(attachment.call("ADD", limits).stdout)
        assert attachment.call("CHECK", limits).status == 0
        assert attachment.call("DEL", limits).status == 0
        assert qdiscs(node, veth) == []
        (link,) = witness.ip(node, "link", "show", "dev", veth)
        assert link.get("txqlen", 0) == 0
    others = f"tc qdisc add dev VETH root handle 7: pfifo; tc qdisc add dev VETH ingress; {REDIRECT}"
    node.run(["sh", "-ec", others.replace("VETH", veth)]).checked()
    assert attachment.call("DEL", BOTH).status == 0
    assert [one["kind"] for one in qdiscs(node, veth)] == ["pfifo", "ingress"]


@pytest.mark.parametrize("netns", ["", "/run/netns/gone", "/run/netns/stale"])
def test_delete_needs_no_namespace(attach: Attach, node: Node, netns: str) -> None:
    """The ifb is on the node and its name is known; a file left by a reboot is no namespace either."""
    attachment = attach(BRIDGE, BOTH)
    attachment.add()
    with open(node.path("/run/netns/stale"), "w", encoding="ascii"):
        pass
    assert attachment.call("DEL", BOTH, netns=netns).status == 0
    assert IFB not in links(node)
    node.run(["ip", "link", "delete", "eth0"], netns="c1").checked()  # with the namespace it goes some time
    node.run(["ip", "netns", "delete", "c1"]).checked()
    attachment.delete()
    assert links(node) == {"lo", "cni0"}


def test_delete_does_not_need_the_limits(attach: Attach, node: Node) -> None:
    """The runtime does not always repeat them."""
    attachment = attach(BRIDGE, BOTH)
    attachment.add()
    assert attachment.call("DEL", {"type": "bandwidth"}).status == 0
    assert IFB not in links(node)


class TestGarbageCollection:
    """ifbs of attachments that are not valid any more."""

    def attach_some(self, attach: Attach, *who: tuple[str, str]) -> None:
        for container, network in who:
            attach(BRIDGE, LIMITED, container=container, name=network, version="1.1.0").add()

    def collect(self, attach: Attach, network: str, **more: Any) -> None:
        attachment = attach(name=network, version="1.1.0")
        done = attachment.call("GC", LIMITED, **more)
        assert (done.status, done.stdout) == (0, "")

    @staticmethod
    def valid(*containers: str) -> dict[str, Any]:
        attachments = [{"containerID": one, "ifname": "eth0"} for one in containers]
        return {"cni.dev/valid-attachments": attachments}

    def test_those_of_other_attachments_and_networks_stay(self, attach: Attach, node: Node) -> None:
        """And those whose owner cannot be told: with another alias, or with none, as the Go plugin's."""
        self.attach_some(attach, ("c1", "net"), ("c2", "net"), ("c3", "other"), ("c4", "net"), ("c5", "net"))
        named = {who: device_name(network, who) for who, network in (("c4", "net"), ("c5", "net"))}
        node.run(["ip", "link", "set", named["c4"], "alias", ""]).checked()
        node.run(["ip", "link", "set", named["c5"], "alias", "net: net, if: eth0, id: c6"]).checked()
        node.run(["ip", "link", "add", "bwp000000000000", "type", "ifb"]).checked()
        alias = "net: net, if: eth0, id: c1"
        node.run(["ip", "link", "add", "mine", "alias", alias, "type", "ifb"]).checked()
        before = links(node)
        self.collect(attach, "net", **self.valid("c2"))
        assert before - links(node) == {IFB}
        self.collect(attach, "other", **self.valid("c3"))
        assert before - links(node) == {IFB}
        self.collect(attach, "other", **self.valid())
        assert before - links(node) == {IFB, device_name("other", "c3")}

    def test_another_interface_of_a_valid_container(self, attach: Attach, node: Node) -> None:
        """Is another attachment."""
        self.attach_some(attach, ("c1", "net"))
        valid = [{"containerID": "c1", "ifname": "net1"}]
        self.collect(attach, "net", **{"cni.dev/valid-attachments": valid})
        assert IFB not in links(node)

    def test_nothing_without_a_list(self, attach: Attach, node: Node) -> None:
        """Who does not say what is valid gets nothing collected."""
        self.attach_some(attach, ("c1", "net"))
        self.collect(attach, "net")
        assert IFB in links(node)

    def test_names_that_are_too_long_for_an_alias(self, attach: Attach, node: Node) -> None:
        """ADD works all the same; GC cannot tell whose the ifb is, and DEL need not."""
        network = "n" * 250
        attachment = attach(BRIDGE, LIMITED, name=network, version="1.1.0")
        attachment.add()
        device = device_name(network, "c1")
        (found,) = witness.ip(node, "link", "show", "dev", device)
        assert len(found["ifalias"]) == 255
        self.collect(attach, network, **self.valid())
        assert device in links(node)
        attachment.delete()
        assert device not in links(node)
