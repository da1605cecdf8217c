"""How many addresses of one family a Result may have."""

from __future__ import annotations

from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

ONE_EACH = ("", "0.1.0", "0.2.0")
"""Versions whose Result has one IPv4 and one IPv6 address; no version means the oldest."""


def check(cni_version: str, families: Sequence[int]) -> None:
    """Raise CniError 7 when a configuration of that version asks for more; `families` has 4 or 6 for each."""
    if cni_version in ONE_EACH and len(set(families)) < len(families):
        raise CniError(
            INVALID_NETWORK_CONFIG,
            f"CNI version {cni_version} does not support more than 1 address per family",
            "cniVersion 0.3.0 is the first that does",
        )
