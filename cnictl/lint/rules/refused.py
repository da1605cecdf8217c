"""CNI302: a plugin refuses its configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from cnictl.lint.described import readers
from cnictl.lint.mention import mentioned
from cnictl.lint.model import Remark, rule
from cnictl.lint.rules.wrong_value import problems
from cnictl.plugin.request import Request
from cnictl.spec.document import Document, encode
from cnictl.spec.errors import CniError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.locate import Pointer
    from cnictl.lint.subject import Configuration, PluginObject
    from cnictl.plugin.skel import Plugin


_ANSWERS: WeakKeyDictionary[Configuration, dict[tuple[Pointer, str], CniError | None]] = WeakKeyDictionary()
"""What plugins said to a configuration, as several rules want to know it."""


@rule("CNI302", "refused")
def refused(conf: Configuration) -> Iterator[Remark]:
    """The values of a plugin's keys must make sense together.

    ## Why it matters
    The plugin says so itself, at every ADD, with these words.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "bridge", "hairpinMode": true, "promiscMode": true}
        ]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "bridge", "hairpinMode": true}
        ]}
    """
    for plugin in conf.all_plugins:
        if problems(conf, plugin):
            continue  # CNI301 reports them
        for program in readers(plugin):
            error = refusal(conf, plugin, program)
            if error is not None:
                inner = mentioned(str(error), plugin.document.members)
                yield Remark(
                    plugin.at("type") if inner is None else (*plugin.where, *inner),
                    f"{program.name} refuses this: {error.msg}",
                    error.hint or error.details,
                )


def refusal(conf: Configuration, plugin: PluginObject, program: Plugin) -> CniError | None:
    """Return what a program of ours that reads a plugin's object says no with, None when it does not."""
    answers = _ANSWERS.setdefault(conf, {})
    question = (plugin.where, program.name)
    if question not in answers:
        request = _request(conf, plugin)
        try:
            program.config(request.document).validate(request)
        except CniError as error:
            answers[question] = error
        else:
            answers[question] = None
    return answers[question]


def _request(conf: Configuration, plugin: PluginObject) -> Request:
    """Return the ADD that a runtime would make, with nothing added but what libcni adds to every one."""
    added = {"name": conf.name or "network", "cniVersion": conf.version}
    own = {
        key: value
        for key, value in plugin.document.members.items()
        if key.casefold() not in ("name", "cniversion")
    }
    members = {**own, **added}
    return Request(
        "ADD",
        Document(members),
        container_id="container",
        netns="/run/netns/container",
        ifname="eth0",
        stdin=encode(members).encode(),
        environment={},
    )
