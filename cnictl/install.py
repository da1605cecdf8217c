"""Putting the plugins into a directory of CNI plugins, and taking them out again.

One launcher, and a symlink to it for every plugin; which one is called the launcher tells from
argv[0].  It is a script of a few lines because the file on the `#!` line is compiled at every
start, while modules are not.  Programs of others that had such a name are kept aside and come
back when ours are taken out.  The systemd units of the DHCP daemon can go along.
"""

from __future__ import annotations

import compileall
import os
import sys
from importlib.util import find_spec

from cnictl import aside
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LAUNCHER = "cnictl-plugin"
LIBRARIES = ("jeepney", "yaml")
"""What is not ours, nor of the interpreter, and yet imported by some plugin when it comes to need it."""
ASIDE = aside.REPLACED
_MARK = "# Starts the plugin that it is called as.  Written by `cnictl install`."
_UNITS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "dhcp", "units")
_UNIT_MARK = "# Of `cnictl install --systemd`"
_UNIT_PROGRAMS = "/opt/cni/bin"
"""Where the units find their program as they are shipped."""
_LONGEST_INTERPRETER_LINE = 255  # BINPRM_BUF_SIZE - 1, linux/binfmts.h

# Nothing a plugin makes has to be found by a garbage collector, which costs 2 ms, or taken apart at
# the end, which costs 3: it lives for milliseconds.
_SCRIPT = """#!{python} -IS
{mark}
import gc, sys
gc.disable()
sys.path += {places!r}
package = sys.modules["cnictl_plugins"] = type(sys)("cnictl_plugins")
package.__path__ = [{plugins!r}]
from cnictl_plugins.multicall import main_and_exit
main_and_exit({cnictl!r})
"""


class InstallError(CnictlError):
    """The plugins cannot be put there, or not without destroying something."""


def launcher_script(plugins: str) -> str:
    """Return the launcher for the plugins in a directory.

    The interpreter runs isolated (-I: a plugin is root with an environment that others filled in)
    and without site (-S: 2 ms), so that it is told where the libraries are that a plugin may need late.
    Raises InstallError when the kernel could not start it.
    """
    python = os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)
    if " " in python or len(f"#!{python} -IS") > _LONGEST_INTERPRETER_LINE:
        raise InstallError(
            f"the kernel cannot start {python} from a script",
            hint="use a Python with a shorter path, without blanks",
        )
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    places = [home, *(place for place in library_places() if place != home)]
    cnictl = [sys.executable, "-P", "-m", "cnictl"]
    return _SCRIPT.format(python=python, mark=_MARK, places=places, plugins=plugins, cnictl=cnictl)


def install(directory: str, names: Iterable[str], plugins: str, *, force: bool = False) -> list[str]:
    """Make the launcher and a symlink for each name; return the paths that were made or changed.

    `plugins` is the directory of the plugins' modules.  Raises InstallError, with nothing done,
    when a name is taken by a program of somebody else and `force` is not set; with it, that program
    is kept below ASIDE.  The same while plugins are recorded, whose places are not theirs.
    """
    names = sorted(names)
    _refuse_recorded(directory)
    taken = [name for name in (*names, LAUNCHER) if _is_foreign(directory, name)]
    for path in (os.path.join(directory, name) for name in taken):
        if os.path.isdir(path) and not os.path.islink(path):
            raise InstallError(f"{path} is a directory")
    if taken and not force:
        raise InstallError(
            f"{directory} has programs of others called {', '.join(taken)}",
            hint="--force replaces them, and `cnictl uninstall` brings them back",
        )
    changed = []
    try:
        os.makedirs(directory, mode=0o755, exist_ok=True)
        for name in taken:
            _keep_aside(directory, name)
        launcher = os.path.join(directory, LAUNCHER)
        if _replace_file(launcher, launcher_script(plugins)):
            changed.append(launcher)
        for name in names:
            path = os.path.join(directory, name)
            if not (os.path.islink(path) and os.readlink(path) == LAUNCHER):
                _replace_link(path)
                changed.append(path)
    except OSError as error:
        raise _failed(f"install into {directory}", error) from None
    # A read-only system keeps no compiled modules, and then every start compiles them again.
    for package in (os.path.dirname(os.path.abspath(__file__)), plugins):
        compileall.compile_dir(package, quiet=2)
    return changed


def uninstall(directory: str) -> list[str]:
    """Remove our symlinks and launcher, and bring back what they replaced; return the paths removed.

    Raises InstallError when something cannot be removed, and with nothing done while plugins are
    recorded.  Nothing of others is touched.
    """
    _refuse_recorded(directory)
    removed = []
    try:
        for name in sorted(os.listdir(directory)):
            path = os.path.join(directory, name)
            if os.path.islink(path) and os.readlink(path) == LAUNCHER and _is_ours(directory):
                os.unlink(path)
                removed.append(path)
        if _is_ours(directory):
            os.unlink(os.path.join(directory, LAUNCHER))
            removed.append(os.path.join(directory, LAUNCHER))
        _bring_back(directory)
    except FileNotFoundError:
        return removed
    except OSError as error:
        raise _failed(f"uninstall from {directory}", error) from None
    return removed


def install_units(directory: str, programs: str, *, force: bool = False) -> list[str]:
    """Write the systemd units of the daemon in a directory of programs; return the paths that changed.

    Raises InstallError, with nothing done, when there are units of others and `force` is not set.
    """
    units = {}
    for name in sorted(os.listdir(_UNITS)):
        with open(os.path.join(_UNITS, name), encoding="utf-8") as file:
            text = file.read()
        head, newline, rest = text.partition("\n")
        units[os.path.join(directory, name)] = (
            head + newline + rest.replace(_UNIT_PROGRAMS, os.path.abspath(programs))
        )
    taken = [path for path in units if os.path.lexists(path) and not _is_unit_of_ours(path)]
    if taken and not force:
        raise InstallError(f"there are units of others: {', '.join(taken)}", hint="--force replaces them")
    try:
        os.makedirs(directory, mode=0o755, exist_ok=True)
        return [path for path, text in units.items() if _replace_file(path, text, mode=0o644)]
    except OSError as error:
        raise _failed(f"install into {directory}", error) from None


def uninstall_units(directory: str) -> list[str]:
    """Remove our units from a directory; return the paths removed.  Raises InstallError."""
    paths = [os.path.join(directory, name) for name in sorted(os.listdir(_UNITS))]
    removed = [path for path in paths if _is_unit_of_ours(path)]
    try:
        for path in removed:
            os.unlink(path)
    except OSError as error:
        raise _failed(f"uninstall from {directory}", error) from None
    return removed


def _is_unit_of_ours(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().startswith(_UNIT_MARK)
    except OSError:
        return False


def library_places() -> list[str]:
    """The directories that hold the libraries of `LIBRARIES`; a plugin says itself what it misses."""
    found = [find_spec(library) for library in LIBRARIES]
    origins = [spec.origin for spec in found if spec is not None and spec.origin is not None]
    return list(dict.fromkeys(os.path.dirname(os.path.dirname(origin)) for origin in origins))


def _failed(what: str, error: OSError) -> InstallError:
    return InstallError(f"cannot {what}: {error.filename}: {errno_text(error.errno or 0)}")


def _is_ours(directory: str) -> bool:
    path = os.path.join(directory, LAUNCHER)
    if os.path.islink(path):
        return False
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return _MARK in file.read(1 << 12)
    except (FileNotFoundError, IsADirectoryError):
        return False


def _is_foreign(directory: str, name: str) -> bool:
    path = os.path.join(directory, name)
    if not os.path.lexists(path):
        return False
    if name == LAUNCHER:
        return not _is_ours(directory)
    return not (os.path.islink(path) and os.readlink(path) == LAUNCHER)


def _keep_aside(directory: str, name: str) -> None:
    """Give a program of others a second name, in place of an older one that was kept."""
    kept = os.path.join(directory, ASIDE)
    os.makedirs(kept, mode=0o755, exist_ok=True)
    aside.keep(os.path.join(directory, name), os.path.join(kept, name))


def _refuse_recorded(directory: str) -> None:
    recorded = aside.recorded(directory)
    if recorded:
        raise InstallError(
            f"{directory} has plugins that are recorded: {', '.join(recorded)}",
            hint=f"cnictl record stop --cni-path {directory}",
        )


def _replace_file(path: str, text: str, mode: int = 0o755) -> bool:
    """Write a file in place of what is there, at once for whoever opens it; whether it changed."""
    try:
        with open(path, encoding="utf-8") as file:
            if file.read() == text:
                return False
    except (FileNotFoundError, UnicodeDecodeError):
        pass
    temporary = f"{path}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags, mode), "w", encoding="utf-8") as file:
        file.write(text)
        os.fchmod(file.fileno(), mode)
    os.replace(temporary, path)
    return True


def _replace_link(path: str) -> None:
    temporary = f"{path}.{os.getpid()}"
    os.symlink(LAUNCHER, temporary)
    os.replace(temporary, path)


def _bring_back(directory: str) -> None:
    kept = os.path.join(directory, ASIDE)
    if not os.path.isdir(kept):
        return
    for name in aside.names(kept):
        path = os.path.join(directory, name)
        if not os.path.lexists(path):
            os.rename(os.path.join(kept, name), path)
    if not os.listdir(kept):
        os.rmdir(kept)
