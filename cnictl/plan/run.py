"""A verb run on a throwaway copy of this node, which itself is only read."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any, Literal

from cnictl.netns import Netns, NetnsError
from cnictl.netns_named import DIRECTORY
from cnictl.plan.gather import gather
from cnictl.plan.model import Plan, Step
from cnictl.sandbox.files import pack
from cnictl.sandbox.modules import run_main
from cnictl.sandbox.node import Node, SandboxError
from cnictl.sandbox.readonly import OWN, is_own
from cnictl.spec.errors import CnictlError
from cnictl.spec.names import is_absolute
from cnictl.state.difference import Difference, difference
from cnictl.state.files import directories_of
from cnictl.state.load import load

if TYPE_CHECKING:
    from cnictl.runtime.attachment import Attachment
    from cnictl.runtime.cache import Cache
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.document import Json

Verb = Literal["ADD", "DEL", "GC"]


def plan(
    verb: Verb,
    network: NetworkList,
    attachment: Attachment,
    cache: Cache,
    directories: Sequence[str],
    *,
    valid: Collection[tuple[str, str]] = (),
    timeout: float = 60.0,
) -> Plan:
    """Run a verb of a network on a copy of this node and return what it changed there.

    Copied are links (with stand-ins for what leads outside), addresses, routes, neighbours, sysctls,
    packet filter rules, reservations, the runtime's cache and files that the configuration names, and of
    the containers the one meant, for GC all that the cache has on the network.  Everything else of the
    machine can only be read there.  `timeout` is for one plugin, in seconds.  Raises SandboxError when
    there can be no copy, CnictlError when the node cannot be read.
    """
    pods, attachment, make = _pods(verb, network, attachment, cache)
    seed = gather(pods)
    kept, backups = directories_of([network])
    missing = list(seed.missing)
    paths = [os.path.abspath(one) for one in directories]
    told = {
        "verb": verb,
        "network": network.raw.decode(errors="surrogateescape"),
        "attachment": {
            "container_id": attachment.container_id,
            "netns": attachment.netns,
            "ifname": attachment.ifname,
            "args": list(attachment.args),
            "capability_args": dict(attachment.capability_args),
        },
        "make_netns": make,
        "valid": [list(pair) for pair in valid],
        "directories": paths,
        "timeout": timeout,
        "cache_dir": cache.directory,
        "data_dirs": kept,
        "backup_dirs": backups,
        "private": [*kept, *backups, cache.directory],
        "files": pack((*kept, *backups, cache.results, *filter(is_own, (*paths, *_named(network)))), missing),
        "seed": asdict(replace(seed, missing=missing)),
    }
    with Node() as node:
        answer = run_main(node, "cnictl.plan.inside", told, called="the copy of the node")
    if "refused" in answer:
        raise SandboxError(
            f"the copy of the node cannot be kept from writing: {answer['refused']}",
            hint="it takes Linux 5.12",
        )
    return _plan(verb, network, answer)


def _pods(
    verb: Verb, network: NetworkList, attachment: Attachment, cache: Cache
) -> tuple[list[str], Attachment, bool]:
    """Return the paths to copy, the attachment as it is on the copy, and whether its netns is to be made."""
    if verb == "GC":
        listed = [one.attachment.netns for one in cache.listing().attachments if one.network == network.name]
        return [path for path in dict.fromkeys(listed) if _is_netns(path)], attachment, False
    path = os.path.realpath(attachment.netns) if attachment.netns else ""
    if path and os.path.dirname(path) != DIRECTORY and _is_netns(path):
        raise CnictlError(
            f"netns {attachment.netns} has no name in {DIRECTORY}, so it cannot be copied",
            hint="leave it out, and a new one is made on the copy",
        )
    if _is_netns(attachment.netns):
        return [attachment.netns], attachment, False
    return [], attachment, verb == "ADD"


def _named(network: NetworkList) -> Iterator[str]:
    """Yield the absolute paths that a configuration names, but for directories that hold everything."""
    waiting: list[Json] = [dict(plugin.members) for plugin in network.plugins]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str) and is_absolute(value) and os.path.normpath(value) not in OWN:
            yield os.path.normpath(value)
        elif isinstance(value, (dict, list)):
            waiting += value.values() if isinstance(value, dict) else value


def _is_netns(path: str) -> bool:
    try:
        Netns(path).close()
    except NetnsError:
        return False
    return True


def _plan(verb: Verb, network: NetworkList, answer: Mapping[str, Any]) -> Plan:
    states = [load(text) for text in answer["states"]]
    steps = [
        Step(
            run["plugin"],
            run["verb"],
            run["seconds"],
            run["status"],
            run["stdin"],
            run["stdout"],
            run["stderr"],
            difference(before, after),
        )
        for run, before, after in zip(answer["runs"], states[:-1], states[1:], strict=True)
    ]
    whole: Difference = difference(states[0], load(answer["last"]))
    return Plan(verb, network.name, whole, tuple(steps), answer["error"], tuple(answer["missing"]))
