"""One attachment on a throwaway node: calls a list's plugins the way a runtime does."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnictl.sandbox.node import Completed, Node


class Attachment:
    """A container's attachment to a list of plugins, which ADD fills in the order of the list.

    `plugins_dir` is where the plugins are; ADD, CHECK and DEL may use different ones.  `delegates` is one
    more directory, where those that they call are looked for.
    """

    def __init__(
        self,
        node: Node,
        plugins_dir: str,
        plugins: list[dict[str, Any]],
        *,
        container: str = "c1",
        ifname: str = "eth0",
        version: str = "1.0.0",
        name: str = "net",
        args: str = "",
        environment: Mapping[str, str] | None = None,
        delegates: str = "",
    ) -> None:
        self.node = node
        self.plugins_dir = plugins_dir
        self.plugins = plugins
        self.container = container
        self.ifname = ifname
        self.version = version
        self.name = name
        self.args = args
        self.environment = dict(environment or {})
        self.delegates = delegates
        self.netns = f"/run/netns/{container}"
        self.result: dict[str, Any] | None = None
        if not os.path.exists(node.path(self.netns)):
            node.new_netns(container)

    def call(
        self,
        command: str,
        plugin: dict[str, Any],
        *,
        plugins_dir: str = "",
        netns: str | None = None,
        **more: Any,
    ) -> Completed:
        """Run one plugin; `more` goes into its configuration."""
        directory = plugins_dir or self.plugins_dir
        config = {"cniVersion": self.version, "name": self.name, **plugin, **more}
        if self.result is not None and command != "GC":
            config["prevResult"] = self.result
        environment = {
            "PATH": os.environ["PATH"],
            **self.environment,
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": self.container,
            "CNI_NETNS": self.netns if netns is None else netns,
            "CNI_IFNAME": self.ifname,
            "CNI_ARGS": self.args,
            "CNI_PATH": f"{directory}:{self.delegates}" if self.delegates else directory,
        }
        return self.node.run(
            [f"{directory}/{plugin['type']}"], env=environment, stdin=json.dumps(config), timeout=100
        )

    def add(self, plugins_dir: str = "") -> dict[str, Any]:
        """ADD the whole list; return the Result."""
        for plugin in self.plugins:
            done = self.call("ADD", plugin, plugins_dir=plugins_dir)
            assert done.status == 0, done.stdout + done.stderr
            self.result = json.loads(done.stdout)
        assert self.result is not None
        return self.result

    def check(self, plugins_dir: str = "") -> str:
        """CHECK the list until a plugin says no; return what it says, "" when all is well."""
        for plugin in self.plugins:
            done = self.call("CHECK", plugin, plugins_dir=plugins_dir)
            if done.status:
                return said(done)
        return ""

    def delete(self, plugins_dir: str = "", netns: str | None = None) -> None:
        """DEL the whole list, last plugin first."""
        for plugin in reversed(self.plugins):
            done = self.call("DEL", plugin, plugins_dir=plugins_dir, netns=netns)
            assert (done.status, done.stdout) == (0, ""), done.stdout + done.stderr


def said(done: Completed) -> str:
    """Return message and details of an error object."""
    error = json.loads(done.stdout)
    return "; ".join(filter(None, (error["msg"], error.get("details", ""))))
