"""One program, many plugins: the name by which it was called tells which."""

from __future__ import annotations

import os
import sys

from cnictl.plugin import skel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

PROGRAMS = {
    "bandwidth": "meta.bandwidth",
    "bridge": "main.bridge",
    "dhcp": "ipam.dhcp",
    "dummy": "main.dummy",
    "firewall": "meta.firewall",
    "flannel": "meta.flannel",
    "host-device": "main.host_device",
    "host-local": "ipam.host_local",
    "ipvlan": "main.ipvlan",
    "loopback": "main.loopback",
    "macvlan": "main.macvlan",
    "multus": "meta.multus",
    "passthru": "meta.passthru",
    "portmap": "meta.portmap",
    "ptp": "main.ptp",
    "sbr": "meta.sbr",
    "static": "ipam.static",
    "tap": "main.tap",
    "tuning": "meta.tuning",
    "vlan": "main.vlan",
    "vrf": "meta.vrf",
    "vxlan": "main.vxlan",
}


def load(name: str) -> skel.Plugin | None:
    """Return the plugin of that name, None when there is none here."""
    where = PROGRAMS.get(name)
    if where is None:
        return None
    module = __import__(f"{__package__}.{where}", fromlist=("PLUGIN",))
    plugin: skel.Plugin = module.PLUGIN
    return plugin


def is_daemon(name: str, words: Sequence[str]) -> bool:
    """Whether a program called `name` with such a command line is no plugin: dhcp is its daemon as well.

    And the worker's unit has the one-shot launcher for a program, as all others know none of cnictl's.
    """
    return name == "worker" or (name == "dhcp" and list(words[1:2]) == ["daemon"])


def main(name: str = "") -> int:
    """Answer a call of the plugin `name`, by default that of the symlink; return the exit status."""
    name = name or sys.argv[0].rpartition("/")[2]
    plugin = load(name)
    if plugin is None:
        known = ", ".join(PROGRAMS)
        sys.stderr.write(f"{name}: not a plugin of cnictl; link it under one of the names {known}\n")
        return 2
    return skel.main(plugin, load)


def main_and_exit(cnictl: Sequence[str] = ()) -> NoReturn:
    """As main(), and end the process at once: taking the interpreter apart takes longer than VERSION.

    `cnictl` is the command by which the command line is run, which a daemon takes.
    """
    name = sys.argv[0].rpartition("/")[2]
    if cnictl and is_daemon(name, sys.argv):
        os.execv(cnictl[0], [*cnictl, name, *sys.argv[1:]])
    status = main(name)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(status)
