"""What somebody has decided not to hear: a file that names rules, places, and the reason.

    silence:
      - code: CNI303
        path: manifests/*.yaml
        pointer: /plugins/0/hint
        reason: our wrapper around bridge reads it

The directory of the file is where its paths begin.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import yaml

from cnictl.lint.engine import Report, all_rules
from cnictl.lint.similar import similar
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnictl.lint.model import Diagnostic
    from cnictl.spec.document import Json

FILE = ".cnictl.yaml"
"""What the file is called that is looked for in the working directory, and then in those above it."""
MOST = 1 << 20
"""Bytes of such a file."""
TOP = "silence"
KEYS = {
    "code": "code of a rule, or its name",
    "path": "files that it is about, from the directory of this file, `*` for any text; all when absent",
    "pointer": "JSON pointer of the place and what is below it, `*` for any text; everywhere when absent",
    "reason": "why, for whoever reads this file",
}
REQUIRED = ("code", "reason")


class WrongSilence(CnictlError):
    """The file cannot be read, or says what it may not."""


@dataclass(frozen=True, slots=True)
class Silence:
    """An entry: of which rule nothing is to be heard where, and why."""

    line: int
    code: str
    path: str
    pointer: str
    reason: str

    def is_about(self, file: str, directory: str) -> bool:
        """Whether the entry is about a file, its path from the directory of the entry's own."""
        name = os.path.abspath(file)
        if not os.path.isabs(self.path):
            name = os.path.relpath(name, directory)
        return not self.path or fnmatchcase(name, os.path.normpath(self.path))

    def silences(self, one: Diagnostic, directory: str) -> bool:
        """Whether a diagnostic is not to be heard."""
        if one.code != self.code or not self.is_about(one.file, directory):
            return False
        return not self.pointer or any(
            fnmatchcase(place, self.pointer) for place in (one.pointer, *_above(one.pointer))
        )


@dataclass(frozen=True, slots=True)
class Silences:
    """The entries of a file."""

    file: str
    entries: tuple[Silence, ...]

    def applied(self, report: Report) -> Report:
        """Return the report without what is silenced, and with the entries that silenced nothing.

        Of those only the ones count that are about a file of the report.
        """
        directory = os.path.dirname(os.path.abspath(self.file))
        heard, silenced, used = [], [], set()
        for one in report.diagnostics:
            entry = next((each for each in self.entries if each.silences(one, directory)), None)
            if entry is None:
                heard.append(one)
            else:
                silenced.append((one, entry.reason))
                used.add(entry)
        unused = tuple(
            f"{self.file}:{each.line}: {each.code} is silenced, and there is nothing to silence"
            for each in self.entries
            if each not in used and any(each.is_about(file, directory) for file in report.files)
        )
        return replace(report, diagnostics=tuple(heard), silenced=tuple(silenced), unused=unused)


def find(directory: str) -> Silences:
    """Return the entries of the file for a directory: the one in it, or in the nearest above; else none."""
    at = os.path.abspath(directory)
    while not os.path.lexists(os.path.join(at, FILE)):
        above = os.path.dirname(at)
        if above == at:
            return Silences("", ())
        at = above
    return load(os.path.relpath(os.path.join(at, FILE)))


def load(path: str) -> Silences:
    """Return the entries of a file; raises WrongSilence, which names the line."""
    try:
        with open(path, "rb") as file:
            data = file.read(MOST + 1)
    except OSError as error:
        raise WrongSilence(f"cannot read {path}: {errno_text(error.errno or 0)}") from error
    if len(data) > MOST:
        raise WrongSilence(f"cannot read {path}: it has more than {MOST >> 20} MiB")
    return parse(path, data.decode(errors="replace"))


def parse(path: str, text: str) -> Silences:
    """Return the entries of a text; raises WrongSilence."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return Silences(path, tuple(_entries(path, node)))
    except RecursionError:
        raise WrongSilence(f"cannot read {path}: it is nested too deeply") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark is not None else path
        said = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be read"
        raise WrongSilence(f"{place}: this is no YAML: {said}") from error


def schema() -> dict[str, Json]:
    """Return the JSON Schema (draft 2020-12) of the file."""
    texts: dict[str, Json] = {name: {"type": "string", "description": text} for name, text in KEYS.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"{FILE} of cnictl",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            TOP: {
                "type": "array",
                "description": "what is not to be heard of cnictl validate",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": list(REQUIRED),
                    "properties": texts,
                },
            }
        },
    }


def _entries(path: str, node: yaml.Node | None) -> Iterator[Silence]:
    if node is None:
        return
    members = _members(path, node, (TOP,), "the file")
    listed = members.get(TOP)
    if listed is None:
        return
    if not isinstance(listed, yaml.SequenceNode):
        raise _wrong(path, listed, f"{TOP} is no list", "begin each entry with a dash")
    for item in listed.value:
        yield _entry(path, item)


def _entry(path: str, node: yaml.Node) -> Silence:
    members = _members(path, node, tuple(KEYS), "an entry")
    texts = {}
    for name, value in members.items():
        if not isinstance(value, yaml.ScalarNode) or not value.value.strip():
            raise _wrong(path, value, f"{name} is no text", KEYS[name])
        texts[name] = value.value.strip()
    for name in REQUIRED:
        if name not in texts:
            raise _wrong(path, node, f"the entry has no {name}", f"add {name}: {KEYS[name]}")
    codes = {name.casefold(): one.code for one in all_rules() for name in (one.code, one.name)}
    code = codes.get(texts["code"].casefold())
    if code is None:
        meant = similar(texts["code"], [word for one in all_rules() for word in (one.code, one.name)])
        hint = f"did you mean {meant}?" if meant else "`cnictl explain` lists the codes"
        raise _wrong(path, members["code"], f"there is no rule {texts['code']!r}", hint)
    line = node.start_mark.line + 1
    return Silence(line, code, texts.get("path", ""), texts.get("pointer", ""), texts["reason"])


def _members(path: str, node: yaml.Node, known: tuple[str, ...], what: str) -> Mapping[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(path, node, f"{what} is no mapping", f"it has {', '.join(known)}")
    found: dict[str, yaml.Node] = {}
    for key, value in node.value:
        name = key.value if isinstance(key, yaml.ScalarNode) else ""
        if name not in known:
            meant = similar(name, known)
            hint = f"did you mean {meant}?" if meant else f"it has {', '.join(known)}"
            raise _wrong(path, key, f"{what} has no key {name!r}", hint)
        if name in found:
            raise _wrong(path, key, f"{name} is there twice", "take one out")
        found[name] = value
    return found


def _above(pointer: str) -> Iterator[str]:
    while pointer:
        pointer = pointer.rpartition("/")[0]
        yield pointer


def _wrong(path: str, node: yaml.Node, message: str, hint: str) -> WrongSilence:
    mark = node.start_mark
    return WrongSilence(f"{path}:{mark.line + 1}:{mark.column + 1}: {message}", hint=hint)
