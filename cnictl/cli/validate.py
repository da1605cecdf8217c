"""`cnictl validate`."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from typing import Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.cli.complete import PLUGIN_DIRECTORIES
from cnictl.cli.given import confirm
from cnictl.cni_path import directories
from cnictl.lint import engine, silence
from cnictl.lint import fix as fixing
from cnictl.lint.engine import MOST, STDIN, NothingToValidate, Report
from cnictl.lint.explain import explanations
from cnictl.lint.interfaces import mtus_of_this_node
from cnictl.lint.model import WARNING
from cnictl.lint.programs import Programs
from cnictl.lint.silence import Silences, WrongSilence
from cnictl.render.changes import Changes
from cnictl.render.diagnostics import Diagnostics, report_members, report_summary
from cnictl.render.form import Form, as_json
from cnictl.render.sarif import sarif_members
from cnictl.render.workflow_commands import workflow_commands


class Written(StrEnum):
    """What `--output` takes here."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    SARIF = "sarif"
    GITHUB = "github"


app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def validate(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATH",
            help="Files, directories, or - for stdin.",
            show_default="the directory of configurations",
        ),
    ] = None,
    embedded: Annotated[
        bool,
        typer.Option("--nad", help="The texts are spec.config of NetworkAttachmentDefinitions."),
    ] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    node: Annotated[bool, typer.Option("--node", help="Look at this node's interfaces as well.")] = False,
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what is certainly meant; shows the difference first.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before files are written.")] = False,
    config: Annotated[
        str,
        typer.Option(
            "--config",
            metavar="FILE",
            help="Which mistakes not to mention.",
            show_default=f"{silence.FILE} in the working directory, or in one above it",
        ),
    ] = "",
    conf_dir: options.ConfDir = options.CONF_DIR,
    cni_path: options.CniPath = "",
    form: Annotated[
        Written,
        typer.Option("--output", "-o", help="How to print what was found; github is for its workflows."),
    ] = Written.TABLE,
) -> None:
    """Find mistakes in network configurations.

    Looks at the texts alone: what a runtime cannot load, what a plugin would refuse at ADD, and
    what they ignore without a word.  `cnictl explain CODE` tells more about a mistake.  Where there
    are plugins it tells which are missing; with --cni-path it also runs them, to ask for the
    versions that they support, and with --node it looks whether masters are there and carry the MTU.

    In YAML it finds the NetworkAttachmentDefinitions, and the configurations in ConfigMaps, whose
    placeholders are left to their installer; lines and columns are those of the YAML.

    A file .cnictl.yaml silences rules, for some files or places, each with its reason:
    `cnictl schema silence` describes it.  What it silences in vain is told.

    With --fix it writes what is certainly meant: a number or true without its quotes, a key in its
    documented case, 1.0 as 1.0.0, no comma before a bracket, no byte order mark.  The difference is
    shown first; mode and owner of a file stay.

    Exit status 0 when there is no error, 1 when there is one.

    Example: cnictl validate /etc/cni/net.d
    """
    asked = ctx.get_parameter_source("cni_path")
    try:
        silences = silence.load(config) if config else silence.find(os.curdir)
        if fix:
            _fix(paths or [conf_dir], silences, embedded=embedded, yes=yes, data=form is not Written.TABLE)
        report = engine.validate(
            paths or [conf_dir],
            stdin=_stdin() if STDIN in (paths or ()) else "",
            embedded=embedded,
            mtus=mtus_of_this_node() if node else None,
            programs=_programs(cni_path, ask=asked is not None and asked.name == "COMMANDLINE"),
        )
        report = silences.applied(report)
    except (NothingToValidate, WrongSilence) as error:
        raise problems.UsageProblem(str(error), hint=error.hint) from error
    _show(form, report)
    for one in report.unused:
        output.note(f"note: {one}")
    if form is Written.TABLE:
        output.note(report_summary(report))
    if not report.clean or (strict and report.count(WARNING)):
        raise typer.Exit(problems.NO)


def _fix(paths: list[str], silences: Silences, *, embedded: bool, yes: bool, data: bool) -> None:
    """Show what can be mended, ask, and write it; where data is wanted the difference is a remark."""
    if STDIN in paths:
        raise problems.UsageProblem("stdin cannot be mended", hint="name a file")
    mended = list(fixing.mend(paths, silences, embedded=embedded))
    if not mended:
        output.note("nothing can be mended for certain")
        return
    output.draw(Changes(mended), remark=data)
    count, names = sum(one.count for one in mended), f"{len(mended)} file{'s' if len(mended) != 1 else ''}"
    if not yes:
        question = f"mend {count} mistake{'s' if count != 1 else ''} in {names}?"
        refused = "nothing was written"
        confirm(question, hint=f"{refused}; say --yes as well", refused=refused)
    for one in mended:
        fixing.write(one)
        output.note(f"{one.path}: {one.count} mended")


def _show(form: Written, report: Report) -> None:
    if form is Written.SARIF:
        output.put(as_json(sarif_members(report, explanations())))
    elif form is Written.GITHUB:
        output.put(workflow_commands(report))
    else:
        output.show(Form(form.value), lambda: report_members(report), lambda: Diagnostics(report))


def _stdin() -> str:
    data = sys.stdin.buffer.read(MOST + 1)
    if len(data) > MOST:
        raise problems.UsageProblem(f"cannot read -: it has more than {MOST >> 20} MiB")
    return data.decode(errors="replace")


def _programs(cni_path: str, *, ask: bool) -> Programs | None:
    """Return where to look for plugins, None where nobody said and none of the usual places is there."""
    found = directories(cni_path) or [one for one in PLUGIN_DIRECTORIES if os.path.isdir(one)][:1]
    return Programs(found, ask=ask) if found else None
