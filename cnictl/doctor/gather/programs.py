"""The plugins that configurations and the cache name, as files."""

from __future__ import annotations

import hashlib
import os
import stat
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from cnictl import aside, invoke
from cnictl.doctor.bundle import Program
from cnictl.doctor.gather.runtime import PLUGIN_DIRECTORIES
from cnictl.doctor.redact import redacted
from cnictl.spec.document import Document, decode
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import BinaryIO

    from cnictl.doctor.place import Place

_MACHINES = {3: "i686", 40: "arm", 62: "x86_64", 183: "aarch64", 21: "ppc64le", 22: "s390x", 243: "riscv64"}
_INTERPRETER = 3  # PT_INTERP, elf(5)
_MOST_HEADERS = 64
PACKAGES = ("containernetworking-plugins", "kubernetes-cni")
"""Packages of dpkg that have plugins."""
_SHOWN = 80
_PATIENCE = 5.0
_ENVIRONMENT = {"CNI_COMMAND": "VERSION", "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_MORE = ("/usr/local/lib/cni", "/var/lib/rancher/k3s/data/cni", "/opt/kube/bin")


def gather(place: Place, needed: Mapping[str, str], directories: Sequence[str]) -> list[Program]:
    """Return each plugin of `needed`, which says for what, as the runtime would find it.  Raises OSError."""
    for directory in directories:
        place.names(directory)  # which raises for one that may not be looked into
    packaged = dict(_packaged(place))
    found = [_program(place, name, why, directories) for name, why in needed.items()]
    return [_asked(place, replace(one, replaced=_replaced(place, one.path, packaged))) for one in found]


def _program(place: Place, name: str, why: str, directories: Sequence[str]) -> Program:
    if not name or "/" in name:
        return Program(name, needed_by=why)
    path = next((f"{one}/{name}" for one in directories if os.path.isfile(place.at(f"{one}/{name}"))), "")
    elsewhere = tuple(
        f"{one}/{name}"
        for one in (*PLUGIN_DIRECTORIES, *_MORE)
        if one not in directories and os.path.isfile(place.at(f"{one}/{name}"))
    )
    if not path:
        return Program(name, elsewhere=elsewhere, needed_by=why)
    about = os.stat(place.at(path))
    kind, machine, interpreter = _format(place.at(path))
    return Program(
        name,
        path,
        elsewhere,
        why,
        about.st_size,
        stat.S_IMODE(about.st_mode),
        bool(os.statvfs(place.at(path)).f_flag & os.ST_NOEXEC),
        kind,
        machine,
        interpreter,
        not interpreter or os.path.exists(place.at(interpreter)),
    )


def _format(path: str) -> tuple[str, str, str]:
    """Return what a file is (`elf`, `script`, `other`, "" for unread), for whom, and what it needs."""
    try:
        with open(path, "rb") as file:
            head = file.read(64)
            if head[:2] == b"#!":
                line = (head + file.read(256))[2:].partition(b"\n")[0].split()
                return "script", "", line[0].decode(errors="replace") if line else ""
            if head[:4] != b"\x7fELF" or len(head) < 64:
                return "other", "", ""
            order = "<" if head[5] == 1 else ">"
            machine = struct.unpack_from(f"{order}H", head, 18)[0]
            return "elf", _MACHINES.get(machine, str(machine)), _interpreter(file, head, order)
    except (OSError, struct.error, ValueError):
        return "", "", ""


def _interpreter(file: BinaryIO, head: bytes, order: str) -> str:
    """Return the dynamic loader that a 64-bit program names, "" for none."""
    if head[4] != 2:  # 64 bits
        return ""
    start = struct.unpack_from(f"{order}Q", head, 32)[0]
    size, count = struct.unpack_from(f"{order}HH", head, 54)
    for i in range(min(count, _MOST_HEADERS)):
        file.seek(start + i * size)
        header = file.read(size)
        if struct.unpack_from(f"{order}I", header)[0] == _INTERPRETER:
            offset, length = struct.unpack_from(f"{order}Q16xQ", header, 8)
            file.seek(offset)
            return file.read(min(length, 4096)).split(b"\0")[0].decode(errors="replace")
    return ""


def _asked(place: Place, one: Program) -> Program:
    """Return the same with what the plugin says to VERSION, which changes nothing."""
    if not place.network or not one.path or not one.mode & 0o111 or one.noexec or not one.interpreter_there:
        return one
    try:
        done = invoke.run(
            place.at(one.path), environment=_ENVIRONMENT, stdin=b"{}", timeout=_PATIENCE, limit=1 << 20
        )
    except CnictlError:
        return one
    try:
        members = decode(done.stdout)
    except CnictlError:
        said = done.stdout.decode(errors="replace").strip().partition("\n")[0]
        return replace(one, answer=_answer(said, done.reason))
    listed = Document(members).get("supportedVersions") if isinstance(members, dict) else None
    return replace(one, versions=tuple(map(str, listed)) if isinstance(listed, list) else ())


def _answer(said: str, reason: str) -> str:
    if said:
        return f"prints {redacted(said)[:_SHOWN]!r} in place of JSON"
    return f"prints nothing{f', {reason}' if reason else ''}"


def _packaged(place: Place) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the files of the distribution's packages of plugins, each with its package and MD5 sum."""
    for package in PACKAGES:
        for line in place.text_or(f"/var/lib/dpkg/info/{package}.md5sums").splitlines():
            digest, _, path = line.partition("  ")
            yield f"/{path}", (package, digest)


def _replaced(place: Place, path: str, packaged: Mapping[str, tuple[str, str]]) -> str:
    """Return the package whose file something else has replaced, "" for none, and where we did that."""
    package, digest = packaged.get(path, ("", ""))
    directory, _, name = path.rpartition("/")
    ours = (f"{directory}/{aside.REPLACED}/{name}", f"{directory}/{aside.RECORDED}/{aside.PLUGINS}/{name}")
    if not package or any(map(place.there, ours)):
        return ""
    try:
        with open(place.at(path), "rb") as file:
            return "" if hashlib.file_digest(file, _md5).hexdigest() == digest else package
    except OSError:
        return ""


def _md5() -> hashlib._Hash:
    return hashlib.md5(usedforsecurity=False)
