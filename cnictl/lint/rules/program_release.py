"""CNI603: an installed plugin is older than a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.described import readers, top, walk
from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

OURS = "cnictl"
"""What `since` says of keys that no release of the Go plugins has."""


@rule("CNI603", "program-release", WARNING)
def program_release(conf: Configuration) -> Iterator[Remark]:
    """The installed plugins know the keys that are used.

    ## Why it matters
    A plugin ignores a key that came with a later release, without a word.  The rule asks the
    programs for their release, with `--cni-path` only; those of others do not tell it.

    ## What to do
    Install the plugins of that release or a later one, or take the key out.
    """
    if conf.programs is None or not conf.programs.ask:
        return
    for plugin in conf.plugins:
        for program in readers(plugin):
            release = conf.programs.release(program.name)
            if not release:
                continue
            for level in walk(top(plugin, [program])):
                for key, name, _ in level.below:
                    if key.since and key.since != OURS and _number(key.since) > _number(release):
                        yield Remark(
                            (*plugin.where, *level.where, name),
                            f"{name} came with {key.since}, and the installed {program.name} is {release}",
                            "it is ignored there; install newer plugins",
                            at_key=True,
                        )


def _number(release: str) -> tuple[int, ...]:
    return tuple(map(int, release.split(".")))
