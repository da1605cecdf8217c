"""What the attachments that a runtime remembers promised, held against what is there.

Each plugin of ours says what must hold after its ADD, from the configuration and the result in the
cache: the same function that CHECK asks.  Of other plugins, only what the result itself says is
known: its interfaces, their addresses, and routes whose gateway is given.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.configuration import parse
from cnictl.declare import entities
from cnictl.declare.compare import Drift, compare
from cnictl.declare.entities import MAIN_TABLE
from cnictl.declare.model import NODE, Expectation
from cnictl.netns import Netns, NetnsError
from cnictl.plugin.request import Request
from cnictl.runtime.cache import DEFAULT_DIRECTORY, Cache
from cnictl.spec.document import Document, decode_object
from cnictl.spec.errors import CnictlError, CniError
from cnictl.spec.request import for_attachment
from cnictl.spec.result import convert, current, parse_any
from cnictl.state.observe import take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cnictl.declare.model import Entity, State
    from cnictl.plugin.skel import Plugin
    from cnictl.runtime.cache import CachedAttachment
    from cnictl.spec.address import Address
    from cnictl.spec.conflist import NetworkList, PluginConfig
    from cnictl.spec.result import AnyResult, Result
    from cnictl.state.snapshot import Snapshot, Unseen

    Load = Callable[[str], Plugin | None]

CNI_PATH = "/opt/cni/bin"
RESULT = "result"
"""What stands in the place of a plugin where the result itself is the promise."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What one plugin of an attachment promised; `problem` says why nothing or not all can be known."""

    plugin: str
    expectations: tuple[Expectation, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that is not kept, and whose it was."""

    plugin: str
    drift: Drift


@dataclass(frozen=True, slots=True)
class Examined:
    """An attachment held against what is there; `problems` are what could not be looked at, and why."""

    cached: CachedAttachment
    broken: tuple[Broken, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Network, container id and ifname."""
        attachment = self.cached.attachment
        return f"{self.cached.network} {attachment.container_id} {attachment.ifname}"


def examine(
    cache_dir: str = DEFAULT_DIRECTORY,
    *,
    network: str = "",
    container_id: str = "",
    path: str = CNI_PATH,
) -> list[Examined]:
    """Return every attachment in the cache, or those of a network or container, with its broken promises.

    Raises CnictlError when the cache cannot be read.
    """
    cached = [
        one for one in Cache(cache_dir).listing(container_id).attachments if network in ("", one.network)
    ]
    promised = [promises(one, path) for one in cached]
    gone = {one.attachment.netns: _gone(one.attachment.netns) for one in cached}
    gone = {where: reason for where, reason in gone.items() if reason}
    expectations = [
        expectation for several in promised for promise in several for expectation in promise.expectations
    ]
    snapshot = observe_for([one for one in expectations if one.where not in gone], cache_dir)
    return [_examined(one, several, snapshot, gone) for one, several in zip(cached, promised, strict=True)]


def promises(cached: CachedAttachment, path: str = CNI_PATH) -> list[Promise]:
    """Return what each plugin of an attachment promised, in the order of the list, IPAM behind its plugin."""
    # The one import of plugins from here: what they declare is theirs to say, and nothing runs.
    from cnictl_plugins.multicall import load

    if not cached.attachment.netns:
        return [Promise(RESULT, problem="the cache names no network namespace")]
    try:
        network = parse(cached.config)
        result = None if cached.result is None else parse_any(cached.result)
    except CniError as error:
        return [Promise(RESULT, problem=f"the cache cannot be understood: {error}")]
    found: list[Promise] = []
    foreign: list[str] = []
    for plugin in network.plugins:
        try:
            request = _request(cached, network, plugin, path, load, result)
        except CniError as error:
            found.append(Promise(plugin.type, problem=str(error)))
            continue
        found += _promised(request, foreign, load)
    if foreign:
        known = () if result is None else tuple(_of_result(cached, current(result)))
        words = f"{', '.join(foreign)}: no plugin of cnictl; compared is what the result says"
        found.append(Promise(RESULT, known, words))
    return found


def _promised(request: Request, foreign: list[str], load: Load) -> Iterator[Promise]:
    """Yield what a plugin, its IPAM plugin and those that it delegates to promised; name those not ours."""
    name = request.document.string("type")
    plugin = load(name)
    if plugin is not None and plugin.delegates is not None:
        yield _declared(plugin, request)
        try:
            delegated = list(plugin.delegates(request))
        except CnictlError as error:
            yield Promise(name, problem=f"what it delegates to is not known: {error}")
            return
        for one in delegated:
            yield from _promised(one, foreign, load)
        return
    ipam = request.document.object("ipam")
    for each in filter(None, (name, ipam.string("type") if ipam else "")):
        ours = load(each)
        if ours is None:
            foreign.append(each)
        else:
            yield _declared(ours, request)


def observe_for(expectations: list[Expectation], cache_dir: str = DEFAULT_DIRECTORY) -> Snapshot:
    """Return the state of this node and of every other place that the expectations name."""
    kinds: dict[str, list[str]] = {}
    for expectation in expectations:
        kinds.setdefault(expectation.entity.kind, []).append(expectation.entity.key)
    directories = {key.rpartition("/")[0] for key in kinds.get("reservation", ())}
    directories |= {key.rsplit(" ", 2)[0] for key in kinds.get("holder", ())}
    places = {expectation.where for expectation in expectations} - {NODE}
    snapshot = take(
        {place: place for place in sorted(places)},
        data_dirs=sorted(directories),
        backup_dirs=(),
        dhcp_sockets=sorted({key.rpartition(" ")[0] for key in kinds.get("lease", ())}),
        cache_dir=cache_dir,
        sysctls=kinds.get("sysctl", ()),
        paths=kinds.get("file", ()),
    )
    snapshot.state.extend(NODE, _old_holders(snapshot.state, kinds.get("holder", ())))
    return snapshot


def _old_holders(state: State, wanted: Iterable[str]) -> Iterator[Entity]:
    """Yield the wanted holders that have a reservation of an old release, which names no interface."""
    old = {
        (entity.key.rpartition("/")[0], entity.facts.get("container"))
        for entity in state.of_kind(NODE, "reservation")
        if "ifname" not in entity.facts
    }
    for key in wanted:
        directory, container_id, ifname = key.rsplit(" ", 2)
        if (directory, container_id) in old:
            yield entities.holder(directory, container_id, ifname)


def _gone(netns: str) -> str:
    if not netns:
        return ""  # nothing is expected of such an attachment
    try:
        Netns(netns).close()
    except NetnsError as error:
        return str(error)
    return ""


def _examined(
    cached: CachedAttachment, promised: list[Promise], snapshot: Snapshot, gone: dict[str, str]
) -> Examined:
    netns = cached.attachment.netns
    broken: list[Broken] = []
    problems = [f"{promise.plugin}: {promise.problem}" for promise in promised if promise.problem]
    if netns in gone:
        problems.insert(0, f"network namespace {netns!r}: {gone[netns]}")
    for promise in promised:
        expected = [one for one in promise.expectations if one.where not in gone]
        for drift in compare(expected, snapshot.state):
            unseen = _unseen(drift, snapshot)
            if unseen is None:
                broken.append(Broken(promise.plugin, drift))
            elif (
                problem := f"{unseen.what} of {unseen.where or 'the node'}: {unseen.reason}"
            ) not in problems:
                problems.append(problem)
    return Examined(cached, tuple(broken), tuple(problems))


def _unseen(drift: Drift, snapshot: Snapshot) -> Unseen | None:
    """Return why nothing can be said of what seems to be missing."""
    wanted = drift.expectation
    if wanted.entity.kind == "rule":
        chain = entities.chain(*wanted.entity.key.partition(": ")[0].rsplit(" ", 2))
        found = [one for one in snapshot.unseen if one.covers(wanted.where, chain)]
    else:
        found = [one for one in snapshot.unseen if one.covers(wanted.where, wanted.entity)]
    return found[0] if found else None


def _request(
    cached: CachedAttachment,
    network: NetworkList,
    plugin: PluginConfig,
    path: str,
    load: Load,
    result: AnyResult | None,
) -> Request:
    """Return the request that the plugin would get for CHECK.  Raises CniError."""
    attachment = cached.attachment
    previous = None if result is None else convert(result, network.cni_version)
    stdin = for_attachment(network, plugin, previous=previous, capability_args=attachment.capability_args)
    parameters = {
        "CNI_COMMAND": "CHECK",
        "CNI_CONTAINERID": attachment.container_id,
        "CNI_NETNS": attachment.netns,
        "CNI_IFNAME": attachment.ifname,
        "CNI_ARGS": attachment.cni_args,
        "CNI_PATH": path,
    }
    return Request(
        "CHECK",
        Document(decode_object(stdin)),
        container_id=attachment.container_id,
        netns=attachment.netns,
        ifname=attachment.ifname,
        args=attachment.cni_args,
        path=path,
        stdin=stdin,
        environment={**os.environ, **parameters},
        load=load,
    )


def _declared(plugin: Plugin, request: Request) -> Promise:
    try:
        return Promise(plugin.name, tuple(plugin.declare(request)))
    except CnictlError as error:
        return Promise(plugin.name, problem=str(error))


def _of_result(cached: CachedAttachment, result: Result) -> Iterator[Expectation]:
    """Yield what a result says of the node and of the container, whoever wrote it."""
    netns = cached.attachment.netns
    known = {NODE, netns}
    for interface in result.interfaces:
        if interface.sandbox in known:
            link = entities.link(interface.name, mac=interface.mac)
            yield Expectation(interface.sandbox, link)
    gateways: dict[int, Address] = {}
    for ip in result.ips:
        if ip.gateway is not None:
            gateways.setdefault(ip.address.version, ip.gateway)
        if ip.interface is None:
            yield Expectation(netns, entities.address(cached.attachment.ifname, ip.address))
        elif 0 <= ip.interface < len(result.interfaces):
            interface = result.interfaces[ip.interface]
            if interface.sandbox in known:
                yield Expectation(interface.sandbox, entities.address(interface.name, ip.address))
    for route in result.routes:
        gateway = route.gw or gateways.get(route.dst.version)
        if gateway is not None:
            yield Expectation(
                netns,
                entities.route(
                    route.dst,
                    device=cached.attachment.ifname,
                    gateway=gateway,
                    table=MAIN_TABLE if route.table is None else route.table,
                    metric=route.priority,
                ),
            )
