"""JSON text in and out by the interpreter's own scanner, without the package `json` around it.

That package imports regular expressions and enums, which takes longer than most of a plugin's work;
it is only imported for the words of an error.  What is read and written is the same.
"""

from __future__ import annotations

from _json import encode_basestring, make_scanner

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    Hook = Callable[[list[tuple[str, object]]], object]

_BLANKS = " \t\r\n"
_FIRST_EXPONENT = 1e21
"""From here on Go prints a double with an exponent."""


class _Rules:
    """What the scanner asks for, under the names of json.JSONDecoder."""

    strict = True
    object_hook = None
    parse_int = int

    def __init__(
        self,
        parse_float: Callable[[str], object],
        parse_constant: Callable[[str], object],
        object_pairs_hook: Hook | None,
    ) -> None:
        self.parse_float = parse_float
        self.parse_constant = parse_constant
        self.object_pairs_hook = object_pairs_hook
        self.memo: dict[str, str] = {}


def loads(
    text: str,
    *,
    parse_float: Callable[[str], object] = float,
    parse_constant: Callable[[str], object] = float,
    object_pairs_hook: Hook | None = None,
) -> Any:
    """Return the one JSON value in a text, as json.loads does; raises what that raises."""
    scan = make_scanner(_Rules(parse_float, parse_constant, object_pairs_hook))  # type: ignore[arg-type]
    start = len(text) - len(text.lstrip(_BLANKS))
    try:
        try:
            value, end = scan(text, start)
        except SystemError:
            # Before 3.13 the scanner has no words for an error until somebody has imported this.
            import json.decoder  # noqa: F401

            value, end = scan(text, start)
    except StopIteration as stop:
        _refuse("Expecting value", text, stop.value)
    rest = text[end:].lstrip(_BLANKS)
    if rest:
        _refuse("Extra data", text, len(text) - len(rest))
    return value


def dumps(value: object, *, indent: int = 0, sort: bool = False) -> str:
    """Return a value as JSON text, as json.dumps does, but compact where there is no indent.

    A whole number below 1e21 has no fraction, as Go prints a double.  Raises ValueError for numbers
    that are none, and TypeError for what JSON has no form of.
    """
    pieces: list[str] = []
    _write(value, pieces.append, "\n" if indent else "", " " * indent, sort)
    return "".join(pieces)


def _write(value: object, put: Callable[[str], None], newline: str, indent: str, sort: bool) -> None:
    """Put the pieces of a value; `newline` is a line break and the indent of what surrounds it."""
    if isinstance(value, str):
        put(encode_basestring(value))
    elif value is None:
        put("null")
    elif isinstance(value, bool):
        put("true" if value else "false")
    elif isinstance(value, int):
        put(int.__repr__(value))
    elif isinstance(value, float):
        put(_number(value))
    elif isinstance(value, dict):
        inner = newline + indent
        lead, colon = "{" + inner, ": " if newline else ":"
        for name in sorted(value) if sort else value:
            one = value[name]
            if type(one) is str:  # most are, and a call each is what takes long
                put(f"{lead}{encode_basestring(name)}{colon}{encode_basestring(one)}")
            else:
                put(f"{lead}{encode_basestring(name)}{colon}")
                _write(one, put, inner, indent, sort)
            lead = "," + inner
        put(f"{newline}}}" if value else "{}")
    elif isinstance(value, (list, tuple)):
        inner = newline + indent
        lead = "[" + inner
        for one in value:
            if type(one) is str:
                put(f"{lead}{encode_basestring(one)}")
            else:
                put(lead)
                _write(one, put, inner, indent, sort)
            lead = "," + inner
        put(f"{newline}]" if value else "[]")
    else:
        raise TypeError(f"JSON has no form of a {type(value).__name__}")


def _number(value: float) -> str:
    if value - value != 0:
        raise ValueError(f"JSON has no form of the number {value}")
    return str(int(value)) if value.is_integer() and abs(value) < _FIRST_EXPONENT else float.__repr__(value)


def _refuse(words: str, text: str, position: int) -> NoReturn:
    from json import JSONDecodeError

    raise JSONDecodeError(words, text, position)
