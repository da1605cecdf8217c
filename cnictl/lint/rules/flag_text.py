"""CNI208: true or false as a text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

FLAGS = ("disableCheck", "disableGC", "loadOnlyInlinedPlugins")


@rule("CNI208", "flag-as-text", WARNING)
def flag_text(conf: Configuration) -> Iterator[Remark]:
    """`disableCheck` and its like are true or false, not texts.

    ## Why it matters
    libcni takes a text as well; the spec asks for a boolean since 1.0.0, and other runtimes may
    insist on it.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "disableCheck": "true", "plugins": [{"type": "bridge"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "disableCheck": true, "plugins": [{"type": "bridge"}]}
    """
    if conf.form != "list":
        return
    for flag in FLAGS:
        value = (conf.members or {}).get(flag)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            written = value.lower()
            yield Remark((flag,), f"{flag} is a string", f"write {written} without quotes", fix=written)
