"""portmap with iptables: chains and rules of table `nat` as the Go plugins have them.

Packets for the node go through CNI-HOSTPORT-DNAT, where one rule for every 15 ports of a protocol
leads to the container's own chain; that marks what must be masqueraded and changes the destination.
CNI-HOSTPORT-MASQ, early in POSTROUTING, masquerades what is marked.
"""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.netfilter import nft
from cnictl.netfilter.iptables import PROGRAMS, Tables, Wanted, drop_chain, may_have, usable
from cnictl.netfilter.program import Missing, NetfilterError
from cnictl.netfilter.rule import Rule, parse
from cnictl.netfilter.spelling import COMMENT_LIMIT
from cnictl.plugin.cleanup import Failures
from cnictl.spec.digest import digest
from cnictl.spec.errors import INTERNAL, INVALID_NETWORK_CONFIG, CniError

from .portmap_config import VERSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.netfilter.iptables import Listing, Transaction, Version
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Prefix

    from .portmap_config import PortmapConfig, PortMapping

TABLE = "nat"
DNAT, SETMARK, MASQ = "CNI-HOSTPORT-DNAT", "CNI-HOSTPORT-SETMARK", "CNI-HOSTPORT-MASQ"
OWN, LEGACY = "CNI-DN-", "CNI-SN-"
"""What the names of a container's chains begin with: that of today, and that of plugins before 0.7."""
NAME_LENGTH = 28  # XT_EXTENSION_MAXNAMELEN, linux/netfilter/x_tables.h, less a zero
PORTS_OF_A_RULE = 15  # XT_MULTI_PORTS, linux/netfilter/xt_multiport.h


def chain_name(network: str, container_id: str, prefix: str = OWN) -> str:
    """The chain of a container in a network, one for all of its interfaces there."""
    return digest(network + container_id, NAME_LENGTH, prefix)


def setup(request: Request, config: PortmapConfig, addresses: dict[Version, Prefix]) -> None:
    """Forward the ports to the container's addresses; taken back when the request fails.

    Raises NetfilterError, and CniError for conditions that cannot be part of a rule.
    """
    chain = chain_name(request.network, request.container_id)
    for version, address in addresses.items():
        try:
            tables = Tables(version)
        except Missing as error:
            raise NetfilterError(f"failed to open iptables: {error}", hint=error.hint) from None
        try:
            made = tables.ensure(_wanted(request, config, version, address))
        except NetfilterError as error:
            raise NetfilterError(f"unable to setup DNAT: {error}", hint=error.hint) from None
        request.undo.push(_take_back, tables, chain, made)
        request.log.info("forwarded ports", backend=tables.program, chain=chain, to=address.address)


def teardown(request: Request, config: PortmapConfig) -> None:
    """Remove the container's chains and what leads to them, of both families.

    Whether there are any is asked of the kernel first, so that it costs next to nothing where there
    are none.  Raises NetfilterError for chains that are there and cannot be removed, or when they may
    be there and no program can be used to look.
    """
    unusable: dict[Version, NetfilterError] = {}
    with Failures() as each:
        for version in VERSIONS:
            each.run(_teardown, request, config, version, unusable)
        if len(unusable) == len(VERSIONS):
            raise NetfilterError(
                "neither iptables nor ip6tables is usable,"
                f" (iptables) {unusable[4]}, (ip6tables) {unusable[6]}",
                hint=unusable[4].hint,
            )


def gc(request: Request, valid: set[str]) -> None:
    """Remove the chains of this network's containers that are not among the valid ones."""
    with Failures() as each:
        for version in VERSIONS:
            if may_have(DNAT, TABLE, version):
                each.run(_collect, request, version, valid)


def declare(request: Request, config: PortmapConfig, addresses: dict[Version, Prefix]) -> list[Expectation]:
    """What must be there of that which `setup` makes: the shared rules, and all of the container's."""
    chain = chain_name(request.network, request.container_id)
    expected = []
    for version, address in addresses.items():
        tool = PROGRAMS[version]
        wanted = _wanted(request, config, version, address)
        rules = [what for _, what, _ in wanted.steps if isinstance(what, Rule)]
        expected += [
            entities.rule(tool, TABLE, rule.chain, rule.text) for rule in rules if rule.chain != chain
        ]
        expected.append(
            entities.chain(tool, TABLE, chain, [rule.text for rule in rules if rule.chain == chain])
        )
    return [Expectation(NODE, entity) for entity in expected]


def has_chain(request: Request) -> bool:
    """Whether a container surely has a chain, in the nft variant of iptables."""
    chain = chain_name(request.network, request.container_id)
    return nft.has_chain("ip", TABLE, chain) or nft.has_chain("ip6", TABLE, chain)


def _wanted(request: Request, config: PortmapConfig, version: Version, address: Prefix) -> Wanted:
    """Chains and rules of one family, in the order in which the Go plugins make them."""
    chain = chain_name(request.network, request.container_id)
    wanted = Wanted(TABLE)
    if config.snat and config.external_set_mark_chain is None:
        comment = ("-m", "comment", "--comment")
        wanted.chain(SETMARK, shared=True)
        wanted.append(
            Rule(SETMARK, *comment, "CNI portfwd masquerade mark", "-j", "MARK", "--set-xmark", config.mark),
            shared=True,
        )
        wanted.chain(MASQ, shared=True)
        wanted.append(Rule(MASQ, "-m", "mark", "--mark", config.mark, "-j", "MASQUERADE"), shared=True)
        # In front, because ipMasq of bridge and ptp would accept what goes to the container's network.
        wanted.insert(
            Rule("POSTROUTING", *comment, "CNI portfwd requiring masquerade", "-j", MASQ), shared=True
        )
    wanted.chain(DNAT, shared=True)
    for entry in ("PREROUTING", "OUTPUT"):
        wanted.append(Rule(entry, "-m", "addrtype", "--dst-type", "LOCAL", "-j", DNAT), shared=True)
    wanted.chain(chain)
    try:
        for mapping in config.port_mappings:
            for rule in _rules(config, mapping, chain, version, address):
                wanted.append(rule)
        for rule in _dispatch(request, config, version):
            wanted.append(rule)
    except ValueError as error:
        raise CniError(INVALID_NETWORK_CONFIG, f"unable to setup DNAT: {error}") from None
    return wanted


def _rules(
    config: PortmapConfig, mapping: PortMapping, chain: str, version: Version, address: Prefix
) -> Iterator[Rule]:
    """The rules of one mapping in the container's chain."""
    destination = mapping.destination(version)
    if destination is None:
        return
    base = ["-p", mapping.protocol, "--dport", str(mapping.host_port)]
    if destination:
        base += ["-d", destination]
    mark = SETMARK if config.external_set_mark_chain is None else config.external_set_mark_chain
    for source in config.masqueraded(version, str(address)):
        yield Rule(chain, *base, "-s", source, "-j", mark)
    ip = str(address.address)
    target = f"{ip if version == 4 else f'[{ip}]'}:{mapping.container_port}"
    yield Rule(chain, *base, "-j", "DNAT", "--to-destination", target)


def _dispatch(request: Request, config: PortmapConfig, version: Version) -> Iterator[Rule]:
    """The rules that lead to the container's chain: of either family they name the ports of both."""
    comment = f'dnat name: "{request.network}" id: "{request.container_id}"'
    if len(comment) > COMMENT_LIMIT:
        comment = comment[: COMMENT_LIMIT - 2] + "..."
    ports: dict[str, list[str]] = {}
    for mapping in config.port_mappings:
        ports.setdefault(mapping.protocol, []).append(str(mapping.host_port))
    for protocol in sorted(ports):
        for start in range(0, len(ports[protocol]), PORTS_OF_A_RULE):
            some = ",".join(ports[protocol][start : start + PORTS_OF_A_RULE])
            words = ["-m", "comment", "--comment", comment, "-m", "multiport", "-p", protocol]
            words += ["--destination-ports", some, *config.conditions(version)]
            yield Rule(DNAT, *words, "-j", chain_name(request.network, request.container_id))


def _take_back(tables: Tables, chain: str, made: Transaction) -> None:
    """Undo a transaction, without what is shared: others may rely on that by now.

    The container may have had a chain before, from another interface in the same network.
    """
    back = tables.begin(TABLE)
    for line in reversed(made.lines):
        if line.startswith("-A ") and chain in line:
            back.lines.append("-D" + line[2:])
    if f"-N {chain}" in made.lines:
        back.delete_chain(chain)
    back.commit()


def _teardown(
    request: Request, config: PortmapConfig, version: Version, unusable: dict[Version, NetfilterError]
) -> None:
    chain = chain_name(request.network, request.container_id)
    legacy = chain_name(request.network, request.container_id, LEGACY)
    if not (may_have(chain, TABLE, version) or may_have(legacy, TABLE, version)):
        return
    family = "ip" if version == 4 else "ip6"
    certain = nft.has_chain(family, TABLE, chain)
    try:
        tables = Tables(version)
        if certain and not nft.has_chain(family, TABLE, legacy):
            tables.remove_chain(TABLE, chain, _likely(request, config, version))
        else:
            tables.converge(TABLE, lambda listing, changes: _drop(listing, changes, (chain, legacy)))
    except NetfilterError as error:
        if not certain and not usable(version):
            unusable[version] = error
            return
        raise CniError(INTERNAL, f"could not teardown ipv{version} dnat: {error}", error.hint) from None
    request.log.info("removed chain", program=tables.program, chain=chain)


def _likely(request: Request, config: PortmapConfig, version: Version) -> list[Rule]:
    """The rules that lead to the container's chain if the configuration is that of ADD."""
    try:
        return list(_dispatch(request, config, version))
    except ValueError:
        return []


def _collect(request: Request, version: Version, valid: set[str]) -> None:
    network = request.network
    lead = f'dnat name: "{network}" id: "'
    kept = {chain_name(network, container_id) for container_id in valid}

    def decide(listing: Listing, transaction: Transaction) -> None:
        stale = {}
        for line in listing.lines.get(DNAT, ()):
            rule = parse(line)
            if not rule.comment.startswith(lead) or not rule.target.startswith(OWN) or rule.target in kept:
                continue
            container_id, complete, _ = rule.comment.removeprefix(lead).partition('"')
            # A comment alone anybody may write; the chain must have that name.  A very long one is cut off.
            if not complete or chain_name(network, container_id) == rule.target:
                stale[rule.target] = container_id
        _drop(listing, transaction, stale)
        for chain, container_id in stale.items():
            request.log.info("collecting", chain=chain, container=container_id)

    Tables(version).converge(TABLE, decide)


def _drop(listing: Listing, transaction: Transaction, chains: Iterable[str]) -> None:
    for chain in chains:
        drop_chain(listing, transaction, chain)
