"""What stands in the place of a plugin: a script, or a program that hands its call over to a worker."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec

from cnictl import compiler
from cnictl.bundle import write as bundles
from cnictl.compiler import CompilerError
from cnictl.spec.errno_text import reason_of
from cnictl.spec.errors import CnictlError

MARK = "# Starts the plugin that it is called as.  Written by `cnictl install`."
LARGEST = 1 << 22
"""Bytes of a launcher, which is linked statically."""
LIBRARIES = ("jeepney", "yaml")
"""What is not ours, nor of the interpreter, and yet imported by some plugin when it comes to need it."""
SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "worker", "launcher.c")
BUILT = SOURCE.removesuffix(".c")
"""Where the build of a wheel puts what it made of that."""
_LONGEST_INTERPRETER_LINE = 255  # BINPRM_BUF_SIZE - 1, linux/binfmts.h

# Nothing a plugin makes has to be found by a garbage collector, which costs 2 ms, or taken apart at
# the end, which costs 3: it lives for milliseconds.
_BOOT = """import gc, sys
gc.disable()
{begin}sys.path += {places!r}
package = sys.modules["cnictl_plugins"] = type(sys)("cnictl_plugins")
package.__path__ = [{plugins!r}]
"""
# To find an error the modules themselves are run: what a bundle has of them does not know its lines.
_BUNDLE = """from marshal import loads
from posix import O_CLOEXEC, environ, open, read
try:
    bundle = open({before!r} + sys.argv[0].rpartition("/")[2] + {after!r}, O_CLOEXEC)
except OSError:
    bundle = None
if bundle is not None and not environ.get(b"CNICTL_DEBUG"):
    code, *rest = loads(read(bundle, int.from_bytes(read(bundle, 4), "little")))
    loader = {{}}
    exec(code, loader)
    loader["place"](bundle, *rest)
"""


class InstallError(CnictlError):
    """The plugins cannot be put there, or not without destroying something."""


def script(plugins: str, *, one_shot: bool = False) -> str:
    """Return the launcher for the plugins in a directory; with `one_shot` its first argument is argv[0].

    The interpreter runs isolated (-I: a plugin is root with an environment that others filled in)
    and without site (-S: 2 ms), so that it is told where the libraries are that a plugin may need late.
    Raises InstallError when the kernel could not start it.
    """
    python = interpreter()
    if " " in python or len(f"#!{python} -IS") > _LONGEST_INTERPRETER_LINE:
        raise InstallError(
            f"the kernel cannot start {python} from a script",
            hint="use a Python with a shorter path, without blanks",
        )
    boot = _boot(plugins, "sys.argv.pop(0)\n" if one_shot else "")
    before, after = bundles.place(plugins)
    boot += _BUNDLE.format(before=before, after=after)
    cnictl = [sys.executable, "-P", "-m", "cnictl"]
    call = f"from cnictl_plugins.multicall import main_and_exit\nmain_and_exit({cnictl!r})\n"
    return f"#!{python} -IS\n{MARK}\n{boot}{call}"


def worker(plugins: str) -> list[str]:
    """Return the command that runs a worker with the plugins in a directory; its arguments follow."""
    return [interpreter(), "-IS", "-c", f"{_boot(plugins)}from cnictl.worker.daemon import main\nmain()"]


def compiled() -> bytes:
    """Return the launcher that hands calls over to a worker: the one in the package, or else one made here.

    Raises InstallError when there is neither, or when the C compiler fails.
    """
    try:
        with open(BUILT, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return compile_launcher()
    except OSError as error:
        raise InstallError(f"cannot read {BUILT}: {reason_of(error)}") from None


def compile_launcher() -> bytes:
    """Make the launcher that hands calls over to a worker.

    Raises InstallError when there is no C compiler, or when it fails.
    """
    try:
        return compiler.compiled("the launcher for a worker", [SOURCE], f'-DMARK="{MARK}"')
    except CompilerError as error:
        hint = f"{error.hint}, or do without --worker" if error.hint else ""
        raise InstallError(str(error), hint=hint) from None


def interpreter() -> str:
    """Return the path of the interpreter itself, outside of any virtual environment."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def library_places() -> list[str]:
    """The directories that hold the libraries of `LIBRARIES`; a plugin says itself what it misses."""
    found = [find_spec(library) for library in LIBRARIES]
    origins = [spec.origin for spec in found if spec is not None and spec.origin is not None]
    return list(dict.fromkeys(os.path.dirname(os.path.dirname(origin)) for origin in origins))


def _boot(plugins: str, begin: str = "") -> str:
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    places = [home, *(place for place in library_places() if place != home)]
    return _BOOT.format(begin=begin, places=places, plugins=plugins)
