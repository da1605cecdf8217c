"""CNI106: an object of Kubernetes in which there is no configuration to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI106", "manifest-text")
def manifest_text(conf: Configuration) -> Iterator[Remark]:
    """In an object of Kubernetes a configuration is a text: YAML that can be read, and JSON in it.

    ## Why it matters
    The API server refuses an object whose `spec.config` is no string, and what is not indented as YAML
    wants it never gets there.

    ## What to do
    Write `config: |` and the JSON on the lines below, indented by two blanks more than `config`.
    """
    if conf.trouble is not None:
        found = conf.trouble
        yield Remark((), found.message, found.hint, offset=found.offset, length=found.length)
