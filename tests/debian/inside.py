"""Run a program below another root directory, in namespaces that end with it.

Mounts, processes, the host name and, if wanted, the network are its own.  However it ends, and
however whoever started it ends: the kernel kills the first process of the namespaces, with that one all
the others, and nothing stays mounted.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

ENTER = """\
top=$1 cwd=$2 shared=$3 place=$4; shift 4
mount --bind "$top" "$top"
cd "$top"
mount --bind /dev dev
mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts dev/pts
mount -t tmpfs -o mode=1777 shm dev/shm
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup sys/fs/cgroup
mount -t tmpfs -o mode=0755 run run
mount -t tmpfs -o mode=1777 tmp tmp
mount --bind "$shared" ".$place"
cat etc/hostname >proc/sys/kernel/hostname
pivot_root . .
umount -l .
cd "$cwd"
"$@" || exit  # and no exec: this is the first process, which must bury orphans
"""

NO_NETWORK_RIGHTS = ("--bounding-set=-net_admin", "--inh-caps=-net_admin")
"""For setpriv: what is run so can use the network, and change nothing of it."""


@dataclass(frozen=True, slots=True)
class Inside:
    """A directory to be the root, and what programs find there."""

    top: Path
    cwd: str
    shared: Path
    """A directory of this machine."""
    place: str
    """Where that is in there."""
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(self, argv: Sequence[str], *, own_network: bool) -> int:
        """Run a program whose output goes to ours, and give its exit status.

        With a network of its own, of which `lo` is up; else with the machine's, which it cannot change.
        """
        settings = [f"{name}={value}" for name, value in {"PATH": PATH, **self.environment}.items()]
        places = [str(self.top), self.cwd, str(self.shared), self.place]
        words = ["sh", "-ec", ENTER, "sh", *places, "env", "-i", *settings, *argv]
        if own_network:
            begin = ["sh", "-ec", 'ip link set lo up; exec "$@"', "sh"]
            words = alone([*begin, *words], "--uts", "--ipc", "--net")
        else:
            words = ["setpriv", *NO_NETWORK_RIGHTS, "--", *alone(words, "--uts", "--ipc")]
        return subprocess.run(words, check=False, stdin=subprocess.DEVNULL).returncode


def alone(argv: Sequence[str], *flags: str) -> list[str]:
    """Give the words that run a program with mounts and processes of its own, all of which end with us."""
    words = ["setpriv", "--pdeathsig", "KILL"]
    words += ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", *flags]
    return [*words, "--", *argv]


def refusal() -> str:
    """Say what of it the kernel does not allow here, or nothing."""
    script = "mount -t tmpfs tmp /tmp && mount -t proc proc /proc && mknod /tmp/null c 1 3 && chroot / true"
    words = alone(["sh", "-c", script], "--uts", "--ipc", "--net")
    done = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if not done.returncode:
        return ""
    said = done.stderr.strip() or f"exit status {done.returncode}"
    return f"no namespaces with mounts and another root: {said}"
