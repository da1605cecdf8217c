"""CNI312: a value that a plugin takes for none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.described import readers, top, walk
from cnictl.lint.model import WARNING, Remark, rule
from cnictl.lint.rules.refused import refusal
from cnictl.lint.similar import similar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

ANY_CASE = ("logLevel",)
"""Keys of which the plugins do not mind the case."""


@rule("CNI312", "unknown-choice", WARNING)
def unknown_choice(conf: Configuration) -> Iterator[Remark]:
    """A key that knows some values has one of them.

    ## Why it matters
    Some plugins take any other value for none, without a word: with a misspelt `backend` firewall
    uses whatever it finds on the node.  What a plugin refuses is CNI302.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "bridge"}, {"type": "firewall", "backend": "firewald"}
        ]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "bridge"}, {"type": "firewall", "backend": "firewalld"}
        ]}
    """
    for plugin in conf.all_plugins:
        programs = readers(plugin)
        if any(refusal(conf, plugin, program) for program in programs):
            continue
        for level in walk(top(plugin, programs)):
            for key, name, _ in level.below:
                value = level.members[name]
                if not key.choices or not isinstance(value, str) or not value:
                    continue
                if (value.lower() if key.name in ANY_CASE else value) in key.choices:
                    continue
                meant = similar(value, key.choices)
                yield Remark(
                    (*plugin.where, *level.where, name),
                    f'key "{key.name}": {value} is none of {", ".join(key.choices)}',
                    f"write {meant}" if meant else "",
                )
