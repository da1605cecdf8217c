"""The plugin under test on its node: calls it as a runtime does, and looks at what it did."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnictl import cni_path, invoke
from cnictl.child import CannotRun, Stopped
from cnictl.conformance.model import Failed, NotApplicable
from cnictl.netns_named import create_named, delete_named
from cnictl.spec.conflist import NetworkList, parse_list
from cnictl.spec.document import encode
from cnictl.spec.errors import CnictlError
from cnictl.spec.versions import SUPPORTED, at_least
from cnictl.state.files import directories_of
from cnictl.state.leftovers import leftovers
from cnictl.state.observe import take

if TYPE_CHECKING:
    from cnictl.conformance.model import Profile
    from cnictl.spec.document import Json
    from cnictl.state.snapshot import Snapshot

TIMEOUT = 60.0
"""Seconds for one call."""

NETWORK = "conformance"


@dataclass(frozen=True, slots=True)
class Call:
    """The parameters of one attachment."""

    container_id: str = "c0"
    ifname: str = "eth0"

    @property
    def netns(self) -> str:
        return f"/run/netns/{self.container_id}"


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a call; `status` is None when it hung or would not start, and `stderr` says so."""

    status: int | None
    stdout: str
    stderr: str
    seconds: float = 0

    @property
    def json(self) -> Any:
        """stdout as the one JSON object that it must be.  Raises Failed."""
        try:
            value = json.loads(self.stdout)
        except ValueError as error:
            raise Failed(f"stdout is not one JSON document ({error}): {self.stdout[:200]!r}") from None
        if not isinstance(value, dict):
            raise Failed(f"stdout is no JSON object: {self.stdout[:200]!r}")
        return value

    @property
    def result(self) -> dict[str, Any]:
        """The JSON object that stdout ends with, whatever else is there: one point asks for purity, once."""
        for start, character in enumerate(self.stdout):
            if character == "{":
                try:
                    value, end = json.JSONDecoder().raw_decode(self.stdout, start)
                except ValueError:
                    continue
                if isinstance(value, dict) and not self.stdout[end:].strip():
                    return value
        raise Failed(f"stdout ends with no JSON object: {self.stdout[:200]!r}")

    def succeeded(self, what: str) -> Said:
        """Raise Failed unless the exit status is 0."""
        if self.status != 0:
            raise Failed(f"{what}: {self.words}")
        return self

    @property
    def words(self) -> str:
        """How it ended, in a few words."""
        if self.status is None:
            return self.stderr
        said = (self.stdout.strip() or self.stderr.strip())[:300]
        return f"exit status {self.status}" + (f", and it said {said!r}" if said else ", and it said nothing")

    def error(self, what: str, *codes: int) -> dict[str, Any]:
        """Return the error object, which must have one of the codes if some are given.  Raises Failed."""
        if self.status == 0:
            raise Failed(f"{what}: it succeeded")
        if self.status is None:
            raise Failed(f"{what}: {self.words}")
        told = self.result
        code, msg = told.get("code"), told.get("msg")
        if not isinstance(code, int) or isinstance(code, bool) or not isinstance(msg, str) or not msg:
            raise Failed(f"{what}: no error object with code and msg: {self.stdout.strip()[:200]!r}")
        if codes and code not in codes:
            wanted = " or ".join(map(str, codes))
            raise Failed(f"{what}: code {code} ({msg!r}), not {wanted}")
        return told


class Subject:
    """A plugin, on the node that this process is on."""

    def __init__(self, path: str, profile: Profile, directories: Sequence[str], version: str = "") -> None:
        self.path = path
        self.profile = profile
        self.directories = list(directories)
        self._claimed: list[str] | None = None
        self._version = version
        self._names = 0
        for words in profile.setup:
            run_program(words)

    @property
    def claimed(self) -> list[str]:
        """The versions that the plugin claims, oldest first.  Raises Failed when it cannot tell."""
        if self._claimed is None:
            told = self.call("VERSION", {"cniVersion": "1.1.0"}).succeeded("VERSION").json
            versions = told.get("supportedVersions")
            if not isinstance(versions, list) or not all(isinstance(one, str) for one in versions):
                raise Failed(f"VERSION: supportedVersions is no list of texts: {told}")
            self._claimed = [one for one in SUPPORTED if one in versions]
        return self._claimed

    @property
    def version(self) -> str:
        """The newest version that it claims and we know."""
        if self._version:
            return self._version
        if not self.claimed:
            raise Failed("it claims no released version of the spec")
        return self.claimed[-1]

    def since(self, version: str) -> None:
        """Raise NotApplicable unless the plugin claims a version that has what came with this one."""
        if not at_least(self.version, version):
            raise NotApplicable(f"it claims no version from {version} on")

    def config(self, version: str = "", **more: Json) -> dict[str, Any]:
        """The request configuration, without prevResult."""
        return {"cniVersion": version or self.version, "name": NETWORK, **self.profile.config, **more}

    @property
    def network(self) -> NetworkList:
        """The plugin and what comes before it, as a list."""
        plugins = [dict(one) for one in (*self.profile.before, self.profile.config)]
        members: dict[str, Json] = {"cniVersion": self.version, "name": NETWORK, "plugins": list(plugins)}
        return parse_list(encode(members).encode())

    def found(self, name: str) -> str:
        """The path of another plugin."""
        return cni_path.find(name, self.directories)

    def fresh(self) -> Call:
        """A container of its own, its netns made, for one attachment."""
        self._names += 1
        call = Call(f"c{self._names}", self.profile.ifname)
        create_named(call.netns)
        return call

    @contextmanager
    def container(self) -> Iterator[Call]:
        """A container of its own that is gone afterwards, whatever the plugin left in it."""
        call = self.fresh()
        try:
            yield call
        finally:
            if os.path.lexists(call.netns):
                delete_named(call.netns)

    def call(
        self,
        command: str,
        config: Mapping[str, Any] | str,
        call: Call | None = None,
        *,
        environment: Mapping[str, str | None] | None = None,
        path: str = "",
        timeout: float = TIMEOUT,
    ) -> Said:
        """Run the plugin, or another one, with a configuration; `environment` overrides, None removes."""
        variables: dict[str, str | None] = {
            "CNI_COMMAND": command,
            "CNI_PATH": os.pathsep.join(self.directories),
        }
        if call is not None:
            variables |= {
                "CNI_CONTAINERID": call.container_id,
                "CNI_NETNS": call.netns,
                "CNI_IFNAME": call.ifname,
                "CNI_ARGS": "",
            }
        variables |= environment or {}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CNI_")}
        given = {**inherited, **{name: value for name, value in variables.items() if value is not None}}
        stdin = config if isinstance(config, str) else encode(dict(config))
        try:
            done = invoke.run(
                path or self.path,
                environment=given,
                stdin=stdin.encode(errors="surrogateescape"),
                timeout=timeout,
            )
        except Stopped as stopped:
            return Said(None, "", f"it did not end within {timeout:g} s: {stopped}")
        except CannotRun as problem:
            return Said(None, "", str(problem))
        return Said(done.status, done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace"))

    def previous(self, call: Call, version: str = "") -> dict[str, Any] | None:
        """Run what comes before the plugin in its chain; return the Result, None for the first of a list."""
        result: dict[str, Any] | None = None
        for plugin in self.profile.before:
            path = self.found(str(plugin["type"]))
            config = {"cniVersion": version or self.version, "name": NETWORK, **plugin}
            if result is not None:
                config["prevResult"] = result
            said = self.call("ADD", config, call, path=path).succeeded(f"ADD of {plugin['type']} before it")
            result = said.result
        return result

    def undo_previous(self, call: Call, result: Mapping[str, Any] | None) -> None:
        """Take back what came before the plugin in its chain."""
        for plugin in reversed(self.profile.before):
            path = self.found(str(plugin["type"]))
            config = {"cniVersion": self.version, "name": NETWORK, **plugin}
            if result is not None:
                config["prevResult"] = dict(result)
            self.call("DEL", config, call, path=path).succeeded(f"DEL of {plugin['type']} before it")

    def prepared(self, call: Call) -> tuple[dict[str, Any], Snapshot]:
        """Run what comes before; return the configuration of ADD, and the state that it finds."""
        config = self.config()
        previous = self.previous(call)
        if previous is not None:
            config["prevResult"] = previous
        return config, self.state(call)

    def add(self, call: Call, version: str = "", **more: Json) -> tuple[dict[str, Any], dict[str, Any]]:
        """ADD what comes before and the plugin; return its configuration with prevResult, and its Result."""
        config = self.config(version, **more)
        previous = self.previous(call, version)
        if previous is not None:
            config["prevResult"] = previous
        said = self.call("ADD", config, call).succeeded("ADD")
        return config, said.result

    def attached(self, config: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration for CHECK and DEL: with the Result of ADD."""
        return {**config, "prevResult": dict(result)} if at_least(self.version, "0.4.0") else dict(config)

    def detach(self, call: Call, config: Mapping[str, Any], result: Mapping[str, Any]) -> None:
        """DEL the plugin and what came before it.  Raises Failed."""
        self.call("DEL", self.attached(config, result), call).succeeded("DEL")
        self.undo_previous(call, config.get("prevResult"))

    def state(self, *calls: Call) -> Snapshot:
        """The state of the node and of containers."""
        kept, backups = directories_of([self.network])
        pods = {call.container_id: call.netns for call in calls if os.path.exists(call.netns)}
        return take(pods, data_dirs=kept, backup_dirs=backups)

    def left(self, before: Snapshot, after: Snapshot) -> list[str]:
        """What is left, but for what containers share."""
        return leftovers(self.network, before, after)


def run_program(words: str | Sequence[str]) -> str:
    """Run a program of a set-up or a disturbance; return what it wrote.  Raises CnictlError."""
    argv = shlex.split(words) if isinstance(words, str) else list(words)
    program = shutil.which(argv[0])
    if program is None:
        raise CnictlError(f"no program {argv[0]!r} in PATH")
    done = invoke.run(program, argv[1:], environment=os.environ, timeout=TIMEOUT)
    if done.status:
        said = (done.stderr or done.stdout).decode(errors="replace").strip()
        raise CnictlError(f"{' '.join(argv)}: {done.reason}: {said}")
    return done.stdout.decode(errors="replace")
