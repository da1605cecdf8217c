"""Many processes that do their work at the same moment."""

from __future__ import annotations

import os
from collections.abc import Callable


def together(count: int, work: Callable[[int], object]) -> list[int]:
    """Run work(0), work(1), ... in processes that start at the same moment; return their exit statuses."""
    ready, go = os.pipe()
    children = []
    for number in range(count):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(go)
                os.read(ready, 1)  # ends when the parent closes its end
                work(number)
                status = 0
            except BaseException as e:  # noqa: BLE001 - this is the end of the process
                os.write(2, f"{type(e).__name__}: {e}\n".encode())
            finally:
                os._exit(status)
        children.append(child)
    os.close(ready)
    os.close(go)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
