"""Modules of ours run on a node, told in JSON what to do and answering in JSON."""

from __future__ import annotations

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from typing import IO, TYPE_CHECKING, Any

from cnictl.sandbox import loaded
from cnictl.sandbox.node import ROOT, SandboxError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnictl.sandbox.node import Node

PATIENCE = 600.0
"""Seconds for the whole of it."""
_TAIL = 2000  # characters
_LONGEST = 1 << 16  # bytes of what a process says that could not load its module
_SCRIPT = "import sys; sys.path.insert(0, sys.argv[2]); sys.path += sys.argv[3:];"
_SERVE = f"{_SCRIPT} from cnictl.sandbox.loaded import serve; serve()"


class _Loader:
    """Who asks a process that has a module loaded to run it; the process ends with this one."""

    def __init__(self, module: str) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _SERVE, module, ROOT, *filter(None, sys.path)],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for this process, which then ends the node
            )
        atexit.register(self.close)
        said = self._socket.recv(_LONGEST)
        if said != loaded.READY:
            raise SandboxError(f"{module} cannot be loaded: {said.decode(errors='replace').strip()[-_TAIL:]}")

    def begin(self, files: Sequence[int]) -> IO[bytes]:
        """Have main() run with these files.

        Returns the end of a pipe to read a process group and an exit status from, a line each;
        nothing when the process is gone.
        """
        reader, writer = os.pipe()
        try:
            socket.send_fds(self._socket, [b"!"], [*files, writer])
        except OSError:
            pass  # so nobody writes to the pipe
        finally:
            os.close(writer)
        return os.fdopen(reader, "rb", buffering=0)

    def close(self) -> None:
        self._socket.close()
        self._process.wait()


_loaders: dict[str, _Loader] = {}
_lock = threading.Lock()


def run_main(
    node: Node, module: str, told: Mapping[str, object], *, called: str, cwd: str = ""
) -> dict[str, Any]:
    """Run main() of a module on a node, where it reads `told` from stdin, and return what it prints.

    `called` is how the user knows it.  Raises SandboxError when it breaks off, or is not done in time.
    """
    order = {"pid": node.pid, "cwd": cwd or "/", "environment": dict(os.environ)}
    with _file(order) as orders, _file(told) as stdin, _file() as stdout, _file() as stderr:
        status = _status(module, [orders, stdin, stdout, stderr], called)
        if status:
            stderr.seek(0)
            said = stderr.read().decode(errors="replace").strip()
            raise SandboxError(f"{called} broke off: {said[-_TAIL:] or 'it was killed'}")
        stdout.seek(0)
        answer: dict[str, Any] = json.load(stdout)
        return answer


def _file(content: Mapping[str, object] | None = None) -> IO[bytes]:
    """Return a file in memory, which holds the content."""
    file = os.fdopen(os.memfd_create("cnictl"), "w+b")
    if content is not None:
        file.write(json.dumps(content).encode())
        file.seek(0)
    return file


def _status(module: str, files: Sequence[IO[bytes]], called: str) -> int:
    """Have main() run with these files, and return its exit status."""
    for _ in range(2):
        loader = _loader(module)
        with loader.begin([file.fileno() for file in files]) as answers:
            group = _line(answers)
            if not group:
                _forget(module, loader)
                continue
            try:
                if not select.select([answers], [], [], PATIENCE)[0]:
                    raise SandboxError(f"{called}: not done after {PATIENCE:g} s")
                return int(_line(answers) or 1)
            except BaseException:
                os.killpg(int(group), signal.SIGKILL)
                raise
    raise SandboxError(f"{called}: whatever is to run it is killed at once")


def _loader(module: str) -> _Loader:
    with _lock:
        if module not in _loaders:
            _loaders[module] = _Loader(module)
        return _loaders[module]


def _forget(module: str, loader: _Loader) -> None:
    """Start another one next time: somebody has killed this."""
    with _lock:
        if _loaders.get(module) is loader:
            del _loaders[module]
    loader.close()


def _line(answers: IO[bytes]) -> bytes:
    line = b""
    while not line.endswith(b"\n"):
        piece = answers.read(1)
        if not piece:
            return b""  # it was killed
        line += piece
    return line.strip()
