"""A bare Debian 13, made by debootstrap from where this machine's packages come.

It is kept in build/debian-13, with whatever was installed into it later, and made anew when the
site has another point release.  Nothing is ever mounted there but in a mount namespace that ends
with its processes, and no repository of git is in it: `git clean -xdf` removes it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.debian import inside

NAME = "debian-13"
SUITE = "trixie"
DIRECTORY = Path(__file__).parents[2] / "build" / NAME
APT_HELPER = "/usr/lib/apt/apt-helper"
PACKAGES = {
    "debootstrap": "debootstrap",
    "apt-get": "apt",
    APT_HELPER: "apt",
    "git": "git",
    "unshare": "util-linux",
    "setpriv": "util-linux",
    "pivot_root": "util-linux",
}

CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
KEPT_CERTIFICATES = "/etc/ssl/certificates-of-the-machine.crt"
"""Where this machine's are in there; the package ca-certificates puts its own into CERTIFICATES."""
FILES = {
    "etc/hostname": f"{NAME}\n",
    "etc/hosts": f"127.0.0.1 localhost\n127.0.1.1 {NAME}\n::1 localhost ip6-localhost ip6-loopback\n",
    "etc/apt/apt.conf.d/90certificates": f'Acquire::https::CaInfo "{KEPT_CERTIFICATES}";\n',
    # what is installed is not started: firewalld would take over a packet filter
    "usr/sbin/policy-rc.d": "#!/bin/sh\nexit 101\n",
}
"""What an installer would have written, and what keeps the machine as it is."""


class NoDebian(Exception):
    """There is none to be had; the message says why."""


@dataclass(frozen=True, slots=True)
class Release:
    """The release as a site has it."""

    site: str
    date: str
    """When its last point release was made, as its file `Release` says."""

    @property
    def stamp(self) -> str:
        return f"{SUITE} of {self.date} from {self.site}\n"


def obstacle() -> str:
    """Say why there can be none here, or nothing."""
    if release_here() == SUITE:
        return "this machine is a Debian 13 itself, which the other lanes have tried"
    if os.geteuid():
        return "only root can make a Debian and change into it"
    for program, package in PACKAGES.items():
        if not shutil.which(program):
            return f"no program {program!r} (package {package})"
    try:
        newest()
    except NoDebian as error:
        return str(error)
    return inside.refusal()


def release_here(file: str = "/etc/os-release") -> str:
    """Give the code name of this machine's Debian, or nothing when it is none."""
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ""
    said = {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines)}
    return said.get("VERSION_CODENAME", "") if said.get("ID") == "debian" else ""


def ready() -> Path:
    """Give the top of the newest one, made now unless it was before.  Raises NoDebian."""
    release = newest()
    top, stamp = DIRECTORY / "root", DIRECTORY / "made-of"
    if release is not None and (not stamp.exists() or stamp.read_text() != release.stamp):
        stamp.unlink(missing_ok=True)
        shutil.rmtree(top, ignore_errors=True)
        make(release, DIRECTORY / "unfinished")
        (DIRECTORY / "unfinished").rename(top)
        stamp.write_text(release.stamp)
    furnish(top)
    return top


def newest() -> Release | None:
    """Give what there is to be had today; nothing where no site answers and there is one from before.

    Raises NoDebian where there is none from before either.
    """
    asked = sites()
    for site in asked:
        date = date_of(site)
        if date:
            return Release(site, date)
    if (DIRECTORY / "made-of").exists():
        return None
    raise NoDebian(f"no {SUITE} where this machine's packages come from ({', '.join(asked) or 'no Debian'})")


def sites() -> list[str]:
    """Give the sites of this machine's own Debian packages."""
    words = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"]
    return sorted(set(subprocess.run(words, check=False, capture_output=True, text=True).stdout.split()))


def date_of(site: str) -> str:
    """Give the date of the release at a site, or nothing when the site does not have it."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "Release"
        words = [APT_HELPER, "download-file", f"{site}dists/{SUITE}/Release", str(file)]
        if subprocess.run(words, check=False, capture_output=True).returncode:
            return ""
        lines = file.read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("Date:")), "")


def make(release: Release, top: Path) -> None:
    """Make a directory the top of a minimal installation.  Raises NoDebian."""
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir(parents=True)
    words = ["debootstrap", "--variant=minbase", SUITE, str(top), release.site]
    done = subprocess.run(
        inside.alone(words), check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if done.returncode:
        raise NoDebian(f"debootstrap cannot make a Debian 13: {last_words(done.stdout, done.stderr)}")


def last_words(*outputs: str) -> str:
    """Give the end of what a program said, in one line."""
    lines = [line.strip() for text in outputs for line in text.splitlines() if line.strip()]
    return "; ".join(lines[-3:]) or "it does not say why"


def furnish(top: Path) -> None:
    """Write what an installer would have, and bring this machine's way to the net."""
    for name, text in FILES.items():
        (top / name).write_text(text, encoding="utf-8")
    (top / "usr/sbin/policy-rc.d").chmod(0o755)
    for source, target in (("/etc/resolv.conf", "/etc/resolv.conf"), (CERTIFICATES, KEPT_CERTIFICATES)):
        place = top / target.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.unlink(missing_ok=True)  # which may be a link
        if os.path.exists(source):
            shutil.copyfile(source, place)
