"""`cnictl vxlan`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from cnictl.cli import options, output
from cnictl.cli.problems import NO, UsageProblem
from cnictl.inotify import Watch
from cnictl.render.form import Form, as_json
from cnictl.render.vxlan import remotes_members, remotes_table, report_members, report_table
from cnictl.spec.document import Document, decode_object
from cnictl.spec.errors import CnictlError
from cnictl.spec.request import for_status
from cnictl_plugins.main import vxlan_sync

app = typer.Typer(add_completion=False, rich_markup_mode=None)

BURST, LONGEST_BURST = 0.2, 2.0
"""Seconds in which more changes to a directory are waited for, and how often."""
PAUSE = 5.0
"""Seconds until what failed is tried again."""
PATIENCE = 60.0
"""Seconds after which entries are looked at even if the directory has not changed."""


@app.callback()
def vxlan() -> None:
    """Keep an overlay network in step with its other nodes."""


@app.command()
def sync(
    net: options.Net,
    plan: Annotated[bool, typer.Option("--plan", help="Show what would be changed, and do nothing.")] = False,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Go on whenever the directory of remotes changes.")
    ] = False,
    conf_dir: options.ConfDir = options.CONF_DIR,
    form: options.Output = Form.TABLE,
) -> None:
    """Bring the entries for the other nodes up to date, and print what has changed.

    The VXLAN interface is made if it is not there.  Entries of nodes that have gone, or have
    changed, are removed.  Exit status 1 when what is said of a node cannot be used: the others are
    brought up to date all the same, and nothing is removed until it can.
    """
    document = _document(conf_dir, net)
    if not watch:
        if _sync(document, form, plan=plan):
            raise typer.Exit(NO)
        return
    directory = vxlan_sync.directory(document)
    if plan or not directory:
        hint = 'name it in "remotesDir"' if not directory else "leave out one of the two"
        raise UsageProblem("--watch needs a directory of remotes, and does not only plan", hint=hint)
    _sync(document, form)
    while True:
        try:
            with Watch(directory) as watched:
                _sync(document, form, quiet=True)
                _wait(watched)
        except CnictlError as error:  # which may pass, and somebody should know while it lasts
            output.note(f"note: {error}")
            time.sleep(PAUSE)


@app.command(name="ls")
def ls(
    net: options.Net, conf_dir: options.ConfDir = options.CONF_DIR, form: options.Output = Form.TABLE
) -> None:
    """List the other nodes that this one knows of, and where from.

    Exit status 1 when what is said of a node cannot be used.
    """
    document = _document(conf_dir, net)
    found = vxlan_sync.others(document)
    options.warn(found.problems)
    output.show(form, lambda: remotes_members(document.string("name"), found), lambda: remotes_table(found))
    if found.problems:
        raise typer.Exit(NO)


@app.command(name="self")
def itself(
    net: options.Net,
    file: Annotated[
        str,
        typer.Option(
            "--to", metavar="FILE", help="Write it there, whole or not at all.", callback=output.place
        ),
    ] = "",
    conf_dir: options.ConfDir = options.CONF_DIR,
) -> None:
    """Print what other nodes must know of this one: its file for their directory of remotes.

    Example: cnictl vxlan self overlay --to /srv/overlay/$(hostname).json
    """
    members = vxlan_sync.itself(_document(conf_dir, net))
    if file:
        output.put_into(file, as_json(members).encode())
    else:
        output.put(as_json(members))


def _document(conf_dir: str, net: str) -> Document:
    """Return the configuration of the network's plugin vxlan; raises UsageProblem when it has none."""
    known = options.network(conf_dir, net)
    for plugin in known.plugins:
        if plugin.type == "vxlan":
            return Document(decode_object(for_status(known, plugin)))
    raise UsageProblem(
        f"network {known.name} has no plugin vxlan", hint="`cnictl conf ls` lists the networks"
    )


def _wait(watched: Watch) -> None:
    if watched.wait(PATIENCE):
        until = time.monotonic() + LONGEST_BURST
        while watched.wait(BURST) and time.monotonic() < until:
            pass


def _sync(document: Document, form: Form, *, plan: bool = False, quiet: bool = False) -> bool:
    """Bring entries up to date and print what changed; return whether there are problems."""
    report = vxlan_sync.synchronise(document, plan=plan)
    options.warn(report.problems)
    if report.changes or not quiet:
        name = document.string("name")
        output.show(form, lambda: report_members(name, report), lambda: report_table(report))
    return bool(report.problems)
