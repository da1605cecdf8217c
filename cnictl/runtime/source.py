"""Files that somebody names on a command line, `-` being stdin."""

from __future__ import annotations

import sys

from cnictl.spec.errno_text import reason_of
from cnictl.spec.errors import CnictlError


def read(file: str, most: int = 0) -> bytes:
    """What is in a file; raises CnictlError when it cannot be read, or has more than `most` bytes.

    Without `most` it may have any number.
    """
    size = most + 1 if most else -1
    try:
        if file == "-":
            found = sys.stdin.buffer.read(size)
        else:
            with open(file, "rb") as opened:
                found = opened.read(size)
    except OSError as error:
        raise CnictlError(f"cannot read {called(file)}: {reason_of(error)}") from error
    if len(found) > most > 0:
        raise CnictlError(f"cannot read {called(file)}: it has more than {most >> 20} MiB")
    return found


def called(file: str) -> str:
    """What messages call it."""
    return "stdin" if file == "-" else file
