"""What is not to be heard, and what of it is in vain."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from cnictl.lint import silence
from cnictl.lint.engine import Report, validate
from cnictl.lint.silence import WrongSilence
from tests.unit.lint.texts import bridge, network, written


def heard(directory: Path, entries: str) -> Report:
    """Judge a.conflist and b.conflist, of which each has two keys that bridge does not read."""
    (directory / silence.FILE).write_text(f"silence:\n{entries}")
    for name in ("a", "b"):
        written(directory, **{f"{name}__conflist": network(bridge(zzz=1, yyy={"x": 1}), name=name)})
    report = validate([str(directory / f"{name}.conflist") for name in ("a", "b")])
    return silence.find(str(directory)).applied(report)


@pytest.mark.parametrize(
    ("entry", "left"),
    [
        ("code: CNI303", []),
        ("code: unknown-key", []),
        ("code: cni303, path: a.conflist", ["b/zzz", "b/yyy"]),
        ("code: CNI303, path: ./a.*", ["b/zzz", "b/yyy"]),
        ("code: CNI303, pointer: /plugins/0/zzz", ["a/yyy", "b/yyy"]),
        ("code: CNI303, pointer: /plugins/*/zzz", ["a/yyy", "b/yyy"]),
        ("code: CNI303, pointer: /plugins/0", []),
        ("code: CNI303, path: '*.conf'", ["a/zzz", "a/yyy", "b/zzz", "b/yyy"]),
    ],
)
def test_by_code_file_and_place(tmp_path: Path, entry: str, left: list[str]):
    """A name stands for its code; what is below a place is silenced with it."""
    report = heard(tmp_path, f"- {{{entry}, reason: it is read elsewhere}}\n")
    assert [f"{Path(one.file).stem}/{one.pointer.rpartition('/')[2]}" for one in report.diagnostics] == left
    assert len(report.silenced) == 4 - len(left)
    assert {reason for _, reason in report.silenced} <= {"it is read elsewhere"}
    assert report.unused == ()


def test_what_silences_nothing_is_told(tmp_path: Path):
    """Unless it is about a file that nobody asked about."""
    entries = (
        "- {code: CNI303, reason: x}\n- {code: CNI309, reason: x}\n- {code: CNI303, path: c.*, reason: x}\n"
    )
    assert [one[-60:] for one in heard(tmp_path, entries).unused] == [
        ".yaml:3: CNI309 is silenced, and there is nothing to silence"[-60:]
    ]


def test_the_file_is_looked_for_above(tmp_path: Path):
    """The nearest one counts, and its paths begin where it is."""
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert silence.find(str(inner)).entries == ()
    (tmp_path / silence.FILE).write_text("silence: [{code: CNI303, path: a/b/*, reason: x}]")
    (entry,) = silence.find(str(inner)).entries
    assert entry.is_about(str(inner / "x.conf"), str(tmp_path))
    (inner / silence.FILE).write_text("")
    assert silence.find(str(inner)).entries == ()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("silence: [{code: CNI999, reason: x}]", ":1:18: there is no rule 'CNI999'", ""),
        ("silence: [{code: unknown-kee, reason: x}]", ":1:18: there is no rule", "did you mean unknown-key?"),
        ("silence: [{code: CNI303}]", ":1:11: the entry has no reason", "add reason: why"),
        ("silence:\n- code: CNI303\n  reasn: x", ":3:3: an entry has no key 'reasn'", "did you mean reason?"),
        ("silence: {}", ":1:10: silence is no list", "begin each entry with a dash"),
        ("silence: [3]", ":1:11: an entry is no mapping", "it has code, path, pointer, reason"),
        ("silence: [{code: [], reason: x}]", ":1:18: code is no text", "code of a rule, or its name"),
        ("silnce: []", ":1:1: the file has no key 'silnce'", "did you mean silence?"),
        ("silence: []\nsilence: []", ":2:1: silence is there twice", "take one out"),
        ("silence: [", ":1: this is no YAML: ", ""),
        ("a: " + "[" * 5000, ": it is nested too deeply", ""),
    ],
)
def test_what_is_wrong_with_the_file(tmp_path: Path, text: str, message: str, hint: str):
    """Is told with line and column, and what was probably meant."""
    (tmp_path / silence.FILE).write_text(text)
    with pytest.raises(WrongSilence) as raised:
        silence.find(str(tmp_path))
    assert message in str(raised.value)
    assert raised.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("silence: [{code: CNI303, reason: x, path: a, pointer: /b}]", True),
        ("silence: []", True),
        ("silence: [{code: CNI303}]", False),
        ("silence: [{code: CNI303, reason: x, y: z}]", False),
        ("x: 1", False),
    ],
)
def test_the_schema_takes_what_the_reader_takes(tmp_path: Path, text: str, good: bool):
    """So that an editor says the same."""
    validator = jsonschema.Draft202012Validator(silence.schema())
    assert validator.is_valid(yaml.safe_load(text)) == good
    (tmp_path / silence.FILE).write_text(text)
    if good:
        silence.load(str(tmp_path / silence.FILE))
    else:
        with pytest.raises(WrongSilence):
            silence.load(str(tmp_path / silence.FILE))


def test_the_example_of_the_documentation_is_read():
    """The page shows what the reader takes."""
    page = (Path(__file__).parents[3] / "docs" / "rules.md").read_text()
    (entry,) = silence.parse("x", page.partition("```yaml\n")[2].partition("```")[0]).entries
    assert (entry.code, entry.path) == ("CNI303", "manifests/*.yaml")
