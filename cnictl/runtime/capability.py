"""Capability arguments as people type them: a JSON object, and short forms for the usual ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnictl.spec.address import Address, Prefix
from cnictl.spec.document import decode, describe
from cnictl.spec.errors import CnictlError
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from cnictl.spec.document import Json

PROTOCOLS = ("tcp", "udp", "sctp")
_PORT_FORM = "write [ADDRESS:][HOSTPORT:]PORT[/PROTOCOL], such as 8080:80/tcp or 127.0.0.1:8080:80"


class InvalidCapability(CnictlError):
    """A capability argument that means nothing."""


def parse_object(text: str, source: str) -> dict[str, Json]:
    """The capability arguments in a JSON object; none in an empty text, as cnitool reads CAP_ARGS."""
    if not text:
        return {}
    try:
        value = decode(text)
    except CnictlError as error:
        raise InvalidCapability(f"{source}: {error}", hint=_object_hint(source)) from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise InvalidCapability(
            f"{source}: expected an object, found {describe(value)}", hint=_object_hint(source)
        )
    return value


def short_forms(ports: Sequence[str] = (), mac: str = "", ips: Sequence[str] = ()) -> dict[str, Json]:
    """The capability arguments `portMappings`, `mac` and `ips`, as far as something is given."""
    found: dict[str, Json] = {}
    if ports:
        found["portMappings"] = [parse_port(one) for one in ports]
    if mac:
        found["mac"] = mac
    if ips:
        found["ips"] = [_checked_ip(one) for one in ips]
    return found


def parse_port(text: str) -> dict[str, Json]:
    """One port mapping from its short form, tcp where it does not say; raises InvalidCapability."""
    ports, slash, protocol = text.partition("/")
    protocol = protocol.lower() if slash else "tcp"
    if protocol not in PROTOCOLS:
        raise InvalidCapability(
            f"port {go_quote(text)}: unknown protocol {go_quote(protocol)}",
            hint=f"it is one of {', '.join(PROTOCOLS)}",
        )
    rest, colon, container = ports.rpartition(":")
    address, _, host = rest.rpartition(":") if colon else ("", "", container)
    mapping: dict[str, Json] = {
        "hostPort": _port(text, host),
        "containerPort": _port(text, container),
        "protocol": protocol,
    }
    if address:
        try:
            mapping["hostIP"] = str(Address.parse(address.removeprefix("[").removesuffix("]")))
        except ValueError as error:
            raise InvalidCapability(f"port {go_quote(text)}: {error}", hint=_PORT_FORM) from error
    return mapping


def _port(text: str, number: str) -> int:
    if number.isascii() and number.isdigit() and len(number) <= 5 and 0 < int(number) < 1 << 16:
        return int(number)
    raise InvalidCapability(
        f"port {go_quote(text)}: {go_quote(number)} is no number from 1 to 65535", hint=_PORT_FORM
    )


def _checked_ip(text: str) -> str:
    try:
        (Prefix if "/" in text else Address).parse(text)
    except ValueError as error:
        raise InvalidCapability(str(error), hint="write 10.1.2.3 or 10.1.2.3/16") from error
    return text


def _object_hint(source: str) -> str:
    return f"""{source} takes one JSON object, such as {{"mac": "02:00:00:00:00:01"}}"""
