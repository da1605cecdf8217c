"""One pass over a node that fills a bundle: every source is asked once, and what cannot be seen is said."""

from __future__ import annotations

import os
import platform
import time
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from cnictl.configuration import parse
from cnictl.doctor.bundle import Bundle, Message
from cnictl.doctor.gather import (
    agents,
    calls,
    cluster,
    configurations,
    descriptors,
    filters,
    kept,
    kernel,
    managers,
    messages,
    networks,
    processes,
    programs,
    runtime,
    sandboxes,
)
from cnictl.doctor.place import Place
from cnictl.spec.document import Document
from cnictl.spec.errno_text import reason_of
from cnictl.spec.errors import CnictlError
from cnictl.spec.names import is_absolute, is_name

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cnictl.doctor.bundle import ChainFact, ConfigurationFile, Runtime
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.document import Json


def collect(
    place: Place | None = None,
    *,
    conf_dir: str = "",
    bin_dirs: Sequence[str] = (),
    log: str | None = None,
    kubectl: Sequence[Json] | None = None,
    listed: str | None = None,
    cri_socket: str = "",
    whole_node: bool = False,
    kubeconfig: str = "",
    pod: str = "",
) -> Bundle:
    """Return all that is known of a node.

    `conf_dir` and `bin_dirs` are for a runtime whose own configuration does not tell; `log` is the text of
    one to look at in place of the journals, `kubectl` are objects that kubectl printed, and `listed` is what
    `crictl pods -o json` did.  `cri_socket` is the runtime's, "" for one that is there, and
    `whole_node` says that this PID namespace is all of the node.
    `kubeconfig` leads to the API server, which is asked for `pod` as well, NAMESPACE/NAME.
    """
    place = place or Place()
    made = Bundle(time.time(), platform.node())
    taking = _Taking(made)
    with_runtime = _asked(made, place, cri_socket, runtime.gather(place))
    made.runtime = replace(
        with_runtime,
        conf_dir=conf_dir or with_runtime.conf_dir,
        bin_dirs=tuple(bin_dirs) or with_runtime.bin_dirs,
    )
    directory = made.runtime.conf_dir
    made.configurations = taking("configurations", lambda: configurations.gather(place, directory), [])
    made.others = taking("others", lambda: configurations.gather_others(place, directory), [])
    made.processes = taking("processes", lambda: processes.gather(place, directory), [])
    made.cache = taking("cache", lambda: kept.gather_cache(place), [])
    known = list(networks_of(made.configurations))
    needed = _needed(made, known)
    made.programs = taking("programs", lambda: programs.gather(place, needed, made.runtime.bin_dirs), [])
    files = [one.path for one in made.programs if one.path]
    opened = descriptors.gather(place, files)
    made.programs = [replace(one, writers=opened.writers.get(one.path, ())) for one in made.programs]
    made.calls = taking("calls", lambda: calls.gather(place, needed, kernel.boot_time(place)), [])
    made.reservations = taking("reservations", lambda: kept.gather_reservations(place, _data_dirs(known)), [])
    owners = {one.container for one in made.reservations if one.container}
    made.running = taking("running", lambda: kept.gather_running(place, owners, whole_node=whole_node), [])
    stores = [one.directory for one in made.reservations]
    stores += [f"{kept.NETWORKS}/{network.name}" for network in known if is_name(network.name)]
    made.locks = taking("locks", lambda: kept.gather_locks(place, stores), [])
    if place.network:
        if os.geteuid():
            made.unseen["namespaces"] = "only root sees the namespaces of others"
        made.namespaces = taking("namespaces", lambda: networks.gather(place), [])
        nothing: tuple[list[ChainFact], dict[str, str]] = ([], {})
        made.chains, made.unread_filters = taking("chains", lambda: filters.gather(place), nothing)
        if made.unread_filters and not made.chains:
            made.unseen["chains"] = "; ".join(made.unread_filters.values())
    else:
        made.unseen |= dict.fromkeys(("namespaces", "chains"), "a tree of files has none")
    bridges = [one.name for one in made.own.links if one.kind == "bridge"]
    made.managed = taking("managed", lambda: managers.gather(place, made.own.links), [])
    made.kernel = taking("kernel", lambda: kernel.gather(place, bridges, opened.inotify), made.kernel)
    if len(made.kernel.modules) < len(kernel.MODULES):
        made.unseen["modules"] = f"there is no list of the modules of kernel {made.kernel.release}"
    made.disks = taking("disks", lambda: kernel.gather_disks(place, [directory, *made.runtime.bin_dirs]), [])
    more = [*_agent_files(known), *_records_of_multus(made, known)]
    made.agents = taking("agents", lambda: agents.gather(place, more), [])
    if listed is not None:
        made.unseen.pop("sandboxes", None)
        given = sandboxes.listed
        made.sandboxes = taking("sandboxes", lambda: given(listed, made.taken), made.sandboxes)
    made.messages = _said(taking, place, log)
    if made.cri.name and not made.cri.network_ready:
        text = f"NetworkReady=false reason:{made.cri.reason} message:{made.cri.message}"
        made.messages.append(Message("CRI", text, when=made.taken))
    _of_cluster(taking, place, kubectl, kubeconfig, pod)
    return made


def networks_of(files: Sequence[ConfigurationFile]) -> Iterator[NetworkList]:
    """Yield the networks of the files that can be read."""
    for one in files:
        if one.listed:
            try:
                yield parse(one.text.encode())
            except CnictlError:
                continue


MULTUS_RECORDS = "/var/lib/cni/multus"
_FILE_KEYS = ("subnetFile", "readinessindicatorfile", "kubeconfig")
"""Keys that name a file of an agent."""


class _Taking:
    """Asks a source; when it fails, remembers why."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle

    def __call__(self, name: str, ask: Callable[[], T], otherwise: T) -> T:
        try:
            return ask()
        except CnictlError as error:
            self.bundle.unseen[name] = str(error)
        except OSError as error:
            what = f"cannot read {error.filename}: " if error.filename else ""
            self.bundle.unseen[name] = what + reason_of(error)
        return otherwise


def _asked(made: Bundle, place: Place, socket: str, known: Runtime) -> Runtime:
    """Fill in what the runtime says over CRI, and return where it looks."""
    try:
        asked = sandboxes.gather(place, socket)
    except sandboxes.NoRuntime as error:
        made.unseen["cri"] = str(error)
        return known
    except CnictlError as error:
        made.unseen |= dict.fromkeys(("cri", "sandboxes"), str(error))
        return known
    made.cri, made.sandboxes = asked.status, asked.sandboxes
    return asked.corrected(known)


def _needed(bundle: Bundle, known: Sequence[NetworkList]) -> dict[str, str]:
    needed: dict[str, str] = {}
    for network in known:
        for plugin in network.plugins:
            for name in (plugin.type, plugin.ipam_type):
                if name:
                    needed.setdefault(name, f"network {network.name}")
    for cached in bundle.cache:
        for name in cached.plugins:
            needed.setdefault(name, f"DEL of container {cached.container}")
    if bundle.runtime.name == "containerd" and not bundle.runtime.internal_loopback and known:
        needed.setdefault("loopback", "containerd, for every pod")
    return needed


def _ipam(network: NetworkList) -> Iterator[Document]:
    for plugin in network.plugins:
        section = Document(plugin.members).get("ipam")
        if isinstance(section, dict):
            yield Document(section)


def _data_dirs(known: Sequence[NetworkList]) -> list[str]:
    found = [ipam.get("dataDir") for network in known for ipam in _ipam(network)]
    return [one.rstrip("/") for one in found if isinstance(one, str) and is_absolute(one)]


def _agent_files(known: Sequence[NetworkList]) -> list[str]:
    found = [ipam.get("daemonSocketPath") for network in known for ipam in _ipam(network)]
    for plugin in (one for network in known for one in network.plugins):
        section = Document(plugin.members).get("kubernetes")
        for members in (plugin.members, section if isinstance(section, dict) else {}):
            found += [Document(members).get(key) for key in _FILE_KEYS]
    return [one for one in found if isinstance(one, str) and is_absolute(one)]


def _records_of_multus(bundle: Bundle, known: Sequence[NetworkList]) -> list[str]:
    """Return where multus keeps what it did for the attachments of the cache."""
    found: dict[str, str] = {}
    for network in known:
        for plugin in network.plugins:
            if plugin.type == "multus":
                given = Document(plugin.members).get("cniDir")
                usable = isinstance(given, str) and is_absolute(given)
                found[network.name] = str(given) if usable else MULTUS_RECORDS
    return [
        f"{found.get(one.network, MULTUS_RECORDS)}/{one.container}"
        for one in bundle.cache
        if "multus" in one.plugins and is_name(one.container)
    ]


def _said(taking: _Taking, place: Place, log: str | None) -> list[Message]:
    if log is not None:
        return messages.told("log", log)
    if place.root:
        taking.bundle.unseen["messages"] = "the journals of another node are not here"
        return []
    return taking("messages", messages.gather_journal, [])


def _of_cluster(
    taking: _Taking, place: Place, kubectl: Sequence[Json] | None, kubeconfig: str, pod: str
) -> None:
    """Fill in the pods and their events, from the API server or as kubectl printed them."""
    made = taking.bundle
    nothing = cluster.Known([], [])
    if kubeconfig:
        known = taking("pods", lambda: cluster.gather(place, kubeconfig, pod), nothing)
    elif kubectl is not None:
        known = cluster.Known(*messages.pods_and_events(kubectl))
    else:
        made.unseen["pods"] = "no output of `kubectl get pods,events -A -o json` was given, and no kubeconfig"
        return
    if known.missing:
        made.unseen["events"] = known.missing
    made.pods = known.pods
    made.messages += known.events
