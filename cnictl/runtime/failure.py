"""What goes wrong over a list of plugins: which plugin, with which words, and what had been run by then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.spec.errors import (
    DECODING_FAILURE,
    INCOMPATIBLE_VERSION,
    INVALID_ENVIRONMENT,
    INVALID_NETWORK_CONFIG,
    IO_FAILURE,
    UNSUPPORTED_FIELD,
    CnictlError,
    CniError,
)
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.runtime.plugin import Execution

_WORDS = {"ADD": "add", "DEL": "delete"}
_NO_ANSWER = (
    INCOMPATIBLE_VERSION,
    UNSUPPORTED_FIELD,
    INVALID_ENVIRONMENT,
    IO_FAILURE,
    DECODING_FAILURE,
    INVALID_NETWORK_CONFIG,
)
"""Codes by which a plugin says that it cannot tell."""


class OperationFailed(CnictlError):
    """An operation over a list did not succeed.

    `executions` are the plugins run until then, in order; `cleanup` are the failures of the DELs
    that followed a failed ADD.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.executions: Sequence[Execution] = ()
        self.warnings: Sequence[str] = ()
        self.cleanup: Sequence[CnictlError] = ()


class PluginFailed(OperationFailed):
    """A plugin answered a verb with an error, or could not answer at all.

    `error` is the plugin's own error object, with code 0 where it gave none; `execution` is None
    when the plugin was not run.
    """

    def __init__(
        self,
        plugin: str,
        verb: str,
        error: CniError,
        *,
        name: str = "",
        execution: Execution | None = None,
    ) -> None:
        named = f" name={go_quote(name)}" if name else ""
        what = f"plugin type={go_quote(plugin)}{named} failed ({_WORDS.get(verb, verb.lower())})"
        if verb == "GC":
            what = f"failed to GC plugin {plugin}"
        super().__init__(f"{what}: {error}", hint=error.hint)
        self.plugin = plugin
        self.verb = verb
        self.error = error
        self.execution = execution

    @property
    def says_no(self) -> bool:
        """Whether this is the plugin's answer, as CHECK and STATUS have one, and no failure to answer."""
        ran = self.execution is not None and self.execution.cause is None
        return ran and self.error.code not in (0, *_NO_ANSWER)


class CheckUnsupported(OperationFailed):
    """The configuration is of a version that has no CHECK."""

    def __init__(self, version: str) -> None:
        super().__init__(
            f"configuration version {go_quote(version)} does not support the CHECK command",
            hint="CHECK came with cniVersion 0.4.0",
        )
        self.version = version


class CacheFailed(OperationFailed):
    """The cached result of an attachment could not be written, read or understood."""

    def __init__(self, verb: str, network: str, cause: CnictlError) -> None:
        super().__init__(
            f"failed to {verb} network {go_quote(network)} cached result: {cause}", hint=cause.hint
        )


class Failures(OperationFailed):
    """Several parts of an operation were all tried, and these failed; one line each."""

    def __init__(self, failures: Sequence[CnictlError]) -> None:
        super().__init__(
            "\n".join(map(str, failures)),
            hint="\n".join(dict.fromkeys(one.hint for one in failures if one.hint)),
        )
        self.failures = tuple(failures)


class StaleFailed(OperationFailed):
    """GC could not delete an attachment that is no longer valid."""

    def __init__(self, container_id: str, ifname: str, cause: CnictlError) -> None:
        super().__init__(
            f"failed to delete stale attachment {container_id} {ifname}: {cause}", hint=cause.hint
        )
        self.container_id = container_id
        self.ifname = ifname
        self.cause = cause


class Invalid(OperationFailed):
    """A list cannot work with the plugins there are; all reasons in one pair of brackets, as in libcni."""

    def __init__(self, problems: Sequence[CnictlError]) -> None:
        super().__init__(
            f"[{' '.join(map(str, problems))}]",
            hint="\n".join(dict.fromkeys(one.hint for one in problems if one.hint)),
        )
        self.problems = tuple(problems)


class NothingSaidValid(OperationFailed):
    """GC was asked for without saying which attachments are valid."""

    def __init__(self, network: str) -> None:
        super().__init__(
            f"gc of network {go_quote(network)} without valid attachments would delete every one of them",
            hint="name the valid ones, or say that none is",
        )
