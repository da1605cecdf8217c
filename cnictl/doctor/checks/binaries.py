"""Plugins as files: there, executable, for this processor, with what they need to start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.doctor.finding import Seen, check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.doctor.bundle import Bundle, Program

_ALIKE = {"i686": {"x86_64"}, "arm": {"aarch64"}}
"""Processors that run programs for another one."""


@check("bin-missing", "bin-dir-mismatch", "bin-loopback-missing", "del-blocked", needs=("programs",))
def not_installed(bundle: Bundle) -> Iterator[Seen]:
    path = ":".join(bundle.runtime.bin_dirs)
    for one in bundle.programs:
        if one.path:
            continue
        facts = {
            "plugin": one.name,
            "path": bundle.runtime.bin_dirs[0],
            "network": one.needed_by.rpartition(" ")[2],
        }
        line = f"{one.name} is not in {path}, and is needed by {one.needed_by}"
        if one.name == "loopback" and one.needed_by.startswith("containerd"):
            yield Seen("bin-loopback-missing", one.name, (line,), facts)
        elif one.elsewhere:
            yield Seen(
                "bin-dir-mismatch", one.name, (line, *(f"{each} is there" for each in one.elsewhere)), facts
            )
        else:
            yield Seen("bin-missing", one.name, (line,), facts)
        for cached in bundle.cache:
            if one.name in cached.plugins:
                yield Seen(
                    "del-blocked",
                    f"container {cached.container}",
                    (f"{cached.path}: DEL needs {one.name}",),
                    {"network": cached.network, "container": cached.container},
                )


@check("bin-not-executable", "bin-wrong-arch", "bin-interpreter", needs=("programs",))
def cannot_start(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.programs:
        if not one.path:
            continue
        facts = {"plugin": one.name, "file": one.path}
        if not one.mode & 0o111:
            yield Seen("bin-not-executable", one.path, (f"the mode of {one.path} is {one.mode:04o}",), facts)
        elif one.noexec:
            yield Seen(
                "bin-not-executable", one.path, (f"{one.path} is on a file system mounted noexec",), facts
            )
        elif reason := _foreign(one, bundle.kernel.machine):
            yield Seen("bin-wrong-arch", one.path, (reason,), facts)
        elif not one.interpreter_there:
            yield Seen(
                "bin-interpreter",
                one.path,
                (f"{one.path} needs {one.interpreter}, which is not there",),
                facts,
            )


@check("bin-bad-output", needs=("programs",), partial=True)
def no_answer(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.programs:
        if one.answer and not _foreign(one, bundle.kernel.machine):
            line = f"{one.path}, asked for its versions, {one.answer}"
            yield Seen("bin-bad-output", one.path, (line,), {"plugin": one.name, "file": one.path})


@check("bin-overwritten", needs=("programs",))
def of_no_package(bundle: Bundle) -> Iterator[Seen]:
    for one in bundle.programs:
        if one.replaced:
            line = f"{one.path} is not the file that the package {one.replaced} has installed"
            facts = {"plugin": one.name, "file": one.path, "package": one.replaced}
            yield Seen("bin-overwritten", one.path, (line,), facts)


@check("bin-readonly-fs", needs=("programs", "disks", "configurations"), partial=True)
def cannot_be_installed(bundle: Bundle) -> Iterator[Seen]:
    read_only = {one.path for one in bundle.disks if one.read_only}
    directory = bundle.runtime.bin_dirs[0]
    missing = [one.name for one in bundle.programs if not one.path]
    if directory in read_only and missing:
        line = f"{directory} is on a file system mounted read-only, and lacks {', '.join(missing)}"
        yield Seen("bin-readonly-fs", directory, (line,), {"directory": directory})
    conf_dir = bundle.runtime.conf_dir
    if conf_dir in read_only and not any(one.listed for one in bundle.configurations):
        line = f"{conf_dir} is on a file system mounted read-only, and has no configuration"
        yield Seen("bin-readonly-fs", conf_dir, (line,), {"directory": conf_dir})


def _foreign(one: Program, machine: str) -> str:
    if not one.size:
        return f"{one.path} is empty"
    if one.format == "other":
        return f"{one.path} is neither an ELF file nor a script"
    if one.format == "elf" and one.machine != machine and machine not in _ALIKE.get(one.machine, ()):
        return f"{one.path} is for {one.machine}, and this is {machine}"
    return ""
