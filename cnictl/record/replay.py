"""A recorded call done again on a throwaway node, and whether it does the same as then."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from cnictl.aside import PLUGINS, RECORDED
from cnictl.cni_path import directories, find
from cnictl.netns_named import DIRECTORY
from cnictl.plan.gather import gather
from cnictl.record.lives import before, lacks_add
from cnictl.record.randomness import MAC, log_without_random, without_random
from cnictl.record.substitution import replaced
from cnictl.sandbox.files import pack
from cnictl.sandbox.modules import run_main
from cnictl.sandbox.node import Node, SandboxError
from cnictl.sandbox.readonly import OWN, is_own
from cnictl.scenario.judge import fits, parted
from cnictl.spec.conflist import NetworkList, parse_plugin
from cnictl.spec.document import decode
from cnictl.spec.errors import CniError
from cnictl.state.binding import GENERATED
from cnictl.state.files import directories_of

if TYPE_CHECKING:
    from cnictl.plan.model import Seed
    from cnictl.record.model import Call
    from cnictl.spec.document import Json

_KNOWN = (DIRECTORY, f"/var{DIRECTORY}")


@dataclass(frozen=True, slots=True)
class Parting:
    """Something that is not the same as then: `where` is the exit status, a place in stdout, or stderr."""

    where: str
    then: str
    now: str


@dataclass(frozen=True, slots=True)
class Again:
    """A call done again; without `partings` it did the same.  `seconds` are those of this time."""

    call: Call
    status: int | None
    stdout: bytes
    stderr: bytes
    seconds: float
    partings: tuple[Parting, ...]


@dataclass(frozen=True, slots=True)
class Replay:
    """A call done again, after those `before` it that it needs; `notes` say why it may not be the same."""

    again: Again
    before: tuple[Again, ...]
    notes: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether it did what it did then."""
        return not self.again.partings


def replay(
    call: Call, calls: Sequence[Call], *, path: str = "", alone: bool = False, timeout: float | None = 60.0
) -> Replay:
    """Do a call again, with what was recorded, and the plugins that were used then or those of a CNI_PATH.

    It runs on a throwaway node that has this node's links, addresses, routes and sysctls, but for what
    belongs to containers; the container's namespace is a new one at the same path.  Nothing of this
    machine can be written from there.  Raises SandboxError when there can be no such node, CnictlError
    when this one cannot be read or there is no such plugin.
    """
    earlier = before(call, calls, alone=alone)
    several = [*earlier, call]
    netns = _namespaces(several)
    private, own = _files(several, path)
    missing: list[str] = []
    seed = _without_containers(gather(), several)
    told = {
        "private": private,
        "files": pack(own, missing),
        "seed": asdict(seed),
        "netns": list(dict.fromkeys(netns.values())),
        "calls": [_told(one, netns, path) for one in several],
        "timeout": timeout,
    }
    with Node() as node:
        answer = run_main(node, "cnictl.record.inside", told, called="the replay")
    if "refused" in answer:
        raise SandboxError(
            f"the throwaway node cannot be kept from writing: {answer['refused']}", hint="it takes Linux 5.12"
        )
    done = [_again(one, run, netns) for one, run in zip(several, answer["runs"], strict=True)]
    return Replay(done[-1], tuple(done[:-1]), tuple(_notes(call, done[:-1], path)))


def _notes(call: Call, earlier: Sequence[Again], path: str) -> Iterator[str]:
    if lacks_add(call, [one.call for one in earlier]):
        yield f"no ADD of this attachment is recorded before it: what {call.verb} found then is not there"
    for one in earlier:
        if one.partings:
            yield f"call {one.call.number}, {one.call.verb} {one.call.plugin} before it, does not do the same"
    if call.secrets:
        yield f"{call.secrets} secrets were not recorded, and *** is in their place"
    if call.cut:
        yield f"not all of it was recorded, as it was too long: {', '.join(call.cut)}"
    if call.status is None:
        yield "the end of the call was not seen, so that there is nothing to compare with"
    if not path and _program(call.path) not in ("", (call.size, call.modified)):
        yield f"{call.path} is not the program that it was then"


def _program(path: str) -> tuple[int, int] | str:
    """Return size and time of a plugin's program, wherever it is kept; "" when it is not there."""
    directory, _, name = path.rpartition("/")
    for one in (os.path.join(directory, RECORDED, PLUGINS, name), path):
        try:
            about = os.stat(one)
        except OSError:
            continue
        return about.st_size, int(about.st_mtime)
    return ""


def _namespaces(calls: Sequence[Call]) -> dict[str, str]:
    """Return where the namespaces are on the node, by their paths then."""
    found: dict[str, str] = {}
    for call in calls:
        path = call.environment.get("CNI_NETNS", "")
        if call.verb in ("ADD", "CHECK", "DEL") and path.startswith("/") and path not in found:
            named = os.path.dirname(path) in _KNOWN
            name = os.path.basename(path) if named else f"replayed-{len(found):04}"
            found[path] = os.path.join(DIRECTORY, name)
    return found


def _files(calls: Sequence[Call], path: str) -> tuple[list[str], list[str]]:
    """Return the directories that plugins write to, and the files that a node does not show and they need."""
    networks: list[NetworkList] = []
    needed: list[str] = []
    for call in calls:
        for directory in directories(path or call.environment.get("CNI_PATH", "")):
            needed += _programs(directory)
        needed += _programs(os.path.dirname(call.path))
        try:
            networks.append(NetworkList("", "", [parse_plugin(call.stdin)], call.stdin))
        except CniError:
            continue
        needed += _named(decode(call.stdin))
    kept, backups = directories_of(networks)
    return [*kept, *backups], list(dict.fromkeys(filter(is_own, needed)))


def _programs(directory: str) -> Iterator[str]:
    """Yield what is in a directory of plugins, and what is kept of those that are recorded."""
    store = os.path.join(directory, RECORDED)
    for place in (directory, store, os.path.join(store, PLUGINS)):
        try:
            names = sorted(os.listdir(place))
        except OSError:
            continue
        paths = [os.path.join(place, name) for name in names]
        yield from (one for one in paths if os.path.isfile(one))


def _named(value: Json) -> Iterator[str]:
    """Yield the absolute paths of files that a configuration names."""
    if isinstance(value, dict):
        for name, one in value.items():
            if name != "prevResult":
                yield from _named(one)
    elif isinstance(value, list):
        for one in value:
            yield from _named(one)
    elif isinstance(value, str) and os.path.normpath(value) not in OWN and os.path.isfile(value):
        yield os.path.normpath(value)


def _without_containers(seed: Seed, calls: Sequence[Call]) -> Seed:
    """Return what to copy of this node: no rules, and no links that calls make, here or for others."""
    made = set(_made(calls))
    places = []
    for place in seed.places:
        links = [one for one in place.links if one.name not in made and not GENERATED.fullmatch(one.name)]
        names = {one.name for one in links}
        places.append(
            replace(
                place,
                links=links,
                addresses=[one for one in place.addresses if one[0] in names],
                routes=[one for one in place.routes if one.link in names],
                neighbours=[one for one in place.neighbours if one[0] in names],
                tunnels=[one for one in place.tunnels if one[0] in names],
                sysctls={name: one for name, one in place.sysctls.items() if _link_of(name) in {"", *names}},
            )
        )
    return replace(seed, places=places, filters=())


def _made(calls: Sequence[Call]) -> Iterator[str]:
    """Yield the node's links that are in the Results of calls."""
    for call in calls:
        try:
            members = decode(call.stdout)
        except CniError:
            continue
        interfaces = members.get("interfaces") if isinstance(members, dict) else None
        for one in interfaces if isinstance(interfaces, list) else ():
            if isinstance(one, dict) and not one.get("sandbox"):
                yield str(one.get("name"))


def _link_of(sysctl: str) -> str:
    """Return the link that a sysctl is about, "" for those of the whole namespace."""
    parts = sysctl.split("/")
    return parts[3] if len(parts) > 4 and parts[2] == "conf" and parts[3] not in ("all", "default") else ""


def _told(call: Call, netns: Mapping[str, str], path: str) -> dict[str, Any]:
    program = find(call.plugin, directories(path)) if path else call.path
    environment = {**call.environment, **({"CNI_PATH": path} if path else {})}
    return {
        "path": program,
        "arguments": list(call.arguments[1:]),
        "environment": {name: replaced(value, netns) for name, value in environment.items()},
        "stdin": replaced(call.stdin.decode(errors="surrogateescape"), netns),
        "stdout": replaced(call.stdout.decode(errors="surrogateescape"), netns),
    }


def _again(call: Call, run: Mapping[str, Any], netns: Mapping[str, str]) -> Again:
    back = {now: then for then, now in netns.items()}
    stdout, stderr = (replaced(run[name], back) for name in ("stdout", "stderr"))
    partings = list(_partings(call, run["status"], stdout, stderr))
    if run["cause"]:
        partings.append(Parting("end", "it ended by itself", run["cause"]))
    return Again(
        call,
        run["status"],
        stdout.encode(errors="surrogateescape"),
        stderr.encode(errors="surrogateescape"),
        run["seconds"],
        tuple(partings),
    )


def _partings(call: Call, status: int | None, stdout: str, stderr: str) -> Iterator[Parting]:
    if call.status != status:
        yield Parting("exit status", _status(call.status), _status(status))
    given = _given(call)
    then = call.stdout.decode(errors="surrogateescape")
    documents = [without_random(_read(text), given) for text in (then, stdout)]
    for place, one, other in parted(documents[0], documents[1], whole=True):
        yield Parting(f"stdout {place}".strip(), one, other)
    logged = log_without_random(call.stderr.decode(errors="surrogateescape"))
    if not fits(log_without_random(stderr), logged):
        yield Parting("stderr", logged.strip(), log_without_random(stderr).strip())


def _read(text: str) -> Json:
    """Return an answer, the text itself where it is no JSON; `dns` without members is as good as none."""
    try:
        members = decode(text)
    except CniError:
        return text
    if isinstance(members, dict) and members.get("dns") == {}:
        return {name: one for name, one in members.items() if name != "dns"}
    return members


def _status(status: int | None) -> str:
    return "none" if status is None else str(status)


def _given(call: Call) -> set[str]:
    """Return the MAC addresses that the configuration and the arguments ask for."""
    try:
        members = decode(call.stdin)
    except CniError:
        return set()
    told = (
        {name: one for name, one in members.items() if name != "prevResult"}
        if isinstance(members, dict)
        else {}
    )
    return set(MAC.findall(f"{told} {call.environment.get('CNI_ARGS', '')}"))
