"""IP addresses and prefixes, parsed and printed as Go does it, at the cost of inet_pton."""

from __future__ import annotations

import _socket

from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Self

IPV4, IPV6 = 4, 6
_BITS = {IPV4: 32, IPV6: 128}
_MAPPED = bytes(10) + b"\xff\xff"  # RFC 4291, 2.5.5.2


class Address(Value):
    """An IP address.  An IPv4-mapped IPv6 address is the IPv4 address, as in Go."""

    __slots__ = ("packed",)

    def __init__(self, packed: bytes) -> None:
        self.packed = packed[12:] if len(packed) == 16 and packed.startswith(_MAPPED) else packed

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the address that a text spells, without zone or leading zeros; or raise ValueError."""
        family = _socket.AF_INET6 if ":" in text else _socket.AF_INET
        try:
            return cls(_socket.inet_pton(family, text))
        except (OSError, ValueError):
            raise ValueError(f"invalid IP address: {text}") from None

    @classmethod
    def from_int(cls, version: int, number: int) -> Self:
        """Return the address of a version (4 or 6) that has this number; OverflowError when there is none."""
        return cls(number.to_bytes(_BITS[version] // 8, "big"))

    @property
    def version(self) -> int:
        """4 or 6."""
        return IPV4 if len(self.packed) == 4 else IPV6

    @property
    def bits(self) -> int:
        """How long the address is: 32 or 128."""
        return len(self.packed) * 8

    @property
    def is_unspecified(self) -> bool:
        return not any(self.packed)

    @property
    def is_loopback(self) -> bool:
        return self.packed[0] == 127 if self.version == IPV4 else int(self) == 1

    @property
    def is_multicast(self) -> bool:
        return self.packed[0] & 0xF0 == 0xE0 if self.version == IPV4 else self.packed[0] == 0xFF

    @property
    def is_link_local(self) -> bool:
        if self.version == IPV4:
            return self.packed.startswith(b"\xa9\xfe")  # RFC 3927
        return self.packed[0] == 0xFE and self.packed[1] & 0xC0 == 0x80

    @property
    def is_global_unicast(self) -> bool:
        """Whether the address may stand for one station beyond its link; private ones count."""
        return not (
            self.is_unspecified
            or self.is_loopback
            or self.is_multicast
            or self.is_link_local
            or self.packed == b"\xff\xff\xff\xff"
        )

    def __int__(self) -> int:
        return int.from_bytes(self.packed, "big")

    def __add__(self, number: int) -> Address:
        return Address.from_int(self.version, int(self) + number)

    def __sub__(self, number: int) -> Address:
        return self + -number

    def __lt__(self, other: Address) -> bool:
        return (self.version, self.packed) < (other.version, other.packed)

    def __le__(self, other: Address) -> bool:
        return (self.version, self.packed) <= (other.version, other.packed)

    def __str__(self) -> str:
        if self.version == IPV4:
            return _socket.inet_ntop(_socket.AF_INET, self.packed)
        text = _socket.inet_ntop(_socket.AF_INET6, self.packed)
        if "." not in text:
            return text
        # The C library spells the last two groups of some addresses as IPv4; Go never does.
        head, _, _ = text.rpartition(":")
        return f"{head}:{int(self) >> 16 & 0xFFFF:x}:{int(self) & 0xFFFF:x}"


class Prefix(Value):
    """An address with a prefix length; the host bits stay (`10.1.2.3/16`)."""

    __slots__ = ("address", "length")

    def __init__(self, address: Address, length: int) -> None:
        self.address = address
        self.length = length

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the prefix that a text spells in CIDR notation, or ValueError."""
        spelled, slash, digits = text.partition("/")
        try:
            if not (slash and digits.isascii() and digits.isdigit()):
                raise ValueError
            address = Address.parse(spelled)
            length = int(digits)
        except ValueError:
            raise ValueError(f"invalid CIDR address: {text}") from None
        if ":" in spelled and address.version == IPV4:
            length -= 96
        if not 0 <= length <= address.bits:
            raise ValueError(f"invalid CIDR address: {text}")
        return cls(address, length)

    @classmethod
    def host(cls, address: Address) -> Self:
        """Return the prefix that holds one address: /32 or /128."""
        return cls(address, address.bits)

    @classmethod
    def default(cls, version: int) -> Self:
        """Return the prefix of all addresses of a version (4 or 6)."""
        return cls(Address.from_int(version, 0), 0)

    @property
    def version(self) -> int:
        """4 or 6."""
        return self.address.version

    @property
    def _host_mask(self) -> int:
        return (1 << (self.address.bits - self.length)) - 1

    @property
    def network_address(self) -> Address:
        """The first address."""
        return Address.from_int(self.version, int(self.address) & ~self._host_mask)

    @property
    def last_address(self) -> Address:
        """The last address."""
        return Address.from_int(self.version, int(self.address) | self._host_mask)

    @property
    def broadcast(self) -> Address:
        """The last address, by the name it has in IPv4."""
        return self.last_address

    @property
    def netmask(self) -> Address:
        """The mask as an address: 255.255.0.0 for /16."""
        return Address.from_int(self.version, (1 << self.address.bits) - 1 & ~self._host_mask)

    @property
    def network(self) -> Prefix:
        """The same prefix without host bits."""
        return Prefix(self.network_address, self.length)

    @property
    def is_default(self) -> bool:
        """Whether it is 0.0.0.0/0 or ::/0."""
        return self.length == 0 and self.address.is_unspecified

    def contains(self, address: Address) -> bool:
        """Whether an address, of the same version, lies in the network."""
        return address.version == self.version and int(address) ^ int(self.address) <= self._host_mask

    def overlaps(self, other: Prefix) -> bool:
        """Whether two networks have addresses in common."""
        return self.contains(other.network_address) or other.contains(self.network_address)

    def __str__(self) -> str:
        return f"{self.address}/{self.length}"


def endpoint(address: str, port: int | str) -> str:
    """An address with a port behind it, as in a URL (RFC 3986, section 3.2.2)."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
