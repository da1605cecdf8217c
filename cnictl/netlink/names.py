"""What iproute2 calls the numbers of rtnetlink."""

from __future__ import annotations

# linux/rtnetlink.h
SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}

OPERSTATES = ("unknown", "not-present", "down", "lower-layer-down", "testing", "dormant", "up")
"""By IF_OPER_* of linux/if.h, in the spelling the Go plugins print."""


def scope_name(scope: int) -> str:
    return SCOPES.get(scope) or str(scope)


def operstate_name(state: int) -> str:
    return OPERSTATES[state] if state < len(OPERSTATES) else str(state)
