"""Configurations: which one the runtime uses, and what is wrong with it."""

from __future__ import annotations

import os
from collections import defaultdict
from typing import TYPE_CHECKING

from cnictl.configuration import parse
from cnictl.doctor.collect import networks_of
from cnictl.doctor.finding import Seen, check
from cnictl.doctor.recognise import recognise
from cnictl.lint.directory import Directory
from cnictl.lint.engine import examine
from cnictl.lint.model import ERROR
from cnictl.lint.subject import Configuration
from cnictl.spec.document import Document, decode
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import Bundle, ConfigurationFile
    from cnictl.spec.conflist import NetworkList

RULES = {
    "CNI101": "conf-invalid-json",
    "CNI102": "conf-shape",
    "CNI104": "conf-invalid-json",
    "CNI201": "conf-shape",
    "CNI202": "conf-name-invalid",
    "CNI205": "conf-shape",
    "CNI301": "conf-wrong-json-type",
    "CNI307": "ipam-no-config",
    "CNI309": "route-unreachable",
    "CNI313": "route-unreachable",
    "CNI319": "route-unreachable",
    "CNI401": "conf-chain-order",
    "CNI501": "conf-duplicate-name",
}
"""The class that a rule of `cnictl validate` stands for."""
WARNED = ("CNI309", "CNI313", "CNI501")
"""Rules that only warn, as an author may know better, of what is at work here."""
REFUSALS = ("route-unreachable", "multus-delegate", "tuning-sysctl")
"""Classes of which a configuration tells, but not alone."""
REFUSED = "CNI302"
"""A plugin's own refusal, whose words tell the class."""

AGENTS = {
    "cilium-cni": "/var/run/cilium/cilium.sock",
    "calico": "/var/lib/calico/nodename",
    "flannel": "/run/flannel/subnet.env",
}
"""What the agent of a network makes on a node, by the plugin of that network."""

PROMPT = 60.0
"""Seconds within which a runtime has read what is new."""


def winner(bundle: Bundle) -> tuple[ConfigurationFile, NetworkList] | None:
    """Return the file that pods get their network from, None when the runtime uses none."""
    for one in listed(bundle):
        try:
            network = parse(one.text.encode())
        except CnictlError:
            if bundle.runtime.name == "crio":
                continue
            return None
        if bundle.runtime.name != "crio" or bundle.runtime.default_network in ("", network.name):
            return one, network
    return None


def listed(bundle: Bundle) -> list[ConfigurationFile]:
    """Return the files that a runtime reads, in its order."""
    return [one for one in bundle.configurations if one.listed]


@check("conf-none", "conf-wrong-dir", needs=("configurations",))
def no_configuration(bundle: Bundle) -> Iterator[Seen]:
    if listed(bundle):
        return
    directory = bundle.runtime.conf_dir
    facts = {"directory": directory}
    if bundle.others:
        told = [
            f"{one.path} is where {bundle.runtime.source or 'the runtime'} does not look"
            for one in bundle.others
        ]
        yield Seen("conf-wrong-dir", directory, tuple(told), facts)
        return
    names = [os.path.basename(one.path) for one in bundle.configurations]
    line = f"{directory} has {', '.join(names[:8])}" if names else f"{directory} is empty or not there"
    yield Seen("conf-none", directory, (line,), facts)


@check(
    "conf-invalid-json",
    "conf-shape",
    "conf-wrong-json-type",
    "conf-name-invalid",
    "conf-chain-order",
    "conf-duplicate-name",
    "ipam-no-config",
    "hl-bad-range",
    "bw-args",
    *REFUSALS,
    needs=("configurations",),
    partial=REFUSALS,
)
def wrong_configuration(bundle: Bundle) -> Iterator[Seen]:
    files = listed(bundle)
    judged = [Configuration(one.path, one.text, unread=one.unread) for one in files]
    directory = Directory(judged)
    first = files[0].path if files else ""
    for one in judged:
        one.directory = directory
        for found in examine(one):
            code = RULES.get(found.code, "")
            if found.code == REFUSED:
                code = next((each.failure.code for each in recognise(found.message)), "")
            if not code or (found.severity != ERROR and found.code not in WARNED):
                continue
            yield Seen(
                code,
                f"{one.path}:{found.line}:{found.column}",
                (found.message, *([found.source.strip()] if found.source.strip() else ())),
                {"directory": bundle.runtime.conf_dir, "file": one.path},
                None if one.path == first or bundle.runtime.name == "crio" else "warning",
            )


@check("conf-version-missing", needs=("configurations",))
def no_version(bundle: Bundle) -> Iterator[Seen]:
    for one in listed(bundle):
        try:
            members = decode(one.text)
        except CnictlError:
            continue
        if isinstance(members, dict) and not Document(members).get("cniVersion"):
            several = Document(members).get("cniVersions")
            if not several:
                yield Seen(
                    "conf-version-missing",
                    one.path,
                    (f"{one.path} has no cniVersion",),
                    {"directory": bundle.runtime.conf_dir, "file": one.path},
                )


@check("conf-version-unsupported", needs=("configurations", "programs"))
def unsupported_version(bundle: Bundle) -> Iterator[Seen]:
    used = winner(bundle)
    if used is None:
        return
    file, network = used
    supported = {one.name: one for one in bundle.programs if one.versions}
    for name in _plugins(network):
        program = supported.get(name)
        if program and network.cni_version not in program.versions:
            yield Seen(
                "conf-version-unsupported",
                file.path,
                (
                    f"{file.path}: cniVersion is {network.cni_version}",
                    f"{program.path} supports {', '.join(program.versions)}",
                ),
                {"network": network.name, "plugin": name, "file": file.path},
            )


@check("conf-leftover", needs=("configurations", "agents"))
def leftover(bundle: Bundle) -> Iterator[Seen]:
    used = winner(bundle)
    if used is None:
        return
    file, network = used
    others = [one for one in networks_of(bundle.configurations) if not _is_for_all(one) and one != network]
    if not others:
        return
    for plugin in network.plugins:
        shown = AGENTS.get(plugin.type)
        agent = next((one for one in bundle.agents if one.path == shown), None)
        if agent and not agent.there:
            yield Seen(
                "conf-leftover",
                file.path,
                (
                    f"{file.path} comes first and uses {plugin.type}; there is also {others[0].name}",
                    f"{agent.path} of its agent is not there",
                ),
                {"file": file.path, "network": network.name},
            )


@check("conf-watch-lost", needs=("configurations", "processes"))
def lost_watch(bundle: Bundle) -> Iterator[Seen]:
    directory = bundle.runtime.conf_dir
    for one in bundle.processes:
        if one.directory and one.watcher and one.directory not in one.watches:
            line = (
                f"none of the {len(one.watches)} watches of {one.name} (process {one.pid}) is on {directory}"
            )
            yield Seen("conf-watch-lost", directory, (line,), {"runtime": one.name, "directory": directory})


@check("conf-not-reloaded", needs=("configurations", "messages"))
def not_read(bundle: Bundle) -> Iterator[Seen]:
    used = winner(bundle)
    if used is None or not used[0].changed:
        return
    file = used[0]
    for message in bundle.messages:
        told = {one.failure.code for one in recognise(message.text) if not one.because}
        if "conf-none" in told and message.when > file.changed + PROMPT:
            late = message.when - file.changed
            lines = (f"{file.path} is valid, and {late:.0f} s after it came:", message.text)
            yield Seen("conf-not-reloaded", file.path, lines, {"file": file.path})
            return


@check("conf-two-files-one-cni", needs=("configurations",))
def two_files(bundle: Bundle) -> Iterator[Seen]:
    if bundle.runtime.name != "containerd" or bundle.runtime.max_conf_num == 1:
        return
    loaded = listed(bundle)[: bundle.runtime.max_conf_num or None]
    by_plugin: dict[str, list[str]] = defaultdict(list)
    for one in loaded:
        try:
            by_plugin[parse(one.text.encode()).plugins[0].type].append(one.path)
        except (CnictlError, IndexError):
            continue
    for plugin, paths in by_plugin.items():
        if len(paths) > 1:
            yield Seen(
                "conf-two-files-one-cni",
                paths[0],
                (
                    f"{bundle.runtime.source}: max_conf_num is {bundle.runtime.max_conf_num}",
                    *(f"{path} uses {plugin}" for path in paths),
                ),
                {"file": paths[-1]},
            )


@check("conf-capability-missing", needs=("configurations", "pods"))
def no_port_mappings(bundle: Bundle) -> Iterator[Seen]:
    used = winner(bundle)
    if (
        used is None
        or any(one.type in AGENTS for one in used[1].plugins)
        or "portMappings" in used[1].capabilities
    ):
        return
    for pod in bundle.pods:
        if pod.host_ports and not pod.host_network:
            yield Seen(
                "conf-capability-missing",
                f"{pod.namespace}/{pod.name}",
                (
                    f"pod {pod.namespace}/{pod.name} has host ports: {', '.join(map(str, pod.host_ports))}",
                    f"no plugin of {used[0].path} has the capability portMappings",
                ),
                {"namespace": pod.namespace, "pod": pod.name, "directory": bundle.runtime.conf_dir},
            )


def _is_for_all(network: NetworkList) -> bool:
    """Whether it is the loopback that goes with any network."""
    return all(one.type == "loopback" for one in network.plugins)


def _plugins(network: NetworkList) -> list[str]:
    return [name for one in network.plugins for name in (one.type, one.ipam_type) if name]
