"""Options that mean the same in many commands, and what is made of them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from cnictl import configuration
from cnictl.cli import output
from cnictl.cli.complete import PLUGIN_DIRECTORIES
from cnictl.cli.given import understood
from cnictl.cli.narration import Narrated
from cnictl.cli.problems import UsageProblem
from cnictl.cni_path import directories
from cnictl.render.form import Form
from cnictl.render.result import result_members, result_table
from cnictl.runtime import cache, capability, container, lookup, target
from cnictl.runtime.attachment import Attachment, parse_pairs
from cnictl.runtime.lookup import Wanted
from cnictl.runtime.network import Runtime

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cnictl.runtime.lookup import Found
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.document import Json
    from cnictl.spec.result import AnyResult

TIMEOUT = 240.0
"""Seconds for one plugin: what kubelet gives a runtime for a whole pod."""


Net = Annotated[str, typer.Argument(metavar="NET", help="Name of a network, or a configuration file.")]
Netns = Annotated[
    str,
    typer.Argument(
        metavar="NETNS",
        help="Path of the netns, a name in /run/netns, or a process id.",
    ),
]
Ignored = Annotated[str, typer.Argument(metavar="NETNS", hidden=True, help="For cnitool's sake.")]
ConfDir = Annotated[
    str, typer.Option("--conf-dir", metavar="DIR", envvar="NETCONFPATH", help="Where configurations are.")
]
CniPath = Annotated[
    str,
    typer.Option(
        "--cni-path",
        metavar="DIRS",
        envvar="CNI_PATH",
        help="Where plugins are, separated by colons.",
        show_default=f"the first there is of {', '.join(PLUGIN_DIRECTORIES)}",
    ),
]
CacheDir = Annotated[str, typer.Option("--cache-dir", metavar="DIR", help="The runtime's cache.")]
CriSocket = Annotated[
    str,
    typer.Option(
        "--cri-socket",
        metavar="SOCKET",
        envvar="CONTAINER_RUNTIME_ENDPOINT",
        help="The container runtime's socket.",
        show_default="those of runtimes that are there",
    ),
]
Ifname = Annotated[
    str,
    typer.Option(
        "-i", "--ifname", metavar="NAME", envvar="CNI_IFNAME", help="The interface.", show_default="eth0"
    ),
]
ContainerId = Annotated[
    str,
    typer.Option(
        "--container-id",
        metavar="ID",
        help="The container.",
        show_default="cnitool's, made of the netns path",
    ),
]
Args = Annotated[
    list[str] | None,
    typer.Option(
        "--args",
        metavar="K=V;K=V",
        help="For CNI_ARGS, from which it is taken otherwise.",
        show_default=False,
    ),
]
CapArgs = Annotated[
    str,
    typer.Option("--cap-args", metavar="JSON", envvar="CAP_ARGS", help="Capability arguments, an object."),
]
Port = Annotated[
    list[str] | None,
    typer.Option(
        "--port", "-p", metavar="[IP:]HOST:PORT[/PROTO]", help="Capability portMappings.", show_default=False
    ),
]
Mac = Annotated[str, typer.Option("--mac", metavar="MAC", help="Capability mac.")]
Ip = Annotated[
    list[str] | None, typer.Option("--ip", metavar="IP[/LEN]", help="Capability ips.", show_default=False)
]
Cached = Annotated[bool, typer.Option("--cached", help="Use the configuration that ADD was done with.")]
Timeout = Annotated[
    float, typer.Option("--timeout", metavar="SECONDS", min=0, help="For each plugin; 0 for no end.")
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show every call of a plugin.")]
WholeNode = Annotated[
    bool,
    typer.Option("--whole-node", help="This PID namespace is all of the node, as in kind."),
]
Output = Annotated[Form, typer.Option("--output", "-o", help="How to print data.")]
Command = Annotated[list[str], typer.Argument(metavar="COMMAND", help="The command and its arguments.")]

CONF_DIR = configuration.DEFAULT_DIRECTORY
CACHE_DIR = cache.DEFAULT_DIRECTORY


def runtime(cni_path: str, cache_dir: str, timeout: float, *, verbose: bool = False) -> Runtime:
    """The runtime that these options describe."""
    return Runtime(plugins(cni_path, timeout, verbose=verbose), cache.Cache(cache_dir))


def plugins(cni_path: str, timeout: float, *, verbose: bool = False) -> Narrated:
    """The plugins of a CNI_PATH; which directory took its place is told when it is not the usual one."""
    found = directories(cni_path)
    if not found:
        usual = PLUGIN_DIRECTORIES[0]
        found = [next(filter(os.path.isdir, PLUGIN_DIRECTORIES), usual)]
        if found != [usual]:
            output.note(f"plugins are taken from {found[0]}, as there is no {usual}")
    return Narrated(found, timeout=timeout or None, verbose=verbose)


def absolute_path(path: str) -> str:
    """A CNI_PATH that means the same in every directory; raises UsageProblem for directories that are not."""
    for directory in directories(path):
        if not os.path.isdir(directory):
            raise UsageProblem(f"no directory {directory!r}", hint="a set of plugins is given by directories")
    return os.pathsep.join(map(os.path.abspath, directories(path)))


def network(conf_dir: str, net: str) -> NetworkList:
    """The network that NET means; raises UsageProblem when it means none."""
    with understood():
        found = target.find(conf_dir, net)
    warn(found.remarks)
    return found.network


def netns_path(text: str, *, there: bool = True) -> str:
    """The path of NETNS, "" for none; raises UsageProblem for a name that means nothing."""
    with understood():
        return container.netns_path(text, there=there) if text else ""


def wanted(
    netns: str,
    container_id: str,
    ifname: str,
    args: tuple[tuple[str, str], ...] | None,
    capability_args: Mapping[str, Json] | None,
    *,
    there: bool = True,
) -> Wanted:
    """What is said about an attachment; raises UsageProblem for names that none can have."""
    with understood():
        Attachment(container_id, "", ifname, args or ()).check_given()
    return Wanted(netns_path(netns, there=there), container_id, ifname, args, capability_args)


def existing(
    made_with: Runtime, conf_dir: str, net: str, which: Wanted, *, cached: bool = False
) -> tuple[NetworkList, Found]:
    """The network and the attachment that are meant; what is odd about them is told.

    Raises UsageProblem when NET is neither a configuration nor in the cache, when several
    attachments would do, and when nothing says which container is meant.
    """
    with understood():
        chosen = lookup.choose(made_with.cache, conf_dir, net, which, cached=cached)
    warn(chosen.remarks)
    return chosen.network, chosen.found


def pairs(args: Sequence[str] | None) -> tuple[tuple[str, str], ...] | None:
    """The pairs for CNI_ARGS, None when nothing says any."""
    given = os.environ.get("CNI_ARGS", "") if args is None else ";".join(args)
    if args is None and not given:
        return None
    with understood():
        return parse_pairs(given)


def capabilities(
    text: str, ports: Sequence[str] | None = None, mac: str = "", ips: Sequence[str] | None = None
) -> dict[str, Json] | None:
    """The capability arguments, the short forms winning; None when nothing says any."""
    if not (text or ports or mac or ips):
        return None
    with understood():
        return capability.parse_object(text, "--cap-args") | capability.short_forms(
            ports or (), mac, ips or ()
        )


def warn(warnings: Sequence[str]) -> None:
    """Tell the remarks of an operation."""
    for one in warnings:
        output.note(f"note: {one}")


def show_result(form: Form, name: str, attachment: Attachment, result: AnyResult | None) -> None:
    """Print the Result of ADD."""
    output.show(form, lambda: result_members(result), lambda: result_table(name, attachment, result))


def note_unwanted(known: NetworkList, which: Wanted) -> None:
    """Tell which capability arguments reach no plugin, as nobody would notice otherwise."""
    for name in which.capability_args or ():
        if name not in known.capabilities:
            output.note(f"no plugin of {known.name} has the capability {name}: its argument goes nowhere")
