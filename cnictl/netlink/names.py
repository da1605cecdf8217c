"""What iproute2 calls the numbers of rtnetlink."""

from __future__ import annotations

# linux/rtnetlink.h
SCOPES = {0: "global", 200: "site", 253: "link", 254: "host", 255: "nowhere"}

OPERSTATES = ("unknown", "not-present", "down", "lower-layer-down", "testing", "dormant", "up")
"""By IF_OPER_* of linux/if.h, in the spelling the Go plugins print."""

# linux/fib_rules.h
_ACTIONS = {0: "unspec", 1: "lookup", 2: "goto", 3: "nop", 6: "blackhole", 7: "unreachable", 8: "prohibit"}

# linux/pkt_sched.h, linux/pkt_cls.h, linux/tc_act/tc_mirred.h and linux/if_ether.h
_PARENTS = {0: "none", 0xFFFFFFFF: "root", 0xFFFFFFF1: "ingress", 0xFFFFFFF2: "ingress", 0xFFFFFFF3: "egress"}
_MIRRED = {1: "egress redirect", 2: "egress mirror", 3: "ingress redirect", 4: "ingress mirror"}
_VERDICTS = {0: "pass", 1: "reclassify", 2: "drop", 3: "pipe", 4: "stolen"}
_PROTOCOLS = {0x3: "all", 0x800: "ip", 0x806: "arp", 0x86DD: "ipv6", 0x8100: "802.1q"}

KERNEL_HANDLES = range(0x8000, 0xFFFF)
"""Major numbers of the handles that the kernel gives out (qdisc_alloc_handle, net/sched/sch_api.c)."""


def scope_name(scope: int) -> str:
    return SCOPES.get(scope) or str(scope)


def scope_number(name: str) -> int:
    """The number of a scope that `scope_name` named."""
    for number, its in SCOPES.items():
        if its == name:
            return number
    return int(name)


def operstate_name(state: int) -> str:
    return OPERSTATES[state] if state < len(OPERSTATES) else str(state)


def action_name(action: int) -> str:
    """What a policy rule does."""
    return _ACTIONS.get(action) or str(action)


def handle_name(handle: int) -> str:
    """A queueing discipline or class, or where one hangs."""
    if handle in _PARENTS:
        return _PARENTS[handle]
    major, minor = handle >> 16, handle & 0xFFFF
    return f"{major:x}:{minor:x}" if minor else f"{major:x}:"


def u32_handle_name(handle: int) -> str:
    """A u32 filter: hash table, bucket, node."""
    table, bucket, node = handle >> 20, handle >> 12 & 0xFF, handle & 0xFFF
    return f"{table:x}:{f'{bucket:x}' if bucket else ''}:{node:x}"


def protocol_name(protocol: int) -> str:
    """What packets a filter looks at."""
    return _PROTOCOLS.get(protocol) or f"{protocol:#06x}"


def mirred_words(action: int, device: str, verdict: int) -> str:
    """What a mirred action does, to which device, and what happens then; `*` is a device that is gone."""
    words = (_MIRRED.get(action) or str(action), "dev", device or "*", _VERDICTS.get(verdict) or str(verdict))
    return f"mirred {' '.join(words)}"
