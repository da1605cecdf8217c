"""`cnictl snapshot`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from cnictl.cli import options, output, places
from cnictl.render.form import as_json
from cnictl.render.snapshot import snapshot_members

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Written(StrEnum):
    """The forms of a snapshot: YAML can be edited and compared, JSON is for other programs."""

    YAML = "yaml"
    JSON = "json"


@app.command()
def snapshot(
    netns: places.Netns = None,
    all_netns: Annotated[bool, typer.Option("--all-netns", help="Every namespace with a name.")] = False,
    sysctl: Annotated[
        list[str] | None,
        typer.Option("--sysctl", metavar="NAME", help="A further sysctl.", show_default=False),
    ] = None,
    file: Annotated[
        list[str] | None, typer.Option("--file", metavar="PATH", help="A further file.", show_default=False)
    ] = None,
    data_dir: Annotated[
        list[str] | None,
        typer.Option(
            "--data-dir",
            metavar="DIR",
            help="Of host-local.",
            show_default="the usual, and those in the cache",
        ),
    ] = None,
    cache_dir: options.CacheDir = options.CACHE_DIR,
    form: Annotated[Written, typer.Option("--output", "-o", help="How to write it.")] = Written.YAML,
) -> None:
    """Write down the state of a node and its pods.

    That is everything a plugin can leave behind: links, addresses, routes, rules, neighbours,
    bridge ports, traffic control, iptables and nftables, sysctls, reservations and attachments.
    `cnictl diff` compares two of them, or one with what is there now.  To have some of it compared
    and nothing else, take out the rest, and `complete`: it says that what is not in the file is
    not there.  What cannot be read is told on stderr and listed in the file as `unseen`; then
    `complete` is false, and all but that is compared.
    """
    from cnictl.state.dump import dump
    from cnictl.state.observe import take

    pods = places.every_one() if all_netns else places.pods(netns, cache_dir)
    taken = take(pods, data_dirs=data_dir, cache_dir=cache_dir, sysctls=sysctl or (), paths=file or ())
    for one in taken.unseen:
        output.note(f"not seen: {one.what} of {taken.name_of(one.where)}: {one.reason}")
    if form is Written.JSON:
        output.put(as_json(snapshot_members(taken)))
    else:
        output.put_raw(dump(taken).encode())
