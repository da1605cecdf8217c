"""CNI104: a value is still a placeholder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.broken import PLACEHOLDER
from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import Configuration
    from cnictl.spec.document import Json


@rule("CNI104", "placeholder", WARNING)
def placeholder(conf: Configuration) -> Iterator[Remark]:
    """A file that a runtime reads has no placeholders left.

    ## Why it matters
    Installers make a configuration from a template.  A placeholder in the result says that the
    template itself was copied, or that a variable was not set.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "calico", "mtu": "__CNI_MTU__"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "calico", "mtu": 1450}]}
    """
    if conf.template:
        return  # whoever installs it replaces them
    for where, text in _texts(conf.members or {}, ()):
        match = PLACEHOLDER.search(text)
        if match is not None:
            yield Remark(
                where,
                f"the placeholder {match[0]} was not replaced",
                "put its value there, if no installer does",
            )


def _texts(value: Json, where: Pointer) -> Iterator[tuple[Pointer, str]]:
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for name, one in value.items():
            yield from _texts(one, (*where, name))
    elif isinstance(value, list):
        for i, one in enumerate(value):
            yield from _texts(one, (*where, i))
