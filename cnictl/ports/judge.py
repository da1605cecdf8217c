"""What is wrong with a node's host ports: a function of what was gathered."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from cnictl.ports.forwards import chain_name
from cnictl.ports.gather import CRI_HOLDERS
from cnictl.ports.model import HostPort, Problem, Report, overlap, version_of
from cnictl.spec.address import Address, endpoint

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from cnictl.netfilter.observe_conntrack import Flow
    from cnictl.netfilter.observed import Owner
    from cnictl.netlink.observe_sockets import Listener
    from cnictl.ports.gather import Facts
    from cnictl.ports.model import Claim, Forward

    _Way = tuple[str, str, int, str, int]
    """Protocol, address and port on the node, and where that leads."""

PORTMAP = "portmap"
_ANY = ("0.0.0.0", "::")  # noqa: S104 - what a socket that listens everywhere is called


def judge(facts: Facts) -> Report:
    """Return every port with what is wrong with it."""
    rules: dict[_Way, list[int]] = defaultdict(list)
    for number, forward in enumerate(facts.forwards):
        if forward.ours:
            rules[_way(forward)].append(number)
    used: set[int] = set()
    rows = []
    for claim in facts.claims:
        numbers = [one for one in rules[_way(claim)] if _is_of(facts.forwards[one], claim)]
        used.update(numbers)
        rows.append(_claimed(claim, [facts.forwards[one] for one in numbers], facts))
    known = {chain_name(*one) for one in facts.containers}
    rows += [
        _unclaimed(forward, facts, known)
        for number, forward in enumerate(facts.forwards)
        if number not in used
    ]
    rows.sort(key=lambda one: (one.port, one.protocol, one.address, one.to))
    rivals = _Rivals(rows)
    ports = tuple(
        replace(one, problems=(*one.problems, *rivals.conflicts(one), *_listeners(one, facts)))
        for one in rows
    )
    problems = (*_empty(facts, known), *_stale_flows(ports, facts))
    return Report(ports, problems, tuple(dict.fromkeys(facts.unseen)))


def _way(one: Claim | Forward) -> _Way:
    return one.protocol.lower(), one.address, one.port, one.to, one.to_port


def _is_of(forward: Forward, claim: Claim) -> bool:
    owner = forward.owner
    named = owner is not None and owner.container_id == claim.container_id
    return named or forward.chain == chain_name(claim.network, claim.container_id)


def _claimed(claim: Claim, carried: list[Forward], facts: Facts) -> HostPort:
    """Return the port of a claim, with the rules that carry it."""
    row = HostPort(
        claim.protocol,
        claim.address,
        claim.port,
        claim.port,
        claim.to,
        claim.to_port,
        claim.network,
        claim.container_id,
        claim.pod,
        tuple(carried),
    )
    return replace(row, problems=tuple(_of_claim(claim, carried, facts)))


def _of_claim(claim: Claim, carried: list[Forward], facts: Facts) -> Iterator[Problem]:
    if claim.plugin != PORTMAP:
        return  # another plugin's way of forwarding is not known
    who = _who(claim.pod, claim.container_id)
    if not carried and facts.rules_read:
        yield Problem(
            "missing",
            f"no rule leads to {endpoint(claim.to, claim.to_port)} of {who}",
            f"cnictl check {quote(claim.network)} --container-id {quote(claim.container_id)}",
        )
    elif carried and all(one.gap for one in carried):
        yield Problem("unreached", f"{carried[0].chain} has the rule, but {carried[0].gap}")


def _unclaimed(forward: Forward, facts: Facts, known: Collection[str]) -> HostPort:
    """Return the port of a rule that no attachment asked for."""
    owner = forward.owner
    row = HostPort(
        forward.protocol.lower(),
        forward.address,
        forward.port,
        forward.last,
        forward.to,
        forward.to_port,
        owner.network if owner else "",
        owner.container_id if owner else "",
        carried=(forward,),
        foreign=not forward.ours,
    )
    if not forward.ours or not facts.cache_read:
        return row
    return replace(row, problems=(_stale(forward, facts, known),))


def _stale(forward: Forward, facts: Facts, known: Collection[str]) -> Problem:
    owner = forward.owner
    whose = f"container {owner.container_id}" if owner is not None else "a container that is not named"
    attached = forward.chain in known or (
        owner is not None and any(owner.container_id == each for _, each in facts.containers)
    )
    seen = facts.sightings.get(forward.to, [])
    if attached:
        text = f"{whose} is attached, but did not ask for this rule: it leads to {forward.to}"
    elif seen:
        text = f"{whose} is not in the runtime's cache, but {forward.to} is {seen[0]}"
    elif not facts.namespaces_read:
        text = f"{whose} is not in the runtime's cache; who has {forward.to} could not be seen"
    else:
        text = f"{whose} is not in the runtime's cache, and no namespace has {forward.to}"
        ports = f"{forward.port}:{forward.to_port}"
        mapping = endpoint(forward.address, ports) if forward.address else ports
        return Problem("stale", text, _removal(owner, f"{mapping}/{forward.protocol.lower()}"))
    return Problem("stale", text)


def _removal(owner: Owner | None, mapping: str = "") -> str:
    """Return the command that frees what a container left behind, as far as it is known whose it was.

    With a mapping, because the Go portmap does nothing without any.
    """
    if owner is None or not (owner.network and owner.container_id):
        return ""
    command = f"cnictl del {quote(owner.network)} --container-id {quote(owner.container_id)}"
    return f"{command} --port {mapping}" if mapping else command


class _Rivals:
    """Finds who wants the same port: of two rules the first gets the connections."""

    def __init__(self, rows: Iterable[HostPort]) -> None:
        self._single: dict[tuple[str, int], list[HostPort]] = defaultdict(list)
        self._ranges: list[HostPort] = []
        for one in rows:
            if one.port == one.last:
                self._single[one.protocol, one.port].append(one)
            else:
                self._ranges.append(one)

    def conflicts(self, row: HostPort) -> Iterator[Problem]:
        """Yield who wants a port besides."""
        near = [*self._single[row.protocol, row.port], *self._ranges]
        wanting = dict(_wanting(one) for one in near if one is row or _clash(one, row))
        if len(wanting) > 1 and not row.foreign:
            who = " and ".join(wanting.values())
            yield Problem("conflict", f"{who} want it; the first rule gets the connections")


def _clash(one: HostPort, row: HostPort) -> bool:
    return (
        one.protocol == row.protocol
        and one.port <= row.port <= one.last
        and one.version == row.version
        and overlap(one.address, row.address, row.version)
    )


def _wanting(row: HostPort) -> tuple[str, str]:
    """Return who wants a port, whatever network it is for, and what to call them."""
    if row.foreign:
        words = f"chain {row.carried[0].chain} of {row.carried[0].tool}"
        return words, words
    return row.container_id, _who(row.pod, row.container_id)


def _listeners(row: HostPort, facts: Facts) -> Iterator[Problem]:
    for one in facts.listeners if not row.foreign else ():
        if one.protocol == row.protocol and row.port <= one.port <= row.last and _hears(one, row):
            process = facts.processes.get(one.inode)
            if process is not None and process.name in CRI_HOLDERS:
                continue
            name = f"{process.name} (process {process.pid})" if process else "a process that cannot be seen"
            where = endpoint(one.address, one.port)
            yield Problem("listener", f"{name} listens on {where}, and gets nothing while the rule is there")
            return


def _hears(listener: Listener, row: HostPort) -> bool:
    """Whether a socket wants what comes for a port; one on `::` wants IPv4 as well."""
    if listener.address == _ANY[1]:
        return True
    address = listener.address.removeprefix("::ffff:")
    wanted = "" if address in _ANY else address
    return version_of(address) == row.version and overlap(wanted, row.address, row.version)


def _empty(facts: Facts, known: Collection[str]) -> Iterator[Problem]:
    for chain in facts.empty if facts.cache_read else ():
        if chain.name not in known:
            owner = chain.owner
            whose = f" of container {owner.container_id}" if owner is not None else ""
            words, name = f"{chain.tool} -t {chain.table}", quote(chain.name)
            fix = _removal(owner) or f"{words} -F {name} && {words} -X {name}"
            text = f"{chain.tool} {chain.table}: chain {chain.name}{whose} leads nowhere"
            yield Problem("stale", text, fix)


def _stale_flows(ports: Iterable[HostPort], facts: Facts) -> Iterator[Problem]:
    """Yield connections that go on to where a port led once, or past the rule that came after them."""
    ports = [one for one in ports if not one.foreign]
    current = {str(one.address) for one in facts.addresses}
    networks = [one.network for one in facts.addresses if one.length < one.address.bits]
    for flow in facts.flows:
        if flow.destination not in facts.local:
            continue
        version = version_of(flow.destination)
        here = [
            one
            for one in ports
            if one.protocol == flow.protocol
            and one.port == flow.port
            and one.version == version
            and one.address in ("", flow.destination)
            and one.state != "stale"
        ]
        leads = [(one.to, one.to_port) for one in here]
        if flow.changed:
            wrong = (flow.answers, flow.answers_port) not in leads if leads else False
            gone = flow.answers not in current and any(
                one.version == version and one.contains(Address.parse(flow.answers)) for one in networks
            )
            if wrong or gone:
                yield Problem("flow", f"{flow}: {_why(flow, here, gone)}", _forget(flow))
        elif here and flow.protocol == "udp":
            yield Problem("flow", f"{flow}: it is older than the rule, and goes past it", _forget(flow))


def _why(flow: Flow, here: list[HostPort], gone: bool) -> str:
    if gone:
        return f"no attachment has {flow.answers}"
    return f"the port leads to {', '.join(one.destination for one in here)}"


def _forget(flow: Flow) -> str:
    return f"conntrack -D -p {flow.protocol} --orig-dst {flow.destination} --orig-port-dst {flow.port}"


def _who(pod: str, container_id: str) -> str:
    return f"pod {pod}" if pod else f"container {container_id}" if container_id else "an unknown container"
