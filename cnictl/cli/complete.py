"""What a shell may complete a word to: the names of what there is on this machine, one a line.

The scripts in completions/ call it at every TAB as `cnictl --complete KIND PREFIX WORDS...`, so it
is thin: the modules of the command line are not loaded, and none that takes long.
"""

from __future__ import annotations

import os
import sys

from cnictl.cli.streams import discard
from cnictl.spec.document import Document, decode
from cnictl.spec.errors import CniError
from cnictl.spec.names import is_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

CONF_DIR = "/etc/cni/net.d"
CACHE_DIR = "/var/lib/cni"
NETNS_DIR = "/run/netns"
PLUGIN_DIRECTORIES = ("/opt/cni/bin", "/usr/lib/cni", "/usr/libexec/cni")
"""Where plugins are without CNI_PATH: the first of these that is there."""

MOST = 2000
"""Files that are read for one answer: a node has some hundreds of attachments, and a person waits."""


def main(words: Sequence[str]) -> int:
    """Print what the word that begins with PREFIX can be; nothing for a kind that is not known.

    WORDS are those of the command line so far, of which `--conf-dir` and its like count.
    """
    kind, prefix, *line = [*words, "", ""]
    names = KINDS[kind](line) if kind in KINDS else ()
    found = sorted({name for name in names if name.startswith(prefix) and name.isprintable()})
    try:
        sys.stdout.write("".join(f"{name}\n" for name in found))
        sys.stdout.flush()
    except OSError:
        discard(1)
        return 1
    return 0


def _networks(line: Sequence[str]) -> Iterable[str]:
    directory = _option(line, "--conf-dir") or os.environ.get("NETCONFPATH") or CONF_DIR
    for path in _files(directory):
        if path.endswith((".conflist", ".conf", ".json")):
            name = _member(path, "name")
            if is_name(name):
                yield name


def _namespaces(_line: Sequence[str]) -> Iterable[str]:
    return _listed(NETNS_DIR)


def _plugins(line: Sequence[str]) -> Iterable[str]:
    path = _option(line, "--cni-path") or os.environ.get("CNI_PATH", "")
    directories = [one for one in path.split(":") if one]
    if not directories:
        directories = [one for one in PLUGIN_DIRECTORIES if os.path.isdir(one)][:1]
    for directory in directories:
        for name in _listed(directory):
            if os.access(f"{directory}/{name}", os.X_OK) and os.path.isfile(f"{directory}/{name}"):
                yield name


def _containers(line: Sequence[str]) -> Iterable[str]:
    for path in _files(f"{_option(line, '--cache-dir') or CACHE_DIR}/results"):
        name = _member(path, "containerId")
        if is_name(name):
            yield name


KINDS: dict[str, Callable[[Sequence[str]], Iterable[str]]] = {
    "network": _networks,
    "netns": _namespaces,
    "plugin": _plugins,
    "container": _containers,
}


def _option(line: Sequence[str], name: str) -> str:
    """Return the value of an option on the line so far, "" when it is not there."""
    for i, word in enumerate(line):
        if word == name and i + 1 < len(line):
            return line[i + 1]
        if word.startswith(f"{name}="):
            return word[len(name) + 1 :]
    return ""


def _files(directory: str) -> list[str]:
    return [f"{directory}/{name}" for name in _listed(directory)[:MOST]]


def _listed(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []


def _member(path: str, key: str) -> str:
    try:
        with open(path, "rb") as file:
            members = decode(file.read())
        return Document(members).string(key) if isinstance(members, dict) else ""
    except (OSError, CniError):
        return ""  # what is broken is for `cnictl validate`
