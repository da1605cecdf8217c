"""The file in which tuning keeps what an interface was like before, for DEL and for who made the interface.

`<dataDir>/<container id>_<ifname>.json`, where the Go plugin has it as well.
"""

from __future__ import annotations

import os
import stat

from cnictl.spec.document import Document, decode
from cnictl.spec.errors import CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request

DATA_DIR = "/run/cni/tuning"
"""The directory, unless the configuration of tuning names another."""
_SIZE_LIMIT = 1 << 16


def path(data_dir: str, container_id: str, ifname: str) -> str:
    """Return the path of an attachment's file."""
    return f"{data_dir}/{container_id}_{ifname}.json"


def read(file: str) -> Document | None:
    """Return what a file holds, None when there is none; raises CniError 6 for what is no such file."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        members = decode(os.read(descriptor, _SIZE_LIMIT)) if regular else None
    finally:
        os.close(descriptor)
    return Document(members if isinstance(members, dict) else {})


def mtu_to_hold(request: Request, configured: int) -> int | None:
    """Return the MTU that whoever made CNI_IFNAME may hold it to, None for any.

    That is the one of its configuration until tuning has set another, which tuning's own CHECK compares.
    """
    if configured <= 0:
        return None
    try:
        before = read(path(DATA_DIR, request.container_id, request.ifname))
        changed = before is not None and before.integer("mtu") > 0
    except (CniError, OSError):
        changed = False  # half written: whoever was killed over it had changed nothing
    return None if changed else configured
