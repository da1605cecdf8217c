"""The plugins' log: one line an event, in logfmt, to a file or to stderr, never to stdout.

The configuration keys `logLevel` and `logFile` turn it on, and so does the environment
variable CNICTL_LOG (`debug`, `info:/var/log/cni.log`), which wins.  Without either nothing
is written.  A log that cannot be written never fails a pod's network: it says so on stderr.
"""

from __future__ import annotations

import os
import sys
import time

LEVELS = {"debug": 10, "verbose": 20, "info": 20, "warning": 30, "warn": 30, "error": 40, "panic": 50}
_OFF = 100


class Log:
    """Where the events of one request go.  Every line carries the request's own fields."""

    def __init__(self, level: str = "", file: str = "", fields: dict[str, str] | None = None) -> None:
        override = os.environ.get("CNICTL_LOG", "")
        if override:
            level, _, named = override.partition(":")
            file = named or file
        self._file = file
        self._fields = fields or {}
        self._threshold = LEVELS.get(level.lower(), _OFF)
        if not level and file:
            self._threshold = LEVELS["info"]
        elif level and self._threshold == _OFF:
            self._threshold = LEVELS["info"]
            self.warning("unknown log level, using info", level=level, known=",".join(LEVELS))

    def debug(self, event: str, **fields: object) -> None:
        """Write a step on the way."""
        self._write("debug", event, fields)

    def info(self, event: str, **fields: object) -> None:
        """Write that something was done."""
        self._write("info", event, fields)

    def warning(self, event: str, **fields: object) -> None:
        """Write something that went on all the same but that somebody should know."""
        self._write("warning", event, fields)

    def error(self, event: str, **fields: object) -> None:
        """Write why the request failed."""
        self._write("error", event, fields)

    def _write(self, level: str, event: str, fields: dict[str, object]) -> None:
        if LEVELS[level] < self._threshold:
            return
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e6):06d}Z"
        words = {"time": stamp, "level": level, **self._fields, "event": event, **fields}
        line = " ".join(f"{name}={quote(str(word))}" for name, word in words.items()) + "\n"
        try:
            if not self._file:
                sys.stderr.write(line)
                return
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            descriptor = os.open(self._file, flags, 0o600)
            try:
                os.write(descriptor, line.encode(errors="replace"))
            finally:
                os.close(descriptor)
        except OSError as failure:
            sys.stderr.write(f"cannot write the log {self._file}: {failure.strerror}\n{line}")
            self._file = ""


def quote(word: str) -> str:
    """Return a logfmt value: bare when it is one plain word, else double-quoted and escaped."""
    if word and word.isprintable() and not set(word) & set(' "=\\'):
        return word
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in escaped) + '"'
