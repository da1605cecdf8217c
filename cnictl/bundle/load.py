"""Takes the modules of a plugin out of its bundle.

This is the first part of a bundle and runs before any other module of ours is there.  It imports nothing
but what the interpreter has built in, because to find a module takes longer than all that is done here.
"""

from __future__ import annotations

import posix
import sys
from _frozen_importlib import FrozenImporter, ModuleSpec
from _imp import is_frozen
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, ModuleType

    Source = tuple[str, int, int]
    """Path of a module, and when it was changed (nanoseconds) and how long it was when it was bundled."""
    Placed = tuple[str, bool, Source, CodeType | None]
    """Name, whether it is a package, its source, and its code; without that it waits to be used."""
    Later = tuple[bool, Source, int, int]
    """Whether it is a package, its source, and where behind the head its code begins, and how long it is."""
else:
    ModuleType = type(sys)


def place(bundle: int, modules: Iterable[Placed], later: dict[str, Later]) -> None:
    """Import modules, each before those that import it, and give those of `later` when they are asked for.

    `bundle` is the descriptor of the bundle, whose head has been read; it stays open.  Nothing is done when
    a source is another than the one that was bundled: modules are found where they are then.
    """
    for _, _, source, _ in modules:
        if not is_current(source):
            return
    if "os" not in sys.modules and is_frozen("os") and is_frozen("posixpath"):
        sys.modules["os"] = _OperatingSystem("os")
        sys.modules["os.path"] = sys.modules["posixpath"] = _Frozen("posixpath")
    finder = _Finder(bundle, later)
    for name, is_package, (path, _, _), code in modules:
        module = sys.modules[name] = ModuleType(name) if code else _Unused(name)
        parent, _, last = name.rpartition(".")
        module.__file__ = path
        module.__package__ = name if is_package else parent
        if is_package:
            module.__path__ = [path.rpartition("/")[0]]
        if code:
            exec(code, module.__dict__)  # noqa: S102 (an import, of what `cnictl install` wrote)
        else:
            module.__loader__ = finder  # type: ignore[assignment]
        if parent:
            setattr(sys.modules[parent], last, module)
    sys.meta_path.insert(0, finder)


class _Unused(ModuleType):
    """A module that does what it does on being imported when something of it is first asked for."""

    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        if name[:2] == "__":
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__loader__.exec_module(self)  # type: ignore[union-attr]
        return getattr(self, name)


class _Frozen(ModuleType):
    """A module that the interpreter has in itself, and runs when something of it is first asked for."""

    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        if name == "__path__":  # what is no package does not have it
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        self.__loader__ = FrozenImporter
        self.__spec__ = spec = FrozenImporter.find_spec(self.__name__)
        self.__file__ = getattr(spec and spec.loader_state, "filename", None)
        FrozenImporter.exec_module(self)
        return getattr(self, name)


_SEPARATORS = {"sep": "/", "pathsep": ":"}


class _OperatingSystem(_Frozen):
    """`os`, which has most of its names from `posix`.

    The rest takes a tenth of a plugin's start, most of that for the classes of collections.abc, and is
    run when a name of it is asked for.  Until then `environ` is a dictionary of what the process was
    started with: to change it changes nothing for the programs that the process starts.
    """

    __slots__ = ()

    def __getattr__(self, name: str) -> object:
        found: object
        if name == "environ":
            found = {_decoded(key): _decoded(value) for key, value in posix.environ.items()}
        elif name == "path":
            found = sys.modules["os.path"]
        elif name in _SEPARATORS:
            found = _SEPARATORS[name]
        elif name in posix.__dict__ and (name[0] != "_" or name == "_exit"):
            found = posix.__dict__[name]
        else:
            return super().__getattr__(name)
        setattr(self, name, found)
        return found


def _decoded(text: bytes) -> str:
    return text.decode(sys.getfilesystemencoding(), "surrogateescape")


class _Finder:
    """Finds what is not imported at once."""

    __slots__ = ("_bundle", "_later", "_start")

    def __init__(self, bundle: int, later: dict[str, Later]) -> None:
        self._bundle = bundle
        self._start = posix.lseek(bundle, 0, 1)  # SEEK_CUR
        self._later = later

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        found = self._later.get(name)
        if found is None or not is_current(found[1]):
            return None
        is_package, (path, _, _), _, _ = found
        spec = ModuleSpec(name, self, origin=path, is_package=is_package)  # type: ignore[arg-type]
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [path.rpartition("/")[0]]
        return spec

    def create_module(self, _spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        _, _, start, length = self._later[module.__name__]
        code = loads(posix.pread(self._bundle, length, self._start + start))  # noqa: S302
        exec(code, module.__dict__)  # noqa: S102


def is_current(source: Source) -> bool:
    """Whether a module is as it was when it was bundled."""
    path, changed, size = source
    try:
        status = posix.stat(path)
    except OSError:
        return False
    return status.st_mtime_ns == changed and status.st_size == size
