"""The words for an errno, as the Go plugins print them."""

from __future__ import annotations

import os


def errno_text(number: int) -> str:
    """`file exists` for EEXIST: strerror(3) with a lower-case start, else `errno 524`."""
    text = os.strerror(number)
    if text.startswith("Unknown error"):
        return f"errno {number}"
    if text[1:2].islower():  # "RFS specific error" keeps its capitals
        return text[0].lower() + text[1:]
    return text


def reason_of(error: OSError) -> str:
    """What an error says without the names it is about; some have no number, as `AF_UNIX path too long`."""
    return errno_text(error.errno) if error.errno else str(error)
