"""A node as a tree, a picture and a page."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from cnictl.render.map import map_members, map_summary, map_tree
from cnictl.render.map_page import map_page
from cnictl.render.map_svg import map_svg
from cnictl.topology.model import Topology
from tests.topologies import many, small

SVG = "{http://www.w3.org/2000/svg}"
SHOWN = "<script>alert(1)</script>\"'&\\x1b[2J\\u202e"


def text(topology: Topology, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), color_system=None)
    with console.capture() as captured:
        console.print(map_tree(topology))
    return captured.get()


class Page(HTMLParser):
    """Collects tags with their attributes, and the text outside of script and style."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._raw = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._raw = tag if tag in ("script", "style") else ""

    def handle_data(self, data: str) -> None:
        self.text += "" if self._raw else data

    def handle_endtag(self, tag: str) -> None:
        self._raw = "" if tag == self._raw else self._raw


def test_the_tree():
    """Each link of the node with what hangs on it, in 80 columns."""
    shown = text(small())
    assert all(len(one) <= 80 for one in shown.splitlines())
    plain = [re.sub(r"^[│├└─\s]+", "", one).rstrip() for one in shown.splitlines()]
    assert plain[:7] == [
        "web-1",
        "default via 192.0.2.1 dev eth0",
        "1 route to single addresses",
        "eth0 device 192.0.2.10/24",
        "eth0.5 vlan id 5",
        "macvlan mode bridge ─ data/postgres-0 net1 192.0.2.20/24",
        "cni0 bridge 10.88.0.1/16",
    ]
    for words in (
        "vx0 vxlan vni 7 on eth0",
        "port 8080/tcp → 10.88.0.2:80",
        "masqueraded to all but 10.88.0.0/16",
        "routed, without a bridge",
        "vethptp ─ edge/gateway eth0 10.99.0.2/24 down",
        "lost setns: operation not permitted",
        "172.17.0.0/16, by iptables POSTROUTING",
        "9090/tcp → 10.88.0.99:80 (stale)",
        "web c9 eth0 /run/netns/gone",
    ):
        assert words in plain
    assert "\x1b" not in shown


def test_the_summary():
    """How much there is, and how much of it is amiss."""
    assert map_summary(small()) == (
        "4 namespaces, 11 links, 2 host ports, 1 namespace that could not be entered,"
        " 1 attachment whose namespace is gone"
    )


def test_the_picture_is_whole():
    """It is XML, its texts are texts, nothing is outside, and boxes of one row do not overlap."""
    root = ET.fromstring(map_svg(small()))
    assert {one.tag.removeprefix(SVG) for one in root.iter()} == {
        "svg", "title", "style", "rect", "path", "text", "g",
    }  # fmt: skip
    texts = ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]
    assert "data" in texts
    assert "postgres-0" in texts
    assert "net1 macvlan mode bridge" in texts
    assert any(one.startswith("<script>") for one in texts)
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    boxes = [
        tuple(float(one.attrib[name]) for name in ("x", "y", "width", "height"))
        for one in root.iter(f"{SVG}rect")
        if one.get("class") == "tile"
    ]
    assert len(boxes) == 4
    assert all(x >= 0 and y >= 0 and x + w <= width and y + h <= height for x, y, w, h in boxes)


def test_the_picture_has_its_colours_without_a_browser() -> None:
    """Programs that know neither variables nor media queries draw it light, and nothing of it black."""
    root = ET.fromstring(map_svg(small()))
    style = root.findtext(f"{SVG}style") or ""
    assert "var(" not in style
    light = style.partition("@media")[0]
    for shape in (*root.iter(f"{SVG}rect"), *root.iter(f"{SVG}path")):
        assert f".{shape.attrib['class']}{{" in light


def test_boxes_of_many_pods_do_not_overlap():
    """Nor does the text in them stick out."""
    root = ET.fromstring(map_svg(many(60, "a-namespace-of-some-length/a-pod-of-a-very-long-name-{}")))
    boxes = [
        (float(one.attrib["x"]), float(one.attrib["y"]), float(one.attrib["height"]))
        for one in root.iter(f"{SVG}rect")
        if one.get("class") == "tile"
    ]
    assert len(boxes) == len({(x, y) for x, y, _ in boxes}) == 60
    rows = sorted({(y, height) for _, y, height in boxes})
    assert all(y + height < below for (y, height), (below, _) in pairwise(rows))
    columns = sorted({x for x, _, _ in boxes})
    assert all(x + 211 < right for x, right in pairwise(columns))
    for group in root.iter(f"{SVG}g"):
        assert all(len(one.text or "") * 7.23 < 211 - 20 for one in group.iter(f"{SVG}text"))


def test_the_page_needs_nothing_and_obeys_nothing():
    """No address in it, one script and one style under a policy, and names that are text everywhere."""
    page = Page(map_page(small()))
    names = [tag for tag, _ in page.tags]
    assert (names.count("script"), names.count("style")) == (1, 1)
    attributes = {name for _, attributes in page.tags for name in attributes}
    assert not attributes & {"src", "href", "style", "srcset", "action", "data", "onclick", "onload"}
    policy = page.tags[3][1]["content"]
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert SHOWN in page.text
    assert "url(" not in map_page(small())


def test_what_programs_get():
    """Ends are named by the namespace's number and the link."""
    members = map_members(small())
    namespaces = members["namespaces"]
    assert isinstance(namespaces, list)
    (first,) = [one for one in namespaces if one["number"] == 1]
    assert first["links"][1]["peer"] == {"namespace": 0, "link": "veth1"}
    assert first["ports"][0]["port"] == 8080
    assert members["gone"][0]["netnsExists"] is False  # type: ignore[index, call-overload]


@pytest.mark.parametrize("count", [0, 1])
def test_a_node_with_next_to_nothing(count: int):
    """Draws as well."""
    assert "cni0 bridge" in text(many(count))
    ET.fromstring(map_svg(many(count)))
    assert map_page(many(count))
