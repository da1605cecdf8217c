"""CNI_ARGS as a plugin reads it: strict about pairs, and about keys it does not know."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.spec.address import Address
from cnictl.spec.args import parse_args
from cnictl.spec.errors import INVALID_ENVIRONMENT, CniError

WORDS = st.text(st.characters(exclude_characters=";="), min_size=1)


def refusal(text: str, *known: str) -> str:
    with pytest.raises(CniError) as refused:
        parse_args(text, known)
    assert refused.value.code == INVALID_ENVIRONMENT
    return refused.value.msg


@pytest.mark.parametrize("known", [(), ("IP",)], ids=["no-keys", "one-key"])
def test_no_arguments_are_fine(known: tuple[str, ...]):
    """Whatever the plugin knows."""
    assert parse_args("", known) == {}


@pytest.mark.parametrize("value", ["True", "true", "TRUE", "1"])
def test_unknown_keys_are_ignored_when_asked(value: str):
    """Wherever the wish stands among the others."""
    assert parse_args(f"IgnoreUnknown={value};Unk=nown", ()) == {}
    assert parse_args(f"Z=1;IP=10.0.0.1;IgnoreUnknown={value}", {"IP"}) == {"IP": "10.0.0.1"}


@pytest.mark.parametrize("value", ["False", "false", "FALSE", "0"])
def test_unknown_keys_are_refused_when_not_ignored(value: str):
    """All of them are listed, as they were written."""
    assert refusal(f"Unk=nown;IgnoreUnknown={value};X=1") == 'ARGS: unknown args ["Unk=nown" "X=1"]'
    assert refusal("Unk=nown;X=1") == 'ARGS: unknown args ["Unk=nown" "X=1"]'


@pytest.mark.parametrize("value", ["invalid", "yes", "", "2"])
def test_ignoring_is_a_matter_of_yes_or_no(value: str):
    """In two spellings each; anything else is refused, known keys or not."""
    assert refusal(f"IgnoreUnknown={value}") == (
        f'ARGS: error parsing value of pair "IgnoreUnknown={value}":'
        f" boolean unmarshal error: invalid input {value}"
    )


@pytest.mark.parametrize(
    ("text", "piece"),
    [
        ("A=B=C", "A=B=C"),
        ("A=B=C;IgnoreUnknown=1", "A=B=C"),
        ("IgnoreUnknown=1;A", "A"),
        ("IgnoreUnknown=1;", ""),
        (";", ""),
        ("IgnoreUnknown=0, Unk=nown", "IgnoreUnknown=0, Unk=nown"),
    ],
    ids=["two-equals", "two-equals-ignored", "no-equals", "semicolon-at-end", "only-a-semicolon", "comma"],
)
def test_a_piece_is_exactly_one_pair(text: str, piece: str):
    """Even where unknown keys are ignored."""
    assert refusal(text, "A") == f'ARGS: invalid pair "{piece}"'


def test_the_case_of_a_key_counts():
    """A key is what the plugin says, unlike in the configuration."""
    assert refusal("mac=02:00:00:00:00:01", "MAC") == 'ARGS: unknown args ["mac=02:00:00:00:00:01"]'


def test_values_may_be_empty_and_the_last_one_counts():
    """A runtime may pass a key twice."""
    assert parse_args("IP=;MAC=a;MAC=b", {"IP", "MAC"}) == {"IP": "", "MAC": "b"}


def test_an_address_is_passed_as_its_text():
    """The plugin reads it as what it needs."""
    assert Address.parse(parse_args("IP=10.0.0.0", {"IP"})["IP"]) == Address(bytes([10, 0, 0, 0]))


@given(st.dictionaries(WORDS.filter(lambda key: key != "IgnoreUnknown"), WORDS))
def test_pairs_survive_being_joined_and_read(pairs: dict[str, str]):
    """Whatever keys and values are made of, besides the two characters that nothing escapes."""
    text = ";".join(f"{key}={value}" for key, value in pairs.items())
    assert parse_args(text, pairs.keys()) == pairs
