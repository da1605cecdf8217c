"""Looking once more at all that a snapshot speaks of, so that the two can be compared."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.runtime.cache import DEFAULT_DIRECTORY
from cnictl.state.files import directories, lease_sockets
from cnictl.state.observe import take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.state.snapshot import Snapshot


def take_again(snapshot: Snapshot, cache_dir: str = DEFAULT_DIRECTORY) -> Snapshot:
    """Return what is there now: the same pods, and whatever sysctls, files and directories it names."""
    kept, _ = directories(cache_dir)
    others = {key.rpartition("/")[0] for key in _keys(snapshot, "reservation")}
    others = {one for one in others if not one.startswith(tuple(f"{top}/" for top in kept))}
    return take(
        snapshot.pods,
        data_dirs=[*kept, *sorted(others)],
        dhcp_sockets=[
            *lease_sockets(cache_dir),
            *(key.rpartition(" ")[0] for key in _keys(snapshot, "lease")),
        ],
        cache_dir=cache_dir,
        sysctls=sorted(set(_keys(snapshot, "sysctl"))),
        paths=sorted(set(_keys(snapshot, "file"))),
    )


def _keys(snapshot: Snapshot, wanted: str) -> Iterator[str]:
    for found in snapshot.state.places.values():
        yield from (key for kind, key in found if kind == wanted)
    yield from (key for _, kind, key in snapshot.absent if kind == wanted)
