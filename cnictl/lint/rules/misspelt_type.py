"""CNI403: a plugin's name that looks like that of a reference plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec.catalog import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import Configuration

SEPARATORS = str.maketrans("", "", "-_. ")


@rule("CNI403", "misspelt-type", WARNING)
def misspelt_type(conf: Configuration) -> Iterator[Remark]:
    """`type` is the name of a program, to the letter.

    ## Why it matters
    There is no program of that name: ADD fails with "failed to find plugin".

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "brigde"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}]}
    """
    for plugin in conf.all_plugins:
        for name, where in ((plugin.type, plugin.at("type")), (plugin.ipam_type, plugin.at("ipam", "type"))):
            yield from _remarks(name, where)


def _remarks(name: str, where: Pointer) -> Iterator[Remark]:
    if name and name not in REFERENCE:
        for known in REFERENCE:
            if _is_slip(name, known):
                yield Remark(where, f"{name!r} is not quite the name of a plugin", f"did you mean {known}?")


def _is_slip(name: str, known: str) -> bool:
    """Whether two names differ by case and separators only, or by one slip of the finger."""
    plain, other = (one.casefold().translate(SEPARATORS) for one in (name, known))
    if plain == other:
        return True
    if min(len(plain), len(other)) < 5:
        return False  # short names are close to one another by chance
    same = 0
    while same < min(len(plain), len(other)) and plain[same] == other[same]:
        same += 1
    rest, wanted = plain[same:], other[same:]
    swapped = len(rest) > 1 and rest[1::-1] + rest[2:] == wanted
    return swapped or rest[1:] == wanted[1:] or rest[1:] == wanted or rest == wanted[1:]
