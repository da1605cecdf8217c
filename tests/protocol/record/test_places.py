"""Stand-ins come and go: the directory is as it was, whatever happened meanwhile."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cnictl.aside import RECORDED, is_stand_in
from cnictl.cni_path import NotFound
from cnictl.install import LAUNCHER, ONE_SHOT, install, uninstall
from cnictl.launcher import InstallError
from cnictl.record import log, places
from cnictl.record.model import RecordError
from tests.conftest import package_directory
from tests.protocol.record.conftest import ENVIRONMENT, Directory

STEPS = ("link", "mkdir", "open", "rename", "replace", "rmdir", "symlink", "unlink")
"""The functions of os that change a directory."""


@pytest.fixture
def several(directory: Directory) -> Directory:
    """A script, a program, and symlinks to each."""
    directory.plugin("script", "echo script; exit 6")
    directory.plugin("target", "echo ${0##*/}; exit 6")
    (directory.bin / "link").symlink_to("target")
    shutil.copy("/bin/false", directory.bin)
    (directory.bin / "absolute").symlink_to(directory.bin / "target")
    return directory


NAMES = ("script", "link", "false", "absolute")
ANSWERS = {
    "script": (6, b"script\n"),
    "link": (6, b"link\n"),
    "false": (1, b""),
    "absolute": (6, b"absolute\n"),
}


def answers(directory: Directory) -> dict[str, tuple[int, bytes]]:
    """What each plugin answers."""
    done = {name: directory.call(name) for name in NAMES}
    return {name: (one.returncode, one.stdout) for name, one in done.items()}


def contents(directory: Path) -> dict[str, tuple[str, bytes | str]]:
    """What is in a directory, and below it: mode, and where links lead or what files hold."""
    return {
        str(path.relative_to(directory)): (
            oct(path.lstat().st_mode),
            os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else "",
        )
        for path in directory.rglob("*")
    }


def test_it_goes_without_a_trace(several: Directory):
    """Files as files of the same mode, symlinks as symlinks; twice makes no difference."""
    (several.bin / "script").chmod(0o711)
    before, inode = contents(several.bin), (several.bin / "script").stat().st_ino
    assert several.start(*NAMES) == sorted(NAMES)
    assert several.start(*NAMES) == []
    assert (several.bin / "script").stat().st_mode & 0o777 == 0o711
    assert answers(several) == ANSWERS
    assert len(several.calls()) == len(NAMES)
    assert several.stop() == [f"{name} recorded" for name in sorted(NAMES)]
    assert several.stop() == []
    assert contents(several.bin) == before
    assert (several.bin / "script").stat().st_ino == inode


def test_only_what_was_chosen(several: Directory):
    """The others are left alone, and one may be brought back before the others."""
    several.start("script", "link")
    several.start("false")
    assert [one.plugin for one in places.stop(str(several.bin), ["link"])] == ["link"]
    assert answers(several) == ANSWERS
    assert [one.plugin for one in several.calls()] == ["script", "false"]


def test_two_at_once(several: Directory):
    """Of two that start, or stop, at the same time one does it and the other finds it done."""
    before = contents(several.bin)
    with ThreadPoolExecutor(2) as pool:
        started = list(pool.map(lambda _: several.start(*NAMES), range(2)))
        assert sorted(map(len, started)) == [0, len(NAMES)]
        stopped = list(pool.map(lambda _: several.stop(), range(2)))
        assert sorted(map(len, stopped)) == [0, len(NAMES)]
    assert contents(several.bin) == before


@pytest.mark.parametrize("how", ["renamed over it", "written into it"])
def test_an_upgrade_meanwhile(several: Directory, how: str):
    """What a package, or an installer that writes in place, put there stays; the others come back."""
    several.start(*NAMES)
    for name in ("script", "link"):
        if how == "renamed over it":
            several.plugin("new", "echo upgraded").rename(several.bin / name)
        else:
            (several.bin / name).write_text("#!/bin/sh\necho upgraded\n")
    conditions = {one.plugin: one.condition for one in places.places(str(several.bin))}
    assert conditions == {
        "script": "replaced", "link": "replaced", "false": "recorded", "absolute": "recorded"
    }  # fmt: skip
    several.stop()
    assert answers(several) == {**ANSWERS, "script": (0, b"upgraded\n"), "link": (0, b"upgraded\n")}
    assert not several.store.exists()


def test_what_was_upgraded_is_recorded_again(several: Directory):
    """Start after an upgrade keeps the new one."""
    several.start("script")
    several.plugin("new", "echo upgraded").rename(several.bin / "script")
    assert several.start("script") == ["script"]
    assert several.call("script").stdout == b"upgraded\n"
    several.stop()
    assert several.call("script").stdout == b"upgraded\n"


def test_a_stand_in_that_was_removed(several: Directory):
    """The plugin comes back, as nothing else has it."""
    before = contents(several.bin)
    several.start("script", "link")
    (several.bin / "script").unlink()
    assert several.stop() == ["link recorded", "script removed"]
    assert contents(several.bin) == before


def test_a_plugin_that_is_gone(several: Directory):
    """A call fails as a plugin does, and stop says which plugin is to be installed again."""
    several.start("script", "false")
    for name in ("script", "false"):
        (several.store / "plugins" / name).unlink()
        done = several.call(name)
        assert (done.returncode, b"no such file or directory" in done.stdout.lower()) == (1, True)
    with pytest.raises(RecordError, match=r"script is a stand-in|false is a stand-in"):
        several.stop()


def test_what_is_no_plugin(several: Directory):
    """Nothing is done."""
    before = contents(several.bin)
    with pytest.raises(NotFound):
        several.start("script", "none")
    for name in (LAUNCHER, ONE_SHOT):
        with pytest.raises(RecordError, match="is no plugin"):
            several.start(name)
    with pytest.raises(RecordError, match="does not run here: exit status 0"):
        places.start(str(several.bin), ["script"], str(several.log), b"#!/bin/true\n")
    assert contents(several.bin) == before


def test_another_log(several: Directory, tmp_path: Path):
    """A directory's calls are in one log."""
    several.start("script")
    with pytest.raises(RecordError, match="are recorded in"):
        places.start(str(several.bin), ["link"], str(tmp_path / "other"), several.stand_in)


@pytest.mark.parametrize("worker", [False, True])
def test_install_and_uninstall_leave_what_is_recorded(several: Directory, worker: bool):
    """They say what to do first; afterwards they do their work.  Either launcher knows which plugin it is."""
    modules = package_directory("cnictl_plugins")
    bin_directory = str(several.bin)
    install(bin_directory, ["bridge", "portmap"], modules, worker=worker)
    installed = contents(several.bin)
    several.start("bridge")
    for act in (
        lambda: install(bin_directory, ["bridge"], modules, force=True),
        lambda: uninstall(bin_directory),
    ):
        with pytest.raises(InstallError, match="has plugins that are recorded: bridge") as refused:
            act()
        assert refused.value.hint == f"cnictl record stop --cni-path {bin_directory}"
    assert b"supportedVersions" in several.call("bridge", b"{}", {"CNI_COMMAND": "VERSION"}).stdout
    several.stop()
    assert contents(several.bin) == installed
    uninstall(bin_directory)
    assert answers(several) == ANSWERS


def test_a_call_that_takes_long(several: Directory):
    """Is not waited for by stop, is not disturbed, and is in the log."""
    several.plugin("slow", "read -r line; echo $line")
    several.start("slow")
    command = [several.bin / "slow"]
    with subprocess.Popen(command, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        while not several.calls():
            time.sleep(0.02)
        began = time.monotonic()
        several.stop()
        assert time.monotonic() - began < 10
        assert not several.store.exists()
        assert process.communicate(b"said\n")[0] == b"said\n"
    assert [(one.status, one.stdout) for one in several.calls()] == [(0, b"said\n")]


def killed_at(step: int, act: Callable[[], object]) -> bool:
    """Whether a process that does something was killed before its step of that number."""
    pid = os.fork()
    if pid == 0:
        taken = iter(range(step))

        def faulty(real: Callable[..., object]) -> Callable[..., object]:
            def taking(*args: object, **kwargs: object) -> object:
                if next(taken, None) is None:
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*args, **kwargs)

            return taking

        for name in STEPS:
            setattr(os, name, faulty(getattr(os, name)))
        try:
            act()
        finally:
            os._exit(0)
    return os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def test_killed_at_any_step(several: Directory):
    """Start and stop are killed before each change: all plugins answer, and the next of either heals it."""
    before = contents(several.bin)
    log.prepare(str(several.log), 1000)

    def heal(step: int) -> None:
        if step % 2:
            several.start(*NAMES)
            assert answers(several) == ANSWERS
            assert all(is_stand_in(str(several.bin / name)) for name in NAMES)
        several.stop()
        assert contents(several.bin) == before

    step = 0
    while killed_at(step, lambda: places.start(str(several.bin), NAMES, str(several.log), several.stand_in)):
        assert answers(several) == ANSWERS, step
        heal(step)
        step += 1
    assert step > 20
    heal(step)
    step = 0
    several.start(*NAMES)
    while killed_at(step, several.stop):
        assert answers(several) == ANSWERS, step
        heal(step)
        several.start(*NAMES)
        step += 1
    assert step > 20
    assert not (several.bin / RECORDED).exists()
