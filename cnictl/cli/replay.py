"""`cnictl replay`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.cli.record import LogDir, Which, chosen
from cnictl.record import log as recorded
from cnictl.record.replay import replay as do_again
from cnictl.render.form import Form
from cnictl.render.replay import replay_members, replay_tree

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def replay(
    call: Which,
    cni_path: Annotated[
        str,
        typer.Option(
            "--cni-path", metavar="DIRS", help="Other plugins to do it with.", show_default="those of then"
        ),
    ] = "",
    alone: Annotated[
        bool, typer.Option("--alone", help="As if no other container had been there at the time.")
    ] = False,
    log_dir: LogDir = recorded.DIRECTORY,
    timeout: options.Timeout = options.TIMEOUT,
    form: options.Output = Form.TABLE,
) -> None:
    """Do a recorded call again on a throwaway node, and show whether it does the same.

    The plugin gets what it got then, and what it says, and its exit status, are compared with what they
    were; what is random anyway, such as MAC addresses and names of veths, is not.  The node has this one's
    links, addresses and routes; nothing of this machine can be written from there.  Calls that made what
    the call found are done before it: the ADD of the same attachment, and of those that were there.

    Exit status 1 when it does not do the same.

    Example: cnictl replay bridge/ADD --cni-path /usr/lib/cni
    """
    found = chosen(call, log_dir)
    done = do_again(found, recorded.calls(log_dir), path=cni_path, alone=alone, timeout=timeout or None)
    output.show(form, lambda: replay_members(done), lambda: replay_tree(done))
    options.warn(done.notes)
    if not done.same:
        raise typer.Exit(problems.NO)
