"""Throwaway nodes: a host for plugins to work on that vanishes with whoever made it.

A node has its own network, mount and PID namespaces (and, without root, its own user namespace).
`lo` is up; /run, /var/lib/cni and /etc/cni are empty and in memory; everything else, /tmp too, is
the host's.  Nothing a program does to links, rules, sysctls or those directories is seen outside,
and nothing is left of it, not even after the maker was killed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from cnictl.sandbox import namespaces
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

ROOT = "/".join(__file__.split("/")[:-3])
"""The directory that holds the package `cnictl`."""

_HOLDER = "import sys; sys.path.insert(0, sys.argv[1]); from cnictl.sandbox.holder import main; main()"
_PATIENCE = 10.0  # seconds for the kernel to bury a node's processes


class SandboxError(CnictlError):
    """There can be no throwaway node here, or it did not do as it was told."""


@dataclass(frozen=True, slots=True)
class Completed:
    """What a command on a node left behind."""

    argv: tuple[str, ...]
    status: int
    """Exit status as a shell gives it: 127 no such program, 128 and more killed by a signal."""
    stdout: str
    stderr: str

    def checked(self) -> Self:
        """Give the same again.  Raises SandboxError with what the command said when it failed."""
        if self.status:
            said = (self.stderr or self.stdout).strip()
            raise SandboxError(
                f"{' '.join(self.argv)}: exit status {self.status}" + (f": {said}" if said else "")
            )
        return self


class Node:
    """A throwaway node; it exists inside the `with` block.

    Entering raises SandboxError when the kernel forbids the namespaces it needs.
    """

    def __init__(self) -> None:
        self._holder: subprocess.Popen[bytes] | None = None
        self._pid = 0

    def __enter__(self) -> Self:
        holder = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _HOLDER, ROOT],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for the maker, who then ends the node
        )
        self._holder = holder
        assert holder.stdout is not None
        answer = holder.stdout.readline().decode(errors="replace")
        word, _, number = answer.partition(" ")
        if word != "ready":
            reason = (answer + holder.stdout.read().decode(errors="replace")).strip()
            self.close()
            raise refusal(reason)
        holder.stdout.close()
        self._pid = int(number)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End every process of the node, and with them the node.  A second time does nothing."""
        holder, self._holder, self._pid = self._holder, None, 0
        if holder is None:
            return
        for pipe in (holder.stdin, holder.stdout):
            assert pipe is not None
            pipe.close()
        try:
            holder.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            holder.kill()
            holder.wait()

    @property
    def pid(self) -> int:
        """The node's first process, as the maker sees it."""
        if not self._pid:
            raise SandboxError("this throwaway node is gone")
        return self._pid

    @property
    def netns(self) -> str:
        """Path of the node's own network namespace, as the maker sees it."""
        return f"/proc/{self.pid}/ns/net"

    def path(self, inside: str) -> str:
        """Give the path by which the maker reaches a file of the node, such as `/run/netns/pod`.

        Symbolic links to absolute targets lead back to the host, so name /run and not /var/run.
        """
        return f"/proc/{self.pid}/root/{inside.lstrip('/')}"

    def start(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        netns: str = "",
        cwd: str = "",
        stdin: int | None = subprocess.DEVNULL,
        stdout: int | None = subprocess.PIPE,
        stderr: int | None = subprocess.PIPE,
    ) -> subprocess.Popen[bytes]:
        """Start a command on the node and do not wait; it ends with the node at the latest.

        `netns` is a name given to `new_netns`; `env` replaces the environment.  The process has a
        process group of its own.
        """
        # Where a change root is in force, the top of the mount namespace is not where the node begins.
        words = [_program("nsenter", "util-linux"), f"--target={self.pid}", "--mount", "--pid", "--root"]
        words.append(f"--net={self.path('/run/netns/' + netns)}" if netns else "--net")
        if namespaces.needs_user_namespace():
            words += ["--user", "--preserve-credentials"]
        words += ["--", _program("env", "coreutils"), f"--chdir={cwd or '/'}"]
        return subprocess.Popen(
            [*words, *argv], env=env, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=True
        )

    def run(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        stdin: str | bytes | None = None,
        timeout: float | None = None,
        netns: str = "",
        cwd: str = "",
    ) -> Completed:
        """Run a command on the node, with `stdin` as its input, and wait for it.

        `timeout` is in seconds; raises SandboxError when it is over, after killing the command and
        what it started.  The other arguments are those of `start`; without `cwd` it starts in /.
        """
        given = stdin.encode() if isinstance(stdin, str) else stdin
        source = subprocess.DEVNULL if given is None else subprocess.PIPE
        with self.start(argv, env=env, netns=netns, cwd=cwd, stdin=source) as process:
            try:
                out, err = process.communicate(given, timeout)
            except subprocess.TimeoutExpired as late:
                raise SandboxError(f"{' '.join(argv)}: not done after {timeout:g} s") from late
            finally:
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)
        status = process.returncode
        return Completed(
            tuple(argv),
            128 - status if status < 0 else status,
            out.decode(errors="surrogateescape"),
            err.decode(errors="surrogateescape"),
        )

    def new_netns(self, name: str) -> str:
        """Make a network namespace, as a runtime does for a pod, and give its path on the node."""
        path = f"/run/netns/{name}"
        with open(self.path(path), "x", encoding="ascii"):
            pass
        self.run(["unshare", f"--net={path}", "true"]).checked()
        return path


def refusal(reason: str) -> SandboxError:
    """Give the error that tells a user why there is no node, and what to do."""
    error = SandboxError(f"no throwaway node: {reason}")
    setting = namespaces.why_refused() if namespaces.needs_user_namespace() else ""
    if setting:
        error.hint = f"run it as root, or change {setting}, which forbids it to others"
    elif namespaces.needs_user_namespace():
        error.hint = "run it as root; in a container, one that has CAP_SYS_ADMIN"
    else:
        error.hint = "see whether a container, seccomp or AppArmor forbids mounts and namespaces"
    return error


def _program(name: str, package: str) -> str:
    """Return the path of a program of the host, whatever PATH the command on the node is given."""
    found = shutil.which(name) or shutil.which(name, path="/usr/bin:/bin")
    if found is None:
        raise SandboxError(f"no program {name!r} in PATH; it is part of {package}")
    return found
