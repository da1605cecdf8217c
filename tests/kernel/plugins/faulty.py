"""The plugins with a fault in them: the step FAULT_STEP of their work fails, or kills them.

A step is a change of the kernel, a file, or a program run.  FAULT_HOW is `raise` or `kill`.
Without FAULT_STEP nothing fails, and the number of steps goes to the file FAULT_COUNT.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import Any

from cnictl import durable, firewalld, invoke, sysctl
from cnictl.ipam import dhcp_rpc, store
from cnictl.netlink import channel, tuntap
from cnictl.netlink.errors import NetlinkError
from cnictl_plugins import multicall
from cnictl_plugins.meta import tuning_backup

STEP = int(os.environ.get("FAULT_STEP", "-1"))
HOW = os.environ.get("FAULT_HOW", "raise")


class Steps:
    """How many steps were taken."""

    taken = 0


def fault(name: str) -> Exception:
    """Return what the step would raise if the kernel had refused it."""
    if name in ("change", "change_together", "add_tap"):
        return NetlinkError("injected", errno.EIO)
    if name == "write":
        return sysctl.SysctlError("write", "injected", errno.EIO)
    return OSError(errno.EIO, os.strerror(errno.EIO), "injected")


def inject(owner: Any, name: str) -> None:
    """Count the calls of a function, and let one of them fail before it has done anything."""
    real = getattr(owner, name)

    def step(*args: Any, **kwargs: Any) -> Any:
        here, Steps.taken = Steps.taken, Steps.taken + 1
        if here == STEP and HOW == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if here == STEP:
            raise fault(name)
        return real(*args, **kwargs)

    setattr(owner, name, step)


inject(channel.Channel, "change")
inject(channel.Channel, "change_together")
inject(tuntap, "add_tap")
inject(sysctl, "write")
inject(invoke, "run")
inject(firewalld.Firewalld, "add_source")
inject(durable, "replace")
inject(durable, "remove")
inject(dhcp_rpc.Daemon, "call")
inject(store.Store, "reserve")
inject(store.Store, "remove")
inject(tuning_backup.Backup, "write")
status = multicall.main(sys.argv[0].rpartition("/")[2])
if "FAULT_COUNT" in os.environ:
    with open(os.environ["FAULT_COUNT"], "w", encoding="ascii") as file:
        file.write(str(Steps.taken))
sys.exit(status)
