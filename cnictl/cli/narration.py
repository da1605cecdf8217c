"""What is told on stderr while plugins run."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from cnictl.cli import output
from cnictl.render.execution import call_text, tail
from cnictl.render.text import line
from cnictl.runtime.plugin import Plugins

if TYPE_CHECKING:
    from types import FrameType

    from cnictl.runtime.attachment import Attachment
    from cnictl.runtime.plugin import Execution

SLOW = 2.0
"""Seconds after which somebody at a terminal wants to know what takes so long."""

_ALL = 1 << 20


class Narrated(Plugins):
    """Plugins whose calls are told: all of each with `verbose`, else what succeeds with words on stderr."""

    def __init__(
        self,
        directories: Sequence[str],
        *,
        timeout: float | None = None,
        environment: Mapping[str, str] | None = None,
        on_stderr: Callable[[str, bytes], object] | None = None,
        verbose: bool = False,
    ) -> None:
        super().__init__(directories, timeout=timeout, environment=environment, on_stderr=on_stderr)
        self._verbose = verbose

    def execute(
        self, plugin: str, verb: str, stdin: bytes, attachment: Attachment | None = None, path: str = ""
    ) -> Execution:
        """As in Plugins."""
        with _Patience(f"waiting for {line(plugin)} ({verb}); Ctrl-C ends it"):
            execution = super().execute(plugin, verb, stdin, attachment, path)
        if self._verbose:
            output.remark(call_text(execution))
        elif execution.error is None:
            for said in tail(execution.stderr, _ALL):
                output.note(f"{plugin}: {said}")
        return execution


class _Patience:
    """While the block takes long, say so once, if somebody is watching."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __enter__(self) -> None:
        if sys.stderr.isatty():
            signal.signal(signal.SIGALRM, self._say)
            signal.setitimer(signal.ITIMER_REAL, SLOW)

    def __exit__(self, *_: object) -> None:
        if sys.stderr.isatty():
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, signal.SIG_DFL)

    def _say(self, _: int, __: FrameType | None) -> None:
        output.remark(f"{self._text}\n")
