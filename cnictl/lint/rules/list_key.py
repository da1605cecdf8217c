"""CNI207: a key of the list that nobody reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.lint.notes import is_note
from cnictl.lint.similar import similar
from cnictl.spec.catalog import LIST_KEYS, PLUGIN_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI207", "unknown-list-key", WARNING)
def list_key(conf: Configuration) -> Iterator[Remark]:
    """Beside `plugins` a list has few keys, and their case counts.

    ## Why it matters
    What a runtime does not know it ignores without a word.  Settings of a plugin belong into the
    plugin's object, where the case of a key does not count; here it does.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "disablecheck": true, "plugins": [{"type": "bridge"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "disableCheck": true, "plugins": [{"type": "bridge"}]}
    """
    if conf.members is None or conf.form != "list":
        return
    for name in conf.members:
        if name in LIST_KEYS or is_note(name):
            continue
        meant = similar(name, LIST_KEYS)
        if meant is not None and meant not in conf.members:
            hint = f"write {meant}"
        elif name in PLUGIN_KEYS or "plugins" not in conf.members:
            hint = "it belongs into the object of a plugin"
        else:
            hint = "runtimes ignore it; the settings of a plugin belong into its object"
        yield Remark((name,), f"{name!r} is no key of a list of plugins", hint, at_key=True)
