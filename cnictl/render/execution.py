"""Calls of plugins: what each was given, what it answered, and how long it took."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from cnictl.child import CannotRun
from cnictl.invoke import Completed
from cnictl.render.text import escape
from cnictl.spec.document import decode, encode
from cnictl.spec.errors import CniError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnictl.render.form import Data
    from cnictl.runtime.plugin import Execution

TAIL = 10
"""Lines of stderr shown with an error."""

_INDENT = "  "


def call_text(execution: Execution) -> str:
    """Return a call for people: environment, input, output, and how it ended."""
    head = f"{execution.verb} {execution.plugin}: {ending(execution)}\n"
    return head + given_text(execution.path, execution.environment, execution.stdin) + answer_text(execution)


def given_text(path: str, environment: Mapping[str, str], stdin: bytes) -> str:
    """Return what a plugin is given."""
    variables = "\n".join(f"{name}={value}" for name, value in environment.items())
    return section("program", path.encode()) + section("environment", variables.encode()) + section(
        "stdin", stdin
    )  # fmt: skip


def answer_text(execution: Execution) -> str:
    """Return what a plugin wrote."""
    return section("stdout", execution.stdout) + section("stderr", execution.stderr)


def section(name: str, data: bytes) -> str:
    """Return bytes under a heading, JSON laid out; nothing for nothing."""
    if not data.strip():
        return ""
    lines = escape(readable(data)).rstrip("\n").split("\n")
    if len(lines) == 1:
        return f"{_INDENT}{name}: {lines[0]}\n"
    return f"{_INDENT}{name}:\n" + "".join(f"{_INDENT * 2}{one}".rstrip() + "\n" for one in lines)


def readable(data: bytes) -> str:
    """Return bytes as text, laid out when they are a JSON object or list."""
    text = data.decode(errors="backslashreplace")
    if text.lstrip()[:1] not in ("{", "["):
        return text
    try:
        return encode(decode(data), indent=2)
    except CniError:
        return text


def ending(execution: Execution) -> str:
    """Return how a call ended and how long it took."""
    return f"{outcome(execution)}, {milliseconds(execution.seconds)}"


def outcome(execution: Execution) -> str:
    """Return how a call ended: `exit status 1`, `signal: killed`, `ended by cnictl`."""
    if execution.status is not None:
        return Completed(execution.status).reason
    return "did not start" if isinstance(execution.cause, CannotRun) else "ended by cnictl"


def milliseconds(seconds: float) -> str:
    """Return a duration as people say it."""
    return f"{seconds * 1000:.0f} ms" if seconds < 10 else f"{seconds:.1f} s"


def tail(written: bytes, lines: int = TAIL) -> list[str]:
    """Return the last lines of what a plugin wrote."""
    text = written.decode(errors="backslashreplace").rstrip()
    return [escape(one, keep="") for one in text.split("\n")[-lines:]] if text else []


def answer_members(execution: Execution) -> dict[str, Data]:
    """Return who was asked what, and how it ended."""
    return {
        "plugin": execution.plugin,
        "path": execution.path,
        "verb": execution.verb,
        "status": execution.status,
        "seconds": round(execution.seconds, 6),
        "error": error_members(execution.error) if execution.error is not None else None,
    }


def call_members(execution: Execution) -> dict[str, Data]:
    """Return the whole of a call; input and output as text, base64 where they are no text."""
    return {
        **answer_members(execution),
        "environment": dict(execution.environment),
        "stdin": text_member(execution.stdin),
        "stdout": text_member(execution.stdout),
        "stderr": text_member(execution.stderr),
    }


def text_member(data: bytes) -> Data:
    """Return bytes as a member of a JSON document."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}


def error_members(error: CniError) -> dict[str, Data]:
    """Return an error object of the spec."""
    members: dict[str, Data] = {"code": error.code, "msg": error.msg}
    return {**members, "details": error.details} if error.details else members
