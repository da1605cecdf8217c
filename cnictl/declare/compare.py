"""Where a state parts from what was expected of it, in words that say what is."""

from __future__ import annotations

from cnictl.declare.model import NODE
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.declare.model import Entity, Expectation, Fact, State


class Drift(Value):
    """An expectation that does not hold.

    `fact` names the fact that differs and `found` is its value; for an entity that is missing
    (or is there and must not be) both are None.
    """

    __slots__ = ("expectation", "fact", "found")

    def __init__(self, expectation: Expectation, fact: str | None = None, found: Fact | None = None) -> None:
        self.expectation = expectation
        self.fact = fact
        self.found = found

    def __str__(self) -> str:
        return sentence(self)


def compare(expectations: Iterable[Expectation], state: State) -> list[Drift]:
    """Return the drifts, in the order of the expectations; none when all of them hold.

    An entity that is missing is missed once, however much is expected of it.
    """
    drifts: list[Drift] = []
    missing: set[tuple[str, str, str]] = set()
    for expectation in expectations:
        wanted = expectation.entity
        found = state.find(expectation.where, wanted.kind, wanted.key)
        if expectation.absent:
            if found is not None:
                drifts.append(Drift(expectation))
            continue
        if found is None and wanted.kind == "route" and not expectation.stays:
            found = _moved(state, expectation.where, wanted.key)
        if found is None:
            identity = (expectation.where, wanted.kind, wanted.key)
            if identity not in missing:
                missing.add(identity)
                drifts.append(Drift(expectation))
        else:
            drifts += [
                Drift(expectation, name, found.facts.get(name))
                for name, fact in wanted.facts.items()
                if found.facts.get(name) != fact and not _unsaid(found, name)
            ]
    return drifts


def _moved(state: State, where: str, key: str) -> Entity | None:
    """Return a route of a container's main table as it is in another table that has its packets looked up."""
    if where == NODE or " table " in key:
        return None
    for table in _tables(state, where, key):
        found = state.find(where, "route", f"{key} table {table}")
        if found is not None:
            return found
    return None


def _tables(state: State, where: str, key: str) -> Iterator[str]:
    """Yield the table of the VRF that a route's link is in, and those that rules name for an address."""
    _, dev, rest = key.partition(" dev ")
    link = state.find(where, "link", rest.partition(" ")[0]) if dev else None
    vrf = state.find(where, "link", str(link.facts.get("master"))) if link is not None else None
    if vrf is not None and "table" in vrf.facts:
        yield str(vrf.facts["table"])
    for policy in state.of_kind(where, "policy"):
        words = policy.key.split(" ")
        if len(words) == 4 and (words[0], words[2]) == ("from", "lookup") and words[1] != "all":
            yield words[3]


def sentence(drift: Drift) -> str:
    """Say what is, then what was expected: `eth0 has mtu 1400, not 1500`."""
    expectation = drift.expectation
    entity = expectation.entity
    place = "" if expectation.where == NODE else f" in {expectation.where}"
    name = _name(entity)
    if expectation.absent:
        return f"{name} is there{place}, and should not be"
    if drift.fact is None:
        return f"{_missing(entity)}{place}"
    wanted = entity.facts[drift.fact]
    if entity.kind == "chain" and isinstance(wanted, tuple):
        return _rules(name, wanted, drift.found if isinstance(drift.found, tuple) else ()) + place
    if isinstance(wanted, bool) or isinstance(drift.found, bool):
        word = drift.fact.replace("_", " ")
        return f"{name} is {'' if drift.found else 'not '}{word}{place}"
    has = "no" if drift.found in (None, "", ()) else ""
    found = "" if has else f" {_listed(drift.found)}"
    fact = _WORDS.get(drift.fact, drift.fact)
    return f"{name} has {has + ' ' if has else ''}{fact}{found}, not {_listed(wanted)}{place}"


def _listed(fact: Fact | None) -> str:
    return ", ".join(fact) if isinstance(fact, tuple) else str(fact)


_WORDS = {
    "mac": "MAC address",
    "mtu": "MTU",
    "txqlen": "transmit queue length",
    "vlan_id": "VLAN ID",
    "bcqueuelen": "broadcast queue length",
    "owner_group": "owner group",
}


def _unsaid(found: Entity, fact: str) -> bool:
    """Whether nothing is known of a fact, and that is no drift.

    The files of old releases of host-local name no interface, and the Go DHCP daemon does not tell
    what it has.
    """
    return (found.kind, fact) in (("reservation", "ifname"), ("lease", "address")) and fact not in found.facts


def _name(entity: Entity) -> str:
    if entity.kind in ("link", "sysctl"):
        return entity.key
    if entity.kind == "address":
        link, _, prefix = entity.key.partition(" ")
        return f"address {prefix} of {link}"
    return f"{entity.kind} {entity.key}"


def _missing(entity: Entity) -> str:
    if entity.kind == "link":
        return f"there is no link {entity.key}"
    if entity.kind == "address":
        link, _, prefix = entity.key.partition(" ")
        return f"{link} has lost address {prefix}"
    if entity.kind == "connected":
        link, _, network = entity.key.partition(" ")
        return f"there is no route to {network} on {link}"
    if entity.kind == "vlan":
        link, _, vid = entity.key.partition(" ")
        return f"{link} is not in VLAN {vid}"
    if entity.kind == "source":
        zone, _, source = entity.key.partition(" ")
        return f"{source} is no source of firewalld's zone {zone}"
    if entity.kind == "sysctl":
        return f"there is no sysctl {entity.key}"
    if entity.kind == "reservation":
        directory, _, address = entity.key.rpartition("/")
        return f"no reservation{_owner(entity)} for {address} in {directory}"
    if entity.kind == "holder":
        directory, container_id, ifname = entity.key.rsplit(" ", 2)
        return f"no reservation of container {container_id} ({ifname}) in {directory}"
    if entity.kind == "lease":
        socket, _, client = entity.key.rpartition(" ")
        return f"the DHCP daemon at {socket} has no lease for {client}"
    return f"{entity.kind} {entity.key} is missing"


def _owner(reservation: Entity) -> str:
    container, ifname = (reservation.facts.get(name) for name in ("container", "ifname"))
    words = f" of container {container}" if container else ""
    return f"{words} ({ifname})" if words and ifname else words


def _rules(name: str, wanted: tuple[str, ...], found: tuple[str, ...]) -> str:
    for text in wanted:
        if text not in found:
            return f"{name} lacks the rule {text}"
    for text in found:
        if text not in wanted:
            return f"{name} has the rule {text}, which does not belong there"
    return f"{name} has its rules in another order"
