"""CNI305: a name that no interface may have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.described import readers, top, walk
from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec.errors import CniError
from cnictl.spec.names import check_interface_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI305", "interface-name")
def interface_name(conf: Configuration) -> Iterator[Remark]:
    """The name of an interface has at most 15 bytes, and no blank, slash or colon.

    ## Why it matters
    The kernel refuses another name, and so ADD fails.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "bridge": "bridge-of-the-web"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "bridge": "br-web"}]}
    """
    for plugin in conf.all_plugins:
        programs = readers(plugin)
        for level in walk(top(plugin, programs)) if programs else ():
            for key, name, _ in level.below:
                value = level.members[name]
                if key.format != "ifname" or not isinstance(value, str) or not value:
                    continue
                try:
                    check_interface_name(value)
                except CniError as error:
                    hint = error.details or "use letters, digits, dots and dashes"
                    if error.details:
                        hint = f"it has {len(value.encode())} bytes, and 15 is the most"
                    yield Remark((*plugin.where, *level.where, name), f"{error.msg}: {value!r}", hint)
                else:
                    if not value.isprintable():
                        yield Remark(
                            (*plugin.where, *level.where, name),
                            f"interface name contains characters that cannot be seen: {value!r}",
                            "use letters, digits, dots and dashes",
                            severity=WARNING,
                        )
