"""ipMasq of bridge and ptp: what leaves a container's network leaves with the node's address.

Chains, rules and comments are those of the Go plugins, so that either implementation deletes
what the other made.
"""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.netfilter import backend, nft
from cnictl.netfilter.iptables import Listing, Tables, Transaction, Wanted, drop_chain, may_have, usable
from cnictl.netfilter.nft import NftError
from cnictl.netfilter.program import Missing, NetfilterError
from cnictl.netfilter.rule import Rule, parse
from cnictl.plugin import interface
from cnictl.plugin.cleanup import Failures
from cnictl.spec.address import Prefix
from cnictl.spec.digest import digest
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CnictlError, CniError
from cnictl.spec.keys import Config, boolean, optional_string
from cnictl.spec.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.netfilter.iptables import Version
    from cnictl.plugin.request import Request
    from cnictl.spec.result import IPConfig

CHAIN_PREFIX = "CNI-"
VERSIONS: tuple[Version, ...] = (4, 6)
MULTICAST: dict[int, str] = {4: "224.0.0.0/4", 6: "ff00::/8"}

FAMILY, TABLE, CHECKS, BASE = "inet", "cni_plugins_masquerade", "masq_checks", "postrouting"
TABLE_COMMENT = "Masquerading for plugins from github.com/containernetworking/plugins"
CHECKS_COMMENT = "Masquerade traffic from certain IPs to any (non-multicast) IP outside their subnet"
BASE_RULES = (f"ip daddr {MULTICAST[4]} return", f"ip6 daddr {MULTICAST[6]} return", f"goto {CHECKS}")


class MasqueradeConfig(Config):
    """Keys of the plugins that can masquerade."""

    ip_masq = boolean("ipMasq", text="masquerade what leaves the container's network")
    ip_masq_backend = optional_string(
        "ipMasqBackend",
        since="1.6.0",
        choices=backend.NAMES,
        text="what masquerades; iptables when absent, unless only nftables can be used",
    )

    def check_backend(self) -> None:
        """Raise CniError 7 for a backend that there is not, before anything is made."""
        if self.ip_masq and self.ip_masq_backend not in (None, *backend.NAMES):
            raise CniError(
                INVALID_NETWORK_CONFIG,
                f"unknown ipmasq backend {go_quote(self.ip_masq_backend or '')}",
                'key "ipMasqBackend" may be "iptables" or "nftables"; leave it out to have one chosen',
            )


def chain_name(network: str, container_id: str) -> str:
    """The iptables chain of a container in a network, one for all of its interfaces there."""
    return digest(network + container_id, 28, CHAIN_PREFIX)


def rule_comment(network: str, container_id: str) -> str:
    """The comment of a container's iptables rules."""
    return f"name: {go_quote(network)} id: {go_quote(container_id)}"


def nft_comment(network: str, ifname: str, container_id: str) -> str:
    """The comment of an attachment's nftables rules; up to the first comma it identifies them."""
    text = ", ".join(
        (
            f"{digest(network, 16)}-{digest(f'{ifname}:{container_id}', 16)}",
            f"net: {network}",
            f"if: {ifname}",
            f"id: {container_id}",
        )
    )
    return text.replace('"', "").encode()[: nft.COMMENT_LIMIT].decode(errors="ignore")


def setup(request: Request, config: MasqueradeConfig, ips: Sequence[IPConfig], overlay: str = "") -> None:
    """Masquerade what the addresses send beyond their networks; taken back when the request fails.

    `overlay` names a link behind which the network goes on: what leaves through it stays as it is.
    Raises NetfilterError, and CniError for a backend that there is not.
    """
    config.check_backend()
    prefixes = [ip.address for ip in ips]
    request.undo.push(teardown, request, prefixes)
    if config.ip_masq_backend is None:
        backend.default(
            lambda: _setup_iptables(request, prefixes, overlay),
            lambda: _setup_nftables(request, prefixes, overlay),
        )
    elif config.ip_masq_backend == backend.IPTABLES:
        _setup_iptables(request, prefixes, overlay)
    else:
        _setup_nftables(request, prefixes, overlay)
    request.log.info("masqueraded", addresses=",".join(map(str, prefixes)))


def teardown_interface(request: Request) -> None:
    """Remove the attachment's masquerading for DEL: that of the addresses that its interface still has.

    The interface is better deleted afterwards: the kernel releases what was removed while it takes
    that apart, and `closed_together` waits for both at once.
    """
    addresses: list[Prefix] = []
    with Failures() as each:
        each.run(lambda: addresses.extend(interface.container_addresses(request)))
        each.run(teardown, request, addresses)


def teardown(request: Request, addresses: Sequence[Prefix] = ()) -> None:
    """Remove the attachment's masquerading, whichever backend made it; nothing there is a success.

    `addresses` are those its interface had.  Without any, as when the netns is gone, all that the
    container has in the network is removed, found by chain and comment.  What a backend that
    cannot be used here fails with is no error.
    """
    identity = nft_comment(request.network, request.ifname, request.container_id).partition(",")[0]
    with Failures() as each:
        for version in VERSIONS:
            own = [prefix for prefix in addresses if prefix.version == version]
            if own or not addresses:
                each.run(_tolerant_iptables, version, _Release(request, own))
        each.run(_tolerant_nftables, lambda comment: comment.startswith(identity))


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    """Remove the masquerading of this network's attachments that are not among the valid ones."""
    network = request.network
    ours = digest(network, 16) + "-"
    comments = {nft_comment(network, ifname, container_id) for container_id, ifname in valid}
    collect = _Collect(network, {container_id for container_id, _ in valid})
    with Failures() as each:
        for version in VERSIONS:
            each.run(_tolerant_iptables, version, collect)
        each.run(_tolerant_nftables, lambda comment: comment.startswith(ours) and comment not in comments)


def declare(
    request: Request, config: MasqueradeConfig, ips: Sequence[IPConfig], overlay: str = ""
) -> list[Expectation]:
    """What must be there of the rules that `setup` makes."""
    prefixes = [ip.address for ip in ips]
    if _backend_in_use(request, config) == backend.NFTABLES:
        tool = f"nft {FAMILY}"
        comment = nft_comment(request.network, request.ifname, request.container_id)
        texts = [f'{_nft_rule(prefix, overlay)} comment "{comment}"' for prefix in prefixes]
        found = [entities.chain(tool, TABLE, BASE, BASE_RULES)]
        found += [entities.rule(tool, TABLE, CHECKS, text) for text in texts]
    else:
        found = [
            entities.rule("iptables" if version == 4 else "ip6tables", "nat", rule.chain, rule.text)
            for version in VERSIONS
            for rule in _iptables_rules(request, [one for one in prefixes if one.version == version], overlay)
        ]
    return [Expectation(NODE, entity) for entity in found]


def _backend_in_use(request: Request, config: MasqueradeConfig) -> str:
    """The backend asked for, or that which surely has a chain, or that which would be chosen."""
    if config.ip_masq_backend is not None:
        return config.ip_masq_backend
    chain = chain_name(request.network, request.container_id)
    if any(nft.has_chain(family, "nat", chain) for family in ("ip", "ip6")):
        return backend.IPTABLES
    return backend.probe()


def _iptables_rules(request: Request, prefixes: Sequence[Prefix], overlay: str = "") -> list[Rule]:
    """The rules for addresses of one family, in the order in which the Go plugins make them."""
    chain = chain_name(request.network, request.container_id)
    comment = ("-m", "comment", "--comment", rule_comment(request.network, request.container_id))
    rules = [Rule(chain, "-o", overlay, "-j", "ACCEPT", *comment)] if overlay and prefixes else []
    for prefix in prefixes:
        rules += (
            Rule(chain, "-d", str(prefix), "-j", "ACCEPT", *comment),
            Rule(chain, "!", "-d", MULTICAST[prefix.version], "-j", "MASQUERADE", *comment),
            Rule("POSTROUTING", "-s", str(prefix.address), "-j", chain, *comment),
        )
    return list(dict.fromkeys(rules))


def _setup_iptables(request: Request, prefixes: Sequence[Prefix], overlay: str) -> None:
    for version in VERSIONS:
        own = [prefix for prefix in prefixes if prefix.version == version]
        rules = _iptables_rules(request, own, overlay)
        if not rules:
            continue
        wanted = Wanted("nat")
        wanted.chain(chain_name(request.network, request.container_id))
        for rule in rules:
            wanted.append(rule)
        try:
            tables = Tables(version)
        except Missing as e:
            raise NetfilterError(f"failed to locate iptables: {e}", hint=e.hint) from None
        tables.ensure(wanted)


def _nft_rule(prefix: Prefix, overlay: str = "") -> str:
    family = "ip" if prefix.version == 4 else "ip6"
    beyond = f'oifname != "{overlay}" ' if overlay else ""
    return f"{beyond}{family} saddr {prefix.address} {family} daddr != {prefix.network} masquerade"


def _setup_nftables(request: Request, prefixes: Sequence[Prefix], overlay: str) -> None:
    comment = nft_comment(request.network, request.ifname, request.container_id)
    table, checks, base = f"{FAMILY} {TABLE}", f"{FAMILY} {TABLE} {CHECKS}", f"{FAMILY} {TABLE} {BASE}"
    head = [
        f'add table {table} {{ comment "{TABLE_COMMENT}" ; }}',
        f'add chain {checks} {{ comment "{CHECKS_COMMENT}" ; }}',
        f"add chain {base} {{ type nat hook postrouting priority 100 ; }}",
        f"flush chain {base}",
        *(f"add rule {base} {text}" for text in BASE_RULES),
    ]
    tail = [f'add rule {checks} {_nft_rule(prefix, overlay)} comment "{comment}"' for prefix in prefixes]
    identity = comment.partition(",")[0]
    for attempt in range(nft.ATTEMPTS):
        stale = [one for one in nft.rules(FAMILY, TABLE, CHECKS) if one.comment.startswith(identity)]
        removals = [f"delete rule {checks} handle {one.number}" for one in stale]
        try:
            nft.apply("\n".join((*head, *removals, *tail, "")))
        except NftError as e:
            # Somebody else may have removed a stale rule meanwhile.
            if not (stale and e.not_found) or attempt == nft.ATTEMPTS - 1:
                raise
        else:
            return


class _Release:
    """Removes what one container has in a network, or of it what belongs to some addresses."""

    def __init__(self, request: Request, own: Sequence[Prefix]) -> None:
        self._chain = chain_name(request.network, request.container_id)
        self._jumps = [rule for rule in _iptables_rules(request, own) if rule.chain == "POSTROUTING"]
        # Long ago the Go plugins matched the whole network.
        self._sources = {str(source) for one in own for source in (Prefix.host(one.address), one.network)}

    def __call__(self, tables: Tables) -> None:
        if may_have(self._chain, "nat", tables.version):
            tables.remove_chain("nat", self._chain, self._jumps, only=self._is_own)

    def _is_own(self, rule: Rule) -> bool:
        return not self._sources or rule.value("-s") in self._sources


class _Collect:
    """Removes what the containers of a network have left behind."""

    def __init__(self, network: str, valid: set[str]) -> None:
        self._network = network
        self._valid = valid

    def __call__(self, tables: Tables) -> None:
        tables.converge("nat", self._decide)

    def _decide(self, listing: Listing, transaction: Transaction) -> None:
        for chain in listing.user_chains():
            if chain.startswith(CHAIN_PREFIX) and self._is_garbage(listing, chain):
                drop_chain(listing, transaction, chain)

    def _is_garbage(self, listing: Listing, chain: str) -> bool:
        """Whether a rule in the chain or to it says whose it is, and that one is gone.

        The name of the chain must agree: a comment alone anybody may write.
        """
        before = rule_comment(self._network, "").removesuffix('"')
        for line in (*listing.lines.get(chain, ()), *listing.going_to(chain)):
            comment = parse(line).comment
            if comment.startswith(before):
                container_id = comment[len(before) :].removesuffix('"')
                if chain_name(self._network, container_id) == chain:
                    return container_id not in self._valid
        return False


def _tolerant_iptables(version: Version, work: _Release | _Collect) -> None:
    try:
        work(Tables(version))
    except CnictlError:
        if usable(version):
            raise


def _tolerant_nftables(mine: nft.CommentTest) -> None:
    try:
        nft.remove(FAMILY, TABLE, CHECKS, mine)
    except CnictlError:
        if nft.usable():
            raise
