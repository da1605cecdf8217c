"""CNI105: a file that could not be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI105", "unread-file")
def unread_file(conf: Configuration) -> Iterator[Remark]:
    """A runtime can read every file of the directory, and none is larger than 4 MiB.

    ## Why it matters
    One file that cannot be read, such as a link to nowhere, ends the search for a network in some
    runtimes.  What is very large is no configuration, and nothing is said of what is in it.

    ## What to do
    Take the file out of the directory, or mend its link or its mode.
    """
    if conf.unread:
        yield Remark((), conf.unread, "take it out of the directory, if it is no configuration")
