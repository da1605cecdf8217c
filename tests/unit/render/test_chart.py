"""Pictures of measurements."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from cnictl.bench.model import Present, Timing
from cnictl.render.chart import WIDTH, chart

SVG = "{http://www.w3.org/2000/svg}"


def timings(*ratios: float, name: str = "web") -> list[Timing]:
    return [Timing(name, "ADD", (one * 0.01,) * 9, (0.01,) * 9) for one in ratios]


def parsed(text: str) -> ET.Element:
    root = ET.fromstring(text)
    assert root.tag == f"{SVG}svg"
    return root


def texts(root: ET.Element) -> list[str]:
    return [one.text or "" for one in root.iter(f"{SVG}text")]


def test_a_bar_is_as_long_as_its_ratio():
    """From the same left edge, so that lengths can be compared by eye."""
    root = parsed(chart(timings(0.5, 2.0), one="ours", other="Go"))
    bars = [one for one in root.iter(f"{SVG}rect") if one.get("height") == "16.0"]
    widths = [float(one.get("width", "")) for one in bars]
    assert widths[1] / widths[0] == pytest.approx(4, rel=0.01)
    assert {"0.50", "2.00", "ours in times of Go"} <= set(texts(root))
    assert bars[0].get("fill") != bars[1].get("fill")


@pytest.mark.parametrize("ratios", [(0.001,), (1.0, 40.0), (1.0,) * 60])
def test_everything_is_inside_of_the_picture(ratios: tuple[float, ...]):
    """Whatever the numbers are."""
    root = parsed(chart(timings(*ratios), one="A", other="B"))
    height = float(root.get("height", ""))
    for one in root.iter():
        assert 0 <= float(one.get("x", "0")) <= WIDTH
        assert 0 <= float(one.get("y", "0")) + float(one.get("height", "0").rstrip("%")) <= height or (
            one is root
        )


def test_growth_has_a_line_for_each_set():
    """A diagram for each verb, with a point for each count."""
    several = [
        Timing("web", verb, (0.01,) * 9, (0.01 * count,) * 9, present=Present("reservations", count))
        for count in (10, 1000, 60000)
        for verb in ("ADD", "DEL")
    ]
    root = parsed(chart(several, one="ours", other="Go"))
    lines = [(one.get("points") or "").split() for one in root.iter(f"{SVG}polyline")]
    assert [len(points) for points in lines] == [3, 3, 3, 3]
    flat, growing = ([float(point.split(",")[1]) for point in points] for points in lines[:2])
    assert len(set(flat)) == 1
    assert growing == sorted(growing, reverse=True)
    assert {"60,000", "web ADD: reservations", "web DEL: reservations"} <= set(texts(root))


def test_names_cannot_break_it():
    """They come from files."""
    root = parsed(chart(timings(1.0, name='<b>"&'), one="A", other="B"))
    assert '<b>"& ADD' in texts(root)
