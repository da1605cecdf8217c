"""`cnictl doctor`."""

from __future__ import annotations

import os
import sys
import time
from typing import Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.doctor.bundle import archive, unarchive
from cnictl.doctor.collect import collect as collected
from cnictl.doctor.judge import Narrowed, judge
from cnictl.invoke import directories
from cnictl.render.doctor import Findings, report_members, report_summary
from cnictl.render.form import Form

MOST = 64 << 20
"""Bytes of a file that is given."""

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
        "--log", metavar="FILE", help="A log; - for stdin.", show_default="the journals' last 15 minutes"
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
        str, typer.Option("--bundle", metavar="FILE", help="What collect made, here or elsewhere.")
    ] = "",
    log: Log = "",
    kubectl: Kubectl = "",
    kubeconfig: Kubeconfig = "",
    sandboxes: Sandboxes = "",
    cri_socket: options.CriSocket = "",
    whole_node: WholeNode = False,
    conf_dir: ConfDir = "",
    cni_path: CniPath = "",
    form: options.Output = Form.TABLE,
) -> None:
    """Find out why pods get no network: the cause first, then what comes of it.

    Looks once at all there is on this node, and changes nothing: configurations, plugins, the cache,
    reservations, namespaces, packet filters, sysctls, limits, disks, agents and journals; and asks the
    runtime over CRI for its pods, and for where it looks and what it says of its network.  Says for
    each finding what was seen, what heals it, what harms, and how to see that it is over; and what
    could not be looked for, and why.  docs/failures.md has all classes of failure.

    Exit status 0 when nothing is wrong of all that could be looked for, 1 when something is.

    Example: cnictl doctor --pod default/web --kubeconfig /etc/kubernetes/kubelet.conf
    """
    if ctx.invoked_subcommand is not None:
        return
    if pod and "/" not in pod:
        pod = f"default/{pod}"
    if bundle:
        taken = unarchive(_read(bundle))
    else:
        taken = collected(
            conf_dir=conf_dir,
            bin_dirs=directories(cni_path),
            log=_text(log),
            kubectl=_text(kubectl),
            listed=_text(sandboxes),
            cri_socket=cri_socket,
            whole_node=whole_node,
            kubeconfig=kubeconfig,
            pod=pod,
        )
    report = judge(taken, Narrowed(pod, container, network))
    output.show(form, lambda: report_members(taken, report), lambda: Findings(report))
    if pod and taken.cri.name and not taken.sandboxes_of(pod):
        output.note(f"note: {taken.cri.name} has no sandbox of pod {pod}")
    if form is Form.TABLE:
        output.note(report_summary(report))
    if not report.healthy:
        raise typer.Exit(problems.NO)


@app.command(name="collect")
def collect(
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="The archive to write.", show_default="named by node and time"),
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
    taken = collected(
        conf_dir=conf_dir,
        bin_dirs=directories(cni_path),
        log=_text(log),
        kubectl=_text(kubectl),
        listed=_text(sandboxes),
        cri_socket=cri_socket,
        whole_node=whole_node,
        kubeconfig=kubeconfig,
    )
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(taken.taken))
    path = file or f"cnictl-{taken.node}-{stamp}.tar.gz"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as archived:
        archived.write(archive(taken))
    output.put(f"{path}\n")
    for source, reason in taken.unseen.items():
        output.note(f"not in it: {source}: {reason}")


def _text(path: str) -> str | None:
    return _read(path).decode(errors="replace") if path else None


def _read(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read(MOST)
    with open(path, "rb") as file:
        return file.read(MOST)
