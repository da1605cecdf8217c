"""`cnictl attachments`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cnictl.cli import options, output
from cnictl.cli.problems import UsageProblem
from cnictl.render.attachments import (
    attachments_details,
    attachments_table,
    details_members,
    listed_members,
)
from cnictl.render.form import Form
from cnictl.runtime import lookup
from cnictl.runtime.preview import preview_delete
from cnictl.runtime.standing import standings
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from cnictl.runtime.cache import Cache, CachedAttachment
    from cnictl.runtime.standing import Standing

app = typer.Typer(add_completion=False, rich_markup_mode=None)

Network = Annotated[str, typer.Option("--network", "-n", metavar="NET", help="Of this network only.")]
Interface = Annotated[str, typer.Option("--ifname", "-i", metavar="NAME", help="With this interface only.")]


@app.callback()
def attachments() -> None:
    """What the runtime's cache knows of attachments."""


@app.command(name="ls")
def ls(
    network: Network = "",
    ifname: Interface = "",
    container: Annotated[
        str,
        typer.Option("--container", "-c", metavar="CONTAINER", help="Of this container, netns or pod only."),
    ] = "",
    broken: Annotated[
        bool, typer.Option("--broken", help="Only those whose netns, a plugin or configuration is gone.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--no-trunc", help="Do not shorten container ids and paths.")
    ] = False,
    cni_path: options.CniPath = "",
    cache_dir: options.CacheDir = options.CACHE_DIR,
    form: options.Output = Form.TABLE,
) -> None:
    """List what is attached: by any runtime that keeps libcni's cache.

    A netns that is no longer there is marked: what its attachment holds on the node is free to go.
    So is what DEL would miss: programs of plugins that are not there, and a configuration that cannot
    be understood.  Files of the cache that are broken are named and passed over.

    Example: cnictl attachments ls --broken -o json
    """
    runtime = options.runtime(cni_path, cache_dir, options.TIMEOUT)
    found = _found(runtime.cache, network, ifname)
    if container:
        found = lookup.matching(found, container)
    each = [
        (one, standing)
        for one, standing in zip(found, standings(found, runtime.plugins), strict=True)
        if not (broken and standing.whole)
    ]
    if not each:
        narrowed = "such " if network or ifname or container or broken else ""
        output.note(f"no {narrowed}attachments in {runtime.cache.results}")
    output.show(
        form,
        lambda: [listed_members(*one) for one in each],
        lambda: attachments_table(*_parted(each), whole=whole),
    )


@app.command()
def show(
    container: Annotated[
        str,
        typer.Argument(
            metavar="CONTAINER", help="Id, or how it begins; its netns, or pod.", show_default="all"
        ),
    ] = "",
    network: Network = "",
    ifname: Interface = "",
    cni_path: options.CniPath = "",
    cache_dir: options.CacheDir = options.CACHE_DIR,
    form: options.Output = Form.TABLE,
) -> None:
    """Show everything about attachments, and what DEL would send to each plugin."""
    runtime = options.runtime(cni_path, cache_dir, options.TIMEOUT)
    there = _found(runtime.cache, network, ifname)
    found = lookup.matching(there, container) if container else there
    if container and not found:
        raise UsageProblem(
            f"no attachment of {go_quote(container)} in {runtime.cache.results}",
            hint=lookup.listed(there) and f"there are\n{lookup.listed(there)}",
        )
    each = [(one, preview_delete(runtime, one)) for one in found]
    output.show(
        form,
        lambda: [details_members(*one) for one in each],
        lambda: attachments_details(each),
    )


def _parted(each: list[tuple[CachedAttachment, Standing]]) -> tuple[list[CachedAttachment], list[Standing]]:
    return [one for one, _ in each], [standing for _, standing in each]


def _found(cache: Cache, network: str, ifname: str) -> list[CachedAttachment]:
    listing = cache.listing()
    for one in listing.skipped:
        output.note(f"skipped {one.path}: {one.reason}")
    return [
        one
        for one in listing.attachments
        if network in ("", one.network) and ifname in ("", one.attachment.ifname)
    ]
