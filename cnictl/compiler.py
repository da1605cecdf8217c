"""Small programs in C, compiled on the machine that they are for."""

from __future__ import annotations

import os

from cnictl import invoke
from cnictl.spec.errors import CnictlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

COMPILERS = ("cc", "gcc", "clang")
_PATIENCE = 60.0  # seconds


class CompilerError(CnictlError):
    """There is no C compiler here, or it fails."""


def compiled(what: str, sources: Sequence[str], *options: str) -> bytes:
    """Return a program made of C sources, linked statically where that can be: it starts in half the time.

    `what` is what errors call it.  Raises CompilerError.
    """
    import shutil
    import tempfile

    compiler = next(filter(None, map(shutil.which, COMPILERS)), None)
    if compiler is None:
        raise CompilerError(f"no C compiler, which makes {what}", hint="install gcc and libc6-dev")
    said = ""
    with tempfile.TemporaryDirectory(prefix="cnictl-") as directory:
        program = os.path.join(directory, "program")
        for how in (["-static"], []):
            words = ["-O2", "-s", *how, *options, "-o", program, *sources]
            done = invoke.run(compiler, words, environment=os.environ, timeout=_PATIENCE)
            if done.status == 0:
                with open(program, "rb") as file:
                    return file.read()
            said = done.stderr.decode(errors="replace").strip()
    raise CompilerError(f"{compiler} cannot make {what}: {said[-1000:]}")
