"""What the rules say about themselves, for `cnictl explain`."""

from __future__ import annotations

from cnictl.explanation import Explainer, Explanation, documented, named
from cnictl.lint.engine import all_rules


def explanations() -> list[Explanation]:
    """Return that of every rule, by its code."""
    return [documented(one.code, one.name, one.severity, one.doc) for one in all_rules()]


EXPLAINER = Explainer(explanations, lambda asked: named(asked, explanations()))
