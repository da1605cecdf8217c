"""CNI317: words in portmap's conditions that make no rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule
from cnictl.spec.address import Prefix

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration, PluginObject

FAMILIES = (("conditionsV4", 4), ("conditionsV6", 6))
TARGETS = ("-j", "--jump", "-g", "--goto")
FREE = ("--comment", "--string", "--log-prefix")
"""Options whose value may have blanks."""


@rule("CNI317", "portmap-conditions")
def portmap_conditions(conf: Configuration) -> Iterator[Remark]:
    """The conditions of portmap are matches of iptables or of nft, for addresses of their family.

    ## Why it matters
    The words go into a rule as they are, each as an argument of its own for iptables.  When the rule is
    refused, ADD of every container with a port fails.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "portmap", "capabilities": {"portMappings": true},
             "conditionsV4": ["! -s 10.1.0.0/16"]}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "portmap", "capabilities": {"portMappings": true},
             "conditionsV4": ["!", "-s", "10.1.0.0/16"]}]}
    """
    for plugin in conf.all_plugins:
        for key, version in FAMILIES if plugin.type == "portmap" else ():
            yield from _remarks(plugin, key, version)


def _remarks(plugin: PluginObject, key: str, version: int) -> Iterator[Remark]:
    listed = plugin.document.get(key)
    words = listed if isinstance(listed, list) else []
    if not all(isinstance(word, str) for word in words):
        return  # CNI301 reports it
    iptables = bool(words) and str(words[0]).startswith(("-", "!"))
    before = ""
    for i, word in enumerate(map(str, words)):
        where = plugin.at(key, i)
        if iptables and word in TARGETS:
            yield Remark(where, f"{word!r} in conditions", "the target is portmap's own: state matches only")
        elif iptables and len(word.split()) > 1 and before not in FREE:
            separate = ", ".join(f'"{one}"' for one in word.split())
            yield Remark(where, f"{word!r} is one argument for iptables", f"write {separate}")
        elif _version(word) not in (0, version):
            other = next(name for name, family in FAMILIES if family != version)
            yield Remark(where, f"{word} is no address of IPv{version}", f"it belongs into {other}")
        before = word


def _version(text: str) -> int:
    try:
        return Prefix.parse(text if "/" in text else f"{text}/{128 if ':' in text else 32}").version
    except ValueError:
        return 0
