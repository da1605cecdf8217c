"""Gob, the format of Go's encoding/gob: as much of it as the plugin dhcp and its daemon exchange.

A stream is a row of messages, each behind its length.  A type is defined by the first message about
it, so that both sides match what they know by the names of fields; a field that is zero or empty is
left out.  Structs are dicts here, and slices are lists.
"""

from __future__ import annotations

from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeAlias

    Plain: TypeAlias = bool | int | bytes | str | list["Plain"] | dict[str, "Plain"]
    Type: TypeAlias = "int | Struct | Slice"

BOOL, INT, UINT, BYTES, STRING = 1, 2, 3, 5, 6
"""Types that need no definition, by their numbers on the wire."""

LONGEST = 1 << 20
"""Bytes of a message that anybody should read; a network configuration is the greater part of one."""

DEEPEST = 32
"""Structs and slices within one another that are read; what is exchanged has four levels."""


class GobError(ValueError):
    """Bytes that are no gob, or hold what nobody here exchanges."""


class Struct(Value):
    """A struct: its number on the wire, its name, and its fields in order, each with its type.

    The name is "" where Go knows the struct by a pointer only.
    """

    __slots__ = ("number", "name", "members")

    def __init__(self, number: int, name: str, members: Mapping[str, Type]) -> None:
        self.number = number
        self.name = name
        self.members = dict(members)


class Slice(Value):
    """A slice: its number on the wire, its name as Go writes it, and the type of its elements."""

    __slots__ = ("number", "name", "element")

    def __init__(self, number: int, name: str, element: Type) -> None:
        self.number = number
        self.name = name
        self.element = element


# A definition is a value of a type that both sides know.
_COMMON = Struct(18, "CommonType", {"Name": STRING, "Id": INT})
_ARRAY = Struct(17, "arrayType", {"CommonType": _COMMON, "Elem": INT, "Len": INT})
_SLICE = Struct(19, "sliceType", {"CommonType": _COMMON, "Elem": INT})
_FIELD = Struct(21, "fieldType", {"Name": STRING, "Id": INT})
_STRUCT = Struct(20, "structType", {"CommonType": _COMMON, "Field": Slice(22, "[]*gob.fieldType", _FIELD)})
_MAP = Struct(23, "mapType", {"CommonType": _COMMON, "Key": INT, "Elem": INT})
_DEFINITION = Struct(16, "wireType", {"ArrayT": _ARRAY, "SliceT": _SLICE, "StructT": _STRUCT, "MapT": _MAP})


class Encoder:
    """The sending side of one stream."""

    def __init__(self) -> None:
        self._defined: set[int] = set()

    def encode(self, kind: Struct, value: Mapping[str, Plain]) -> bytes:
        """Return the messages that carry a struct: definitions that were not sent before, and its value."""
        return self._definitions(kind) + _message(kind.number, kind, value)

    def _definitions(self, kind: Type) -> bytes:
        if isinstance(kind, int) or kind.number in self._defined:
            return b""
        self._defined.add(kind.number)
        common: Plain = {"Name": kind.name, "Id": kind.number}
        definition: dict[str, Plain]
        if isinstance(kind, Struct):
            inner = list(kind.members.values())
            fields: Plain = [{"Name": name, "Id": _number(one)} for name, one in kind.members.items()]
            definition = {"StructT": {"CommonType": common, "Field": fields}}
        else:
            inner = [kind.element]
            definition = {"SliceT": {"CommonType": common, "Elem": _number(kind.element)}}
        message = _message(-kind.number, _DEFINITION, definition)
        return message + b"".join(map(self._definitions, inner))


class Decoder:
    """The receiving side of one stream, which takes the messages without their lengths."""

    def __init__(self) -> None:
        self._defined: dict[int, Type] = {}

    def decode(self, message: bytes) -> dict[str, Plain] | None:
        """Return the struct in a message, None for one that defines a type.  Raises GobError."""
        cursor = _Cursor(message)
        number = cursor.signed()
        if number < 0:
            defined = _defined(self._value(cursor, _DEFINITION))
            if defined is not None:
                self._defined[-number] = defined
            return None
        value = self._value(cursor, number)
        if not isinstance(value, dict):
            raise GobError("a message without a struct in it")
        return value

    def _value(self, cursor: _Cursor, kind: Type, depth: int = 0) -> Plain:
        if isinstance(kind, int):
            if kind in _READERS:
                return _READERS[kind](cursor)
            if kind not in self._defined:
                raise GobError(f"a value of type {kind}, which is not defined, or which nobody exchanges")
            kind = self._defined[kind]
        if depth > DEEPEST:
            raise GobError(f"values deeper than {DEEPEST} levels")
        if isinstance(kind, Slice):
            return [self._value(cursor, kind.element, depth + 1) for _ in range(cursor.count())]
        assert isinstance(kind, Struct)
        members = list(kind.members.items())
        value: dict[str, Plain] = {}
        place = -1
        while step := cursor.unsigned():
            place += step
            if place >= len(members):
                raise GobError(f"field {place + 1} of a struct that has {len(members)}")
            name, inner = members[place]
            value[name] = self._value(cursor, inner, depth + 1)
        return value


class _Cursor:
    """A place in a message from which numbers and bytes are read; raises GobError at its end."""

    def __init__(self, message: bytes) -> None:
        self._message = message
        self._place = 0

    def take(self, size: int) -> bytes:
        taken = self._message[self._place : self._place + size]
        if len(taken) < size:
            raise GobError("a message that ends too early")
        self._place += size
        return taken

    def unsigned(self) -> int:
        first = self.take(1)
        return int.from_bytes(self.take(following(first)) or first, "big")

    def signed(self) -> int:
        number = self.unsigned()
        return ~(number >> 1) if number & 1 else number >> 1

    def count(self) -> int:
        """Read how many elements follow, each of which takes a byte at least."""
        count = self.unsigned()
        if count > len(self._message) - self._place:
            raise GobError("a message that ends too early")
        return count

    def octets(self) -> bytes:
        return self.take(self.count())


_READERS: dict[int, Callable[[_Cursor], Plain]] = {
    BOOL: lambda cursor: cursor.unsigned() != 0,
    INT: _Cursor.signed,
    UINT: _Cursor.unsigned,
    BYTES: _Cursor.octets,
    STRING: lambda cursor: cursor.octets().decode(errors="replace"),
}


def following(first: bytes) -> int:
    """Return how many bytes of an unsigned number follow its first one, 0 when that is all of it."""
    size = 0x100 - first[0] if first[0] >= 0x80 else 0
    if size > 8:
        raise GobError(f"a number of {size} bytes")
    return size


def unsigned(value: int) -> bytes:
    """Return an unsigned number, such as the length before a message."""
    if value < 0x80:
        return bytes((value,))
    digits = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return bytes((0x100 - len(digits),)) + digits


def _signed(value: int) -> bytes:
    return unsigned(~value << 1 | 1 if value < 0 else value << 1)


def _number(kind: Type) -> int:
    return kind if isinstance(kind, int) else kind.number


def _message(number: int, kind: Struct, value: Mapping[str, Plain]) -> bytes:
    body = _signed(number) + _encoded(kind, dict(value))
    return unsigned(len(body)) + body


def _encoded(kind: Type, value: Plain) -> bytes:
    if isinstance(kind, Struct):
        assert isinstance(value, dict)
        pieces = []
        last = -1
        for place, (name, inner) in enumerate(kind.members.items()):
            if value.get(name) or (isinstance(inner, Struct) and name in value):  # Go writes empty structs
                pieces += [unsigned(place - last), _encoded(inner, value[name])]
                last = place
        return b"".join([*pieces, b"\0"])
    if isinstance(kind, Slice):
        assert isinstance(value, list)
        return unsigned(len(value)) + b"".join(_encoded(kind.element, one) for one in value)
    if isinstance(value, (bytes, str)):
        octets = value if isinstance(value, bytes) else value.encode(errors="surrogateescape")
        return unsigned(len(octets)) + octets
    assert isinstance(value, int)
    return _signed(value) if kind == INT else unsigned(value)


def _defined(definition: Plain) -> Type | None:
    """Return the type that a definition describes, None for one of which no value can be read here."""
    assert isinstance(definition, dict)
    for form, about in definition.items():
        assert isinstance(about, dict)
        if form in ("SliceT", "ArrayT"):
            return Slice(0, "", _integer(about.get("Elem")))
        if form == "StructT":
            fields = about.get("Field", [])
            assert isinstance(fields, list)
            members = {}
            for one in fields:
                assert isinstance(one, dict)
                members[str(one.get("Name", ""))] = _integer(one.get("Id"))
            return Struct(0, "", members)
    return None


def _integer(value: Plain | None) -> int:
    return value if isinstance(value, int) else 0
