"""CNI103: a key stands twice in one object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.locate import position
from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI103", "duplicate-key", WARNING)
def duplicate_key(conf: Configuration) -> Iterator[Remark]:
    """A key stands once in an object.

    ## Why it matters
    Of two values of one key the last counts for most decoders, and the first for whoever reads the
    file from the top.

    ## Instead of
        {"cniVersion": "0.2.0", "cniVersion": "0.3.1", "name": "web", "plugins": [{"type": "bridge"}]}

    ## Write
        {"cniVersion": "0.3.1", "name": "web", "plugins": [{"type": "bridge"}]}
    """
    if conf.root is None:
        return
    for where, node in conf.root.objects():
        first: dict[str, int] = {}
        for member in node.members:
            if member.name in first:
                line, _ = position(conf.text, first[member.name])
                yield Remark(
                    (*where, member.name),
                    f"{member.name!r} stands here and in line {line}",
                    "the last one counts; take the other out",
                    offset=member.key.start,
                    length=member.key.end - member.key.start,
                )
            first.setdefault(member.name, member.key.start)
