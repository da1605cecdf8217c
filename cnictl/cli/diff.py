"""`cnictl diff`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from cnictl.cli import options, output, places, problems
from cnictl.cli.given import understood
from cnictl.cli.problems import UsageProblem
from cnictl.render.form import Form
from cnictl.runtime import source
from cnictl.runtime.cache import Cache
from cnictl.runtime.standing import netns_exists
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from cnictl.state.snapshot import Snapshot

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(metavar="A", help="A snapshot; - for stdin.")] = "",
    after: Annotated[
        str, typer.Argument(metavar="B", help="Another.", show_default="what is there now")
    ] = "",
    network: Annotated[
        str, typer.Option("--network", "-n", metavar="NET", help="Attachments to this network only.")
    ] = "",
    container_id: Annotated[
        str, typer.Option("--container-id", metavar="ID", help="Attachments of this container only.")
    ] = "",
    every: Annotated[
        bool, typer.Option("--all", "-a", help="Also attachments that are as promised.")
    ] = False,
    netns: Annotated[
        list[str] | None,
        typer.Option(
            "--netns", metavar="NAME=NETNS", help="Where a pod of the snapshots is now.", show_default=False
        ),
    ] = None,
    bind_random: Annotated[
        bool,
        typer.Option("--bind-random", help="Generated names and MAC addresses of the same thing are equal."),
    ] = False,
    cni_path: options.CniPath = "",
    cache_dir: options.CacheDir = options.CACHE_DIR,
    form: options.Output = Form.TABLE,
) -> None:
    """Compare states, or attachments with what they should be.

    With A and B these are two snapshots, with A alone a snapshot and what is there now.  Without
    either, they are the attachments in the cache and what their plugins promised at ADD.

    `+` came or should not be there, `-` went or is missing, `~` is not as it was.  Exit status 1 when
    there is a difference.  What one side does not know is not compared, nor are files of the cache
    that cannot be understood; both is told.
    """
    if before and (network or container_id):
        raise UsageProblem("a snapshot is compared as a whole", hint="leave out --network and --container-id")
    if before:
        differs = _states(
            before, after, places.pods(netns or (), cache_dir), cache_dir, form, bind_random=bind_random
        )
    else:
        path = ":".join(options.plugins(cni_path, 0).directories)
        differs = _attachments(network, container_id, path, cache_dir, form, every=every)
    if differs:
        raise typer.Exit(problems.NO)


def _states(
    before: str, after: str, pods: dict[str, str], cache_dir: str, form: Form, *, bind_random: bool
) -> bool:
    from cnictl.render.difference import difference_members, difference_tree
    from cnictl.state.difference import difference

    old = _loaded(before).placed(pods)
    if after:
        new = _loaded(after).placed(pods)
    else:
        from cnictl.state.again import take_again

        new = take_again(old, cache_dir)
    found = difference(old, new, bind_random=bind_random)
    output.show(form, lambda: difference_members(found), lambda: difference_tree(found))
    if not found:
        output.note("no difference in what could be seen" if found.unseen else "no difference")
    return bool(found)


def _loaded(file: str) -> Snapshot:
    from cnictl.state.load import load

    with understood():
        return load(source.read(file).decode(errors="replace"), source.called(file))


def _attachments(
    network: str, container_id: str, path: str, cache_dir: str, form: Form, *, every: bool
) -> bool:
    from cnictl.render.promises import examined_members, examined_tree
    from cnictl.state.attachments import examine

    found = examine(cache_dir, network=network, container_id=container_id, path=path)
    cache = Cache(cache_dir)
    results = cache.results
    unread = [
        one
        for one in cache.listing(container_id).skipped
        if os.path.basename(one.path).startswith(f"{network}-" if network else "")
    ]
    for one in unread:
        output.note(f"not compared: {one.path}: {one.reason}")
    if not found:
        if network or container_id:
            what = " of ".join(map(go_quote, filter(None, (container_id, network))))
            raise UsageProblem(
                f"no attachment of {what} in {results}", hint="`cnictl attachments ls` lists them"
            )
        output.note(f"no attachments in {results}" + (" but what was not compared" if unread else ""))
    output.show(form, lambda: examined_members(found), lambda: examined_tree(found, all_of_them=every))
    whole = [one for one in found if not one.broken and netns_exists(one.cached) is not False]
    if found:
        output.note(f"{len(whole)} of {len(found)} attachments are as they were promised")
    return len(whole) < len(found)
