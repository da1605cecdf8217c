"""A runtime: the verbs over a network configuration list, as libcni runs them.

CNI spec 1.1.0, section "Execution Protocol".  Where libcni leaves its caller alone with a half-made
network, this one does not: a failed ADD is rolled back, every plugin run is kept for inspection,
and a DEL can go on past a plugin that fails.
"""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from cnictl.runtime.cache import Cache
from cnictl.runtime.collection import GCPlan, collect, plan_gc
from cnictl.runtime.container import has_interface
from cnictl.runtime.failure import (
    CacheFailed,
    CheckUnsupported,
    Failures,
    Invalid,
    OperationFailed,
    PluginFailed,
)
from cnictl.runtime.lock import PATIENCE, Lock
from cnictl.runtime.operation import Operation, Report, failed, reaches
from cnictl.spec import request
from cnictl.spec import result as results
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError, CniError
from cnictl.spec.names import check_network_name
from cnictl.spec.versions import OLDEST, at_least

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cnictl.runtime.attachment import Attachment
    from cnictl.runtime.plugin import Plugins
    from cnictl.spec.conflist import NetworkList, PluginConfig
    from cnictl.spec.result import AnyResult


class Runtime:
    """The verbs over a list, with some plugins and a cache.

    Every verb returns a Report and raises OperationFailed, or CniError for names that cannot be.
    `lock_patience` is how many seconds to wait for another operation of ours on the same container.
    """

    def __init__(
        self, plugins: Plugins, cache: Cache | None = None, *, lock_patience: float = PATIENCE
    ) -> None:
        self.plugins = plugins
        self.cache = cache or Cache()
        self.lock_patience = lock_patience

    def add(self, network: NetworkList, attachment: Attachment, *, rollback: bool = True) -> Report:
        """Attach a container and remember the result.

        When a plugin or the cache fails, the plugins that were reached get DEL, unless the
        attachment was in the cache before: then what is there may be an older ADD's, still in use.
        So may be an interface of that name that was in the netns before: then DEL goes without the
        netns, and frees what is kept outside of it.
        """
        try:
            self.cache.prepare()
        except CnictlError as error:
            raise CacheFailed("set", network.name, error) from error
        with Operation(self.plugins) as operation, self._lock(operation, network, attachment):
            known = self._is_known(network, attachment)
            occupied = has_interface(attachment.netns, attachment.ifname)
            reached: list[PluginConfig] = []
            result: AnyResult | None = None
            try:
                for plugin in network.plugins:
                    path = operation.find(plugin, "ADD")
                    try:
                        check_network_name(network.name)
                        attachment.check()
                    except CniError as error:
                        raise failed(plugin, "ADD", error) from error
                    stdin = operation.request(network, plugin, "ADD", attachment, result)
                    reached.append(plugin)
                    execution = operation.run(plugin, "ADD", stdin, attachment, path)
                    try:
                        result = results.parse_output(network.cni_version, execution.stdout)
                    except CniError as error:
                        raise failed(plugin, "ADD", error, execution) from error
                try:
                    self.cache.write(network.name, attachment, network.raw, result)
                except CnictlError as error:
                    raise CacheFailed("set", network.name, error) from error
            except BaseException as error:
                if rollback and reached and known:
                    operation.warnings.append("not rolled back: the attachment was there before")
                elif rollback and reached:
                    mine = replace(attachment, netns="") if occupied else attachment
                    if occupied:
                        operation.warnings.append(
                            f"rolled back without the netns: {attachment.ifname} was in"
                            f" {attachment.netns} before"
                        )
                    try:
                        undone = _delete_plugins(operation, network, reached, mine, result)
                    except (KeyboardInterrupt, SystemExit) as impatience:
                        impatience.add_note(
                            f"while rolling back: DEL of {attachment.container_id} {attachment.ifname}"
                            f" on {network.name} was not finished, and has to be done"
                        )
                        raise
                    if isinstance(error, OperationFailed):
                        error.cleanup = tuple(undone)
                    else:
                        for one in undone:
                            error.add_note(f"while rolling back: {one}")
                raise
            return operation.report(result)

    def check(self, network: NetworkList, attachment: Attachment) -> Report:
        """Ask every plugin whether what ADD made still holds; the first that says no is raised."""
        if not at_least(network.cni_version, "0.4.0"):
            raise CheckUnsupported(network.cni_version)
        with Operation(self.plugins) as operation:
            if network.disable_check:
                operation.warnings.append("disableCheck is set: nothing was checked")
                return operation.report()
            with self._lock(operation, network, attachment):
                try:
                    previous = self.cache.result(network.name, network.cni_version, attachment)
                except CnictlError as error:
                    raise CacheFailed("get", network.name, error) from error
                if previous is None:
                    operation.warnings.append("no cached result: the plugins were asked without prevResult")
                for plugin in network.plugins:
                    path = operation.find(plugin, "CHECK")
                    stdin = operation.request(network, plugin, "CHECK", attachment, previous)
                    operation.run(plugin, "CHECK", stdin, attachment, path)
            return operation.report()

    def delete(self, network: NetworkList, attachment: Attachment, *, keep_going: bool = False) -> Report:
        """Detach a container and forget it.

        The first plugin that fails ends it, and the cache keeps the attachment; with `keep_going`
        the others still get their DEL and the failures are raised at the end.
        """
        with Operation(self.plugins) as operation, self._lock(operation, network, attachment):
            self.delete_in(operation, network, attachment, keep_going=keep_going)
            return operation.report()

    def plan_gc(
        self, network: NetworkList, valid: Iterable[tuple[str, str]] | None, *, everything: bool = False
    ) -> GCPlan:
        """What gc() with the same arguments would delete, and whom it would ask.  Nothing is changed."""
        return plan_gc(self, network, valid, everything=everything)

    def gc(
        self, network: NetworkList, valid: Iterable[tuple[str, str]] | None, *, everything: bool = False
    ) -> Report:
        """Delete what is left of attachments that are not among the valid (container id, ifname).

        Without a list of valid ones, `everything` must say that none is: the cache may hold the
        attachments of other runtimes on the node.  All parts are tried before failures are raised.
        """
        return collect(self, network, valid, everything=everything)

    def delete_in(
        self, operation: Operation, network: NetworkList, attachment: Attachment, *, keep_going: bool = False
    ) -> None:
        """As delete(), as a part of an operation that holds the locks."""
        if network.name:
            check_network_name(network.name)
        attachment.check_given()
        previous = self.previous_for_delete(operation, network, attachment)
        failures: list[CnictlError] = []
        for plugin in reversed(network.plugins):
            failures += _delete_plugins(operation, network, [plugin], attachment, previous)
            if failures and not keep_going:
                break
        if len(failures) == 1:
            raise failures[0]
        if failures:
            raise Failures(failures)
        if network.name and attachment.container_id and attachment.ifname:
            try:
                self.cache.remove(network.name, attachment)
            except OSError as error:
                operation.warnings.append(
                    f"the attachment stays in the cache: {errno_text(error.errno or 0)}"
                )

    def status(self, network: NetworkList) -> Report:
        """Ask every plugin whether it could serve ADD; the first that says no is raised.

        Configurations before 1.1.0 have no STATUS: then nothing is run.
        """
        with Operation(self.plugins) as operation:
            if reaches(network, "1.1.0"):
                for plugin in network.plugins:
                    operation.run(plugin, "STATUS", request.for_status(network, plugin))
            else:
                operation.warnings.append(f"cniVersion {network.cni_version or OLDEST} has no STATUS")
            return operation.report()

    def validate(self, network: NetworkList) -> Report:
        """Make sure that every plugin is there and knows the version of the configuration.

        Raises Invalid with all that is missing.
        """
        version = network.cni_version or OLDEST
        problems: list[CnictlError] = []
        with Operation(self.plugins) as operation:
            for plugin in network.plugins:
                try:
                    supported, execution = self.plugins.version(plugin.type)
                except CnictlError as error:
                    problems.append(error)
                    if isinstance(error, PluginFailed) and error.execution is not None:
                        operation.executions.append(error.execution)
                    continue
                operation.executions.append(execution)
                if version not in supported:
                    text = f'plugin {plugin.type} does not support config version "{version}"'
                    problems.append(CnictlError(text, hint=f"it supports {', '.join(supported)}"))
            if problems:
                raise Invalid(problems)
            return operation.report()

    def previous_for_delete(
        self, operation: Operation, network: NetworkList, attachment: Attachment
    ) -> AnyResult | None:
        """The cached result as far as there is one: nothing about it may keep DEL from its work."""
        if not reaches(network, "0.4.0") or not (network.name and all(attachment.key)):
            return None
        try:
            return self.cache.result(network.name, network.cni_version, attachment)
        except CnictlError as error:
            operation.warnings.append(f"DEL goes without the cached result: {error}")
            return None

    def lock(
        self, operation: Operation, *, network: str = "", container_id: str = "", collecting: bool = False
    ) -> Lock:
        """The lock of a network, of a container, or of both; a reason not to have it becomes a warning."""
        return Lock(
            self.cache.directory,
            network=network,
            container_id=container_id,
            collecting=collecting,
            patience=self.lock_patience,
            warn=operation.warnings.append,
        )

    def _lock(self, operation: Operation, network: NetworkList, attachment: Attachment) -> Lock:
        return self.lock(operation, network=network.name, container_id=attachment.container_id)

    def _is_known(self, network: NetworkList, attachment: Attachment) -> bool:
        try:
            return os.path.exists(self.cache.path(network.name, attachment))
        except CnictlError:
            return False


def _delete_plugins(
    operation: Operation,
    network: NetworkList,
    plugins: Sequence[PluginConfig],
    attachment: Attachment,
    previous: AnyResult | None,
) -> list[CnictlError]:
    """DEL for some plugins of a list, the last first; all are tried, the failures returned."""
    failures: list[CnictlError] = []
    if not reaches(network, "0.4.0"):
        previous = None
    for plugin in reversed(plugins):
        try:
            path = operation.find(plugin, "DEL")
            stdin = operation.request(network, plugin, "DEL", attachment, previous)
            operation.run(plugin, "DEL", stdin, attachment, path)
        except CnictlError as error:
            failures.append(error)
    return failures
