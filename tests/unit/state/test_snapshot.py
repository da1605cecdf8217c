"""A snapshot survives being written, and a file with a mistake in it says where the mistake is."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.declare import entities
from cnictl.declare.model import NODE, Entity, State
from cnictl.spec.address import Address, Prefix
from cnictl.state.dump import dump
from cnictl.state.kinds import KINDS, natural
from cnictl.state.load import SnapshotError, load
from cnictl.state.snapshot import EVERYTHING, Snapshot, Unseen
from tests.unit.state.states import snapshots

EXAMPLE = """\
version: 1
complete: true
node:
  link:
    cni0: {kind: bridge, mtu: 1500, up: true, master: ''}
  address:
    cni0 10.1.0.1/16: {scope: global}
  route:
    10.1.0.0/16 dev cni0: {scope: link, source: 10.1.0.1}
  chain:
    iptables nat POSTROUTING:
      policy: ACCEPT
      rules:
      - -s 10.1.0.2/32 -m comment --comment "a \\"quoted\\" word" -j CNI-1
  sysctl:
    net/ipv4/ip_forward: 1
    net/ipv4/conf/default: {arp_notify: 0, rp_filter: 1}
    net/ipv4/conf/eth0: {as: default, arp_notify: 1}
    net/ipv4/conf/lo: {rp_filter: 0}
  file:
    /run/cni/tuning/c1_eth0.json: "{\\n \\"mtu\\": 1500\\n}"
pods:
  c1:
    netns: /run/netns/c1
    route:
      default via 10.1.0.1 dev eth0: {}
"""


def example() -> Snapshot:
    state = State()
    rule = '-s 10.1.0.2/32 -m comment --comment "a \\"quoted\\" word" -j CNI-1'
    chain = entities.chain("iptables", "nat", "POSTROUTING", [rule], policy="ACCEPT")
    bridge = Prefix.parse("10.1.0.1/16")
    state.extend(
        NODE,
        [
            entities.link("cni0", kind="bridge", mtu=1500, up=True, master=""),
            entities.address("cni0", bridge, scope="global"),
            entities.route(bridge, device="cni0", scope="link", source=bridge.address),
            entities.connected("cni0", bridge),
            chain,
            *entities.rules_of(chain),
            entities.sysctl("net/ipv4/ip_forward", "1"),
            entities.sysctl("net/ipv4/conf/default/arp_notify", "0"),
            entities.sysctl("net/ipv4/conf/default/rp_filter", "1"),
            entities.sysctl("net/ipv4/conf/eth0/arp_notify", "1"),
            entities.sysctl("net/ipv4/conf/eth0/rp_filter", "1"),
            entities.sysctl("net/ipv4/conf/lo/rp_filter", "0"),
            entities.file("/run/cni/tuning/c1_eth0.json", '{\n "mtu": 1500\n}'),
        ],
    )
    gateway = Address.parse("10.1.0.1")
    state.add("/run/netns/c1", entities.route(Prefix.default(4), device="eth0", gateway=gateway))
    return Snapshot(state, {"c1": "/run/netns/c1"})


def test_what_a_person_reads():
    """Places, kinds, one entity a line with its facts, a chain's rules in a list: nothing else."""
    assert dump(example()) == EXAMPLE


def test_nothing_turns_words_round():
    """A name may have signs that a terminal obeys, or that turn what follows; they are kept."""
    name = "c1\u202e\x1b[2J\x9b31m"
    snapshot = Snapshot(State(), pods={name: "/run/netns/c1"})
    snapshot.state.add("/run/netns/c1", entities.sysctl("net/ipv4/ip_forward", name))
    snapshot.state.add("/run/netns/c1", entities.sysctl("net/ipv4/conf/eth0/rp_filter", name))
    text = dump(snapshot)
    assert text.replace("\n", "").isprintable()
    assert (load(text).pods, load(text).state) == (snapshot.pods, snapshot.state)


def test_what_a_person_wrote():
    """The same text read gives the same entities, with their types."""
    assert load(EXAMPLE) == example()


@given(snapshots())
def test_round_trip(snapshot: Snapshot):
    """Whatever there is on a node, whatever its names: the file says exactly that."""
    again = load(dump(snapshot))
    assert again.state == snapshot.state
    assert again.pods == snapshot.pods
    assert again.whole == snapshot.whole
    assert again.exact == snapshot.exact
    assert set(again.absent) == set(snapshot.absent)
    assert again.unseen == snapshot.unseen


@given(st.text())
def test_any_text_is_a_snapshot_or_an_error_with_its_place(text: str):
    """No text makes `load` fail in another way."""
    problem = ""
    try:
        load(text, "f.yaml")
    except SnapshotError as error:
        problem = str(error)
    assert problem.startswith("f.yaml:")  # hypothesis does not come upon "version: 1"


@pytest.mark.parametrize(
    ("written", "fact"),
    [
        ("link: {eth0: {mac: 11:22:33:44:55:06}}", "11:22:33:44:55:06"),
        ("link: {eth0: {alias: no}}", "no"),
        ("link: {eth0: {alias: 010}}", "010"),
        ("link: {eth0: {up: no}}", False),
        ("link: {eth0: {mtu: 1500}}", 1500),
        ("sysctl: {net/ipv4/ip_forward: 1}", "1"),
        ("chain: {iptables nat X: [-p tcp -j ACCEPT, -j 5]}", ("-p tcp -j ACCEPT", "-j 5")),
        ('link: {eth0: {mtu: "*"}}', "*"),
    ],
)
def test_a_fact_has_the_type_of_its_name(written: str, fact: Any):
    """Quotes are never needed for text: that YAML has numbers in base 60 is no concern of the writer."""
    place = load(f"version: 1\nnode: {{{written}}}").state.places[NODE]
    entity = next(iter(place.values()))
    assert list(entity.facts.values()) == [fact]
    assert type(next(iter(entity.facts.values()))) is type(fact)


@pytest.mark.parametrize(
    ("section", "written", "key"),
    [
        ("address", "eth0   10.1.0.2/16", "eth0 10.1.0.2/16"),
        ("address", "eth0 FD00::0:2/64", "eth0 fd00::2/64"),
        ("route", "0.0.0.0/0 dev eth0 via 10.1.0.1", "default via 10.1.0.1 dev eth0"),
        ("route", "::/0 via fd00::1", "inet6 default via fd00::1"),
        ("route", "inet6 default via fe80::1 dev eth0 metric 1024", "inet6 default via fe80::1 dev eth0"),
        ("route", "10.1.0.9 dev eth0 table main", "10.1.0.9/32 dev eth0"),
        ("route", "10.1.3.4/16 dev eth0 table 255", "10.1.0.0/16 dev eth0 table local"),
        ("sysctl", "net.ipv4.conf.eth0/100.rp_filter", "net/ipv4/conf/eth0.100/rp_filter"),
        ("fdb", "vxlan0 AA:BB:CC:DD:EE:FF dst 10.0.0.1", "vxlan0 aa:bb:cc:dd:ee:ff dst 10.0.0.1"),
        (
            "rule",
            "iptables nat X: --protocol tcp --source 10.0.0.1 --jump ACCEPT",
            "iptables nat X: -s 10.0.0.1/32 -p tcp -j ACCEPT",
        ),
    ],
)
def test_a_key_may_be_spelled_as_people_do(section: str, written: str, key: str):
    """What means the same is found, however it is written."""
    loaded = load(f"version: 1\nnode:\n  {section}: ['{written}']")
    assert [one.key for one in loaded.state.of_kind(NODE, section)] == [key]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.yaml:1:1: the file is empty; it begins with 'version: 1'"),
        ("node: {}", "f.yaml:1:1: there is no version; write 'version: 1'"),
        ("version: 2", "f.yaml:1:10: version is 2; this program knows 1"),
        ("version: 1\nnodes: {}", "f.yaml:2:1: unknown key 'nodes'; known are version, complete"),
        ("version: 1\nnode:\n  links: {}", "f.yaml:3:3: unknown section 'links' of node; known are link,"),
        ("version: 1\nnode: [link]", "f.yaml:2:7: node: expected a mapping, found a list"),
        (
            "version: 1\nnode:\n  link:\n    eth0: {mtuu: 5}",
            "f.yaml:4:12: unknown fact 'mtuu' of link 'eth0'; known are kind, mac, mtu",
        ),
        (
            "version: 1\nnode:\n  link:\n    eth0: {mtu: big}",
            "f.yaml:4:17: mtu of link 'eth0': expected a whole number, found 'big'",
        ),
        (
            "version: 1\nnode:\n  link:\n    eth0: {mtu: 1:30}",
            "f.yaml:4:17: mtu of link 'eth0': expected a whole number, found '1:30'",
        ),
        (
            "version: 1\nnode:\n  link:\n    eth0: {up: 1}",
            "f.yaml:4:16: up of link 'eth0': expected true or false, found '1'",
        ),
        ("version: 1\nnode: {link: {eth0: up}}", "f.yaml:2:21: link 'eth0': expected facts, found 'up'"),
        (
            "version: 1\nnode: {chain: {nft inet t c: {rules: x}}}",
            "f.yaml:2:38: rules of chain 'nft inet t c': expected a list of texts, found 'x'",
        ),
        (
            "version: 1\nnode: {chain: {iptables nat c: [-s]}}",
            "f.yaml:2:32: chain 'iptables nat c': option -s has no argument",
        ),
        (
            "version: 1\nnode: {address: {eth0: {}}}",
            "f.yaml:2:18: address 'eth0': write it as LINK ADDRESS/LENGTH",
        ),
        (
            "version: 1\nnode: {address: [eth0 1.2.3/8]}",
            "f.yaml:2:18: address 'eth0 1.2.3/8': invalid CIDR address",
        ),
        (
            "version: 1\nnode: {route: [default dev]}",
            "f.yaml:2:16: route 'default dev': write a route as [inet6]",
        ),
        ("version: 1\nnode: {link: {a: {}, a: {}}}", "f.yaml:2:22: link: 'a' is there twice"),
        (
            "version: 1\nnode: {route: [1.2.3.4, 1.2.3.4/32]}",
            "f.yaml:2:25: route '1.2.3.4/32' is there twice",
        ),
        (
            "version: 1\nnode: {link: {a: {absent: true, mtu: 5}}}",
            "f.yaml:2:18: link 'a' is to be absent and has",
        ),
        ("version: 1\npods: {a: {netns: x}, x: {}}", "f.yaml:2:23: pod 'x' has the same place as another"),
        ("version: 1\nnode: {link: {a: &x {mtu: 1}}\n", "f.yaml:3:1: did not find expected ',' or '}'"),
        ("version: 1\nunseen: [{place: c1, what: link, reason: x}]", "f.yaml:2:10: there is no pod 'c1'"),
        (f"version: {'9' * 5000}", "f.yaml:1:10: version: a number of 5000 digits"),
        (
            f"version: 1\nnode: {{link: {{a: {{mtu: {'9' * 5000}}}}}}}",
            "f.yaml:2:24: mtu of link 'a': a number of",
        ),
        ('version: 1\nnode: {file: ["/a\\0"]}', "f.yaml:2:15: file '/a\\x00': write an absolute path"),
        ('version: 1\npods: {a: {netns: "/a\\0"}}', "f.yaml:2:8: pod 'a': no path has a NUL character in it"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, message: str):
    """A misspelt section or fact is an error, not something that is silently not compared."""
    with pytest.raises(SnapshotError) as caught:
        load(text, "f.yaml")
    assert str(caught.value).startswith(message)


def test_what_is_expected():
    """`exact`, `absent` and facts left out are for states that somebody expects."""
    text = "version: 1\nnode:\n  link: {exact: true, cni0: , cni1: {absent: true}}\n  file: [/x]"
    loaded = load(text)
    assert not loaded.whole
    assert loaded.exact == {(NODE, "link")}
    assert loaded.absent == ((NODE, "link", "cni1"),)
    assert [str(one.entity.key) for one in loaded.expectations()] == ["cni0", "/x", "cni1"]
    assert [one.absent for one in loaded.expectations()] == [False, False, True]


def test_a_link_may_be_called_exact():
    """The mark is a truth value; a link has facts."""
    loaded = load("version: 1\nnode: {link: {exact: {mtu: 1500}}}")
    assert loaded.state.find(NODE, "link", "exact") == Entity("link", "exact", {"mtu": 1500})
    assert not loaded.exact


def test_pods_move():
    """A scenario's file names pods; where their namespaces are is known when it runs."""
    loaded = load("version: 1\npods: {c1: {link: {exact: true, eth0: {}, eth1: {absent: true}}}}")
    moved = loaded.placed({"c1": "/run/netns/x"})
    assert moved.state.find("/run/netns/x", "link", "eth0") is not None
    assert moved.exact == {("/run/netns/x", "link")}
    assert moved.absent == (("/run/netns/x", "link", "eth1"),)
    assert moved.name_of("/run/netns/x") == "c1"
    assert moved.by_name() == loaded


def test_a_snapshot_that_did_not_see_all_is_not_complete():
    """Nothing calls it so; what is neither in it nor unseen is not there all the same."""
    unseen = Unseen(NODE, "chain ip6tables", "no such program")
    taken = Snapshot(State(), unseen=(unseen,))
    assert not taken.complete
    assert dump(taken).startswith("version: 1\ncomplete: false\nunseen:\n- {place: node, ")
    again = load(dump(taken))
    assert (again.complete, again.unseen) == (False, (unseen,))
    assert again.tells_all_of(NODE, "link")
    assert not load("version: 1\ncomplete: false\n").tells_all_of(NODE, "link")


def test_unseen_covers_what_its_words_begin():
    """What could not be read is a kind in a place, or those of its keys with the same first words."""
    unseen = Unseen(NODE, "chain ip6tables", "no such program")
    assert unseen.covers(NODE, Entity("chain", "ip6tables nat OUTPUT"))
    assert not unseen.covers(NODE, Entity("chain", "ip6tables-legacy nat OUTPUT"))
    assert not unseen.covers("c1", Entity("chain", "ip6tables nat OUTPUT"))
    assert Unseen(NODE, "chain", "").covers(NODE, Entity("chain", "iptables nat OUTPUT"))
    directory = Unseen(NODE, "file /var/lib/cni/networks", "permission denied")
    assert directory.covers(NODE, Entity("file", "/var/lib/cni/networks/n/lock"))
    assert directory.covers(NODE, Entity("reservation", "/var/lib/cni/networks/n/10.1.0.2"))
    assert directory.covers(NODE, Entity("holder", "/var/lib/cni/networks/n c1 eth0"))
    assert not directory.covers(NODE, Entity("file", "/var/lib/cni/networks-2"))
    assert Unseen(NODE, EVERYTHING, "").covers(NODE, Entity("link", "eth0"))


FUNCTIONS: dict[str, Any] = {
    **{kind: getattr(entities, kind, None) for kind in KINDS},
    "vlan": entities.bridge_vlan,
    "class": entities.traffic_class,
    "filter": entities.traffic_filter,
}
IN_THE_KEY = {
    "route": {"device", "gateway"},
    "policy": {"source", "destination", "mark"},
    "fdb": {"destination"},
}
TYPES = {"str": str, "int": int, "bool": bool, "Address": str, "Sequence[str]": tuple}


@pytest.mark.parametrize("kind", KINDS)
def test_every_fact_of_a_kind_is_known(kind: str):
    """`KINDS` and the function that makes such entities name the same facts, of the same types."""
    parameters = inspect.signature(FUNCTIONS[kind]).parameters
    names = {"container_id": "container"}
    stated = {
        names.get(name, name): TYPES[one.annotation.removesuffix(" | None")]
        for name, one in parameters.items()
        if one.annotation.endswith(" | None") and name not in IN_THE_KEY.get(kind, ())
    }
    assert stated == KINDS[kind].facts


def test_numbers_of_a_name_count_as_numbers():
    """However many digits they have, and with a zero before them."""
    names = ["eth10", "eth2", f"eth{'9' * 5000}", "eth02a", "eth", "eth2b"]
    ordered = ["eth", "eth2", "eth02a", "eth2b", "eth10", f"eth{'9' * 5000}"]
    assert sorted(names, key=natural) == ordered
