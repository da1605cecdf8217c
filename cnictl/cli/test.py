"""`cnictl test`."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.cli.problems import UsageProblem
from cnictl.cli.scenarios import loaded, named
from cnictl.render import reports
from cnictl.render.difference import unseen_remarks
from cnictl.render.form import Form, as_json
from cnictl.render.scenario import outcome_members, outcome_tree, summary
from cnictl.scenario import update
from cnictl.scenario.run import TIMEOUT, run, run_all

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node
    from cnictl.scenario.judge import Outcome

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Written(StrEnum):
    """The forms of a report: for people, for programs, and for what collects the results of tests."""

    TABLE = "table"
    JSON = "json"
    TAP = "tap"
    JUNIT = "junit"


@app.command()
def run_scenarios(
    files: Annotated[
        list[str], typer.Argument(metavar="SCENARIO...", help="Files of scenarios, or directories of them.")
    ],
    name: Annotated[
        list[str] | None,
        typer.Option(
            "--name", "-n", metavar="NAME", help="Only the scenario of that name.", show_default=False
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, help="So many at a time.")] = 1,
    cni_path: options.CniPath = "",
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="For each plugin.")
    ] = TIMEOUT,
    update_files: Annotated[
        bool, typer.Option("--update", help="Write what was observed into the files as what is expected.")
    ] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the node as it is before DEL, for a look, until Ctrl-C.")
    ] = False,
    form: Annotated[Written, typer.Option("--output", "-o", help="How to report.")] = Written.TABLE,
) -> None:
    """Run scenarios: a network, who is attached, and what must hold.

    Each runs on a throwaway node of its own, as root or not: the setup, ADD, the Result and the state
    that it made, CHECK, who reaches whom, disturbances and who notices them, DEL twice, and that
    nothing is left.  `cnictl schema scenario` describes the files.

    Exit status 1 when something does not hold.

    Example: cnictl test -j 2 web.yaml
    """
    scenarios = named(loaded(files), name or ())
    path = os.pathsep.join(map(os.path.abspath, options.plugins(cni_path, 0).directories))
    if keep:
        if len(scenarios) != 1:
            raise UsageProblem("--keep is for one scenario", hint="choose it with --name")
        outcomes = [run(scenarios[0], path, timeout=timeout, keep=_wait)]
        _show(outcomes[0], form)
    else:
        outcomes = []
        for outcome in run_all(scenarios, path, jobs=jobs, timeout=timeout):
            outcomes.append(outcome)
            if update_files:
                _update(outcome)
            _show(outcome, form)
    _report(outcomes, form)
    if not update_files and not all(one.holds or one.skipped for one in outcomes):
        raise typer.Exit(problems.NO)


def _wait(node: Node) -> None:
    user = "" if os.geteuid() == 0 else " --user --preserve-credentials"
    output.note("the node is as ADD left it; enter it from another terminal with")
    output.note(f"  nsenter --target {node.pid} --mount --net --pid{user} sh")
    output.note("Ctrl-C ends it")
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)  # the node's own process, which is our child
    except KeyboardInterrupt:
        output.note("")


def _update(outcome: Outcome) -> None:
    changed = update.expectations(outcome)
    if changed:
        output.note(f"{outcome.scenario.file}: {outcome.scenario.name}: {', '.join(changed)} written")


def _show(outcome: Outcome, form: Written) -> None:
    if form is Written.TABLE:
        output.show(Form.TABLE, list, lambda: outcome_tree(outcome))


def _report(outcomes: list[Outcome], form: Written) -> None:
    for remark in unseen_remarks("not looked at", [one for outcome in outcomes for one in outcome.unseen]):
        output.note(remark)
    if form is Written.TABLE:
        output.note(summary(outcomes))
    elif form is Written.JSON:
        output.put(as_json([outcome_members(one) for one in outcomes]))
    elif form is Written.TAP:
        output.put(reports.tap(outcomes))
    else:
        output.put(reports.junit(outcomes))
