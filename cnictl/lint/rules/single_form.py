"""CNI206: the one-plugin form, at a version that no longer has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec import versions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

WITHOUT_SINGLES = "1.0.0"


@rule("CNI206", "single-form", WARNING)
def single_form(conf: Configuration) -> Iterator[Remark]:
    """From 1.0.0 on a configuration is a list, even if it is one of a single plugin.

    ## Why it matters
    libcni still loads the form, which the spec removed in 1.0.0; another runtime need not.  Such a
    file cannot say `disableCheck` or `disableGC`, and no portmap can be added.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "type": "bridge"}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}]}
    """
    if conf.form != "single" or conf.embedded or conf.version not in versions.SUPPORTED:
        return
    if versions.at_least(conf.version, WITHOUT_SINGLES):
        yield Remark(
            ("cniVersion",),
            f"{conf.version} has lists of plugins only, and this is a single one",
            'put it into "plugins": [...] of a .conflist, with name and cniVersion beside',
        )
