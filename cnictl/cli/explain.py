"""`cnictl explain`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnictl import explanation
from cnictl.cli import options, output, problems
from cnictl.explanation import Unexplained
from cnictl.lint.explain import EXPLAINER as RULES
from cnictl.render.explanation import Explained, codes_table, explanation_members
from cnictl.render.form import Form

EXPLAINERS = (RULES,)
"""Whoever has codes."""

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def explain(
    code: Annotated[
        str,
        typer.Argument(metavar="CODE", help="A code or its name.", show_default="all codes, a line each"),
    ] = "",
    form: options.Output = Form.TABLE,
) -> None:
    """Tell what a code means: why it matters, an example, and what to do.

    Example: cnictl explain CNI303
    """
    if not code:
        known = [one for each in EXPLAINERS for one in each.codes()]
        output.show(form, lambda: [explanation_members(one) for one in known], lambda: codes_table(known))
        return
    try:
        found = explanation.explain(code, EXPLAINERS)
    except Unexplained as error:
        raise problems.UsageProblem(str(error), hint=error.hint) from error
    output.show(form, lambda: [explanation_members(one) for one in found], lambda: Explained(found))
