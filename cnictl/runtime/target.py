"""What NET on a command line means: a configuration file, or the name of a network in a directory of them."""

from __future__ import annotations

import difflib
import os
from typing import TYPE_CHECKING, NamedTuple

from cnictl import configuration
from cnictl.configuration import NoConfigurations, NoSuchNetwork

if TYPE_CHECKING:
    from cnictl.spec.conflist import NetworkList

EXTENSIONS = configuration.LISTS + configuration.SINGLES
_LISTED = 10


class Target(NamedTuple):
    """A network, the file it is from, and what is wrong with files that were passed over on the way."""

    network: NetworkList
    path: str
    remarks: tuple[str, ...] = ()


def is_file(text: str) -> bool:
    """Whether NET names a file: it has a slash, or is the name of a configuration file that is there."""
    return "/" in text or (text.endswith(EXTENSIONS) and os.path.isfile(text))


def find(directory: str, text: str) -> Target:
    """The network that NET means.

    Raises NoConfigurations or NoSuchNetwork with a hint that lists what there is, and CnictlError
    for a file that cannot be read or understood.
    """
    if is_file(text):
        return Target(configuration.load(text), text)
    try:
        found = configuration.find_network(directory, text)
    except NoSuchNetwork as error:
        no_file = f"there is no file {text} either" if text.endswith(EXTENSIONS) else ""
        error.hint = "\n".join(filter(None, [no_file, _suggestion(directory, text), error.hint]))
        raise
    except NoConfigurations as error:
        error.hint = "name a file (./my.conflist), or another directory with --conf-dir or NETCONFPATH"
        raise
    return Target(
        found.network, found.path, tuple(f"{one.path} is no use: {one.reason}" for one in found.broken)
    )


def _suggestion(directory: str, name: str) -> str:
    names = dict.fromkeys(one.network.name for one in configuration.survey(directory) if one.network)
    if not names:
        return ""
    close = difflib.get_close_matches(name, names, n=3)
    if close:
        return f"did you mean {' or '.join(close)}?"
    shown = list(names)[:_LISTED]
    return f"networks here: {', '.join(shown)}" + (" and others" if len(names) > _LISTED else "")
