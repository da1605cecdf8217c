"""CNI205: the file's name promises another form than it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.configuration import SINGLES
from cnictl.lint.model import Remark, rule
from cnictl.spec.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI205", "wrong-extension")
def wrong_extension(conf: Configuration) -> Iterator[Remark]:
    """A list of plugins is in a file that ends in `.conflist`.

    ## Why it matters
    Runtimes read `.conf` and `.json` as a single plugin.  In a list they find no `type`, and skip
    the file or fail.

    ## What to do
    Let its name end in `.conflist`.
    """
    if conf.members is None or conf.extension not in SINGLES or "plugins" not in conf.members:
        return
    if Document(conf.members).get("type"):
        return  # a single plugin that has a key of this name
    yield Remark(
        ("plugins",),
        f"a list of plugins in a {conf.extension} file, which runtimes read as a single plugin",
        "rename it to .conflist",
        at_key=True,
    )
