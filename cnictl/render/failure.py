"""Failed operations over a list: which plugin, with which code, and what it wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.render.execution import ending, tail
from cnictl.render.text import line
from cnictl.runtime.failure import Failures, Invalid, OperationFailed, PluginFailed, StaleFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.spec.errors import CnictlError

MEANINGS = {
    1: "incompatible CNI version",
    2: "unsupported field in the configuration",
    3: "unknown container",
    4: "invalid environment variable",
    5: "I/O failure",
    6: "cannot decode",
    7: "invalid network configuration",
    8: "the netns is the node's own",
    11: "try again later",
    50: "the plugin is not available",
    51: "the plugin is not available, and containers may have limited connectivity",
}
"""CNI spec 1.1.0, section "Error"; 8 is of the Go skeleton."""


def failure_text(error: OperationFailed) -> str:
    """Return what is known beyond the message: a block for every plugin that failed."""
    written = []
    for one in _parts(error):
        if isinstance(one, PluginFailed):
            written += list(_plugin_lines(one))
    written += [f"  while rolling back: {line(str(one))}" for one in error.cleanup]
    written += [f"  note: {line(one)}" for one in error.warnings]
    return "".join(f"{one}\n" for one in written)


def _parts(error: CnictlError) -> Iterator[CnictlError]:
    """Yield an error and those it is made of."""
    yield error
    if isinstance(error, Failures):
        for one in error.failures:
            yield from _parts(one)
    if isinstance(error, Invalid):
        for one in error.problems:
            yield from _parts(one)
    if isinstance(error, StaleFailed):
        yield from _parts(error.cause)


def _plugin_lines(error: PluginFailed) -> Iterator[str]:
    execution, answer = error.execution, error.error
    yield f"  plugin   {line(execution.path if execution else error.plugin)}"
    ended = f", {line(ending(execution))}" if execution else ", not run"
    yield f"  verb     {error.verb}{ended}"
    if answer.code and (execution is None or execution.status):
        meaning = MEANINGS.get(answer.code, "")
        yield f"  code     {answer.code}" + (f", {meaning}" if meaning else "")
        if answer.details:  # else the first line of the error has said it all
            yield f"  msg      {line(answer.msg)}"
            yield f"  details  {line(answer.details)}"
    if execution is not None:
        # where the status says success, it is the output that was wrong
        yield from _written("stdout", execution.stdout if execution.status == 0 else b"")
        yield from _written("stderr", execution.stderr)


def _written(name: str, data: bytes) -> Iterator[str]:
    if data.strip():
        yield f"  {name}"
        yield from (f"    {one}" for one in tail(data))
