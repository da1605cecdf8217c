"""The page of `cnictl map` in a browser: search, hover, and nothing else that it does."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnictl.render.map_page import map_page
from cnictl.topology.model import Topology
from tests.browser import Browser
from tests.topologies import many, small

SHOWN = "[...document.querySelectorAll('.tile:not([hidden]) .name')].map(one => one.textContent)"
DETAILS = "document.querySelector('aside').innerText"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as made:
        yield made


def show(browser: Browser, directory: Path, topology: Topology) -> None:
    path = directory / "map.html"
    path.write_text(map_page(topology), encoding="utf-8")
    browser.open(str(path))


def quiet(browser: Browser, directory: Path) -> None:
    """The page said nothing, and asked for nothing but itself."""
    assert browser.complaints == []
    assert browser.requests == [f"file://{directory}/map.html"]


def test_search_and_hover_among_250_pods(browser: Browser, tmp_path: Path) -> None:
    """Every word narrows it down; what is pointed at is told in full; Escape shows all again."""
    start = time.monotonic()
    show(browser, tmp_path, many(250))
    assert len(browser.evaluate(SHOWN)) == 250
    assert time.monotonic() - start < 20
    browser.press("/")
    browser.type("8080/tcp ")
    assert browser.evaluate(SHOWN) == ["shop-5"]
    assert browser.evaluate("document.querySelector('.count').textContent") == "1 of 250"
    assert browser.evaluate("document.querySelectorAll('section:not([hidden])').length") == 1
    browser.point_at(".tile:not([hidden])")
    details = browser.evaluate(DETAILS)
    for words in (
        "prod/shop-5",
        "/run/netns/pod5",
        f"container {5:064x}",
        "eth0 veth 10.88.0.7/16 to veth5 of node",
        "default via 10.88.0.1 dev eth0",
        "8080/tcp → 10.88.0.7:80",
        "iptables CNI-DN-0123456789abcdef01234: -p tcp",
        "10.88.0.7 to all but 10.88.0.0/16",
    ):
        assert words in details
    browser.type("nowhere")
    assert browser.evaluate(SHOWN) == []
    browser.press("Escape")
    assert len(browser.evaluate(SHOWN)) == 250
    quiet(browser, tmp_path)


def test_names_that_wish_harm(browser: Browser, tmp_path: Path) -> None:
    """They are shown as they are, in the boxes and in what the mouse brings up."""
    show(browser, tmp_path, small())
    browser.point_at(".bridge .tiles .tile")
    assert "<script>alert(1)</script>\"'&\\x1b[2J\\u202e" in browser.evaluate(DETAILS)
    assert browser.evaluate("document.scripts.length") == 1
    quiet(browser, tmp_path)


def test_the_policy_holds(browser: Browser, tmp_path: Path) -> None:
    """A script that got into the page all the same would not run, and nothing could be sent anywhere."""
    page = map_page(small()).replace("</main>", "<script>document.title = 'mine'</script></main>")
    (tmp_path / "map.html").write_text(page, encoding="utf-8")
    browser.open(str(tmp_path / "map.html"))
    assert browser.evaluate("document.title") == "web-1: network namespaces"
    assert "Content Security Policy" in "".join(browser.complaints)
    browser.complaints.clear()
    assert browser.evaluate("fetch('http://192.0.2.1/').catch(() => 'refused')") == "refused"
    assert "Content Security Policy" in "".join(browser.complaints)


def test_the_keyboard_alone(browser: Browser, tmp_path: Path) -> None:
    """A namespace that has the focus is told as if it was pointed at."""
    show(browser, tmp_path, many(3))
    browser.evaluate("document.querySelectorAll('.tile')[1].focus()")
    assert browser.evaluate(DETAILS).startswith("prod/shop-2")
