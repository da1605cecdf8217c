"""firewall with iptables: chains and rules of table `filter` as the Go plugin has them.

FORWARD leads to CNI-FORWARD, which first asks the administrator's chain and then accepts what
containers send and the answers to it.  Ingress policies drop before that, in two stages: what
comes from a bridge and goes elsewhere is looked at again, and dropped if that is such a bridge too.
"""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.netfilter import nft
from cnictl.netfilter.channel import closed_together
from cnictl.netfilter.index import Index
from cnictl.netfilter.iptables import FAMILIES, PROGRAMS, Tables, Wanted, may_be_legacy, usable
from cnictl.netfilter.lock import Lock
from cnictl.netfilter.program import Missing, NetfilterError
from cnictl.netfilter.rule import Rule
from cnictl.plugin.cleanup import Failures
from cnictl.spec.address import Prefix
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError

from .firewall_config import FORWARD, ISOLATED, SAME_BRIDGE, STAGE_1, STAGE_2

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnictl.netfilter.iptables import Version
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Address

    from .firewall_config import FirewallConfig

TABLE = "filter"
VERSIONS: tuple[Version, ...] = (4, 6)
_COMMENT = ("-m", "comment", "--comment")
_RULES = "CNI firewall plugin rules"
_FOR_ALL = (*_COMMENT, f"{_RULES} (ingressPolicy: {SAME_BRIDGE}|{ISOLATED})")


class Plan:
    """What there should be: the addresses to accept, and the bridge that the ingress policy is about."""

    __slots__ = ("accepted", "addresses", "bridge", "config")

    def __init__(
        self, config: FirewallConfig, addresses: Sequence[Address], bridge: str, *, accept: bool
    ) -> None:
        self.config = config
        self.addresses = addresses
        self.bridge = bridge
        self.accepted = addresses if accept else ()

    def wanted(self) -> dict[Version, Wanted]:
        """Chains and rules of each family, in the order in which the Go plugin makes them.

        Raises CniError for names that cannot be part of a rule.
        """
        return {
            version: self._wanted(version)
            for version in VERSIONS
            if (self.accepted or self.bridge) and any(one.version == version for one in self.addresses)
        }

    def _wanted(self, version: Version) -> Wanted:
        wanted = Wanted(TABLE)
        own = [one for one in self.accepted if one.version == version]
        try:
            if own:
                self._accept(wanted, own)
            if self.bridge:
                self._isolate(wanted)
            # What a policy drops must not be accepted before, wherever the policy came from.
            wanted.first(Rule("FORWARD", "-j", STAGE_1, *_FOR_ALL))
        except ValueError as error:
            raise CniError(INVALID_NETWORK_CONFIG, str(error)) from None
        return wanted

    def _accept(self, wanted: Wanted, addresses: Iterable[Address]) -> None:
        admin = self.config.override_chain
        wanted.chain(FORWARD, shared=True)
        wanted.chain(admin, shared=True)
        wanted.insert(Rule("FORWARD", *_COMMENT, _RULES, "-j", FORWARD), shared=True)
        overrides = "CNI firewall plugin admin overrides"
        wanted.insert(Rule(FORWARD, *_COMMENT, overrides, "-j", admin), shared=True)
        for address in addresses:
            for rule in own_rules(address):
                wanted.append(rule)

    def _isolate(self, wanted: Wanted) -> None:
        bridge, policy = self.bridge, self.config.policy
        for_one = (*_COMMENT, f"{_RULES} (ingressPolicy: {policy})")
        for chain in (STAGE_1, STAGE_2):
            wanted.chain(chain, shared=True)
        wanted.insert(Rule("FORWARD", "-j", STAGE_1, *_FOR_ALL), shared=True)
        wanted.insert(Rule(STAGE_1, "-i", bridge, "!", "-o", bridge, "-j", STAGE_2, *for_one), shared=True)
        if policy == ISOLATED:
            wanted.insert(Rule(STAGE_1, "-i", bridge, "-o", bridge, "-j", "DROP", *for_one), shared=True)
        wanted.append(Rule(STAGE_1, "-j", "RETURN", *_FOR_ALL), shared=True)
        wanted.insert(Rule(STAGE_2, "-o", bridge, "-j", "DROP", *_FOR_ALL), shared=True)
        wanted.append(Rule(STAGE_2, "-j", "RETURN", *_FOR_ALL), shared=True)


def own_rules(address: Address) -> tuple[Rule, Rule]:
    """The rules of one address of a container: for the answers to it, and for what it sends."""
    host = str(Prefix.host(address))
    answers = ("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED")
    return (
        Rule(FORWARD, "-d", host, *answers, "-j", "ACCEPT"),
        Rule(FORWARD, "-s", host, "-j", "ACCEPT"),
    )


def open_tables() -> dict[Version, Tables]:
    """The tables of both families; raises NetfilterError where a program is missing, in Go's words."""
    return {version: _open(version) for version in VERSIONS}


def require() -> None:
    """Raise NetfilterError where `setup` could not work."""
    open_tables()
    if not usable():
        raise NetfilterError("iptables cannot be used here", hint="see what iptables -t filter -S says")


def setup(request: Request, plan: Plan) -> None:
    """Make what is planned; what is not shared is taken back when the request fails.

    Raises NetfilterError and CniError.
    """
    wanted = plan.wanted()
    if not wanted:
        return
    tables = open_tables()
    for version, each in wanted.items():
        own = [one for one in plan.accepted if one.version == version]
        _setup(request, tables[version], each, own)


def teardown(request: Request, addresses: Sequence[Address]) -> None:
    """Remove the rules of addresses, however often they are there; what is shared stays for others.

    Whether there are any is asked of the kernel first, so that it costs next to nothing where there
    are none.  Raises NetfilterError for rules that are there, or may be, and cannot be removed.
    """
    with Failures() as each, closed_together():
        for version in VERSIONS:
            each.run(_teardown, request, version, [one for one in addresses if one.version == version])


def declare(plan: Plan) -> list[Expectation]:
    """What must be there of that which `setup` makes."""
    expected = []
    for version, wanted in plan.wanted().items():
        tool = PROGRAMS[version]
        for kind, what, _ in wanted.steps:
            if kind == "first":
                continue
            if isinstance(what, Rule):
                expected.append(entities.rule(tool, TABLE, what.chain, what.text))
            else:
                expected.append(entities.chain(tool, TABLE, what))
    return [Expectation(NODE, entity) for entity in expected]


def _open(version: Version) -> Tables:
    try:
        return Tables(version)
    except Missing as error:
        raise NetfilterError(
            f"could not initialize iptables protocol {VERSIONS.index(version)}: {error}", hint=error.hint
        ) from None


def _setup(request: Request, tables: Tables, wanted: Wanted, addresses: Sequence[Address]) -> None:
    made = tables.ensure(wanted, lambda: _are_new(tables.version, addresses)).lines
    own = [rule for one in addresses for rule in own_rules(one) if rule.command("-A") in made]
    if own:
        request.undo.push(tables.remove_rules, TABLE, own)
    request.log.info("let through", program=tables.program, addresses=",".join(map(str, addresses)))


def _teardown(request: Request, version: Version, addresses: Sequence[Address]) -> None:
    found = _let_through(version, addresses)
    if not found:
        return
    tables = _open(version)
    rules = {address: own_rules(address) for address in found}
    each = [rule for several in rules.values() for rule in several]
    as_made = all(count == len(rules[address]) for address, count in found.items())
    if not (as_made and _remove(tables, each, found)):
        tables.remove_rules(TABLE, each)
    request.log.info("removed rules", program=tables.program, addresses=",".join(map(str, found)))


def _remove(tables: Tables, rules: Sequence[Rule], addresses: Iterable[Address]) -> bool:
    """Remove the rules of addresses if they are as ADD makes them, and from the index of a long chain."""
    version = tables.version
    if may_be_legacy(TABLE, version) or not _index(version).worthwhile:
        return tables.remove(TABLE, rules)
    with Lock():
        _index(version).expect(-len(rules), [one.packed for one in addresses])
        return tables.remove(TABLE, rules)


def _are_new(version: Version, addresses: Sequence[Address]) -> bool:
    """Whether there are no rules of addresses of one family, which are going to be added if so."""
    if not addresses or may_be_legacy(TABLE, version):
        return not addresses
    packed = [one.packed for one in addresses]
    index = _index(version)
    if not index.lacks(packed) and _let_through(version, addresses):
        return False
    index.expect(sum(len(own_rules(one)) for one in addresses), packed)
    return True


def _index(version: Version) -> Index:
    return Index(FAMILIES[version], TABLE, FORWARD)


def _let_through(version: Version, addresses: Sequence[Address]) -> dict[Address, int]:
    """How many rules there may be of addresses of one family, asked without running a program.

    Those without any are left out.  Legacy tables cannot be asked, and may have all that ADD makes.
    """
    if not addresses:
        return {}
    if may_be_legacy(TABLE, version):
        return {one: len(own_rules(one)) for one in addresses}
    counts = nft.compared(FAMILIES[version], TABLE, FORWARD, [one.packed for one in addresses])
    return {one: counts[one.packed] for one in addresses if one.packed in counts}
