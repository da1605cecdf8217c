"""The versions of the CNI spec and how they are compared."""

from __future__ import annotations

from cnictl.spec.document import DecodeError
from cnictl.spec.errors import DECODING_FAILURE, INCOMPATIBLE_VERSION, CniError
from cnictl.spec.quote import go_quote, go_quote_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.spec.document import Document

FAMILY_020 = ("0.1.0", "0.2.0")
FAMILY_040 = ("0.3.0", "0.3.1", "0.4.0")
FAMILY_100 = ("1.0.0", "1.1.0")
FAMILIES = (FAMILY_020, FAMILY_040, FAMILY_100)
"""The versions whose Results have the same form."""
SUPPORTED = (*FAMILY_020, *FAMILY_040, *FAMILY_100)
CURRENT = "1.1.0"
OLDEST = "0.1.0"
"""What a configuration without cniVersion is taken for."""

_MAX_DIGITS = 18  # what fits into the 64 bits that a part has in the Go library


def parse(text: str) -> tuple[int, int, int]:
    """Return (major, minor, micro); missing parts are 0, an empty text is 0.1.0.

    Raises CniError 6.  A sign and leading zeros are accepted, as the Go library does.
    """
    parts = (text or OLDEST).split(".")
    if len(parts) > 3:
        raise CniError(DECODING_FAILURE, f"invalid version {go_quote(text)}: too many parts")
    numbers = [0, 0, 0]
    for i, part in enumerate(parts):
        digits = part[1:] if part[:1] in ("+", "-") else part
        if not (digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS):
            which = ("major", "minor", "micro")[i]
            raise CniError(
                DECODING_FAILURE,
                f"failed to convert {which} version part {go_quote(part)}: it is not a number",
                f"in {go_quote(text)}",
            )
        numbers[i] = int(part)
    return numbers[0], numbers[1], numbers[2]


def at_least(version: str, floor: str) -> bool:
    """Whether a version is the same as, or newer than, another; raises CniError 6 for what is no version."""
    return parse(version) >= parse(floor)


def newer(version: str, other: str) -> bool:
    """Whether a version is newer than another; raises CniError 6 for what is no version."""
    return parse(version) > parse(other)


def starting_from(version: str) -> tuple[str, ...]:
    """Return the supported versions from one on; raises ValueError for one that is not among them."""
    return SUPPORTED[SUPPORTED.index(version) :]


def decode_version(document: Document) -> str:
    """Return the cniVersion of a configuration or Result, unchecked; CniError 6 when it is no string."""
    try:
        return document.string("cniVersion") or OLDEST
    except CniError as error:
        raise DecodeError(f"decoding version from network config: {error.msg}") from None


def reconcile(version: str, supported: Sequence[str]) -> None:
    """Raise CniError 1 unless a configuration's version is, to the letter, one that the plugin supports."""
    if version not in supported:
        details = f"config is {go_quote(version)}, plugin supports {go_quote_list(supported)}"
        raise CniError(INCOMPATIBLE_VERSION, "incompatible CNI versions", details)
