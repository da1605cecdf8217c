"""One plugin, one verb: the environment it gets, how it is run, and all that came of it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnictl.child import CannotRun, Stopped
from cnictl.cni_path import find
from cnictl.invoke import plugin_error, run
from cnictl.runtime.failure import PluginFailed
from cnictl.spec.document import Document, decode, encode
from cnictl.spec.errors import CnictlError, CniError
from cnictl.spec.quote import go_quote
from cnictl.spec.versions import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from cnictl.runtime.attachment import Attachment

QUOTED = 4096
"""Bytes of stderr that the error of a plugin that was ended quotes: it may have been for writing too much."""

BEFORE_VERSION = ("0.1.0",)
"""What a plugin supports that does not know the verb VERSION."""


@dataclass(frozen=True, slots=True)
class Execution:
    """One run of a plugin, as somebody would have to repeat it, and what came of it.

    `environment` holds the CNI variables; the others are the runtime's own.  `status` is negative
    for a signal, and None where the plugin did not start or did not end by itself.  `error` is
    None when it succeeded.
    """

    plugin: str
    verb: str
    path: str
    environment: Mapping[str, str]
    stdin: bytes
    stdout: bytes
    stderr: bytes
    status: int | None
    seconds: float
    error: CniError | None = None
    cause: CnictlError | None = None

    def members(self) -> dict[str, Any]:
        """What there is to tell of it in JSON."""
        return {
            "plugin": self.plugin,
            "verb": self.verb,
            "seconds": self.seconds,
            "status": self.status,
            "stdin": self.stdin.decode(errors="replace"),
            "stdout": self.stdout.decode(errors="replace"),
            "stderr": self.stderr.decode(errors="replace"),
        }


class Plugins:
    """The plugins of some directories, and the conditions they run under.

    `timeout` is for one plugin, in seconds.  `environment` is what plugins inherit, by default that
    of this process.  `on_stderr` gets the plugin's type and what it writes to stderr, as it comes.
    """

    def __init__(
        self,
        directories: Sequence[str],
        *,
        timeout: float | None = None,
        environment: Mapping[str, str] | None = None,
        on_stderr: Callable[[str, bytes], object] | None = None,
    ) -> None:
        self.directories = list(directories)
        self.timeout = timeout
        self._environment = environment
        self._on_stderr = on_stderr

    def find(self, plugin: str) -> str:
        """The path of a plugin; raises what cnictl.cni_path.find raises."""
        return find(plugin, self.directories)

    def environment(self, verb: str, attachment: Attachment | None = None) -> dict[str, str]:
        """The CNI variables for a verb: all six, as libcni sets them, empty where they mean nothing."""
        if verb == "VERSION":
            variables = {"CNI_NETNS": "dummy", "CNI_IFNAME": "dummy", "CNI_PATH": "dummy"}
        else:
            variables = {"CNI_PATH": os.pathsep.join(self.directories)}
        if attachment is not None:
            variables |= {
                "CNI_CONTAINERID": attachment.container_id,
                "CNI_NETNS": attachment.netns,
                "CNI_IFNAME": attachment.ifname,
                "CNI_ARGS": attachment.cni_args,
            }
        empty = dict.fromkeys(("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS"), "")
        return {"CNI_COMMAND": verb, **empty, **variables}

    def execute(
        self, plugin: str, verb: str, stdin: bytes, attachment: Attachment | None = None, path: str = ""
    ) -> Execution:
        """Run a plugin.  Its failure is in the Execution; only one that cannot be found raises."""
        path = path or self.find(plugin)
        variables = self.environment(verb, attachment)
        inherited = os.environ if self._environment is None else self._environment
        listener = self._on_stderr
        cause: CnictlError | None = None
        error: CniError | None = None
        status: int | None = None
        began = time.monotonic()
        try:
            completed = run(
                path,
                environment={**inherited, **variables},
                stdin=stdin,
                timeout=self.timeout,
                on_stderr=None if listener is None else lambda data: listener(plugin, data),
            )
            status, stdout, stderr = completed.status, completed.stdout, completed.stderr
            if status:
                error = plugin_error(path, completed)
        except Stopped as stopped:
            cause, stdout, stderr = stopped, stopped.stdout, stopped.stderr
        except CannotRun as problem:
            cause, stdout, stderr = problem, b"", b""
        if cause is not None:
            said = stderr[-QUOTED:].decode(errors="surrogateescape")
            words = f": {go_quote(said)}" if said else " with no error message"
            error = CniError(0, f"netplugin failed{words}: {cause}", hint=cause.hint)
        seconds = time.monotonic() - began
        return Execution(plugin, verb, path, variables, stdin, stdout, stderr, status, seconds, error, cause)

    def version(self, plugin: str, path: str = "") -> tuple[list[str], Execution]:
        """The versions a plugin supports, as it says itself.  Raises PluginFailed."""
        execution = self.execute(plugin, "VERSION", encode({"cniVersion": CURRENT}).encode(), path=path)
        if execution.error is not None:
            if str(execution.error) == "unknown CNI_COMMAND: VERSION":
                return list(BEFORE_VERSION), execution
            raise PluginFailed(plugin, "VERSION", execution.error, execution=execution)
        try:
            return supported_versions(execution.stdout), execution
        except CniError as error:
            raise PluginFailed(plugin, "VERSION", error, execution=execution) from error


def supported_versions(stdout: bytes) -> list[str]:
    """The versions in the answer to VERSION.  Raises CniError when it is no such answer."""
    try:
        members = decode(stdout)
        if members is not None and not isinstance(members, dict):
            raise CniError(0, "expected an object")
        document = Document(members or {})
        own, supported = document.string("cniVersion"), document.strings("supportedVersions")
    except CniError as error:
        raise CniError(error.code, f"decoding version info: {error.msg}", error.details) from error
    if not own:
        raise CniError(0, "decoding version info: missing field cniVersion")
    if supported:
        return supported
    if own == "0.2.0":  # the spec of that version did not have the list yet
        return ["0.1.0", "0.2.0"]
    raise CniError(0, "decoding version info: missing field supportedVersions")
