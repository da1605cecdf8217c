"""portmap with nftables: tables `ip cni_hostport` and `ip6 cni_hostport` as the Go plugins have them.

Packets for the node go through `hostports_all` to `hostports`, where every mapping has a rule that
changes the destination; `masquerading` has the rules for what must come back through the node.  A
rule's comment is the container id and nothing else: it does not say of which network it is.

That decides what can be removed.  DEL removes all rules of the container, as the Go plugins do,
when the runtime repeats the port mappings and they would be forwarded by nftables; otherwise only
those that lead to an address of prevResult.  GC is told which containers of one network are valid,
and a rule of any other may be of another network: it removes a rule only if its destination is by
now the destination of a valid container.  Such a rule is a leftover whatever network it is of,
since an address is only given again once it is free, and it would steal ports for a container that
never asked for them.
"""

from __future__ import annotations

from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.netfilter import backend, nft, nft_text
from cnictl.netfilter.nft import NftError
from cnictl.netfilter.program import NetfilterError

from .portmap_config import VERSIONS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cnictl.netfilter.iptables import Version
    from cnictl.netfilter.nft_text import Object
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Prefix

    from .portmap_config import PortmapConfig

    Place = tuple[str, str, int]
    """A rule: its family, chain and handle."""

TABLE = "cni_hostport"
HOSTPORTS, HOSTPORTS_ALL, MASQUERADING = "hostports", "hostports_all", "masquerading"
BEFORE_1_9 = "hostip_hostports"
"""Where the Go plugins before 1.9 put mappings with a hostIP; kept so that those go on working."""
HOOKS = ("prerouting", "output")
CHAINS = (HOSTPORTS, BEFORE_1_9, MASQUERADING)
FAMILIES: dict[Version, str] = {4: "ip", 6: "ip6"}


def setup(request: Request, config: PortmapConfig, addresses: dict[Version, Prefix]) -> None:
    """Forward the ports to the container's addresses; taken back when the request fails.

    Raises NetfilterError.
    """
    if not addresses:
        return
    before = set(_of_container(request, addresses))
    _apply(request, config, addresses, before)
    request.undo.push(_take_back, request, list(addresses), before)
    for address in addresses.values():
        request.log.info("forwarded ports", backend="nftables", table=TABLE, to=address.address)


def teardown(request: Request, config: PortmapConfig, addresses: Iterable[Prefix]) -> None:
    """Remove the container's rules; without port mappings for nftables only those that lead to the addresses.

    Whether there are any is asked of the kernel first.  Raises NetfilterError.
    """
    own = {str(one.address) for one in addresses}

    def find() -> list[Place]:
        found = _of_container(request, VERSIONS)
        if not found or _forwards(config):
            return found
        return [place for place, entry in _entries() if place in found and _leads_to(entry) in own]

    try:
        removed = _remove(find)
    except NftError as error:
        raise NetfilterError(f"error deleting nftables rules: {error}") from None
    if removed:
        request.log.info("removed rules", table=TABLE, rules=removed)


def gc(request: Request, valid: set[str]) -> None:
    """Remove rules of other containers that lead to where a valid one is by now."""

    def find() -> list[Place]:
        entries = [(place, entry) for place, entry in _entries() if entry.get("comment")]
        taken = {_leads_to(entry) for _, entry in entries if entry["comment"] in valid} - {""}
        return [
            place for place, entry in entries if entry["comment"] not in valid and _leads_to(entry) in taken
        ]

    if any(nft.has_chain(FAMILIES[version], TABLE, HOSTPORTS) for version in VERSIONS):
        removed = _remove(find)
        if removed:
            request.log.info("collected rules", table=TABLE, rules=removed)


def declare(request: Request, config: PortmapConfig, addresses: dict[Version, Prefix]) -> list[Expectation]:
    """What must be there of that which `setup` makes.

    Of the ways into the shared chains only where they lead: the conditions are those of the last ADD.
    """
    expected = []
    for version, address in addresses.items():
        family = FAMILIES[version]
        tool = f"nft {family}"
        expected += [
            *(entities.jump(family, TABLE, hook, HOSTPORTS_ALL) for hook in HOOKS),
            entities.rule(tool, TABLE, HOSTPORTS_ALL, f"jump {HOSTPORTS}"),
            *(
                entities.rule(tool, TABLE, chain, text)
                for chain, text in _rules(request, config, version, address)
            ),
        ]
    return [Expectation(NODE, entity) for entity in expected]


def _forwards(config: PortmapConfig) -> bool:
    """Whether an ADD would forward ports here, and not with iptables."""
    return bool(config.port_mappings) and (config.backend or backend.probe()) == backend.NFTABLES


def _apply(
    request: Request, config: PortmapConfig, addresses: dict[Version, Prefix], before: set[Place]
) -> None:
    """Make the rules in one transaction, in place of equal ones from an ADD without DEL."""
    commands = "".join(_commands(request, config, *one) for one in addresses.items())
    for attempt in range(nft.ATTEMPTS):
        same = _equal(request, config, addresses) if before else []
        try:
            nft.apply(_deletions(same) + commands)
        except NftError as error:
            # Somebody else may have removed an equal rule meanwhile.
            if not (same and error.not_found) or attempt == nft.ATTEMPTS - 1:
                raise NetfilterError(
                    f"unable to set up nftables rules for port mappings: {error}", hint=error.hint
                ) from None
        else:
            return


def _commands(request: Request, config: PortmapConfig, version: Version, address: Prefix) -> str:
    """One family's part of the transaction, word for word that of the Go plugins."""
    table = f"{FAMILIES[version]} {TABLE}"
    condition = " ".join((*config.conditions(version), "fib daddr type local"))
    lines = [
        f'add table {table} {{ comment "CNI portmap plugin" ; }}',
        f"add chain {table} {HOSTPORTS}",
        f"add chain {table} {BEFORE_1_9}",
        f"add chain {table} {HOSTPORTS_ALL}",
        f"flush chain {table} {HOSTPORTS_ALL}",
        f"add rule {table} {HOSTPORTS_ALL} jump {BEFORE_1_9}",
        f"add rule {table} {HOSTPORTS_ALL} jump {HOSTPORTS}",
    ]
    for hook in HOOKS:
        lines += [
            f"add chain {table} {hook} {{ type nat hook {hook} priority -100 ; }}",
            f"flush chain {table} {hook}",
            f"add rule {table} {hook} {condition} jump {HOSTPORTS_ALL}",
        ]
    if config.snat:
        lines.append(f"add chain {table} {MASQUERADING} {{ type nat hook postrouting priority 100 ; }}")
    rules = _rules(request, config, version, address)
    return "\n".join((*lines, *(f"add rule {table} {chain} {text}" for chain, text in rules), ""))


def _rules(
    request: Request, config: PortmapConfig, version: Version, address: Prefix
) -> list[tuple[str, str]]:
    """The container's rules of one family, each with its chain, in canonical text."""
    family = FAMILIES[version]
    ip = str(address.address)
    comment = f'comment "{request.container_id}"'
    found = []
    for mapping in config.port_mappings:
        destination = mapping.destination(version)
        if destination is None:
            continue
        match = f"{family} daddr {destination} " if destination else ""
        # nft knows protocols in lower case only.
        match += f"{mapping.protocol.lower()} dport {mapping.host_port}"
        target = f"{ip if version == 4 else f'[{ip}]'}:{mapping.container_port}"
        found.append((HOSTPORTS, f"{match} dnat to {target} {comment}"))
    found += [
        (MASQUERADING, f"{family} saddr {source} {family} daddr {ip} masquerade {comment}")
        for source in config.masqueraded(version, ip)
    ]
    return found


def _equal(request: Request, config: PortmapConfig, addresses: dict[Version, Prefix]) -> list[Place]:
    """The rules that are there and the same as those to be made."""
    wanted = {
        (FAMILIES[version], *rule)
        for version, address in addresses.items()
        for rule in _rules(request, config, version, address)
    }
    return [place for place, entry in _entries(addresses) if (*place[:2], nft_text.rule(entry)) in wanted]


def _of_container(request: Request, versions: Iterable[Version]) -> list[Place]:
    """Where there are rules of the container, asked without running a program."""
    return [
        (family, chain, one.number)
        for family in (FAMILIES[version] for version in versions)
        for chain in CHAINS
        for one in nft.rules(family, TABLE, chain)
        if one.comment == request.container_id
    ]


def _entries(versions: Iterable[Version] = VERSIONS) -> list[tuple[Place, Object]]:
    """All rules of the container chains, as nft lists them."""
    return [
        ((family, rule["chain"], rule["handle"]), rule)
        for family in (FAMILIES[version] for version in versions)
        for entry in nft.listing("table", family, TABLE)
        for rule in [entry.get("rule", {})]
        if rule.get("chain") in CHAINS
    ]


def _leads_to(entry: Object) -> str:
    """The address that a rule gives a packet, or for masquerading the one it must have got; "" for none."""
    found = ""
    for statement in entry.get("expr", ()):
        match statement:
            case {"dnat": {"addr": str(address)}}:
                return address
            case {"match": {"left": {"payload": {"field": "daddr"}}, "right": str(address)}}:
                found = address
            case {"masquerade": _}:
                return found
            case _:
                continue
    return ""


def _remove(find: Callable[[], Iterable[Place]]) -> int:
    """Remove the rules that `find` finds, in one transaction, and return how many there were."""
    failure: NftError | None = None
    for _ in range(nft.ATTEMPTS):
        places = list(find())
        if not places:
            return 0
        try:
            nft.apply(_deletions(places))
        except NftError as error:
            if not error.not_found:
                raise
            failure = error  # somebody else removed some of them meanwhile
        else:
            return len(places)
    assert failure is not None
    raise failure


def _deletions(places: Iterable[Place]) -> str:
    return "".join(
        f"delete rule {family} {TABLE} {chain} handle {handle}\n" for family, chain, handle in places
    )


def _take_back(request: Request, versions: list[Version], before: set[Place]) -> None:
    """Remove the container's rules that were not there before."""
    _remove(lambda: [place for place in _of_container(request, versions) if place not in before])
