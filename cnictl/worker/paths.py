"""Where a worker listens."""

SOCKET = "/run/cnictl/worker.sock"
"""For calls; the launcher has it in launcher.c."""


def control_path(path: str) -> str:
    """Return where the worker with that socket tells its status."""
    return f"{path}.control"
