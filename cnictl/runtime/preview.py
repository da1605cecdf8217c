"""What DEL of an attachment would send to each plugin, without sending it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl import configuration
from cnictl.runtime.operation import Operation
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnictl.runtime.cache import CachedAttachment
    from cnictl.runtime.network import Runtime


@dataclass(frozen=True, slots=True)
class PlannedCall:
    """A call of a plugin that was not made.

    `path` is "" when the plugin cannot be found, `stdin` is empty when the request cannot be made;
    `problem` says why.
    """

    plugin: str
    path: str
    environment: Mapping[str, str]
    stdin: bytes
    problem: CnictlError | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """The calls in their order; `problem` is why the cached configuration could not be understood."""

    calls: tuple[PlannedCall, ...] = ()
    warnings: tuple[str, ...] = ()
    problem: CnictlError | None = None


def preview_delete(runtime: Runtime, cached: CachedAttachment) -> Preview:
    """What DEL with the configuration and the arguments of ADD would run."""
    try:
        network = configuration.parse(cached.config)
    except CnictlError as problem:
        return Preview(problem=problem)
    attachment = cached.attachment
    operation = Operation(runtime.plugins)
    previous = runtime.previous_for_delete(operation, network, attachment)
    environment = runtime.plugins.environment("DEL", attachment)
    calls = []
    for plugin in reversed(network.plugins):
        path, stdin = "", b""
        reason: CnictlError | None = None
        try:
            stdin = operation.request(network, plugin, "DEL", attachment, previous)
            path = operation.find(plugin, "DEL")
        except CnictlError as error:
            reason = error
        calls.append(PlannedCall(plugin.type, path, environment, stdin, reason))
    return Preview(tuple(calls), tuple(operation.warnings))
