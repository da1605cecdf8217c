"""The one hierarchy of errors, and the error object of the CNI spec."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

# CNI spec 1.1.0, section "Error", unless it says otherwise.
INCOMPATIBLE_VERSION = 1
"""The plugin does not support the configuration's cniVersion, or that version has no such command."""
UNSUPPORTED_FIELD = 2
"""A key is not supported; the message names the key and its value."""
UNKNOWN_CONTAINER = 3
"""The container does not exist; the runtime need not clean up."""
INVALID_ENVIRONMENT = 4
"""A CNI variable is missing or wrong; the message names it."""
IO_FAILURE = 5
"""Something could not be read or written, such as stdin."""
DECODING_FAILURE = 6
"""A text is no JSON, or says something in a form that nobody can read."""
INVALID_NETWORK_CONFIG = 7
"""The configuration can be read but makes no sense."""
INVALID_NETNS = 8
"""CNI_NETNS is the node itself.  Not in the spec: the Go skeleton answers it."""
TRY_AGAIN_LATER = 11
"""Something passing is in the way; the runtime should try again."""
PLUGIN_NOT_AVAILABLE = 50
"""Answer to STATUS: ADD would fail."""
LIMITED_CONNECTIVITY = 51
"""Answer to STATUS: ADD would fail, and containers that are there may be cut off."""
INTERNAL = 999
"""The kernel or a program failed.  Not in the spec: the Go skeleton answers it for whatever has no code."""


class CnictlError(Exception):
    """Something that whoever runs the program can act on; shown without a traceback.

    `hint` says what to do next, "" when the message says it all.
    """

    def __init__(self, message: str = "", *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class CniError(CnictlError):
    """The error object that a plugin prints and a runtime reads; as text it is `msg` or `msg; details`."""

    def __init__(self, code: int, msg: str, details: str = "", *, hint: str = "") -> None:
        super().__init__(f"{msg}; {details}" if details else msg, hint=hint)
        self.code = code
        self.msg = msg
        self.details = details

    def within(self, context: str) -> Self:
        """Return the same error with the words for what it happened in before its message."""
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__, msg=context + self.msg)
        other.args = (f"{context}{self}",)
        return other

    def to_json(self) -> str:
        """Return the object as the Go skeleton prints it: indented by four, no newline at the end."""
        from cnictl.spec.document import encode

        members: dict[str, object] = {"code": self.code, "msg": self.msg}
        if self.details:
            members["details"] = self.details
        return encode(members, indent=4)


def parse_error(data: bytes | str) -> CniError:
    """Return the error object that a failing plugin printed; what it does not say is 0 or "".

    Raises DecodeError when it is no such object: no JSON, a code that is negative or no whole
    number, a message that is no string.
    """
    from cnictl.spec.document import DecodeError, Document, decode_object

    document = Document(decode_object(data))
    try:
        return CniError(document.unsigned("code"), document.string("msg"), document.string("details"))
    except CniError as error:
        raise DecodeError(error.msg) from None
