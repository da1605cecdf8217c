"""Legacy iptables tables read through libiptc, as a program of its own.

libiptc and python-iptables keep handles and errors for the life of a process, and print what
they do not like; so they get one of their own, in the namespace to look at.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from cnictl.netfilter.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_BASIC = {"src": "-s", "dst": "-d", "in-interface": "-i", "out-interface": "-o", "protocol": "-p"}
_STRINGS = {"comment", "log-prefix", "nflog-prefix", "string"}


def main() -> None:
    """Print the tables named in the arguments (`4:nat 6:filter`) as JSON: table, chain, policy and rules."""
    import iptc  # type: ignore[import-untyped]  # noqa: TID251 - the one place for it

    found: dict[str, dict[str, Any]] = {}
    for argument in sys.argv[1:]:
        version, _, table = argument.partition(":")
        ipv6 = version == "6"
        chains: dict[str, Any] = {}
        for name, rules in iptc.easy.dump_table(table, ipv6=ipv6).items():
            built_in = iptc.easy.get_chain(table, name, ipv6=ipv6, raise_exc=True).is_builtin()
            policy = iptc.easy.get_policy(table, name, ipv6=ipv6).name if built_in else "-"
            chains[name] = [policy, [str(Rule(name, *words(rule))) for rule in rules]]
        found[argument] = chains
    json.dump(found, sys.stdout)


def words(rule: dict[str, Any]) -> list[str]:
    """The words of a rule as iptables takes them, from the form of `iptc.easy`."""
    out: list[str] = []
    target: list[str] = []
    for name, value in rule.items():
        if name in _BASIC:
            out += ["!", _BASIC[name], value[1:]] if value.startswith("!") else [_BASIC[name], value]
        elif name == "fragment":
            out.append("-f")
        elif name == "target":
            target = _target(value)
        elif name != "counters":
            for one in value if isinstance(value, list) else [value]:
                out += ["-m", name, *_options(one)]
    return out + target


def _target(value: str | dict[str, Any]) -> list[str]:
    if isinstance(value, str):
        return ["-j", value]
    ((name, options),) = value.items()
    return ["-g", options] if name == "goto" else ["-j", name, *_options(options)]


def _options(options: dict[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        arguments = list(value) if isinstance(value, (list, tuple)) else [value]
        if arguments[0] == "!":
            yield arguments.pop(0)
        yield f"--{name}"
        if name in _STRINGS:
            yield arguments[0].replace("\\'", "'")  # which libiptc's caller does not undo
        else:
            yield from (one for argument in arguments for one in argument.split())


if __name__ == "__main__":
    main()
