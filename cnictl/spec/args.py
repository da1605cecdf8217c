"""CNI_ARGS as the plugins read it."""

from __future__ import annotations

from cnictl.spec.errors import INVALID_ENVIRONMENT, CniError
from cnictl.spec.quote import go_quote, go_quote_list

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

_BOOLEANS = {"1": True, "true": True, "0": False, "false": False}


def parse_args(text: str, known: Collection[str]) -> dict[str, str]:
    """Return the known keys of `K=V;K2=V2`, whose case counts.

    Raises CniError 4 for a piece that is not exactly one pair, and for unknown keys unless
    IgnoreUnknown is true.
    """
    found: dict[str, str] = {}
    unknown: list[str] = []
    ignore = False
    for piece in text.split(";") if text else ():
        key, equals, value = piece.partition("=")
        if not equals or "=" in value:
            raise CniError(
                INVALID_ENVIRONMENT, f"ARGS: invalid pair {go_quote(piece)}", f"in CNI_ARGS={text}"
            )
        if key == "IgnoreUnknown":
            if value.lower() not in _BOOLEANS:
                reason = f"boolean unmarshal error: invalid input {value}"
                raise CniError(
                    INVALID_ENVIRONMENT, f"ARGS: error parsing value of pair {go_quote(piece)}: {reason}"
                )
            ignore = _BOOLEANS[value.lower()]
        elif key in known:
            found[key] = value
        else:
            unknown.append(piece)
    if unknown and not ignore:
        raise CniError(
            INVALID_ENVIRONMENT,
            f"ARGS: unknown args {go_quote_list(unknown)}",
            "IgnoreUnknown=1 lets them pass",
        )
    return found


def parse_leniently(text: str) -> dict[str, str]:
    """Return all pairs of `K=V;K2=V2`, as the DHCP daemon reads them: what is no pair is passed over."""
    pairs = (piece.partition("=") for piece in text.split(";"))
    return {key: value for key, equals, value in pairs if equals}
