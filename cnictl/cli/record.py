"""`cnictl record`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from cnictl.cli import given, options, output, problems
from cnictl.cli.problems import UsageProblem
from cnictl.record import log as recorded
from cnictl.record import places, program
from cnictl.record.choice import choose
from cnictl.record.model import Call, RecordError
from cnictl.render.form import Form
from cnictl.render.record import (
    calls_members,
    calls_table,
    places_table,
    recorded_members,
    recorded_text,
    status_members,
)
from cnictl.runtime.inventory import programs

app = typer.Typer(add_completion=False, rich_markup_mode=None)

LogDir = Annotated[str, typer.Option("--log-dir", metavar="DIR", help="Where the recorded calls are.")]
Which = Annotated[
    str,
    typer.Argument(
        metavar="CALL",
        help="Its number, `last`, or the last of a plugin: `bridge` or `bridge/ADD`.",
    ),
]


@app.callback()
def record() -> None:
    """Record the calls that a runtime makes: what each plugin was given, said, and how it ended.

    A small program takes the place of chosen plugins, runs the plugin, and writes down the call; the
    runtime notices nothing but some 0.7 ms.  Secrets are not written down: what a name or its look
    gives away as a password, a token or a key is *** in the log, and variables too.  `cnictl replay`
    does a recorded call again.
    """


@app.command()
def start(
    plugins: Annotated[
        list[str] | None, typer.Argument(metavar="PLUGIN", help="The plugins.", show_default=False)
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that there are.")] = False,
    cni_path: options.CniPath = "",
    log_dir: LogDir = recorded.DIRECTORY,
    keep: Annotated[
        int, typer.Option("--keep", metavar="N", min=1, max=100_000, help="Calls to keep, the newest ones.")
    ] = recorded.KEEP,
    stand_in: Annotated[
        str, typer.Option("--stand-in", metavar="FILE", help="What `build` made, where no compiler is.")
    ] = "",
) -> None:
    """Record the calls of plugins from now on.

    The plugins are kept in the directory .recorded-by-cnictl beside their places.  A call that comes at
    any moment of this finds a plugin, also when it is interrupted; then start or stop again.  When
    nothing can be written down, on a full disk for example, calls go on and are not recorded.

    Example: cnictl record start bridge host-local
    """
    if bool(plugins) == everything:
        raise UsageProblem("nothing says which plugins", hint="name them, or say --all")
    if stand_in:
        with given.understood():
            made = program.load(stand_in)
    else:
        made = program.build()
    started = []
    for directory, names in _by_directory(cni_path, plugins).items():
        recorded.prepare(log_dir, keep)
        started += [f"{directory}/{name}" for name in places.start(directory, names, log_dir, made)]
    for path in started:
        output.put_line(path)
    output.note(f"recording into {log_dir}" if started else "they are recorded already")


@app.command()
def stop(
    plugins: Annotated[
        list[str] | None, typer.Argument(metavar="PLUGIN", help="The plugins.", show_default="all")
    ] = None,
    cni_path: options.CniPath = "",
    delete: Annotated[bool, typer.Option("--delete", help="Delete the recorded calls as well.")] = False,
    log_dir: LogDir = recorded.DIRECTORY,
) -> None:
    """Record no more, and bring the plugins back as they were.

    What was put into a plugin's place meanwhile, by an upgrade for example, stays there.  The recorded
    calls stay as well, unless you say --delete.
    """
    stopped: set[str] = set()
    still: set[str] = set()
    for directory in _directories(cni_path):
        for place in places.stop(directory, plugins):
            stopped.add(place.plugin)
            output.put_line(f"{directory}/{place.plugin}")
            if place.condition == "replaced":
                output.note(f"{directory}/{place.plugin} stays: it was put there since")
            elif place.condition == "removed":
                output.note(f"{directory}/{place.plugin} is back: somebody had removed it")
        still |= {place.plugin for place in places.places(directory)}
    if not stopped and not still:
        output.note("nothing is recorded")
    else:
        rest = f"; recorded is {', '.join(sorted(still))}" if still else ""
        for name in sorted(set(plugins or ()) - stopped):
            output.note(f"{name} is not recorded{rest}")
    if delete:
        output.note(f"{recorded.delete(log_dir)} recorded calls deleted")


@app.command()
def status(
    cni_path: options.CniPath = "",
    log_dir: LogDir = recorded.DIRECTORY,
    form: options.Output = Form.TABLE,
) -> None:
    """Show which plugins are recorded, and how full the log is.

    Exit status 1 when none is, or when one that should be is not.
    """
    found = {directory: places.places(directory) for directory in _directories(cni_path)}
    logs = [place for place in map(places.log_of, found) if place]
    directory = logs[0] if logs else log_dir
    ring = recorded.ring(directory)
    count = len(recorded.calls(directory))
    output.show(form, lambda: status_members(found, directory, ring, count), lambda: places_table(found))
    everyone = [place for several in found.values() for place in several]
    if not everyone:
        output.note("nothing is recorded")
    if ring is not None:
        lost = f"; {ring.lost} could not be written down" if ring.lost else ""
        output.note(f"{count} calls in {directory}, of at most {ring.keep}{lost}")
    if not everyone or any(place.condition != "recorded" for place in everyone):
        raise typer.Exit(problems.NO)


@app.command(name="ls")
def ls(
    plugin: Annotated[str, typer.Option("--plugin", metavar="PLUGIN", help="Of this plugin only.")] = "",
    container_id: Annotated[
        str, typer.Option("--container-id", metavar="ID", help="For this container only.")
    ] = "",
    failed: Annotated[bool, typer.Option("--failed", help="Those only that did not succeed.")] = False,
    log_dir: LogDir = recorded.DIRECTORY,
    form: options.Output = Form.TABLE,
) -> None:
    """List recorded calls, the oldest first.

    BY is who made the call: a program, or the plugin of another call.
    """
    there = recorded.calls(log_dir)
    for path in recorded.broken(log_dir, there):
        output.note(f"note: {path} {recorded.BROKEN}")
    if not there:
        output.note(f"no recorded calls in {log_dir}")
    found = [
        one
        for one in there
        if plugin in ("", one.plugin)
        and container_id in ("", one.container_id)
        and not (failed and one.status == 0)
    ]
    output.show(form, lambda: calls_members(found), lambda: calls_table(found))


@app.command()
def show(call: Which, log_dir: LogDir = recorded.DIRECTORY, form: options.Output = Form.TABLE) -> None:
    """Show all of a recorded call.

    With -o json, and -o yaml, the whole environment as well.

    Example: cnictl record show bridge/ADD
    """
    found = chosen(call, log_dir)
    if form is Form.TABLE:
        output.put(recorded_text(found))
    else:
        output.show(form, lambda: recorded_members(found), lambda: "")


@app.command()
def build(
    file: Annotated[str, typer.Argument(metavar="FILE", help="Where to write it.", callback=output.place)],
) -> None:
    """Make the program that stands in for plugins, for machines of this kind without a compiler.

    Give it to `cnictl record start --stand-in FILE` there.
    """
    output.put_into(file, program.build(), mode=0o755)


def chosen(call: str, log_dir: str) -> Call:
    """The call that is meant; raises UsageProblem when there is none."""
    found = recorded.calls(log_dir)
    try:
        return choose(log_dir, found, call)
    except RecordError as error:
        raise UsageProblem(str(error), hint=error.hint) from error


def _directories(cni_path: str) -> list[str]:
    return [os.path.abspath(one) for one in options.plugins(cni_path, 0).directories]


def _by_directory(cni_path: str, plugins: list[str] | None) -> dict[str, list[str]]:
    """The plugins that are meant, by the first directory that has them."""
    found: dict[str, list[str]] = {}
    directories = _directories(cni_path)
    for name in plugins or programs(directories):
        path = options.plugins(os.pathsep.join(directories), 0).find(name)
        found.setdefault(os.path.dirname(path), []).append(name)
    return found
