"""CNI101: the text is not JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.broken import trouble
from cnictl.lint.locate import NotJSON
from cnictl.lint.model import Remark, rule
from cnictl.spec.document import DecodeError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI101", "not-json")
def not_json(conf: Configuration) -> Iterator[Remark]:
    """The text must be JSON, without comments and without placeholders.

    ## Why it matters
    A runtime that cannot decode a file has no network from it, and libcni stops looking at the
    files behind it as well: one comment can keep every pod of a node from starting.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "bridge", "mtu": 1450},  // for the overlay
        ]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "bridge", "mtu": 1450}
        ]}
    """
    if isinstance(conf.broken, NotJSON):
        found = trouble(conf.text, conf.broken)
        yield Remark((), found.message, found.hint, offset=found.offset, length=found.length, fix=found.fix)
    elif isinstance(conf.broken, DecodeError):
        yield Remark((), conf.broken.msg, conf.broken.hint, offset=0)
