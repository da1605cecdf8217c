"""What the end of a message says that nobody knows: errors of the kernel, as Go prints them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tail:
    """An error of the kernel: its words, its name, what it mostly means here, and the classes to think of."""

    words: str
    name: str
    meaning: str
    codes: tuple[str, ...] = ()


TAILS = (
    Tail(
        "file exists",
        "EEXIST",
        "a name, a route, an address or a queueing discipline is there already",
        ("if-exists", "route-exists", "bw-exists", "br-addr-race"),
    ),
    Tail(
        "device or resource busy",
        "EBUSY",
        "the parent is a port of a bridge or bond, or has an interface on top that excludes this one",
        ("master-busy",),
    ),
    Tail(
        "operation not supported",
        "EOPNOTSUPP",
        "this kernel has no such kind of interface or queue: a module is missing",
        ("kind-unsupported", "bw-module"),
    ),
    Tail(
        "permission denied",
        "EACCES",
        "IPv6 is disabled on the interface, or a file's mode or a security module refuses",
        ("v6-disabled", "bin-not-executable", "bin-selinux", "apparmor"),
    ),
    Tail("operation not permitted", "EPERM", "a capability is missing, in a user namespace or a container"),
    Tail("exchange full", "EXFULL", "the bridge has no port left of its 1023", ("br-full",)),
    Tail(
        "cannot assign requested address",
        "EADDRNOTAVAIL",
        "the MAC address is not valid for the parent, or an address is not the node's",
        ("macvlan-mac", "v6-dad"),
    ),
    Tail(
        "address already in use",
        "EADDRINUSE",
        "an interface of the same parent has that MAC address, or a program that port",
        ("macvlan-mac", "hostport-conflict"),
    ),
    Tail(
        "network is unreachable",
        "ENETUNREACH",
        "the next hop is on no network of the interface",
        ("route-unreachable", "svc-vip"),
    ),
    Tail(
        "no such device",
        "ENODEV",
        "the interface vanished, or never was",
        ("master-missing", "nm-interference"),
    ),
    Tail(
        "numerical result out of range", "ERANGE", "a name has more than 15 bytes, or a number is too large"
    ),
    Tail(
        "resource temporarily unavailable",
        "EAGAIN",
        "no process or thread can be started, or a lock is taken",
        ("pids", "xt-lock", "netns-limit"),
    ),
    Tail("cannot allocate memory", "ENOMEM", "the kernel has no memory for it", ("netns-limit",)),
    Tail(
        "connection refused",
        "ECONNREFUSED",
        "nobody listens there: a service is down, or a socket was left behind",
        ("dhcp-socket", "svc-vip", "cilium-agent-down", "multus-shim-socket"),
    ),
    Tail(
        "i/o timeout",
        "ETIMEDOUT",
        "nothing answers: a packet filter, a route, or the other side is down",
        ("svc-vip", "ct-full"),
    ),
    Tail(
        "no such file or directory",
        "ENOENT",
        "the file that is named is not there, or what it needs to start is not",
        ("bin-interpreter", "netns-gone"),
    ),
    Tail(
        "invalid argument",
        "EINVAL",
        "an MTU above the parent's, or below 1280 with IPv6; an earlier Result that is out of date",
        ("mtu-invalid", "br-mac"),
    ),
)
"""Those that plugins print, and the runtimes behind them."""


def tail(text: str) -> Tail | None:
    """Return the error that stands last in a text, None without one."""
    small = text.lower()
    found = [(small.rfind(one.words), one) for one in TAILS if one.words in small]
    return max(found, key=lambda each: each[0])[1] if found else None
