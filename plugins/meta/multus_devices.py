"""multus: the devices that the kubelet has given to a pod, one for each network that asks for a resource.

They are read from the checkpoint of the kubelet's device manager, which holds them before the pod's
network is made.
"""

from __future__ import annotations

from cnictl import durable
from cnictl.spec.document import Document, decode_object
from cnictl.spec.errors import INTERNAL, CnictlError, CniError

from .multus_names import is_device

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

CHECKPOINT = "/var/lib/kubelet/device-plugins/kubelet_internal_checkpoint"


class Devices:
    """The devices of one pod, handed out one by one: the n-th network of a resource gets its n-th device."""

    def __init__(self, uid: str, path: str = CHECKPOINT) -> None:
        self._uid = uid
        self._path = path
        self._left: dict[str, list[str]] = {}

    def next(self, resource: str) -> str:
        """Return the next device of a resource; raises CniError when the kubelet gave the pod no more."""
        if resource not in self._left:
            self._left[resource] = self._read(resource)
        if not self._left[resource]:
            raise CniError(
                INTERNAL,
                f"the pod has no device of resource {resource} for this network",
                f"according to {self._path}; it gets one for each that its containers request",
            )
        return self._left[resource].pop(0)

    def _read(self, resource: str) -> list[str]:
        try:
            data = durable.read(self._path)
            top = Document(decode_object(data or b"{}"))
            entries = (top.object("Data") or Document({})).objects("PodDeviceEntries")
            return [
                device
                for one in entries
                if (one.string("PodUID"), one.string("ResourceName")) == (self._uid, resource)
                for device in _ids(one)
                if is_device(device)
            ]
        except OSError as error:
            raise CniError(INTERNAL, f"cannot read {self._path}: {error.strerror}") from None
        except CnictlError as error:
            raise CniError(INTERNAL, f"cannot understand {self._path}: {error}") from None


def _ids(entry: Document) -> Iterator[str]:
    """Yield the devices of an entry: a list, or since Kubernetes 1.20 a list for each NUMA node."""
    if isinstance(entry.get("DeviceIDs"), list):
        yield from entry.strings("DeviceIDs")
        return
    by_node = entry.object("DeviceIDs")
    for node in sorted(by_node.members) if by_node else ():
        assert by_node is not None
        yield from by_node.strings(node)
