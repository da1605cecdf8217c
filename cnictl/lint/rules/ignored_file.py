"""CNI502: a configuration that no runtime looks at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.configuration import LISTS, SINGLES
from cnictl.lint.model import INFO, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI502", "ignored-file", INFO, listed=False)
def ignored_file(conf: Configuration) -> Iterator[Remark]:
    """A network configuration is in a file that ends in `.conflist`, `.conf` or `.json`, in lower case.

    ## Why it matters
    A runtime does not look at other files.  That is how to put one aside, and a puzzle when
    nobody meant to.

    ## What to do
    Give it the ending of its form if it should be read, and leave it alone if not.
    """
    name = os.path.basename(conf.path)
    proper = LISTS[0] if conf.form == "list" else SINGLES[0]
    yield Remark((), f"no runtime looks at {name}", f"if it should, let its name end in {proper}")
