"""Which files of a configuration directory a container runtime uses, and what keeps it from the others.

The rules are those of go-cni (containerd), ocicni (CRI-O), common/libnetwork (podman with CNI) and
libcni's search by name (cnitool): they differ in the order, in what a broken file does to the
rest, and in whether plugins are asked for their versions.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from cnictl import configuration
from cnictl.configuration import LISTS, SINGLES, Candidate
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError
from cnictl.spec.names import is_name

if TYPE_CHECKING:
    from cnictl.runtime.network import Runtime
    from cnictl.spec.conflist import NetworkList

Verdict = Literal["used", "by name", "unused", "shadowed", "broken", "ignored"]

PODMAN_DEFAULT = "podman"
_READ = LISTS + SINGLES


@dataclass(frozen=True, slots=True)
class Choice:
    """A file, what a runtime makes of it, and why.

    `used` is for every pod, `by name` for whoever asks for the network; the others are not.
    """

    path: str
    verdict: Verdict
    reason: str
    network: NetworkList | None = None


@dataclass(frozen=True, slots=True)
class Selection:
    """All files of a directory in the runtime's order.

    `problem` is why it has no network for pods, `remark` what else there is to know.
    """

    choices: tuple[Choice, ...]
    problem: str = ""
    remark: str = ""


Check = Callable[["NetworkList"], str]
"""Says what keeps the plugins from serving a network, "" for nothing."""


def select_containerd(directory: str, *, max_conf_num: int = 1) -> Selection:
    """The first files in the order of their names, 0 meaning all; a broken one among them fails the whole."""
    found = _candidates(directory, _READ)
    wanted = max_conf_num or len(found)
    broken = next((one for one in found[:wanted] if one.network is None), None)
    choices = []
    for number, one in enumerate(found):
        if one.network is None and (number < wanted):
            choices.append(_broken(one, "containerd loads nothing because of it" if one is broken else ""))
        elif number >= wanted:
            choices.append(_unused(one, f"max_conf_num is {max_conf_num}, and others come first"))
        elif broken is not None:
            choices.append(_unused(one, f"{_name(broken.path)} is broken, which fails the whole load"))
        else:
            choices.append(Choice(one.path, "used", f"as eth{number}", one.network))
    problem = ""
    if broken is not None:
        problem = f"containerd loads no network: {broken.path} is broken"
    elif not found:
        problem = f"no network config found in {directory}"
    return Selection(_in_order(choices, _ignored(directory, _READ)), problem)


def select_crio(directory: str, works: Check, *, default: str = "") -> Selection:
    """The first of each name that works; pods get the one called `default`, or the first."""
    choices = _by_name(_candidates(directory, _READ), works, file_name_is_name=True)
    usable = [one for one in choices if one.verdict == "by name"]
    chosen = next((one for one in usable if not default or _network_name(one) == default), None)
    choices = [_promoted(one, "the default network" if default else "the first that works", chosen)
               for one in choices]  # fmt: skip
    problem = ""
    if chosen is None:
        problem = f"no CNI configuration file in {directory}. Has your network provider started?"
        if default and usable:
            problem = f"cni_default_network is {default}, and no file has that network"
    return Selection(_in_order(choices, _ignored(directory, _READ)), problem)


def select_podman(directory: str, works: Check, *, default: str = "") -> Selection:
    """The first list of each name that works; containers get the one called `default`, or podman's own."""
    default = default or PODMAN_DEFAULT
    choices = _by_name(_candidates(directory, LISTS), works)
    chosen = next(
        (one for one in choices if one.verdict == "by name" and _network_name(one) == default), None
    )
    choices = [_promoted(one, "the default network", chosen) for one in choices]
    problem = remark = ""
    if chosen is None and default != PODMAN_DEFAULT:
        problem = f"the default network is {default}, and no file has it"
    elif chosen is None:
        remark = f"no file has the network {default}: podman makes one up"
    return Selection(_in_order(choices, _ignored(directory, LISTS)), problem, remark)


def select_cnitool(directory: str) -> Selection:
    """Lists first, then single configurations; a broken file hides all that come after it."""
    lists, singles = _candidates(directory, LISTS), _candidates(directory, SINGLES)
    broken: Candidate | None = None
    seen: dict[str, str] = {}
    choices = []
    for one in (*lists, *singles):
        if one.network is None:
            choices.append(_broken(one, "hides the files after it" if broken is None else ""))
            broken = broken or one
        elif broken is not None:
            choices.append(_unused(one, f"the search ends at {_name(broken.path)}, which is broken"))
        elif one.network.name in seen:
            choices.append(_shadowed(one, seen[one.network.name]))
        else:
            seen[one.network.name] = one.path
            choices.append(Choice(one.path, "by name", "", one.network))
    problem = "" if seen else f"no net configurations found in {directory}"
    return Selection((*choices, *_ignored(directory, _READ)), problem)


def plugins_work(runtime: Runtime) -> Check:
    """The check that CRI-O and podman do: every plugin is there and lists the configuration's version."""

    def check(network: NetworkList) -> str:
        try:
            runtime.validate(network)
        except CnictlError as error:
            return str(error)
        return ""

    return check


def _candidates(directory: str, extensions: tuple[str, ...]) -> list[Candidate]:
    return [one for one in configuration.survey(directory) if one.path.endswith(extensions)]


def _by_name(found: Sequence[Candidate], works: Check, *, file_name_is_name: bool = False) -> list[Choice]:
    choices = []
    seen: dict[str, str] = {}
    for one in found:
        if one.network is None:
            choices.append(_broken(one, ""))
            continue
        name = one.network.name or (_name(one.path) if file_name_is_name else "")
        reason = "" if is_name(name) or file_name_is_name else "no valid network name"
        reason = reason or works(one.network)
        if reason:
            choices.append(Choice(one.path, "broken", reason, one.network))
        elif name in seen:
            choices.append(_shadowed(one, seen[name]))
        else:
            seen[name] = one.path
            choices.append(Choice(one.path, "by name", "", one.network))
    return choices


def _promoted(choice: Choice, reason: str, chosen: Choice | None) -> Choice:
    return Choice(choice.path, "used", reason, choice.network) if choice is chosen else choice


def _broken(one: Candidate, consequence: str) -> Choice:
    return Choice(one.path, "broken", "; ".join(filter(None, [one.reason, consequence])))


def _unused(one: Candidate, reason: str) -> Choice:
    if one.network is None:
        reason = f"{reason}; it is broken too: {one.reason}"
    return Choice(one.path, "unused", reason, one.network)


def _shadowed(one: Candidate, first: str) -> Choice:
    return Choice(one.path, "shadowed", f"{_name(first)} has the same name", one.network)


def _ignored(directory: str, extensions: tuple[str, ...]) -> list[Choice]:
    """The files that nobody looks into because of their names."""
    try:
        with os.scandir(directory) as entries:
            found = [entry.path for entry in entries if not entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise CnictlError(f"cannot read {directory}: {errno_text(error.errno or 0)}") from error
    read = set(configuration.files(directory, extensions))
    endings = " or ".join(filter(None, [", ".join(extensions[:-1]), extensions[-1]]))
    return [
        Choice(path, "ignored", f"its name does not end in {endings}") for path in found if path not in read
    ]


def _in_order(choices: Sequence[Choice], ignored: Sequence[Choice]) -> tuple[Choice, ...]:
    return tuple(sorted((*choices, *ignored), key=lambda one: os.fsencode(one.path)))


def _name(path: str) -> str:
    return os.path.basename(path)


def _network_name(choice: Choice) -> str:
    name = choice.network.name if choice.network else ""
    return name or _name(choice.path)
