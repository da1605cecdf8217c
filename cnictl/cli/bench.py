"""`cnictl bench`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

import cnictl_plugins
from cnictl import launcher
from cnictl.bench.load import load
from cnictl.bench.measure import Skipped, measure
from cnictl.bench.model import KINDS, USUAL_VERBS, VERBS, Present, Side
from cnictl.bench.usual import chain
from cnictl.cli import options, output
from cnictl.cli.problems import UsageProblem
from cnictl.cli.scenarios import meant
from cnictl.install import install
from cnictl.render.bench import (
    LEGEND,
    loads_members,
    loads_table,
    remarks,
    timings_members,
    timings_table,
)
from cnictl.render.chart import chart
from cnictl.render.form import Form
from cnictl.scenario.model import Attach
from cnictl.scenario.run import TIMEOUT
from cnictl.worker.paths import SOCKET
from cnictl.worker.pool import MOST, SPARE
from cnictl_plugins import multicall

if TYPE_CHECKING:
    from rich.table import Table

    from cnictl.spec.document import Json

app = typer.Typer(add_completion=False, rich_markup_mode=None)

ROUNDS = 15


class Written(StrEnum):
    """What `--output` takes here."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"
    SVG = "svg"


@app.command()
def bench(
    against: Annotated[str, typer.Option("--against", metavar="DIRS", help="The other set, called B.")],
    work: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="NET|SCENARIO...",
            help="Networks, files of scenarios, directories.",
            show_default="bridge, portmap, firewall, bandwidth and tuning, one after the other",
        ),
    ] = None,
    plugins: Annotated[
        str,
        typer.Option(
            "--plugins", metavar="DIRS", help="The set to be judged, called A.", show_default="our own"
        ),
    ] = "",
    rounds: Annotated[
        int, typer.Option("--rounds", "-n", metavar="N", min=1, help="How often each verb is called.")
    ] = ROUNDS,
    warm_up: Annotated[
        int, typer.Option("--warm-up", metavar="N", min=0, help="Rounds before, which do not count.")
    ] = 1,
    verbs: Annotated[
        str, typer.Option("--verbs", metavar="VERB,VERB", help=f"Some of {','.join(VERBS)}.")
    ] = ",".join(USUAL_VERBS),
    each: Annotated[bool, typer.Option("--each", help="Show each plugin as well.")] = False,
    worker: Annotated[
        bool, typer.Option("--worker", help="Have a worker on the node, and our own plugins ask it.")
    ] = False,
    scale: Annotated[
        str,
        typer.Option(
            "--scale",
            metavar="[KIND=]N,N",
            help=f"With so many {', '.join(KINDS)} there already; without KIND, {KINDS[0]}.",
        ),
    ] = "",
    pods: Annotated[
        int, typer.Option("--pods", metavar="N", min=0, help="Attach so many pods at once instead.")
    ] = 0,
    callers: Annotated[
        int, typer.Option("--callers", metavar="N", min=1, help="How many calls at a time, with --pods.")
    ] = 8,
    cap_args: options.CapArgs = "",
    args: options.Args = None,
    port: options.Port = None,
    conf_dir: options.ConfDir = options.CONF_DIR,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="SECONDS", min=1, help="For each plugin.")
    ] = TIMEOUT,
    form: Annotated[
        Written, typer.Option("--output", "-o", help="How to print data; svg is a picture.")
    ] = Written.TABLE,
) -> None:
    """Measure how long two sets of plugins take for the same work.

    On a throwaway node both attach, check and detach, in turn, so that what else the machine does
    meets both.  Told are the median of the rounds with its quartiles, and how long A takes in times of
    B, with what that lies between; a verdict is given only where 99 % confidence allows one, and never
    for fewer than 8 rounds.  Absolute times tell more about a machine than about plugins.

    With --scale the node is not empty: so many reservations of host-local (for each set its own), rules
    of so many pods, or ports of the bridge are there before the first call.  With --pods it is told how
    many pods a second come up when several callers attach them at once.

    Example: cnictl bench --against /usr/lib/cni --worker
    """
    wanted, counts = _verbs(verbs), _scale(scale)
    if pods and (form is Written.SVG or scale):
        raise UsageProblem("--pods goes neither with --scale nor with a picture")
    attach = Attach(
        args=dict(options.pairs(args) or ()), capabilities=options.capabilities(cap_args, port) or {}
    )
    several = [one for text in work for one in meant(text, conf_dir, attach)] if work else [chain()]
    daemon = _daemon() if worker else []
    with _sides(plugins, against, worker=worker) as sides:
        if pods:
            loads = []
            for one in several:
                for name, side in zip("AB", sides, strict=True):
                    output.note(f"{one.name}: {pods} pods with {name}, {callers} at a time")
                    found = load(one, side, pods=pods, callers=callers, worker=daemon, timeout=timeout)
                    loads.append((f"{one.name}, {name}", found))
            _print(form, lambda: loads_members(loads), lambda: loads_table(loads))
            return
        timings = []
        for one in several:
            for present in counts:
                output.note(
                    f"{one.name}: {rounds} round{'s' if rounds != 1 else ''}"
                    + (f", {present} present" if present else "")
                )
                try:
                    timings += measure(
                        one,
                        *sides,
                        rounds=rounds,
                        warm_up=warm_up,
                        verbs=wanted,
                        present=present,
                        worker=daemon,
                        timeout=timeout,
                    )
                except Skipped as reason:
                    output.note(f"skipped: {reason}")
    shown = [one for one in timings if each or not one.plugin]
    if form is Written.SVG:
        called = (plugins or "our own plugins") + (" with a worker" if worker else "")
        output.put(chart(shown, one=called, other=against))
        return
    _print(form, lambda: timings_members(shown), lambda: timings_table(shown))
    for remark in remarks(shown):
        output.note(f"note: {remark}")
    if form is Written.TABLE:
        output.note(LEGEND)


@contextmanager
def _sides(plugins: str, against: str, *, worker: bool) -> Iterator[tuple[Side, Side]]:
    """Give the two sets; our own are installed for as long as the block takes when none is named."""
    with ExitStack() as stack:
        if not plugins:
            plugins = stack.enter_context(TemporaryDirectory(prefix="cnictl-bench-"))
            install(plugins, multicall.PROGRAMS, cnictl_plugins.__path__[0], worker=worker)
        yield Side(options.absolute_path(plugins)), Side(options.absolute_path(against))


def _daemon() -> list[str]:
    return [*launcher.worker(cnictl_plugins.__path__[0]), SOCKET, str(SPARE), str(MOST)]


def _verbs(text: str) -> list[str]:
    found = [one.strip().upper() for one in text.split(",")]
    for one in found:
        if one not in VERBS:
            raise UsageProblem(f"no verb {one!r} is measured", hint=f"there are {', '.join(VERBS)}")
    return found


def _scale(text: str) -> list[Present | None]:
    """Return what is to be there; raises UsageProblem for what is no list of numbers."""
    if not text:
        return [None]
    kind, _, counts = text.rpartition("=")
    known = next((one for one in KINDS if one == (kind or KINDS[0])), None)
    if known is None:
        raise UsageProblem(f"--scale: nothing is called {kind!r}", hint=f"there are {', '.join(KINDS)}")
    try:
        numbers = [int(one) for one in counts.split(",")]
    except ValueError:
        numbers = [-1]
    if min(numbers) < 0:
        raise UsageProblem(
            f"--scale: {counts!r} is no list of numbers", hint="write 10,1000 or rules=10,1000"
        )
    return [Present(known, number) for number in numbers]


def _print(form: Written, members: Callable[[], list[Json]], drawn: Callable[[], Table]) -> None:
    output.show(Form(form.value), members, drawn)
