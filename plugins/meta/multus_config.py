"""multus: its configuration keys, and what CNI_ARGS say of the pod."""

from __future__ import annotations

from cnictl.plugin.config import NetworkConfig
from cnictl.spec.address import Address
from cnictl.spec.args import parse_args
from cnictl.spec.errors import INVALID_ENVIRONMENT, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import Config, boolean, members, members_list, nested, string, strings
from cnictl.spec.quote import go_quote
from cnictl.spec.value import Value

from . import multus_delegate
from .multus_names import is_label, is_subdomain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request

    from .multus_delegate import Delegate

CONF_DIR = "/etc/cni/multus/net.d"
CNI_DIR = "/var/lib/cni/multus"
BIN_DIR = "/opt/cni/bin"

_POD = ("K8S_POD_NAMESPACE", "K8S_POD_NAME", "K8S_POD_INFRA_CONTAINER_ID", "K8S_POD_UID")


class MultusRuntimeConfig(Config):
    """What runtimes pass to pods; multus offers all of `runtimeConfig` to the delegates."""

    port_mappings = members_list("portMappings", text="ports of the node to forward to the container")
    bandwidth = members("bandwidth", text="limits of the traffic to and from the container")
    ips = strings("ips", text="addresses for the container")
    mac = string("mac", format="mac", text="MAC address of the interface")
    infiniband_guid = string("infinibandGUID", text="InfiniBand GUID of the interface")
    device_id = string("deviceID", text="PCI address of the device to use")
    device_info_file = string("CNIDeviceInfoFile", text="file to which the plugin writes what its device is")


class MultusConfig(NetworkConfig):
    """Keys of multus; `delegates` or `clusterNetwork` is needed."""

    delegates = members_list(
        "delegates",
        text="networks of every pod, each a plugin's configuration or a list; the first makes CNI_IFNAME",
    )
    cluster_network = string(
        "clusterNetwork",
        text="in place of delegates, where to find the first network: a NetworkAttachmentDefinition,"
        " a network's name in confDir, a directory or a file",
    )
    default_networks = strings(
        "defaultNetworks",
        text="further networks of every pod outside of systemNamespaces, found likewise",
    )
    kubeconfig = string(
        "kubeconfig",
        text="how to reach the API server; without it and outside of a pod there are no annotations",
    )
    conf_dir = string("confDir", default=CONF_DIR, text="where networks are looked for by name")
    cni_dir = string("cniDir", default=CNI_DIR, text="where to keep what DEL and CHECK need")
    bin_dir = string("binDir", default=BIN_DIR, text="where plugins are looked for before CNI_PATH")
    readiness_indicator_file = string(
        "readinessindicatorfile", text="file that the first network's daemon makes when it is ready for pods"
    )
    namespace_isolation = boolean(
        "namespaceIsolation", text="let pods use NetworkAttachmentDefinitions of their own namespace only"
    )
    global_namespaces = string(
        "globalNamespaces", default="default", text="namespaces, with commas, whose networks all pods may use"
    )
    system_namespaces = strings(
        "systemNamespaces", text="namespaces whose pods get no defaultNetworks; kube-system when absent"
    )
    multus_namespace = string(
        "multusNamespace",
        default="kube-system",
        text="namespace of the NetworkAttachmentDefinitions of clusterNetwork and defaultNetworks",
    )
    retry_delete_on_error = boolean(
        "retryDeleteOnError", text="keep what DEL needs when a delegate fails, for the next try"
    )
    auxiliary_chain = string(
        "auxiliaryCNIChainName",
        text="directory beside clusterNetwork whose plugins are run last, as one more network",
    )
    log_to_stderr = boolean(
        "logToStderr", default=True, text="accepted; the log goes to logFile, or to stderr without one"
    )
    log_options = members("logOptions", text="accepted; logrotate(8) rotates logFile")
    runtime_config = nested("runtimeConfig", MultusRuntimeConfig, text="offered to the delegates")

    @property
    def system(self) -> list[str]:
        """The namespaces whose pods get no default networks."""
        given = self.document.get("systemNamespaces") is not None
        return self.system_namespaces if given else ["kube-system"]

    def validate(self, _request: Request) -> None:
        if not (self.delegates or self.cluster_network):
            raise CniError(
                INVALID_NETWORK_CONFIG,
                "LoadNetConf: at least one delegate/clusterNetwork must be specified",
                'add "delegates": [{"cniVersion": ..., "name": ..., "type": ...}]',
            )
        self.own_delegates()

    def own_delegates(self) -> list[Delegate]:
        """Return the networks that stand in the configuration; none beside `clusterNetwork`."""
        found = []
        for i, one in enumerate(self.delegates if not self.cluster_network else ()):
            try:
                found.append(multus_delegate.parse(one, version=self.document.string("cniVersion")))
            except CniError as error:
                raise error.within(f"LoadNetConf: failed to load delegate {i} config: ") from None
        return found


class PodArguments(Value):
    """What the runtime says of the pod; all "" for a container that is none."""

    __slots__ = ("namespace", "name", "infra_container_id", "uid")

    def __init__(
        self, namespace: str = "", name: str = "", infra_container_id: str = "", uid: str = ""
    ) -> None:
        self.namespace = namespace
        self.name = name
        self.infra_container_id = infra_container_id
        self.uid = uid

    @property
    def words(self) -> str:
        """The pod as it is named in errors."""
        return f"{self.namespace}/{self.name}/{self.uid}"


def read(request: Request) -> MultusConfig:
    """Return a request's configuration; raises CniError with the Go plugin's words where it has them."""
    loading = "Multus: error loading netconf: " if request.command in ("ADD", "STATUS", "GC") else ""
    try:
        config = MultusConfig(request.document)
    except CniError as error:
        raise error.within(f"{loading}LoadNetConf: failed to load netconf: ") from None
    if request.command != "DEL":  # which goes by what was kept
        try:
            config.validate(request)
        except CniError as error:
            raise error.within(loading) from None
    return config


def pod_arguments(request: Request) -> PodArguments:
    """Return what CNI_ARGS say of the pod; raises CniError 4 for names that no pod can have."""
    try:
        given = parse_args(request.args, {*_POD, "IP"})
        if given.get("IP"):
            _check_address(given["IP"])
    except CniError as error:
        raise error.within("Multus: error getting k8s args: ") from None
    pod = PodArguments(*(given.get(key, "") for key in _POD))
    for key, value, allowed in (
        ("K8S_POD_NAMESPACE", pod.namespace, is_label),
        ("K8S_POD_NAME", pod.name, is_subdomain),
    ):
        if value and not allowed(value):
            raise CniError(
                INVALID_ENVIRONMENT, f"Multus: error getting k8s args: {key} is {go_quote(value)}, not a name"
            )
    return pod


def _check_address(text: str) -> None:
    try:
        Address.parse(text)
    except ValueError as error:
        raise CniError(
            INVALID_ENVIRONMENT, f"ARGS: error parsing value of pair {go_quote(f'IP={text}')}: {error}"
        ) from None
