"""JSON and YAML: exact for programs, harmless to terminals."""

from __future__ import annotations

import json

import yaml
from hypothesis import given
from hypothesis import strategies as st

from cnictl.render.form import as_json, as_yaml

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
DATA = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@given(DATA)
def test_json_says_the_same(data):
    """Whatever it holds, a parser gets it back, and a terminal sees printable characters only."""
    text = as_json(data)
    assert json.loads(text) == data
    assert text.endswith("\n")
    assert text.replace("\n", "").isprintable()


@given(DATA)
def test_yaml_says_the_same(data):
    """As for JSON; YAML 1.1 has types of its own, and none of them must be taken for a text's."""
    text = as_yaml(data)
    assert yaml.safe_load(text) == data
    assert text.endswith("\n")
    assert text.replace("\n", "").isprintable()


def test_json_is_laid_out_as_the_go_plugins_do():
    """Four spaces, "<" escaped."""
    assert as_json({"a": [], "b": {"c": "<é"}}) == (
        '{\n    "a": [],\n    "b": {\n        "c": "\\u003cé"\n    }\n}\n'
    )


def test_yaml_keeps_the_order():
    """Keys are not sorted, texts that look like something else are quoted."""
    assert as_yaml({"b": "yes", "a": "1.10"}) == "b: 'yes'\na: '1.10'\n"
