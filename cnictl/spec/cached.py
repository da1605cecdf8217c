"""What libcni remembers of an attachment: the document in a file of its result cache.

One file an attachment, `<directory>/results/<network>-<container id>-<ifname>`.  containerd, CRI-O,
podman, nerdctl and multus write and read the same files, perhaps on the same node, so neither names
nor keys may change.
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

from cnictl.spec.document import Document, encode
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.names import check_container_id, check_interface_name, check_network_name
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnictl.spec.document import Json

KIND = "cniCacheV1"


class Cached(Value):
    """One attachment: its names, the arguments of its ADD, the configuration, and the last Result.

    `args` are the pairs of CNI_ARGS, `capability_args` all that were offered.
    """

    __slots__ = ("network", "container_id", "ifname", "netns", "args", "capability_args", "config", "result")

    def __init__(
        self,
        network: str,
        container_id: str,
        ifname: str,
        *,
        netns: str = "",
        args: tuple[tuple[str, str], ...] = (),
        capability_args: Mapping[str, Json] | None = None,
        config: bytes | None = None,
        result: dict[str, Json] | None = None,
    ) -> None:
        self.network = network
        self.container_id = container_id
        self.ifname = ifname
        self.netns = netns
        self.args = args
        self.capability_args: Mapping[str, Json] = {} if capability_args is None else capability_args
        self.config = config
        self.result = result

    def encode(self) -> bytes:
        """Return the document: compact, no newline, what is empty left out."""
        document: dict[str, Json] = {
            "kind": KIND,
            "containerId": self.container_id,
            "config": None if self.config is None else b2a_base64(self.config, newline=False).decode(),
            "ifName": self.ifname,
            "networkName": self.network,
        }
        if self.netns:
            document["netns"] = self.netns
        if self.args:
            document["cniArgs"] = [[key, value] for key, value in self.args]
        if self.capability_args:
            document["capabilityArgs"] = dict(self.capability_args)
        if self.result is not None:
            document["result"] = self.result
        # the outermost keys in this order, all others sorted: what Go makes of a struct that holds maps
        text = ",".join(f"{encode(key)}:{encode(value, sort=True)}" for key, value in document.items())
        return f"{{{text}}}".encode()


def read(members: dict[str, Json]) -> Cached:
    """Return what a document says; raises CniError for another kind, and another type than Go accepts."""
    document = Document(members)
    kind = document.get("kind")
    if kind != KIND:
        raise CniError(INVALID_NETWORK_CONFIG, f"no {KIND} document")
    try:
        config = a2b_base64(document.string("config"), strict_mode=True)
    except (Error, ValueError):
        raise document.mismatch("config", "base64", document.get("config")) from None
    pairs: list[tuple[str, str]] = []
    for pair in document.array("cniArgs"):
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(text, str) for text in pair):
            raise document.mismatch("cniArgs", "pairs of strings", pair)
        pairs.append((str(pair[0]), str(pair[1])))
    netns = document.string("netns")
    if "\0" in netns:
        raise document.mismatch("netns", "a path", netns)
    capability_args, result = document.object("capabilityArgs"), document.object("result")
    return Cached(
        document.string("networkName"),
        document.string("containerId"),
        document.string("ifName"),
        netns=netns,
        args=tuple(pairs),
        capability_args=capability_args.members if capability_args else {},
        config=config,
        result=result.members if result else None,
    )


def file_name(network: str, container_id: str, ifname: str) -> str:
    """Return the name of an attachment's file; raises CniError for names that would lead elsewhere."""
    check_network_name(network)
    check_container_id(container_id)
    check_interface_name(ifname)
    return f"{network}-{container_id}-{ifname}"
