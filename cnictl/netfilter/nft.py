"""nftables: changes as one transaction of nft(8), rules found by their comments."""

from __future__ import annotations

from errno import EAFNOSUPPORT, EINVAL, ENOENT, EOPNOTSUPP, EPROTONOSUPPORT

from cnictl.netfilter.channel import NetfilterChannel
from cnictl.netfilter.program import NetfilterError, locate, run
from cnictl.netlink import message
from cnictl.netlink.errors import NetlinkError
from cnictl.spec import json_text
from cnictl.spec.errors import CnictlError
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cnictl.netfilter.nft_text import Object
    from cnictl.netlink.message import Attributes

    CommentTest = Callable[[str], bool]
    Request = tuple[int, int, bytes]
    """Type, flags and body of a message to the kernel."""

MISSING = "could not find nftables binary: "
COMMENT_LIMIT = 128
"""Bytes of a rule's comment that nft accepts: NFTNL_UDATA_COMMENT_MAXLEN of libnftnl."""
ATTEMPTS = 20
"""How often handles are looked up again because somebody else removed rules meanwhile."""

_GET_TABLE, _GET_CHAIN, GET_RULE = 10 << 8 | 1, 10 << 8 | 4, 10 << 8 | 7  # NFNL_SUBSYS_NFTABLES, NFT_MSG_*
_NEW_CHAIN, _NEW_RULE = 10 << 8 | 3, 10 << 8 | 6
_DELETE_CHAIN, _DELETE_RULE = 10 << 8 | 5, 10 << 8 | 8
_BATCH_BEGIN, _BATCH_END = 16, 17  # NFNL_MSG_BATCH_*, linux/netfilter/nfnetlink.h
_BATCH = bytes((0, 0, 0, 10))  # struct nfgenmsg, whose number names NFNL_SUBSYS_NFTABLES
_FAMILIES = {"inet": 1, "ip": 2, "arp": 3, "netdev": 5, "bridge": 7, "ip6": 10}  # NFPROTO_*
_TABLE_NAME, _TABLE_USE, _TABLE_HANDLE = 1, 3, 4  # NFTA_TABLE_*
_CHAIN_TABLE, _CHAIN_HANDLE, _CHAIN_NAME, _CHAIN_USE = 1, 2, 3, 6  # NFTA_CHAIN_*
_RULE_TABLE, _RULE_CHAIN, RULE_HANDLE, RULE_EXPRESSIONS, RULE_COMPAT = 1, 2, 3, 4, 5  # NFTA_RULE_*
RULE_USERDATA = 7
_DATA_VALUE = 1  # NFTA_DATA_VALUE
_USERDATA_COMMENT = 0  # NFTNL_UDATA_RULE_COMMENT
_NOTHING = {ENOENT, EINVAL, EAFNOSUPPORT, EOPNOTSUPP, EPROTONOSUPPORT}  # of a kernel without nf_tables


class NftError(NetfilterError):
    """nft could not do it.  The text is what it wrote to stderr."""

    def __init__(self, stderr: str, reason: str) -> None:
        self.stderr = stderr.strip()
        super().__init__(self.stderr or f"nft: {reason}")

    @property
    def not_found(self) -> bool:
        """Whether a table, chain or rule was not there."""
        return "No such file or directory" in self.stderr.partition("\n")[0]


class Handle(Value):
    """A rule as far as it is needed to remove it again."""

    __slots__ = ("comment", "number")

    def __init__(self, number: int, comment: str) -> None:
        self.number = number
        self.comment = comment


def apply(commands: str, *, as_json: bool = False) -> None:
    """Have nft make all the changes or none.  Every change goes through here.

    Comments on tables and chains are left out where nft or the kernel has no such thing.
    Raises Missing and NftError.
    """
    path = locate("nft", MISSING)
    arguments = ("-j", "-f", "-") if as_json else ("-f", "-")
    completed = run(path, arguments, commands)
    if completed.status == 0:
        return
    failure = NftError(completed.stderr.decode(errors="replace"), completed.reason)
    plain = commands if as_json else without_comments(commands)
    if plain != commands and not failure.not_found and run(path, arguments, plain).status == 0:
        return
    require_version(path)
    raise failure


def apply_json(commands: Iterable[Object]) -> None:
    """As `apply`, with commands in the form of libnftables-json(5)."""
    apply(json_text.dumps({"nftables": list(commands)}), as_json=True)


def rules(family: str, table: str, chain: str) -> list[Handle]:
    """The rules of a chain in order, none when there is no such chain.

    Asks the kernel itself: nft would take longer to print a large chain than to change it.
    Raises NetlinkError.
    """
    found = []
    for answer in _rules(family, table, chain):
        attributes = message.attributes(answer, 4)
        if is_of(attributes, table, chain):
            number = int.from_bytes(attributes[RULE_HANDLE], "big")
            found.append(Handle(number, _comment(attributes.get(RULE_USERDATA, b""))))
    return found


def compared(family: str, table: str, chain: str, values: Iterable[bytes]) -> dict[bytes, int]:
    """How many rules of a chain compare something with each of some values (packed addresses).

    Values without any are left out.  Asked of the kernel itself, which may count rules of other
    chains.  Raises NetlinkError.
    """
    needles = {value: message.attribute(_DATA_VALUE, value) for value in values}
    try:
        with NetfilterChannel() as kernel:
            what = f"look for addresses in {family} {table} {chain}"
            if not kernel.may_mention(GET_RULE, rules_of(family, table, chain), what, needles.values()):
                return {}
    except NetlinkError as e:
        if e.errno in _NOTHING:
            return {}
        raise
    answers = _rules(family, table, chain)
    counts = {value: sum(needle in answer for answer in answers) for value, needle in needles.items()}
    return {value: count for value, count in counts.items() if count}


def compared_values(family: str, table: str, chain: str, size: int) -> set[bytes] | None:
    """All values of a size that rules of a chain compare something with, among others.

    None where the chain kept changing.  Asked of the kernel itself.  Raises NetlinkError.
    """
    try:
        with NetfilterChannel() as kernel:
            what = f"list rules of {family} {table} {chain}"
            listed = kernel.unparsed(GET_RULE, rules_of(family, table, chain), what)
    except NetlinkError as e:
        if e.errno in _NOTHING:
            return set()
        raise
    if listed is None:
        return None
    found = set()
    head = message.attribute(_DATA_VALUE, bytes(size))[:4]
    at = listed.find(head)
    while at >= 0:
        found.add(listed[at + 4 : at + 4 + size])
        at = listed.find(head, at + 1)
    return found


def counted(family: str, table: str, chain: str) -> tuple[str, int]:
    """Which of all chains since boot a chain is, and how many rules it has and how many lead to it.

    The first is "" without such a chain, and where the kernel is too old to tell.  What somebody is about
    to change may be counted.  Raises NetlinkError.
    """
    try:
        with NetfilterChannel() as kernel:
            outer = _table(kernel, family, table)
            (answer,) = kernel.read(
                _GET_CHAIN, _chain_of(family, table, chain), f"find chain {family} {table} {chain}"
            )
            inner = message.attributes(answer, 4)
            netns = kernel.netns_cookie
    except NetlinkError as e:
        if e.errno in _NOTHING:
            return "", 0
        raise
    if not netns or _TABLE_HANDLE not in outer:
        return "", 0
    table_handle, chain_handle, count = (
        int.from_bytes(one, "big") for one in (outer[_TABLE_HANDLE], inner[_CHAIN_HANDLE], inner[_CHAIN_USE])
    )
    return f"{netns} {table_handle} {chain_handle}", count


def size(family: str, table: str) -> int:
    """How many chains, sets and the like a table has, asked of the kernel itself.

    0 for an empty table and without one.  Raises NetlinkError.
    """
    try:
        with NetfilterChannel() as kernel:
            return int.from_bytes(_table(kernel, family, table)[_TABLE_USE], "big")
    except NetlinkError as e:
        if e.errno in _NOTHING:
            return 0
        raise


def _table(kernel: NetfilterChannel, family: str, table: str) -> Attributes:
    body = _in(family) + message.text(_TABLE_NAME, table)
    (answer,) = kernel.read(_GET_TABLE, body, f"find table {family} {table}")
    return message.attributes(answer, 4)


def has_rule(family: str, table: str, chain: str, claim: Callable[[Attributes], bool]) -> bool:
    """Whether a chain has a rule that is as claimed, told its attributes (NFTA_RULE_*).

    What stands behind it is not read, so that it costs nothing in a long chain if it stands in front.
    Raises NetlinkError.
    """

    def is_it(answer: bytes) -> bool:
        rule = message.attributes(answer, 4)
        return is_of(rule, table, chain) and claim(rule)

    try:
        with NetfilterChannel() as kernel:
            what = f"find a rule of {family} {table} {chain}"
            return kernel.has(GET_RULE, rules_of(family, table, chain), what, is_it)
    except NetlinkError as e:
        if e.errno in _NOTHING:
            return False
        raise


def has_chain(family: str, table: str, chain: str) -> bool:
    """Whether there is such a chain, asked of the kernel itself.  Raises NetlinkError."""
    try:
        with NetfilterChannel() as kernel:
            kernel.read(_GET_CHAIN, _chain_of(family, table, chain), f"find chain {family} {table} {chain}")
    except NetlinkError as e:
        if e.errno in _NOTHING:
            return False
        raise
    return True


def remove(family: str, table: str, chain: str, mine: CommentTest) -> int:
    """Remove the rules whose comment is `mine` and return how many; none is a success.

    Raises Missing, NftError and NetlinkError.
    """
    failure: NftError | None = None
    for _ in range(ATTEMPTS):
        found = [one for one in rules(family, table, chain) if mine(one.comment)]
        if not found:
            return 0
        try:
            apply("".join(f"delete rule {family} {table} {chain} handle {one.number}\n" for one in found))
        except NftError as e:
            if not e.not_found:
                raise
            failure = e
        else:
            return len(found)
    assert failure is not None
    raise failure


def remove_together(family: str, table: str, handles: Mapping[str, Iterable[bytes]], chain: str) -> None:
    """Remove rules by their handles in each chain, and a chain with all of its rules unless it is "".

    All or nothing, in one transaction of the kernel's and without running a program.  Raises NetlinkError.
    """
    removals = [
        (_DELETE_RULE, message.ACK, rules_of(family, table, name) + message.attribute(RULE_HANDLE, handle))
        for name, several in handles.items()
        for handle in several
    ]
    if chain:
        removals.append((_DELETE_RULE, message.ACK, rules_of(family, table, chain)))
        removals.append((_DELETE_CHAIN, message.ACK, _chain_of(family, table, chain)))
    change_together(removals, f"remove rules of {family} {table} {' '.join([*handles, chain]).rstrip()}")


def new_chain(family: str, table: str, chain: str) -> Request:
    """The change that makes a chain without a hook; it fails when there is one of that name."""
    return _NEW_CHAIN, message.ACK | message.CREATE | message.EXCL, _chain_of(family, table, chain)


def new_rule(family: str, table: str, chain: str, body: bytes, *, behind: bool) -> Request:
    """The change that makes a rule of some attributes, `behind` the others of its chain or before them."""
    flags = message.ACK | message.CREATE | (message.APPEND if behind else 0)
    return _NEW_RULE, flags, rules_of(family, table, chain) + body


def change_together(requests: Iterable[Request], what: str) -> None:
    """Make changes in one transaction of the kernel's; `what` tells in the error which.

    Raises NetlinkError.
    """
    with NetfilterChannel() as kernel:
        kernel.change_together([(_BATCH_BEGIN, 0, _BATCH), *requests, (_BATCH_END, 0, _BATCH)], what)


def listing(*what: str) -> list[Object]:
    """The objects that `nft list` gives: `listing("chain", "inet", "filter", "input")`, `listing("ruleset")`.

    It is asked in JSON, for its language has no way to write names such as those with an @.
    None when there is no such thing.  Raises Missing and NftError.
    """
    kind, *names = what
    keys = ("family", "table", "name") if kind == "chain" else ("family", "name")
    wanted = {"list": {kind: dict(zip(keys, names, strict=False)) or None}}
    question = json_text.dumps({"nftables": [wanted]})
    completed = run(locate("nft", MISSING), ("-j", "-f", "-"), question)
    if completed.status != 0:
        failure = NftError(completed.stderr.decode(errors="replace"), completed.reason)
        if failure.not_found:
            return []
        raise failure
    text = completed.stdout.decode(errors="surrogateescape")
    entries = json_text.loads(text)["nftables"] if text.strip() else []
    return [entry for entry in entries if "metainfo" not in entry]


def usable() -> bool:
    """Whether nftables can be used here, found out as the Go plugins do."""
    table = "add table ip supports_nftables_test"
    try:
        path = locate("nft", MISSING)
        require_version(path)
        return any(
            run(path, ("--check", "-f", "-"), probe).status == 0
            for probe in (f'{table} {{ comment "test" ; }}\n', f"{table}\n")
        )
    except CnictlError:
        return False


def require_version(path: str) -> None:
    """Raise NetfilterError when nft is older than 1.0.1, the first whose listings can be relied on."""
    found = run(path, ("--version",)).stdout.decode(errors="replace")
    if found.startswith(("nftables v0.", "nftables v1.0.0 ")):
        raise NetfilterError(
            f"nft version must be v1.0.1 or later (got {found.strip()})",
            hint="use the iptables backend, or update nft",
        )


def without_comments(commands: str) -> str:
    """The same commands with no comments on tables and chains, which need nft 1.0.1 and Linux 5.10."""
    lines = commands.splitlines(keepends=True)
    for position, line in enumerate(lines):
        if line.startswith(("add table ", "add chain ")) and " { comment " in line:
            lines[position] = line.partition(" { comment ")[0] + "\n"
    return "".join(lines)


def _rules(family: str, table: str, chain: str) -> list[bytes]:
    """The rules of a chain, and of other chains where the kernel does not filter, as attributes."""
    body = rules_of(family, table, chain)
    try:
        with NetfilterChannel() as kernel:
            return kernel.read(GET_RULE, body, f"list rules of {family} {table} {chain}", dump=True)
    except NetlinkError as e:
        if e.errno in _NOTHING:
            return []
        raise


def rules_of(family: str, table: str, chain: str) -> bytes:
    """The question for the rules of a chain."""
    return _in(family) + message.text(_RULE_TABLE, table) + message.text(_RULE_CHAIN, chain)


def is_of(rule: Attributes, table: str, chain: str) -> bool:
    """Whether a rule is of a chain: a kernel that does not filter gives every rule of the family."""
    return [message.string(rule.get(one, b"")) for one in (_RULE_TABLE, _RULE_CHAIN)] == [table, chain]


def _chain_of(family: str, table: str, chain: str) -> bytes:
    """The question for a chain."""
    return _in(family) + message.text(_CHAIN_TABLE, table) + message.text(_CHAIN_NAME, chain)


def _in(family: str) -> bytes:
    """The head of a question (struct nfgenmsg)."""
    return bytes((_FAMILIES[family], 0, 0, 0))


def _comment(userdata: bytes) -> str:
    """The comment in what nft keeps with a rule: records of one byte type, one byte length, and a value."""
    offset = 0
    while offset + 2 <= len(userdata):
        kind, size = userdata[offset], userdata[offset + 1]
        if kind == _USERDATA_COMMENT:
            return message.string(userdata[offset + 2 : offset + 2 + size])
        offset += 2 + size
    return ""
