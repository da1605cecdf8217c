"""An index of a long chain: the addresses that its rules name, without having the kernel list them all.

It is a hint.  The Go plugin and administrators change the chain too and know of no index, so that it is
good only while the kernel counts as many rules as it says, in the chain that it says: the same handles,
namespace and boot.  Who takes one rule away and puts in another is not noticed.  What is concluded from an
index may therefore have a rule made a second time, and must not have one left.

It is written before the rules are changed, for the count that will be.  When that fails, when the process is
killed, or when somebody else changes the chain as well, the count is another, and the chain is searched.

    cnictl rules 1 <boot> <namespace> <handle of the table> <handle of the chain> <count>
    <address, packed> ...
"""

from __future__ import annotations

from cnictl import durable
from cnictl.netfilter import nft

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PLACE = "/run/cnictl/rules"
"""Gone after a reboot, as the rules are; one file a chain, called by its family, table and name."""

LEAST = 200
"""Rules that the kernel lists in less than half a millisecond; of a chain with fewer there is no index."""

_BOOT = "/proc/sys/kernel/random/boot_id"
_SIZES = {"ip": 4, "ip6": 16}


class Index:
    """The index of a chain as it is at this moment; only for who holds `lock.Lock` while he changes it."""

    __slots__ = ("_chain", "_count", "_known", "_path", "_size", "_where")

    def __init__(self, family: str, table: str, chain: str, *, place: str = "") -> None:
        self._chain = family, table, chain
        self._size = _SIZES[family]
        self._path = f"{place or PLACE}/{family}.{table}.{chain}"
        self._where, self._count = nft.counted(*self._chain)
        self._known = self._read() if self.worthwhile else None

    @property
    def worthwhile(self) -> bool:
        """Whether there is or should be an index: the chain is long, and the kernel tells enough of it."""
        return self._where != "" and self._count >= LEAST

    def lacks(self, addresses: Iterable[bytes]) -> bool:
        """Whether no rule names any of some packed addresses; a no is not certain.

        Makes the index anew where it is not good.  Raises NetlinkError.
        """
        if self.worthwhile and self._known is None:
            self._build()
        known = self._known
        return known is not None and not any(self._find(known, one) >= 0 for one in addresses)

    def expect(self, rules: int, addresses: Iterable[bytes]) -> None:
        """Have a good index be good once so many rules of addresses have come, or below 0 have gone."""
        if self._known is None:
            return
        known = self._known
        for one in addresses:
            at = self._find(known, one)
            if rules < 0 <= at:
                known = known[:at] + known[at + self._size :]
            elif rules > 0 > at:
                known += one
        self._write(self._count + rules, known)

    def _find(self, known: bytes, address: bytes) -> int:
        at = known.find(address)
        while at % self._size and at >= 0:
            at = known.find(address, at + 1)
        return at

    def _build(self) -> None:
        named = nft.compared_values(*self._chain, self._size)
        if named is None or nft.counted(*self._chain) != (self._where, self._count):
            return  # somebody changes the chain at this moment
        self._known = b"".join(named)

    def _read(self) -> bytes | None:
        try:
            content = durable.read(self._path)
        except OSError:
            return None
        header = self._header(self._count)
        return content[len(header) :] if content is not None and content.startswith(header) else None

    def _write(self, count: int, known: bytes) -> None:
        content = self._header(count) + known
        try:
            if len(content) < durable.SIZE_LIMIT:
                durable.replace(self._path, content)
            else:
                durable.remove(self._path)
        except OSError:
            pass  # one that cannot be written is one of another count

    def _header(self, count: int) -> bytes:
        return f"cnictl rules 1 {_boot()} {self._where} {count}\n".encode()


def _boot() -> str:
    try:
        with open(_BOOT, encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return "-"
