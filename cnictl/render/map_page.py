"""How a node is wired, as one page of HTML that asks the network for nothing.

Its policy forbids everything but the one style sheet and the one script that are in it, told by their
digests; what comes from the node is text and never markup.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from cnictl.render.map import (
    APART,
    besides,
    link_words,
    map_summary,
    masquerade_words,
    port_words,
    routes_words,
)
from cnictl.render.map_tile import lonely_tile, search_words, sort_of, tile, title
from cnictl.render.text import counted, line
from cnictl.topology.segments import apart, segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from cnictl.render.map_tile import Words
    from cnictl.topology.model import Namespace, Segment, Topology

HINT = "Point at a namespace to see all of it.  / goes to the search, Escape ends it."


def map_page(topology: Topology) -> str:
    """Return the page."""
    style, script = _resource("map_page.css"), _resource("map_page.js")
    found = segments(topology)
    name = _text(topology.node)
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}';"
        " base-uri 'none'; form-action 'none'"
    )
    parts = [
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n',
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
        f"<title>{name}: network namespaces</title>\n<style>{style}</style>\n</head>\n<body>\n",
        f'<header><h1>{name}</h1><span class="sum">{_text(map_summary(topology))}</span>',
        '<input type="search" placeholder="pod, address, port, link, network" aria-label="Search">',
        '<span class="count" role="status"></span></header>\n<main>\n',
        *_list("routes", "", routes_words(topology)),
        *(part for one in found for part in _segment(topology, one)),
        *_apart(topology, apart(topology, found)),
        *(
            part
            for heading, lines in besides(topology)
            for part in _list("rest", heading, [words for words, _ in lines])
        ),
        *_list("rest", "not seen", topology.unseen),
        f"</main>\n<aside><p>{_text(HINT)}</p></aside>\n<script>{script}</script>\n</body>\n</html>\n",
    ]
    return "".join(parts)


def _segment(topology: Topology, segment: Segment) -> Iterator[str]:
    name, rest = title(segment)
    count = len(list(segment.every_leg()))
    yield f'<section class="{sort_of(segment)}">{_heading(name, rest, count)}\n'
    if segment.below or segment.legs:
        yield '<div class="hang">\n'
        for one in segment.below:
            yield from _segment(topology, one)
        yield '<div class="tiles">\n'
        for leg in segment.legs:
            yield _tile(topology, leg.namespace, tile(leg), leg.through)
        yield "</div></div>"
    yield "</section>\n"


def _apart(topology: Topology, namespaces: Sequence[Namespace]) -> Iterator[str]:
    if namespaces:
        heading = _heading(APART, "", len(namespaces))
        yield f'<section class="apart">{heading}\n<div class="hang"><div class="tiles">\n'
        for one in namespaces:
            yield _tile(topology, one, lonely_tile(one), "")
        yield "</div></div></section>\n"


def _heading(name: str, rest: str, count: int) -> str:
    number = f'<span class="n">{counted(count, "namespace")}</span>' if count else ""
    return f'<h2><span class="name">{_text(name)}</span><span>{_text(rest)}</span>{number}</h2>'


def _tile(topology: Topology, namespace: Namespace, words: Iterable[Words], through: str) -> str:
    lines = "".join(f'<p class="{one.style}">{escape(one.text)}</p>' for one in words)
    label = f'<span class="through">{_text(through)}</span>' if through else ""
    return (
        f'<article class="tile" tabindex="0" data-number="{namespace.number}"'
        f' data-words="{_text(f"{search_words(namespace)} {through.lower()}")}">{label}{lines}'
        f'<div class="more">{"".join(_more(topology, namespace))}</div></article>\n'
    )


def _more(topology: Topology, namespace: Namespace) -> Iterator[str]:
    """Yield all that is known of a namespace."""
    yield f"<h3>{_text(namespace.name)}</h3><p>{_text(namespace.path)}</p>"
    if namespace.problem:
        yield f'<p class="bad">{_text(namespace.problem)}</p>'
    for one in namespace.attached:
        yield _facts("attached to", [one.network, f"container {one.container_id}", f"as {one.ifname}"])
    for link in namespace.links:
        if link.name == "lo":
            continue
        other = link.peer or link.parent
        words = [link.name, *link_words(link)]
        if other is not None:
            words.append(
                f"{'to' if link.peer else 'on'} {other.link} of {topology.namespaces[other.namespace].name}"
            )
        yield _facts("link", [" ".join(words), f"{link.mac} mtu {link.mtu}".strip()])
    yield _facts("routes", [str(one) for one in namespace.routes])
    for port in namespace.ports:
        rules = [f"{each.tool} {each.chain}: {each.rule}" for each in port.carried]
        yield _facts("host port", [port_words(port), *rules])
    yield _facts("masqueraded", [masquerade_words(one) for one in namespace.masqueraded])


def _facts(head: str, lines: Sequence[str]) -> str:
    return f"<h4>{head}</h4>" + "".join(f"<p>{_text(one)}</p>" for one in lines) if lines else ""


def _list(sort: str, head: str, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        yield f"<h4>{head}</h4>" if head else ""
        yield f'<ul class="{sort}">{"".join(f"<li>{_text(one)}</li>" for one in texts)}</ul>\n'


def _text(text: str) -> str:
    """Return what comes from the node as text of the page, which nothing obeys."""
    return escape(line(text))


def _resource(name: str) -> str:
    return files("cnictl.render").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """Return what the policy calls a text by."""
    return f"sha256-{b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
