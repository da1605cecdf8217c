"""multus: from the names of networks to their configurations.

A name is that of a NetworkAttachmentDefinition, an object of the API server, or of a configuration
in `confDir`; the node's administrator may also name directories and files.
"""

from __future__ import annotations

import os

from cnictl import configuration
from cnictl.configuration import LISTS, SINGLES
from cnictl.spec.document import Document, decode_object
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CnictlError, CniError
from cnictl.spec.versions import CURRENT

from . import multus_delegate, multus_devices, multus_selection

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.document import Json

    from .multus_api import Cluster, Pod
    from .multus_config import MultusConfig
    from .multus_delegate import Delegate
    from .multus_devices import Devices
    from .multus_selection import Selection

    Change = Callable[[dict[str, Json]], dict[str, Json]]

NETWORKS = "k8s.v1.cni.cncf.io/networks"
DEFAULT_NETWORK = "v1.multus-cni.io/default-network"
RESOURCE = "k8s.v1.cni.cncf.io/resourceName"


def of_node(config: MultusConfig, cluster: Cluster | None, namespace: str = "") -> list[Delegate]:
    """Return the networks of every pod of a namespace, as the configuration says; raises CniError."""
    if not config.cluster_network:
        return config.own_delegates()
    names = [config.cluster_network]
    if namespace not in config.system:
        names += config.default_networks
    try:
        return [_named(config, cluster, name) for name in names]
    except CniError as error:
        raise error.within("failed to get clusterNetwork/defaultNetworks: ") from error


def of_pod(config: MultusConfig, cluster: Cluster, pod: Pod, uid: str) -> list[Delegate]:
    """Return all networks of a pod, the first being that of CNI_IFNAME; raises CniError.

    `uid` is what the kubelet knows the pod by, which of a static pod is not its object's.
    """
    found = of_node(config, cluster, pod.namespace)
    devices = multus_devices.Devices(uid)
    chosen = pod.annotation(DEFAULT_NETWORK)
    if chosen:
        selected = multus_selection.parse(chosen, config.multus_namespace)
        if len(selected) != 1:
            raise _invalid(
                f"tryLoadK8sPodDefaultNetwork: more than one default network is specified: {chosen}"
            )
        found[:1] = [_selected(config, cluster, pod, selected[0], devices)]
    for selection in multus_selection.parse(pod.annotation(NETWORKS), pod.namespace):
        _check_isolation(config, pod, selection)
        found.append(_selected(config, cluster, pod, selection, devices))
    return found


def auxiliary(config: MultusConfig) -> Delegate | None:
    """Return the network of the plugins beside `clusterNetwork` that are to be run last; None without any."""
    name = config.auxiliary_chain
    if not name:
        return None
    if "/" not in config.cluster_network:
        raise _invalid(
            "auxiliary chain used but ClusterNetwork must be a path,"
            f" and it is not a path: {config.cluster_network}"
        )
    path = config.cluster_network.rstrip("/")
    directory = path if os.path.isdir(path) else os.path.dirname(path)
    members: dict[str, Json] = {
        "cniVersion": config.document.string("cniVersion") or CURRENT,
        "name": name,
        "plugins": [{"type": "passthru", "name": "passthru-cni"}],
    }
    first = multus_delegate.parse(members)
    network = configuration.with_folder(first.network, directory)
    return None if network is first.network else multus_delegate.of_list(network)


def _check_isolation(config: MultusConfig, pod: Pod, selection: Selection) -> None:
    if not config.namespace_isolation or selection.namespace == pod.namespace:
        return
    if selection.namespace not in [one.strip() for one in config.global_namespaces.split(",")]:
        raise _invalid(
            "GetNetworkDelegates: namespace isolation enabled, annotation violates permission, pod is in"
            f" namespace {pod.namespace} but refers to target namespace {selection.namespace}",
            f"globalNamespaces lets pods use those of {config.global_namespaces}",
        )


def _selected(
    config: MultusConfig, cluster: Cluster, pod: Pod, selection: Selection, devices: Devices
) -> Delegate:
    try:
        definition = cluster.network(selection.namespace, selection.name)
    except CniError as error:
        name, namespace = selection.name, selection.namespace
        words = (
            f"cannot find a network-attachment-definition ({name}) in namespace ({namespace}): {error.msg}"
        )
        cluster.tell(pod, "NoNetworkFound", words, warning=True)
        advice = error.details or f"make it, or correct {NETWORKS} of the pod"
        raise CniError(error.code, f"getKubernetesDelegate: {words}", advice) from error
    resource = definition.annotation(RESOURCE)
    device = devices.next(resource) if resource else ""
    found = _defined(config, definition.namespace, definition.name, definition.config, selection, device)
    wanted = selection.wanted.replace(device_id=device) if device else selection.wanted
    return found.replace(wanted=wanted, resource=resource)


def _defined(
    config: MultusConfig,
    namespace: str,
    name: str,
    text: str,
    selection: Selection | None = None,
    device: str = "",
) -> Delegate:
    """Return the network of a NetworkAttachmentDefinition, which without a text is in `confDir`."""
    where = f"network-attachment-definition {namespace}/{name}"
    if not text:
        members = decode_object(_in_directory(config.conf_dir, name, where).raw)
    else:
        try:
            members = decode_object(text)
        except CniError as error:
            raise _invalid(f"{where}: spec.config is no JSON object: {error}") from None
    if selection is not None and selection.cni_args:
        members = _each(members, lambda plugin: _with_arguments(plugin, selection.cni_args))
    if device:
        members = _each(members, lambda plugin: {**plugin, "deviceID": device, "pciBusID": device})
    try:
        return multus_delegate.parse(
            members,
            version=config.document.string("cniVersion"),
            name=f"{namespace}/{name}",
            network_name=name,
        )
    except CniError as error:
        raise error.within(f"{where}: ") from None


def _named(config: MultusConfig, cluster: Cluster | None, value: str) -> Delegate:
    """Return the network that `clusterNetwork` or `defaultNetworks` names: the first of four meanings."""
    if "/" not in value and cluster is not None:
        definition = cluster.find_network(config.multus_namespace, value)
        if definition is not None:
            return _defined(config, definition.namespace, definition.name, definition.config)
    for candidate in configuration.survey(config.conf_dir):
        if candidate.network is not None and candidate.network.name == value:
            return _of_file(config, candidate.network)
    try:
        if "/" in value and os.path.isdir(value):
            paths = configuration.files(value, (*LISTS, SINGLES[0]))
            if paths:
                return _of_file(config, configuration.load(paths[0]))
        elif "/" in value and os.path.isfile(value):
            return _of_file(config, configuration.load(value))
    except CnictlError as error:
        raise _invalid(f"getNetDelegate: {value}: {error}", error.hint) from error
    raise _invalid(
        f"getNetDelegate: cannot find network: {value}",
        f"it is no network-attachment-definition in namespace {config.multus_namespace}, no network in"
        f" {config.conf_dir}, no directory and no file",
    )


def _of_file(config: MultusConfig, network: NetworkList) -> Delegate:
    if network.cni_version or not config.document.string("cniVersion"):
        return multus_delegate.of_list(network)
    return multus_delegate.parse(decode_object(network.raw), version=config.document.string("cniVersion"))


def _in_directory(directory: str, name: str, where: str) -> NetworkList:
    broken = []
    for candidate in configuration.survey(directory):
        if candidate.network is not None and candidate.network.name == name:
            return candidate.network
        if candidate.network is None:
            broken.append(f"{candidate.path} cannot be used: {candidate.problem}")
    raise _invalid(
        f"{where} has no spec.config, and {directory} has no network called {name}", "; ".join(broken)
    )


def _each(members: dict[str, Json], change: Change) -> dict[str, Json]:
    """Return a configuration with a change to its plugin, or to every plugin of the list."""
    plugins = members.get("plugins")
    if Document(members).string("type") or not isinstance(plugins, list):
        return change(members)
    return {**members, "plugins": [change(one) if isinstance(one, dict) else one for one in plugins]}


def _with_arguments(plugin: dict[str, Json], added: dict[str, Json]) -> dict[str, Json]:
    """Return a plugin's configuration with more in `args.cni`, in place of what is called the same there."""
    args = plugin.get("args")
    args = args if isinstance(args, dict) else {}
    cni = args.get("cni")
    cni = cni if isinstance(cni, dict) else {}
    return {**plugin, "args": {**args, "cni": {**cni, **added}}}


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
