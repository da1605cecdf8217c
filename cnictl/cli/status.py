"""`cnictl status`."""

from __future__ import annotations

import typer

from cnictl.cli import options, output, problems
from cnictl.render.answers import answers_members, answers_table, verdict
from cnictl.render.form import Form
from cnictl.runtime.failure import PluginFailed

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def status(
    net: options.Net,
    netns: options.Ignored = "",  # noqa: ARG001 - cnitool demands one, and does nothing with it
    conf_dir: options.ConfDir = options.CONF_DIR,
    cni_path: options.CniPath = "",
    timeout: options.Timeout = options.TIMEOUT,
    verbose: options.Verbose = False,
    form: options.Output = Form.TABLE,
) -> None:
    """Ask a network's plugins whether they can serve an ADD.

    Exit status 1 when a plugin says no, 3 when one cannot tell.  Configurations before
    cniVersion 1.1.0 have no STATUS: then nothing is asked, the exit status is 0, and `ready` of
    -o json is null.  Whether their plugins are there is for `cnictl version NET` to say.
    """
    known = options.network(conf_dir, net)
    runtime = options.runtime(cni_path, "", timeout, verbose=verbose)
    failure: PluginFailed | None = None
    try:
        report = runtime.status(known)
        executions, warnings = report.executions, report.warnings
    except PluginFailed as error:
        failure, executions, warnings = error, tuple(error.executions), tuple(error.warnings)
    options.warn(warnings)
    output.show(
        form,
        lambda: {
            "network": known.name,
            "ready": verdict(executions, failed=failure is not None),
            "plugins": answers_members(executions),
        },
        lambda: answers_table(executions, "ready"),
    )
    if failure is not None:
        raise typer.Exit(problems.answered(failure))
