"""CNI209: a key that came with a later version of the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec import versions
from cnictl.spec.catalog import LIST_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

COMMANDS = {"disableCheck": "CHECK", "disableGC": "GC"}
"""What a key is about.  A libcni that knows the others of 1.1.0 does as they say at any version."""


@rule("CNI209", "newer-key", WARNING)
def newer_key(conf: Configuration) -> Iterator[Remark]:
    """A list uses what its version of the spec has.

    ## Why it matters
    Before the version that brought a key there is nothing that it could change: CHECK came with
    0.4.0 and GC with 1.1.0, so no runtime calls them for an older list.

    ## Instead of
        {"cniVersion": "0.4.0", "name": "web", "disableGC": true, "plugins": [{"type": "bridge"}]}

    ## Write
        {"cniVersion": "1.1.0", "name": "web", "disableGC": true, "plugins": [{"type": "bridge"}]}
    """
    if conf.form != "list" or conf.version not in versions.SUPPORTED:
        return
    for name, command in COMMANDS.items():
        since = LIST_KEYS[name]
        if name in (conf.members or {}) and not versions.at_least(conf.version, since):
            yield Remark(
                (name,),
                f"{name} does nothing: {command} came with version {since}, and this list is {conf.version}",
                f'write "cniVersion": "{since}", or take it out',
                at_key=True,
            )
