"""ipMasq with both backends: what is made, what is found again, and what is left alone."""

from __future__ import annotations

import json
import os
from typing import Any, Literal

import pytest

from cnictl.declare.compare import compare
from cnictl.declare.model import NODE, State
from cnictl.netfilter import iptables, lookup, nft
from cnictl.netfilter.program import NetfilterError
from cnictl.plugin import masquerade
from cnictl.plugin.masquerade import MasqueradeConfig, chain_name
from cnictl.plugin.request import Request
from cnictl.sandbox.node import Node
from cnictl.spec.address import Prefix
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl.spec.result import IPConfig
from tests import witness
from tests.kernel.netfilter.conftest import Variant
from tests.kernel.netfilter.together import together

EMPTY = [":PREROUTING ACCEPT", ":INPUT ACCEPT", ":OUTPUT ACCEPT", ":POSTROUTING ACCEPT"]
BOTH = ("10.22.0.2/24", "fd01::2/64")
NFT_RULES = """\
table inet cni_plugins_masquerade {
	comment "Masquerading for plugins from github.com/containernetworking/plugins"
	chain masq_checks {
		comment "Masquerade traffic from certain IPs to any (non-multicast) IP outside their subnet"
		ip saddr 10.22.0.2 ip daddr != 10.22.0.0/24 masquerade comment "d23676b4f2d9fe04-0b65a318f52e521b, net: mynet, if: eth0, id: cid1"
		ip6 saddr fd01::2 ip6 daddr != fd01::/64 masquerade comment "d23676b4f2d9fe04-0b65a318f52e521b, net: mynet, if: eth0, id: cid1"
	}

	chain postrouting {
		type nat hook postrouting priority srcnat; policy accept;
		ip daddr 224.0.0.0/4 return
		ip6 daddr ff00::/8 return
		goto masq_checks
	}
}
"""  # noqa: E501 - as nft prints it


def request(container_id: str = "cid1", ifname: str = "eth0", network: str = "mynet", **keys: Any) -> Request:
    document = Document({"cniVersion": "1.1.0", "name": network, "type": "bridge", "ipMasq": True, **keys})
    return Request("ADD", document, container_id=container_id, ifname=ifname)


def setup(asked: Request, *addresses: str) -> None:
    config = MasqueradeConfig(asked.document)
    masquerade.setup(asked, config, [IPConfig(Prefix.parse(one)) for one in addresses])


def teardown(asked: Request, *addresses: str) -> None:
    masquerade.teardown(asked, [Prefix.parse(one) for one in addresses])


def drifts(asked: Request, *addresses: str) -> list[str]:
    """What CHECK would find."""
    config = MasqueradeConfig(asked.document)
    expected = masquerade.declare(asked, config, [IPConfig(Prefix.parse(one)) for one in addresses])
    state = State()
    state.extend(NODE, lookup.find(one.entity for one in expected))
    return [str(drift) for drift in compare(expected, state)]


def saved(node: Node, variant: Variant | Literal[""] = "") -> list[str]:
    """What iptables and ip6tables have in nat, beyond the chains that are built in."""
    lines = witness.iptables(node, "nat", variant=variant)
    lines += witness.iptables(node, "nat", version=6, variant=variant)
    return [line for line in lines if line not in EMPTY]


def nft_rules(node: Node) -> str:
    """What nft lists, without the tables of iptables."""
    listed = node.run(["nft", "list", "table", "inet", "cni_plugins_masquerade"])
    return "" if "No such file" in listed.stderr else listed.checked().stdout


def test_iptables_rules_are_those_of_the_go_plugins(inside: Node, variant: Variant) -> None:
    """Chain, rules, order and comments are what the Go plugins make, in both families; DEL leaves nothing."""
    setup(request(), *BOTH)
    comment = r'-m comment --comment "name: \"mynet\" id: \"cid1\""'
    chain = "CNI-a631aa8e1549a3b129110fd2"
    assert saved(inside, variant) == [
        f":{chain} -",
        f"-A POSTROUTING -s 10.22.0.2/32 {comment} -j {chain}",
        f"-A {chain} -d 10.22.0.0/24 {comment} -j ACCEPT",
        f"-A {chain} ! -d 224.0.0.0/4 {comment} -j MASQUERADE",
        f":{chain} -",
        f"-A POSTROUTING -s fd01::2/128 {comment} -j {chain}",
        f"-A {chain} -d fd01::/64 {comment} -j ACCEPT",
        f"-A {chain} ! -d ff00::/8 {comment} -j MASQUERADE",
    ]
    assert drifts(request(), *BOTH) == []
    teardown(request(), *BOTH)
    assert saved(inside, variant) == []
    teardown(request(), *BOTH)


def test_nft_rules_are_those_of_the_go_plugins(inside: Node) -> None:
    """The whole ruleset is what the Go plugins make; DEL leaves table and chains, as theirs does."""
    setup(request(ipMasqBackend="nftables"), *BOTH)
    assert nft_rules(inside) == NFT_RULES
    assert drifts(request(ipMasqBackend="nftables"), *BOTH) == []
    teardown(request(), *BOTH)
    assert nft_rules(inside) == "".join(
        line for line in NFT_RULES.splitlines(keepends=True) if "masquerade comment" not in line
    )
    teardown(request())
    assert saved(inside) == []


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
def test_what_leaves_through_an_overlay_is_spared(inside: Node, backend: str) -> None:
    """Before anything else, in both families; a family without addresses gets nothing."""
    asked = request(ipMasqBackend=backend)
    config = MasqueradeConfig(asked.document)

    def drifts_with(*addresses: str, overlay: str = "vxlan.7") -> list[str]:
        ips = [IPConfig(Prefix.parse(one)) for one in addresses]
        expected = masquerade.declare(asked, config, ips, overlay)
        state = State()
        state.extend(NODE, lookup.find(one.entity for one in expected))
        return [str(drift) for drift in compare(expected, state)]

    for addresses in (BOTH, BOTH[:1]):
        masquerade.setup(asked, config, [IPConfig(Prefix.parse(one)) for one in addresses], "vxlan.7")
        assert drifts_with(*addresses) == []
        assert drifts_with(*addresses, overlay="vxlan.8") != []
        if backend == "iptables":
            in_chain = [line.split(" ")[2:4] for line in saved(inside) if line.startswith("-A CNI-")]
            own = [["-o", "vxlan.7"], ["-d", "10.22.0.0/24"], ["!", "-d"]]
            assert in_chain == [*own, *([own[0], ["-d", "fd01::/64"], own[2]] if addresses == BOTH else [])]
        else:
            rules = [line.strip() for line in nft_rules(inside).splitlines() if "oifname" in line]
            assert rules[0].startswith('oifname != "vxlan.7" ip saddr 10.22.0.2 ip daddr != 10.22.0.0/24 ')
            assert len(rules) == len(addresses)
        teardown(asked, *addresses)
        assert saved(inside) == []
        assert "vxlan.7" not in nft_rules(inside)


@pytest.mark.interop
@pytest.mark.parametrize("adder", ["go", "ours"])
def test_either_implementation_deletes_what_the_other_added(
    inside: Node, go_plugins: str, adder: str
) -> None:
    """The Go bridge and ours make byte-identical tables, and each removes the other's."""
    addresses = [{"address": one} for one in BOTH]
    conf = {
        "cniVersion": "0.4.0",
        "name": "mynet",
        "type": "bridge",
        "bridge": "br-test",
        "ipMasq": True,
        "ipam": {"type": "static", "addresses": addresses},
    }
    inside.new_netns("pod")
    environment = {
        **os.environ,
        "CNI_CONTAINERID": "cid1",
        "CNI_IFNAME": "eth0",
        "CNI_NETNS": "/run/netns/pod",
        "CNI_PATH": go_plugins,
    }

    def go(command: str) -> None:
        inside.run(
            [f"{go_plugins}/bridge"], env={**environment, "CNI_COMMAND": command}, stdin=json.dumps(conf)
        ).checked()

    go("ADD")
    theirs = saved(inside)
    if adder == "go":
        teardown(request(), *BOTH)
        assert saved(inside) == []
        setup(request(), *BOTH)
        assert saved(inside) == theirs
    else:
        teardown(request(), *BOTH)
        setup(request(), *BOTH)
        go("DEL")
        assert saved(inside) == []


def test_two_addresses_of_a_family_are_torn_down_at_once(inside: Node, variant: Variant) -> None:
    """A chain with two jumps to it goes with both, in one DEL without an error."""
    setup(request(), "10.22.0.2/24", "10.23.0.2/24")
    assert len([line for line in saved(inside, variant) if line.startswith("-A POSTROUTING")]) == 2
    assert drifts(request(), "10.22.0.2/24", "10.23.0.2/24") == []
    teardown(request(), "10.22.0.2/24", "10.23.0.2/24")
    assert saved(inside, variant) == []


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
def test_without_addresses_everything_of_the_container_is_found(inside: Node, backend: str) -> None:
    """When the netns is gone and nobody knows the addresses, DEL finds the rules all the same."""
    setup(request(ipMasqBackend=backend), *BOTH)
    setup(request("cid2", ipMasqBackend=backend), "10.22.0.2/24")
    teardown(request())
    assert "cid1" not in nft_rules(inside) + "".join(saved(inside))
    assert "cid2" in nft_rules(inside) + "".join(saved(inside))


def test_rules_of_very_old_plugins_are_removed(inside: Node, variant: Variant) -> None:
    """A jump for the whole network, as the Go plugins once made them, goes like any other."""
    setup(request(), "10.22.0.2/24")
    chain = chain_name("mynet", "cid1")
    iptables.Tables().restore(f"*nat\n-A POSTROUTING -s 10.22.0.2/24 -j {chain}\nCOMMIT\n")
    teardown(request(), "10.22.0.2/24")
    assert saved(inside, variant) == []


def test_a_second_interface_keeps_its_masquerading(inside: Node, variant: Variant) -> None:
    """Two interfaces of a container in one network share a chain; DEL of one leaves the other's rules."""
    setup(request(), "10.22.0.2/24")
    setup(request(ifname="net1"), "10.22.0.3/24")
    teardown(request(), "10.22.0.2/24")
    left = saved(inside, variant)
    assert "10.22.0.2/32" not in "".join(left)
    assert drifts(request(ifname="net1"), "10.22.0.3/24") == []
    teardown(request(ifname="net1"), "10.22.0.3/24")
    assert saved(inside, variant) == []


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
def test_adding_again_changes_nothing(inside: Node, backend: str) -> None:
    """A repeated ADD leaves the rules there once; with nftables it drops those of other addresses."""
    setup(request(ipMasqBackend=backend), *BOTH)
    before = nft_rules(inside), saved(inside)
    setup(request(ipMasqBackend=backend), *BOTH)
    assert (nft_rules(inside), saved(inside)) == before
    if backend == "nftables":
        setup(request(ipMasqBackend=backend), "10.22.0.9/24")
        assert "10.22.0.9" in nft_rules(inside)
        assert "10.22.0.2" not in nft_rules(inside)


@pytest.mark.usefixtures("inside")
def test_a_container_with_the_same_address_keeps_its_rule() -> None:
    """With nftables, DEL of one container never removes the rule of another with the same address."""
    setup(request("a", ipMasqBackend="nftables"), "10.22.0.2/24")
    setup(request("c", ipMasqBackend="nftables"), "10.22.0.2/24")
    teardown(request("a"), "10.22.0.2/24")
    assert [one.comment.rpartition(" ")[2] for one in nft.rules("inet", masquerade.TABLE, "masq_checks")] == [
        "c"
    ]


@pytest.mark.parametrize("backend", ["iptables", "nftables"])
def test_gc_removes_what_is_not_valid_and_nothing_else(inside: Node, backend: str) -> None:
    """Of this network only valid attachments stay; other networks and foreign chains are not touched."""
    for container_id in ("gone", "kept"):
        setup(request(container_id, ipMasqBackend=backend), *BOTH)
    setup(request("gone", network="other", ipMasqBackend=backend), "10.9.0.2/24")
    iptables.Tables().restore(
        "*nat\n-N CNI-000000000000000000000000\n-A CNI-000000000000000000000000 -m comment "
        '--comment "name: \\"mynet\\" id: \\"gone\\"" -j RETURN\nCOMMIT\n'
    )
    masquerade.gc(request(), {("kept", "eth0")})
    left = nft_rules(inside) + "".join(saved(inside))
    assert "10.9.0.2" in left
    assert "CNI-000000000000000000000000" in left
    assert drifts(request("kept", ipMasqBackend=backend), *BOTH) == []
    assert drifts(request("gone", ipMasqBackend=backend), *BOTH)
    masquerade.gc(request(), set())
    assert drifts(request("kept", ipMasqBackend=backend), *BOTH)


def test_forty_containers_at_once(inside: Node) -> None:
    """ADDs that meet each get their rules, with nftables as with iptables, and so do DELs."""

    def add(n: int) -> None:
        backend = "nftables" if n % 2 else "iptables"
        setup(request(f"c{n}", ipMasqBackend=backend), f"10.22.0.{n + 1}/24")

    assert together(40, add) == [0] * 40
    assert nft_rules(inside).count("masquerade comment") == 20
    assert len([line for line in saved(inside) if line.startswith("-A POSTROUTING")]) == 20
    assert nft_rules(inside).count("goto masq_checks") == 1
    assert together(40, lambda n: teardown(request(f"c{n}"), f"10.22.0.{n + 1}/24")) == [0] * 40
    assert saved(inside) == []
    assert "masquerade comment" not in nft_rules(inside)


def test_what_is_made_is_taken_back_when_the_request_fails(inside: Node) -> None:
    """An ADD that fails later leaves no rules."""
    asked = request()
    setup(asked, *BOTH)
    assert saved(inside)
    with pytest.raises(RuntimeError), asked.undo:
        raise RuntimeError("something later")
    assert saved(inside) == []


def test_a_failure_in_one_family_takes_the_other_back(inside: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """When ip6tables fails, ADD fails with its words, and the IPv4 rules go again."""
    asked = request()
    restore = iptables.Tables.restore

    def failing(tables: iptables.Tables, text: str) -> None:
        if tables.version == 6:
            raise NetfilterError("no room for another rule")
        restore(tables, text)

    monkeypatch.setattr(iptables.Tables, "restore", failing)
    with pytest.raises(NetfilterError, match="no room"), asked.undo:
        setup(asked, *BOTH)
    assert saved(inside) == []


def test_an_unknown_backend_is_refused(inside: Node) -> None:
    """An empty name is no backend either; nothing is made."""
    for name in ("", "ebtables"):
        with pytest.raises(CniError, match=f'unknown ipmasq backend "{name}"') as raised:
            setup(request(ipMasqBackend=name), *BOTH)
        assert raised.value.code == 7
    assert saved(inside) == []


class TestChoice:
    """Which backend is taken where the configuration names none."""

    def test_iptables_where_it_works(self, inside: Node) -> None:
        """Where iptables works it is taken, and nft is not even asked."""
        setup(request(), *BOTH)
        assert nft_rules(inside) == ""
        assert saved(inside)

    def test_nftables_where_there_is_no_iptables(
        self, inside: Node, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """With nothing but nft in PATH, nftables is taken, and CHECK and DEL find that."""
        (tmp_path / "nft").symlink_to("/usr/sbin/nft")
        monkeypatch.setenv("PATH", str(tmp_path))
        setup(request(), *BOTH)
        assert drifts(request(), *BOTH) == []
        monkeypatch.undo()
        assert nft_rules(inside) == NFT_RULES
        monkeypatch.setenv("PATH", str(tmp_path))
        teardown(request(), *BOTH)
        monkeypatch.undo()
        assert "masquerade comment" not in nft_rules(inside)

    def test_nftables_where_iptables_does_not_work(
        self, inside: Node, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An iptables that the kernel refuses counts as none."""
        for name in ("iptables", "iptables-restore", "iptables-save", "ip6tables", "ip6tables-restore"):
            program = tmp_path / name
            program.write_text("#!/bin/sh\necho iptables v1.8.9 >&2\nexit 3\n")
            program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/sbin:/usr/bin:/bin")
        setup(request(), *BOTH)
        teardown(request("other"), *BOTH)
        monkeypatch.undo()
        assert nft_rules(inside) == NFT_RULES

    def test_with_neither_the_error_is_about_iptables(
        self, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The words are those of the Go plugins; DEL has nothing to complain about."""
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(NetfilterError) as raised:
            setup(request(), *BOTH)
        assert str(raised.value) == (
            'failed to locate iptables: exec: "iptables": executable file not found in $PATH'
        )
        with pytest.raises(NetfilterError, match='could not find nftables binary: exec: "nft"'):
            setup(request(ipMasqBackend="nftables"), *BOTH)
        teardown(request(), *BOTH)
