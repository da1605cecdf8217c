"""A directory of plugins that do what a test tells them to, and a runtime that uses it."""

from __future__ import annotations

import base64
import json
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache
from cnictl.runtime.network import Runtime
from cnictl.runtime.plugin import Plugins
from cnictl.spec.conflist import NetworkList, parse_list

NOOP = Path(__file__).parents[1] / "noop.py"
ATTACHMENT = Attachment("some-container-id", "/some/netns/path", "eth7")
RESULT = {"cniVersion": "1.1.0", "ips": [{"address": "10.1.2.3/24"}]}
OLD_RESULT = {"cniVersion": "0.4.0", "ips": [{"version": "4", "address": "10.1.2.3/24"}], "dns": {}}


class Bench:
    """Plugins, their configurations, and the log of how they were called."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.bin = top / "bin"
        self.bin.mkdir()
        self.log = top / "log.json"
        self.script("noop", f'exec {sys.executable} -I -S {NOOP} "$@"')
        self.cache = Cache(str(top / "cache"))
        self.runtime = self.with_plugins()

    def with_plugins(self, **conditions: Any) -> Runtime:
        """A runtime whose plugins run under other conditions."""
        return Runtime(Plugins([str(self.bin)], **conditions), self.cache)

    def script(self, name: str, body: str) -> str:
        """A plugin that is a few lines of shell."""
        path = self.bin / name
        path.write_text(f"#!/bin/sh\n{textwrap.dedent(body)}\n")
        path.chmod(0o755)
        return str(path)

    def debug(self, name: str, **behaviour: object) -> dict[str, object]:
        """The configuration of a noop plugin that behaves like this, and logs its calls."""
        path = self.top / f"{name}.debug"
        path.write_text(json.dumps(behaviour))
        return {"type": "noop", "debugFile": str(path), "commandLog": str(self.log), "called": name}

    def network(self, *plugins: dict[str, object], version: str = "1.1.0", **keys: object) -> NetworkList:
        """A list called apitest."""
        document = {"name": "apitest", "cniVersion": version, "plugins": list(plugins), **keys}
        return parse_list(json.dumps(document).encode())

    def one(self, version: str = "1.1.0", **behaviour: object) -> NetworkList:
        """A list of one plugin, which answers {} unless told otherwise."""
        return self.network(self.debug("one", **{"ReportResult": "{}", **behaviour}), version=version)

    def three(self) -> NetworkList:
        """A list whose first plugin gives a result, whose second passes it on, whose third adds DNS."""
        wanted = {"portMappings": True, "otherCapability": True, "noCapability": False}
        return self.network(
            {**self.debug("first", ReportResult=json.dumps(RESULT)), "capabilities": wanted},
            {**self.debug("second", ReportResult="PASSTHROUGH"), "capabilities": {"otherCapability": True}},
            self.debug("third", ReportResult="INJECT-DNS"),
        )

    @property
    def cache_file(self) -> Path:
        """Where ATTACHMENT to the list is remembered."""
        return Path(self.cache.results, "apitest-some-container-id-eth7")

    def remember(self, content: str) -> None:
        """Put something into that file."""
        self.cache.prepare()
        self.cache_file.write_text(content)

    def calls(self) -> list[tuple[str, str]]:
        """Verb and name of every noop plugin called so far."""
        return [(call["Command"], self.stdin(call)["called"]) for call in self.logged()]

    def logged(self) -> list[dict[str, Any]]:
        """Everything that the noop plugins logged."""
        return list(json.loads(self.log.read_text())) if self.log.exists() else []

    def stdins(self) -> list[dict[str, Any]]:
        """The configuration of every call."""
        return [self.stdin(call) for call in self.logged()]

    def forget(self) -> None:
        """Begin a new log."""
        self.log.unlink()

    @staticmethod
    def stdin(call: dict[str, Any]) -> dict[str, Any]:
        found = json.loads(base64.b64decode(call["CmdArgs"]["StdinData"]))
        assert isinstance(found, dict)
        return found


@pytest.fixture
def bench(tmp_path):
    return Bench(tmp_path)
