"""The plugins' programs on this machine, as far as a configuration's author wants to be told about them."""

from __future__ import annotations

import re
from functools import cached_property

from cnictl import invoke
from cnictl.runtime.plugin import Plugins
from cnictl.spec.errors import CnictlError

PATIENCE = 5.0
"""Seconds for a plugin to say which versions it supports."""

_ABOUT = re.compile(r"^CNI \S+ plugin v(\d+\.\d+\.\d+)", re.MULTILINE)


class Programs:
    """The programs in some directories.  With `ask` they are also run, to say what they support."""

    def __init__(self, directories: list[str], *, ask: bool = False) -> None:
        self.directories = directories
        self.ask = ask
        self._versions: dict[str, list[str] | CnictlError] = {}

    @cached_property
    def _plugins(self) -> Plugins:
        return Plugins(self.directories, timeout=PATIENCE)

    def problem(self, name: str) -> CnictlError | None:
        """Return why there is no program of that name that could be run."""
        try:
            self._plugins.find(name)
        except CnictlError as error:
            return error
        return None

    def versions(self, name: str) -> list[str] | CnictlError:
        """Return the versions of the spec that a program says it supports, or why it does not say it."""
        if name not in self._versions:
            try:
                self._versions[name], _ = self._plugins.version(name)
            except CnictlError as error:
                self._versions[name] = error
        return self._versions[name]

    def release(self, name: str) -> str:
        """Return the release of the Go plugins that a program is of, "" when it does not say."""
        try:
            path = self._plugins.find(name)
            said = invoke.run(path, environment={}, timeout=PATIENCE).stderr
        except CnictlError:
            return ""
        match = _ABOUT.search(said.decode(errors="replace"))
        return match[1] if match else ""
