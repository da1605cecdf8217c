"""Files that somebody names on a command line, `-` being stdin."""

from __future__ import annotations

import sys

from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError


def read(file: str) -> bytes:
    """What is in a file; raises CnictlError when it cannot be read."""
    try:
        if file == "-":
            return sys.stdin.buffer.read()
        with open(file, "rb") as opened:
            return opened.read()
    except OSError as error:
        raise CnictlError(f"cannot read {called(file)}: {errno_text(error.errno or 0)}") from error


def called(file: str) -> str:
    """What messages call it."""
    return "stdin" if file == "-" else file
