"""CNI304: a key in another case than the documentation's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.described import readers, top, walk
from cnictl.lint.model import INFO, Remark, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI304", "key-case", INFO)
def key_case(conf: Configuration) -> Iterator[Remark]:
    """Keys are spelled as they are documented.

    ## Why it matters
    The reference plugins, in Go and these here, read a key in any case; whoever looks for it in the file
    may not, nor a plugin in another language.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipmasq": true}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipMasq": true}]}
    """
    for plugin in conf.all_plugins:
        programs = readers(plugin)
        if not programs:
            continue
        for level in walk(top(plugin, programs)):
            spelled = {name.casefold(): name for name in level.keys}
            for name in level.members:
                known = spelled.get(name.casefold(), name)
                if known != name:
                    yield Remark(
                        (*plugin.where, *level.where, name),
                        f"{name!r} is spelled {known}",
                        "it is read all the same, by the reference plugins",
                        at_key=True,
                        fix=None if known in level.members else f'"{known}"',
                    )
