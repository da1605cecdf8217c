"""What `cnictl validate` prints for other programs: SARIF, and annotations of GitHub."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote, urlsplit

import jsonschema
import pytest

from cnictl.lint.engine import all_rules
from tests.protocol.cli.conftest import Bench

MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
LOCATION = {
    "type": "object",
    "required": ["uri"],
    "additionalProperties": False,
    "properties": {"uri": {"type": "string", "format": "uri-reference", "pattern": r"^[!-~]+$"}},
}
REGION = {
    "type": "object",
    "required": ["startLine"],
    "additionalProperties": False,
    "properties": {
        "startLine": {"type": "integer", "minimum": 1},
        "startColumn": {"type": "integer", "minimum": 1},
        "endColumn": {"type": "integer", "minimum": 1},
        "snippet": {"type": "object", "properties": {"text": {"type": "string"}}},
    },
}
RULE = {
    "type": "object",
    "required": ["id"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string"},
        "shortDescription": MESSAGE,
        "help": {**MESSAGE, "properties": {"text": {"type": "string"}, "markdown": {"type": "string"}}},
        "defaultConfiguration": {"type": "object", "properties": {"level": LEVEL}},
    },
}
RESULT = {
    "type": "object",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "suppressions": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["kind"],
                "additionalProperties": False,
                "properties": {
                    "kind": {"enum": ["inSource", "external"]},
                    "justification": {"type": "string"},
                },
            },
        },
        "locations": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "physicalLocation": {
                        "type": "object",
                        "required": ["artifactLocation"],
                        "additionalProperties": False,
                        "properties": {"artifactLocation": LOCATION, "region": REGION},
                    },
                    "logicalLocations": {
                        "type": "array",
                        "items": {"type": "object", "properties": {"fullyQualifiedName": {"type": "string"}}},
                    },
                },
            },
        },
    },
}
SARIF = {
    "type": "object",
    "required": ["version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "additionalProperties": False,
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "additionalProperties": False,
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {"type": "array", "items": RULE, "uniqueItems": True},
                                },
                            }
                        },
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "artifacts": {
                        "type": "array",
                        "uniqueItems": True,
                        "items": {"type": "object", "properties": {"location": LOCATION}},
                    },
                    "results": {"type": "array", "items": RESULT},
                },
            },
        },
    },
}
"""What the standard requires of the members that we write (SARIF 2.1.0, sections 3.13 to 3.59)."""

BAD = '{"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge",\n "isMasq": true, "mtu": "1"}]}'
NAME = "a%0A::error::x\\n::warning::y\x7f\u202e"
NASTY = f'{{"cniVersion": "1.0.0", "name": "{NAME}", "plugins": [{{"type": "bridge"}}]}}'


@pytest.fixture
def bench_with_bridge(bench: Bench) -> Bench:
    bench.plugin("bridge")
    return bench


def sarif(bench: Bench, *paths: object, status: int, stdin: str | None = None) -> dict[str, Any]:
    done = bench("validate", "-o", "sarif", *paths, status=status, stdin=stdin)
    assert done.stderr == ""
    log = done.json
    jsonschema.Draft202012Validator(
        SARIF, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    ).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [one["id"] for one in rules] == [one.code for one in all_rules()]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    return dict(run)


def test_sarif(bench_with_bridge: Bench):
    """A result has its rule, level, file, and the place in it; a column is a character."""
    (bench_with_bridge.top / "web.conflist").write_text(BAD)
    run = sarif(bench_with_bridge, "web.conflist", status=1)
    assert [
        (
            one["ruleId"],
            one["level"],
            one["message"]["text"],
            one["locations"][0]["physicalLocation"],
            one["locations"][0]["logicalLocations"],
        )
        for one in run["results"]
    ] == [
        (
            "CNI303",
            "warning",
            "bridge does not read 'isMasq'\ndid you mean ipMasq?",
            {
                "artifactLocation": {"uri": "web.conflist"},
                "region": {
                    "startLine": 2,
                    "startColumn": 2,
                    "endColumn": 10,
                    "snippet": {"text": '"isMasq"'},
                },
            },
            [{"fullyQualifiedName": "/plugins/0/isMasq"}],
        ),
        (
            "CNI301",
            "error",
            'key "mtu": expected a whole number, found string "1"\nwrite 1 without quotes',
            {
                "artifactLocation": {"uri": "web.conflist"},
                "region": {"startLine": 2, "startColumn": 25, "endColumn": 28, "snippet": {"text": '"1"'}},
            },
            [{"fullyQualifiedName": "/plugins/0/mtu"}],
        ),
    ]
    assert run["artifacts"] == [{"location": {"uri": "web.conflist"}}]


def test_sarif_of_nothing_is_a_run_without_results(bench_with_bridge: Bench):
    """Which says that there is nothing, as no results at all would not."""
    path = bench_with_bridge.network("web", {"type": "bridge"})
    assert sarif(bench_with_bridge, path, status=0)["results"] == []


@pytest.mark.parametrize(
    "name", ["a b#?%.conflist", "a:b.conflist", "\u20ac\udcff.conflist", "new\nline.conflist"]
)
def test_a_file_s_name_is_a_reference(bench_with_bridge: Bench, name: str):
    """Whatever it is called; an absolute path gets a scheme, a relative one stays one."""
    path = bench_with_bridge.top / name
    path.write_text(BAD)
    for given, scheme in ((name, ""), (str(path), "file")):
        (artifact,) = sarif(bench_with_bridge, given, status=1)["artifacts"]
        parts = urlsplit(artifact["location"]["uri"])
        assert (parts.scheme, parts.query, parts.fragment) == (scheme, "", "")
        assert unquote(parts.path, errors="surrogateescape") == given


def test_what_is_silenced_is_suppressed_in_sarif(bench_with_bridge: Bench):
    """A scanner shows it as such, with the reason, and nobody fails for it."""
    (bench_with_bridge.top / "web.conflist").write_text(BAD)
    text = "".join(f"- {{code: {code}, reason: it is so}}\n" for code in ("CNI301", "CNI303"))
    (bench_with_bridge.top / ".cnictl.yaml").write_text(f"silence:\n{text}")
    results = sarif(bench_with_bridge, "web.conflist", status=0)["results"]
    assert [one["suppressions"] for one in results] == [
        [{"kind": "external", "justification": "it is so"}],
        [{"kind": "external", "justification": "it is so"}],
    ]


def test_nothing_that_a_terminal_obeys_is_in_sarif(bench_with_bridge: Bench):
    """What a file says is text, and written as such."""
    done = bench_with_bridge("validate", "-o", "sarif", "-", stdin=NASTY, status=1)
    assert done.stdout.replace("\n", "").isprintable()
    texts = [one["message"]["text"] for one in json.loads(done.stdout)["runs"][0]["results"]]
    assert any("::warning::y" in text for text in texts)


def test_annotations(bench_with_bridge: Bench):
    """A command a line, with the place in the file and the code."""
    (bench_with_bridge.top / "web,1.conflist").write_text(BAD)
    done = bench_with_bridge("validate", "-o", "github", "web,1.conflist", status=1)
    assert done.stdout == (
        "::warning file=web%2C1.conflist,line=2,col=2,endColumn=10,title=CNI303 unknown-key"
        "::bridge does not read 'isMasq'%0Adid you mean ipMasq?\n"
        "::error file=web%2C1.conflist,line=2,col=25,endColumn=28,title=CNI301 wrong-value"
        '::key "mtu": expected a whole number, found string "1"%0Awrite 1 without quotes\n'
    )
    assert done.stderr == ""


def test_a_text_cannot_give_commands(bench_with_bridge: Bench):
    """Neither a name with a line break in it, nor one that is written as GitHub writes one."""
    done = bench_with_bridge("validate", "-o", "github", "-", stdin=NASTY, status=1)
    assert done.stdout.replace("\n", "").isprintable()
    assert all(re.match(r"::(error|warning|notice) title=CNI\d+ ", one) for one in done.stdout.splitlines())
    assert "a%250A::error::x" in done.stdout
