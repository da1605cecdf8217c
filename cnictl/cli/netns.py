"""`cnictl netns`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from cnictl.cli import options, output, problems
from cnictl.netns_named import DIRECTORY
from cnictl.render.form import Form
from cnictl.render.netns import netns_members, netns_table
from cnictl.runtime import container, named
from cnictl.runtime.cache import Cache
from cnictl.sandbox.inside import configured_files, exec_inside

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.callback()
def netns() -> None:
    """List, make, remove and enter network namespaces."""


@app.command(name="ls")
def ls(cache_dir: options.CacheDir = options.CACHE_DIR, form: options.Output = Form.TABLE) -> None:
    """List the namespaces with a name, and what is attached to them."""
    found = named.listing(Cache(cache_dir), output.note)
    if not found:
        output.note(f"no network namespaces in {DIRECTORY}")
    output.show(form, lambda: netns_members(found), lambda: netns_table(found))


@app.command()
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", show_default="cnictl- and some digits")] = "",
) -> None:
    """Make a namespace and print its path.  `ip netns` knows it as well."""
    try:
        path = named.make(name) if name else container.make_throwaway()
    except named.NotAName as error:
        raise problems.UsageProblem(str(error), hint=error.hint) from error
    output.put(path + "\n")


@app.command()
def rm(
    names: Annotated[list[str], typer.Argument(metavar="NAME", help="Names, or paths in /run/netns.")],
    force: Annotated[bool, typer.Option("--force", "-f", help="Also with attachments in the cache.")] = False,
    cache_dir: options.CacheDir = options.CACHE_DIR,
) -> None:
    """Remove namespaces.

    One with attachments is kept unless --force is given: nothing would free what those hold on
    the node.  A namespace lives on while processes are in it.
    """
    for name in names:
        try:
            path = named.remove(name, Cache(cache_dir), force=force)
        except named.NotAName as error:
            raise problems.UsageProblem(str(error), hint=error.hint) from error
        output.put(path + "\n")


@app.command(name="exec")
def execute(
    where: Annotated[
        str, typer.Argument(metavar="NETNS", help="Name, path, or a process whose namespace it is.")
    ],
    command: options.Command,
) -> None:
    """Run a command in a namespace, and exit with its status.

    As with `ip netns exec`, /sys shows the namespace, and files in /etc/netns/NAME take the place
    of those in /etc.  Exit status 127 when there is no such program, 126 when it does not start.

    Example: cnictl netns exec pod -- ip addr
    """
    path = options.netns_path(where)
    directory, _, name = path.rpartition("/")
    files = configured_files(name) if os.path.realpath(directory) == os.path.realpath(DIRECTORY) else {}
    raise typer.Exit(exec_inside(path, command, files))
