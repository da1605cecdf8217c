"""JSON in and out as the Go plugins do it, and objects whose keys match without regard to case."""

from __future__ import annotations

import json
import sys

from cnictl.spec.errors import DECODING_FAILURE, INVALID_NETWORK_CONFIG, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

MAX_DEPTH = 500
"""Levels of nesting that are read; deeper ones come from no configuration that somebody wrote."""

_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ESCAPES = str.maketrans(_HTML)


class DecodeError(CniError):
    """A text that is not one JSON document; `line` and `column` count from 1."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(DECODING_FAILURE, message, f"line {line} column {column}")
        self.line = line
        self.column = column


def decode(data: bytes | str) -> Json:
    """Return the one JSON document in a text; invalid UTF-8 becomes U+FFFD, as in Go.

    Raises DecodeError for anything else: an empty text, something behind the document, NaN,
    comments, a byte order mark, nesting beyond MAX_DEPTH.
    """
    text = data if isinstance(data, str) else data.decode(errors="replace")
    if not text.strip(" \t\r\n"):
        raise DecodeError("unexpected end of JSON input")
    limit = sys.getrecursionlimit()
    try:
        value: Json = json.loads(text, parse_constant=_refuse_constant)
        _check_depth(value)
    except json.JSONDecodeError as error:
        raise DecodeError(error.msg, error.lineno, error.colno) from None
    except RecursionError:
        raise DecodeError(f"nested deeper than {min(MAX_DEPTH, limit)} levels") from None
    return value


def encode(value: object, *, indent: int | None = None, sort: bool = False) -> str:
    """Return a value as JSON: compact, or indented, with the escapes of Go's encoder."""
    separators = (",", ": ") if indent else (",", ":")
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators, sort_keys=sort)
    # Outside of strings none of these characters occurs; lone surrogates have no UTF-8.
    return text.translate(_ESCAPES).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


class Document:
    """A JSON object as a plugin reads it: an exact key before one in other case, null counts as absent.

    `path` says where in the configuration the object stands (`ipam.ranges[0]`).  The readers raise
    CniError 7 naming the key when its value has another type.
    """

    __slots__ = ("_folded", "members", "path")

    def __init__(self, members: dict[str, Json], path: str = "") -> None:
        self.members = members
        self.path = path
        self._folded: dict[str, str] | None = None

    def _find(self, key: str) -> str | None:
        if key in self.members:
            return key
        if self._folded is None:
            self._folded = {name.casefold(): name for name in self.members}
        return self._folded.get(key.casefold())

    def has(self, key: str) -> bool:
        """Whether the key is there, even if its value is null."""
        return self._find(key) is not None

    def get(self, key: str) -> Json:
        """Return a key's value as it is, None when it is absent."""
        found = self._find(key)
        return None if found is None else self.members[found]

    def optional_string(self, key: str) -> str | None:
        """Return a string, None when it is absent."""
        value = self.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self.mismatch(key, "a string", value)

    def string(self, key: str, default: str = "") -> str:
        """Return a string, or the default when it is absent."""
        value = self.optional_string(key)
        return default if value is None else value

    def optional_integer(self, key: str) -> int | None:
        """Return a whole number written as one (not 1.0, not 1e3), None when it is absent."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self.mismatch(key, "a whole number", value)

    def integer(self, key: str, default: int = 0) -> int:
        """Return a whole number, or the default when it is absent."""
        value = self.optional_integer(key)
        return default if value is None else value

    def optional_boolean(self, key: str) -> bool | None:
        """Return true or false, None when it is absent."""
        value = self.get(key)
        if value is None or isinstance(value, bool):
            return value
        raise self.mismatch(key, "true or false", value)

    def boolean(self, key: str, default: bool = False) -> bool:
        """Return true or false, or the default when it is absent."""
        value = self.optional_boolean(key)
        return default if value is None else value

    def array(self, key: str) -> list[Json]:
        """Return a list, empty when it is absent."""
        value = self.get(key)
        if value is None:
            return []
        if isinstance(value, list):
            return value
        raise self.mismatch(key, "a list", value)

    def strings(self, key: str) -> list[str]:
        """Return a list of strings, empty when it is absent."""
        found = []
        for i, value in enumerate(self.array(key)):
            if not isinstance(value, str):
                raise self.mismatch(f"{key}[{i}]", "a string", value)
            found.append(value)
        return found

    def object(self, key: str) -> Document | None:
        """Return an object, None when it is absent."""
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return Document(value, self.below(key))
        raise self.mismatch(key, "an object", value)

    def objects(self, key: str) -> list[Document]:
        """Return a list of objects, empty when it is absent."""
        found = []
        for i, value in enumerate(self.array(key)):
            if not isinstance(value, dict):
                raise self.mismatch(f"{key}[{i}]", "an object", value)
            found.append(Document(value, self.below(f"{key}[{i}]")))
        return found

    def below(self, key: str) -> str:
        """Return the path of something in this object."""
        return f"{self.path}.{key}" if self.path else key

    def mismatch(self, key: str, expected: str, value: Json) -> CniError:
        """Return the error for a value of the wrong type."""
        return CniError(
            INVALID_NETWORK_CONFIG, f'key "{self.below(key)}": expected {expected}, found {_describe(value)}'
        )


def _describe(value: Json) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return f"number {value}"
    if isinstance(value, str):
        return f"string {encode(value)}" if len(value) < 60 else "a string"
    return "a list" if isinstance(value, list) else "null" if value is None else "an object"


def _check_depth(value: Json) -> None:
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for one in level
            if isinstance(one, (dict, list))
            for inner in (one.values() if isinstance(one, dict) else one)
            if isinstance(inner, (dict, list))
        ]
        if not level:
            return
    raise DecodeError(f"nested deeper than {MAX_DEPTH} levels")


def _refuse_constant(name: str) -> NoReturn:
    raise DecodeError(f"{name} is no JSON value")
