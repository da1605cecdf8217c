"""Hardware addresses as text and as bytes."""

from __future__ import annotations

_LENGTHS = (6, 8, 20)  # MAC-48, EUI-64 and InfiniBand
_HEX = frozenset("0123456789abcdefABCDEF")


def parse_mac(text: str) -> bytes:
    """Return the bytes of `02:00:5e:10:00:01`, `02-00-5e-10-00-01` or `0200.5e10.0001`, of 6, 8 or 20 bytes.

    Raises ValueError with the words of Go's net.ParseMAC.
    """
    for separator, digits in ((":", 2), ("-", 2), (".", 4)):
        groups = text.split(separator)
        if len(groups) > 1 and all(len(group) == digits and _HEX.issuperset(group) for group in groups):
            mac = bytes.fromhex("".join(groups))
            if len(mac) in _LENGTHS:
                return mac
    raise ValueError(f"address {text}: invalid MAC address")


def canonical_mac(text: str) -> str:
    """Return an address in the kernel's spelling; what is none in lower case, as it is."""
    try:
        return format_mac(parse_mac(text))
    except ValueError:
        return text.lower()


def format_mac(mac: bytes) -> str:
    """Lower-case, with colons, as the kernel's own tools print it."""
    return mac.hex(":")
