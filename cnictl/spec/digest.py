"""Names that the Go plugins derive from a SHA-512, for what is limited in length.

Both implementations must derive the same ones, or neither could delete what the other made.
"""

from __future__ import annotations

import sys

# What hashlib falls back on; hashlib itself loads OpenSSL first.
_builtin = __import__("_sha2" if sys.version_info >= (3, 12) else "_sha512")

DIGITS = 128
"""How many hexadecimal digits a SHA-512 has."""


def digest(text: str, length: int, prefix: str = "") -> str:
    """The first `length` characters of the prefix and the digest; ValueError when that cannot be."""
    if not len(prefix) < length <= DIGITS:
        raise ValueError(f"no digest of {length} characters with a prefix of {len(prefix)}")
    digits: str = _builtin.sha512(text.encode()).hexdigest()
    return (prefix + digits)[:length]
