"""`cnictl node`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnictl.sandbox.command import exec_on_throwaway_node

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def node(
    command: Annotated[list[str], typer.Argument(help="The command and its arguments.")],
) -> None:
    """Run a command on a throwaway node, and exit with its status.

    The command sees this machine's files, but a network of its own, an empty /run, /etc/cni and
    /var/lib/cni, and no processes but its own.  All that it makes vanishes when it ends.  Works
    without root where the kernel allows user namespaces.  Exit status 127 when there is no such
    program, 126 when it does not start.

    Example: cnictl node -- sh
    """
    raise typer.Exit(exec_on_throwaway_node(command))
