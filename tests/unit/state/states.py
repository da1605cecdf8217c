"""Any state: what hypothesis draws for the tests of this folder."""

from __future__ import annotations

from hypothesis import strategies as st

from cnictl.declare import entities
from cnictl.declare.model import NODE, Entity, State
from cnictl.spec.address import Address, Prefix
from cnictl.state.kinds import views
from cnictl.state.snapshot import Snapshot, Unseen

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
names = st.text(
    st.characters(exclude_categories=["Cs", "Z", "Cc"], exclude_characters="/:"), min_size=1, max_size=15
)
macs = st.binary(min_size=6, max_size=6).map(lambda octets: octets.hex(":"))
addresses = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16)).map(Address)
numbers = st.integers(0, 2**32 - 1)
lists = st.lists(text, max_size=4)
flags = st.none() | st.booleans()


def maybe(strategy: st.SearchStrategy) -> st.SearchStrategy:
    return st.none() | strategy


@st.composite
def prefixes(draw) -> Prefix:
    address = draw(addresses)
    return Prefix(address, draw(st.integers(0, address.bits)))


links = st.builds(
    entities.link,
    names,
    kind=maybe(text),
    mac=maybe(macs),
    mtu=maybe(numbers),
    up=flags,
    master=maybe(text),
    peer=maybe(names),
    hairpin=flags,
    alias=maybe(text),
)
routes = st.builds(
    entities.route,
    prefixes(),
    device=maybe(names),
    gateway=maybe(addresses),
    table=st.integers(1, 2**32 - 1),
    metric=numbers,
    scope=maybe(st.sampled_from(["global", "link"])),
    source=maybe(addresses),
)
policies = st.builds(
    entities.policy,
    st.sampled_from([4, 6]),
    source=maybe(prefixes()),
    mark=st.sampled_from([None, (1, 0xFF)]),
    incoming=st.sampled_from(["", "cni0"]),
    inverted=st.booleans(),
    table=st.integers(0, 2**32 - 1),
    priority=maybe(numbers),
)
qdiscs = st.builds(entities.qdisc, names, kind=maybe(text), rate=maybe(numbers), options=maybe(text))
filters = st.builds(entities.traffic_filter, names, st.just("ffff:"), priority=numbers, actions=maybe(lists))
chains = st.builds(
    entities.chain,
    st.sampled_from(["nft inet", "nft bridge"]),
    names,
    names,
    maybe(lists),
    hook=maybe(text),
    policy=maybe(text),
)
iptables = st.builds(
    entities.chain,
    st.sampled_from(["iptables", "ip6tables"]),
    st.sampled_from(["nat", "filter"]),
    st.just("CNI-1"),
    st.permutations(["-s 10.1.0.2/32 -j ACCEPT", '-m comment --comment "a b  c" -j RETURN', ""]),
)
sysctls = st.builds(
    lambda family, link, name, value: entities.sysctl(f"net/{family}/conf/{link}/{name}", value),
    st.sampled_from(["ipv4", "ipv6"]),
    st.sampled_from(["default", "all", "eth0"]) | names.filter(lambda name: name not in (".", "..")),
    st.sampled_from(["rp_filter", "accept_ra", "exact"]),
    maybe(st.sampled_from(["0", "1", "01", "*", ""]) | text),
)
paths = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12).map(
    lambda name: f"/var/lib/{name}"
)
files = st.builds(entities.file, paths, maybe(text))
attachments = st.builds(
    entities.attachment, names, names, names, netns=maybe(text), plugins=maybe(lists), interfaces=maybe(lists)
)
any_entity = st.one_of(
    links,
    st.builds(entities.address, names, prefixes(), scope=maybe(text)),
    routes,
    policies,
    st.builds(entities.neighbour, names, addresses, mac=maybe(macs)),
    st.builds(entities.fdb, names, macs, vlan=st.integers(0, 4094), destination=maybe(addresses)),
    st.builds(entities.bridge_vlan, names, st.integers(1, 4094), pvid=flags, untagged=flags),
    qdiscs,
    st.builds(entities.traffic_class, names, st.just("1:10"), kind=maybe(text)),
    filters,
    chains,
    iptables,
    st.builds(entities.rule, st.just("nft inet"), names, names, text),
    sysctls,
    files,
    st.builds(
        entities.reservation,
        names.map(lambda name: f"/var/lib/cni/networks/{name}"),
        addresses,
        maybe(names),
        maybe(names),
    ),
    st.builds(entities.holder, st.just("/d"), names, names),
    st.builds(entities.lease, st.just("/run/d.sock"), names, st.just("10.1.0.2/16")),
    attachments,
)


@st.composite
def snapshots(draw) -> Snapshot:
    """A snapshot as `load` may return one: every pod has a name, and a chain's rules are there twice."""
    pods = draw(st.dictionaries(names.filter(lambda name: name != "node"), names, max_size=2))
    pods = {name: f"/run/netns/{number}" for number, name in enumerate(pods)}
    state = State()
    absent: list[tuple[str, str, str]] = []
    for where in [NODE, *pods.values()]:
        state.extend(where, ())
        for entity in draw(st.lists(any_entity, max_size=5)):
            _put(state, where, entity)
        gone = draw(st.none() | any_entity)
        if gone is not None and state.find(where, gone.kind, gone.key) is None:
            absent.append((where, gone.kind, gone.key))
    exact = draw(
        st.frozensets(st.tuples(st.sampled_from([NODE, *pods.values()]), st.sampled_from(["link", "file"])))
    )
    whole = draw(st.booleans())
    a_few = st.lists(st.builds(Unseen, st.sampled_from([NODE, *pods.values()]), text, text), max_size=2)
    unseen = draw(a_few) if whole else []
    return Snapshot(state, pods, whole, exact, tuple(absent), tuple(unseen))


def _put(state: State, where: str, entity: Entity) -> None:
    state.add(where, entity)
    state.extend(where, views(entity))
