"""`cnictl explain`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cnictl import explanation
from cnictl.cli import options, output, problems
from cnictl.doctor.explain import EXPLAINER as FAILURES
from cnictl.explanation import Unexplained
from cnictl.lint.explain import EXPLAINER as RULES
from cnictl.render.explanation import Explained, codes_table, explanation_members
from cnictl.render.form import Form

EXPLAINERS = (RULES, FAILURES)
"""Whoever has codes."""

MOST = 1 << 24
"""Bytes that are read from stdin."""

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def explain(
    asked: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="CODE|TEXT",
            help="A code or its name; or a message, - for one on stdin.",
            show_default="all codes, a line each",
        ),
    ] = None,
    form: options.Output = Form.TABLE,
) -> None:
    """Tell what a code or a pasted message means, why, and what to do.

    A message may be an event, a line of a log, or all that kubectl describe printed: what kubelet,
    containerd, CRI-O, dockershim and Multus put around it is taken off, and what is inside compared
    with the catalogue of failures.  Needs neither a node nor a cluster.

    Example: kubectl describe pod web-0 | cnictl explain -
    """
    if not asked:
        known = [one for each in EXPLAINERS for one in each.codes()]
        output.show(form, lambda: [explanation_members(one) for one in known], lambda: codes_table(known))
        return
    try:
        found = explanation.explain(_stdin() if asked == ["-"] else " ".join(asked), EXPLAINERS)
    except Unexplained as error:
        raise problems.UsageProblem(str(error), hint=error.hint) from error
    output.show(form, lambda: [explanation_members(one) for one in found], lambda: Explained(found))


def _stdin() -> str:
    return sys.stdin.buffer.read(MOST).decode(errors="replace")
