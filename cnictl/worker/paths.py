"""Where a worker listens."""

SOCKET = "/run/cnictl/worker.sock"
"""For calls; the launcher has it in launcher.c."""

CONTROL = ".control"
"""What the name of the socket beside it ends with."""


def control_path(path: str) -> str:
    """Return where the worker with that socket tells its status."""
    return f"{path}{CONTROL}"
