"""Signals of a process with something in hand: for the command it waits for, or until it is done."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import FrameType

FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)  # the terminal sends them to the command as well


class PassedOn:
    """While the block runs, signals to this process are passed on to another."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._before: list[tuple[signal.Signals, signal._HANDLER]] = []

    def __enter__(self) -> None:
        for number in FORWARDED:
            self._before.append((number, signal.signal(number, self._forward)))
        for number in FROM_TERMINAL:
            self._before.append((number, signal.signal(number, signal.SIG_IGN)))

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before:
            signal.signal(number, handler)

    def _forward(self, number: int, _: FrameType | None) -> None:
        try:
            os.kill(self._to, number)
        except ProcessLookupError:
            pass  # it ended first, and its status is on the way


class Deferred:
    """While the block runs, the first signal that would end this process waits for the end of the block."""

    def __init__(self) -> None:
        self._before: dict[int, signal._HANDLER] = {}
        self._waiting = 0

    def __enter__(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._before[number] = signal.signal(number, self._defer)

    def __exit__(self, *_: object) -> None:
        self._restore()
        if self._waiting:
            os.kill(os.getpid(), self._waiting)

    def _defer(self, number: int, _: FrameType | None) -> None:
        self._waiting = number
        self._restore()  # who insists is heard

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
