"""A bare Debian is made once, of what there is to be had, and gets the working tree as it is."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import unavailable
from tests.debian import inside, lane, root
from tests.debian.root import NoDebian, Release

RELEASE = "Origin: Debian\nSuite: stable\nCodename: trixie\nDate: Sat, 06 Sep 2025 08:54:17 UTC\nMD5Sum:\n"
PROGRAM = '#!/bin/sh\necho "$@" >>"$0.calls"\nmkdir -p "$3/etc/apt/apt.conf.d" "$3/usr/sbin"\n'


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory where it is kept, with a program debootstrap that makes almost nothing."""
    program = tmp_path / "bin" / "debootstrap"
    program.parent.mkdir()
    program.write_text(PROGRAM)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(inside, "alone", list)
    monkeypatch.setattr(root, "DIRECTORY", tmp_path / "kept")
    return tmp_path / "kept"


@pytest.fixture
def git() -> None:
    """The program."""
    if not shutil.which("git"):
        unavailable("no git: install the package git")


def offer(monkeypatch: pytest.MonkeyPatch, dates: dict[str, str]) -> None:
    """Have sites, and of those with a date the release."""
    monkeypatch.setattr(root, "sites", lambda: list(dates))
    monkeypatch.setattr(root, "date_of", dates.__getitem__)


def calls(tmp_path: Path) -> list[str]:
    """What debootstrap was asked for."""
    return (tmp_path / "bin" / "debootstrap.calls").read_text().splitlines()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('ID=debian\nVERSION_CODENAME="trixie"\n', "trixie"),
        ("VERSION_CODENAME=bookworm\nID=debian\n\n", "bookworm"),
        ("ID=debian\nPRETTY_NAME=sid\n", ""),
        ("ID=ubuntu\nVERSION_CODENAME=noble\n", ""),
    ],
)
def test_the_debian_that_this_is(tmp_path: Path, text: str, name: str):
    """As it says of itself."""
    (tmp_path / "os-release").write_text(text)
    assert root.release_here(str(tmp_path / "os-release")) == name
    assert root.release_here(str(tmp_path / "none")) == ""


def test_on_a_debian_13_it_is_not_wanted(monkeypatch: pytest.MonkeyPatch):
    """There every lane is one of Debian 13."""
    monkeypatch.setattr(root, "release_here", lambda: "trixie")
    assert root.obstacle() == "this machine is a Debian 13 itself, which the other lanes have tried"


def test_a_missing_program_is_named(monkeypatch: pytest.MonkeyPatch):
    """With the package that has it."""
    monkeypatch.setattr(root, "release_here", lambda: "bookworm")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "debootstrap" else name)
    assert root.obstacle() == "no program 'debootstrap' (package debootstrap)"


def test_a_site_without_the_release_is_passed_over(kept: Path, monkeypatch: pytest.MonkeyPatch):
    """Where none has it the sites are named."""
    offer(monkeypatch, {"http://security.test/": "", "http://debian.test/": "Saturday"})
    assert root.newest() == Release("http://debian.test/", "Saturday")
    offer(monkeypatch, {"http://security.test/": "", "http://debian.test/": ""})
    with pytest.raises(NoDebian) as refused:
        root.newest()
    assert str(refused.value) == (
        "no trixie where this machine's packages come from (http://security.test/, http://debian.test/)"
    )
    assert not kept.exists()


def test_a_site_is_asked_for_the_date_of_the_release(tmp_path: Path):
    """Which changes with every point release, and with nothing else."""
    if not os.access(root.APT_HELPER, os.X_OK):
        unavailable(f"no {root.APT_HELPER}: install the package apt")
    (tmp_path / "dists" / "trixie").mkdir(parents=True)
    (tmp_path / "dists" / "trixie" / "Release").write_text(RELEASE)
    assert root.date_of(f"file:{tmp_path}/") == "Sat, 06 Sep 2025 08:54:17 UTC"
    assert root.date_of(f"file:{tmp_path}/dists/") == ""


def test_it_is_made_once_a_point_release(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What was installed into it stays until then, and without a site for good."""
    offer(monkeypatch, {"http://debian.test/": "Saturday"})
    top = root.ready()
    assert calls(tmp_path) == [f"--variant=minbase trixie {kept}/unfinished http://debian.test/"]
    (top / "installed").touch()
    assert root.ready() == top
    offer(monkeypatch, {"http://debian.test/": ""})
    assert root.ready() == top
    assert (top / "installed").exists()
    assert len(calls(tmp_path)) == 1
    offer(monkeypatch, {"http://debian.test/": "Sunday"})
    assert root.ready() == top
    assert not (top / "installed").exists()
    assert len(calls(tmp_path)) == 2


def test_what_was_not_finished_is_made_again(kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A debootstrap that fails, or is killed, leaves nothing that is taken for a Debian."""
    offer(monkeypatch, {"http://debian.test/": "Saturday"})
    program = tmp_path / "bin" / "debootstrap"
    program.write_text(PROGRAM + "touch $3/half\necho 'E: no space' >&2\nexit 1\n")
    with pytest.raises(NoDebian) as refused:
        root.ready()
    assert str(refused.value) == "debootstrap cannot make a Debian 13: E: no space"
    program.write_text(PROGRAM)
    assert not (root.ready() / "half").exists()
    assert sorted(os.listdir(kept)) == ["made-of", "root"]


@pytest.mark.usefixtures("kept")
def test_no_service_is_started_in_it(monkeypatch: pytest.MonkeyPatch):
    """Nor does a package's installation find its own name missing."""
    offer(monkeypatch, {"http://debian.test/": "Saturday"})
    top = root.ready()
    assert subprocess.run([top / "usr/sbin/policy-rc.d"], check=False).returncode == 101
    assert "127.0.1.1 debian-13" in (top / "etc/hosts").read_text().splitlines()
    assert (top / "etc/hostname").read_text() == "debian-13\n"


@pytest.mark.usefixtures("git")
def test_the_working_tree_is_handed_over_as_it_is(tmp_path: Path):
    """Changes and new files are tested, what git ignores stays here, and what was deleted is gone."""
    tree, copy = tmp_path / "tree", tmp_path / "srv" / "copy"
    (tree / "inner").mkdir(parents=True)
    for name in ("changed", "deleted", "inner/kept"):
        (tree / name).write_text("as committed")
    (tree / ".gitignore").write_text(".venv\nbuild\n")
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", "-C", tree, *words], check=True)
    for name in (".venv", "build"):
        (tree / name).mkdir()
        (tree / name / "ours").touch()
    lane.hand_over(tree, copy)
    (copy / ".venv").mkdir()
    (copy / ".venv" / "theirs").touch()
    (copy / "made by a test").mkdir()
    (tree / "changed").write_text("changed")
    (tree / "new").symlink_to("changed")
    (tree / "deleted").unlink()
    lane.hand_over(tree, copy)
    assert sorted(str(path.relative_to(copy)) for path in copy.rglob("*")) == [
        ".gitignore", ".venv", ".venv/theirs", "changed", "inner", "inner/kept", "new",
    ]  # fmt: skip
    assert (copy / "changed").read_text() == "changed"
    assert (copy / "new").is_symlink()


@pytest.mark.usefixtures("git")
def test_a_tree_that_git_does_not_know_is_not_handed_over(tmp_path: Path):
    """As one that comes from an archive; without its files there is nothing to test."""
    assert lane.unknown_to_git(tmp_path).startswith(
        f"git cannot list the files of {tmp_path}: fatal: not a git"
    )
    subprocess.run(["git", "-C", tmp_path, "init", "-q"], check=True)
    assert lane.unknown_to_git(tmp_path) == f"git knows no files in {tmp_path}"
    (tmp_path / "file").touch()
    subprocess.run(["git", "-C", tmp_path, "add", "."], check=True)
    assert lane.unknown_to_git(tmp_path) == ""


def test_of_the_environment_only_what_means_the_same_in_there():
    """Neither our interpreter nor directories of this machine."""
    ours = {"CI": "1", "PATH": "/ours", "PYTHON": "/ours/python", "PIP_FIND_LINKS": "/ours", "no_proxy": "a"}
    given = lane.environment(ours)
    assert (given["CI"], given["no_proxy"]) == ("1", "a")
    assert not {"PATH", "PYTHON", "PIP_FIND_LINKS", "https_proxy"} & set(given)


def test_the_chosen_tests_are_there():
    """A file that is renamed must not drop out of the lane."""
    assert [path for path in lane.CHOSEN if not (lane.ROOT / path).exists()] == []
