"""Putting the plugins into a directory of CNI plugins, and taking them out again.

One launcher, and a symlink to it for every plugin; which one is called the launcher tells from
argv[0].  It is a script of a few lines because the file on the `#!` line is compiled at every
start, while modules are not.  Programs of others that had such a name are kept aside and come
back when ours are taken out.  The systemd units of the DHCP daemon can go along.
"""

from __future__ import annotations

import compileall
import os
from contextlib import suppress

from cnictl import aside, launcher
from cnictl.bundle import write as bundles
from cnictl.launcher import InstallError
from cnictl.spec.errno_text import errno_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

LAUNCHER = "cnictl-plugin"
ONE_SHOT = f"{LAUNCHER}.oneshot"
"""Beside a launcher that hands calls over to a worker: what answers a call that no worker takes."""
ASIDE = aside.REPLACED
_HOME = os.path.dirname(os.path.abspath(__file__))
_UNITS = {package: os.path.join(_HOME, package, "units") for package in ("dhcp", "worker")}
_UNIT_MARK = "# Of `cnictl install --systemd`"
_UNIT_PROGRAMS = "/opt/cni/bin"
"""Where the units find their program as they are shipped."""


def install(
    directory: str, names: Iterable[str], plugins: str, *, force: bool = False, worker: bool = False
) -> list[str]:
    """Make the launcher and a symlink for each name; return the paths that were made or changed.

    `plugins` is the directory of the plugins' modules; with `worker` the launcher hands calls over to
    a worker.  Raises InstallError, with nothing done, when a name is taken by a program of somebody else
    and `force` is not set; with it, that program is kept below ASIDE.  The same while plugins are
    recorded, whose places are not theirs.
    """
    names = sorted(names)
    programs = {LAUNCHER: launcher.script(plugins).encode()}
    if worker:
        programs = {ONE_SHOT: launcher.script(plugins, one_shot=True).encode(), LAUNCHER: launcher.compiled()}
    _refuse_recorded(directory)
    taken = [name for name in (*names, *programs) if _is_foreign(directory, name)]
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
        for name, content in programs.items():
            path = os.path.join(directory, name)
            if _replace_file(path, content):
                changed.append(path)
        for name in names:
            path = os.path.join(directory, name)
            if not (os.path.islink(path) and os.readlink(path) == LAUNCHER):
                _replace_link(path)
                changed.append(path)
    except OSError as error:
        raise _failed(f"install into {directory}", error) from None
    # A read-only system keeps no compiled modules, and then every start finds and compiles them again.
    for package in (_HOME, plugins):
        compileall.compile_dir(package, quiet=2)
    with suppress(OSError):
        bundles.write(plugins, names)
    return changed


def uninstall(directory: str) -> list[str]:
    """Remove our symlinks and launcher, and bring back what they replaced; return the paths removed.

    Raises InstallError when something cannot be removed, and with nothing done while plugins are
    recorded.  Nothing of others is touched.
    """
    _refuse_recorded(directory)
    removed = []
    is_ours = _is_ours(os.path.join(directory, LAUNCHER))
    try:
        for name in sorted(os.listdir(directory)):
            path = os.path.join(directory, name)
            if os.path.islink(path) and os.readlink(path) == LAUNCHER and is_ours:
                os.unlink(path)
                removed.append(path)
        for path in (os.path.join(directory, name) for name in (LAUNCHER, ONE_SHOT)):
            if _is_ours(path):
                os.unlink(path)
                removed.append(path)
        _bring_back(directory)
    except FileNotFoundError:
        return removed
    except OSError as error:
        raise _failed(f"uninstall from {directory}", error) from None
    return removed


def install_units(directory: str, programs: str, *, force: bool = False, worker: bool = False) -> list[str]:
    """Write the systemd units of the DHCP daemon, whose program is in `programs`; return what changed.

    With `worker` those of the worker as well.

    Raises InstallError, with nothing done, when there are units of others and `force` is not set.
    """
    units = {}
    for name, shipped in _units("dhcp", *(["worker"] if worker else [])):
        with open(shipped, encoding="utf-8") as file:
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
        return [path for path, text in units.items() if _replace_file(path, text.encode(), mode=0o644)]
    except OSError as error:
        raise _failed(f"install into {directory}", error) from None


def uninstall_units(directory: str) -> list[str]:
    """Remove our units from a directory; return the paths removed.  Raises InstallError."""
    paths = [os.path.join(directory, name) for name, _ in _units(*_UNITS)]
    removed = [path for path in paths if _is_unit_of_ours(path)]
    try:
        for path in removed:
            os.unlink(path)
    except OSError as error:
        raise _failed(f"uninstall from {directory}", error) from None
    return removed


def _units(*packages: str) -> list[tuple[str, str]]:
    """The units by name, and where they are shipped."""
    places = [_UNITS[package] for package in packages]
    return sorted((name, os.path.join(place, name)) for place in places for name in os.listdir(place))


def _is_unit_of_ours(path: str) -> bool:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.readline().startswith(_UNIT_MARK)
    except OSError:
        return False


def _failed(what: str, error: OSError) -> InstallError:
    return InstallError(f"cannot {what}: {error.filename}: {errno_text(error.errno or 0)}")


def _is_ours(path: str) -> bool:
    if os.path.islink(path):
        return False
    try:
        with open(path, "rb") as file:
            return launcher.MARK.encode() in file.read(launcher.LARGEST)
    except (FileNotFoundError, IsADirectoryError):
        return False


def _is_foreign(directory: str, name: str) -> bool:
    path = os.path.join(directory, name)
    if not os.path.lexists(path):
        return False
    if name in (LAUNCHER, ONE_SHOT):
        return not _is_ours(path)
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


def _replace_file(path: str, content: bytes, mode: int = 0o755) -> bool:
    """Write a file in place of what is there, at once for whoever opens it; whether it changed."""
    try:
        with open(path, "rb") as file:
            if file.read() == content:
                return False
    except FileNotFoundError:
        pass
    temporary = f"{path}.{os.getpid()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(temporary, flags, mode), "wb") as file:
            file.write(content)
            os.fchmod(file.fileno(), mode)
        os.replace(temporary, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(temporary)
        raise OSError(error.errno, error.strerror, path) from None
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
