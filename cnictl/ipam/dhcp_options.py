"""DHCP options in a configuration: which ones are sent to the server, and which are asked of it.

RFC 2132 numbers them.  Both the plugin, which refuses what makes no sense, and the daemon read them here.
"""

from __future__ import annotations

from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import Config, boolean, string
from cnictl.spec.quote import go_quote

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PAD, END = 0, 255
SUBNET_MASK, ROUTERS, HOST_NAME, STATIC_ROUTES = 1, 3, 12, 33
REQUESTED_ADDRESS, LEASE_TIME, MESSAGE_TYPE, SERVER, PARAMETERS = 50, 51, 53, 54, 55
ERROR_TEXT, LONGEST_MESSAGE, RENEWAL_TIME, REBINDING_TIME = 56, 57, 58, 59
VENDOR_CLASS, CLIENT_ID, USER_CLASS, CLASSLESS_ROUTES = 60, 61, 77, 121

NAMES = {
    "dhcp-client-identifier": CLIENT_ID,
    "subnet-mask": SUBNET_MASK,
    "routers": ROUTERS,
    "host-name": HOST_NAME,
    "user-class": USER_CLASS,
    "vendor-class-identifier": VENDOR_CLASS,
}
"""The options that may be written by name; the others are written by number."""

NEEDED = (ROUTERS, SUBNET_MASK)
"""What is asked for unless the configuration says `skipDefault`."""
USUAL = bytes((SUBNET_MASK, ROUTERS, 15, 6))
"""What is asked for when the configuration leaves nothing: the above, domain name and DNS servers."""
LONGEST = 255
"""Bytes of an option's value."""

_NAMED = ", ".join(f"`{name}`" for name in NAMES)


class ProvideConfig(Config):
    """An option to send."""

    option = string("option", required=True, text=f"its number, or a name: {_NAMED}")
    value = string("value", text="the value to send")
    from_arg = string("fromArg", text="a key of CNI_ARGS whose value is sent in its place when it is there")

    def options(self, arguments: Mapping[str, str]) -> dict[int, bytes]:
        """Return the option with its value, nothing when it has none; raises CniError."""
        number = option_number(self.option)
        if number in (PAD, END):
            raise _invalid(f"option {number} has no value to send", "it only marks a place between options")
        found = {}
        if self.value:
            found[number] = self._encoded(self.value, f"value too long for option {go_quote(self.option)}")
        if self.from_arg and self.from_arg in arguments:
            argument = f"{go_quote(self.option)} from CNI_ARGS {go_quote(self.from_arg)}"
            found[number] = self._encoded(arguments[self.from_arg], f"value too long for option {argument}")
        return found

    def _encoded(self, value: str, context: str) -> bytes:
        encoded = value.encode(errors="surrogateescape")
        if len(encoded) > LONGEST:
            text = f"{context}: {go_quote(self.value)}"
            raise _invalid(text, f"{len(encoded)} bytes, of which an option holds {LONGEST}")
        return encoded


class RequestConfig(Config):
    """An option to ask for."""

    option = string("option", text=f"its number, or a name: {_NAMED}")
    skip_default = boolean("skipDefault", text="do not ask for `routers` and `subnet-mask` of itself")


def option_number(text: str) -> int:
    """Return the number of an option; raises CniError in the words of the Go plugin."""
    if text in NAMES:
        return NAMES[text]
    if not (text.isascii() and text.isdigit()):
        reason = "invalid syntax"
    elif int(text) > LONGEST:
        reason = "value out of range"
    else:
        return int(text)
    raise _invalid(
        f"Can not parse option {go_quote(text)}: Can not parse option:"
        f" strconv.ParseUint: parsing {go_quote(text)}: {reason}",
        f"write its number, from 0 to {LONGEST}, or one of {', '.join(NAMES)}",
    )


def provided(configured: Iterable[ProvideConfig], arguments: Mapping[str, str]) -> dict[int, bytes]:
    """Return the options to send, by number; of those for the same option the last counts."""
    return {number: value for one in configured for number, value in one.options(arguments).items()}


def requested(configured: Iterable[RequestConfig]) -> bytes:
    """Return the numbers of the options to ask for, in order, as option 55 lists them."""
    numbers: dict[int, None] = {}
    skip = False
    for one in configured:
        skip = skip or one.skip_default
        if one.option:
            numbers[option_number(one.option)] = None
    if not skip:
        numbers |= dict.fromkeys(NEEDED)
    return bytes(numbers) or USUAL


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)
