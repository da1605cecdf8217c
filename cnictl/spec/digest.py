"""Names that the Go plugins derive from a SHA-512, for what is limited in length.

Both implementations must derive the same ones, or neither could delete what the other made.
"""

from __future__ import annotations

import sys

if sys.version_info >= (3, 12):
    from _sha2 import sha512  # type: ignore[import-not-found,unused-ignore]  # hashlib loads OpenSSL
else:
    from _sha512 import sha512  # type: ignore[import-not-found,unused-ignore]

DIGITS = 128
"""How many hexadecimal digits a SHA-512 has."""


def digest(text: str, length: int, prefix: str = "") -> str:
    """The first `length` characters of the prefix and the digest; ValueError when that cannot be."""
    if not len(prefix) < length <= DIGITS:
        raise ValueError(f"no digest of {length} characters with a prefix of {len(prefix)}")
    return (prefix + str(sha512(text.encode()).hexdigest()))[:length]
