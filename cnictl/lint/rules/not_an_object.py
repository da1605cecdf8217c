"""CNI102: the document is no object."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule
from cnictl.spec.document import decode, describe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI102", "not-an-object")
def not_an_object(conf: Configuration) -> Iterator[Remark]:
    """A network configuration is one JSON object.

    ## Why it matters
    No runtime takes the file for a configuration.

    ## Instead of
        [{"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}]}]

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}]}
    """
    if conf.root is None or conf.members is not None:
        return
    yield Remark(
        (),
        f"expected an object, found {describe(decode(conf.text))}",
        "a network configuration is an object with a name and plugins",
    )
