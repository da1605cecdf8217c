"""One operation over a list of plugins: it runs them, keeps the records, and reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cnictl.runtime.failure import OperationFailed, PluginFailed
from cnictl.spec import request
from cnictl.spec import result as results
from cnictl.spec.errors import CnictlError, CniError
from cnictl.spec.versions import at_least

if TYPE_CHECKING:
    from types import TracebackType

    from cnictl.runtime.attachment import Attachment
    from cnictl.runtime.plugin import Execution, Plugins
    from cnictl.spec.conflist import NetworkList, PluginConfig
    from cnictl.spec.result import AnyResult


@dataclass(frozen=True, slots=True)
class Report:
    """What an operation over a list did: its result if it has one, the plugins run, and remarks."""

    result: AnyResult | None
    executions: tuple[Execution, ...]
    warnings: tuple[str, ...]


class Operation:
    """What one operation has run so far.  As a context it puts that on the error the block ends with."""

    def __init__(self, plugins: Plugins) -> None:
        self._plugins = plugins
        self.executions: list[Execution] = []
        self.warnings: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OperationFailed):
            error.executions = tuple(self.executions)
            error.warnings = tuple(self.warnings)

    def report(self, result: AnyResult | None = None) -> Report:
        """Give what was done, when all went well."""
        return Report(result, tuple(self.executions), tuple(self.warnings))

    def find(self, plugin: PluginConfig, verb: str) -> str:
        """The path of a plugin.  Raises PluginFailed."""
        try:
            return self._plugins.find(plugin.type)
        except CnictlError as error:
            raise failed(plugin, verb, error) from error

    def run(
        self,
        plugin: PluginConfig,
        verb: str,
        stdin: bytes,
        attachment: Attachment | None = None,
        path: str = "",
    ) -> Execution:
        """Run a plugin and keep the record.  Raises PluginFailed."""
        path = path or self.find(plugin, verb)
        execution = self._plugins.execute(plugin.type, verb, stdin, attachment, path)
        self.executions.append(execution)
        if execution.error is not None:
            raise failed(plugin, verb, execution.error, execution) from execution.cause
        return execution

    def request(
        self,
        network: NetworkList,
        plugin: PluginConfig,
        verb: str,
        attachment: Attachment,
        previous: AnyResult | None,
    ) -> bytes:
        """The stdin of ADD, CHECK or DEL, with the previous result in the version of the list.

        libcni hands a result on as the plugin before wrote it, and plugins refuse another family
        of versions.  One that cannot be converted is handed on as it is.
        """
        if previous is not None:
            try:
                previous = results.convert(previous, network.cni_version)
            except CniError as error:
                self.warnings.append(f"prevResult for {plugin.type} stays {previous.cni_version}: {error}")
        try:
            return request.for_attachment(
                network, plugin, previous=previous, capability_args=attachment.capability_args
            )
        except CniError as error:
            raise failed(plugin, verb, error) from error


def failed(
    plugin: PluginConfig, verb: str, error: CnictlError, execution: Execution | None = None
) -> PluginFailed:
    """The failure of a plugin for a reason that it did not give itself."""
    known = error if isinstance(error, CniError) else CniError(0, str(error), hint=error.hint)
    return PluginFailed(plugin.type, verb, known, name=plugin.name, execution=execution)


def reaches(network: NetworkList, floor: str) -> bool:
    """Whether a list's version is that one or newer; a version that is none is older than all."""
    try:
        return at_least(network.cni_version, floor)
    except CniError:
        return False
