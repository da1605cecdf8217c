"""The rules: what their documentation shows is true, and what each is about."""

from __future__ import annotations

import inspect
import json
import re
from typing import Any

import pytest

from cnictl.lint.engine import all_rules
from cnictl.lint.model import RULES, Rule, rule
from tests.unit.lint.texts import bridge, codes, host_local, marked, network, only, said

OF_FILES = {
    "CNI105", "CNI106", "CNI205", "CNI501", "CNI502", "CNI503", "CNI504", "CNI505", "CNI506", "CNI601",
    "CNI602", "CNI603", "CNI604", "CNI605",
}  # fmt: skip
"""Rules about what a text alone does not show."""


def example(one: Rule, heading: str) -> str:
    """The text below a heading of a rule's documentation."""
    found = re.search(rf"^## {heading}\n((?:    .*\n|\n)+)", inspect.cleandoc(one.doc) + "\n", re.MULTILINE)
    assert found, f"{one.code} has nothing below {heading!r}"
    return inspect.cleandoc(found[1])


@pytest.mark.parametrize("one", all_rules(), ids=lambda one: one.code)
def test_a_rule_explains_itself(one: Rule):
    """A sentence of what should be, and why; an example where a text can be one, and else what to do."""
    lines = inspect.cleandoc(one.doc).splitlines()
    assert lines[0].endswith(".")
    assert "## Why it matters" in lines
    assert ("## Instead of" in lines) == ("## Write" in lines) == (one.code not in OF_FILES)
    assert ("## What to do" in lines) == (one.code in OF_FILES)


@pytest.mark.parametrize(
    "one", [one for one in all_rules() if one.code not in OF_FILES], ids=lambda one: one.code
)
def test_examples_in_the_documentation_are_true(one: Rule):
    """'Instead of' makes the rule speak; of 'Write' nobody has anything to say."""
    found = said(example(one, "Instead of"))
    assert one.code in [each.code for each in found]
    assert [each.severity for each in found if each.code == one.code] == [one.severity] * len(
        [each for each in found if each.code == one.code]
    )
    assert codes(example(one, "Write")) == []


def test_codes_and_names_are_used_once():
    """A code is for good, so nobody may take one that there is."""
    assert len({one.name for one in all_rules()}) == len(RULES)
    with pytest.raises(ValueError, match="CNI101 is already not-json"):
        rule("CNI101", "another")(lambda _: iter(()))


def test_a_good_list_is_passed_over_in_silence():
    """Nothing is said for the sake of saying something."""
    text = network(
        host_local(ranges=[[{"subnet": "10.1.0.0/16"}]], routes=[{"dst": "0.0.0.0/0"}]),
        {"type": "portmap", "capabilities": {"portMappings": True}, "snat": True},
        {"type": "tuning", "sysctl": {"net.ipv4.conf.IFNAME.rp_filter": "1"}},
        disableCheck=True,
    )
    assert codes(text, path="10-web.conflist") == []


class TestLoading:
    """What a runtime does with the file."""

    @pytest.mark.parametrize(
        ("text", "message", "pointer"),
        [
            (network(), "error parsing configuration list: no plugins in list", "/plugins"),
            (
                network({"mtu": 1}),
                "failed to parse plugin config 0: error parsing configuration: missing 'type'",
                "/plugins/0",
            ),
            (
                network(bridge(), bridge(capabilities={"mac": "yes"})),
                (
                    "failed to parse plugin config 1: error parsing configuration: "
                    'key "capabilities.mac": expected true or false, found string "yes"'
                ),
                "/plugins/1/capabilities/mac",
            ),
            (
                network(bridge(), disableCheck=3),
                "error parsing configuration list: invalid type float64 for disableCheck",
                "/disableCheck",
            ),
            (
                '{"cniVersion": "1.0.0", "name": "web", "plugins": ["bridge"]}',
                (
                    "failed to parse plugin config 0: error parsing configuration: "
                    'expected an object, found string "bridge"'
                ),
                "/plugins/0",
            ),
        ],
    )
    def test_it_is_refused_in_libcni_s_words(self, text: str, message: str, pointer: str):
        """The message is that of the log, and the place is the one it speaks of."""
        found = [one for one in said(text) if one.code == "CNI201"]
        assert [(one.message, one.pointer) for one in found] == [(message, pointer)]

    def test_a_list_whose_plugins_are_in_a_folder_loads(self, tmp_path):
        """libcni looks into the folder of the network's name, beside the file."""
        file = tmp_path / "10-web.conflist"
        file.write_text('{"cniVersion": "1.1.0", "name": "web"}')
        assert codes(file.read_text(), path=str(file)) == ["CNI201"]
        (tmp_path / "web").mkdir()
        (tmp_path / "web" / "10-bridge.conf").write_text('{"type": "bridge"}')
        assert codes(file.read_text(), path=str(file)) == []

    @pytest.mark.parametrize("name", ["10-web.conf", "10-web.json"])
    def test_a_list_in_a_file_for_one_plugin(self, name: str):
        """Its extension says that there is one plugin in it."""
        assert codes(network(bridge()), path=name) == ["CNI205"]

    def test_a_single_plugin_in_a_file_for_a_list(self):
        """The hint says both ways out."""
        text = '{"cniVersion": "0.4.0", "name": "web", "type": "bridge", "mtu": 1400}'
        first = said(text, path="10-web.conflist")[0]
        assert (first.code, first.message) == ("CNI201", "no plugin configs found")
        assert "call the file .conf" in first.hint
        assert codes(text, path="10-web.conf") == []


class TestVersions:
    """`cniVersion` and what depends on it."""

    @pytest.mark.parametrize(
        ("version", "hint"),
        [
            ("1.0", "write 1.0.0"),
            ("v1.0.0", "the newest is 1.1.0"),
            ("0.8.6", "there are 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0;"),
            ("2.0.0", "there are 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0;"),
        ],
    )
    def test_a_version_that_is_none(self, version: str, hint: str):
        """Plugins compare the text, so nearly right is wrong."""
        one = only(network(bridge(), version=version))
        assert (one.code, marked(one)) == ("CNI203", f'"{version}"')
        assert one.hint.startswith(hint)

    def test_of_several_versions_the_newest_known_counts(self):
        """A list may name one that is yet to come."""
        assert codes(network(bridge(), version="0.4.0", cniVersions=["1.1.0", "9.0.0"])) == []
        assert codes(network(bridge(), version="0.4.0", cniVersions=["0.8.6"])) == ["CNI203"]

    @pytest.mark.parametrize(
        ("plugin", "since"), [("firewall", "0.4.0"), ("bandwidth", "0.3.0"), ("vrf", "0.3.1")]
    )
    def test_some_plugins_came_later(self, plugin: str, since: str):
        """They refuse what is older than themselves."""
        texts = [network(bridge(), {"type": plugin}, version=version) for version in ("0.2.0", since)]
        assert ["CNI210" in codes(text) for text in texts] == [True, False]


class TestPluginKeys:
    """What a plugin makes of its object."""

    @pytest.mark.parametrize(
        ("plugin", "message", "place", "hint"),
        [
            (
                bridge(vlan="12"),
                'key "vlan": expected a whole number, found string "12"',
                '"12"',
                "write 12 without quotes",
            ),
            (
                bridge(isGateway="true"),
                'key "isGateway": expected true or false, found string "true"',
                '"true"',
                "write true without quotes",
            ),
            (
                bridge(vlanTrunk={"id": 3}),
                'key "vlanTrunk": expected a list, found an object',
                "{",
                "put [ and ] around it: it is a list",
            ),
            (
                bridge(vlanTrunk=[{"id": "a"}]),
                'key "vlanTrunk[0].id": expected a whole number, found string "a"',
                '"a"',
                "",
            ),
            (
                host_local(subnet="10.1.0.0"),
                'key "ipam.subnet": invalid CIDR address: 10.1.0.0',
                '"10.1.0.0"',
                "",
            ),
            (
                host_local(ranges=[{"subnet": "10.1.0.0/16"}]),
                'key "ipam.ranges[0]": expected a list, found an object',
                "{",
                "it is a list of lists: put another [ and ] around what is in it",
            ),
            (
                host_local(subnet="10.1.0.0/16", routes=[{"dst": "x"}]),
                'key "ipam.routes[0].dst": invalid CIDR address: x',
                '"x"',
                "",
            ),
        ],
    )
    def test_a_value_that_it_cannot_read(self, plugin, message: str, place: str, hint: str):
        """All of them are found, each in the words of the plugin, with what to write where that is plain."""
        one = only(network(plugin))
        assert (one.code, one.severity, one.message, marked(one), one.hint) == (
            "CNI301",
            "error",
            message,
            place,
            hint,
        )

    def test_every_unreadable_value_is_named(self):
        """The plugin would stop at the first."""
        text = network(bridge(mtu="a", vlan="b", ipam={"type": "host-local", "ranges": [[{"subnet": 3}]]}))
        assert [one.pointer for one in said(text)] == [
            "/plugins/0/mtu",
            "/plugins/0/vlan",
            "/plugins/0/ipam/ranges/0/0/subnet",
        ]

    @pytest.mark.parametrize(
        ("plugin", "message", "place"),
        [
            (
                bridge(vlan=4095),
                "invalid VLAN ID 4095 (must be between 0 and 4094)",
                "4095",
            ),
            (
                bridge(vlanTrunk=[{"minID": 7, "maxID": 3}]),
                "minID is greater than maxID in trunk parameter",
                "7",
            ),
            (
                bridge(ipMasq=True, ipMasqBackend="ipfw"),
                'unknown ipmasq backend "ipfw"',
                '"ipfw"',
            ),
            (
                host_local(subnet="10.1.0.0/31"),
                "invalid range set 0: Network 10.1.0.0/31 too small to allocate from",
                '"10.1.0.0/31"',
            ),
            (
                host_local(
                    ranges=[
                        [{"subnet": "10.1.0.0/24"}],
                        [{"subnet": "10.2.0.0/24", "rangeStart": "10.3.0.1"}],
                    ]
                ),
                "invalid range set 1: RangeStart 10.3.0.1 not in network 10.2.0.0/24",
                '"10.3.0.1"',
            ),
            (
                bridge(ipam={"type": "static", "addresses": [{"address": "10.1.2.3"}]}),
                "the 'address' field is expected to be in CIDR notation, got: '10.1.2.3'",
                '"10.1.2.3"',
            ),
        ],
    )
    def test_what_it_refuses(self, plugin, message: str, place: str):
        """The plugin's own words, at the value that they speak of."""
        one = only(network(plugin))
        assert (one.code, one.message.partition(" refuses this: ")[2], marked(one)) == (
            "CNI302",
            message,
            place,
        )

    @pytest.mark.parametrize(
        ("meta", "message", "place"),
        [
            (
                {"type": "tuning", "sysctl": {"kernel.panic": "1"}},
                'tuning refuses this: invalid net sysctl key: "kernel/panic"',
                '"1"',
            ),
            ({"type": "tuning", "mac": "02:00"}, 'key "mac": address 02:00: invalid MAC address', '"02:00"'),
            (
                {"type": "portmap", "markMasqBit": 32},
                "portmap refuses this: MasqMarkBit must be between 0 and 31",
                "32",
            ),
        ],
    )
    def test_what_a_chained_plugin_refuses(self, meta, message: str, place: str):
        """It is judged with no Result at hand."""
        found = [one for one in said(network(bridge(), meta)) if one.severity == "error"]
        assert [(one.message, marked(one)) for one in found] == [(message, place)]

    def test_ranges_that_a_runtime_brings_need_not_be_there(self):
        """What the runtime is asked for is not missed."""
        plugin = host_local()
        assert codes(network(plugin)) == ["CNI302"]
        assert codes(network({**plugin, "capabilities": {"ipRanges": True}})) == []

    def test_a_plugin_that_needs_addresses_has_somebody_to_ask(self):
        """ipvlan only where there is nobody before it; macvlan is content with a segment."""
        assert codes(network({"type": "vlan", "master": "eth0"})) == ["CNI307"]
        assert codes(network({"type": "ipvlan"})) == ["CNI307"]
        assert codes(network({"type": "aws"}, {"type": "ipvlan"})) == []
        assert codes(network({"type": "macvlan"})) == []

    @pytest.mark.parametrize(
        ("plugin", "message", "place"),
        [
            (
                {"type": "macvlan", "mode": "vpea"},
                'macvlan refuses this: unknown macvlan mode: "vpea"',
                '"vpea"',
            ),
            (
                {"type": "ipvlan", "mode": "L3", "ipam": {"type": "dhcp"}},
                'ipvlan refuses this: unknown ipvlan mode: "L3"',
                '"L3"',
            ),
            (
                {"type": "macvlan", "mac": "01:00:5e:00:00:01"},
                "macvlan refuses this: failed to create macvlan: cannot assign requested address",
                '"01:00:5e:00:00:01"',
            ),
        ],
    )
    def test_what_a_plugin_on_a_master_refuses(self, plugin, message: str, place: str):
        """Is found without one, at its place."""
        one = only(network(plugin))
        assert (one.code, one.message, marked(one)) == ("CNI302", message, place)

    def test_nothing_of_the_node_is_looked_at(self, monkeypatch: pytest.MonkeyPatch):
        """Neither a program nor a file decides whether a configuration is right."""

        def refuse(*_args: object, **_kwargs: object) -> None:
            raise AssertionError("somebody looked at the node")

        for name in ("cnictl.invoke.run", "cnictl.cni_path.find", "cnictl.sysctl.read"):
            monkeypatch.setattr(name, refuse)
        monkeypatch.setattr("os.open", refuse)
        text = network(
            bridge(ipMasq=True, ipam={"type": "host-local", "subnet": "10.1.0.0/16", "resolvConf": "/x"}),
            {
                "type": "portmap",
                "conditionsV4": ["ip", "saddr", "10.1.0.1"],
                "capabilities": {"portMappings": True},
            },
            {"type": "tuning", "sysctl": {"net.core.somaxconn": "500"}, "mac": "02:00:5e:10:00:01"},
        )
        assert codes(text) == []

    @pytest.mark.parametrize(
        ("plugin", "key", "hint"),
        [
            (bridge(isMasq=True), "isMasq", "did you mean ipMasq?"),
            (bridge(hairpin=True), "hairpin", "did you mean hairpinMode?"),
            (
                bridge(subnet="10.1.0.0/16", ipam={"type": "host-local", "subnet": "10.1.0.0/16"}),
                "subnet",
                "it belongs into ipam",
            ),
            (bridge(sysctl={}), "sysctl", "it is a key of tuning"),
            (bridge(zzz=1), "zzz", "`cnictl schema bridge` shows what it reads"),
            (
                host_local(subnet="10.1.0.0/16", range_start="10.1.0.9"),
                "range_start",
                "did you mean rangeStart?",
            ),
        ],
    )
    def test_a_key_that_nobody_reads(self, plugin, key: str, hint: str):
        """It is a warning, with what was probably meant."""
        one = only(network(plugin))
        assert (one.code, one.severity, marked(one), one.hint) == ("CNI303", "warning", f'"{key}"', hint)

    @pytest.mark.parametrize(
        "key", ["_comment", "mtu_comment", "//", "cni.dev/x", "x-note", "example.org/owner"]
    )
    def test_notes_are_no_mistakes(self, key: str):
        """JSON has no comments, so people write them as keys."""
        assert codes(network(bridge(**{key: "mind the MTU"})).replace('"name"', f'"{key}": 1, "name"')) == []

    def test_what_is_another_s_is_left_alone(self):
        """Neither the keys of a plugin from elsewhere nor its `ipam` are judged; ours beside it are."""
        other = {"type": "calico", "log": 3, "ipam": {"type": "host-local", "subnet": "usePodCidr"}}
        assert codes(network(other)) == []
        assert codes(network(other, {"type": "tuning", "mtu": "9000"})) == ["CNI301"]

    def test_an_ipam_plugin_from_elsewhere_has_keys_of_its_own(self):
        """bridge's keys are judged, and those below ipam are not."""
        assert codes(network(bridge(ipam={"type": "whereabouts", "range": "10.1.0.0/16"}, zzz=1))) == [
            "CNI303"
        ]

    def test_what_a_runtime_passes_is_open(self):
        """`args` is for orchestrators, who put into it what they like."""
        assert codes(network(bridge(args={"cni": {"labels": [], "x": 1}, "org.example": {}}))) == []

    @pytest.mark.parametrize(
        ("keys", "expected"),
        [
            ({"backend": "firewald"}, ("CNI312", "write firewalld")),
            ({"backend": "Iptables"}, ("CNI312", "write iptables")),
            ({"backend": "nft"}, ("CNI312", "")),
            ({"ingressPolicy": "closed"}, ("CNI302", '"open", "same-bridge" or "isolated"')),
            ({"backend": "iptables", "logLevel": "INFO"}, None),
            ({"backend": ""}, None),
        ],
    )
    def test_a_value_that_counts_as_none(self, keys: dict[str, str], expected: tuple[str, str] | None):
        """Is remarked once: by the plugin's own refusal, or here."""
        found = said(network(bridge(ipam={}), {"type": "firewall", **keys}))
        assert [one.code for one in found] == ([] if expected is None else [expected[0]])
        assert all(expected and one.hint.endswith(expected[1]) for one in found)

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("sixteen-letters!", "interface name is too long: 'sixteen-letters!'"),
            ("..", "interface name is . or ..: '..'"),
            ("br/0", "interface name contains / or : or whitespace characters: 'br/0'"),
            ("a b", "interface name contains / or : or whitespace characters: 'a b'"),
            ("a\nb", "interface name contains / or : or whitespace characters: 'a\\nb'"),
            ("br\x1b[2J", "interface name contains characters that cannot be seen: 'br\\x1b[2J'"),
        ],
    )
    def test_a_name_that_no_interface_should_have(self, name: str, message: str):
        """An error where the kernel refuses it, a warning where only people will suffer."""
        one = only(network(bridge(bridge=name)))
        assert (one.code, one.message, one.pointer) == ("CNI305", message, "/plugins/0/bridge")
        assert one.severity == ("warning" if "cannot be seen" in message else "error")


class TestChain:
    """The plugins of a list together."""

    @pytest.mark.parametrize(
        ("types", "expected"),
        [
            (["portmap", "bridge"], "put bridge first"),
            (["tuning"], "put a plugin first that makes an interface, such as bridge"),
            (["firewall", "tuning", "macvlan"], "put macvlan first"),
        ],
    )
    def test_the_first_plugin_makes_the_interface(self, types: list[str], expected: str):
        """The hint uses the list's own plugins."""
        (one,) = [one for one in said(network(*({"type": name} for name in types))) if one.code == "CNI401"]
        assert (one.hint, one.pointer) == (expected, "/plugins/0/type")

    @pytest.mark.parametrize("first", ["cilium-cni", "flannel", "sriov", "bridge"])
    def test_whatever_is_not_known_to_be_chained_may_come_first(self, first: str):
        """A plugin from elsewhere makes an interface for all we know."""
        assert "CNI401" not in codes(network({"type": first}, {"type": "tuning"}))

    @pytest.mark.parametrize(
        ("name", "meant"),
        [("brigde", "bridge"), ("Bridge", "bridge"), ("host_local", "host-local"), ("macvlans", "macvlan")],
    )
    def test_a_slip_in_a_plugin_s_name(self, name: str, meant: str):
        """One letter, or two swapped, or the other kind of dash."""
        found = [one for one in said(network(bridge(), {"type": name})) if one.code == "CNI403"]
        assert [one.hint for one in found] == [f"did you mean {meant}?"]

    @pytest.mark.parametrize("name", ["macvtap", "vlan-cni", "sriov", "vxlan", "ovs", "tun", "bond", "dhcpd"])
    def test_other_plugins_names_are_their_own(self, name: str):
        """Short names are alike by chance."""
        assert "CNI403" not in codes(network({"type": name}))

    @pytest.mark.parametrize(
        ("first", "policy", "expected"),
        [
            ("ptp", "isolated", ["CNI406"]),
            ("macvlan", "same-bridge", ["CNI406"]),
            ("ptp", "open", []),
            ("bridge", "isolated", []),
            ("flannel", "isolated", []),
            ("cilium-cni", "isolated", []),
        ],
    )
    def test_a_policy_is_about_a_bridge(self, first: str, policy: str, expected: list[str]):
        """Which flannel may make, and a plugin from elsewhere for all we know."""
        text = network({"type": first}, {"type": "firewall", "ingressPolicy": policy})
        assert [code for code in codes(text) if code == "CNI406"] == expected

    def test_an_embedded_text_gets_its_name_elsewhere(self):
        """A NetworkAttachmentDefinition has the name, and may hold a single plugin of any version."""
        text = json.dumps({"cniVersion": "1.0.0", "type": "bridge"})
        assert codes(text) == ["CNI202", "CNI206"]
        assert codes(text, embedded=True) == []


class TestMeaning:
    """What can be read, and is refused by the kernel, or does not do what was meant."""

    @pytest.mark.parametrize(
        ("plugin", "expected"),
        [
            (host_local(subnet="10.1.2.0/24", routes=[{"dst": "10.9.0.0/16", "gw": "10.1.3.1"}]), ["CNI313"]),
            (host_local(subnet="10.1.2.0/24", routes=[{"dst": "10.9.0.0/16", "gw": "10.1.2.9"}]), []),
            (host_local(subnet="fd00::/64", routes=[{"dst": "::/0", "gw": "fe80::1"}]), []),
            (
                {
                    **host_local(subnet="10.1.2.0/24", routes=[{"dst": "10.9.0.0/16", "gw": "10.1.3.1"}]),
                    "capabilities": {"ipRanges": True},
                },
                [],
            ),
            (
                host_local(
                    subnet="10.1.2.0/24",
                    gateway="10.1.3.1",
                    routes=[{"dst": "10.9.0.0/16", "gw": "10.1.3.1"}],
                ),
                ["CNI309"],
            ),
            (host_local(subnet="10.1.2.0/24", routes=[{"dst": "10.9.0.1/16"}]), ["CNI314"]),
            (host_local(subnet="10.1.2.0/24", routes=[{"dst": "10.9.0.1/32"}]), []),
            (host_local(subnet="10.1.2.0/24", routes=[{"dst": "0.0.0.0/0", "gw": "fd00::1"}]), ["CNI319"]),
            (host_local(subnet="fd00::/64", routes=[{"dst": "::/0", "gw": "10.1.2.1"}]), ["CNI319"]),
            (host_local(subnet="10.1.2.0/24", routes=[{"dst": "0.0.0.0/0", "gw": "x"}]), ["CNI301"]),
        ],
    )
    def test_routes(self, plugin: dict[str, Any], expected: list[str]):
        """Through an address that the container can reach, to a network that is one."""
        assert codes(network(plugin)) == expected

    def test_bits_behind_a_prefix_length_are_refused_for_ipv4_alone(self):
        """Of an IPv6 destination the kernel drops them."""
        found = [
            one
            for subnet, dst in (("10.1.2.0/24", "10.9.0.1/16"), ("fd00::/64", "fd01::1/64"))
            for one in said(network(host_local(subnet=subnet, routes=[{"dst": dst}])))
        ]
        assert [(one.code, one.severity) for one in found] == [("CNI314", "error"), ("CNI314", "warning")]

    @pytest.mark.parametrize(
        ("mtu", "subnet", "message"),
        [
            (67, "10.1.0.0/16", "MTU 67 is less than an interface takes"),
            (68, "10.1.0.0/16", ""),
            (1279, "fd00::/64", "MTU 1279 is less than IPv6 needs"),
            (1280, "fd00::/64", ""),
            (65536, "10.1.0.0/16", "MTU 65536 is more than an interface takes"),
            (65535, "10.1.0.0/16", ""),
            (0, "fd00::/64", ""),
        ],
    )
    def test_mtu(self, mtu: int, subnet: str, message: str):
        """The kernel's own limits; 0 is for the default."""
        found = said(network({**host_local(subnet=subnet), "mtu": mtu}))
        assert [(one.code, one.message) for one in found] == ([("CNI315", message)] if message else [])

    @pytest.mark.parametrize(
        ("rate", "burst", "marks"),
        [
            (100, 20_000, ["100"]),
            (100_000_000, 1514 * 8 - 1, ["12111"]),
            (100_000_000, 1514 * 8, []),
            (64_000, 20_000, []),
        ],
    )
    def test_units_of_rate_and_burst(self, rate: int, burst: int, marks: list[str]):
        """Nobody limits a container to a hundred bits a second."""
        text = network(bridge(), {"type": "bandwidth", "egressRate": rate, "egressBurst": burst})
        assert [(one.code, marked(one)) for one in said(text)] == [("CNI316", mark) for mark in marks]

    @pytest.mark.parametrize(
        ("key", "words", "message"),
        [
            ("conditionsV4", ["-s", "10.1.0.0/16", "-j", "DROP"], "'-j' in conditions"),
            ("conditionsV4", ["-s", "fd00::/8"], "fd00::/8 is no address of IPv4"),
            ("conditionsV6", ["-s", "10.1.0.1"], "10.1.0.1 is no address of IPv6"),
            ("conditionsV4", ["-s 10.1.0.0/16"], "'-s 10.1.0.0/16' is one argument for iptables"),
            ("conditionsV4", ["-m", "comment", "--comment", "a b"], ""),
            ("conditionsV4", ["ip saddr", "10.1.0.0/16"], ""),
            ("conditionsV6", ["!", "-s", "fd00::/8"], ""),
        ],
    )
    def test_conditions_of_portmap(self, key: str, words: list[str], message: str):
        """Arguments of iptables, or words of nft."""
        portmap = {"type": "portmap", "capabilities": {"portMappings": True}, key: words}
        found = said(network(bridge(), portmap))
        assert [(one.code, one.message) for one in found] == ([("CNI317", message)] if message else [])

    @pytest.mark.parametrize(
        ("second", "clash"),
        [
            ({"hostPort": 80, "protocol": "TCP"}, True),
            ({"hostPort": 80, "protocol": "tcp", "hostIP": "10.0.0.1"}, True),
            ({"hostPort": 80, "protocol": "udp"}, False),
            ({"hostPort": 81, "protocol": "tcp"}, False),
        ],
    )
    def test_a_port_given_away_twice(self, second: dict[str, Any], clash: bool):
        """On one address of the node, or on all of them."""
        first = {"hostPort": 80, "containerPort": 8080, "protocol": "tcp"}
        given = {"portMappings": [first, {"containerPort": 8081, **second}]}
        text = network(bridge(), {"type": "portmap", "runtimeConfig": given})
        assert ("CNI318" in codes(text)) == clash

    @pytest.mark.parametrize(
        ("types", "expected"),
        [
            (["bridge", "ptp"], ["CNI307", "CNI407"]),
            (["loopback", "bridge"], []),
            (["sriov", "bridge"], []),
            (["bridge", "tuning", "tuning"], []),
            (["bridge", "firewall", "firewall"], ["CNI410"]),
        ],
    )
    def test_what_stands_twice_in_a_list(self, types: list[str], expected: list[str]):
        """Two plugins that make an interface, or one that works on it twice."""
        assert sorted(codes(network(*({"type": name} for name in types)))) == expected

    @pytest.mark.parametrize(
        ("plugins", "message"),
        [
            ([{"type": "macvlan", "ipMasq": True}], "macvlan does not masquerade"),
            ([{"type": "macvlan", "ipMasq": False}], ""),
            ([bridge(ipMasq=True)], ""),
            ([{"type": "calico", "ipMasq": True}], ""),
            (
                [{"type": "flannel", "delegate": {"ipMasq": True}}],
                "masquerades even where flanneld does so",
            ),
        ],
    )
    def test_masquerading(self, plugins: list[dict[str, Any]], message: str):
        """By whom it is done, and by nobody else as well."""
        found = [one.message for one in said(network(*plugins)) if one.code == "CNI408"]
        assert found == ([message] if message else [])

    @pytest.mark.parametrize(
        ("plugin", "expected"),
        [
            (bridge(capabilities={"mac": True}), []),
            (bridge(capabilities={"portMappings": True}), ["CNI409"]),
            (bridge(capabilities={"portMappings": False}), []),
            ({**host_local(subnet="10.1.0.0/16"), "capabilities": {"ips": True}}, []),
            (bridge(capabilities={"ips": True}), ["CNI409"]),
            (bridge(capabilities={"ips": True}, ipam={"type": "whereabouts"}), []),
            ({"type": "sriov", "capabilities": {"bandwidth": True}}, []),
        ],
    )
    def test_capabilities_that_nobody_reads(self, plugin: dict[str, Any], expected: list[str]):
        """Its IPAM plugin reads what the plugin asks for, and another's may read anything."""
        assert codes(network(plugin)) == expected


class TestDelegates:
    """The networks that stand in a plugin's own object."""

    @pytest.mark.parametrize(
        ("plugin", "expected"),
        [
            (bridge(isMasq=True), ("CNI303", '"isMasq"')),
            (bridge(mtu="1450"), ("CNI301", '"1450"')),
            (bridge(ISGATEWAY=True), ("CNI304", '"ISGATEWAY"')),
            ({"type": "brigde"}, ("CNI403", '"brigde"')),
            ({"type": "ptp"}, ("CNI307", '"ptp"')),
            (host_local(), ("CNI302", "{")),
            ({"type": "portmap"}, ("CNI404", '"portmap"')),
        ],
    )
    @pytest.mark.parametrize("listed", [True, False])
    def test_they_are_judged_like_any_other(
        self, plugin: dict[str, Any], expected: tuple[str, str], listed: bool
    ):
        """A list, or a plugin alone, at the place where it stands."""
        one = {"cniVersion": "1.0.0", "name": "one"}
        delegate = {**one, "plugins": [plugin]} if listed else {**one, **plugin}
        found = said(network({"type": "multus", "delegates": [{**one, **bridge()}, delegate]}))
        assert expected in [(each.code, marked(each)) for each in found]

    def test_what_is_right_is_not_remarked(self):
        """Nor are keys of networks whose plugins are somebody else's."""
        one = {"cniVersion": "1.0.0", "name": "one"}
        chain = [
            host_local(subnet="10.1.0.0/16"),
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ]
        foreign = {**one, "type": "sriov", "anything": True, "capabilities": {"CNIDeviceInfoFile": True}}
        assert codes(network({"type": "multus", "delegates": [{**one, "plugins": chain}, foreign]})) == []

    @pytest.mark.parametrize("delegates", [5, "x", [5, None, "x"], [{"plugins": 5}], [{"plugins": [5]}], []])
    def test_whatever_stands_there(self, delegates: object):
        """Is an error of multus, at its own place."""
        found = said(network({"type": "multus", "delegates": delegates}))
        assert {each.code for each in found} <= {"CNI301", "CNI302"}
        assert found
