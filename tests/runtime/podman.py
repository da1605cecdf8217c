"""Podman with its CNI backend on a throwaway node: a runtime that was not written with us in mind."""

from __future__ import annotations

import glob
import json
import os
import sys
from typing import TYPE_CHECKING, Any

from cnictl.sandbox.node import ROOT, SandboxError
from cnictl_plugins.multicall import PROGRAMS
from tests.runtime.image import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from cnictl.sandbox.node import Completed, Node

HOME = "/run/podman-home"
PLUGINS = f"{HOME}/bin"
CONFIGURATIONS = f"{HOME}/net.d"
SERVE = ("httpd", "-f", "-p", "80", "-h", "/www")
PATIENCE = 60.0
"""Seconds for one call of podman, which takes 0.2."""

_SETTINGS = f"""\
[network]
network_backend = "cni"
cni_plugin_dirs = ["{PLUGINS}"]
network_config_dir = "{CONFIGURATIONS}"
default_network = "pods"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
lock_type = "file"
"""
_STORAGE = f"""\
[storage]
driver = "overlay"
graphroot = "{HOME}/graph"
runroot = "{HOME}/run"
"""
# Podman keeps a cache of blobs in /var/lib/containers and cannot be told otherwise.
_OWN_STATE = f"""\
set -e
mkdir {HOME} {HOME}/upper {HOME}/work {HOME}/bin {HOME}/net.d
mount -t overlay -o lowerdir=/var/lib,upperdir={HOME}/upper,workdir={HOME}/work state /var/lib
mkdir -p /var/lib/cni
mount -t tmpfs cni /var/lib/cni
"""


class Podman:
    """Podman on a node: its files are the node's, and its cgroups are removed by `close`.

    Plugins are to be put into PLUGINS, networks are made with `network`.
    """

    def __init__(self, node: Node, image: Path) -> None:
        self.node = node
        self._cgroup = f"cnictl-test-{node.pid}"
        node.run(["sh", "-c", _OWN_STATE]).checked()
        self._write("containers.conf", _SETTINGS)
        self._write("storage.conf", _STORAGE)
        self("load", "--quiet", f"--input={image}")

    def close(self) -> None:
        """End the node and remove what podman made outside of it.  For each, containers must be gone."""
        try:
            self("rm", "--all", "--force", "--time=0")
        finally:
            self.node.close()
            for top in glob.glob(f"/sys/fs/cgroup/{self._cgroup}") + glob.glob(
                f"/sys/fs/cgroup/*/{self._cgroup}"
            ):
                for path, _, _ in os.walk(top, topdown=False):
                    os.rmdir(path)

    def __call__(self, *words: str) -> str:
        """Run podman and return what it says.  Raises SandboxError when it fails."""
        return self.answer(*words).checked().stdout

    def answer(self, *words: str) -> Completed:
        """Run podman and return how it ended."""
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": HOME,
            "TMPDIR": HOME,
            "CONTAINERS_CONF": f"{HOME}/containers.conf",
            "CONTAINERS_STORAGE_CONF": f"{HOME}/storage.conf",
        }
        return self.node.run(["podman", *words], env=environment, timeout=PATIENCE)

    def start(self, name: str, *options: str, command: Sequence[str] = SERVE) -> str:
        """Start a container and return its id.  A warning of podman's is an error here."""
        done = self.answer(
            "run",
            "--detach",
            f"--name={name}",
            f"--cgroup-parent=/{self._cgroup}",
            *options,
            REFERENCE,
            *command,
        ).checked()
        if done.stderr:
            raise SandboxError(f"podman warns: {done.stderr}")
        return done.stdout.strip()

    def inspect(self, name: str) -> Any:
        """Return what podman knows about a container's networks."""
        return json.loads(self("inspect", "--type=container", name))[0]["NetworkSettings"]

    def netns(self, name: str) -> str:
        """Return the name of a container's network namespace below /run/netns."""
        return str(self.inspect(name)["SandboxKey"]).rpartition("/")[2]

    def network(self, members: Mapping[str, Any]) -> None:
        """Write a network configuration list, in place of an older one of that name."""
        self._write(f"net.d/{members['name']}.conflist", json.dumps(members, indent=2))

    def use_go_plugins(self, directory: str) -> None:
        """Put those Go plugins into podman's directory that there are counterparts of."""
        paths = [f"{directory}/{name}" for name in PROGRAMS]
        self.node.run(["cp", *filter(os.path.exists, paths), PLUGINS]).checked()

    def cnictl(self, *words: str) -> str:
        """Run cnictl on the node and return what it says."""
        return (
            self.node.run([sys.executable, "-m", "cnictl", *words], cwd=ROOT, timeout=PATIENCE)
            .checked()
            .stdout
        )

    def _write(self, name: str, text: str) -> None:
        with open(self.node.path(f"{HOME}/{name}"), "w", encoding="utf-8") as file:
            file.write(text)
