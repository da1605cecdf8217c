"""portmap on a real kernel: what ADD makes, what it costs, and what CHECK notices."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import pytest

from cnictl.sandbox.node import Node
from cnictl.spec.versions import SUPPORTED, at_least
from tests import witness
from tests.kernel.plugins.attachment import said
from tests.kernel.plugins.forwarding import (
    ADDRESSES,
    CHAIN,
    NAMES,
    WEB,
    Variant,
    comments,
    forwarding,
    nat,
    own,
    recorded,
    recording_path,
    ruleset,
    variant_path,
)

Backend = Literal["iptables", "nftables"]
BACKENDS: list[Backend] = ["iptables", "nftables"]
VERSIONS: tuple[Literal[4, 6], ...] = (4, 6)
MARKING = '-m comment --comment "CNI portfwd masquerade mark"'
SHARED = [
    "-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
    "-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT",
    '-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
    "-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE",
    f"-A CNI-HOSTPORT-SETMARK {MARKING} -j MARK --set-xmark 0x2000/0x2000",
]
COMMENT = r'-m comment --comment "dnat name: \"mynet\" id: \"cid1\""'
MANY = [
    WEB,
    {"hostPort": 8081, "containerPort": 81, "protocol": "udp"},
    {"hostPort": 8083, "containerPort": 83, "protocol": "tcp", "hostIP": "192.168.0.2"},
    {"hostPort": 8084, "containerPort": 84, "protocol": "sctp", "hostIP": "0.0.0.0"},
    {"hostPort": 8085, "containerPort": 85, "protocol": "tcp", "hostIP": "2001:db8:a::1"},
]


@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("backend", BACKENDS)
def test_life_in_every_version(backend: Backend, version: str, node: Node, plugins_dir: str) -> None:
    """ADD, CHECK where the version has it, DEL and DEL again succeed; the Result is the previous one."""
    attachment = forwarding(node, plugins_dir, WEB, NAMES, version=version, backend=backend)
    given = attachment.result
    result = attachment.add()
    assert {**result, "dns": {}} == {**(given or {}), "dns": {}}
    assert comments(node) if backend == "nftables" else own(node, 6)
    if at_least(version, "0.4.0"):
        assert attachment.check() == ""
    attachment.delete()
    attachment.delete()
    assert (own(node), own(node, 6), comments(node)) == ([], [], [])


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_the_rules_of_both_families(variant: Variant, node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """A hostIP is of one family; the dispatching rules name the ports of both."""
    path = variant_path(tmp_path, variant)
    attachment = forwarding(node, plugins_dir, *MANY, path=path)
    attachment.add()

    def rules(source: str, target: str, ports: list[tuple[str, int, str]], *localhost: str) -> list[str]:
        lines = []
        for protocol, port, destination in ports:
            match = f"{destination}-p {protocol} -m {protocol} --dport {port} -j"
            lines += [f"-A {CHAIN} -s {one} {match} CNI-HOSTPORT-SETMARK" for one in (source, *localhost)]
            lines.append(f"-A {CHAIN} {match} DNAT --to-destination {target}:{port - 8000}")
        return [line.replace(":80:", ":80") for line in lines]

    dispatching = [
        f"-A CNI-HOSTPORT-DNAT -p {protocol} {COMMENT} -m multiport --dports {ports} -j {CHAIN}"
        for protocol, ports in (("sctp", "8084"), ("tcp", "8080,8083,8085"), ("udp", "8081"))
    ]
    ipv4 = [("tcp", 8080, ""), ("udp", 8081, ""), ("tcp", 8083, "-d 192.168.0.2/32 "), ("sctp", 8084, "")]
    assert [line for line in nat(node, 4, variant) if line not in SHARED] == [
        *rules("10.0.0.0/24", "10.0.0.2", ipv4, "127.0.0.1/32"),
        *dispatching,
    ]
    ipv6 = [("tcp", 8080, ""), ("udp", 8081, ""), ("tcp", 8085, "-d 2001:db8:a::1/128 ")]
    assert [line for line in nat(node, 6, variant) if line not in SHARED] == [
        *rules("2001:db8::/64", "[2001:db8::2]", ipv6),
        *dispatching,
    ]
    for version in VERSIONS:
        assert [line for line in nat(node, version, variant) if line in SHARED] == SHARED
    assert attachment.check() == ""
    attachment.delete()
    assert (own(node, 4, variant), own(node, 6, variant)) == ([], [])


def test_many_ports_and_protocols_in_any_case(node: Node, plugins_dir: str) -> None:
    """At most 15 ports a rule; a protocol in capitals is a group of its own, and works with nftables too."""
    ports = [{"hostPort": 9000 + i, "containerPort": 80, "protocol": "tcp"} for i in range(17)]
    capitals = {"hostPort": 9100, "containerPort": 80, "protocol": "TCP"}
    attachment = forwarding(node, plugins_dir, *ports, capitals)
    attachment.add()
    assert attachment.check() == ""
    dispatching = [line for line in nat(node) if line.startswith("-A CNI-HOSTPORT-DNAT")]
    assert [line.partition("--dports ")[2].partition(" ")[0] for line in dispatching] == [
        "9100",
        ",".join(str(9000 + i) for i in range(15)),
        "9015,9016",
    ]
    attachment.delete()
    attachment.plugins[0]["backend"] = "nftables"
    attachment.add()
    assert attachment.check() == ""
    assert 'tcp dport 9100 dnat to 10.0.0.2:80 comment "cid1"' in ruleset(node, chain="hostports")


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"snat": False}, [f"-A {CHAIN} -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80"]),
        (
            {"masqAll": True},
            [
                f"-A {CHAIN} -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK",
                f"-A {CHAIN} -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80",
            ],
        ),
        (
            {"externalSetMarkChain": "PLZ-SET-MARK"},
            [
                f"-A {CHAIN} -s 10.0.0.0/24 -p tcp -m tcp --dport 8080 -j PLZ-SET-MARK",
                f"-A {CHAIN} -s 127.0.0.1/32 -p tcp -m tcp --dport 8080 -j PLZ-SET-MARK",
                f"-A {CHAIN} -p tcp -m tcp --dport 8080 -j DNAT --to-destination 10.0.0.2:80",
            ],
        ),
    ],
)
def test_who_is_masqueraded(keys: dict[str, Any], expected: list[str], node: Node, plugins_dir: str) -> None:
    """Nobody without snat; everybody with masqAll; by somebody else's mark with externalSetMarkChain."""
    node.run(["iptables", "-t", "nat", "-N", "PLZ-SET-MARK"]).checked()
    attachment = forwarding(node, plugins_dir, addresses=(ADDRESSES[4],), **keys)
    attachment.add()
    assert attachment.check() == ""
    assert [line for line in nat(node) if line.startswith(f"-A {CHAIN}")] == expected
    marks = any("CNI-HOSTPORT-SETMARK" in line for line in witness.iptables(node, "nat"))
    assert marks == ("masqAll" in keys)
    localnet = witness.sysctl(node, "net/ipv4/conf/upstream/route_localnet")
    assert localnet == ("0" if keys.get("snat") is False else "1")


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_another_bit_adds_to_what_is_shared(
    variant: Variant, node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """As with the Go plugins both marks are set and masqueraded from then on."""
    path = variant_path(tmp_path, variant)
    forwarding(node, plugins_dir, path=path).add()
    attachment = forwarding(node, plugins_dir, container="cid2", markMasqBit=5, path=path)
    attachment.add()
    assert attachment.check() == ""
    for version in VERSIONS:
        rules = nat(node, version, variant)
        for rule in (
            "-A CNI-HOSTPORT-MASQ -m mark --mark {0}/{0} -j MASQUERADE",
            f"-A CNI-HOSTPORT-SETMARK {MARKING} -j MARK --set-xmark {{0}}/{{0}}",
        ):
            start = rule.partition(" {0}")[0]
            assert [line for line in rules if line.startswith(start)] == [
                rule.format(mark) for mark in ("0x2000", "0x20")
            ]


def test_the_jump_to_masquerading_comes_before_that_of_bridge(node: Node, plugins_dir: str) -> None:
    """Whose ipMasq would otherwise accept what goes to the container's own network."""
    node.run(["iptables", "-t", "nat", "-A", "POSTROUTING", "-s", "10.0.0.2", "-j", "ACCEPT"]).checked()
    forwarding(node, plugins_dir).add()
    first, *_ = [line for line in witness.iptables(node, "nat") if line.startswith("-A POSTROUTING")]
    assert first.endswith("CNI-HOSTPORT-MASQ")


def test_conditions_keep_their_words_and_their_order(node: Node, plugins_dir: str) -> None:
    """Between the ports and the jump, for each family its own."""
    conditions = [
        "-m",
        "mark",
        "--mark",
        "0x1",
        "-m",
        "conntrack",
        "--ctstate",
        "NEW",
        "!",
        "-s",
        "10.9.0.0/16",
    ]
    attachment = forwarding(
        node, plugins_dir, conditionsV4=conditions, conditionsV6=["!", "-d", "fd00:1::/64"]
    )
    attachment.add()
    assert attachment.check() == ""
    ports = f"{COMMENT} -m multiport --dports 8080"
    assert (
        f"-A CNI-HOSTPORT-DNAT ! -s 10.9.0.0/16 -p tcp {ports} -m mark --mark 0x1"
        f" -m conntrack --ctstate NEW -j {CHAIN}"
    ) in nat(node)
    assert f"-A CNI-HOSTPORT-DNAT ! -d fd00:1::/64 -p tcp {ports} -j {CHAIN}" in nat(node, 6)
    attachment.delete()
    assert (own(node), own(node, 6)) == ([], [])


def test_a_very_long_comment_is_cut(node: Node, plugins_dir: str) -> None:
    """To what the kernel keeps; CHECK and DEL find the rules all the same."""
    attachment = forwarding(node, plugins_dir, container="c" * 240)
    attachment.add()
    assert attachment.check() == ""
    (line,) = [line for line in nat(node) if line.startswith("-A CNI-HOSTPORT-DNAT")]
    comment = line.partition('--comment "')[2].partition('" -m multiport')[0].replace("\\", "")
    assert len(comment) == 255
    assert comment.endswith("c..")
    attachment.delete()
    assert own(node) == []


@pytest.mark.parametrize(
    ("keys", "hostports", "masquerading"),
    [
        (
            {},
            [
                'tcp dport 8080 dnat to 10.0.0.2:80 comment "cid1"',
                'udp dport 8081 dnat to 10.0.0.2:81 comment "cid1"',
                'ip daddr 192.168.0.2 tcp dport 8083 dnat to 10.0.0.2:83 comment "cid1"',
                'sctp dport 8084 dnat to 10.0.0.2:84 comment "cid1"',
            ],
            [
                'ip saddr 10.0.0.2 ip daddr 10.0.0.2 masquerade comment "cid1"',
                'ip saddr 127.0.0.1 ip daddr 10.0.0.2 masquerade comment "cid1"',
            ],
        ),
        ({"masqAll": True}, None, ['ip saddr 0.0.0.0/0 ip daddr 10.0.0.2 masquerade comment "cid1"']),
        ({"snat": False}, None, []),
    ],
)
def test_the_nftables_rules(
    keys: dict[str, Any], hostports: list[str] | None, masquerading: list[str], node: Node, plugins_dir: str
) -> None:
    """One table a family; no marks; the comment is the container id."""
    attachment = forwarding(node, plugins_dir, *MANY, backend="nftables", **keys)
    attachment.add()
    assert attachment.check() == ""
    if hostports is not None:
        assert ruleset(node, chain="hostports") == hostports
    assert ruleset(node, chain="masquerading") == masquerading
    assert ruleset(node, "ip6", "hostports")[-1] == (
        'ip6 daddr 2001:db8:a::1 tcp dport 8085 dnat to [2001:db8::2]:85 comment "cid1"'
    )
    assert ruleset(node, chain="hostports_all") == ["jump hostip_hostports", "jump hostports"]
    for hook in ("prerouting", "output"):
        assert ruleset(node, chain=hook) == ["fib daddr type local jump hostports_all"]
    assert own(node) == []
    again = forwarding(node, plugins_dir, container="cid2", backend="nftables", conditionsV4=["iif", "lo"])
    again.add()
    assert ruleset(node, chain="output") == ['iif "lo" fib daddr type local jump hostports_all']
    assert (attachment.check(), again.check()) == ("", "")


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_second_add_makes_nothing_twice(backend: Backend, node: Node, plugins_dir: str) -> None:
    """Whatever was there already stays the only one of its kind."""
    attachment = forwarding(node, plugins_dir, *MANY, backend=backend, masqAll=True)
    attachment.add()
    before = nat(node), nat(node, 6), sorted(comments(node))
    attachment.add()
    assert (nat(node), nat(node, 6), sorted(comments(node))) == before
    assert attachment.check() == ""


def test_without_ports_or_addresses_nothing_is_made(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """The previous Result is passed on, and no program is run; CHECK and DEL are content."""
    path = recording_path(tmp_path)
    plain = forwarding(node, plugins_dir, path=path)
    plain.plugins[0]["runtimeConfig"] = {}
    homeless = forwarding(node, plugins_dir, addresses=(), container="cid2", path=path)
    for attachment in (plain, homeless):
        given = attachment.result
        assert attachment.add() == {key: value for key, value in (given or {}).items() if value}
        assert attachment.check() == ""
        attachment.delete()
    assert recorded(tmp_path) == []


def test_what_a_call_costs(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """With iptables none: for ADD when the shared chains are there, for CHECK and DEL when all is well."""
    path = recording_path(tmp_path)
    forwarding(node, plugins_dir, container="first").add()
    attachment = forwarding(node, plugins_dir, WEB, NAMES, path=path)
    attachment.add()
    assert attachment.check() == ""
    assert recorded(tmp_path) == []
    for _ in range(2):
        attachment.delete()
        assert recorded(tmp_path) == []
    modern = forwarding(node, plugins_dir, WEB, NAMES, container="third", path=path, backend="nftables")
    modern.add()
    assert recorded(tmp_path) == ["nft"]
    assert modern.check() == ""
    assert recorded(tmp_path) == ["nft", "nft"]  # once for each table
    modern.delete()
    assert recorded(tmp_path) == ["nft"]


def test_the_backend_is_chosen_by_what_there_is(node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """nftables only where iptables cannot be used; CHECK and DEL agree with ADD about it."""
    (tmp_path / "nft").symlink_to("/usr/sbin/nft")
    attachment = forwarding(node, plugins_dir, path=str(tmp_path))
    attachment.add()
    assert comments(node)
    assert attachment.check() == ""
    attachment.delete()
    assert comments(node) == []


DISTURBANCES = {
    f"iptables -t nat -D {CHAIN} 3": f"chain iptables nat {CHAIN} lacks the rule -p tcp -m tcp --dport",
    f"iptables -t nat -I {CHAIN} -j RETURN": f"chain iptables nat {CHAIN} has the rule -j RETURN",
    f"ip6tables -t nat -F {CHAIN}": f"chain ip6tables nat {CHAIN} lacks the rule -s 2001:db8::/64",
    "iptables -t nat -F CNI-HOSTPORT-DNAT": "rule iptables nat CNI-HOSTPORT-DNAT: -p tcp -m comment",
    "ip6tables -t nat -F PREROUTING": "rule ip6tables nat PREROUTING: -m addrtype --dst-type LOCAL",
    "iptables -t nat -F OUTPUT": "rule iptables nat OUTPUT: -m addrtype --dst-type LOCAL",
    "iptables -t nat -F POSTROUTING": "rule iptables nat POSTROUTING: -m comment --comment",
    "iptables -t nat -F CNI-HOSTPORT-SETMARK": "rule iptables nat CNI-HOSTPORT-SETMARK: -m comment",
    "iptables -t nat -F CNI-HOSTPORT-MASQ": "rule iptables nat CNI-HOSTPORT-MASQ: -m mark --mark",
    "sysctl -q net.ipv4.conf.upstream.route_localnet=0": (
        "net/ipv4/conf/upstream/route_localnet has value 0, not 1"
    ),
    "nft flush chain ip cni_hostport hostports": (
        'rule nft ip cni_hostport hostports: tcp dport 8080 dnat to 10.0.0.2:80 comment "cid1" is missing'
    ),
    "nft flush chain ip6 cni_hostport masquerading": "rule nft ip6 cni_hostport masquerading: ip6 saddr",
    "nft flush chain ip cni_hostport hostports_all": (
        "rule nft ip cni_hostport hostports_all: jump hostports is missing"
    ),
    "nft flush chain ip6 cni_hostport output": (
        "rule nft ip6 cni_hostport output: ... jump hostports_all is missing"
    ),
    "nft delete table ip cni_hostport": "rule nft ip cni_hostport prerouting: ... jump",
}


@pytest.mark.parametrize("command", DISTURBANCES)
def test_check_names_what_was_disturbed(command: str, node: Node, plugins_dir: str) -> None:
    """In words that say which rule or setting is not as ADD left it."""
    backend = "nftables" if command.startswith("nft") else "iptables"
    attachment = forwarding(node, plugins_dir, backend=backend)
    attachment.add()
    assert attachment.check() == ""
    node.run(command.split()).checked()
    assert attachment.check().startswith(DISTURBANCES[command])
    attachment.delete()
    assert (own(node), own(node, 6), comments(node)) == ([], [], [])


def test_check_notices_that_the_whole_chain_is_gone(node: Node, plugins_dir: str) -> None:
    """As after somebody flushed table nat; a chain of another backend does not make up for it."""
    attachment = forwarding(node, plugins_dir)
    attachment.add()
    for words in ("-F", "-X"):
        node.run(["iptables", "-t", "nat", words]).checked()
    assert "is missing" in attachment.check()
    attachment.plugins[0]["backend"] = "nftables"
    assert attachment.check().startswith(
        "rule nft ip cni_hostport prerouting: ... jump hostports_all is missing"
    )


@pytest.mark.parametrize("variant", ["nft", "legacy"])
def test_twenty_at_once(variant: Variant, node: Node, plugins_dir: str, tmp_path: Path) -> None:
    """Nothing shared is made twice and nothing gets lost; ten times DEL of one container at once is fine."""
    path = variant_path(tmp_path, variant)
    attachments = [
        forwarding(
            node,
            plugins_dir,
            {"hostPort": 9000 + i, "containerPort": 80, "protocol": "tcp"},
            container=f"c{i}",
            path=path,
        )
        for i in range(20)
    ]
    with ThreadPoolExecutor(20) as at_once:
        list(at_once.map(lambda one: one.add(), attachments))
        for version in VERSIONS:
            rules = nat(node, version, variant)
            assert [line for line in rules if line in SHARED] == SHARED
            assert len(rules) == len(set(rules)) == len(SHARED) + 20 * (4 if version == 4 else 3)
        assert list(at_once.map(lambda one: one.check(), attachments)) == [""] * 20
        list(at_once.map(lambda one: one.delete(), [*attachments, *attachments[:1] * 10]))
    assert (own(node, 4, variant), own(node, 6, variant)) == ([], [])


def test_twenty_at_once_with_nftables(node: Node, plugins_dir: str) -> None:
    """The ways into the shared chains are there once."""
    attachments = [forwarding(node, plugins_dir, container=f"c{i}", backend="nftables") for i in range(20)]
    with ThreadPoolExecutor(20) as at_once:
        list(at_once.map(lambda one: one.add(), attachments))
        assert ruleset(node, chain="prerouting") == ["fib daddr type local jump hostports_all"]
        assert len(ruleset(node, chain="hostports")) == 20
        list(at_once.map(lambda one: one.delete(), attachments))
    assert comments(node) == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"conditionsV4": ["--no-such-option"]}, "unable to setup DNAT: "),
        ({"externalSetMarkChain": "NO-SUCH-CHAIN"}, "unable to setup DNAT: running ["),
        (
            {"backend": "nftables", "conditionsV4": ["no such condition"]},
            "unable to set up nftables rules for port mappings: ",
        ),
    ],
)
def test_a_rule_that_cannot_be_is_refused_in_full(
    keys: dict[str, Any], message: str, node: Node, plugins_dir: str
) -> None:
    """With the words of the program that refused it, and with nothing left of the container."""
    attachment = forwarding(node, plugins_dir, **keys)
    done = attachment.call("ADD", attachment.plugins[0])
    assert done.status == 1
    assert said(done).startswith(message)
    assert json.loads(done.stdout)["code"] == 999
    assert (own(node), own(node, 6), comments(node)) == ([], [], [])
