"""A virtual machine over this machine's own files: one command runs in it as root, then it is gone.

The guest reads the host's files through virtiofs and writes to memory; only one directory is
shared both ways.  There is a network card and no network, and SELinux without a policy.  The
processor is emulated always: where /dev/kvm exists, it may still be unable to run a stock kernel.
"""

from __future__ import annotations

import gzip
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from cnictl.sandbox.node import Node
from tests.vm.kernel import Kernel, cpio

QEMU = "qemu-system-x86_64"
VIRTIOFSD = "/usr/lib/qemu/virtiofsd"  # Debian 12 has it in qemu-system-common
PACKAGES = {
    QEMU: "qemu-system-x86",
    VIRTIOFSD: "qemu-system-common of Debian 12",
    "/bin/busybox": "busybox-static",
    "depmod": "kmod",
    "unxz": "xz-utils",
}
MEMORY = 2048  # MiB
PROCESSORS = 2
CARD_MAC = "02:00:00:00:00:ca"
"""Of the guest's network card, which is for tests to move about: its cable ends in the machine."""

SECOND_INIT = """\
mkdir -p /proc /sys /run /tmp /var/lib/cni /etc/cni /lib/modules/{release}
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t tmpfs run /run
mkdir -p /dev/pts /dev/shm /run/netns /run/lock
mount -t devpts devpts /dev/pts; mount -t tmpfs shm /dev/shm; mount -t cgroup2 cgroup /sys/fs/cgroup
ln -s /proc/self/fd /dev/fd; ln -s fd/0 /dev/stdin; ln -s fd/1 /dev/stdout; ln -s fd/2 /dev/stderr
mount --bind {modules} /lib/modules/{release}
mount -t virtiofs shared {shared}
ip link set lo up
modprobe -a virtio_net tun
cd {cwd}
{environment} {command} </dev/null >{shared}/vm-output 2>&1
echo $? >{shared}/vm-status
sync
echo o >/proc/sysrq-trigger
sleep 10
"""


class Crashed(Exception):
    """The machine did not come to its end; the message ends with what its console said last."""


def run(
    kernel: Kernel, argv: Sequence[str], *, shared: Path, cwd: str, env: Mapping[str, str], seconds: float
) -> int:
    """Boot, run a command, and give its exit status; its output is the file `vm-output` in `shared`.

    `shared` must exist, and is the one directory whose changes stay.  Raises Crashed, also when
    `seconds` are over.
    """
    script = SECOND_INIT.format(
        release=kernel.release,
        modules=shlex.quote(str(kernel.modules)),
        shared=shlex.quote(str(shared)),
        cwd=shlex.quote(cwd),
        environment=" ".join(f"{name}={shlex.quote(value)}" for name, value in env.items()),
        command=shlex.join(argv),
    )
    (shared / "vm-status").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="cnictl-vm-") as name, Node() as node:
        work = Path(name)
        ram = kernel.initramfs.read_bytes()
        extra = gzip.compress(cpio({"second-init": script.encode()}))  # unpacked after the other
        (work / "initramfs").write_bytes(ram + b"\0" * (-len(ram) % 4) + extra)
        sockets = {tag: str(work / f"{tag}.sock") for tag in ("host", "shared")}
        servers = [
            _serve(node, sockets["host"], Path("/"), "always"),  # nothing changes there meanwhile
            _serve(node, sockets["shared"], shared, "auto"),
        ]
        with (work / "console").open("wb") as console:
            machine = node.start(
                _qemu(kernel, work / "initramfs", sockets), stdout=console.fileno(), stderr=subprocess.STDOUT
            )
            try:
                machine.wait(seconds)
            except subprocess.TimeoutExpired:
                pass  # there is no status then
            finally:
                node.close()
                for process in (machine, *servers):
                    process.wait()
        if not (shared / "vm-status").exists():
            said = (work / "console").read_text(errors="replace")[-4000:]
            raise Crashed(f"the virtual machine did not finish within {seconds:.0f} s; its console:\n{said}")
    return int((shared / "vm-status").read_text())


def missing_program() -> str:
    """Say which program the machine lacks, or nothing."""
    for program, package in PACKAGES.items():
        if not shutil.which(program):
            return f"no program {program!r} (package {package})"
    return ""


def _serve(node: Node, socket: str, directory: Path, cache: str) -> subprocess.Popen[bytes]:
    words = [VIRTIOFSD, f"--socket-path={socket}", "-o", f"source={directory},sandbox=chroot,cache={cache}"]
    return node.start(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _qemu(kernel: Kernel, initramfs: Path, sockets: Mapping[str, str]) -> list[str]:
    shares: list[str] = []
    for tag, socket in sockets.items():
        shares += ["-chardev", f"socket,id={tag},path={socket}"]
        shares += ["-device", f"vhost-user-fs-pci,chardev={tag},tag={tag}"]
    return [
        QEMU, "-M", "q35", "-accel", "tcg", "-cpu", "max", "-smp", str(PROCESSORS), "-m", str(MEMORY),
        "-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio", "-no-reboot",
        "-object", f"memory-backend-memfd,id=memory,size={MEMORY}M,share=on", "-numa", "node,memdev=memory",
        *shares,
        "-netdev", "hubport,id=nowhere,hubid=0", "-device", f"virtio-net-pci,netdev=nowhere,mac={CARD_MAC}",
        "-kernel", str(kernel.image), "-initrd", str(initramfs),
        "-append", "console=ttyS0 quiet panic=-1 mitigations=off random.trust_cpu=on security=selinux",
    ]  # fmt: skip
