"""Values: equal by what they hold."""

from __future__ import annotations

import pytest

from cnictl.spec.value import Value


class Point(Value):
    __slots__ = ("x", "y")

    def __init__(self, x: int, y: int) -> None:
        self.x = x
        self.y = y


class Named(Point):
    __slots__ = ("name",)

    def __init__(self, x: int, y: int, name: str) -> None:
        super().__init__(x, y)
        self.name = name


def test_values_are_equal_by_their_slots():
    """Not by being the same object, and not across classes."""
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2) != Point(1, 3)
    assert Point(1, 2) != (1, 2)
    assert len({Point(1, 2), Point(1, 2), Point(2, 1)}) == 2


def test_a_derived_value_counts_the_slots_of_its_base():
    """Two that differ only in what the base class holds are different."""
    assert Named(1, 2, "a") != Named(3, 2, "a")
    assert Named(1, 2, "a") != Point(1, 2)
    assert repr(Named(1, 2, "a")) == "Named(x=1, y=2, name='a')"
    assert Named(1, 2, "a").replace(x=5) == Named(5, 2, "a")


def test_replace_leaves_the_original_alone():
    """It returns a copy, and refuses a name that is no slot."""
    point = Point(1, 2)
    assert point.replace(y=7) == Point(1, 7)
    assert point == Point(1, 2)
    with pytest.raises(TypeError, match="Point has no z"):
        point.replace(z=1)
