"""What modules import, read from their texts: nothing is run."""

from __future__ import annotations
import __future__

import ast
import os
from importlib.machinery import ExtensionFileLoader, SourceFileLoader
from importlib.util import find_spec
from types import CodeType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from cnictl.bundle.load import Source

_ON_TOP = "cnictl_plugins"
"""The package that the launcher makes itself, as its directory has another name."""
_FROZEN = ("os", "sys")
"""What the interpreter has in itself although there is a file of it."""


class Imports:
    """What a module imports: at once, at once but only to use it later, and when a function is called."""

    __slots__ = ("at_once", "late", "to_use")

    def __init__(self) -> None:
        self.at_once: list[str] = []
        self.to_use: list[str] = []
        self.late: list[str] = []


class Modules:
    """The modules of packages that are in the directories `homes`, and those of the interpreter."""

    def __init__(self, homes: dict[str, str]) -> None:
        self._homes = homes
        self._paths: dict[str, str] = {}
        self._imports: dict[str, Imports] = {}
        self._codes: dict[str, CodeType] = {}

    def path(self, name: str) -> str:
        """The file of a module; nothing for what is built in, compiled, or no module."""
        if name not in self._paths:
            self._paths[name] = self._find(name)
        return self._paths[name]

    def source(self, name: str) -> Source:
        return _source(self.path(name))

    def is_package(self, name: str) -> bool:
        return self.path(name).endswith("/__init__.py")

    def imports(self, name: str) -> Imports:
        """What a module imports.  Raises SyntaxError."""
        if name not in self._imports:
            self._read(name)
        return self._imports[name]

    def code(self, name: str) -> CodeType:
        """What a module does on being imported, without importing `__future__`.  Raises SyntaxError.

        One of ours comes without docstrings, without the annotations of its functions and without the
        numbers of its lines, which take a tenth of the time to load it.
        """
        if name not in self._codes:
            self._read(name)
        return self._codes[name]

    def at_once(self, names: Iterable[str]) -> dict[str, bool]:
        """What must be there for modules to be imported, in an order in which that can be done, with them.

        Each with whether it must have been run: others are only to be used later.
        """
        run = self._reached(names, self._needed)
        found: dict[str, bool] = {}
        begun: set[str] = set()
        for name in names:
            self._order(name, run, found, begun)
        return found

    def all(self, names: Iterable[str]) -> set[str]:
        """Modules, and all of ours that they can come to import."""

        def ours(found: Iterable[str]) -> list[str]:
            return [one for one in found if self._is_ours(one)]

        def following(name: str) -> list[str]:
            imports = self.imports(name)
            return ours([*imports.at_once, *imports.to_use, *imports.late, name.rpartition(".")[0]])

        return self._reached(ours(names), following)

    def libraries(self, names: Iterable[str]) -> dict[str, Source]:
        """The libraries in C that modules import, those of the interpreter itself, by name."""
        found = {}
        for name in names:
            imports = self.imports(name)
            for other in (*imports.at_once, *imports.late):
                spec = None if "." in other or not other else find_spec(other)
                if spec and spec.origin and isinstance(spec.loader, ExtensionFileLoader):
                    found[other] = _source(spec.origin)
        return found

    def _needed(self, name: str) -> list[str]:
        """What must have been run before a module is."""
        imports = self.imports(name)
        return [*imports.at_once, *(one.rpartition(".")[0] for one in (name, *imports.to_use))]

    def _reached(self, names: Iterable[str], following: Callable[[str], list[str]]) -> set[str]:
        reached: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in reached and self.path(name):
                reached.add(name)
                waiting += following(name)
        return reached

    def _order(self, name: str, run: set[str], found: dict[str, bool], begun: set[str]) -> None:
        if name in begun or not self.path(name):
            return
        begun.add(name)
        self._order(name.rpartition(".")[0], run, found, begun)
        if name in run:
            imports = self.imports(name)
            for other in (*imports.at_once, *imports.to_use):
                self._order(other, run, found, begun)
        found[name] = name in run

    def _read(self, name: str) -> None:
        path = self.path(name)
        with open(path, "rb") as file:
            tree = ast.parse(file.read(), path)
        imports = self._imports[name] = Imports()
        package = name if self.is_package(name) else name.rpartition(".")[0]
        if self._is_ours(name):
            _leave_out_words(tree)
        used = {node.id for node in _run(tree) if isinstance(node, ast.Name)}
        on_top = set(tree.body)
        for node in _imports(tree):
            for other, bound in _imported(node, package):
                if node not in on_top:
                    imports.late.append(other)
                elif bound and bound not in used and self.path(other):
                    imports.to_use.append(other)
                else:
                    imports.at_once.append(other)
        body = [node for node in tree.body if not _is_future(node)]
        flags = 0 if len(body) == len(tree.body) else __future__.annotations.compiler_flag
        code = compile(ast.Module(body, []), path, "exec", flags, dont_inherit=True)
        self._codes[name] = _without_lines(code) if self._is_ours(name) else code

    def _is_ours(self, name: str) -> bool:
        return name.partition(".")[0] in self._homes

    def _find(self, name: str) -> str:
        top, *inner = name.split(".")
        if top in self._homes:
            base = os.path.join(self._homes[top], *inner)
            places = () if name == _ON_TOP else (f"{base}/__init__.py", f"{base}.py")
            return next((path for path in places if os.path.exists(path)), "")
        spec = None if inner or not top or top in _FROZEN else find_spec(name)
        return (spec.origin or "") if spec and isinstance(spec.loader, SourceFileLoader) else ""


def _source(path: str) -> Source:
    status = os.stat(path)
    return path, status.st_mtime_ns, status.st_size


def _imports(tree: ast.AST) -> Iterator[ast.Import | ast.ImportFrom]:
    for node in ast.iter_child_nodes(tree):
        match node:
            case ast.If(test=ast.Name("TYPE_CHECKING")) | ast.ImportFrom(module="__future__"):
                continue
            case ast.Import() | ast.ImportFrom():
                yield node
            case _:
                pass
        yield from _imports(node)


def _imported(node: ast.Import | ast.ImportFrom, package: str) -> Iterator[tuple[str, str]]:
    """Yield what is imported, and for a part of it, which may be a module, the name by which it is known."""
    if isinstance(node, ast.Import):
        yield from ((one.name, "") for one in node.names)
        return
    above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    yield base, ""
    yield from ((f"{base}.{one.name}", one.asname or one.name) for one in node.names)


def _run(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what is looked at while a module is imported: no bodies of functions, and no annotations."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns") or (field == "body" and isinstance(tree, ast.FunctionDef)):
            continue
        for node in value if isinstance(value, list) else [value]:
            if isinstance(node, ast.AST) and not isinstance(node, ast.Lambda):
                yield node
                yield from _run(node)


def _leave_out_words(tree: ast.Module) -> None:
    """Take docstrings, and annotations of functions, out of a module."""
    for node in ast.walk(tree):
        match node:
            case ast.Module() | ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
                texts = [one for one in node.body if _is_text(one)]
                node.body = [one for one in node.body if one not in texts]
                if texts and not node.body:
                    node.body = [ast.copy_location(ast.Pass(), texts[0])]
            case ast.arg():
                node.annotation = None
            case _:
                pass
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None


def _without_lines(code: CodeType) -> CodeType:
    consts = (_without_lines(one) if isinstance(one, CodeType) else one for one in code.co_consts)
    return code.replace(co_consts=tuple(consts), co_linetable=b"")


def _is_text(node: ast.stmt) -> bool:
    """Whether it is a docstring, or one of a value."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
