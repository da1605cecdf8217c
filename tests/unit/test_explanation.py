"""Explanations: what a docstring says, and who knows what is asked about."""

from __future__ import annotations

import pytest

from cnictl.explanation import Explainer, Explanation, Section, Unexplained, documented, explain, named

DOC = """A thing is as it should be.

    More of it.

    ## Why it matters
    Because.

    ## Write
        {"a": 1}

        {"b": 2}
    """


def explainer(*known: Explanation) -> Explainer:
    return Explainer(lambda: known, lambda asked: named(asked, known))


RULE = documented("CNI999", "odd-thing", "warning", DOC)
CHECK = documented("DOC101", "broken-thing", "error", "It works.")
BOTH = (explainer(RULE), explainer(CHECK))


def test_a_docstring_has_a_summary_and_sections():
    """Indentation that belongs to an example stays."""
    assert RULE.summary == "A thing is as it should be.\n\nMore of it."
    assert RULE.sections == (
        Section("Why it matters", "Because."),
        Section("Write", '    {"a": 1}\n\n    {"b": 2}'),
    )


@pytest.mark.parametrize("asked", ["CNI999", "cni999", "odd-thing", " Odd-Thing "])
def test_a_code_or_a_name_in_any_case(asked: str):
    """What somebody types who read it in a log."""
    assert explain(asked, BOTH) == [RULE]


def test_every_explainer_is_asked():
    """The second one's codes are found like the first one's."""
    assert explain("DOC101", BOTH) == [CHECK]


@pytest.mark.parametrize(
    ("asked", "hint"), [("CNI99", "did you mean CNI999?"), ("zzz", "`cnictl explain` lists the codes")]
)
def test_what_nobody_knows(asked: str, hint: str):
    """The hint names what is alike."""
    with pytest.raises(Unexplained, match="nothing is known of") as raised:
        explain(asked, BOTH)
    assert raised.value.hint == hint
