"""Files that somebody names on a command line, `-` being stdin."""

from __future__ import annotations

import sys

from cnictl.spec.errno_text import reason_of
from cnictl.spec.errors import CnictlError

MOST = 64 << 20
"""Bytes of such a file."""


def read(file: str) -> bytes:
    """What is in a file; raises CnictlError when it cannot be read, or has more than MOST bytes."""
    try:
        if file == "-":
            found = sys.stdin.buffer.read(MOST + 1)
        else:
            with open(file, "rb") as opened:
                found = opened.read(MOST + 1)
    except OSError as error:
        raise CnictlError(f"cannot read {called(file)}: {reason_of(error)}") from error
    if len(found) > MOST:
        raise CnictlError(f"cannot read {called(file)}: it has more than {MOST >> 20} MiB")
    return found


def called(file: str) -> str:
    """What messages call it."""
    return "stdin" if file == "-" else file
