"""The canonical spelling of an iptables rule's words: that of iptables-save(8).

Addresses are masked to their network, options stand under the match they belong to, the target
last.  Where two spellings mean the same, as `-m tcp` with nothing to match, the shorter one is
canonical; matches that only look are sorted by name.
"""

from __future__ import annotations

import _socket

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    Option = tuple[str, ...]
    """Words of one option: an `!` if it is inverted, its name, its arguments."""

COMMENT_LIMIT = 255
"""Bytes of a comment that the kernel keeps (XT_MAX_COMMENT_LEN, linux/netfilter/xt_comment.h)."""

_ALIASES = {
    "--source": "-s",
    "--src": "-s",
    "--destination": "-d",
    "--dst": "-d",
    "--in-interface": "-i",
    "--out-interface": "-o",
    "--protocol": "-p",
    "--proto": "-p",
    "--fragment": "-f",
    "--match": "-m",
    "--jump": "-j",
    "--goto": "-g",
    "--set-counters": "-c",
    "--ipv4": "-4",
    "--ipv6": "-6",
    "--destination-port": "--dport",
    "--destination-ports": "--dports",
    "--source-port": "--sport",
    "--source-ports": "--sports",
}
_BASIC = ("-s", "-d", "-i", "-o", "-p", "-f")  # in the order of iptables-save
STRINGS = {"--comment", "--log-prefix", "--nflog-prefix", "--string", "--hex-string"}
_OF_PROTOCOL = {"--dport", "--sport", "--tcp-flags", "--syn", "--tcp-option", "--icmp-type", "--icmpv6-type"}
_OF_MULTIPORT = {"--dports", "--sports", "--ports"}
_PROTOCOLS = {
    "1": "icmp",
    "6": "tcp",
    "17": "udp",
    "50": "esp",
    "51": "ah",
    "58": "ipv6-icmp",
    "icmpv6": "ipv6-icmp",
    "132": "sctp",
    "136": "udplite",
}
_PROTOCOL_MATCHES = {"tcp", "udp", "udplite", "sctp", "dccp", "icmp", "icmp6"}
# Matches that only look: in whatever order they are asked, the answer is the same.
_LOOKING = _PROTOCOL_MATCHES | {
    "addrtype",
    "comment",
    "connmark",
    "conntrack",
    "iprange",
    "mac",
    "mark",
    "multiport",
    "owner",
    "physdev",
    "set",
    "socket",
    "state",
}
_UNORDERED = (_LOOKING - {"set"}) | {"DNAT", "SNAT", "MASQUERADE", "REDIRECT", "MARK", "CONNMARK", "REJECT"}
_TCP_FLAGS = ("FIN", "SYN", "RST", "ACK", "URG", "PSH")
_STATES = ("INVALID", "NEW", "RELATED", "ESTABLISHED", "UNTRACKED", "SNAT", "DNAT")
_ICMP_TYPES = {"echo-reply": "0", "pong": "0", "echo-request": "8", "ping": "8"}
_ICMPV6_TYPES = {"echo-request": "128", "ping": "128", "echo-reply": "129", "pong": "129"}
_USUAL_REJECTION = {("--reject-with", "icmp-port-unreachable"), ("--reject-with", "icmp6-port-unreachable")}
_ALL_BITS = 0xFFFFFFFF


def canonical(words: Sequence[str]) -> tuple[str, ...]:
    """The words of a rule in canonical spelling and order.  Raises ValueError."""
    reader = _Reader()
    position = 0
    inverted = False
    while position < len(words):
        word, glued = _unglued(words[position])
        position += 1
        if word == "!" and glued is None:
            inverted = not inverted
            continue
        if not word.startswith("-") or len(word) < 2:
            raise ValueError(f"{word!r} stands where an option should, in {' '.join(words)!r}")
        name = _ALIASES.get(word, word)
        arguments = [] if glued is None else [glued]
        position = _take(name, words, position, arguments)
        reader.read(name, arguments, inverted)
        inverted = False
    if inverted:
        raise ValueError(f"'!' with nothing behind it in {' '.join(words)!r}")
    return reader.words()


class _Extension:
    """A match or target and its options."""

    __slots__ = ("name", "options")

    def __init__(self, name: str) -> None:
        self.name = name
        self.options: list[Option] = []

    def words(self) -> list[str]:
        ordered = sorted(self.options, key=_by_name) if self.name in _UNORDERED else self.options
        return [word for option in ordered for word in option]


class _Reader:
    """Collects options under what they belong to."""

    def __init__(self) -> None:
        self._basic: dict[str, Option] = {}
        self._matches: list[_Extension] = []
        self._target: _Extension | None = None
        self._flag = ""  # -j or -g
        self._current: _Extension | None = None

    def read(self, name: str, arguments: list[str], inverted: bool) -> None:
        if name in ("-4", "-6", "-c"):
            return
        if name in ("-m", "-j", "-g"):
            self._current = extension = _Extension(arguments[0])
            if name == "-m":
                self._matches.append(extension)
            else:
                self._target, self._flag = extension, name
        elif name in _BASIC:
            self._read_basic(name, arguments, inverted)
        else:
            owner = self._owner(name)
            option = _option(name, arguments, owner)
            if option:
                owner.options.append(("!", *option) if inverted else option)

    def words(self) -> tuple[str, ...]:
        out: list[str] = []
        for name in _BASIC:
            out += self._basic.get(name, ())
        matches = [one for one in self._matches if one.options or one.name not in _PROTOCOL_MATCHES]
        if all(one.name in _LOOKING for one in matches):
            matches.sort(key=lambda one: (one.name, one.words()))
        for match in matches:
            out += ["-m", match.name, *match.words()]
        if self._target is not None:
            out += [self._flag, self._target.name, *self._target.words()]
        return tuple(out)

    def _read_basic(self, name: str, arguments: list[str], inverted: bool) -> None:
        value = arguments[0] if arguments else ""
        if name in ("-s", "-d"):
            value = network(value)
        elif name == "-p":
            value = _PROTOCOLS.get(value.lower(), value.lower())
        meaningless = value in ("0.0.0.0/0", "::/0", "all", "0", "+") and not (
            inverted and name in ("-s", "-d")
        )
        if not meaningless:
            option = (name, value) if value else (name,)
            self._basic[name] = ("!", *option) if inverted else option

    def _owner(self, name: str) -> _Extension:
        """The extension whose option it is: the last one named, unless the option tells better."""
        current = self._current
        if name in _OF_PROTOCOL and (current is None or current.name not in _PROTOCOL_MATCHES):
            protocol = self._basic.get("-p", ("-p", ""))[-1]
            wanted = {"ipv6-icmp": "icmp6"}.get(protocol, protocol)
            return self._match(wanted)
        if name in _OF_MULTIPORT and (current is None or current.name != "multiport"):
            return self._match("multiport")
        if current is None:
            raise ValueError(f"option {name} belongs to no match or target")
        return current

    def _match(self, name: str) -> _Extension:
        for match in reversed(self._matches):
            if match.name == name:
                return match
        if name not in _PROTOCOL_MATCHES:
            raise ValueError(
                f"an option of {name or 'a protocol'} without {'-m' if name else '-p'} {name}".rstrip()
            )
        match = _Extension(name)
        self._matches.append(match)
        return match


def network(text: str) -> str:
    """An address or network as iptables-save prints it: masked, with its prefix length.

    Lists and host names, and masks with holes, stay as they are.
    """
    host, _, mask = text.partition("/")
    family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
    try:
        packed = _socket.inet_pton(family, host)
        bits = len(packed) * 8
        length = (
            bits if not mask else int(mask) if mask.isdigit() else _length(_socket.inet_pton(family, mask))
        )
    except (OSError, ValueError):
        return text
    if not 0 <= length <= bits:
        return text
    number = int.from_bytes(packed, "big") >> (bits - length) << (bits - length)
    return f"{_socket.inet_ntop(family, number.to_bytes(len(packed), 'big'))}/{length}"


def _length(mask: bytes) -> int:
    """The prefix length of a mask; -1 when it has holes."""
    bits = f"{int.from_bytes(mask, 'big'):0{len(mask) * 8}b}"
    return -1 if "01" in bits else bits.count("1")


def _unglued(word: str) -> tuple[str, str | None]:
    """An option and the argument written onto it, as in `-ptcp` and `--dport=80`."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        return (name, value) if equals else (word, None)
    if len(word) > 2 and word[0] == "-" and word[1] in "sdiopmjg":
        return word[:2], word[2:]
    return word, None


def _take(name: str, words: Sequence[str], position: int, arguments: list[str]) -> int:
    """Move an option's arguments from the words to `arguments`; return where the next option starts."""
    if name in STRINGS or name in ("-m", "-j", "-g") or (name in _BASIC and name != "-f"):
        if not arguments:
            if position == len(words):
                raise ValueError(f"option {name} has no argument in {' '.join(words)!r}")
            arguments.append(words[position])
            position += 1
        return position
    while position < len(words) and not _starts_option(words[position]):
        arguments.append(words[position])
        position += 1
    return position


def _starts_option(word: str) -> bool:
    return word == "!" or (len(word) > 1 and word[0] == "-" and not word[1].isdigit())


def _option(name: str, arguments: list[str], owner: _Extension) -> Option:
    """An option in canonical spelling; nothing when it says what goes without saying."""
    first = arguments[0] if arguments else ""
    if name in ("--set-mark", "--set-xmark", "--or-mark", "--and-mark", "--xor-mark"):
        return _set_mark(name, first)
    if name == "--mark":
        value, mask = _mark(first)
        return (
            name,
            first if value is None else f"{value:#x}" if mask == _ALL_BITS else f"{value:#x}/{mask:#x}",
        )
    if name == "--comment":
        return (name, first.encode(errors="surrogateescape")[:COMMENT_LIMIT].decode(errors="surrogateescape"))
    if name == "--syn":
        return ("--tcp-flags", "FIN,SYN,RST,ACK", "SYN")
    if name == "--tcp-flags":
        return (name, *(_ordered(one, _TCP_FLAGS) for one in arguments))
    if name in ("--ctstate", "--state"):
        return (name, _ordered(first, _STATES))
    if name in ("--src-type", "--dst-type"):
        return (name, first.upper())
    if name in ("--dport", "--sport", "--dports", "--sports", "--ports"):
        return (name, ",".join(":".join(map(_port, one.split(":"))) for one in first.split(",")))
    if name == "--icmp-type":
        return (name, _ICMP_TYPES.get(first, first))
    if name == "--icmpv6-type":
        return (name, _ICMPV6_TYPES.get(first, first))
    option = (name, *arguments)
    return () if owner.name == "REJECT" and option in _USUAL_REJECTION else option


def _set_mark(name: str, text: str) -> Option:
    """All five ways to set a mark are one: clear the bits of the mask, then xor the value."""
    value, mask = _mark(text)
    if value is None:
        return (name, text)
    if name == "--set-mark":
        mask |= value
    elif name == "--or-mark":
        mask = value
    elif name == "--and-mark":
        value, mask = 0, ~value & _ALL_BITS
    elif name == "--xor-mark":
        mask = 0
    return ("--set-xmark", f"{value:#x}/{mask:#x}")


def _mark(text: str) -> tuple[int | None, int]:
    value, _, mask = text.partition("/")
    try:
        return _number(value), _number(mask) if mask else _ALL_BITS
    except ValueError:
        return None, 0


def _number(text: str) -> int:
    """A number as strtoul(3) reads it with base 0."""
    return int(text, 8) if len(text) > 1 and text.isdigit() and text[0] == "0" else int(text, 0)


def _port(text: str) -> str:
    if not text or text.isdigit():
        return text.lstrip("0") or text[-1:]
    try:
        return str(_socket.getservbyname(text))
    except OSError:
        return text


def _ordered(text: str, order: Iterable[str]) -> str:
    """A list of words without regard to case, in the order in which iptables-save prints them."""
    given = text.upper().split(",")
    known = [one for one in order if one in given]
    return ",".join(known) if len(known) == len(given) else ",".join(given)


def _by_name(option: Option) -> tuple[str, Option]:
    return (option[1] if option[0] == "!" else option[0], option)
