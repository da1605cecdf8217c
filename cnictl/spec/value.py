"""Small value objects for code that cannot afford to import dataclasses."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, Self


class Value:
    """A value that is equal to another of its class when all its slots are.

    Subclasses set `__slots__` and write `__init__`.  A value that holds a list has no hash.
    """

    __slots__: tuple[str, ...] = ()
    fields: ClassVar[tuple[str, ...]] = ()
    """The names of all slots, those of base classes first."""

    def __init_subclass__(cls) -> None:
        cls.fields = tuple(name for base in reversed(cls.__mro__) for name in vars(base).get("__slots__", ()))

    def replace(self, **changes: Any) -> Self:
        """Return a copy in which some slots have other values."""
        copy = type(self).__new__(type(self))
        for name in self.fields:
            setattr(copy, name, changes.pop(name) if name in changes else getattr(self, name))
        if changes:
            raise TypeError(f"{type(self).__name__} has no {', '.join(changes)}")
        return copy

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.fields)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, name) for name in self.fields))

    def __repr__(self) -> str:
        slots = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.fields)
        return f"{type(self).__name__}({slots})"
