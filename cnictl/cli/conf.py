"""`cnictl conf`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.render.configurations import selection_members, selection_table
from cnictl.render.form import Form
from cnictl.runtime import selection

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Kind(StrEnum):
    """The runtimes whose rules are known."""

    CONTAINERD = "containerd"
    CRIO = "crio"
    PODMAN = "podman"
    CNITOOL = "cnitool"


@app.callback()
def conf() -> None:
    """Which configuration the runtime uses, and why not the others."""


@app.command(name="ls")
def ls(
    runtime: Annotated[Kind, typer.Option("--runtime", "-r", help="Whose rules.")] = Kind.CONTAINERD,
    max_conf_num: Annotated[
        int, typer.Option("--max-conf-num", min=0, help="containerd's setting; 0 for all files.")
    ] = 1,
    default: Annotated[
        str,
        typer.Option("--default-network", metavar="NAME", help="CRI-O's cni_default_network, or podman's."),
    ] = "",
    conf_dir: options.ConfDir = options.CONF_DIR,
    cni_path: options.CniPath = "",
    timeout: options.Timeout = 30.0,
    form: options.Output = Form.TABLE,
) -> None:
    """Show which files a runtime uses, in its order, and what keeps it from the others.

    A file is used for every pod, can be had by name, is unused or shadowed by one before it,
    broken, or ignored for its name.  Exit status 1 when pods get no network.  CRI-O and podman ask
    plugins for their versions, so that this runs them.
    """
    if runtime is Kind.CONTAINERD:
        found = selection.select_containerd(conf_dir, max_conf_num=max_conf_num)
    elif runtime is Kind.CNITOOL:
        found = selection.select_cnitool(conf_dir)
    else:
        works = selection.plugins_work(options.runtime(cni_path, "", timeout))
        select = selection.select_crio if runtime is Kind.CRIO else selection.select_podman
        found = select(conf_dir, works, default=default)
    output.show(
        form, lambda: selection_members(runtime.value, conf_dir, found), lambda: selection_table(found)
    )
    if found.remark:
        output.note(found.remark)
    if found.problem:
        output.note(found.problem)
        raise typer.Exit(problems.NO)
