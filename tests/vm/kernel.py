"""A stock Debian kernel, unpacked and never installed, and an initramfs that boots this machine's files.

What is unpacked stays in ~/.cache/cnictl-kernel-lane (or below XDG_CACHE_HOME), one directory a
package.  The cloud flavour has every module that plugins need, and is the smallest.
"""

from __future__ import annotations

import gzip
import io
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

META_PACKAGE = "linux-image-cloud-amd64"
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "cnictl-kernel-lane"

EARLY_MODULES = ("virtio_pci", "fuse", "virtiofs", "overlay")
"""What must be loaded before the root file system is there; the rest comes from /lib/modules."""

INIT = """\
#!/bin/busybox sh
b=/bin/busybox
{load}
$b mkdir /lower /upper /root
$b mount -t virtiofs -o ro host /lower
$b mount -t tmpfs -o size=75% upper /upper
$b mkdir /upper/files /upper/work
$b mount -t overlay -o lowerdir=/lower,upperdir=/upper/files,workdir=/upper/work root /root
$b mount -t devtmpfs dev /root/dev
$b cp /second-init /root/.second-init
exec $b switch_root /root /bin/sh /.second-init
"""


class NoKernel(Exception):
    """There is no kernel to boot; the message says why."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that can be booted."""

    directory: Path
    release: str

    @property
    def image(self) -> Path:
        return self.directory / f"boot/vmlinuz-{self.release}"

    @property
    def modules(self) -> Path:
        return self.directory / f"lib/modules/{self.release}"

    @property
    def initramfs(self) -> Path:
        return self.directory / "initramfs.gz"


def ready() -> Kernel:
    """Give the newest kernel, from the cache when it is there.  Raises NoKernel."""
    package = newest_package()
    directory = CACHE / package
    if not (directory / "release").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        staging = CACHE / f"{package}.{os.getpid()}"
        staging.mkdir()
        try:
            unpack(package, staging)
            shutil.rmtree(directory, ignore_errors=True)
            staging.rename(directory)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Kernel(directory, (directory / "release").read_text())


def newest_package() -> str:
    """Give today's kernel package; without a package index, the newest that was unpacked before."""
    listing = ""
    if shutil.which("apt-cache"):
        words = ["apt-cache", "depends", META_PACKAGE]
        listing = subprocess.run(words, check=False, capture_output=True, text=True).stdout
    for line in listing.splitlines():
        kind, _, name = line.strip().partition(": ")
        if kind == "Depends" and name.startswith("linux-image-"):
            return name
    kept = sorted(CACHE.glob("linux-image-*/release"), key=os.path.getmtime)
    if not kept:
        raise NoKernel(f"apt knows no package {META_PACKAGE}")
    return kept[-1].parent.name


def unpack(package: str, directory: Path) -> None:
    """Fill a directory with a kernel package's files, its modules uncompressed, and an initramfs for it."""
    done = subprocess.run(
        ["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", package],
        cwd=directory, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise NoKernel(f"cannot download {package}: {done.stderr.strip()}")
    (archive,) = directory.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", archive, directory], check=True)
    archive.unlink()
    release = next((directory / "lib/modules").iterdir()).name
    packed = [str(path) for path in directory.rglob("*.ko.xz")]
    if packed:  # by newer packages; unpacking them under emulation is slow
        subprocess.run(["unxz", *packed], check=True)
    subprocess.run(["depmod", "-b", str(directory), release], check=True)
    kernel = Kernel(directory, release)
    kernel.initramfs.write_bytes(initramfs(kernel.modules))
    (directory / "release").write_text(release)


def initramfs(modules: Path) -> bytes:
    """Make what the kernel starts from: busybox, the early modules, and a script that mounts the rest."""
    order = load_order(modules)
    files = {"bin": b"", "dev": b"", "bin/busybox": Path("/bin/busybox").read_bytes()}
    for path in order:
        files[path.rpartition("/")[2]] = (modules / path).read_bytes()
    load = "\n".join(f"$b insmod /{path.rpartition('/')[2]}" for path in order)
    files["init"] = INIT.format(load=load).encode()
    return gzip.compress(cpio(files), 1)


def load_order(modules: Path) -> list[str]:
    """Give the files of the early modules and of what they depend on, each after its dependencies."""
    lines = (modules / "modules.dep").read_text().splitlines()
    dependencies = {path: rest.split() for path, _, rest in (line.partition(":") for line in lines)}
    files = {Path(path).stem.replace("-", "_"): path for path in dependencies}
    order: list[str] = []

    def add(path: str) -> None:
        for dependency in dependencies[path]:
            add(dependency)
        if path not in order:
            order.append(path)

    for name in EARLY_MODULES:
        if name in files:  # else it is built in
            add(files[name])
    return order


def cpio(files: dict[str, bytes]) -> bytes:
    """Give an archive that the kernel unpacks (`newc`); an entry without content is a directory."""
    out = io.BytesIO()
    for number, (name, data) in enumerate({**files, "TRAILER!!!": b""}.items(), 1):
        mode = 0o100755 if data else 0o40755
        path = name.encode() + b"\0"
        fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(path), 0)
        out.write(b"070701" + b"".join(b"%08X" % field for field in fields))
        out.write(path + b"\0" * (-(110 + len(path)) % 4) + data + b"\0" * (-len(data) % 4))
    return out.getvalue()
