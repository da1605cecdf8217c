"""The commands, each of which is loaded when it is called; help and completion load none of them."""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from cnictl import __version__
from cnictl.cli import problems
from cnictl.cli.emptiness import refuse_empty
from cnictl.cli.streams import discard

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

COMMANDS = {
    # attachments
    "add": ("cnictl.cli.add", "Attach a container to a network, and show what the runtime would get."),
    "check": ("cnictl.cli.check", "Ask the plugins whether an attachment still is as ADD made it."),
    "del": ("cnictl.cli.delete", "Detach a container from a network."),
    "gc": ("cnictl.cli.gc", "Free what attachments left behind that are no longer valid."),
    "status": ("cnictl.cli.status", "Ask a network's plugins whether they can serve an ADD."),
    "version": ("cnictl.cli.version", "Show which versions of the spec plugins support."),
    "run": ("cnictl.cli.run", "Run a command in a throwaway container on a network."),
    "exec": ("cnictl.cli.exec", "Call one plugin, raw, and show all it says."),
    # what is there
    "conf": ("cnictl.cli.conf", "Which configuration the runtime uses, and why not the others."),
    "attachments": ("cnictl.cli.attachments", "What the runtime's cache knows of attachments."),
    "ports": ("cnictl.cli.ports", "Which ports of the node lead to which container, and what is wrong."),
    "map": ("cnictl.cli.map", "Draw how the node is wired: namespaces, links, addresses, ports."),
    "ipam": ("cnictl.cli.ipam", "Which addresses are reserved, and which nobody has any more."),
    "validate": ("cnictl.cli.validate", "Find mistakes in network configurations."),
    "doctor": ("cnictl.cli.doctor", "Find out why pods get no network, and what heals it."),
    "explain": ("cnictl.cli.explain", "Tell what a code or an error message means, and what to do."),
    "schema": ("cnictl.cli.schema", "Print the JSON Schema of network configurations."),
    "snapshot": ("cnictl.cli.snapshot", "Write down the state of a node and its pods."),
    "diff": ("cnictl.cli.diff", "Compare states, or attachments with what they should be."),
    # what should be there
    "test": ("cnictl.cli.test", "Run scenarios: a network, who is attached, and what must hold."),
    "plan": ("cnictl.cli.plan", "Show what ADD, DEL or GC would change, and change nothing."),
    "compare": ("cnictl.cli.compare", "Do the same work with two sets of plugins, and show the difference."),
    "bench": ("cnictl.cli.bench", "Measure how long two sets of plugins take for the same work."),
    "conformance": ("cnictl.cli.conformance", "Try whether a plugin does what the spec asks of it."),
    # what happened
    "record": ("cnictl.cli.record", "Record the calls that a runtime makes of plugins."),
    "replay": ("cnictl.cli.replay", "Do a recorded call again, and show whether it does the same."),
    # the node
    "netns": ("cnictl.cli.netns", "List, make, remove and enter network namespaces."),
    "vxlan": ("cnictl.cli.vxlan", "Keep an overlay network in step with its other nodes."),
    "node": ("cnictl.cli.node", "Run a command on a throwaway node."),
    "worker": ("cnictl.cli.worker", "Answer the calls of plugins in processes that are there already."),
    "dhcp": ("cnictl.cli.dhcp", "Run the daemon of the plugin dhcp, and list its leases."),
    "install": ("cnictl.cli.install", "Put the plugins into a directory of CNI plugins."),
    "uninstall": ("cnictl.cli.uninstall", "Take them out again."),
}
"""Every command: the module whose `app` it is, and its line in the help."""


class Lazy(TyperGroup):
    """A group that knows its commands' names and summaries, and loads the one that is called.

    Typer keeps the types of contexts and commands to itself, hence Any.
    """

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        return TyperCommand(cmd_name, short_help=COMMANDS[cmd_name][1])  # which is not cut off

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        self.commands = {name: TyperCommand(name) for name in COMMANDS}  # where Typer looks for similar names
        name, command, rest = super().resolve_command(ctx, args)
        return name, load(name) if name in COMMANDS else command, rest

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as error:
            raise typer.Exit(problems.interrupted(error)) from error
        except BrokenPipeError:
            discard(1)  # whoever read our output has seen enough


app = typer.Typer(
    cls=Lazy,
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Container networks on Linux: run, check, compare and debug any CNI plugin.",
    epilog="`cnictl COMMAND --help` tells more.  The plugins are commands too: `cnictl bridge`.",
)


@app.callback()
def options(
    ctx: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Show the version and exit.")] = False,
) -> None:
    """Take the options before the command."""
    if version:
        from cnictl.cli import output

        output.put(f"cnictl {__version__}\n")
        raise typer.Exit
    if ctx.invoked_subcommand is None:
        problems.tell(f"{ctx.get_help()}\n")
        raise typer.Exit(problems.USAGE)


def load(name: str) -> Any:
    """Return a command of COMMANDS, with all that it needs imported."""
    module, summary = COMMANDS[name]
    command = typer.main.get_command(importlib.import_module(module).app)
    command.name = name
    command.help = command.help or summary
    refuse_empty(command)
    for one in getattr(command, "commands", {}).values():
        one.short_help = (one.help or "").partition("\n\n")[0]  # or it would be cut off
    return command


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    0 done, or it holds; 1 the answer is no; 2 wrong usage; 3 a plugin or the kernel failed;
    126 and 127 when the command that was to be run cannot be.
    """
    _open_streams()
    group = typer.main.get_command(app)
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _end)
    try:
        status = group.main(
            args=list(arguments) if arguments is not None else None,
            prog_name="cnictl",
            standalone_mode=False,
        )
    except typer.Abort:
        return problems.interrupted()
    except typer.TyperException as error:
        return problems.wrong_usage(error)
    except Exception as error:
        if os.environ.get("CNICTL_DEBUG"):
            raise
        return problems.failed(error)
    finally:
        problems.tell("")
        try:
            sys.stdout.flush()
        except OSError:
            discard(1)  # or the exit status would be 120
    return status if isinstance(status, int) else 0


def _open_streams() -> None:
    """Put /dev/null where we were started without a stream, or its number would go to the next file."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - it is for good


def _end(number: int, _: FrameType | None) -> None:
    """End as the signal would have, but by way of everything that cleans up."""
    raise SystemExit(128 + number)
