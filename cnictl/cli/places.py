"""Which namespaces a command looks at besides the node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cnictl import netns_named
from cnictl.cli import options
from cnictl.cli.problems import UsageProblem
from cnictl.runtime.cache import Cache

if TYPE_CHECKING:
    from collections.abc import Sequence

Netns = Annotated[
    list[str] | None,
    typer.Option(
        "--netns",
        metavar="NAME[=NETNS]",
        help="A namespace to look at, by the name that it has in the output.",
        show_default="those that the cache knows of",
    ),
]


def every_one() -> dict[str, str]:
    """The paths of all namespaces with a name."""
    return {name: options.netns_path(name) for name in netns_named.names()}


def pods(named: Sequence[str] | None, cache_dir: str) -> dict[str, str]:
    """The paths of namespaces by name; raises UsageProblem for one that is not there.

    Without names, those of the attachments in the cache, called after their containers.
    """
    if named is None:
        listed = Cache(cache_dir).listing().attachments
        return {one.attachment.container_id: one.attachment.netns for one in listed if one.attachment.netns}
    found: dict[str, str] = {}
    for one in named:
        name, equals, path = one.partition("=")
        if not name:
            raise UsageProblem(f"--netns {one}: no name", hint="write --netns NAME=NETNS")
        found[name] = options.netns_path(path if equals else name)
    return found
