"""CNI318: a port of the node that is given away twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import Configuration

ANY_ADDRESS = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not listened on


@rule("CNI318", "host-port-clash", WARNING)
def host_port_clash(conf: Configuration) -> Iterator[Remark]:
    """A port of the node leads to one container.

    ## Why it matters
    The first rule that matches wins, so that the second mapping never gets a packet.  Ports come from
    the runtime; what a file says of them every container gets, and from the second on it is in vain.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "portmap", "runtimeConfig": {"portMappings": [
                {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"},
                {"hostPort": 8080, "containerPort": 8000, "protocol": "tcp"}]}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "portmap", "capabilities": {"portMappings": true}}]}
    """
    taken: list[tuple[tuple[Any, str], str]] = []
    for where, mapping in _mappings(conf):
        port, protocol, address = (mapping.get(key) for key in ("hostPort", "protocol", "hostIP"))
        one = (port, str(protocol or "").lower())
        at = str(address or "")
        if any(one == other and _meet(at, its) for other, its in taken):
            yield Remark(
                (*where, "hostPort"), f"port {port} of the node is taken already", "choose another port"
            )
        taken.append((one, at))


def _mappings(conf: Configuration) -> Iterator[tuple[Pointer, Document]]:
    for plugin in conf.all_plugins:
        given = plugin.document.get("runtimeConfig")
        listed = Document(given).get("portMappings") if isinstance(given, dict) else None
        for i, one in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(one, dict) and type(Document(one).get("hostPort")) is int:
                yield plugin.at("runtimeConfig", "portMappings", i), Document(one)


def _meet(one: str, other: str) -> bool:
    return one == other or one in ANY_ADDRESS or other in ANY_ADDRESS
