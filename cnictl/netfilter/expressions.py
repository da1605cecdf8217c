"""Rules of iptables as its nft variant hands them to the kernel: all that containers have, for CHECK.

What is not known here, or not in the words of iptables 1.8, comes to nothing, and so does a rule with
anything that is not understood: that a rule is there is said of none but the very same one.
"""

from __future__ import annotations

import _socket
import sys

from cnictl.netfilter import translated
from cnictl.netfilter.translated import compared, masked, meta
from cnictl.netlink import message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.netfilter.iptables import Version
    from cnictl.netfilter.translated import Part

    Basics = dict[str, tuple[str, bool]]
    """Value of -s, -d, -i, -o and -p, and whether it is inverted."""

PROTOCOLS = {"tcp": 6, "udp": 17, "sctp": 132}
_LINKS = (("-i", 6), ("-o", 7))  # NFT_META_IIFNAME, NFT_META_OIFNAME
_L4PROTO = 16  # NFT_META_L4PROTO
_NETWORK, _TRANSPORT = 1, 2  # NFT_PAYLOAD_*_HEADER
_IPV4_PROTOCOL = (9, 1)  # where it stands in the header, and its size
_ADDRESSES: dict[Version, tuple[tuple[str, int], ...]] = {
    4: (("-s", 12), ("-d", 16)),
    6: (("-s", 8), ("-d", 24)),
}
"""Where addresses stand in a header."""
_SIZES: dict[Version, int] = {4: 4, 6: 16}
_DESTINATION_PORT = 2  # where it stands in the header of each protocol
_VERDICTS = {"ACCEPT": b"\0\0\0\1", "DROP": b"\0\0\0\0", "RETURN": b"\xff\xff\xff\xfb"}  # NF_*, NFT_RETURN
_STATES = {"RELATED,ESTABLISHED": 0x6}  # XT_CONNTRACK_STATE_BIT
_ADDRESS_AND_PORT = 0x3  # NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED
_PORTS_OF_MULTIPORT = 15  # XT_MULTI_PORTS


def translate(version: Version, words: list[str]) -> list[Part]:
    """What a rule consists of for the kernel, given in canonical words; nothing where that is not known."""
    try:
        basics: Basics = {}
        words = _take_basics(words, basics)
        parts = list(_basics(version, basics))
        protocol, inverted = basics.get("-p", ("", False))
        rest = _extensions(version, words, "" if inverted else protocol)
    except (KeyError, ValueError, OverflowError, OSError):  # of what iptables would not take either
        return []
    return parts + rest if rest else []


def protocol_of(words: list[str]) -> tuple[str, bool]:
    """The protocol that a rule in canonical words asks for, or "", and whether it is inverted."""
    basics: Basics = {}
    _take_basics(words, basics)
    return basics.get("-p", ("", False))


def oldest(version: Version, protocol: str, parts: list[Part]) -> list[Part]:
    """The parts of a rule as the oldest iptables puts them, from what `translate` gives."""
    found: list[Part] = []
    rest = iter(parts)
    for part in rest:
        place = _address_place(part)
        if part == _PORT:
            value, _ = _comparison(next(rest))
            found.append(("match", protocol, _ports(int.from_bytes(value, "big"))))
        elif place and place[1] < _SIZES[version]:
            (value, inverted), size = _comparison(next(rest)), _SIZES[version]
            mask = b"\xff" * len(value)
            found.append(_payload(_NETWORK, place[0], size))
            found.append(masked(mask.ljust(size, b"\0")))
            found.append(compared(value.ljust(size, b"\0"), inverted=inverted))
        else:
            found.append(part)
    return found


def alike(parts: list[Part]) -> list[Part]:
    """The parts of a rule as `translate` gives them, whichever iptables made it.

    Up to 1.8.9 it asks for interfaces, protocol and addresses; since then for addresses, interfaces and
    protocol, that of IPv4 in the header.  As all of them must hold, their order does not matter.  Before
    1.8.8 ports are a match of its own, before 1.8.6 every network is masked.
    """
    basics: list[tuple[int, list[Part]]] = []
    position = 0
    while position < len(parts) and (place := _place(parts[position])) is not None:
        end = position + 1
        while end < len(parts) and parts[end][0] in ("bitwise", "cmp"):
            end += 1
        asked = parts[position] if place != _PLACES[PROTOCOL] else PROTOCOL
        basics.append((place, _unmasked([asked, *parts[position + 1 : end]])))
        position = end
    basics.sort(key=lambda one: one[0])
    extensions = (one for part in parts[position:] for one in _ports_compared(part))
    return [*(part for _, one in basics for part in one), *extensions]


def is_whole_address(family: str, part: Part) -> bool:
    """Whether a part compares as many bytes as an address of a family (`ip` or `ip6`) has."""
    return part[0] == "cmp" and len(_comparison(part)[0]) == _SIZES[6 if family == "ip6" else 4]


def _unmasked(question: list[Part]) -> list[Part]:
    """A question for a network of whole bytes, put with as many of them as count; any other as it is."""
    place = _address_place(question[0])
    if not place or [kind for kind, _, _ in question] != ["payload", "bitwise", "cmp"]:
        return question
    value, inverted = _comparison(question[2])
    if question[2] != compared(value, inverted=inverted):
        return question  # it may ask for what is greater or smaller
    kept = len(value.rstrip(b"\0"))
    for size in range(max(kept, 1), len(value)):
        if question[1] == masked((b"\xff" * size).ljust(len(value), b"\0")):
            return [_payload(_NETWORK, place[0], size), compared(value[:size], inverted=inverted)]
    return question


def _ports_compared(part: Part) -> list[Part]:
    """A match for one destination port, as comparing it; any other part as it is."""
    kind, name, data = part
    if kind == "match" and name in ("tcp", "udp"):
        port = int.from_bytes(data[4:6], sys.byteorder)
        if data == _ports(port):
            return [_PORT, compared(port.to_bytes(2, "big"))]
    return [part]


def _address_place(part: Part) -> tuple[int, int] | None:
    """Where in the header an address stands that a part loads, and how many bytes of it."""
    kind, _, data = part
    if kind != "payload" or not data.startswith(_OF_NETWORK):
        return None
    if part == _PROTOCOL_OF_IPV4:
        return None
    offset, size = (int.from_bytes(data[at : at + 4], "big") for at in _OFFSET_AND_SIZE)
    return offset, size


def _comparison(part: Part) -> tuple[bytes, bool]:
    """What `compared` was given."""
    attributes = message.attributes(part[2])
    return message.attributes(attributes[3])[1], attributes[2] != bytes(4)


def _place(part: Part) -> int | None:
    """Where a question for interface, protocol or address stands among them; None for any other part."""
    if part in _PLACES:
        return _PLACES[part]
    place = _address_place(part)
    return len(_PLACES) + place[0] if place else None


def _take_basics(words: list[str], basics: Basics) -> list[str]:
    while True:
        match words:
            case ["!", "-s" | "-d" | "-i" | "-o" | "-p" as option, value, *words]:
                basics[option] = value, True
            case ["-s" | "-d" | "-i" | "-o" | "-p" as option, value, *words]:
                basics[option] = value, False
            case _:
                return words


def _basics(version: Version, basics: Basics) -> Iterator[Part]:
    for option, key in _LINKS:
        if option in basics:
            name, inverted = basics[option]
            if name.endswith("+"):
                raise ValueError(name)
            yield meta(key)
            yield compared(name.encode() + b"\0", inverted=inverted)
    if "-p" in basics:
        protocol, inverted = basics["-p"]
        yield meta(_L4PROTO)
        yield compared(bytes((PROTOCOLS[protocol],)), inverted=inverted)
    for option, offset in _ADDRESSES[version]:
        if option in basics:
            network, inverted = basics[option]
            yield from _address(version, offset, network, inverted)


def _address(version: Version, offset: int, network: str, inverted: bool) -> Iterator[Part]:
    """Yield what compares the whole bytes of a network, or all of the masked address."""
    host, _, length = network.partition("/")
    packed = _socket.inet_pton(_socket.AF_INET if version == 4 else _socket.AF_INET6, host)
    size, bits = len(packed), int(length)
    if not 0 < bits <= size * 8:
        raise ValueError(network)
    if bits % 8 == 0:
        packed = packed[: bits // 8]
        yield _payload(_NETWORK, offset, len(packed))
    else:
        yield _payload(_NETWORK, offset, size)
        mask = (1 << size * 8) - (1 << size * 8 - bits)
        yield masked(mask.to_bytes(size, "big"))
    yield compared(packed, inverted=inverted)


def _extensions(version: Version, words: list[str], protocol: str) -> list[Part]:
    """What matches and targets are; nothing without a target."""
    parts: list[Part] = []
    while words:
        match words:
            case ["-m", "comment", "--comment", text, *words]:
                parts.append(("match", "comment", text.encode()))
            case ["-m", "tcp" | "udp" as name, "--dport", port, *words] if name == protocol:
                parts.append(_PORT)
                parts.append(compared(int(port).to_bytes(2, "big")))
            case ["-m", "sctp", "--dport", port, *words] if protocol == "sctp":
                parts.append(("match", "sctp", _sctp(int(port))))
            case ["-m", "multiport", "--dports", ports, *words] if protocol:
                parts.append(("match", "multiport", _multiport(ports.split(","))))
            case ["-m", "conntrack", "--ctstate", states, *words]:
                parts.append(("match", "conntrack", _conntrack(_STATES[states])))
            case ["-j", "DNAT", "--to-destination", text]:
                return [*parts, ("target", "DNAT", _nat_range(version, text))]
            case ["-j", "ACCEPT" | "DROP" | "RETURN" as verdict]:
                return [*parts, ("verdict", "", _VERDICTS[verdict])]
            case _:
                shared = translated.translate(version, words)
                return parts + shared if shared else []
    return []


def _payload(base: int, offset: int, size: int) -> Part:
    """What loads some bytes of a header into the register."""
    numbers = (1, base, offset, size)  # NFTA_PAYLOAD_DREG and those behind it
    data = (message.attribute(kind, one.to_bytes(4, "big")) for kind, one in enumerate(numbers, 1))
    return "payload", "", b"".join(data)


def _ports(port: int) -> bytes:
    """struct xt_tcp or xt_udp: any source port, one destination port."""
    number = _u16(port)
    return (_u16(0) + _u16(0xFFFF) + number + number).rstrip(b"\0")


def _sctp(port: int) -> bytes:
    """struct xt_sctp_info: two ports and two more, chunks that are not asked for, and what is."""
    number = _u16(port)
    chunks = bytes(256 + 4) + b"\xff\0\0" * 4 + bytes(4)
    return (number + number + bytes(4) + chunks + b"\2").rstrip(b"\0")  # XT_SCTP_DEST_PORTS


def _multiport(ports: list[str]) -> bytes:
    """struct xt_multiport_v1: flags, count, ports; no ranges, and not inverted."""
    if len(ports) > _PORTS_OF_MULTIPORT:
        raise ValueError(ports)
    numbers = b"".join(_u16(int(one)) for one in ports)
    return (bytes((1, len(ports))) + numbers).rstrip(b"\0")  # XT_MULTIPORT_DESTINATION


def _conntrack(states: int) -> bytes:
    """struct xt_conntrack_mtinfo3: addresses, times and ports that are not asked for, and the states."""
    return bytes(146) + _u16(1) + _u16(0) + _u16(states).rstrip(b"\0")  # XT_CONNTRACK_STATE


def _nat_range(version: Version, text: str) -> bytes:
    """struct nf_nat_range2 of one address and one port."""
    host, _, port = text.rpartition(":")
    if version == 6:
        if not (host.startswith("[") and host.endswith("]")):
            raise ValueError(text)
        host = host[1:-1]
    family = _socket.AF_INET if version == 4 else _socket.AF_INET6
    address = _socket.inet_pton(family, host).ljust(16, b"\0")
    number = int(port).to_bytes(2, "big")
    flags = _ADDRESS_AND_PORT.to_bytes(4, sys.byteorder)
    return (flags + address + address + number + number).rstrip(b"\0")


def _u16(number: int) -> bytes:
    return number.to_bytes(2, sys.byteorder)


PROTOCOL = meta(_L4PROTO)
"""What loads the protocol, for any family; a newer iptables loads that of IPv4 otherwise."""
_PROTOCOL_OF_IPV4 = _payload(_NETWORK, *_IPV4_PROTOCOL)
_PLACES: dict[Part, int] = {meta(key): place for place, (_, key) in enumerate(_LINKS)}
_PLACES |= {PROTOCOL: 2, _PROTOCOL_OF_IPV4: 2}
_PORT = _payload(_TRANSPORT, _DESTINATION_PORT, 2)
_OF_NETWORK = _payload(_NETWORK, 0, 0)[2][:16]  # NFTA_PAYLOAD_DREG and _BASE
_OFFSET_AND_SIZE = (20, 28)  # where the numbers of the attributes behind these begin
