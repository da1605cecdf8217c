"""Builds the worker's launcher into the wheel, so that a node without a C compiler can be given it.

All else about the package is in pyproject.toml.
"""

from __future__ import annotations

import os
import sys

from setuptools import setup
from setuptools.command.bdist_wheel import bdist_wheel, get_platform
from setuptools.command.build_py import build_py

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from cnictl import launcher

LAUNCHER = os.path.relpath(launcher.BUILT, os.path.dirname(os.path.abspath(__file__)))


class BuildPython(build_py):
    """Puts the launcher beside its source; an editable install compiles it when it is wanted."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        try:
            program = launcher.compile_launcher()
        except launcher.InstallError as error:
            self.warn(f"{error}: `cnictl install --worker` will need one on the node")
            return
        path = os.path.join(self.build_lib, LAUNCHER)
        with open(path, "wb") as file:
            file.write(program)


class BuildWheel(bdist_wheel):
    """Names the machine when the launcher is in the wheel; any Python runs the rest."""

    def get_tag(self) -> tuple[str, str, str]:
        python, abi, machine = super().get_tag()
        if os.path.exists(os.path.join(self.bdist_dir, LAUNCHER)):
            machine = get_platform(self.bdist_dir).replace("-", "_").replace(".", "_")
        return python, abi, machine


setup(cmdclass={"build_py": BuildPython, "bdist_wheel": BuildWheel})
