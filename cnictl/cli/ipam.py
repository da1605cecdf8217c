"""`cnictl ipam`."""

from __future__ import annotations

import gc
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer

from cnictl.cli import given, options, output
from cnictl.cli.problems import NO, UsageProblem, failed
from cnictl.leases import evidence, findings, forecast, namespaces, reclaim, survey
from cnictl.leases.journal import Journal, new_path
from cnictl.leases.journal import read as read_journal
from cnictl.leases.networks import networks
from cnictl.render.form import Form
from cnictl.render.ipam import (
    findings_members,
    findings_table,
    outcomes_members,
    outcomes_table,
    reservations_members,
    reservations_table,
    reservations_text,
    usage_members,
    usage_table,
)
from cnictl.runtime.cache import Cache
from cnictl.spec.errors import CnictlError
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cnictl.leases.evidence import Evidence, Gatherer, Sandboxes
    from cnictl.leases.namespaces import Sightings
    from cnictl.leases.networks import Network
    from cnictl.leases.reclaim import Outcome
    from cnictl.leases.survey import Surveyed
    from cnictl.leases.verdict import Verdict

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Net = Annotated[str, typer.Argument(metavar="NET", help="Name of a network.", show_default="all")]
DataDir = Annotated[
    list[str] | None,
    typer.Option(
        "--data-dir", metavar="DIR", help="A further directory of host-local's.", show_default=False
    ),
]
SandboxList = Annotated[
    str,
    typer.Option(
        "--sandboxes",
        metavar="FILE",
        help="The pod sandboxes there are, one id a line or from `crictl pods -o json`; - for stdin.",
        show_default="those that the runtime tells over CRI",
    ),
]
Grace = Annotated[
    float,
    typer.Option("--grace", metavar="SECONDS", min=0, help="How long after it was made nothing is judged."),
]


@app.callback()
def ipam() -> None:
    """Which addresses host-local keeps reserved, and which of them nobody has any more.

    Nothing here takes the lock of the plugins but `reclaim`.
    """


@app.command(name="ls")
def ls(
    net: Net = "",
    data_dir: DataDir = None,
    conf_dir: options.ConfDir = options.CONF_DIR,
    cache_dir: options.CacheDir = options.CACHE_DIR,
    form: options.Output = Form.TABLE,
) -> None:
    """List networks with their ranges, and how full these are.

    Networks are those of configurations, those of attachments in the cache, and directories that a
    network has left behind.
    """
    found = survey.read(_networks(net, conf_dir, cache_dir, data_dir), owners=False)
    for one in found:
        if one.contents.problem:
            output.note(one.contents.problem)
    output.show(form, lambda: usage_members(found), lambda: usage_table(found))


@app.command()
def show(
    net: Net = "",
    everything: Annotated[bool, typer.Option("--all", "-a", help="All of them, in full.")] = False,
    sandboxes: SandboxList = "",
    cri_socket: options.CriSocket = "",
    whole_node: options.WholeNode = False,
    grace: Grace = evidence.GRACE,
    data_dir: DataDir = None,
    conf_dir: options.ConfDir = options.CONF_DIR,
    cache_dir: options.CacheDir = options.CACHE_DIR,
    form: options.Output = Form.TABLE,
) -> None:
    """Show reservations: whose they are, whether somebody has the address, and how that is known.

    live: the address is in a network namespace, or the container is known.  orphan: every source says
    that nobody has it.  empty: the file names no container.  foreign: it is in none of the network's
    ranges.  duplicate: its interface has another address instead.  unknown: a source could not be
    asked, or the reservation is so young that an ADD may be under way.
    """
    found, seen = _survey(
        net, conf_dir, cache_dir, data_dir, _gatherer(sandboxes, cri_socket, cache_dir, whole_node, grace)
    )
    _tell_gaps(seen)
    if everything and form is Form.TABLE:
        output.put(reservations_text(found, seen.now))
        return
    output.show(form, lambda: reservations_members(found, seen), lambda: reservations_table(found, seen.now))


@app.command()
def check(
    net: Net = "",
    max_pods: Annotated[
        int | None,
        typer.Option(
            "--max-pods", metavar="N", min=1, help="Pods that may run here.", show_default="kubelet's"
        ),
    ] = None,
    sandboxes: SandboxList = "",
    cri_socket: options.CriSocket = "",
    whole_node: options.WholeNode = False,
    grace: Grace = evidence.GRACE,
    data_dir: DataDir = None,
    conf_dir: options.ConfDir = options.CONF_DIR,
    cache_dir: options.CacheDir = options.CACHE_DIR,
    form: options.Output = Form.TABLE,
) -> None:
    """Find what is wrong with reservations, and say what to do about it.

    Addresses that leak, files that are none, ranges that were changed, addresses in use that nobody
    has reserved, who holds the lock, and whether there is room for all pods that may run.  Exit
    status 1 when something is wrong.
    """
    gatherer = _gatherer(sandboxes, cri_socket, cache_dir, whole_node, grace)
    surveyed, seen = _survey(net, conf_dir, cache_dir, data_dir, gatherer)

    def look_again() -> Sightings:
        time.sleep(findings.PAUSE)
        return namespaces.look(whole_node=whole_node)

    found = findings.check(surveyed, seen, forecast.max_pods(max_pods), look_again)
    _tell_gaps(seen)
    output.show(form, lambda: findings_members(found, seen), lambda: findings_table(found))
    if findings.is_wrong(found):
        raise typer.Exit(NO)
    if form is Form.TABLE and surveyed:
        output.note(f"nothing is wrong with {', '.join(one.network.name for one in surveyed)}")


@app.command(name="reclaim")
def reclaim_(
    net: Net = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it, and not only show it.")] = False,
    empty: Annotated[bool, typer.Option("--empty", help="Also files that name no container.")] = False,
    foreign: Annotated[bool, typer.Option("--foreign", help="Also addresses outside of all ranges.")] = False,
    undo: Annotated[str, typer.Option("--undo", metavar="FILE", help="Put back what a journal has.")] = "",
    journal: Annotated[
        str,
        typer.Option(
            "--journal",
            metavar="FILE",
            help="The journal.",
            show_default="a new one beside the cache",
            callback=output.place,
        ),
    ] = "",
    patience: Annotated[
        float, typer.Option("--patience", metavar="SECONDS", min=0, help="How long to wait for a lock.")
    ] = reclaim.PATIENCE,
    sandboxes: SandboxList = "",
    cri_socket: options.CriSocket = "",
    whole_node: options.WholeNode = False,
    grace: Annotated[
        float,
        typer.Option("--grace", metavar="SECONDS", min=60, help="What is younger than this is left alone."),
    ] = evidence.GRACE,
    data_dir: DataDir = None,
    conf_dir: options.ConfDir = options.CONF_DIR,
    cache_dir: options.CacheDir = options.CACHE_DIR,
    form: options.Output = Form.TABLE,
) -> None:
    """Free addresses that nobody has; without --yes, show which ones these would be.

    Those are orphans, for which every source says so.  It is found out again while the lock of the
    plugins is held, and a file is removed only if it is what it was.  Before that it is written to a
    journal, from which --undo puts back what is still free.  Exit status 1 when that cannot be, as
    something is not known that might say that an address is in use.

    Only the reservation is freed.  Where the cache still knows the attachment, `cnictl del NET --cached`
    cleans up what other plugins left as well.

    Example: cnictl ipam reclaim --yes
    """
    if undo:
        with given.understood(hint="`cnictl ipam reclaim --yes` writes one"):
            entries = read_journal(undo)
        if yes:
            restored = reclaim.undo(entries, patience=patience)
            _carry_out(restored, form, f"there again, of {len(entries)} in {undo}")
        else:
            _carry_out(reclaim.preview(entries), form)
        return
    wanted: set[Verdict] = {"orphan"}
    wanted |= {"empty"} if empty else set()
    wanted |= {"foreign"} if foreign else set()
    gatherer = _gatherer(sandboxes, cri_socket, cache_dir, whole_node, grace)
    surveyed, seen = _survey(net, conf_dir, cache_dir, data_dir, gatherer)
    try:
        reclaim.refuse(seen.gaps)
        if not yes:
            _carry_out(reclaim.planned(surveyed, wanted), form)
            return
        with Journal(journal or new_path(cache_dir)) as kept:
            freed = reclaim.reclaim_all(surveyed, gatherer, kept, wanted, patience=patience)
            _carry_out(
                freed,
                form,
                f"free; `cnictl ipam reclaim --undo {kept.path} --yes` takes it back",
                kept.path,
            )
    except reclaim.Refused as error:
        failed(error)
        raise typer.Exit(NO) from error


def _carry_out(steps: Iterator[Outcome], form: Form, closing: str = "", journal: str = "") -> None:
    """Print what becomes of each reservation, also when there is no going on half way.

    `closing` is what to say of those that were changed, "" for a plan.
    """
    outcomes: list[Outcome] = []
    try:
        outcomes.extend(steps)
    finally:
        count = sum(one.done for one in outcomes)
        written = journal if count else ""
        output.show(
            form,
            lambda: outcomes_members(outcomes, written, planned=not closing),
            lambda: outcomes_table(outcomes, planned=not closing),
        )
        if count:
            those = "1 reservation is" if count == 1 else f"{count} reservations are"
            output.note(f"{those} {closing or 'meant: nothing was changed, --yes does it'}")
    if not count:
        output.note("nothing was changed" if outcomes else "there is nothing to do")


def _survey(
    net: str, conf_dir: str, cache_dir: str, data_dirs: Sequence[str] | None, gatherer: Gatherer
) -> tuple[list[Surveyed], Evidence]:
    gc.disable()  # sixty thousand reservations are no garbage, and looking for some takes long
    return survey.survey(_networks(net, conf_dir, cache_dir, data_dirs), gatherer)


def _networks(net: str, conf_dir: str, cache_dir: str, data_dirs: Sequence[str] | None) -> list[Network]:
    """The networks of that name, or all; raises UsageProblem when there is none of that name."""
    try:
        cached = Cache(cache_dir).listing().attachments
    except CnictlError as error:
        output.note(f"note: {error}")
        cached = []
    found = networks(conf_dir, cached, data_dirs or ())
    for problem in found.problems:
        output.note(f"note: {problem}")
    if not net:
        if not found.found:
            output.note("no network has addresses of host-local")
        return list(found.found)
    named = [one for one in found.found if one.name == net]
    if not named:
        known = ", ".join(dict.fromkeys(one.name for one in found.found))
        raise UsageProblem(
            f"no network {go_quote(net)} has addresses of host-local",
            hint=known and f"networks that have: {known}",
        )
    return named


def _gatherer(sandboxes: str, cri_socket: str, cache_dir: str, whole_node: bool, grace: float) -> Gatherer:
    provider = _provider(sandboxes, cri_socket)
    return evidence.Gatherer(provider, Cache(cache_dir), grace=grace, whole_node=whole_node)


def _provider(path: str, socket: str) -> evidence.Provider:
    """What is asked for sandboxes: the runtime, each time; or a list, as of when it was written."""
    if not path:
        return lambda: evidence.sandboxes_asked(socket)
    listed = _listed(path)
    return lambda: listed


def _listed(path: str) -> Sandboxes:
    with given.understood(f"--sandboxes {path}: ", evidence.LISTS):
        if path == "-":
            return evidence.sandboxes_in(sys.stdin.read(), time.time())
        return evidence.sandboxes_of(path)


def _tell_gaps(seen: Evidence) -> None:
    for gap in seen.gaps:
        output.note(f"not known: {gap}")
