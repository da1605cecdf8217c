"""Configurations in Kubernetes' objects: which are found, and where in the YAML their mistakes are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cnictl.lint.engine import NothingToValidate, validate
from cnictl.lint.frame import frame
from cnictl.lint.locate import Span
from cnictl.lint.manifest import MOST, embedded
from cnictl.lint.model import Diagnostic
from tests.unit.lint.texts import bridge, marked, network, written

DEFINITION = """\
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata:
  name: web
spec:
  config: {}
"""
BAD = '{"cniVersion": "1.0.0", "type": "bridge", "isMasq": true}'
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
data:
  typha_service_name: none
  net-conf.json: '{"Network": "10.244.0.0/16"}'
  cni_network_config: |-
    {
      "name": "pods", "cniVersion": "1.0.0",
      "plugins": [
        {"type": "calico", "mtu": __CNI_MTU__, "node": "__NODE__"},
        {"type": "bridge", "isMasq": true, "ipam": {"type": "host-local", "subnet": "__CIDR__"}}
      ]
    }
"""


def found(text: str) -> list[Diagnostic]:
    return list(validate(["-"], stdin=text).diagnostics)


def definition(config: str) -> str:
    return DEFINITION.replace("{}", config)


@pytest.mark.parametrize(
    ("config", "line", "column"),
    [
        (f"'{BAD}'", 6, 54),
        (json.dumps(BAD), 6, 62),
        (f"|\n    {BAD}", 7, 47),
        (f"|-\n\n      {BAD}\n", 8, 49),
        (">\n    " + BAD.replace(", ", ",\n    "), 9, 5),
        (">-\n\n    " + BAD.replace(", ", ",\n\n    "), 12, 5),
        ("'" + BAD.replace(", ", ",\n      ") + "'", 8, 7),
        ('"' + json.dumps(BAD)[1:-1].replace(", ", ",\\\n      \\x20") + '"', 8, 11),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_mistake_is_shown_where_it_stands_in_the_file(config: str, line: int, column: int, end: str):
    """In a block, folded, or quoted: line and column are the file's, and the caret is below the key."""
    (one,) = found(definition(config).replace("\n", end))
    assert (one.code, one.pointer, one.line, one.column) == ("CNI303", "/isMasq", line, column)
    assert marked(one).strip('\\"') == "isMasq"


def test_a_definition_names_its_network_and_may_be_a_single_plugin():
    """multus takes the name from the object."""
    assert found(definition('\'{"cniVersion": "1.0.0", "type": "bridge"}\'')) == []


@pytest.mark.parametrize("text", [definition('""'), DEFINITION.replace("  config: {}\n", "")])
def test_a_definition_without_a_configuration_has_nothing_to_judge(text: str):
    """multus looks for a file of its name then."""
    with pytest.raises(NothingToValidate, match="no network configuration in -"):
        validate(["-"], stdin=text)


def test_an_object_in_place_of_a_text():
    """The API server refuses it; the hint says what to write."""
    (one,) = found(definition(BAD))
    assert (one.code, one.line, one.column, one.message) == (
        "CNI106",
        6,
        11,
        "spec.config is an object, not a text",
    )
    assert one.hint == "write config: | and the JSON below it, indented"


def test_a_config_map_is_a_template():
    """Placeholders are for its installer, and what they stand for is not judged; all the rest is."""
    assert [(one.code, one.line, marked(one)) for one in found(CONFIG_MAP)] == [("CNI303", 11, '"isMasq"')]


def test_of_many_documents_those_that_matter():
    """The others may be templates, or broken; kubectl's lists are looked into; JSON is YAML, tabs or not."""
    deployment = "kind: Deployment\nspec: {{ .Values }}\n"
    listed = json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [yaml.safe_load(definition(f"'{BAD}'"))] * 2},
        indent="\t",
    )
    text = "---\n".join([deployment, definition(f"'{BAD}'"), listed + "\n", CONFIG_MAP])
    assert [one.code for one in found(text)] == ["CNI303"] * 4


def test_an_alias_is_looked_at_once():
    """Or a small file could stand for a huge one, or for one without end."""
    text = "apiVersion: v1\nkind: List\nitems:\n- &a\n  kind: NetworkAttachmentDefinition\n"
    text += f"  spec: {{config: '{BAD}'}}\n" + "- *a\n" * 50
    assert [one.code for one in found(text)] == ["CNI303"]
    endless = "apiVersion: v1\nkind: List\nitems: &a [*a]\n"
    assert list(embedded(endless)) == []
    assert list(embedded("&a {apiVersion: v1, kind: List, items: [*a]}")) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind: ConfigMap\napiVersion: v1\ndata: [\n", "this is no YAML: expected the node content"),
        ("kind: ConfigMap\napiVersion: v1\ndata: \x07\n", "this is no YAML: special characters"),
        ("kind: ConfigMap\napiVersion: v1\ndata: " + "[" * 5000, "it is nested too deeply"),
        ("kind: ConfigMap\napiVersion: v1\ndata:\n  a.conflist: []\n", "data.a.conflist is a list"),
        ("kind: ConfigMap\napiVersion: v1\n" + "#" * MOST, "the object is larger than 1.5 MiB"),
    ],
)
def test_what_cannot_be_read(text: str, message: str):
    """Is a remark in its place, and hides no other document."""
    first, second = found(text + "\n---\n" + definition(f"'{BAD}'"))
    assert (first.code, second.code) == ("CNI106", "CNI303")
    assert first.message.startswith(message)


def test_a_directory_of_manifests(tmp_path: Path):
    """As it is in a repository; files beside them are looked at as well, and other YAML is not."""
    written(tmp_path, web__yaml=definition(f"'{BAD}'"), values__yaml="a: {{ b }}", map__yml=CONFIG_MAP)
    report = validate([str(tmp_path)])
    assert [Path(name).name for name in report.files] == ["map.yml", "web.yaml"]
    assert [one.code for one in report.diagnostics] == ["CNI303", "CNI303"]
    written(tmp_path, a__conflist=network(bridge()))
    assert [Path(name).name for name in validate([str(tmp_path)]).files] == [
        "a.conflist",
        "map.yml",
        "web.yaml",
    ]


def test_yaml_of_other_things_is_passed_over(tmp_path: Path):
    """A shell names all files of a directory; only when there is nothing in any of them it is an error."""
    deployment = "apiVersion: apps/v1\nkind: Deployment\nspec: {{ .Values }}\n"
    written(tmp_path, a__yaml=deployment, b__yml="replicas: 3\n", c__yaml=definition(f"'{BAD}'"))
    written(
        tmp_path, d__yaml='cniVersion: "1.0.0"\ntype: bridge\n', e__yaml="kind: ConfigMap\napiVersion: v1\n"
    )
    paths = [str(one) for one in sorted(tmp_path.iterdir())]
    report = validate(paths)
    assert [(Path(one.file).name, one.code) for one in report.diagnostics] == [
        ("c.yaml", "CNI303"),
        ("d.yaml", "CNI101"),
    ]
    assert [Path(name).name for name in report.files] == ["c.yaml", "d.yaml"]
    with pytest.raises(NothingToValidate, match=r"no network configuration in .*a\.yaml, .*b\.yml"):
        validate(paths[:2])


@given(
    st.text(st.sampled_from("ab {}\":,'\\#\t\u20ac\x85-|>[]\n"), max_size=60),
    st.sampled_from(["|", ">", '"', "'", None]),
)
def test_every_letter_is_found_where_it_stands(value: str, style: str | None):
    """Whatever style a text is written in: a letter of it is that letter in the file."""
    text = yaml.dump({"a": [{"config": value}]}, default_style=style, width=20)
    node = yaml.compose(text, Loader=yaml.SafeLoader)
    assert isinstance(node, yaml.MappingNode)
    ((_, items),) = node.value
    ((_, scalar),) = items.value[0].value
    where = frame(text, 0, scalar)
    assert len(where.offsets) == len(scalar.value) + 1
    for i, character in enumerate(scalar.value):
        if character.isalpha() and character.isascii():
            outer = where.outer(Span(i, i + 1))
            assert text[outer.start : outer.end] == character
