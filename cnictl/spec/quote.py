"""Quoting as Go's %q does it, for messages that must read like those of the Go plugins and of libcni."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

_ESCAPES = {
    '"': '\\"',
    "\\": "\\\\",
    "\a": "\\a",
    "\b": "\\b",
    "\f": "\\f",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\v": "\\v",
}


def go_quote(text: str) -> str:
    r"""The text in double quotes, with what does not print escaped.

    Bytes that are no UTF-8, decoded with "surrogateescape", come out as \xff.
    """
    return f'"{"".join(map(_escaped, text))}"' if not _plain(text) else f'"{text}"'


def go_quote_list(texts: Iterable[str]) -> str:
    """A list of quoted texts as Go prints one: ["a" "b"]."""
    return f"[{' '.join(map(go_quote, texts))}]"


def _plain(text: str) -> bool:
    return text.isprintable() and '"' not in text and "\\" not in text


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\x{code - 0xDC00:02x}"
    if 0xD800 <= code <= 0xDFFF:
        return "\ufffd"  # half of a pair: Go has no such thing in a string
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
