"""The one hierarchy of errors, and the error object of the CNI spec."""

from __future__ import annotations

# CNI spec 1.1.0, section "Error"; 8 and 999 are not in the text but are what the Go skeleton answers.
INCOMPATIBLE_VERSION = 1
UNSUPPORTED_FIELD = 2
UNKNOWN_CONTAINER = 3
INVALID_ENVIRONMENT = 4
IO_FAILURE = 5
DECODING_FAILURE = 6
INVALID_NETWORK_CONFIG = 7
INVALID_NETNS = 8
TRY_AGAIN_LATER = 11
PLUGIN_NOT_AVAILABLE = 50
LIMITED_CONNECTIVITY = 51
INTERNAL = 999


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

    def to_json(self) -> str:
        """Return the object as the Go skeleton prints it: indented by four, no newline at the end."""
        from cnictl.spec.document import encode

        members: dict[str, object] = {"code": self.code, "msg": self.msg}
        if self.details:
            members["details"] = self.details
        return encode(members, indent=4)
