"""Garbage collection: what is left of attachments that nobody uses any more.

CNI spec 1.1.0, section "GC".  libcni reports success when it cannot read its cache, and takes a
missing list of valid attachments for an empty one; here the first is an error, though the plugins are still
asked, and the second needs saying.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.runtime.failure import Failures, NothingSaidValid, StaleFailed
from cnictl.runtime.operation import Operation, Report, reaches
from cnictl.spec import request
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnictl.runtime.cache import CachedAttachment, Skipped
    from cnictl.runtime.network import Runtime
    from cnictl.spec.conflist import NetworkList, PluginConfig


@dataclass(frozen=True, slots=True)
class GCPlan:
    """What GC of a network would do.

    `stale` attachments get DEL, `kept` ones nothing, then `plugins` get GC with `valid` as the
    list of what they must leave alone.  `skipped` are files of the cache that hold no attachment,
    `problem` is why the cache could not be read.
    """

    valid: tuple[tuple[str, str], ...]
    stale: tuple[CachedAttachment, ...] = ()
    kept: tuple[CachedAttachment, ...] = ()
    plugins: tuple[PluginConfig, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    problem: CnictlError | None = None
    disabled: bool = False


def plan_gc(
    runtime: Runtime,
    network: NetworkList,
    valid: Iterable[tuple[str, str]] | None,
    *,
    everything: bool = False,
) -> GCPlan:
    """What collect() with the same arguments would do.  Raises NothingSaidValid."""
    if valid is None and not everything:
        raise NothingSaidValid(network.name)
    listed = tuple(valid or ())
    if network.disable_gc:
        return GCPlan(listed, disabled=True)
    plugins = tuple(network.plugins) if reaches(network, "1.1.0") else ()
    try:
        listing = runtime.cache.listing()
    except CnictlError as problem:
        return GCPlan(listed, plugins=plugins, problem=problem)
    known = frozenset(listed)
    ours = [one for one in listing.attachments if one.network == network.name]
    return GCPlan(
        listed,
        tuple(one for one in ours if one.attachment.key not in known),
        tuple(one for one in ours if one.attachment.key in known),
        plugins,
        tuple(listing.skipped),
    )


def collect(
    runtime: Runtime,
    network: NetworkList,
    valid: Iterable[tuple[str, str]] | None,
    *,
    everything: bool = False,
) -> Report:
    """Delete the stale attachments of a network, then let its plugins clean up.

    Everything is tried; raises Failures with one line for each part that failed.
    """
    listed = None if valid is None else tuple(valid)
    failures: list[CnictlError] = []
    with (
        Operation(runtime.plugins) as operation,
        runtime.lock(operation, network=network.name, collecting=True),
    ):
        plan = plan_gc(runtime, network, listed, everything=everything)
        if plan.disabled:
            operation.warnings.append("disableGC is set: nothing was collected")
        if plan.problem is not None:
            failures.append(plan.problem)
        operation.warnings += [f"{one.path}: {one.reason}" for one in plan.skipped]
        for one in plan.stale:
            container_id, ifname = one.attachment.key
            try:
                with runtime.lock(operation, container_id=container_id):
                    runtime.delete_in(operation, network, one.attachment)
            except CnictlError as error:
                failures.append(StaleFailed(container_id, ifname, error))
        for plugin in plan.plugins:
            try:
                operation.run(plugin, "GC", request.for_gc(network, plugin, plan.valid))
            except CnictlError as error:
                failures.append(error)
        if failures:
            raise Failures(failures)
        return operation.report()
