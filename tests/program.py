"""A plugin as a program: what it is given, and what it answers."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

NOWHERE = "/run/netns/nobody-made-it"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a plugin answered: `members` is the JSON on stdout, None when there is nothing."""

    status: int
    members: Any
    stderr: str

    @property
    def error(self) -> tuple[int, str]:
        """The code and the message of the error object."""
        assert self.status == 1, self
        return self.members["code"], self.members["msg"]

    @property
    def result(self) -> Any:
        """The Result, or None after another command than ADD."""
        assert self.status == 0, self
        return self.members

    @property
    def addresses(self) -> list[str]:
        """The addresses of the Result."""
        return [one["address"] for one in self.result["ips"]]


@dataclass(frozen=True, slots=True)
class Program:
    """A plugin's executable, run on a throwaway node if there is one."""

    path: str
    node: Node | None = None

    def start(
        self,
        verb: str,
        *,
        container: str = "c1",
        ifname: str = "eth0",
        args: str = "",
        netns: str = NOWHERE,
        stdout: int = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Start it, its other streams being pipes."""
        environment = {
            "CNI_COMMAND": verb,
            "CNI_CONTAINERID": container,
            "CNI_IFNAME": ifname,
            "CNI_NETNS": netns,
            "CNI_PATH": os.path.dirname(self.path),
            "CNI_ARGS": args,
        }
        pipe = subprocess.PIPE
        if self.node is not None:
            return self.node.start([self.path], env=environment, stdin=pipe, stdout=stdout)
        return subprocess.Popen([self.path], env=environment, stdin=pipe, stdout=stdout, stderr=pipe)

    def __call__(self, verb: str, configuration: Mapping[str, Any], **parameters: Any) -> Answer:
        """Run it and wait for the answer; the parameters are those of `start`."""
        with self.start(verb, **parameters) as process:
            stdout, stderr = process.communicate(json.dumps(configuration).encode(), timeout=60)
        return Answer(process.returncode, json.loads(stdout) if stdout else None, stderr.decode())
