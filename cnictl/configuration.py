"""Network configurations as files: which there are in a directory, what one holds, which one has a name.

As in libcni, `.conflist` files come first whatever their order among the others, then `.conf` and
`.json` files with a single plugin.  Unlike there a broken file does not hide those behind it: it
is reported beside what was found.
"""

from __future__ import annotations

import os
import stat

from cnictl.spec.conflist import (
    NetworkList,
    PluginConfig,
    list_of_one,
    parse_list,
    parse_plugin,
    with_plugins,
)
from cnictl.spec.document import Document, decode
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError, CniError
from cnictl.spec.names import check_network_name
from cnictl.spec.quote import go_quote
from cnictl.spec.value import Value

DEFAULT_DIRECTORY = "/etc/cni/net.d"
LISTS = (".conflist",)
SINGLES = (".conf", ".json")


class Candidate(Value):
    """A configuration file: the network in it, or what is wrong with it."""

    __slots__ = ("path", "network", "problem")

    def __init__(
        self, path: str, network: NetworkList | None = None, problem: CnictlError | None = None
    ) -> None:
        self.path = path
        self.network = network
        self.problem = problem

    @property
    def reason(self) -> str:
        """What is wrong with the file, for those who know which file it is; "" when nothing is."""
        within = self.problem.__cause__ if self.problem is not None else None
        return str(within if isinstance(within, CniError) else self.problem or "")


class Found(Value):
    """A network by its name, its file, and the files before it that could not be used."""

    __slots__ = ("network", "path", "broken")

    def __init__(self, network: NetworkList, path: str, broken: list[Candidate]) -> None:
        self.network = network
        self.path = path
        self.broken = broken


class NoConfigurations(CnictlError):
    """The directory holds no configuration files, or does not exist."""

    def __init__(self, directory: str) -> None:
        super().__init__(f"no net configurations found in {directory}")


class NoSuchNetwork(CnictlError):
    """No usable file of the directory has that name; `broken` are those that could not be used."""

    def __init__(self, name: str, directory: str, broken: list[Candidate]) -> None:
        unusable = "".join(f"\n{one.path}: {one.reason}" for one in broken)
        super().__init__(
            f"no net configuration with name {go_quote(name)} in {directory}",
            hint=f"these files could not be used:{unusable}" if broken else "",
        )
        self.broken = broken


def files(directory: str, extensions: tuple[str, ...]) -> list[str]:
    """The files of a directory with one of the extensions, sorted by their bytes; none if it is missing.

    The extension is what follows the last dot, in its case; a file called `.conf` has one.
    """
    try:
        with os.scandir(directory) as entries:
            found = [
                entry.path
                for entry in entries
                if entry.name[max(entry.name.rfind("."), 0) :] in extensions
                and not entry.is_dir(follow_symlinks=False)
            ]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CnictlError(f"cannot read {directory}: {errno_text(error.errno or 0)}") from error
    return sorted(found, key=os.fsencode)


def load_list(path: str) -> NetworkList:
    """The network of a list file, with the plugins of the folder that has the network's name.

    Raises CniError, or CnictlError for what cannot be read; the file is named in either.
    """
    return _list(path, _read(path))


def _list(path: str, raw: bytes) -> NetworkList:
    try:
        network = parse_list(raw)
        if not network.load_only_inlined_plugins:
            check_network_name(network.name)  # it is about to become part of a path
    except CniError as error:
        raise _located(error, path) from error
    if not network.load_only_inlined_plugins:
        network = with_folder(network, os.path.dirname(path))
    if not network.plugins:
        raise CnictlError(f"no plugin configs found; in {path}")
    return network


def with_folder(network: NetworkList, directory: str) -> NetworkList:
    """The network with the plugins of the folder that has its name; the same one when there are none."""
    return with_plugins(network, _folder_plugins(os.path.join(directory, network.name)))


def load_single(path: str) -> NetworkList:
    """The network of a file with a single plugin, as a list of one.  Raises as load_list."""
    return _single(path, _read(path))


def _single(path: str, raw: bytes) -> NetworkList:
    try:
        return list_of_one(parse_plugin(raw))
    except CniError as error:
        raise _located(error, path) from error


def load(path: str) -> NetworkList:
    """The network of any file that somebody names: what it holds counts, not its extension.

    It may be a pipe: it is read once.
    """
    raw = _read(path)
    return _single(path, raw) if _is_single(raw) else _list(path, raw)


def parse(raw: bytes) -> NetworkList:
    """The network of a document from elsewhere, such as a cached one; no folder is looked into."""
    return list_of_one(parse_plugin(raw)) if _is_single(raw) else parse_list(raw)


def find_network(directory: str, name: str) -> Found:
    """The first network of that name: among the lists, then among the single configurations."""
    broken: list[Candidate] = []
    paths = [*files(directory, LISTS), *files(directory, SINGLES)]
    for path in paths:
        candidate = _candidate(path)
        if candidate.network is None:
            broken.append(candidate)
        elif candidate.network.name == name:
            return Found(candidate.network, path, broken)
    if not paths:
        raise NoConfigurations(directory)
    raise NoSuchNetwork(name, directory, broken)


def survey(directory: str) -> list[Candidate]:
    """Every configuration file of a directory, in the order of the names, with what is in it."""
    return [_candidate(path) for path in files(directory, LISTS + SINGLES)]


def _candidate(path: str) -> Candidate:
    try:
        raw = _read_regular(path)
        return Candidate(path, _list(path, raw) if path.endswith(LISTS) else _single(path, raw))
    except CnictlError as problem:
        return Candidate(path, problem=problem)


def _is_single(raw: bytes) -> bool:
    try:
        members = decode(raw)
    except CniError:
        return False  # whoever reads it as a list says what is wrong
    return isinstance(members, dict) and "plugins" not in members and Document(members).has("type")


def _folder_plugins(folder: str) -> list[PluginConfig]:
    plugins = []
    try:
        paths = files(folder, (".conf",))
    except CnictlError as error:
        cause = error.__cause__
        words = errno_text(cause.errno or 0) if isinstance(cause, OSError) else str(error)
        raise CnictlError(f"failed to read plugin config files in {folder}: {words}") from error
    for path in paths:
        try:
            plugins.append(parse_plugin(_read_regular(path)))
        except CniError as error:
            raise _located(error, path) from error
    return plugins


def _read_regular(path: str) -> bytes:
    """Return what is in a file that nobody named: for a FIFO one might wait without end."""
    try:
        kind = os.stat(path).st_mode
    except OSError:
        return _read(path)  # whose words are libcni's
    if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        raise CnictlError(f"error reading {path}: it is no regular file")
    return _read(path)


def _read(path: str) -> bytes:
    step = "open"
    try:
        with open(path, "rb", buffering=0) as file:
            step = "read"
            return file.read()
    except OSError as error:
        if isinstance(error, IsADirectoryError):
            step = "read"  # where Go notices
        raise CnictlError(f"error reading {path}: {step} {path}: {errno_text(error.errno or 0)}") from error


def _located(error: CniError, path: str) -> CniError:
    details = f"in {path}: {error.details}" if error.details else f"in {path}"
    return CniError(error.code, error.msg, details, hint=error.hint)
