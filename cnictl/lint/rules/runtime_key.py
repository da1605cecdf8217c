"""CNI306: a key that only a runtime writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec.catalog import RUNTIME_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI306", "runtime-key", WARNING)
def runtime_key(conf: Configuration) -> Iterator[Remark]:
    """A file does not hold what the runtime fills in.

    ## Why it matters
    `prevResult` is replaced at every call, and `runtimeConfig` as soon as the runtime has something
    for one of the plugin's capabilities: what the file says then vanishes.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "tuning", "runtimeConfig": {"mac": "02:00:5e:10:00:01"}}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"},
            {"type": "tuning", "capabilities": {"mac": true}}]}
    """
    for plugin in conf.all_plugins:
        for key in RUNTIME_KEYS:
            if plugin.document.get(key) is None:
                continue
            hint = "take it out"
            if key == "runtimeConfig":
                hint = 'ask for what the runtime knows with "capabilities": {...: true}'
            yield Remark(plugin.at(key), f"{key} is for the runtime to fill in", hint, at_key=True)
