"""CNI408: masquerading that is asked for twice, or where it does nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.described import readers, top
from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec.catalog import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration, PluginObject

MASQUERADES = "bridge and ptp"
FLANNEL = "flannel"


@rule("CNI408", "masquerading", WARNING)
def masquerading(conf: Configuration) -> Iterator[Remark]:
    """`ipMasq` is for a plugin that masquerades, and for one of a list.

    ## Why it matters
    bridge and ptp masquerade; the others ignore the key, and what their containers send leaves the node
    with addresses to which no answer comes.  Asked for twice it costs rules that never match, and
    flanneld's is asked for twice when its `delegate` has the key as well.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "macvlan", "ipMasq": true}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "macvlan"}]}
    """
    by = ""
    for plugin in conf.plugins:
        if plugin.type == FLANNEL:
            yield from _of_delegate(plugin)
        elif plugin.type in REFERENCE and plugin.document.get("ipMasq") is True:
            programs = readers(plugin)
            if programs and "ipMasq" not in top(plugin, programs).keys:
                yield Remark(
                    plugin.at("ipMasq"),
                    f"{plugin.type} does not masquerade",
                    f"{MASQUERADES} do",
                    at_key=True,
                )
            elif by:
                yield Remark(
                    plugin.at("ipMasq"), f"{by} before it masquerades already", "take it out", at_key=True
                )
            else:
                by = plugin.type


def _of_delegate(plugin: PluginObject) -> Iterator[Remark]:
    section = plugin.document.get("delegate")
    if isinstance(section, dict) and section.get("ipMasq") is True:
        yield Remark(
            plugin.at("delegate", "ipMasq"),
            "masquerades even where flanneld does so",
            "take it out: flannel sets it when flanneld does not masquerade",
            at_key=True,
        )
