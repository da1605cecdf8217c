"""What a worker counts: calls by plugin, command and outcome, and how long they took."""

from __future__ import annotations

from bisect import bisect_left

BOUNDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds; a call is counted at the first that it does not exceed, or beyond the last."""
COMMANDS = ("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION")


class Tally:
    """Counters since the start: `refused` calls, which launchers answered, and `killed` processes."""

    def __init__(self) -> None:
        self.refused = 0
        self.killed = 0
        self._calls: dict[tuple[str, str], int] = {}
        self._failures: dict[tuple[str, str], int] = {}
        self._microseconds: dict[tuple[str, str], int] = {}
        self._buckets: dict[tuple[str, str], list[int]] = {}

    def count(self, plugin: str, command: str, status: str, microseconds: str) -> None:
        """Note a call that has ended; `command` is one of COMMANDS, or "" for what is none."""
        took = int(microseconds)
        key = (plugin, command)
        self._calls[key] = self._calls.get(key, 0) + 1
        self._failures[key] = self._failures.get(key, 0) + (status != "0")
        self._microseconds[key] = self._microseconds.get(key, 0) + took
        buckets = self._buckets.setdefault(key, [0] * (len(BOUNDS) + 1))
        buckets[bisect_left(BOUNDS, took / 1e6)] += 1

    def members(self) -> dict[str, object]:
        """Return it as JSON values; `buckets` has as many numbers as `bounds`, and one for all beyond."""
        return {
            "refused": self.refused,
            "killed": self.killed,
            "bounds": list(BOUNDS),
            "calls": [
                {
                    "plugin": plugin,
                    "command": command,
                    "calls": self._calls[plugin, command],
                    "failures": self._failures[plugin, command],
                    "microseconds": self._microseconds[plugin, command],
                    "buckets": self._buckets[plugin, command],
                }
                for plugin, command in sorted(self._calls)
            ],
        }
