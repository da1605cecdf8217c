"""How a node is wired, as one SVG: a bar for each segment, and boxes of namespaces that hang on it.

Laid out in layers from above: devices that lead out of the node first, then bridges and what is
routed.  From a bar a rail goes down on the left, with a branch above each row of boxes.
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from cnictl.render.map import APART, besides, map_summary, routes_words
from cnictl.render.map_tile import lonely_tile, sort_of, tile, title
from cnictl.render.text import counted, line
from cnictl.topology.segments import apart, segments

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cnictl.render.map_tile import Words
    from cnictl.topology.model import Segment, Topology

WIDTH = 1200
_MARGIN, _INDENT, _BAR = 28, 32, 36
_TILE, _GAP, _DROP = 211, 14, 26
"""Width of a box, what is between boxes, and the height of the branch above a row of them."""
_LINE, _PADDING = 16, 9
_CHARACTER = 7.23
"""Width of a character of the fixed-width font, which is 12 pixels high."""
_LISTED = 12
"""Lines of a list that are shown."""

# Programs that draw pictures, as against browsers, know no variables and no media queries.
_SORTS = ("device", "bridge", "tunnel", "stacked", "routed", "apart")
_LIGHT = {
    "bg": "#fbfcfe",
    "ink": "#1b2330",
    "dim": "#667085",
    "tile": "#fff",
    "edge": "#cfd6e1",
    "wire": "#9aa6b8",
    "bad": "#c0312a",
    "port": "#a45a07",
    "device": "#eef1f5",
    "device-edge": "#7d8898",
    "bridge": "#e6effd",
    "bridge-edge": "#3f74d6",
    "tunnel": "#f0e9fd",
    "tunnel-edge": "#7f54d4",
    "stacked": "#fdf1e3",
    "stacked-edge": "#c98024",
    "routed": "#e6f6ec",
    "routed-edge": "#36955a",
    "apart": "#f6f6f7",
    "apart-edge": "#a9b1bd",
}
_DARK = {
    "bg": "#0f141b",
    "ink": "#e7ebf2",
    "dim": "#97a3b6",
    "tile": "#19212c",
    "edge": "#36414f",
    "wire": "#5b6878",
    "bad": "#ff8078",
    "port": "#f0b35c",
    "device": "#1d2530",
    "device-edge": "#8a97a9",
    "bridge": "#16263f",
    "bridge-edge": "#5b93f0",
    "tunnel": "#251c3d",
    "tunnel-edge": "#a47ff0",
    "stacked": "#33261a",
    "stacked-edge": "#d9964a",
    "routed": "#13291d",
    "routed-edge": "#4fb879",
    "apart": "#191f28",
    "apart-edge": "#5d6876",
}
_SHAPE = """\
text{font:12px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;white-space:pre}
.head{font-size:20px;font-weight:700}.name{font-weight:700}
.over,.quiet{font-size:11px}.through{font-size:10px}.wire{fill:none;stroke-width:1.5}
"""


def _painted(colours: Mapping[str, str]) -> str:
    """Return the rules that give everything its colour."""
    rules = [
        f"text{{fill:{colours['ink']}}}.over,.quiet,.through{{fill:{colours['dim']}}}",
        f".port{{fill:{colours['port']}}}.bad{{fill:{colours['bad']}}}.bg{{fill:{colours['bg']}}}",
        f".wire{{stroke:{colours['wire']}}}.tile{{fill:{colours['tile']};stroke:{colours['edge']}}}",
    ]
    for sort in _SORTS:
        edge = colours[f"{sort}-edge"]
        rules.append(f".{sort}{{fill:{colours[sort]};stroke:{edge}}}.{sort}-edge{{fill:{edge}}}")
    return "\n".join(rules)


_STYLE = f"{_SHAPE}{_painted(_LIGHT)}\n@media(prefers-color-scheme:dark){{\n{_painted(_DARK)}\n}}\n"


def map_svg(topology: Topology) -> str:
    """Return the picture, for light and dark surroundings; it needs nothing else."""
    drawing = _Drawing()
    drawing.header(topology)
    found = segments(topology)
    for segment in found:
        drawing.segment(segment, 0)
    drawing.tiles_of("apart", APART, [lonely_tile(one) for one in apart(topology, found)])
    for heading, lines in besides(topology):
        drawing.listed(heading, [words for words, _ in lines])
    drawing.listed("not seen", topology.unseen)
    return drawing.svg(topology.node)


class _Drawing:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._y = 0.0

    def svg(self, node: str) -> str:
        height = self._y + _MARGIN
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="map" width="{WIDTH}" height="{height:g}"'
            f' viewBox="0 0 {WIDTH} {height:g}" role="img">\n'
            f"<title>{escape(line(node))}: network namespaces and links</title>\n"
            f"<style>{_STYLE}</style>\n"
            f'<rect width="{WIDTH}" height="{height:g}" class="bg"/>\n' + "".join(self._parts) + "</svg>\n"
        )

    def header(self, topology: Topology) -> None:
        self._text(_MARGIN, 46, "head", line(topology.node))
        self._text(_MARGIN, 68, "quiet", map_summary(topology))
        self._y = 84
        for words in routes_words(topology)[:_LISTED]:
            self._text(_MARGIN, self._y + 6, "quiet", line(words))
            self._y += _LINE
        self._y += 6

    def segment(self, segment: Segment, depth: int) -> None:
        name, rest = title(segment)
        left = _MARGIN + depth * _INDENT
        top = self._bar(sort_of(segment), left, name, rest, len(list(segment.every_leg())))
        middles = []
        for one in segment.below:
            self._y += _GAP
            middles.append(self._y + _BAR / 2)
            self.segment(one, depth + 1)
        rows = self._rows([tile(leg) for leg in segment.legs], left, [leg.through for leg in segment.legs])
        if middles or rows:
            x = left + _INDENT / 2
            last = max([*middles, *rows])
            path = f"M{x:g} {top + _BAR:g}V{last:g}"
            path += "".join(f"M{x:g} {y:g}H{left + _INDENT:g}" for y in middles)
            self._parts.append(f'<path class="wire" d="{path}"/>\n')
        self._y += _GAP if depth == 0 else 0

    def tiles_of(self, sort: str, name: str, tiles: Sequence[Sequence[Words]]) -> None:
        """Draw boxes that no line leads to."""
        if tiles:
            self._bar(sort, _MARGIN, name, "", len(tiles))
            self._rows(tiles, _MARGIN, None)
            self._y += _GAP

    def listed(self, name: str, texts: Sequence[str]) -> None:
        if not texts:
            return
        self._text(_MARGIN, self._y + 22, "name", name)
        self._y += 28
        shown = texts[:_LISTED]
        more = [f"and {len(texts) - _LISTED} more"] if len(texts) > _LISTED else []
        for text in [*shown, *more]:
            self._text(_MARGIN, self._y + 12, "plain", _cut(line(text), WIDTH - 2 * _MARGIN))
            self._y += _LINE

    def _bar(self, sort: str, left: float, name: str, rest: str, count: int) -> float:
        """Draw the bar of a segment, and return where its top is."""
        top, width = self._y, WIDTH - _MARGIN - left
        self._parts.append(
            f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{_BAR}" rx="6"'
            f' class="{sort}"/>'
            f'<path d="M{left + 6:g} {top:g}a6 6 0 0 0-6 6v{_BAR - 12}a6 6 0 0 0 6 6z"'
            f' class="{sort}-edge"/>\n'
        )
        baseline = top + _BAR / 2 + 4
        self._text(left + 18, baseline, "name", name)
        right = counted(count, "namespace") if count else ""
        start = left + 18 + (len(name) + 2) * _CHARACTER
        room = WIDTH - _MARGIN - start - (len(right) + 3) * _CHARACTER
        self._text(start, baseline, "plain", _cut(rest, room))
        if right:
            x = WIDTH - _MARGIN - 14
            self._parts.append(
                f'<text class="quiet" text-anchor="end" x="{x:g}" y="{baseline:g}">{right}</text>\n'
            )
        self._y = top + _BAR
        return top

    def _rows(
        self, tiles: Sequence[Sequence[Words]], left: float, through: Sequence[str] | None
    ) -> list[float]:
        """Draw boxes in rows below each other, and return where the branch above each row is."""
        start = left + _INDENT
        columns = max(int((WIDTH - _MARGIN - start + _GAP) // (_TILE + _GAP)), 1)
        branches = []
        for first in range(0, len(tiles), columns):
            row = tiles[first : first + columns]
            branch, top = self._y + _GAP, self._y + _GAP + _DROP
            height = max(len(one) for one in row) * _LINE + 2 * _PADDING - 3
            wires = []
            for number, one in enumerate(row):
                x = start + number * (_TILE + _GAP)
                if through is not None:
                    middle = x + 22
                    wires.append(f"M{middle:g} {branch:g}V{top:g}")
                    self._text(
                        middle + 6, top - 7, "through", _cut(line(through[first + number]), _TILE - 34)
                    )
                self._tile(one, x, top, height)
            if through is not None:
                last = start + (len(row) - 1) * (_TILE + _GAP) + 22
                path = f"M{left + _INDENT / 2:g} {branch:g}H{last:g}{''.join(wires)}"
                self._parts.append(f'<path class="wire" d="{path}"/>\n')
                branches.append(branch)
            self._y = top + height
        return branches

    def _tile(self, words: Iterable[Words], x: float, y: float, height: float) -> None:
        lines = list(words)
        tip = escape("\n".join(one.text for one in lines))
        self._parts.append(
            f'<g><title>{tip}</title><rect class="tile" x="{x:g}" y="{y:g}" width="{_TILE}"'
            f' height="{height:g}" rx="6"/>'
        )
        for number, one in enumerate(lines):
            self._text(x + 11, y + _PADDING + 10 + number * _LINE, one.style, _cut(one.text, _TILE - 20))
        self._parts.append("</g>\n")

    def _text(self, x: float, y: float, style: str, text: str) -> None:
        if text:
            self._parts.append(f'<text class="{style}" x="{x:g}" y="{y:g}">{escape(text)}</text>')


def _cut(text: str, room: float) -> str:
    """Return as much of a text as there is room for, in pixels."""
    most = max(int(room // _CHARACTER), 1)
    return text if len(text) <= most else f"{text[: most - 1]}…"
