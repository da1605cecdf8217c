"""Plugins that run at this moment: whom they are called for, and what they wait for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.doctor.bundle import PluginCall

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from cnictl.doctor.place import Place

_WORDS = 3
"""Words of a command line among which the plugin's path is: `python3 -S /opt/cni/bin/bridge`."""
_STARTED = 19
"""Where the start is in /proc/PID/stat, counted from behind the command's name (proc(5))."""


def gather(place: Place, plugins: Collection[str], boot: float) -> list[PluginCall]:
    """Return the processes of some plugins that were called with the CNI environment."""
    found = (_call(place, pid, plugins, boot) for pid in place.pids())
    return [one for one in found if one is not None]


def _call(place: Place, pid: str, plugins: Collection[str], boot: float) -> PluginCall | None:
    words = place.text_or(f"/proc/{pid}/cmdline").split("\0")[:_WORDS]
    name = next((base for word in words if (base := os.path.basename(word)) in plugins), "")
    if not name:
        return None
    told = dict(_told(place.text_or(f"/proc/{pid}/environ")))
    if "CNI_COMMAND" not in told:
        return None
    stat = place.text_or(f"/proc/{pid}/stat").rpartition(") ")[2].split()
    if len(stat) <= _STARTED:
        return None
    return PluginCall(
        int(pid),
        name,
        told["CNI_COMMAND"],
        told.get("CNI_CONTAINERID", ""),
        told.get("CNI_IFNAME", ""),
        boot + int(stat[_STARTED]) / os.sysconf("SC_CLK_TCK"),
        stat[0],
        place.text_or(f"/proc/{pid}/wchan").strip("0 \n"),
    )


def _told(environ: str) -> Iterator[tuple[str, str]]:
    """Yield what the protocol has a runtime set; the rest of an environment may be secret."""
    for pair in environ.split("\0"):
        name, _, value = pair.partition("=")
        if name in ("CNI_COMMAND", "CNI_CONTAINERID", "CNI_IFNAME"):
            yield name, value
