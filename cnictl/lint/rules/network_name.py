"""CNI202: the network has no name, or one that no runtime accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl.spec.names import check_network_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


@rule("CNI202", "network-name")
def network_name(conf: Configuration) -> Iterator[Remark]:
    """A network has a name of letters, digits, dots, dashes and underscores that begins with no sign.

    ## Why it matters
    Every plugin refuses another name, or none.  The name is part of chain names, and of the paths
    of reservations and of the runtime's cache.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web network", "plugins": [{"type": "bridge"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web-network", "plugins": [{"type": "bridge"}]}
    """
    if conf.members is None:
        return
    stated = conf.members.get("name") if conf.form == "list" else Document(conf.members).get("name")
    if stated is not None and not isinstance(stated, str):
        return  # CNI201 reports it
    if not stated and conf.embedded:
        return  # it is the name of the NetworkAttachmentDefinition
    if stated is None:
        hint = 'add "name", such as "name": "web"'
        if Document(conf.members).has("name"):
            hint = "in a list this key must be spelled name, in lower case"
        yield Remark((), "the network has no name", hint)
        return
    try:
        check_network_name(stated)
    except CniError as error:
        hint = "use letters, digits, dots, dashes and underscores, the first of them a letter or a digit"
        yield Remark(("name",), f"{error.msg}: {stated!r}" if stated else "the name is empty", hint)
