"""A process that has loaded a module, and forks itself onto nodes to run its main().

`cnictl.sandbox.modules` starts it, once for all nodes: loading takes longer than most of what is
done on a node.  It has a socket as stdin, says there that it is ready, or what went wrong, and
lives until the other side is closed.  Each message brings open files: what to do, as JSON; stdin,
stdout and stderr for main(); and a pipe, to which it writes the id of the process group that runs
main(), and its exit status when that is known.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import traceback
from typing import TYPE_CHECKING

from cnictl.sandbox import namespaces

if TYPE_CHECKING:
    from collections.abc import Callable

READY = b"ready"
FILES = 5


def serve() -> None:
    """Load the module that argv names, and run it where messages say, until there are no more."""
    with socket.socket(fileno=0) as orders:
        try:
            main = importlib.import_module(sys.argv[1]).main
        except Exception:  # noqa: BLE001 - whatever a module raises is for the other side to tell
            orders.send(traceback.format_exc().encode())
            return
        orders.send(READY)
        while True:
            word, files, _, _ = socket.recv_fds(orders, 1, FILES, socket.MSG_CMSG_CLOEXEC)
            if not word:
                return
            if os.fork() == 0:
                _fork_onto_node(main, files)
            for fd in files:
                os.close(fd)
            _bury()


def _bury() -> None:
    """Wait for those who have ended, whose status they have told themselves."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _fork_onto_node(main: Callable[[], None], files: list[int]) -> None:
    """Go to the node, and run main() in a child, which is in the node's PID namespace as well."""
    order, *streams, answer = files
    status = 1
    try:
        os.setsid()
        os.write(answer, b"%d\n" % os.getpid())
        for number, fd in enumerate(streams):
            os.dup2(fd, number)
            os.close(fd)
        with open(order, encoding="utf-8") as file:
            told = json.load(file)
        namespaces.join(told["pid"])
        os.chdir(told["cwd"])
        child = os.fork()
        if child == 0:
            _run(main, told["environment"], answer)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    except Exception:  # noqa: BLE001 - stderr is what the other side shows
        traceback.print_exc()
    finally:
        os.write(answer, b"%d\n" % status)
        os._exit(0)


def _run(main: Callable[[], None], environment: dict[str, str], answer: int) -> None:
    status = 1
    try:
        os.close(answer)
        os.environ.clear()
        os.environ.update(environment)
        sys.argv = sys.argv[:1]
        main()
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:  # noqa: BLE001 - as an interpreter does at its end
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status & 0xFF)
