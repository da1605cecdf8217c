"""Takes the modules of a plugin out of its bundle.

This is the first part of a bundle and runs before any other module of ours is there.  It imports nothing
but what the interpreter has built in, because to find a module takes longer than all that is done here.
"""

from __future__ import annotations

import posix
import sys
from _frozen_importlib import FrozenImporter, ModuleSpec
from _frozen_importlib_external import ExtensionFileLoader
from _imp import is_frozen
from marshal import loads

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import CodeType, ModuleType

    Source = tuple[str, int, int]
    """Path of a module, and when it was changed (nanoseconds) and how long it was when it was bundled."""
    Placed = tuple[str, bool, Source, CodeType | tuple[int, int]]
    """Name, whether it is a package, its source, and its code, or where that begins behind the head, and
    how long it is: that of a module that waits to be used."""
else:
    ModuleType = type(sys)


def place(bundle: int, _own: Source, modules: Iterable[Placed], compiled: dict[str, Source]) -> None:
    """Import modules, each before those that import it.

    `bundle` is the descriptor of the bundle, whose head has been read; it stays open.  Nothing is done when
    a source is another than the one that was bundled: modules are found where they are then.  `compiled` are
    the interpreter's libraries in C that the modules may come to import.
    """
    for _, _, source, code in modules:
        if not (isinstance(code, tuple) or is_current(source)):
            return
    if "os" not in sys.modules and all(map(is_frozen, ("os", "posixpath", "stat"))):
        sys.modules["os"] = _OperatingSystem("os")
        sys.modules["os.path"] = sys.modules["posixpath"] = _Frozen("posixpath")
        sys.modules["stat"] = _Frozen("stat")
    sys.meta_path.insert(0, _Libraries(compiled))
    start = posix.lseek(bundle, 0, 1)  # SEEK_CUR
    for name, is_package, source, code in modules:
        module: ModuleType
        if isinstance(code, tuple):
            module = _Unused(name)
            module.code_at = (source, bundle, code[1], start + code[0])
        else:
            module = ModuleType(name)
        sys.modules[name] = module
        parent, _, last = name.rpartition(".")
        module.__file__ = path = source[0]
        module.__package__ = name if is_package else parent
        # With a path the interpreter has a name of it sooner: without it prepares an error first.
        module.__path__ = [path.rpartition("/")[0]] if is_package else []
        if not isinstance(code, tuple):
            exec(code, module.__dict__)  # noqa: S102 (an import, of what `cnictl install` wrote)
        if parent:
            setattr(sys.modules[parent], last, module)


class _Unused(ModuleType):
    """A module that does what it does on being imported when something of it is first asked for."""

    __slots__ = ()

    code_at: tuple[Source, int, int, int]
    """Source, and descriptor, length and offset of what was made of it."""

    def __getattr__(self, name: str) -> object:
        if name[:2] == "__":
            raise AttributeError(name)
        self.__class__ = ModuleType  # type: ignore[assignment]
        exec(_code(*self.code_at), self.__dict__)  # noqa: S102
        return getattr(self, name)


class _Libraries:
    """Finds libraries where they were before; else the interpreter lists two directories for one of them."""

    __slots__ = ("_sources",)

    def __init__(self, sources: dict[str, Source]) -> None:
        self._sources = sources

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        source = self._sources.get(name)
        if source is None or not is_current(source):
            return None
        return ModuleSpec(name, ExtensionFileLoader(name, source[0]), origin=source[0])


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


def _code(source: Source, bundle: int, length: int, offset: int) -> CodeType:
    """Return what was made of a source, or what that is by now."""
    if not is_current(source):
        try:
            with open(source[0], "rb") as file:
                return compile(file.read(), source[0], "exec", dont_inherit=True)
        except OSError:
            pass  # it is being replaced at this moment
    code: CodeType = loads(posix.pread(bundle, length, offset))  # noqa: S302
    return code


def _decoded(text: bytes) -> str:
    return text.decode(sys.getfilesystemencoding(), "surrogateescape")


def is_current(source: Source) -> bool:
    """Whether a module is as it was when it was bundled."""
    path, changed, size = source
    try:
        status = posix.stat(path)
    except OSError:
        return False
    return status.st_mtime_ns == changed and status.st_size == size
