"""Limits of the node, modules, and the agents that networks rely on."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING

from cnictl.doctor.checks.configuration import winner
from cnictl.doctor.collect import networks_of
from cnictl.doctor.finding import Seen, check
from cnictl.doctor.gather.agents import (
    ALLOWLIST,
    AWS_PORT,
    AWS_SOCKET,
    CALICO_KUBECONFIG,
    CILIUM,
    MULTUS_KUBECONFIG,
    MULTUS_SOCKET,
    NODENAME,
    SUBNET_ENV,
)
from cnictl.doctor.wanted import plugins
from cnictl.spec.document import decode
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import AgentFile, Bundle

NEARLY = 0.9
KINDS = {
    "macvlan": "macvlan",
    "ipvlan": "ipvlan",
    "vlan": "8021q",
    "dummy": "dummy",
    "vrf": "vrf",
    "vxlan": "vxlan",
}
"""The module that makes the interface of a plugin."""
QUEUES = ("ifb", "sch_tbf", "sch_ingress", "act_mirred")
_SELECTED = re.compile(r"(?:[a-z0-9.-]+/)?[a-z0-9.-]+(?:@[\w.-]{1,15})?")
_SHOWN = 200
MATCHES = ("xt_comment", "xt_MASQUERADE")


@check("kind-unsupported", "bw-module", "ipt-module", needs=("configurations", "kernel", "modules"))
def no_module(bundle: Bundle) -> Iterator[Seen]:
    modules, release = bundle.kernel.modules, bundle.kernel.release
    for network in networks_of(bundle.configurations):
        for plugin in network.plugins:
            module = KINDS.get(plugin.type, "")
            lacking = [("kind-unsupported", module)] if module and not modules.get(module, True) else []
            if plugin.type == "bandwidth":
                lacking += [("bw-module", one) for one in QUEUES if not modules.get(one, True)]
            if plugin.type == "portmap":
                lacking += [("ipt-module", one) for one in MATCHES if not modules.get(one, True)]
            for code, name in lacking:
                line = f"network {network.name}: {plugin.type} needs {name}, and kernel {release} has none"
                yield Seen(code, name, (line,), {"module": name, "release": release, "network": network.name})


@check("neigh-full", needs=("kernel",))
def neighbours(bundle: Bundle) -> Iterator[Seen]:
    for version in "46":
        name = f"net/ipv{version}/neigh/default/gc_thresh3"
        most, now = bundle.kernel.sysctls.get(name, ""), bundle.kernel.counters.get(f"neighbours{version}", 0)
        if most.isdigit() and now >= int(most) * NEARLY:
            line = f"{now} neighbours in all namespaces, and {name.replace('/', '.')} = {most}"
            yield Seen("neigh-full", name.replace("/", "."), (line,))


@check("inotify", needs=("kernel",))
def watches(bundle: Bundle) -> Iterator[Seen]:
    most = bundle.kernel.sysctls.get("fs/inotify/max_user_instances", "")
    now = bundle.kernel.counters.get("inotify", 0)
    if most.isdigit() and now >= int(most) * NEARLY:
        line = f"root has {now} inotify instances of fs.inotify.max_user_instances = {most}"
        yield Seen("inotify", "fs.inotify.max_user_instances", (line,))


@check("fds", needs=("processes",))
def descriptors(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.processes:
        if one.most and one.descriptors >= one.most * NEARLY:
            line = f"{one.name} (process {one.pid}) has {one.descriptors} of {one.most} descriptors"
            yield Seen("fds", one.name, (line,))


@check("pids", needs=("kernel",))
def threads(bundle: Bundle) -> Iterator[Seen]:
    now = bundle.kernel.counters.get("threads", 0)
    for name in ("kernel/threads-max", "kernel/pid_max"):
        most = bundle.kernel.sysctls.get(name, "")
        if most.isdigit() and now >= int(most) * NEARLY:
            line = f"{now} threads, and {name.replace('/', '.')} = {most}"
            yield Seen("pids", name.replace("/", "."), (line,))


@check("flannel-subnet-env", needs=("configurations", "agents"))
def flannel(bundle: Bundle) -> Iterator[Seen]:
    for network, plugin in plugins(bundle, "flannel"):
        path = plugin.get("subnetFile")
        path = path if isinstance(path, str) and path else SUBNET_ENV
        agent = _agent(bundle, path)
        facts = {"file": path, "network": network.name}
        if agent and not agent.there:
            yield Seen("flannel-subnet-env", path, (f"{path} is not there",), facts)
        elif agent and agent.missing:
            yield Seen("flannel-subnet-env", path, (f"{path} is missing {', '.join(agent.missing)}",), facts)


@check("calico-nodename", "calico-unauthorized", needs=("configurations", "agents"))
def calico(bundle: Bundle) -> Iterator[Seen]:
    for network, _ in plugins(bundle, "calico"):
        agent = _agent(bundle, NODENAME)
        if agent and not agent.there:
            yield Seen("calico-nodename", NODENAME, (f"{NODENAME} is not there",), {"network": network.name})
        yield from _expired(bundle, CALICO_KUBECONFIG, "calico-unauthorized")


@check("cilium-agent-down", needs=("configurations", "agents"))
def cilium(bundle: Bundle) -> Iterator[Seen]:
    used = winner(bundle)
    if used is None or not any(one.type == "cilium-cni" for one in used[1].plugins):
        return
    agent = _agent(bundle, CILIUM)
    if agent and not (agent.there and agent.listening):
        why = "nobody listens at" if agent.there else "there is no"
        yield Seen("cilium-agent-down", CILIUM, (f"{why} {CILIUM}",), {"network": used[1].name})


@check("multus-auth", "multus-readiness", "multus-shim-socket", needs=("configurations", "agents"))
def multus(bundle: Bundle) -> Iterator[Seen]:
    for network, plugin in [*plugins(bundle, "multus"), *plugins(bundle, "multus-shim")]:
        facts = {"network": network.name}
        kubeconfig = plugin.get("kubeconfig")
        yield from _expired(
            bundle, kubeconfig if isinstance(kubeconfig, str) else MULTUS_KUBECONFIG, "multus-auth"
        )
        ready = plugin.get("readinessindicatorfile")
        agent = _agent(bundle, ready) if isinstance(ready, str) else None
        if agent and not agent.there:
            yield Seen(
                "multus-readiness", agent.path, (f"{agent.path} is not there",), facts | {"file": agent.path}
            )
        socket = _agent(bundle, MULTUS_SOCKET)
        if plugin.get("type") == "multus-shim" and socket and not (socket.there and socket.listening):
            why = "nobody listens at" if socket.there else "there is no"
            yield Seen("multus-shim-socket", MULTUS_SOCKET, (f"{why} {MULTUS_SOCKET}",), facts)


@check("multus-annotation", needs=("pods",), partial=True)
def unreadable_annotations(bundle: Bundle) -> Iterator[Seen]:
    for pod in bundle.pods:
        reason = _wrong_selection(pod.networks)
        if reason:
            lines = (f"pod {pod.namespace}/{pod.name}: {reason}", pod.networks[:_SHOWN])
            facts = {"namespace": pod.namespace, "pod": pod.name}
            yield Seen("multus-annotation", f"{pod.namespace}/{pod.name}", lines, facts)


def _wrong_selection(text: str) -> str:
    """Return what is wrong with an annotation of networks, "" when nothing is."""
    if not text.strip():
        return ""
    if text.lstrip()[0] in '[{"':
        try:
            members = decode(text)
        except CnictlError as error:
            return f"the annotation is no JSON: {error}"
        if not isinstance(members, list) or not all(
            isinstance(one, dict) and one.get("name") for one in members
        ):
            return "the annotation is no list of objects with a name"
        return ""
    wrong = [one for one in text.split(",") if not _SELECTED.fullmatch(one.strip())]
    return f"{wrong[0]!r} is no [NAMESPACE/]NAME[@INTERFACE]" if wrong else ""


@check("tuning-sysctl", needs=("configurations", "agents"), partial=True)
def not_allowed(bundle: Bundle) -> Iterator[Seen]:
    listed = _agent(bundle, ALLOWLIST)
    if listed is None or not listed.there:
        return
    for network, plugin in plugins(bundle, "tuning"):
        wanted = plugin.get("sysctl")
        for name in wanted if isinstance(wanted, dict) else ():
            if not any(_found(one, name) for one in listed.lines):
                line = f"network {network.name} sets {name}, which no line of {ALLOWLIST} allows"
                yield Seen("tuning-sysctl", name, (line,), {"sysctl": name, "network": network.name})


def _found(expression: str, name: str) -> bool:
    try:
        return re.search(expression, name) is not None
    except re.error:
        return False


@check("aws-ipamd-down", needs=("configurations", "agents"), partial=True)
def aws(bundle: Bundle) -> Iterator[Seen]:
    for network, _ in plugins(bundle, "aws-cni"):
        ways = [_agent(bundle, AWS_SOCKET), _agent(bundle, AWS_PORT)]
        if all(ways) and not any(one and one.listening for one in ways):
            port = AWS_PORT.partition(":")[2]
            line = f"nobody listens at {AWS_SOCKET}, nor at port {port} of older releases"
            yield Seen("aws-ipamd-down", AWS_SOCKET, (line,), {"network": network.name})


@check("svc-vip", needs=("agents", "namespaces"), partial=True)
def unreachable_server(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.agents:
        host = one.server.partition("/")[0].rpartition(":")[0].strip("[]") or one.server
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            continue
        own = (ipaddress.ip_interface(each.prefix).ip for each in bundle.own.addresses)
        known = (ipaddress.ip_network(each.destination, strict=False) for each in bundle.own.routes)
        if address not in own and not address.is_loopback and not any(address in each for each in known):
            line = f"{one.path} names the API server {one.server}, and the node has no route to {address}"
            yield Seen("svc-vip", str(address), (line,), {"address": str(address)})


@check("mesh-cni", needs=("configurations", "agents"))
def mesh(bundle: Bundle) -> Iterator[Seen]:
    for network, plugin in [*plugins(bundle, "istio-cni"), *plugins(bundle, "linkerd-cni")]:
        section = plugin.get("kubernetes")
        named = section.get("kubeconfig") if isinstance(section, dict) else plugin.get("kubeconfig")
        agent = _agent(bundle, named) if isinstance(named, str) else None
        if agent and not agent.there:
            line = f"{plugin.get('type')} of network {network.name} needs {agent.path}, which is not there"
            yield Seen("mesh-cni", agent.path, (line,), {"network": network.name})


def _expired(bundle: Bundle, path: str, code: str) -> Iterator[Seen]:
    agent = _agent(bundle, path)
    if agent and agent.there and 0 < agent.expires < bundle.taken:
        hours = (bundle.taken - agent.expires) / 3600
        yield Seen(code, path, (f"the token in {path} expired {hours:.1f} hours ago",), {"file": path})


def _agent(bundle: Bundle, path: str) -> AgentFile | None:
    return next((one for one in bundle.agents if one.path == path), None)
