"""Keys that people and orchestrators leave in configurations, and that no plugin is meant to read."""

from __future__ import annotations


def is_note(name: str) -> bool:
    """Whether a key is a remark, or of a namespace that is somebody's own.

    JSON has no comments, so people write them as keys: `_comment`, `//`, `mtu_comment`.  A key with
    a dot or a slash in it names its owner, as `cni.dev/...` does.
    """
    return (
        name.startswith(("_", "/", "#", "x-")) or "." in name or "/" in name or "comment" in name.casefold()
    )
