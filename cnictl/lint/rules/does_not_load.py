"""CNI201: a runtime refuses the file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from cnictl.configuration import LISTS, files
from cnictl.lint.mention import mentioned
from cnictl.lint.model import Remark, rule
from cnictl.spec.conflist import PluginConfig, parse_list, parse_plugin
from cnictl.spec.document import Document, encode
from cnictl.spec.errors import CniError
from cnictl.spec.names import is_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import Configuration


@rule("CNI201", "does-not-load")
def does_not_load(conf: Configuration) -> Iterator[Remark]:
    """A runtime must be able to load the file.

    ## Why it matters
    The message is libcni's own, as it stands in the log of the runtime.  A file that does not load
    is no network, and with libcni it hides the files behind it.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": []}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}]}
    """
    if conf.members is None:
        return
    raw = encode({"name": "", **conf.members}).encode()  # CNI202 reports a missing name
    try:
        if conf.form == "single":
            parse_plugin(raw)
            return
        network = parse_list(raw)
    except CniError as error:
        yield Remark(_place(conf, error), error.msg, error.hint or error.details)
        return
    if network.plugins or _has_folder(conf):
        return
    hint = 'add "plugins", a list of objects that each have a "type"'
    if conf.path.endswith(LISTS) and Document(conf.members).has("type"):
        hint = 'this is a single plugin: put it into "plugins": [...], or call the file .conf'
    yield Remark((), "no plugin configs found", hint)


def _place(conf: Configuration, error: CniError) -> Pointer:
    """Return the plugin that is in the way, or what the message is about."""
    assert conf.members is not None
    listed = conf.members.get("plugins")
    if conf.form == "list" and isinstance(listed, list):
        for i, one in enumerate(listed):
            if not isinstance(one, dict):
                return ("plugins", i)
            try:
                PluginConfig(Document(one), b"")
            except CniError as own:
                return ("plugins", i, *(mentioned(str(own), one) or ()))
    return mentioned(str(error), conf.members, skip=()) or ()


def _has_folder(conf: Configuration) -> bool:
    """Whether plugins are added from the folder that has the network's name, as libcni 1.3 does."""
    if not (conf.path and is_name(conf.name)):
        return False
    return bool(files(os.path.join(os.path.dirname(conf.path), conf.name), (".conf",)))
