"""What the tests of commands share."""

from __future__ import annotations

import shutil

import pytest

from cnictl.record import program
from tests.conftest import unavailable


@pytest.fixture(scope="session")
def stand_in(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The program that stands in for plugins, made once."""
    if not any(map(shutil.which, program.COMPILERS)):
        unavailable("no C compiler (packages gcc and libc6-dev)")
    path = tmp_path_factory.mktemp("stand-in") / "stand-in"
    path.write_bytes(program.build())
    return str(path)
