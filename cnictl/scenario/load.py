"""Scenarios from YAML; a mistake is told with file, line and column."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING, TypeVar

import yaml

from cnictl import configuration
from cnictl.runtime.source import MOST
from cnictl.scenario.keys import ATTACHMENT, COMMAND, DISTURBANCE, EXPECT, KERNEL, REACH, SCENARIO
from cnictl.scenario.model import Attach, Command, Disturbance, Protocol, Reach, Scenario
from cnictl.spec.conflist import parse_list
from cnictl.spec.document import encode
from cnictl.spec.errors import CnictlError
from cnictl.spec.names import check_container_id, check_interface_name
from cnictl.state.load import load_expected
from cnictl.state.nodes import NodeReader, describe, is_scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from cnictl.state.snapshot import Snapshot

T = TypeVar("T")

_DIGITS = 5  # of a port
EXTENSIONS = (".yaml", ".yml")


class ScenarioError(CnictlError):
    """A file that is no scenario; the message is led by file, line and column, from 1."""


def load_all(paths: Iterable[str]) -> list[Scenario]:
    """Return the scenarios of files, and of all YAML files below directories, in order.

    Raises ScenarioError, also when a directory has none and when two have the same name in a file.
    """
    found: list[Scenario] = []
    for path in paths:
        if not os.path.isdir(path):
            found += load_file(path)
            continue
        below = [
            os.path.join(top, name)
            for top, _, names in sorted(os.walk(path))
            for name in sorted(names)
            if name.endswith(EXTENSIONS)
        ]
        if not below:
            raise ScenarioError(f"{path}: no scenario in it or below", hint="their names end in .yaml")
        for one in below:
            found += load_file(one)
    return found


def load_file(path: str) -> list[Scenario]:
    """Return the scenarios of a file, one a document.  Raises ScenarioError."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST + 1)
    except OSError as error:
        raise ScenarioError(f"{path}: {error.strerror}") from None
    if len(data) > MOST:
        raise ScenarioError(f"{path}: it has more than {MOST >> 20} MiB")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: it is no UTF-8: {error.reason} at byte {error.start}") from None
    return load(text, path)


def load(text: str, source: str = "scenario") -> list[Scenario]:
    """Return the scenarios of a text; `source` is its path, from which others are relative."""
    reader = _Reader(source)
    found: list[Scenario] = []
    for root in reader.documents(text):
        if root is None or is_scalar(root, "null"):
            continue
        scenario = reader.scenario(root)
        if any(one.name == scenario.name for one in found):
            reader.fail(root, f"there is a scenario {scenario.name!r} already")
        found.append(scenario)
    if not found:
        raise ScenarioError(f"{source}:1:1: there is no scenario in it", hint="one begins with `name:`")
    return found


class _Reader(NodeReader):
    def __init__(self, source: str) -> None:
        super().__init__(source, ScenarioError)

    def scenario(self, root: yaml.Node) -> Scenario:
        keys = self.known(root, "the scenario", SCENARIO)
        for name in ("name", "network"):
            if name not in keys:
                self.fail(root, f"the scenario has no {name!r}")
        name = self.text(keys["name"], "name")
        expect = self.known(keys["expect"], "expect", EXPECT) if "expect" in keys else {}
        attachments = self._several(keys.get("attachments"), "attachments", self._attach) or (Attach(),)
        needs = self._texts(keys.get("needs"), "needs")
        for one in needs:
            if one not in KERNEL:
                self.fail(keys["needs"], f"needs: {one!r} is unknown; known are {', '.join(KERNEL)}")
        scenario = Scenario(
            name,
            self._network(keys["network"]),
            description=self.text(keys["description"], "description") if "description" in keys else "",
            setup=self._several(keys.get("setup"), "setup", self._command),
            attachments=attachments,
            needs=needs,
            since=self.text(keys["since"], "since") if "since" in keys else "",
            state=self._state(expect["state"]) if "state" in expect else None,
            check=self.flag(expect["check"], "check") if "check" in expect else True,
            reach=self._several(expect.get("reach"), "reach", self._reach),
            disturb=self._several(keys.get("disturb"), "disturb", self._disturbance),
            left=self._texts(expect.get("left"), "left"),
            file=self.source,
            line=root.start_mark.line + 1,
        )
        self._check_names(scenario, expect, keys)
        return scenario

    def _check_names(
        self, scenario: Scenario, expect: dict[str, yaml.Node], keys: dict[str, yaml.Node]
    ) -> None:
        if scenario.state is not None:
            for pod in scenario.state.pods:
                if pod not in scenario.pods:
                    self.fail(expect["state"], f"there is no container {pod!r}")
        if scenario.fails and (scenario.reach or scenario.disturb):
            self.fail(keys["attachments"], "an ADD that must fail leaves nothing to reach or to disturb")

    def _network(self, node: yaml.Node) -> str:
        try:
            if is_scalar(node, "str"):
                path = os.path.join(os.path.dirname(self.source), self.text(node, "network"))
                return configuration.load(path).raw.decode(errors="surrogateescape")
            text = encode(self.json(node, "network"))
            parse_list(text.encode())
        except CnictlError as error:
            if isinstance(error, ScenarioError):
                raise
            self.fail(node, f"network: {error}")
        return text

    def _state(self, node: yaml.Node) -> Snapshot:
        try:
            return load_expected(node, self.source)
        except ScenarioError:
            raise
        except CnictlError as error:
            raise ScenarioError(str(error), hint=error.hint) from None

    def _attach(self, node: yaml.Node) -> Attach:
        keys = self.known(node, "an attachment", ATTACHMENT)
        plain = Attach()
        container = self.text(keys["container"], "container") if "container" in keys else plain.container
        ifname = self.text(keys["ifname"], "ifname") if "ifname" in keys else plain.ifname
        try:
            check_container_id(container)
            check_interface_name(ifname)
        except CnictlError as error:
            self.fail(node, str(error))
        args: dict[str, str] = {}
        if "args" in keys:
            args = {name: self.text(value, name) for _, name, value in self.members(keys["args"], "args")}
        capabilities = self.json(keys["capabilities"], "capabilities") if "capabilities" in keys else {}
        if not isinstance(capabilities, dict):
            self.fail(
                keys["capabilities"],
                f"capabilities: expected a mapping, found {describe(keys['capabilities'])}",
            )
        return Attach(
            container,
            ifname,
            args,
            capabilities,
            self.json(keys["result"], "result") if "result" in keys else None,
            self.text(keys["error"], "error") if "error" in keys else "",
        )

    def _reach(self, node: yaml.Node) -> Reach:
        keys = self.known(node, "reach", REACH)
        for name in ("from", "to"):
            if name not in keys:
                self.fail(node, f"reach has no {name!r}")
        protocols: list[Protocol] = [one for one in ("ping", "tcp", "udp") if one in keys]
        if len(protocols) > 1:
            self.fail(node, f"reach is by {' or '.join(protocols)}, not both")
        protocol: Protocol = protocols[0] if protocols else "ping"
        numbers: dict[str, int] = {
            name: self.number(keys[name], name) for name in ("tcp", "udp", "version", "size") if name in keys
        }
        if numbers.get("version", 4) not in (4, 6):
            self.fail(keys["version"], "version is 4 or 6")
        port = numbers.get(protocol, 0)
        server, server_port = "", 0
        if "server" in keys:
            server, _, digits = self.text(keys["server"], "server").rpartition(":")
            if not (server and digits.isdecimal() and len(digits) <= _DIGITS):
                self.fail(keys["server"], "write server as CONTAINER:PORT")
            server_port = int(digits)
        for number in (port, server_port):
            if number > 0xFFFF:
                self.fail(node, f"{number} is no port")
        return Reach(
            self.text(keys["from"], "from"),
            self.text(keys["to"], "to"),
            protocol,
            port,
            server,
            server_port or port,
            numbers.get("version", 0),
            numbers.get("size", 0),
            self.flag(keys["fails"], "fails") if "fails" in keys else False,
        )

    def _disturbance(self, node: yaml.Node) -> Disturbance:
        keys = self.known(node, "a disturbance", DISTURBANCE)
        commands = self._several(keys.get("run"), "run", self._command)
        if not commands:
            self.fail(node, "a disturbance has something to `run`")
        name = self.text(keys["name"], "name") if "name" in keys else str(commands[0])
        check: str | None = "*"
        if "check" in keys:
            noticed = self.json(keys["check"], "check")
            check = (
                None if noticed is False else "*" if noticed is True else self.text(keys["check"], "check")
            )
        drift = self._texts(keys["drift"], "drift") if "drift" in keys else None
        undo = self._several(keys.get("undo"), "undo", self._command)
        return Disturbance(name, commands, undo, drift, check)

    def _command(self, node: yaml.Node) -> Command:
        if isinstance(node, yaml.MappingNode):
            keys = self.known(node, "a command", COMMAND)
            if "run" not in keys:
                self.fail(node, "a command has something to `run`")
            inside = self.text(keys["in"], "in") if "in" in keys else ""
            return Command(self._words(keys["run"]), inside)
        return Command(self._words(node))

    def _words(self, node: yaml.Node) -> tuple[str, ...]:
        if isinstance(node, yaml.ScalarNode):
            try:
                words = shlex.split(self.text(node, "run"))
            except ValueError as error:
                self.fail(node, f"run: {error}")
        else:
            words = [self.text(one, "run") for one in self.items(node, "run")]
        if not words:
            self.fail(node, "run: there is no program")
        return tuple(words)

    def _texts(self, node: yaml.Node | None, words: str) -> tuple[str, ...]:
        return self._several(node, words, lambda one: self.text(one, words))

    def _several(self, node: yaml.Node | None, words: str, read: Callable[[yaml.Node], T]) -> tuple[T, ...]:
        return () if node is None else tuple(read(one) for one in self.items(node, words))
