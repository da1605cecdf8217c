"""passthru: makes nothing, so that plugins which work on an interface can be a list without one.

multus puts it in front of the plugins of an auxiliary chain.  It answers with the Result that it was
given, or with an empty one.
"""

from __future__ import annotations

from cnictl.plugin import network
from cnictl.plugin.skel import Plugin
from cnictl.spec.result import Result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.declare.model import Expectation
    from cnictl.plugin.request import Request
    from cnictl.spec.result import AnyResult


def add(request: Request) -> AnyResult:
    return request.given_result() or network.in_version(Result(), request.cni_version)


def delete(request: Request) -> None:
    request.log.debug("nothing to delete")


def declare(_request: Request) -> list[Expectation]:
    return []


PLUGIN = Plugin("passthru", add=add, delete=delete, declare=declare)
