"""What runs below another root ends with whoever started it, and leaves the machine as it was."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import unavailable
from tests.debian import inside
from tests.debian.inside import Inside

PROJECT = Path(__file__).parents[2]
APPLETS = ("cat", "env", "id", "ip", "ls", "setsid", "sh", "sleep", "touch", "umount")
START = (
    "import sys; from pathlib import Path; from tests.debian.inside import Inside;"
    "sys.exit(Inside(Path(sys.argv[1]), '/', Path(sys.argv[2]), '/mnt').run(sys.argv[3:], own_network=True))"
)


@pytest.fixture
def top(tmp_path: Path) -> Path:
    """The smallest root that something can be run in."""
    refusal = inside.refusal()
    if refusal:
        unavailable(refusal)
    if not os.access("/bin/busybox", os.X_OK):
        unavailable("no /bin/busybox: install the package busybox-static")
    made = tmp_path / "top"
    for name in ("bin", "dev", "etc", "mnt", "proc", "run", "sys", "tmp"):
        (made / name).mkdir(parents=True)
    shutil.copy("/bin/busybox", made / "bin")
    for name in APPLETS:
        (made / "bin" / name).symlink_to("busybox")
    (made / "etc" / "hostname").write_text("elsewhere\n")
    return made


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """The directory that both see."""
    made = tmp_path / "shared"
    made.mkdir()
    return made


def test_its_mounts_its_name_and_its_network_are_its_own(top: Path, shared: Path):
    """It begins where it was told to, and gives back its exit status."""
    before = Path("/proc/mounts").read_text(), os.uname().nodename
    look = "cd /mnt; cat /proc/sys/kernel/hostname >name; ip -o link >links; cat /proc/mounts >mounts;"
    look += "pwd >cwd; ls / >top; touch /run/mine; exit 7"
    assert (
        Inside(top, "/etc", shared, "/mnt").run(["sh", "-c", f"cat hostname; {look}"], own_network=True) == 7
    )
    assert (shared / "name").read_text() == "elsewhere\n"
    (line,) = (shared / "links").read_text().splitlines()
    assert "lo: <LOOPBACK,UP,LOWER_UP>" in line
    assert {line.split()[1] for line in (shared / "mounts").read_text().splitlines()} == {
        "/", "/dev", "/dev/pts", "/dev/shm", "/mnt", "/proc", "/run", "/sys", "/sys/fs/cgroup", "/tmp",
    }  # fmt: skip
    assert (Path("/proc/mounts").read_text(), os.uname().nodename) == before
    assert os.listdir(top / "run") == []
    assert not os.path.exists("/run/mine")


def test_with_the_network_of_the_machine_it_can_change_nothing_of_it(top: Path, shared: Path):
    """Setting it up needs the net, and no right over links and packet filters."""
    look = "cat /proc/self/status >/mnt/status; ls -l /proc/self/ns >/mnt/ns"
    assert Inside(top, "/", shared, "/mnt").run(["sh", "-c", look], own_network=False) == 0
    assert os.readlink("/proc/self/ns/net") in (shared / "ns").read_text()
    (line,) = (line for line in (shared / "status").read_text().splitlines() if line.startswith("CapEff:"))
    assert not int(line.split()[1], 16) >> 12 & 1  # CAP_NET_ADMIN, linux/capability.h


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_when_whoever_started_it_is_killed(top: Path, shared: Path, number: int):
    """Not even a process that left its session, or the directory that was its root."""
    words = ["sh", "-c", "setsid sleep 987 & touch /mnt/started; sleep 987"]
    argv = [sys.executable, "-c", START, str(top), str(shared), *words]
    with subprocess.Popen(argv, cwd=PROJECT) as started:
        assert within_seconds(10, (shared / "started").exists)
        assert of(top)
        started.send_signal(number)
    assert within_seconds(10, lambda: not of(top)), of(top)
    assert str(top) not in Path("/proc/self/mountinfo").read_text()
    shutil.rmtree(top)


def of(top: Path) -> list[str]:
    """Processes that have a file of the directory mapped."""
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit():
            with contextlib.suppress(OSError):
                program = (directory / "exe").stat()
                if program.st_ino == (top / "bin" / "busybox").stat().st_ino:
                    found.append(directory.name)
    return found


def within_seconds(seconds: float, holds) -> bool:
    """Tell whether it comes to hold."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
