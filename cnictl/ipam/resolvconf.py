"""A file in the format of resolv.conf(5), as resolver settings."""

from __future__ import annotations

import os

from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import IO_FAILURE, CniError
from cnictl.spec.result import DNS

_LONGEST = 1 << 20
"""Bytes read; a resolver reads a few hundred of them."""


def read(path: str) -> DNS:
    """Return the settings in a file.  Raises CniError 5 when it cannot be read."""
    operation = "open"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        operation = "read"
        try:
            text = os.read(descriptor, _LONGEST).decode(errors="replace")
        finally:
            os.close(descriptor)
    except (OSError, ValueError) as error:
        reason = errno_text(error.errno or 0) if isinstance(error, OSError) else str(error)
        raise CniError(IO_FAILURE, f"{operation} {path}: {reason}", "named by ipam.resolvConf") from None
    return parse(text)


def parse(text: str) -> DNS:
    """Return the settings in a text.

    `search` and `options` add up over several lines and `domain` is the last one given, as the Go
    plugins read it; the C library takes the last `search` only.
    """
    nameservers: list[str] = []
    search: list[str] = []
    options: list[str] = []
    domain = ""
    for line in text.split("\n"):
        keyword, *words = line.split() or [""]
        if not words or keyword[0] in "#;":
            continue
        if keyword == "nameserver":
            nameservers.append(words[0])
        elif keyword == "domain":
            domain = words[0]
        elif keyword == "search":
            search += words
        elif keyword == "options":
            options += words
    return DNS(nameservers, domain, search, options)
