"""Which recorded call somebody means, and where there is none, why and what there is instead."""

from __future__ import annotations

import os
import shlex
from difflib import get_close_matches
from typing import TYPE_CHECKING

from cnictl.record import log
from cnictl.record.model import RecordError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from cnictl.record.model import Call

LAST = "last"
"""The word for the call that was made last."""

_NO_LOG = "`cnictl record start` makes one, and --log-dir says where another is"


def choose(directory: str, found: Sequence[Call], which: str) -> Call:
    """Return the call of a log that a word means: a number, `last`, or the last of PLUGIN or of PLUGIN/VERB.

    `found` are all its calls.  Raises RecordError when there is none.
    """
    number = which.lstrip("0") if which.isascii() and which.isdigit() else ""
    plugin, _, verb = which.partition("/")
    of_plugin = [one for one in found if plugin in (one.plugin, LAST)]
    if number:
        fitting = [one for one in found if str(one.number) == number]
    else:
        fitting = [one for one in of_plugin if verb.upper() in ("", one.verb)]
    if fitting:
        return fitting[-1]
    _refuse_log(directory, which)
    if number:
        _refuse_number(directory, found, number)
    name = os.path.basename(which)
    if not of_plugin and name.isdigit() and os.path.isfile(which):
        hint = f"`{int(name)}{_option(os.path.dirname(which))}` is this file's call"
    elif of_plugin:
        there = " and ".join(dict.fromkeys(one.verb for one in of_plugin))
        hint = f"{f'of {plugin} ' if plugin != LAST else ''}there is {there}; {_lists(directory)}"
    elif close := get_close_matches(plugin, {one.plugin for one in found}, n=1):
        hint = f"did you mean {close[0]}?  {_lists(directory)}"
    elif found:
        plugins = ", ".join(sorted({one.plugin for one in found}))
        hint = f"recorded are calls of {plugins}; {_lists(directory)}"
    else:
        hint = "one comes with the next pod; `cnictl record status` says of which plugins"
        raise RecordError(f"there is no call {which}: {directory} has none yet", hint=hint)
    raise RecordError(f"there is no call {which}", hint=hint)


def _refuse_log(directory: str, which: str) -> None:
    """Raise RecordError when there is no log."""
    if not os.path.lexists(directory):
        raise RecordError(f"there is no call {which}: there is no log {directory}", hint=_NO_LOG)
    if not os.path.isdir(directory):
        raise RecordError(f"there is no call {which}: {directory} is no directory", hint=_NO_LOG)
    if log.ring(directory) is None and not log.numbers(directory):
        raise RecordError(f"there is no call {which}: {directory} is no log of calls", hint=_NO_LOG)


def _refuse_number(directory: str, found: Sequence[Call], number: str) -> NoReturn:
    there = _there(found)
    lists = f"{there}; {_lists(directory)}" if there else _lists(directory)
    for path in log.broken(directory, found):
        if str(int(os.path.basename(path))) == number:
            raise RecordError(f"{path} {log.BROKEN}", hint=lists)
    ring = log.ring(directory)
    if ring is not None and len(number) < 20 and int(number) < ring.next - ring.keep:
        hint = f"`cnictl record start --keep N` keeps more; {lists}"
        raise RecordError(f"call {number} is not there any more: the log keeps {ring.keep}", hint=hint)
    raise RecordError(f"there is no call {number}", hint=lists)


def _there(found: Sequence[Call]) -> str:
    if not found:
        return ""
    first, last = found[0].number, found[-1].number
    return f"there are calls {first} to {last}" if first != last else f"there is call {first}"


def _lists(directory: str) -> str:
    return f"`cnictl record ls{_option(directory)}` lists them"


def _option(directory: str) -> str:
    return f" --log-dir {shlex.quote(directory)}" if directory != log.DIRECTORY else ""
