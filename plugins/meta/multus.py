"""multus: attaches a pod to several networks, those of the node and those that the pod asks for.

Every network is made by the plugins of its own configuration.  The first makes CNI_IFNAME and its
Result is the answer to the runtime; the others make net1, net2 and so on.  They are listed in
`delegates`, or found by name.  With a kubeconfig, or inside of a pod of the cluster, the pod's
annotations count too.  `k8s.v1.cni.cncf.io/networks` asks for NetworkAttachmentDefinitions: names with
commas, `[NAMESPACE/]NAME[@IFNAME]`, or a JSON list of objects, which have besides `name`, `namespace` and
`interface` also `ips`, `mac`, `infiniband-guid`, `portMappings`, `bandwidth`, `deviceID`, `cni-args` and
`default-route`.  `v1.multus-cni.io/default-network` names one to take the place of the first.  What came
of it all is written to `k8s.v1.cni.cncf.io/network-status`, and events tell of it.

What DEL needs is kept in `cniDir`: it works when the pod, the API server or the namespace is gone.
When one network fails, those before it are taken back.  `default-route` gives the pod's default routes
to one network, and takes them from the others.  For a definition with the annotation
`k8s.v1.cni.cncf.io/resourceName` the pod's next device of that resource is looked up in the kubelet's
checkpoint; claims of dynamic resource allocation are not.

A kubeconfig has a token, or a client certificate; no program is run for credentials, and no proxy is
used.  One in JSON saves some milliseconds.

This is the thin plugin of multus, which does all its work itself.  It writes no configuration of its
own for the runtime: that is for whoever installs it on the nodes.
"""

from __future__ import annotations

from cnictl import durable
from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.plugin import network
from cnictl.plugin.skel import Plugin
from cnictl.spec import versions
from cnictl.spec.errors import PLUGIN_NOT_AVAILABLE, TRY_AGAIN_LATER, CniError
from cnictl.spec.request import for_gc, for_status

from . import (
    multus_attachment,
    multus_collection,
    multus_networks,
    multus_pod,
    multus_records,
    multus_routes,
)
from .multus_attachment import Attached, attach, search_path
from .multus_config import MultusConfig, PodArguments, pod_arguments, read
from .multus_pod import KnownPod

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.result import AnyResult, Result

    from .multus_delegate import Delegate


def add(request: Request) -> AnyResult:
    config = read(request)
    pod = pod_arguments(request)
    multus_pod.wait_until_ready(config, pod)
    known = multus_pod.find(request, config, pod)
    if known.is_gone:
        request.log.warning("there is no such pod, so nothing is attached", pod=pod.words)
        return network.in_version(multus_pod.nothing(request), request.cni_version)
    attached = attach(request, config, pod, _networks(config, pod, known))
    unfinished = _keep(request, config, attached)
    made = []
    for one in attached:
        result = _add(request, pod, one, unfinished)
        known.tell_of(one, result)
        made.append((one.delegate, one.ifname, result))
    for index in multus_routes.settle(request.netns, made):
        attached[index].attachment.remember(attached[index].asked, made[index][2])
    known.set_status(config, attached, [result for _, _, result in made])
    return network.in_version(made[0][2], request.cni_version)


def delete(request: Request) -> None:
    config = read(request)
    try:
        pod = pod_arguments(request)
    except CniError as error:
        request.log.warning("CNI_ARGS do not tell the pod", reason=str(error))
        pod = PodArguments()
    path = multus_records.path_of(config.cni_dir, request.container_id)
    delegates, certain = _networks_of_add(request, config, pod, path)
    failures = multus_attachment.delete(attach(request, config, pod, delegates))
    words = " / ".join(map(str, failures))
    if not failures or not config.retry_delete_on_error or "no such file or directory" in words:
        durable.remove(path)
    if failures and certain:
        raise CniError(network.as_cni_error(failures[0]).code, f"errors: {words}")
    if failures:
        request.log.warning("not all of what may have been attached is gone", reason=words)


def delegates(request: Request) -> list[Request]:
    config = read(request)
    if request.command == "CHECK":
        pod = pod_arguments(request)
        path = multus_records.path_of(config.cni_dir, request.container_id)
        records = multus_records.load(path)
        kept = config.own_delegates() if records is None else records.delegates
        attached = attach(request, config, pod, kept)
        return [asked for one in attached for asked in one.attachment.requests(one.asked, "CHECK")]
    known = multus_pod.find(request, config, PodArguments()) if config.cluster_network else KnownPod()
    first = multus_networks.of_node(config, known.cluster)[0].network
    if not versions.at_least(first.cni_version, "1.1.0"):
        return []
    path = search_path(config, request)
    if request.command == "STATUS":
        return [request.delegated("STATUS", for_status(first, one), path=path) for one in first.plugins]
    valid = multus_collection.spared(request, config)
    return [request.delegated("GC", for_gc(first, one, valid), path=path) for one in first.plugins]


def declare(request: Request) -> list[Expectation]:
    path = multus_records.path_of(read(request).cni_dir, request.container_id)
    return [Expectation(NODE, entities.file(path))]


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    config = read(request)
    multus_pod.require_ready(config, TRY_AGAIN_LATER)
    multus_collection.collect(request, config, valid)


def status(request: Request) -> None:
    multus_pod.require_ready(read(request), PLUGIN_NOT_AVAILABLE)


def _networks(config: MultusConfig, pod: PodArguments, known: KnownPod) -> list[Delegate]:
    """Return all networks of a pod; raises CniError that names it."""
    try:
        if known.cluster is not None and known.pod is not None:
            found = multus_networks.of_pod(config, known.cluster, known.pod, pod.uid or known.pod.uid)
        else:
            found = multus_networks.of_node(config, known.cluster, pod.namespace)
        multus_routes.check(found)
        last = multus_networks.auxiliary(config)
    except CniError as error:
        raise error.within(f"Multus: [{pod.words}]: ") from error
    return [*found, last] if last is not None else found


def _networks_of_add(
    request: Request, config: MultusConfig, pod: PodArguments, path: str
) -> tuple[list[Delegate], bool]:
    """Return the networks to delete, and whether it is certain that they were attached."""
    try:
        records = multus_records.load(path)
        if records is not None:
            return records.delegates, True
        known = multus_pod.find(request, config, pod)
        if known.pod is not None:
            return _networks(config, pod, known), True
    except CniError as error:
        request.log.warning("failed to get the cached delegates file, or the pod", reason=str(error))
    try:
        return config.own_delegates(), False
    except CniError as error:
        request.log.warning("the networks of the configuration cannot be read", reason=str(error))
        return [], False


def _keep(request: Request, config: MultusConfig, attached: list[Attached]) -> list[Attached]:
    """Write down what DEL needs; return a list of what must be taken back before that is forgotten."""
    unfinished: list[Attached] = []
    path = multus_records.path_of(config.cni_dir, request.container_id)
    before = durable.read(path)
    request.undo.push(_forget, path, before, unfinished)
    multus_records.save(path, [one.delegate for one in attached], request.network, request.ifname)
    return unfinished


def _forget(path: str, before: bytes | None, unfinished: list[Attached]) -> None:
    if before is not None:
        durable.replace(path, before)
    elif not unfinished:
        durable.remove(path)


def _add(request: Request, pod: PodArguments, one: Attached, unfinished: list[Attached]) -> Result:
    """Have one network made; it is taken back when the request fails later, or its own plugins do."""
    name = one.delegate.network.name
    try:
        one.require_free_name()
        unfinished.append(one)
        request.undo.push(_take_back, one, unfinished)
        return one.attachment.add(one.asked)
    except CniError as error:
        words = pod.words if pod.name else request.container_id
        raise error.within(f'[{words}:{name}]: error adding container to network "{name}": ') from error


def _take_back(one: Attached, unfinished: list[Attached]) -> None:
    one.take_back()
    unfinished.remove(one)


PLUGIN = Plugin(
    "multus",
    MultusConfig,
    add=add,
    delete=delete,
    declare=declare,
    gc=gc,
    status=status,
    delegates=delegates,
)
