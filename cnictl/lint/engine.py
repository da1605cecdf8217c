"""Texts in, diagnostics out: reading what is to be validated, and putting the rules to it."""

from __future__ import annotations

import importlib
import os
import pkgutil
import stat
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.configuration import LISTS, SINGLES, files
from cnictl.lint import rules
from cnictl.lint.broken import PLACEHOLDER
from cnictl.lint.directory import Directory
from cnictl.lint.locate import Node, Span, find, line_at, position, spelled
from cnictl.lint.manifest import EXTENSIONS, is_manifest
from cnictl.lint.manifest import embedded as embedded_in
from cnictl.lint.model import ERROR, RULES, SEVERITIES, Diagnostic, Edit, Severity
from cnictl.lint.subject import Configuration
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnictl.lint.model import Remark, Rule
    from cnictl.lint.programs import Programs

STDIN = "-"
VERSION = "cniVersion"
"""A key without which YAML is about something else."""
MOST = 4 << 20
"""Bytes of a file that are still read; a configuration has some thousands."""

for _module in pkgutil.iter_modules(rules.__path__, f"{rules.__name__}."):
    importlib.import_module(_module.name)


class NothingToValidate(CnictlError):
    """A path names no configuration, or none that can be read."""


@dataclass(frozen=True, slots=True)
class Report:
    """What was looked at, and what is to be said of it, file by file and from top to bottom.

    `silenced` is what somebody does not want to hear, each with the reason, and `unused` says which
    such wishes are in vain.
    """

    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]
    silenced: tuple[tuple[Diagnostic, str], ...] = ()
    unused: tuple[str, ...] = ()

    def count(self, severity: Severity) -> int:
        """Return how many diagnostics weigh that much."""
        return sum(one.severity == severity for one in self.diagnostics)

    @property
    def clean(self) -> bool:
        """Whether there is no error; warnings may be."""
        return not self.count(ERROR)


def all_rules() -> list[Rule]:
    """Return every rule, by its code."""
    return [RULES[code] for code in sorted(RULES)]


def validate(
    paths: Sequence[str],
    *,
    stdin: str = "",
    embedded: bool = False,
    programs: Programs | None = None,
    mtus: Mapping[str, int] | None = None,
) -> Report:
    """Judge files, whatever is in directories, and for `-` the text of `stdin`.

    With `programs` and `mtus`, those of the node's interfaces, it is judged what there is on a node.
    YAML of other things is passed over, so that a shell may name all files of a tree.
    Raises NothingToValidate for a path that names nothing, or a file that cannot be read, and when
    there is no configuration in any.
    """
    configurations = []
    for path in dict.fromkeys(paths):
        for name, listed in _sources(path):
            text, unread = (stdin, "") if name == STDIN else _read(name, regular=name != path)
            if unread and name == path:
                raise NothingToValidate(f"cannot read {path}: {unread}")
            if is_manifest(text) or (name.endswith(EXTENSIONS) and not unread and VERSION not in text):
                configurations += _of_manifest(name, text, programs, mtus)
                continue
            one = Configuration(
                "" if name == STDIN else name,
                text,
                embedded=embedded,
                listed=listed,
                programs=programs,
                mtus=mtus,
                unread=unread,
            )
            if listed or one.looks_like_network:
                configurations.append(one)
    if not configurations:
        raise NothingToValidate(
            f"no network configuration in {', '.join(paths)}",
            hint="there is no NetworkAttachmentDefinition, and no ConfigMap with one",
        )
    by_directory = defaultdict(list)
    for one in configurations:
        if one.path and one.listed:
            by_directory[os.path.dirname(os.path.abspath(one.path))].append(one)
    wholes = {os.path.abspath(path) for path in paths if os.path.isdir(path)}
    for name, together in by_directory.items():
        directory = Directory(together, whole=name in wholes)
        for one in together:
            one.directory = directory
    return Report(
        tuple(dict.fromkeys(one.shown or one.path or STDIN for one in configurations)),
        tuple(diagnostic for one in configurations for diagnostic in examine(one)),
    )


def examine_text(path: str, text: str, *, embedded: bool = False) -> list[Diagnostic]:
    """Return what the rules say of a file's text by itself, whatever is in the file."""
    if is_manifest(text):
        return [found for one in _of_manifest(path, text) for found in examine(one)]
    return examine(Configuration(path, text, embedded=embedded))


def examine(configuration: Configuration) -> list[Diagnostic]:
    """Return what the rules say of one text, from top to bottom."""
    found = {
        _placed(configuration, rule, remark)
        for rule in all_rules()
        if rule.listed == configuration.listed
        for remark in rule.run(configuration)
        if not (configuration.template and _is_filled_in(configuration, remark))
    }
    return sorted(
        found, key=lambda one: (one.line, one.column, SEVERITIES.index(one.severity), one.code, one.message)
    )


def _is_filled_in(configuration: Configuration, remark: Remark) -> bool:
    """Whether a remark is about a value that an installer puts into a template."""
    root = configuration.root
    if root is None or not remark.where:
        return False
    _, meant = find(root, remark.where, at_key=remark.at_key)
    return PLACEHOLDER.search(configuration.text, meant.start, meant.end) is not None


def _placed(configuration: Configuration, rule: Rule, remark: Remark) -> Diagnostic:
    text = configuration.text
    root = configuration.root or Node(Span(0, 0))
    where, meant = find(root, remark.where, at_key=remark.at_key)
    if remark.offset is not None:
        meant = Span(remark.offset, remark.offset + remark.length)
    inner = text[meant.start : meant.end]
    if configuration.frame is not None:
        text, meant = configuration.frame.text, configuration.frame.outer(meant)
    edit = None
    if remark.fix is not None and text[meant.start : meant.end] == inner:
        edit = Edit(meant.start, meant.end, remark.fix)
    line, column = position(text, meant.start)
    source = line_at(text, meant.start)
    length = min(meant.end - meant.start, len(source) - column + 1)
    return Diagnostic(
        rule.code,
        rule.name,
        remark.severity or rule.severity,
        configuration.shown or configuration.path or STDIN,
        line,
        column,
        spelled(where),
        remark.message,
        remark.hint,
        source,
        max(length, 1),
        edit,
    )


def _of_manifest(
    name: str, text: str, programs: Programs | None = None, mtus: Mapping[str, int] | None = None
) -> list[Configuration]:
    return [
        Configuration(
            "",
            one.text,
            embedded=one.named,
            programs=programs,
            mtus=mtus,
            shown=name,
            frame=one.frame,
            template=one.template,
            trouble=one.trouble,
        )
        for one in embedded_in(text)
    ]


def _sources(path: str) -> list[tuple[str, bool]]:
    """Return the files that a path stands for, and whether a runtime would look at each."""
    if path == STDIN or not os.path.isdir(path):
        return [(path, True)]
    try:
        listed = files(path, LISTS + SINGLES)
    except CnictlError as error:
        raise NothingToValidate(str(error), hint="a directory must be readable to be looked into") from error
    if not listed and not any(is_manifest(_read(name, regular=True)[0]) for name in files(path, EXTENSIONS)):
        raise NothingToValidate(
            f"no net configurations found in {path}", hint=f"they end in {', '.join(LISTS + SINGLES)}"
        )
    with os.scandir(path) as entries:
        others = sorted(one.path for one in entries if one.path not in listed and _is_small_file(one.path))
    return [*((name, True) for name in listed), *((name, False) for name in others)]


def _is_small_file(path: str) -> bool:
    try:
        about = os.stat(path)
    except OSError:  # it went while the directory was read, or is a link that leads nowhere
        return False
    return stat.S_ISREG(about.st_mode) and about.st_size <= MOST


def _read(path: str, *, regular: bool) -> tuple[str, str]:
    """Return a file's text, and why there is none: of what is no file one might wait for it without end."""
    try:
        if regular and not stat.S_ISREG(os.stat(path).st_mode):
            return "", "it is no regular file"
        with open(path, "rb") as file:
            data = file.read(MOST + 1)
    except OSError as error:
        return "", errno_text(error.errno or 0)
    if len(data) > MOST:
        return "", f"it has more than {MOST >> 20} MiB"
    return data.decode(errors="replace"), ""
