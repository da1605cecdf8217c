"""`cnictl map`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from cnictl.cli import options, output
from cnictl.render.form import as_json
from cnictl.runtime.cache import Cache
from cnictl.topology.observe import observe

if TYPE_CHECKING:
    from cnictl.topology.model import Topology

app = typer.Typer(add_completion=False, rich_markup_mode=None)


class Drawing(StrEnum):
    """What a map can be drawn as."""

    TEXT = "text"
    SVG = "svg"
    HTML = "html"
    JSON = "json"


@app.command(name="map")
def draw(
    form: Annotated[
        Drawing | None,
        typer.Option("--output", "-o", help="How to draw it.", show_default="as FILE is called, else text"),
    ] = None,
    file: Annotated[
        str,
        typer.Option(
            "--file",
            "-f",
            metavar="FILE",
            help="Write it there.",
            show_default="stdout",
            callback=output.place,
        ),
    ] = "",
    whole_node: options.WholeNode = False,
    cache_dir: options.CacheDir = options.CACHE_DIR,
) -> None:
    """Draw how the node is wired: network namespaces, links, addresses, routes, ports, masquerading.

    Below each link of the node stands what hangs on it: ports of a bridge with the namespaces behind
    them, macvlans and VLANs, tunnels.  Namespaces have the names of their pods or containers as the
    runtime's cache knows them, or that of the file or process that keeps them.  Nothing is changed.

    The page in HTML is one file that needs no network; it can be searched, and shows more of what the
    mouse or the keyboard points at.

    Example: cnictl map -f node.html
    """
    form = form or _called(file)
    topology = observe(Cache(cache_dir), whole_node=whole_node)
    if file:
        output.put_into(file, _drawn(form, topology).encode())
    elif form is Drawing.TEXT:
        from cnictl.render.map import map_tree

        output.draw(map_tree(topology))
    else:
        output.put(_drawn(form, topology))
    for one in topology.unseen:
        output.note(f"not seen: {one}")
    if form is Drawing.TEXT:
        from cnictl.render.map import map_summary

        output.note(map_summary(topology))


def _called(file: str) -> Drawing:
    """Return what a file of that name is expected to hold."""
    ending = file.rpartition(".")[2].lower()
    return next((one for one in Drawing if one.value == ending), Drawing.TEXT)


def _drawn(form: Drawing, topology: Topology) -> str:
    if form is Drawing.SVG:
        from cnictl.render.map_svg import map_svg

        return map_svg(topology)
    if form is Drawing.HTML:
        from cnictl.render.map_page import map_page

        return map_page(topology)
    from cnictl.render.map import map_members, map_tree

    if form is Drawing.TEXT:
        return output.drawn(map_tree(topology), into_file=True)
    return as_json(map_members(topology))
