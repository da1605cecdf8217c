"""`cnictl dhcp`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from cnictl.cli import options, output
from cnictl.cli.problems import UsageProblem
from cnictl.ipam import lease_record
from cnictl.ipam.dhcp_rpc import SOCKET
from cnictl.render.form import Form
from cnictl.render.leases import leases_members, leases_table

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def dhcp() -> None:
    """Run the daemon of the plugin dhcp, and list its leases.

    Without a word behind it, `cnictl dhcp` is the plugin.
    """


def _option(name: str, metavar: str, text: str) -> object:
    """An option with one dash as with two, as the Go program has it."""
    return typer.Option(f"--{name}", f"-{name}", metavar=metavar, help=text)


class GoCommand(TyperCommand):
    """A command whose switches may have a value, as Go's have: `-broadcast=true`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        switches = {word for one in self.params if getattr(one, "is_flag", False) for word in one.opts}
        words = []
        for word in args:
            name, equals, value = word.partition("=")
            if not equals or name not in switches:
                words.append(word)
            elif value.lower() in ("1", "t", "true"):
                words.append(name)
            elif value.lower() not in ("0", "f", "false"):
                raise UsageProblem(f"{word}: a switch is true or false")
        return super().parse_args(ctx, words)


@app.command(cls=GoCommand)
def daemon(
    socketpath: Annotated[str, _option("socketpath", "PATH", "The socket to listen on.")] = SOCKET,
    pidfile: Annotated[str, _option("pidfile", "FILE", "Where to write the pid.")] = "",
    hostprefix: Annotated[
        str, _option("hostprefix", "PATH", "Where the host's files are, for a daemon in a container.")
    ] = "",
    broadcast: Annotated[
        bool,
        typer.Option(
            "--broadcast", "-broadcast", help="Have DHCP servers answer to all, not to one address."
        ),
    ] = False,
    timeout: Annotated[
        str, _option("timeout", "TIME", "For an answer; twice and four times that for the next ones.")
    ] = "10s",
    resendmax: Annotated[str, _option("resendmax", "TIME", "Longest pause between attempts.")] = "62s",
    resendtimeout: Annotated[
        str, _option("resendtimeout", "TIME", "When to give up getting or renewing a lease.")
    ] = "208s",
) -> None:
    """Get, keep and give back the leases of this node's containers.

    Takes the place of the Go program `dhcp daemon`, options and all: `/opt/cni/bin/dhcp daemon` is the
    same.  Plugins of either implementation may call it.  When systemd starts it for its socket, that
    one is used.  `cnictl install --systemd` writes the units.

    Leases are kept in files beside the socket, so that the next daemon goes on with them.  What happens
    is told on stderr, one line an event; CNICTL_LOG=debug tells more.

    Times are written as 500ms, 10s or 1m30s.

    Example: cnictl dhcp daemon --pidfile /run/cni-dhcp.pid
    """
    from cnictl.dhcp.daemon import Places, run
    from cnictl.dhcp.table import Policy
    from cnictl.dhcp.timing import Timing, duration

    try:
        timing = Timing(duration(timeout), duration(resendmax), duration(resendtimeout))
    except ValueError as error:
        raise UsageProblem(str(error)) from None
    run(Places(socketpath, pidfile), Policy(timing, broadcast, hostprefix))


@app.command(name="ls")
def ls(
    socket: Annotated[str, typer.Option("--socket", metavar="PATH", help="The daemon's socket.")] = SOCKET,
    form: options.Output = Form.TABLE,
) -> None:
    """List the leases that the daemon keeps.

    The Go daemon tells nobody what it has.
    """
    try:
        found, broken = lease_record.read(socket)
    except FileNotFoundError:
        found, broken = [], {}
    for file, reason in broken.items():
        output.note(f"{file}: {reason}")
    if not lease_record.is_held(socket):
        output.note(f"no daemon of cnictl is at {socket}" + ("; nobody renews these" if found else ""))
    elif not found:
        output.note(f"the daemon at {socket} has no leases")
    output.show(form, lambda: leases_members(found), lambda: leases_table(found))
