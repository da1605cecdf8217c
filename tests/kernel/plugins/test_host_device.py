"""host-device on a real kernel: a device goes into a pod and comes back as it was, whatever happens to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.kernel.plugins.attachment import Attachment, said

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

Attach = Callable[..., Attachment]
IPAM = {"type": "host-local", "subnet": "10.1.2.0/24", "routes": [{"dst": "192.168.0.0/16"}]}
MAC = "02:00:00:00:00:0a"
PCI = "/sys/bus/pci/devices/0000:00:1f.6"
AUXILIARY = "/sys/bus/auxiliary/devices/mlx5_core.sf.4"


def host_device(**keys: Any) -> dict[str, Any]:
    """A configuration that gives `port0` away."""
    return {"type": "host-device", "device": "port0", "ipam": IPAM, **keys}


@pytest.fixture
def node(node: Node) -> Node:
    """A node with a device, `port0`, whose cable ends in `switch0`."""
    node.run(f"ip link add port0 address {MAC} type veth peer name switch0".split()).checked()
    node.run("ip link set switch0 up".split()).checked()
    node.run("ip address add 10.1.2.1/24 dev switch0".split()).checked()
    return node


def links(node: Node, netns: str = "") -> dict[str, dict[str, Any]]:
    """Return the links of a place, lo apart, by their names."""
    return {one["ifname"]: one for one in witness.ip(node, "link", netns=netns) if one["ifname"] != "lo"}


def fake_bus(node: Node, *commands: str) -> None:
    """Show other devices in /sys/bus than there are."""
    script = "; ".join(("set -e", "mount -t tmpfs bus /sys/bus", *commands))
    node.run(["sh", "-c", script]).checked()


@pytest.mark.parametrize("version", SUPPORTED)
def test_life_in_every_version(attach: Attach, node: Node, version: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed; the device is back."""
    attachment = attach(host_device(), version=version)
    before = links(node)
    assert attachment.add()["cniVersion"] == version
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    after = links(node)
    assert after.keys() == before.keys()
    assert (after["port0"]["address"], after["port0"].get("ifalias")) == (MAC, None)
    assert links(node, "c1") == {}


def test_what_add_makes(attach: Attach, node: Node) -> None:
    """The device is the pod's, up, under the pod's name for it; its alias keeps its own."""
    attachment = attach(host_device(dns={"nameservers": ["192.0.2.53"]}))
    result = attachment.add()
    assert result == {
        "cniVersion": "1.0.0",
        "dns": {"nameservers": ["192.0.2.53"]},
        "interfaces": [{"mac": MAC, "name": "eth0", "sandbox": "/run/netns/c1"}],
        "ips": [{"address": "10.1.2.2/24", "gateway": "10.1.2.1", "interface": 0}],
        "routes": [{"dst": "192.168.0.0/16"}],
    }
    assert "port0" not in links(node)
    link = links(node, "c1")["eth0"]
    assert (link["address"], link["ifalias"]) == (MAC, "port0")
    assert "UP" in link["flags"]
    shown = node.run(["ip", "route"], netns="c1").checked().stdout
    assert "192.168.0.0/16 via 10.1.2.1 dev eth0" in shown


def test_packets_pass_before_and_after(attach: Attach, node: Node) -> None:
    """A pod that got one end of a cable answers at the other; given back, the node answers itself."""
    attachment = attach(host_device())
    attachment.add()
    node.run(["ping", "-c1", "-W2", "10.1.2.2"]).checked()
    node.run(["ping", "-c1", "-W2", "10.1.2.1"], netns="c1").checked()
    attachment.delete()
    for words in ("link set port0 up", "address add 10.1.2.9/24 dev port0"):
        node.run(["ip", *words.split()]).checked()
    attach(container="other")
    node.run(["ip", "link", "set", "switch0", "netns", "other"]).checked()
    for words in ("link set switch0 up", "address add 10.1.2.1/24 dev switch0"):
        node.run(["ip", *words.split()], netns="other").checked()
    node.run(["ping", "-c1", "-W2", "10.1.2.9"], netns="other").checked()


def test_a_macvlan_can_be_given_away(attach: Attach, node: Node) -> None:
    """A virtual device is as good as another; two pods with one each reach one another."""
    node.run(["ip", "link", "set", "port0", "up"]).checked()
    for name, container in (("mv1", "c1"), ("mv2", "c2")):
        node.run(f"ip link add {name} link port0 type macvlan mode bridge".split()).checked()
        attach(host_device(device=name), container=container).add()
    node.run(["ping", "-c1", "-W2", "10.1.2.3"], netns="c1").checked()


def test_without_ipam_it_is_up_and_has_no_addresses(attach: Attach, node: Node) -> None:
    """The Result has the interface alone, not even the configuration's dns."""
    attachment = attach(host_device(ipam={}, dns={"nameservers": ["192.0.2.53"]}))
    interface = {"mac": MAC, "name": "eth0", "sandbox": "/run/netns/c1"}
    assert attachment.add() == {"cniVersion": "1.0.0", "interfaces": [interface]}
    assert "UP" in links(node, "c1")["eth0"]["flags"]
    assert attachment.check() == ""
    attachment.delete()
    assert "port0" in links(node)


class TestSelectors:
    """How the device is named."""

    @pytest.mark.parametrize(
        "keys",
        [
            {"device": "port0"},
            {"device": "the-port-on-the-left"},
            {"hwaddr": MAC},
            {"hwaddr": MAC.upper().replace(":", "-")},
            {"kernelpath": "/sys/devices/virtual"},
            {"kernelpath": "/sys/devices/virtual/"},
            {"device": "port0", "hwaddr": "02:00:00:00:00:ff", "kernelpath": "/nowhere"},
        ],
        ids=lambda keys: "-".join(keys) + "=" + next(iter(keys.values())).rpartition("/")[2],
    )
    def test_each_finds_it(self, attach: Attach, node: Node, keys: dict[str, str]) -> None:
        """By name, by another name, by MAC address, by directory; the first of several counts."""
        node.run("ip link property add dev port0 altname the-port-on-the-left".split()).checked()
        hide_lo = "mount -t tmpfs net /sys/devices/virtual && mkdir -p /sys/devices/virtual/net/port0"
        node.run(["sh", "-c", hide_lo]).checked()  # for it comes before port0
        attachment = attach({"type": "host-device", "ipam": IPAM, **keys})
        attachment.add()
        assert links(node, "c1")["eth0"]["ifalias"] == "port0"
        assert attachment.check() == ""
        attachment.delete()
        assert "port0" in links(node)

    @pytest.mark.parametrize("below", ["net", "virtio3/net"])
    @pytest.mark.parametrize("how", ["pciBusID", "deviceID"])
    def test_a_pci_device(self, attach: Attach, node: Node, how: str, below: str) -> None:
        """By its address, from the configuration or from the runtime; virtio has the name one below."""
        fake_bus(node, f"mkdir -p {PCI}/{below}/port0", f"ln -s /drivers/e1000e {PCI}/driver")
        address = PCI.rpartition("/")[2]
        keys = {"pciBusID": address} if how == "pciBusID" else {"runtimeConfig": {"deviceID": address}}
        attachment = attach({"type": "host-device", "ipam": IPAM, **keys})
        attachment.add()
        assert links(node, "c1")["eth0"]["ifalias"] == "port0"
        assert attachment.check() == ""
        attachment.delete()
        assert "port0" in links(node)

    def test_an_auxiliary_device(self, attach: Attach, node: Node) -> None:
        """A subfunction of a network card, which has no PCI address; it goes before pciBusID."""
        fake_bus(node, f"mkdir -p {AUXILIARY}/net/port0")
        keys = {"pciBusID": "0000:00:1f.6", "runtimeConfig": {"deviceID": AUXILIARY.rpartition("/")[2]}}
        attachment = attach({"type": "host-device", "ipam": IPAM, **keys})
        attachment.add()
        assert links(node, "c1")["eth0"]["ifalias"] == "port0"
        assert attachment.check() == ""
        attachment.delete()
        assert "port0" in links(node)


class TestDPDK:
    """A device that a program drives."""

    @pytest.mark.parametrize("driver", ["vfio-pci", "uio_pci_generic", "igb_uio"])
    def test_addresses_are_told_and_nothing_is_moved(self, attach: Attach, node: Node, driver: str) -> None:
        """ADD, CHECK and DEL work on addresses alone."""
        fake_bus(node, f"mkdir -p {PCI}", f"ln -s /sys/bus/pci/drivers/{driver} {PCI}/driver")
        attachment = attach(host_device(device="", pciBusID="0000:00:1f.6"))
        result = attachment.add()
        assert result["interfaces"] == [{"name": "eth0", "sandbox": "/run/netns/c1"}]
        assert result["ips"] == [{"address": "10.1.2.2/24", "gateway": "10.1.2.1", "interface": 0}]
        assert links(node, "c1") == {}
        assert attachment.check() == ""
        attachment.delete()
        assert "10.1.2.2" not in witness.files(node, "/var/lib/cni/networks/net")

    def test_delete_of_an_unplugged_device(self, attach: Attach, node: Node) -> None:
        """The addresses are released all the same."""
        fake_bus(node, f"mkdir -p {PCI}", f"ln -s /sys/bus/pci/drivers/vfio-pci {PCI}/driver")
        attachment = attach(host_device(device="", runtimeConfig={"deviceID": "0000:00:1f.6"}))
        attachment.add()
        node.run(["rm", "-r", PCI]).checked()
        attachment.delete()
        assert "10.1.2.2" not in witness.files(node, "/var/lib/cni/networks/net")


class TestTheWayBack:
    """DEL finds the device, and gives it its name."""

    def test_a_link_of_the_devices_name_in_the_pod_stays(self, attach: Attach, node: Node) -> None:
        """The pod may have another `port0`, before, meanwhile and after."""
        attachment = attach(host_device())
        node.run("ip link add port0 type veth peer name other".split(), netns="c1").checked()
        index = links(node, "c1")["port0"]["ifindex"]
        attachment.add()
        assert attachment.check() == ""
        attachment.delete()
        assert links(node, "c1")["port0"]["ifindex"] == index
        assert links(node)["port0"]["address"] == MAC

    def test_a_link_of_the_pods_name_on_the_node_stays(self, attach: Attach, node: Node) -> None:
        """The node may have an `eth0` of its own."""
        node.run("ip link add eth0 type veth peer name other".split()).checked()
        index = links(node)["eth0"]["ifindex"]
        attachment = attach(host_device())
        attachment.add()
        attachment.delete()
        assert links(node)["eth0"]["ifindex"] == index
        assert links(node)["port0"]["address"] == MAC

    @pytest.mark.parametrize("how", ["device", "hwaddr", "prevResult"])
    def test_a_link_that_was_renamed_in_the_pod(self, attach: Attach, node: Node, how: str) -> None:
        """Known by its alias, or by its MAC address."""
        keys = {
            "device": host_device(),
            "hwaddr": host_device(device="", hwaddr=MAC),
            "prevResult": host_device(device="", kernelpath="/sys/devices/virtual"),
        }
        attachment = attach(host_device())
        attachment.add()
        for words in ("set eth0 down", "set eth0 name lan0"):
            node.run(["ip", "link", *words.split()], netns="c1").checked()
        attachment.plugins = [keys[how]]
        if how != "prevResult":
            attachment.result = None
        attachment.delete()
        assert links(node)["port0"]["address"] == MAC
        assert links(node, "c1") == {}

    def test_a_lost_alias(self, attach: Attach, node: Node) -> None:
        """The configuration knows the device's name; one that does not says what is missing."""
        attachment = attach(host_device())
        attachment.add()
        node.run(["ip", "link", "set", "eth0", "alias", ""], netns="c1").checked()
        assert attachment.check() == "eth0 has no alias, not port0 in /run/netns/c1"
        failed = attachment.call("DEL", host_device(device="", hwaddr=MAC))
        assert said(failed) == (
            'failed to find original ifname for "eth0" (alias is not set); '
            "tell its name on the node: ip -n /run/netns/c1 link set eth0 alias NAME"
        )
        attachment.delete()
        assert links(node)["port0"]["address"] == MAC

    def test_a_name_that_is_taken_on_the_node(self, attach: Attach, node: Node) -> None:
        """DEL says so and leaves the pod's interface as it is; when the other has gone it succeeds."""
        attachment = attach(host_device())
        attachment.add()
        node.run("ip link add port0 type veth peer name other".split()).checked()
        failed = attachment.call("DEL", attachment.plugins[0])
        assert json.loads(failed.stdout)["code"] == 999
        assert said(failed).startswith('failed to move "port0" to hostNS: file exists; the node has another')
        link = links(node, "c1")["eth0"]
        assert (link["address"], link["ifalias"]) == (MAC, "port0")
        assert "UP" in link["flags"]
        node.run(["ip", "link", "delete", "port0"]).checked()
        attachment.delete()
        assert links(node)["port0"]["address"] == MAC

    @pytest.mark.parametrize("name", ["eth0", "dev7"])
    @pytest.mark.parametrize("keys", [{}, {"device": "", "hwaddr": MAC}], ids=["device", "hwaddr"])
    def test_a_namespace_that_ended_first(
        self, attach: Attach, node: Node, name: str, keys: dict[str, str]
    ) -> None:
        """The kernel has put the device back under the pod's name for it, or one of its own."""
        attachment = attach(host_device(**keys))
        attachment.add()
        node.run(["ip", "link", "set", "eth0", "netns", str(1), "name", name], netns="c1").checked()
        node.run(["ip", "netns", "delete", "c1"]).checked()
        attachment.result = None
        attachment.delete()
        link = links(node)["port0"]
        assert (link["address"], link.get("ifalias")) == (MAC, None)
        assert "10.1.2.2" not in witness.files(node, "/var/lib/cni/networks/net")

    def test_a_returned_device_whose_name_is_taken(self, attach: Attach, node: Node) -> None:
        """Neither is touched, and DEL succeeds: the pod is gone."""
        attachment = attach(host_device())
        attachment.add()
        node.run(["ip", "link", "set", "eth0", "netns", str(1), "name", "dev7"], netns="c1").checked()
        node.run(["ip", "netns", "delete", "c1"]).checked()
        node.run("ip link add port0 type veth peer name other".split()).checked()
        attachment.delete()
        assert links(node)["dev7"]["ifalias"] == "port0"

    def test_a_virtual_device_ends_with_the_namespace(self, attach: Attach, node: Node) -> None:
        """Nothing is left to give back; the addresses are released."""
        attachment = attach(host_device())
        attachment.add()
        node.run(["ip", "netns", "delete", "c1"]).checked()
        attachment.delete()
        assert "10.1.2.2" not in witness.files(node, "/var/lib/cni/networks/net")

    def test_an_interface_of_somebody_else_stays(self, attach: Attach, node: Node) -> None:
        """DEL after an ADD that failed because the pod had such an interface already."""
        attachment = attach(host_device())
        node.run("ip link add eth0 type veth peer name other".split(), netns="c1").checked()
        failed = attachment.call("ADD", attachment.plugins[0])
        assert said(failed) == (
            'failed to move link failed to move "eth0" (host: "port0") to container NS: file exists; '
            "eth0 is already in /run/netns/c1; DEL the attachment that has it first"
        )
        attachment.delete()
        assert links(node, "c1").keys() == {"eth0", "other"}
        assert links(node)["port0"]["address"] == MAC

    def test_what_an_older_go_plugin_left_half_way(self, attach: Attach, node: Node, go_plugins: str) -> None:
        """Its failed ADD leaves the device in the pod under its own name, which DEL takes back."""
        attachment = attach(host_device())
        node.run("ip link add eth0 type veth peer name other".split(), netns="c1").checked()
        assert attachment.call("ADD", attachment.plugins[0], plugins_dir=go_plugins).status == 1
        assert "port0" in links(node, "c1")
        node.run(["ip", "link", "delete", "eth0"], netns="c1").checked()
        attachment.delete()
        assert links(node)["port0"]["address"] == MAC


def test_a_failed_add_gives_the_device_back(attach: Attach, node: Node) -> None:
    """Under its name, up if it was, in its bridge, with its own alias."""
    for words in (
        "add br0 type bridge",
        "set port0 master br0 up",
        "set port0 alias uplink",
    ):
        node.run(["ip", "link", *words.split()]).checked()
    failed = attach(host_device(ipam={"type": "nothing"}))
    assert said(failed.call("ADD", failed.plugins[0])).startswith('failed to find plugin "nothing" in path [')
    link = links(node)["port0"]
    assert (link["master"], link["ifalias"], link["address"]) == ("br0", "uplink", MAC)
    assert "UP" in link["flags"]
    assert links(node, "c1") == {}


def test_a_second_add_is_refused_and_spoils_nothing(attach: Attach, node: Node) -> None:
    """The device is in use."""
    attachment = attach(host_device())
    attachment.add()
    failed = attachment.call("ADD", attachment.plugins[0])
    assert said(failed).startswith("failed to find host device: Link not found")
    assert attachment.check() == ""
    assert links(node, "c1").keys() == {"eth0"}


DISTURBANCES: dict[str, tuple[str, str]] = {
    "down": ("ip link set eth0 down", "eth0 is not up in /run/netns/c1"),
    "mac": (
        "ip link set eth0 address 02:00:00:00:00:99",
        f"eth0 has MAC address 02:00:00:00:00:99, not {MAC} in /run/netns/c1",
    ),
    "alias": ("ip link set eth0 alias port9", "eth0 has alias port9, not port0 in /run/netns/c1"),
    "address": ("ip address flush dev eth0", "eth0 has lost address 10.1.2.2/24 in /run/netns/c1"),
    "route": (
        "ip route delete 192.168.0.0/16",
        "route 192.168.0.0/16 via 10.1.2.1 dev eth0 is missing in /run/netns/c1",
    ),
    "gone": ("ip link delete eth0", "there is no link eth0 in /run/netns/c1"),
}


@pytest.mark.parametrize("name", DISTURBANCES)
def test_check_names_what_was_disturbed(attach: Attach, node: Node, name: str) -> None:
    """In words that say what is."""
    command, message = DISTURBANCES[name]
    attachment = attach(host_device())
    attachment.add()
    node.run(["sh", "-c", command], netns="c1").checked()
    assert attachment.check().startswith(message)


def test_check_needs_what_add_told(attach: Attach) -> None:
    """Without prevResult, or with that of another container, there is nothing to compare with."""
    attachment = attach(host_device())
    result = attachment.add()
    attachment.result = None
    assert attachment.check().startswith("Required prevResult missing")
    attachment.result = {**result, "interfaces": [{"name": "eth0", "sandbox": "/run/netns/c9"}]}
    assert attachment.check() == (
        "Sandbox in prevResult /run/netns/c9 doesn't match configured netns: /run/netns/c1"
    )


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "nothing selected": ({}, 7, 'specify either "device", "hwaddr", "kernelpath" or "pciBusID"'),
    "no deviceID from the runtime": (
        {"capabilities": {"deviceID": True}},
        999,
        "failed to find host device: failed to find physical interface",
    ),
    "no such device": ({"device": "port9"}, 999, "failed to find host device: Link not found"),
    "no MAC address": (
        {"hwaddr": "zz"},
        7,
        'failed to find host device: failed to parse MAC address "zz": address zz: invalid MAC address',
    ),
    "no such MAC address": (
        {"hwaddr": "02:00:00:00:00:ff"},
        999,
        "failed to find host device: failed to find physical interface",
    ),
    "path outside of sysfs": (
        {"kernelpath": "/etc"},
        7,
        'failed to find host device: kernel device path "/etc" must be absolute and begin with /sys/devices/',
    ),
    "path that leads outside": (
        {"kernelpath": "/sys/devices/../bus"},
        7,
        'failed to find host device: kernel device path "/sys/devices/../bus" must be absolute',
    ),
    "no such path": (
        {"kernelpath": "/sys/devices/nope"},
        999,
        (
            "failed to find host device: failed to read directory /sys/devices/nope/net: "
            '"open /sys/devices/nope/net: no such file or directory"'
        ),
    ),
    "no such PCI device": (
        {"pciBusID": "ffff:00:00.0"},
        999,
        "error with host device: lstat /sys/bus/pci/devices/ffff:00:00.0/driver: no such file or directory",
    ),
    "no PCI device": ({"pciBusID": "../../virtual"}, 7, 'pciBusID "../../virtual" is the name of no device'),
    "no such deviceID": (
        {"runtimeConfig": {"deviceID": "nope"}},
        999,
        "runtime config DeviceID nope not found or unsupported",
    ),
    "device that cannot move": (
        {"device": "lo"},
        999,
        'failed to move link failed to move "eth0" (host: "lo") to container NS: invalid argument',
    ),
    "wrong type": ({"device": 5}, 7, 'key "device": expected a string, found number 5'),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(attach: Attach, node: Node, name: str) -> None:
    """Code and message say what, nothing is moved, and DEL has nothing to complain of."""
    keys, code, message = REFUSED[name]
    attachment = attach({"type": "host-device", "ipam": IPAM, **keys})
    before = links(node)
    failed = attachment.call("ADD", attachment.plugins[0])
    assert json.loads(failed.stdout)["code"] == code
    assert json.loads(failed.stdout)["msg"].startswith(message)
    assert links(node) == before
    assert links(node, "c1") == {}
    if name != "wrong type":
        attachment.delete()
    assert links(node) == before


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ([f"ln -s /drivers/e1000e {PCI}/driver"], "no net directory under pci device 0000:00:1f.6"),
        (
            [f"ln -s /drivers/e1000e {PCI}/driver", f"mkdir {PCI}/net"],
            f"failed to find network device in path {PCI}/net",
        ),
    ],
    ids=["no interface", "interface elsewhere"],
)
def test_a_pci_device_without_an_interface(
    attach: Attach, node: Node, commands: list[str], message: str
) -> None:
    """It has none, or a pod has it."""
    fake_bus(node, f"mkdir -p {PCI}", *commands)
    attachment = attach(host_device(device="", pciBusID="0000:00:1f.6"))
    failed = attachment.call("ADD", attachment.plugins[0])
    assert json.loads(failed.stdout)["msg"] == f"failed to find host device: {message}"
