"""Ranges of addresses and the order in which they are tried: round robin, as the Go plugins do it."""

from __future__ import annotations

from cnictl.spec.address import Address
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.spec.address import Prefix


class Range(Value):
    """The addresses from `start` to `end`, both included, of a subnet; its gateway is never given away.

    The gateway may lie outside of the subnet, and even be of the other version.
    """

    __slots__ = ("subnet", "start", "end", "gateway")

    def __init__(self, subnet: Prefix, start: Address, end: Address, gateway: Address) -> None:
        self.subnet = subnet
        self.start = start
        self.end = end
        self.gateway = gateway

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.subnet.version

    @property
    def size(self) -> int:
        """How many addresses can be given away."""
        return int(self.end) - int(self.start) + 1 - self.contains(self.gateway)

    def contains(self, address: Address) -> bool:
        """Whether an address lies between start and end."""
        return address.version == self.version and self.start <= address <= self.end

    def overlaps(self, other: Range) -> bool:
        """Whether two ranges have addresses in common."""
        return self.contains(other.start) or other.contains(self.start)

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


class RangeSet(Value):
    """Ranges of one version of which a container gets one address."""

    __slots__ = ("ranges",)

    def __init__(self, ranges: Iterable[Range]) -> None:
        self.ranges = tuple(ranges)

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.ranges[0].version

    @property
    def size(self) -> int:
        """How many addresses can be given away."""
        return sum(one.size for one in self.ranges)

    def find(self, address: Address) -> Range | None:
        """Return the range in which an address lies."""
        return next((one for one in self.ranges if one.contains(address)), None)

    def assignable(self, address: Address) -> bool:
        """Whether an address lies in one of the ranges and is not that one's gateway."""
        found = self.find(address)
        return found is not None and found.gateway != address

    def overlaps(self, other: RangeSet) -> bool:
        """Whether two sets have addresses in common."""
        return any(one.overlaps(two) for one in self.ranges for two in other.ranges)

    def candidates(self, last: Address | None = None) -> Iterator[tuple[Address, Range]]:
        """Yield every address that can be given away, with its range, beginning behind `last`.

        Without `last`, or when it lies in none of the ranges, the first one is the start of the first range.
        """
        first, begin = self._successor(last)
        count = len(self.ranges)
        yield from _walk(self.ranges[first], begin, self.ranges[first].end)
        for i in range(first + 1, first + count):
            one = self.ranges[i % count]
            yield from _walk(one, one.start, one.end)
        if begin != self.ranges[first].start:
            yield from _walk(self.ranges[first], self.ranges[first].start, begin - 1)

    def _successor(self, last: Address | None) -> tuple[int, Address]:
        for i, one in enumerate(self.ranges):
            if last is not None and one.contains(last):
                if last != one.end:
                    return i, last + 1
                following = (i + 1) % len(self.ranges)
                return following, self.ranges[following].start
        return 0, self.ranges[0].start

    def __str__(self) -> str:
        return ",".join(map(str, self.ranges))


def _walk(within: Range, start: Address, end: Address) -> Iterator[tuple[Address, Range]]:
    gateway, version = within.gateway, within.version
    for number in range(int(start), int(end) + 1):
        address = Address.from_int(version, number)
        if address != gateway:
            yield address, within
