"""Stand-ins in a directory of plugins: put in the places of plugins, and taken out again.

At every moment there is something to call under a plugin's name: each change is one rename(2).  What was
interrupted anywhere is put right by the next start or stop.  The plugin itself is kept below RECORDED as a
second name of the same file; a symlink is kept as a symlink that leads to the same file from there.

An interpreter opens its script a while after the kernel has looked at it, and may find something else there
by then.  So the stand-in of a script is the same script but for its `#!` line, and what was kept stays until
those who were just starting it have.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from cnictl.aside import MARK, PLUGINS, RECORDED, fresh_name, is_stand_in, keep, names, recorded, remove
from cnictl.cni_path import find
from cnictl.durable import SIZE_LIMIT
from cnictl.flock import LockBusy, acquire
from cnictl.install import LAUNCHER, ONE_SHOT
from cnictl.record import program
from cnictl.record.model import RecordError
from cnictl.spec.errno_text import errno_text

PATIENCE = 10.0
"""Seconds to wait for another start or stop."""
STARTING = 2.0
"""Seconds after which who was called before a plugin came back has opened all that it needs."""
_PAUSE = 0.05
_LONGEST_INTERPRETER_LINE = 255  # BINPRM_BUF_SIZE - 1, linux/binfmts.h
_PROGRAM = "stand-in"
_UP = "../../"
"""From where plugins are kept to where they were."""


@dataclass(frozen=True, slots=True)
class Place:
    """A plugin that is recorded, or was: `condition` is `recorded`, or why it is not.

    `replaced`: another program is there by now.  `removed`: there is none.  `lost`: the stand-in is
    there, but the plugin is not where it was kept.
    """

    plugin: str
    condition: str


def start(directory: str, plugins: Collection[str], log: str, stand_in: bytes) -> list[str]:
    """Put a stand-in into the place of each plugin; return the names of those that had none.

    Raises RecordError with nothing done for what is no plugin, and for another log than that of plugins
    that are recorded already.
    """
    directory, log = os.path.abspath(directory), os.path.abspath(log)
    for name in plugins:
        if name in (LAUNCHER, ONE_SHOT):
            raise RecordError(f"{name} is no plugin, but starts those that cnictl installed")
        find(name, [directory])
    started: list[str] = []
    with _changing(directory):
        present = log_of(directory)
        if present not in ("", log) and recorded(directory):
            raise RecordError(
                f"calls of {directory} are recorded in {present}",
                hint=f"use it, or end that first: cnictl record stop --cni-path {directory}",
            )
        _refuse_scripts_of_two_names(directory, {*plugins, *recorded(directory)})
        store = os.path.join(directory, RECORDED)
        os.makedirs(os.path.join(store, PLUGINS), mode=0o755, exist_ok=True)
        names(os.path.join(store, PLUGINS))
        _place_link(os.path.join(store, "log"), log)
        path = os.path.join(store, _PROGRAM)
        fresh = fresh_name(path)
        _write(fresh, stand_in, 0o755)
        try:
            program.check(fresh)
        except RecordError:
            remove(fresh)
            _tidy(directory)
            raise
        os.replace(fresh, path)
        started += [name for name in sorted(plugins) if _step_in(directory, name, stand_in)]
    return started


def stop(directory: str, plugins: Collection[str] | None = None) -> list[Place]:
    """Bring plugins back, all or those named; return them, and what each was until then.

    What was put over a stand-in meanwhile stays.  Raises RecordError when something cannot be done.
    """
    directory = os.path.abspath(directory)
    stopped = []
    with _changing(directory):
        for place in places(directory):
            if plugins is None or place.plugin in plugins:
                _step_out(directory, place)
                stopped.append(place)
        _let_them_start(directory)
        _tidy(directory)
    return stopped


def places(directory: str) -> list[Place]:
    """Return the plugins that are recorded, or were until somebody else put something there."""
    kept = os.path.join(directory, RECORDED, PLUGINS)
    found = [name for name in _listed(kept) if not name.startswith(".")]
    standing = [name for name in _listed(directory) if is_stand_in(os.path.join(directory, name))]
    conditions = []
    for name in sorted({*found, *standing}):
        if name not in found:
            conditions.append(Place(name, "lost"))
        elif name in standing:
            conditions.append(Place(name, "recorded"))
        elif not os.path.lexists(os.path.join(directory, name)):
            conditions.append(Place(name, "removed"))
        elif not _is_kept(directory, name):
            conditions.append(Place(name, "replaced"))
    return conditions


def log_of(directory: str) -> str:
    """Return where the calls of a directory's plugins are recorded, "" for nowhere."""
    try:
        return os.readlink(os.path.join(directory, RECORDED, "log"))
    except OSError:
        return ""


@contextmanager
def _changing(directory: str) -> Iterator[None]:
    """Change a directory, alone.  Raises RecordError."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            acquire(descriptor, directory, PATIENCE)
            yield
        finally:
            os.close(descriptor)
    except OSError as error:
        where = error.filename or directory
        raise RecordError(f"cannot change {directory}: {where}: {errno_text(error.errno or 0)}") from None


def _step_in(directory: str, name: str, stand_in: bytes) -> bool:
    path, kept = os.path.join(directory, name), os.path.join(directory, RECORDED, PLUGINS, name)
    if is_stand_in(path):
        if not os.path.exists(kept):
            raise _lost(directory, name)
        return False
    data = _stand_in_for(directory, name, stand_in)
    if os.path.islink(path):
        _place_link(kept, _from_below(os.readlink(path)))
    else:
        keep(path, kept)
    fresh = fresh_name(os.path.join(directory, RECORDED, name))
    _write(fresh, data, os.stat(path).st_mode & 0o777)
    os.rename(fresh, path)
    return True


def _stand_in_for(directory: str, name: str, stand_in: bytes) -> bytes:
    """Return what stands in for a plugin: for a script one that reads the same, for a program the program."""
    with open(os.path.join(directory, name), "rb") as file:
        text = file.read(SIZE_LIMIT)
    if not text.startswith(b"#!"):
        return stand_in
    line = os.fsencode(f"#!{os.path.join(directory, RECORDED, _PROGRAM)} {name}\n")
    if len(line) > _LONGEST_INTERPRETER_LINE or line.count(b" ") > 1:
        raise RecordError(
            f"{name} is a script, and {directory} is too long, or has a blank in it, for its #! line"
        )
    return line + text.partition(b"\n")[2] + MARK


def _refuse_scripts_of_two_names(directory: str, chosen: Collection[str]) -> None:
    """A script that is told from its name what it is must be called by its own."""
    for name in chosen:
        kept = os.path.join(directory, RECORDED, PLUGINS, name)
        path = os.path.join(directory, name)
        link = kept if is_stand_in(path) else path
        if not os.path.islink(link):
            continue
        parent, _, other = os.path.normpath(
            os.path.join(directory, os.readlink(link).removeprefix(_UP))
        ).rpartition("/")
        source = os.path.join(directory, other)
        if parent == directory and other in chosen and _is_script(source):
            raise RecordError(
                f"{name} is another name of the script {other}, and only one of them can be recorded"
            )


def _is_script(path: str) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def _write(path: str, data: bytes, mode: int) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700), "wb") as file:
        file.write(data)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())


def _step_out(directory: str, place: Place) -> None:
    path = os.path.join(directory, place.plugin)
    kept = os.path.join(directory, RECORDED, PLUGINS, place.plugin)
    if place.condition == "lost":
        raise _lost(directory, place.plugin)
    if place.condition == "replaced":
        remove(kept)
        return
    fresh = fresh_name(os.path.join(directory, RECORDED, place.plugin))
    if os.path.islink(kept):
        os.symlink(os.readlink(kept).removeprefix(_UP), fresh)
    else:
        os.link(kept, fresh)
    os.rename(fresh, path)


def _let_them_start(directory: str) -> None:
    """Wait until nobody is left that was called before the plugins came back, but not for who works long."""
    kept = os.path.join(directory, RECORDED, PLUGINS)
    if not os.path.isdir(kept):
        return
    time.sleep(_PAUSE)  # for those that have just been called, and have not said so
    descriptor = os.open(kept, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        acquire(descriptor, kept, STARTING)
    except LockBusy:
        pass
    finally:
        os.close(descriptor)


def _tidy(directory: str) -> None:
    """Remove what an interrupted start or stop left, and when nothing is recorded, where it was kept."""
    store = os.path.join(directory, RECORDED)
    kept = os.path.join(store, PLUGINS)
    if not os.path.isdir(store):
        return
    names(store)
    for name in names(kept) if os.path.isdir(kept) else ():
        if not is_stand_in(os.path.join(directory, name)) and _is_kept(directory, name):
            remove(os.path.join(kept, name))
    if os.path.isdir(kept) and not os.listdir(kept):
        os.rmdir(kept)
    if not os.path.isdir(kept):
        remove(os.path.join(store, _PROGRAM))
        remove(os.path.join(store, "log"))
        os.rmdir(store)


def _is_kept(directory: str, name: str) -> bool:
    """Whether what is in a plugin's place is what is kept of it: it never left, or is back already."""
    path, kept = os.path.join(directory, name), os.path.join(directory, RECORDED, PLUGINS, name)
    if os.path.islink(path) and os.path.islink(kept):
        return os.readlink(kept) == _from_below(os.readlink(path))
    try:
        return os.path.samestat(os.lstat(path), os.lstat(kept))
    except FileNotFoundError:
        return False


def _from_below(target: str) -> str:
    return target if os.path.isabs(target) else _UP + target


def _place_link(path: str, target: str) -> None:
    fresh = fresh_name(path)
    os.symlink(target, fresh)
    os.replace(fresh, path)


def _listed(directory: str) -> list[str]:
    try:
        return os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []


def _lost(directory: str, name: str) -> RecordError:
    return RecordError(
        f"{directory}/{name} is a stand-in, and its plugin is no longer in {directory}/{RECORDED}/{PLUGINS}",
        hint=f"install {name} again; nothing stands in for it then",
    )
