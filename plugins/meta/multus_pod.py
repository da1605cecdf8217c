"""multus: the pod as Kubernetes knows it, and what it is told of its networks."""

from __future__ import annotations

import os
import time

from cnictl.spec.address import Address, Prefix
from cnictl.spec.errors import INTERNAL, TRY_AGAIN_LATER, CniError
from cnictl.spec.result import Interface, IPConfig, Result
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request

    from .multus_api import Cluster, Pod
    from .multus_attachment import Attached
    from .multus_config import MultusConfig, PodArguments

READINESS_PATIENCE, READINESS_PAUSE = 45.0, 1.0
"""Seconds to wait for the first network's daemon, and between looks."""


class KnownPod(Value):
    """What Kubernetes knows of the container; `cluster` is None without a way to ask.

    `is_gone` says that the runtime named a pod that there is not (any more).
    """

    __slots__ = ("cluster", "pod", "is_gone")

    def __init__(
        self, cluster: Cluster | None = None, pod: Pod | None = None, *, is_gone: bool = False
    ) -> None:
        self.cluster = cluster
        self.pod = pod
        self.is_gone = is_gone

    def tell_of(self, one: Attached, result: Result) -> None:
        """Record that the pod was attached to a network."""
        if self.cluster is None or self.pod is None or not (result.interfaces or result.ips):
            return
        addresses = " ".join(str(ip.address) for ip in result.ips)
        self.cluster.tell(
            self.pod, "AddedInterface", f"Add {one.ifname} [{addresses}] from {one.delegate.name}"
        )

    def set_status(self, config: MultusConfig, attached: list[Attached], results: list[Result]) -> None:
        """Write to the pod which networks it has; raises CniError."""
        # The Go plugin compares the pod's own name here, so that practically every pod has a status.
        if self.cluster is None or self.pod is None or self.pod.name in config.system:
            return
        from . import multus_status

        elements = [
            element
            for index, (one, result) in enumerate(zip(attached, results, strict=True))
            for element in multus_status.elements(
                one.delegate.name, one.ifname, result, master=index == 0, device_info=one.device_info
            )
        ]
        try:
            self.cluster.set_annotation(self.pod, multus_status.ANNOTATION, multus_status.text(elements))
        except CniError as error:
            words = f"{self.pod.namespace}/{self.pod.name}/{self.pod.uid}"
            raise error.within(f"Multus: [{words}]: error setting the networks status: ") from error


def find(request: Request, config: MultusConfig, given: PodArguments) -> KnownPod:
    """Return what Kubernetes knows of the pod that CNI_ARGS name; raises CniError when it cannot be asked."""
    if not (config.kubeconfig or request.environment.get("KUBERNETES_SERVICE_HOST")):
        return KnownPod()
    from . import multus_api

    where = f"Multus: [{given.words}]: "
    cluster = multus_api.connect(config.kubeconfig, request.environment, request.log)
    if cluster is None or not (given.namespace and given.name):
        return KnownPod(cluster)
    try:
        pod = cluster.pod(given.namespace, given.name)
    except CniError as error:
        raise error.within(f"{where}error waiting for pod: ") from error
    if pod is None:
        return KnownPod(cluster, is_gone=True)
    if given.uid and given.uid != pod.uid and not pod.is_static:
        raise CniError(
            INTERNAL,
            f'{where}expected pod UID "{given.uid}" but got "{pod.uid}" from Kube API',
            "the pod was deleted, and another one of the same name was made",
        )
    return KnownPod(cluster, pod)


def nothing(request: Request) -> Result:
    """Return the Result for a pod that is gone: an interface that there is not, without an address."""
    anywhere = Address.parse("0.0.0.0")  # noqa: S104 - nobody listens there
    interface = Interface(request.ifname, sandbox=request.netns)
    return Result(interfaces=[interface], ips=[IPConfig(Prefix(anywhere, 0), anywhere)])


def wait_until_ready(config: MultusConfig, pod: PodArguments) -> None:
    """Return when the first network's daemon is ready; raises CniError when that takes too long."""
    deadline = time.monotonic() + READINESS_PATIENCE
    while not _is_ready(config):
        if time.monotonic() >= deadline:
            raise _not_ready(config, TRY_AGAIN_LATER, f"[{pod.words}]: ")
        time.sleep(READINESS_PAUSE)


def require_ready(config: MultusConfig, code: int) -> None:
    """Raise CniError with a code unless the first network's daemon is ready."""
    if not _is_ready(config):
        raise _not_ready(config, code)


def _is_ready(config: MultusConfig) -> bool:
    return not config.readiness_indicator_file or os.path.exists(config.readiness_indicator_file)


def _not_ready(config: MultusConfig, code: int, where: str = "") -> CniError:
    return CniError(
        code,
        f"Multus: {where}have you checked that your default network is ready? still waiting for"
        f" readinessindicatorfile @ {config.readiness_indicator_file}. pollimmediate error:"
        " timed out waiting for the condition",
        "the daemon of the first network makes that file; its own log says what keeps it",
    )
