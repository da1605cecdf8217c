"""JSON in and out as the Go plugins do it, and objects whose keys match without regard to case."""

from __future__ import annotations

from cnictl.spec import json_text
from cnictl.spec.errors import DECODING_FAILURE, INVALID_NETWORK_CONFIG, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from json import JSONDecodeError
    from typing import NoReturn

    Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

MAX_DEPTH = 200
"""Levels of nesting that are read; deeper ones come from no configuration that somebody wrote."""

_HTML = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_ESCAPES = str.maketrans(_HTML)
_BLANKS = " \t\r\n"
_MAX_SHOWN = 60


class DecodeError(CniError):
    """A text that is not the JSON document it should be; `line` and `column` count from 1, 0 for unknown."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(DECODING_FAILURE, message, f"line {line} column {column}" if line else "")
        self.line = line
        self.column = column


def decode(data: bytes | str) -> Json:
    """Return the one JSON document in a text; invalid UTF-8 and halves of pairs become U+FFFD, as in Go.

    Raises DecodeError for anything else: an empty text, something behind the document, NaN,
    comments, a byte order mark, numbers beyond a double, nesting beyond MAX_DEPTH.
    """
    text = data if isinstance(data, str) else data.decode(errors="replace")
    try:
        value = _loads(text)
        _check_depth(value)
        if "\\ud" in text or "\\uD" in text:
            value = _loads(_without_halves(json_text.dumps(value)))
    except RecursionError:
        raise DecodeError(f"nested deeper than {MAX_DEPTH} levels") from None
    except ValueError as error:
        from json import JSONDecodeError

        if not isinstance(error, JSONDecodeError):  # an integer of more digits than Python converts
            raise DecodeError("a number has too many digits") from None
        raise DecodeError(_reason(error), error.lineno, error.colno) from None
    return value


def decode_object(data: bytes | str) -> dict[str, Json]:
    """Return the JSON object in a text, an empty one for null, as Go does; raises DecodeError."""
    value = decode(data)
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise DecodeError(f"expected an object, found {describe(value)}")


def encode(value: object, *, indent: int | None = None, sort: bool = False) -> str:
    """Return a value as JSON as Go's encoder writes it: its escapes, whole numbers without a fraction."""
    text = json_text.dumps(value, indent=indent or 0, sort=sort)
    if not text.isascii():
        text = _without_halves(text)
    return text.translate(_ESCAPES)  # outside of strings none of these characters occurs


class Document:
    """A JSON object as a plugin reads it: keys match without regard to case, null counts as absent.

    Of keys that match the same name the last counts, as in Go.  `path` says where in the
    configuration the object stands (`ipam.ranges[0]`).  The readers raise CniError 7 naming the
    key when its value has another type.
    """

    __slots__ = ("_spelled", "members", "path")

    def __init__(self, members: dict[str, Json], path: str = "") -> None:
        self.members = members
        self.path = path
        self._spelled: dict[str, str] | None = None

    def _find(self, key: str) -> str | None:
        if self._spelled is None:
            self._spelled = {name.casefold(): name for name in self.members}
        return self._spelled.get(key.casefold())

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
        """Return a whole number of 64 bits written as one (not 1.0, not 1e3), None when it is absent."""
        return self._number(key, -(1 << 63), (1 << 63) - 1, "a whole number")

    def integer(self, key: str, default: int = 0) -> int:
        """Return a whole number, or the default when it is absent."""
        value = self.optional_integer(key)
        return default if value is None else value

    def optional_unsigned(self, key: str) -> int | None:
        """Return a whole number from 0 up, None when it is absent."""
        return self._number(key, 0, (1 << 64) - 1, "a whole number from 0 up")

    def unsigned(self, key: str, default: int = 0) -> int:
        """Return a whole number from 0 up, or the default when it is absent."""
        value = self.optional_unsigned(key)
        return default if value is None else value

    def _number(self, key: str, least: int, most: int, expected: str) -> int | None:
        value = self.get(key)
        if value is None:
            return None
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        raise self.mismatch(key, expected, value)

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
            INVALID_NETWORK_CONFIG, f'key "{self.below(key)}": expected {expected}, found {describe(value)}'
        )


def describe(value: Json) -> str:
    """Return words for a JSON value in a message: a scalar as it is written, else what kind it is."""
    if isinstance(value, (dict, list)):
        return "an object" if isinstance(value, dict) else "a list"
    written = encode(value)
    if len(written) > _MAX_SHOWN:
        written = f"{written[:_MAX_SHOWN]}…"
    if isinstance(value, str):
        return f"string {written}"
    return written if value is None or isinstance(value, bool) else f"number {written}"


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
    raise RecursionError


def _loads(text: str) -> Json:
    value: Json = json_text.loads(text, parse_constant=_refuse_constant, parse_float=_finite)
    return value


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise DecodeError(f"number {text} is beyond what a double holds")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise DecodeError(f"{name} is no JSON value")


def _reason(error: JSONDecodeError) -> str:
    """Return why a text does not decode, in Go's words where it ends too early: so does a cut-off file."""
    before, rest = error.doc[: error.pos].rstrip(_BLANKS), error.doc[error.pos :].strip(_BLANKS)
    following = rest.lstrip("," + _BLANKS)[:1]
    if not rest:
        return "unexpected end of JSON input"
    if error.doc.startswith("\ufeff"):
        return "the text starts with a byte order mark; save it without"
    if rest.startswith(("//", "/*", "#")):
        return "JSON has no comments"
    if following in ("]", "}") and "," in (rest[0], before[-1:]):
        return f"a comma before {following}"
    if error.msg == "Extra data":
        return "more text after the end of the document"
    words = error.msg.removesuffix(" starting at").removesuffix(" at").removesuffix(": ")
    return words[0].lower() + words[1:]


def _without_halves(text: str) -> str:
    """Return a text with U+FFFD for halves of surrogate pairs, which have no UTF-8."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
