"""`cnictl install` and `uninstall`: our programs come and go, those of others stay."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from cnictl.install import ASIDE, LAUNCHER, ONE_SHOT
from cnictl.sandbox.node import Node
from cnictl_plugins.multicall import PROGRAMS
from tests.protocol.cli.conftest import CNICTL

FOREIGN = "#!/bin/sh\n# of somebody else\n"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory with a program of somebody else, called like none of ours."""
    directory = tmp_path / "opt" / "cni" / "bin"
    directory.mkdir(parents=True)
    (directory / "calico").write_text(FOREIGN)
    return directory


def contents(directory: Path) -> dict[str, str]:
    """What is in a directory: where links lead, and what files hold."""
    return {
        path.name: os.readlink(path) if path.is_symlink() else path.read_text()
        for path in directory.iterdir()
        if not path.is_dir()
    }


def test_a_link_for_every_plugin(bench, place: Path):
    """They all lead to one launcher; the paths are printed, and a second time there is nothing to do.

    Who does not know of the worker is told.
    """
    done = bench("install", place).succeeded()
    assert "with --worker" in done.stderr
    assert sorted(done.stdout.split()) == sorted(str(place / name) for name in (LAUNCHER, *PROGRAMS))
    assert {name: (place / name).readlink().name for name in PROGRAMS} == dict.fromkeys(PROGRAMS, LAUNCHER)
    before = contents(place)
    again = bench("install", place).succeeded()
    assert (again.stdout, again.stderr) == ("", f"{place} has them already\n")
    assert contents(place) == before


def test_what_was_installed_runs_anywhere(bench, place: Path):
    """With no environment but the command, and from a directory that has modules of the same names."""
    bench("install", place).succeeded()
    (place / "cnictl").mkdir()
    (place / "json.py").write_text("raise SystemExit(9)")
    done = subprocess.run(
        [f"{place}/bridge"],
        env={"CNI_COMMAND": "VERSION"},
        cwd=place,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
    )
    assert "1.1.0" in json.loads(done.stdout)["supportedVersions"]


def test_it_goes_without_a_trace(bench, place: Path):
    """What is not ours stays; a second time there is nothing to do."""
    before = contents(place)
    bench("install", place).succeeded()
    bench("uninstall", place).succeeded()
    assert contents(place) == before
    again = bench("uninstall", place).succeeded()
    assert (again.stdout, again.stderr) == ("", f"{place} has none of our plugins\n")
    misspelt = bench("uninstall", f"{place}s").succeeded()
    assert (misspelt.stdout, misspelt.stderr) == ("", f"there is no directory {place}s\n")


@pytest.mark.parametrize("name", ["bridge", LAUNCHER])
@pytest.mark.parametrize("kind", ["file", "link", "link to nowhere"])
def test_what_is_not_ours_is_not_replaced(bench, place: Path, name: str, kind: str):
    """It is named, and nothing is done."""
    if kind == "file":
        (place / name).write_text(FOREIGN)
    else:
        (place / name).symlink_to("calico" if kind == "link" else "nowhere")
    before = contents(place)
    done = bench("install", place, status=3)
    assert done.stderr == (
        f"error: {place} has programs of others called {name}\n"
        "hint: --force replaces them, and `cnictl uninstall` brings them back\n"
    )
    assert contents(place) == before


@pytest.mark.parametrize("name", ["bridge", LAUNCHER])
def test_what_is_replaced_by_force_comes_back(bench, place: Path, name: str):
    """As it was, mode and all; a link as a link."""
    (place / name).write_text(FOREIGN)
    (place / name).chmod(0o711)
    (place / "ptp").symlink_to("calico")
    before = contents(place)
    bench("install", "--force", place).succeeded()
    assert (place / "bridge").readlink().name == LAUNCHER
    bench("uninstall", place).succeeded()
    assert contents(place) == before
    assert (place / name).stat().st_mode & 0o777 == 0o711
    assert not (place / ASIDE).exists()


def test_what_was_replaced_may_come_again(bench, place: Path):
    """A package's upgrade writes its programs over ours; by force ours come back, and its new ones later."""
    (place / "bridge").write_text("old")
    bench("install", "--force", place).succeeded()
    (place / "bridge").unlink()
    (place / "bridge").write_text("new")
    bench("install", place, status=3)
    bench("install", "--force", place).succeeded()
    bench("uninstall", place).succeeded()
    assert contents(place) == {"calico": FOREIGN, "bridge": "new"}


def test_a_directory_in_the_way(bench, place: Path):
    """It is no program that could be put aside, and nothing is done."""
    (place / "tuning").mkdir()
    before = contents(place)
    done = bench("install", "--force", place, status=3)
    assert done.stderr == f"error: {place}/tuning is a directory\n"
    assert contents(place) == before


@pytest.mark.parametrize(
    ("where", "reason"),
    [("/proc/none", "/proc/none: no such file or directory"), ("{place}/calico", "{place}/calico: ")],
)
def test_a_place_where_nothing_can_be_put(bench, place: Path, where: str, reason: str):
    """The kernel's words, and no question after root where root is."""
    where, reason = where.format(place=place), reason.format(place=place)
    done = bench("install", where, status=3)
    assert done.stderr.startswith(f"error: cannot install into {where}: {reason}")
    assert "hint:" not in done.stderr or os.geteuid()


def test_a_disk_that_is_full(node: Node):
    """The file is named, and nothing of it stays there."""
    node.run(["sh", "-c", "mkdir /run/small; mount -t tmpfs -o size=4k tmpfs /run/small"]).checked()
    node.run(["sh", "-c", "head -c 4096 /dev/zero >/run/small/full"]).checked()
    done = node.run([CNICTL, "install", "/run/small"])
    assert done.status == 3
    assert "error: cannot install into /run/small: /run/small/cnictl-plugin: no space left" in done.stderr
    assert os.listdir(node.path("/run/small")) == ["full"]


def version(place: Path) -> list[str]:
    """Ask a plugin for the versions that it supports."""
    done = subprocess.run(
        [place / "bridge"], env={"CNI_COMMAND": "VERSION"}, input=b"{}", check=True, capture_output=True
    )
    supported: list[str] = json.loads(done.stdout)["supportedVersions"]
    return supported


def test_a_launcher_for_a_worker(bench, place: Path):
    """Made by the compiler, and the same a second time; the plugins work without a worker."""
    done = bench("install", "--worker", place).succeeded()
    assert done.stderr == ""
    assert {str(place / LAUNCHER), str(place / ONE_SHOT)} <= set(done.stdout.split())
    assert (place / LAUNCHER).read_bytes().startswith(b"\x7fELF")
    assert "1.1.0" in version(place)
    again = bench("install", "--worker", place).succeeded()
    assert (again.stdout, again.stderr) == ("", f"{place} has them already\n")
    bench("uninstall", place).succeeded()
    assert contents(place) == {"calico": FOREIGN}


def test_from_one_launcher_to_the_other(bench, place: Path):
    """There and back, without --force: both are ours."""
    bench("install", place).succeeded()
    assert bench("install", "--worker", place).succeeded().stdout.split() == [
        str(place / ONE_SHOT),
        str(place / LAUNCHER),
    ]
    assert bench("install", place).succeeded().stdout.split() == [str(place / LAUNCHER)]
    assert "1.1.0" in version(place)
    bench("uninstall", place).succeeded()
    assert contents(place) == {"calico": FOREIGN}


def test_no_compiler(bench, place: Path):
    """Nothing is done, and the message says what to install."""
    failed = bench("install", "--worker", place, env={"PATH": "/nowhere"})
    assert failed.status == 3
    assert failed.stderr == (
        "error: no C compiler, which makes the launcher for a worker\n"
        "hint: install gcc and libc6-dev, or do without --worker\n"
    )
    assert contents(place) == {"calico": FOREIGN}
