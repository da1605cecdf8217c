"""The pictures in the docs show what the commands print."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from cnictl.sandbox.node import Node

DOCS = Path(__file__).parents[2] / "docs"


def _screens() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screens", DOCS / "screens.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["screens"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


screens = _screens()


@pytest.mark.parametrize("name", [one.name for one in screens.SCREENS])
def test_a_picture_shows_what_is_printed(node: Node, name: str) -> None:
    """Numbers aside, word for word; `python docs/screens.py NAME` takes it again."""
    del node  # only to be skipped where there can be none
    screen = next(one for one in screens.SCREENS if one.name == name)
    taken = (DOCS / "screens" / f"{name}-80.svg").read_text(encoding="utf-8")
    assert screens.words(screens.picture(screen, 80, screens.printed(screen, 80))) == screens.words(taken)


def test_the_map_shows_what_is_drawn(node: Node) -> None:
    """Numbers aside, word for word, as above."""
    del node
    assert screens.words(screens.drawn()) == screens.words(screens.MAP.read_text(encoding="utf-8"))


def test_every_picture_is_on_the_page() -> None:
    """And none is left of a screen that is no longer taken."""
    page = (DOCS / "screens.md").read_text(encoding="utf-8")
    assert all(f"(screens/{one.name}-80.svg)" in page for one in screens.SCREENS)
    names = {f"{one.name}-{width}.svg" for one in screens.SCREENS for width in screens.WIDTHS}
    assert {path.name for path in (DOCS / "screens").iterdir()} == names
