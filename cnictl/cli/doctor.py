"""`cnictl doctor`."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from cnictl.cli import given, options, output, problems
from cnictl.cli.problems import UsageProblem
from cnictl.cni_path import directories
from cnictl.doctor.action import Means
from cnictl.doctor.archive import archive, unarchive
from cnictl.doctor.collect import collect as collected
from cnictl.doctor.gather import cluster
from cnictl.doctor.gather.messages import printed
from cnictl.doctor.judge import Narrowed, judge
from cnictl.doctor.repair import DIRECTORY, KIND, carry_out, fixes, judged_again, read, take_back
from cnictl.journal import Journal, new_path
from cnictl.leases import evidence
from cnictl.render.doctor import Findings, report_members, report_summary
from cnictl.render.form import Form
from cnictl.render.repair import Fixed, Steps, fixes_members, fixes_summary, steps_members
from cnictl.render.text import line
from cnictl.runtime.cache import Cache

if TYPE_CHECKING:
    from cnictl.doctor.bundle import Bundle
    from cnictl.doctor.repair import Fix, Step
    from cnictl.spec.document import Json

app = typer.Typer(add_completion=False, rich_markup_mode=None)

ConfDir = Annotated[
    str,
    typer.Option(
        "--conf-dir", metavar="DIR", help="Where configurations are.", show_default="where the runtime looks"
    ),
]
CniPath = Annotated[
    str,
    typer.Option(
        "--cni-path", metavar="DIRS", help="Where plugins are.", show_default="where the runtime looks"
    ),
]
Log = Annotated[
    str,
    typer.Option(
        "--log",
        metavar="FILE",
        help="A log; - for stdin.",
        show_default="the journals' last 15 minutes",
    ),
]
Kubectl = Annotated[
    str,
    typer.Option(
        "--kubectl",
        metavar="FILE",
        help="What kubectl get pods,events -A -o json printed; - for stdin.",
        show_default=False,
    ),
]
Kubeconfig = Annotated[
    str,
    typer.Option(
        "--kubeconfig",
        metavar="FILE",
        help="Ask the API server for this node's pods, and for events of those that do not run.",
        show_default=False,
    ),
]
Sandboxes = Annotated[
    str,
    typer.Option(
        "--sandboxes",
        metavar="FILE",
        help="The pod sandboxes there are, one id a line or from crictl pods -o json; - for stdin.",
        show_default=False,
    ),
]
WholeNode = Annotated[
    bool,
    typer.Option("--whole-node", help="This PID namespace is all of the node, as in kind."),
]


@app.callback(invoke_without_command=True)
def doctor(
    ctx: typer.Context,
    pod: Annotated[str, typer.Option("--pod", metavar="NAMESPACE/NAME", help="A pod it is about.")] = "",
    container: Annotated[str, typer.Option("--container", metavar="ID", help="A container.")] = "",
    network: Annotated[str, typer.Option("--network", metavar="NAME", help="A network.")] = "",
    bundle: Annotated[
        str,
        typer.Option(
            "--bundle",
            metavar="FILE",
            help="What collect made, here or elsewhere; - for stdin.",
        ),
    ] = "",
    log: Log = "",
    kubectl: Kubectl = "",
    kubeconfig: Kubeconfig = "",
    sandboxes: Sandboxes = "",
    cri_socket: options.CriSocket = "",
    whole_node: WholeNode = False,
    conf_dir: ConfDir = "",
    cni_path: CniPath = "",
    fix: Annotated[
        bool, typer.Option("--fix", help="Heal what can be healed safely; each change is shown first.")
    ] = False,
    undo: Annotated[
        str,
        typer.Option(
            "--undo",
            metavar="FILE",
            help="Take back what a journal of --fix has.",
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
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
    form: options.Output = Form.TABLE,
) -> None:
    """Find out why pods get no network: the cause first, then what comes of it.

    Looks once at all there is on this node, and changes nothing: configurations, plugins, the cache,
    reservations, namespaces, packet filters, sysctls, limits, disks, agents and journals; and asks the
    runtime over CRI for its pods, and for where it looks and what it says of its network.  Says for
    each finding what was seen, what heals it, what harms, and how to see that it is over; and what
    could not be looked for, and why.  docs/failures.md has all classes of failure.

    --fix does what the catalogue has as safe, and nothing else: it shows what changes, asks on a terminal
    (--yes does not), writes it to a journal, does it, and looks again.  Where nobody can be asked it only
    shows.  --undo takes back what is still as the journal has left it.

    Exit status 0 when nothing is wrong of all that could be looked for, 1 when something is, also when it
    did not heal; 2 when a file that is named cannot be read, or is something else.

    Example: cnictl doctor --pod default/web --kubeconfig /etc/kubernetes/kubelet.conf
    """
    if ctx.invoked_subcommand is not None:
        _refuse_options(ctx, ctx.invoked_subcommand)
        return
    if bundle and (fix or undo):
        raise UsageProblem("a bundle is of a moment that is over: --fix and --undo are for this node")
    if pod and "/" not in pod:
        pod = f"default/{pod}"
    told = Told.read(log, kubectl, sandboxes, kubeconfig, bundle)

    def look() -> Bundle:
        return collected(
            conf_dir=conf_dir,
            bin_dirs=directories(cni_path),
            log=told.log,
            kubectl=told.objects,
            listed=told.sandboxes,
            cri_socket=cri_socket,
            whole_node=whole_node,
            kubeconfig=kubeconfig,
            pod=pod,
        )

    narrowed = Narrowed(pod, container, network)
    if undo:
        means = _means(told.sandboxes, cri_socket, whole_node, conf_dir or options.CONF_DIR, undo)
        with given.understood(hint="`cnictl doctor --fix` writes one"):
            steps = read(undo, means)
        _take_back(steps, yes, form)
        return
    taken = _unpacked(bundle) if bundle else look()
    report = judge(taken, narrowed)
    if fix:
        path = journal or new_path(f"{options.CACHE_DIR}/{DIRECTORY}")
        means = _means(told.sandboxes, cri_socket, whole_node, taken.runtime.conf_dir, path)
        planned: list[Fix] = []
        with Journal(path, KIND) as written:
            # One fault may hide the next, as a broken file of the cache does the owner of an address.
            while fresh := fixes(report, means, planned):
                planned += fresh
                if not _heal(fresh, written, yes, form):
                    break
                report = judge(look(), narrowed)
                judged_again(planned, report)
            tried = written.is_written
        output.show(
            form, lambda: fixes_members(planned, report, path if tried else ""), lambda: Fixed(planned)
        )
        if form is Form.TABLE:
            output.note(fixes_summary(planned, report, path if tried else ""))
        if not report.healthy:
            raise typer.Exit(problems.NO)
        return
    output.show(form, lambda: report_members(taken, report), lambda: Findings(report))
    if pod and taken.cri.name and not taken.sandboxes_of(pod):
        output.note(f"note: {taken.cri.name} has no sandbox of pod {pod}")
    options.warn([f"nothing here knows of {one}" for one in narrowed.unknown(taken)])
    if form is Form.TABLE:
        output.note(report_summary(report, heals=not bundle))
    if not report.healthy:
        raise typer.Exit(problems.NO)


@app.command(name="collect")
def collect(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            help="The archive to write; - for stdout.",
            show_default="named by node and time",
            callback=output.place,
        ),
    ] = "",
    log: Log = "",
    kubectl: Kubectl = "",
    kubeconfig: Kubeconfig = "",
    sandboxes: Sandboxes = "",
    cri_socket: options.CriSocket = "",
    whole_node: WholeNode = False,
    conf_dir: ConfDir = "",
    cni_path: CniPath = "",
) -> None:
    """Write what is to be known of this node into an archive, for `cnictl doctor --bundle` elsewhere.

    Tokens, keys and passwords are taken out as it is read; only you may read the file.
    """
    told = Told.read(log, kubectl, sandboxes, kubeconfig)
    taken = collected(
        conf_dir=conf_dir,
        bin_dirs=directories(cni_path),
        log=told.log,
        kubectl=told.objects,
        listed=told.sandboxes,
        cri_socket=cri_socket,
        whole_node=whole_node,
        kubeconfig=kubeconfig,
    )
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(taken.taken))
    path = file or f"cnictl-{taken.node}-{stamp}.tar.gz"
    output.put_into(path, archive(taken))
    if path != output.STDOUT:
        output.put_line(path)
    for source, reason in taken.unseen.items():
        output.note(f"not in it: {source}: {reason}")


def _means(listed: str | None, cri_socket: str, whole_node: bool, conf_dir: str, path: str) -> Means:
    """Return what it takes to free addresses, asked again whenever it matters."""
    now = time.time()

    def provider() -> evidence.Sandboxes:
        if listed is None:
            return evidence.sandboxes_asked(cri_socket)
        return evidence.sandboxes_in(listed, now)

    gatherer = evidence.Gatherer(provider, Cache(options.CACHE_DIR), whole_node=whole_node)
    return Means(gatherer, conf_dir, options.CACHE_DIR, path)


def _heal(planned: list[Fix], written: Journal, yes: bool, form: Form) -> bool:
    """Do what is agreed to, and return whether that was anything."""
    if not yes and not _can_ask(form):
        return False
    try:
        for one in planned:
            if not yes:
                output.draw(Fixed([one]))
            if yes or typer.confirm("do it?", err=True):
                carry_out(one, written)
    except (KeyboardInterrupt, typer.Abort):
        if written.is_written:
            output.note(f"stopped; `cnictl doctor --undo {written.path}` takes back what was done")
        raise
    return any(one.was_tried for one in planned)


def _can_ask(form: Form) -> bool:
    return sys.stdin.isatty() and form is Form.TABLE


def _take_back(steps: list[Step], yes: bool, form: Form) -> None:
    """Put back what is still as it was left, one after the other."""
    asks = _can_ask(form)
    for step in steps:
        list(take_back([step], only_show=True))
        if step.result or not (yes or asks):
            continue
        if yes or typer.confirm(f"take back `{line(step.command)}`?", err=True):
            list(take_back([step]))
    output.show(form, lambda: steps_members(steps), lambda: Steps(steps))
    if not yes and not asks:
        output.note("nothing was changed: --yes does it")
    if any(one.result in ("failed", "changed meanwhile") for one in steps):
        raise typer.Exit(problems.NO)


def _refuse_options(ctx: typer.Context, command: str) -> None:
    """Raise UsageProblem for an option that stands before a command of ours: it would go nowhere."""
    for one in ctx.command.params:
        source = ctx.get_parameter_source(one.name or "")
        if source is not None and source.name == "COMMANDLINE":
            raise UsageProblem(
                f"{one.opts[0]} stands before {command}, which would not see it",
                hint=f"`cnictl doctor {command} {one.opts[0]} ...`",
            )


class Told(NamedTuple):
    """What the files say that were given; None for those that were not."""

    log: str | None
    objects: list[Json] | None
    sandboxes: str | None

    @classmethod
    def read(cls, log: str, kubectl: str, sandboxes: str, kubeconfig: str, bundle: str = "") -> Told:
        """Read all of them, before anything else is looked at; raises UsageProblem."""
        paths = {"--log": log, "--kubectl": kubectl, "--sandboxes": sandboxes, "--kubeconfig": kubeconfig}
        for option, path in paths.items():
            if bundle and path:
                raise UsageProblem(f"a bundle is judged as it is: leave out {option}")
        if kubectl and kubeconfig:
            raise UsageProblem("--kubectl and --kubeconfig tell the same: leave out one of them")
        from_stdin = [option for option, path in paths.items() if path == "-"]
        if len(from_stdin) > 1:
            raise UsageProblem(f"{' and '.join(from_stdin)} cannot both be stdin")
        if kubeconfig:
            with given.understood():
                cluster.check(kubeconfig)
        return cls(
            given.end(log) if log else None,
            _objects(kubectl) if kubectl else None,
            _listed(sandboxes) if sandboxes else None,
        )


def _objects(path: str) -> list[Json]:
    text = given.text(path)
    with given.understood(f"--kubectl {path}: ", "`kubectl get pods,events -A -o json` prints one"):
        return printed(text)


def _listed(path: str) -> str:
    text = given.text(path)
    with given.understood(f"--sandboxes {path}: ", evidence.LISTS):
        evidence.sandboxes_in(text, time.time())
    return text


def _unpacked(path: str) -> Bundle:
    data = given.data(path)
    with given.understood(f"{path}: ", "`cnictl doctor collect` makes one"):
        return unarchive(data)
