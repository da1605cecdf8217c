"""iptables tables of one address family, changed by the kernel itself or by one iptables-restore.

What a container usually needs added or removed the kernel does (`addition`, `removal`).  For all else a table
is read by one iptables-save and changed by one iptables-restore.

A call of iptables-restore is a transaction in both variants: the nft one commits it as one batch,
the legacy one replaces the table under its lock.  What is still a race is to read first and write
then; `Tables.converge` is the loop for that, and a chain made by `Transaction.new_chain` makes a
transaction fail when somebody else was faster.
"""

from __future__ import annotations

import os

from cnictl.netfilter import nft, translated
from cnictl.netfilter.lock import WAIT, Lock, xtables_busy
from cnictl.netfilter.program import Failed, NetfilterError, locate, run
from cnictl.netfilter.rule import Rule, parse, quote
from cnictl.spec.errors import CnictlError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from typing import Literal

    from cnictl.invoke import Completed

    Version = Literal[4, 6]
    RuleTest = Callable[[Rule], bool]
    Addition = tuple[str | Rule, bool]
    """A chain, or a rule and whether it is added behind the others of its chain."""
    Step = tuple[Literal["chain", "append", "insert", "first"], str | Rule, bool]

PROGRAMS: dict[Version, str] = {4: "iptables", 6: "ip6tables"}
VERSIONS: dict[str, Version] = {program: version for version, program in PROGRAMS.items()}
FAMILIES: dict[Version, str] = {4: "ip", 6: "ip6"}
ATTEMPTS = 20
"""How often a transaction is worked out again because somebody else changed the table meanwhile."""
_RESOURCE_PROBLEM = 4  # exit status, iptables' xtables.h
_NFT_PROGRAM = "xtables-nft-multi"
"""To which all names of the nft variant lead."""
USER_CHAIN = "-"  # what stands for the policy of a chain that is not built in


class Listing:
    """One table: its chains with their policies, and its rules as lines of iptables-save."""

    __slots__ = ("lines", "policies")

    def __init__(self) -> None:
        self.policies: dict[str, str] = {}
        self.lines: dict[str, list[str]] = {}

    def has_chain(self, chain: str) -> bool:
        return chain in self.policies

    def user_chains(self) -> list[str]:
        """The chains that are not built in."""
        return [chain for chain, policy in self.policies.items() if policy == USER_CHAIN]

    def rules(self, chain: str) -> list[Rule]:
        """The rules of a chain in order; none when there is no such chain."""
        return [parse(line) for line in self.lines.get(chain, ())]

    def has(self, rule: Rule) -> bool:
        """Whether the rule's chain has it, in whatever spelling."""
        return any(True for _ in self.like(rule))

    def like(self, rule: Rule) -> Iterator[str]:
        """The lines of the rule's chain that are that rule, as iptables-save wrote them."""
        telling = [one for one in (rule.value("-s"), rule.value("-d"), rule.target) if one]
        for line in self.lines.get(rule.chain, ()):
            # Reading every line of a large table takes time.
            if all(one in line for one in telling) and parse(line) == rule:
                yield line

    def going_to(self, chain: str) -> Iterator[str]:
        """The lines of all rules that jump or go to a chain, as iptables-save wrote them."""
        for lines in self.lines.values():
            for line in lines:
                if chain in line and parse(line).target == chain:
                    yield line


class Transaction:
    """Changes to one table, made all together or not at all by `commit`."""

    def __init__(self, tables: Tables, table: str) -> None:
        self._tables = tables
        self.table = table
        self.lines: list[str] = []
        self._additions: list[Addition] = []

    def new_chain(self, chain: str) -> None:
        """Make a chain; the transaction fails when there is one of that name."""
        self._additions.append((chain, True))
        self.lines.append(f"-N {quote(chain)}")

    def flush(self, chain: str) -> None:
        """Remove all rules of a chain."""
        self.lines.append(f"-F {quote(chain)}")

    def delete_chain(self, chain: str) -> None:
        """Remove an empty chain that no rule goes to."""
        self.lines.append(f"-X {quote(chain)}")

    def check(self, rule: Rule) -> None:
        """Have the transaction fail when the rule is not there."""
        self.lines.append(rule.command("-C"))

    def append(self, rule: Rule) -> None:
        """Add a rule behind those of its chain."""
        self._additions.append((rule, True))
        self.lines.append(rule.command("-A"))

    def insert(self, rule: Rule) -> None:
        """Add a rule before those of its chain."""
        self._additions.append((rule, False))
        self.lines.append(rule.command("-I"))

    def delete(self, rule: Rule | str) -> None:
        """Remove a rule once; given as a line of iptables-save it is named in iptables' own words."""
        self.lines.append(rule.command("-D") if isinstance(rule, Rule) else "-D" + rule.removeprefix("-A"))

    def commit(self) -> None:
        """Make the changes; without any, nothing is run.  Raises NetfilterError."""
        if self.lines:
            self._tables.restore("\n".join((f"*{self.table}", *self.lines, "COMMIT", "")))

    def attempt(self) -> bool:
        """Make the changes if they can be made as they are; whether they were.

        Additions alone are made by the kernel itself where `iptables` is the nft variant.  Raises
        NetfilterError for what no other changes would help.
        """
        from cnictl.netfilter import addition  # which knows this module

        additions = self._additions
        by_kernel = additions and len(additions) == len(self.lines) and self._tables.are_of_nft
        if by_kernel and addition.add(self._tables.version, self.table, additions):
            return True
        try:
            self.commit()
        except Failed:
            return False
        return True


class Wanted:
    """Chains and rules that should be in one table, in the order in which they are to be made.

    What is `shared` is made by whoever comes first and is usually there; the rest belongs to one
    container and usually is not.  A container's rules outside of its own chain must go to its
    chain: that there is no chain then tells that there is no such rule.
    """

    def __init__(self, table: str) -> None:
        self.table = table
        self.steps: list[Step] = []

    def chain(self, chain: str, *, shared: bool = False) -> None:
        """There is such a chain."""
        self.steps.append(("chain", chain, shared))

    def append(self, rule: Rule, *, shared: bool = False) -> None:
        """There is such a rule; behind the others when it has to be made."""
        self._add("append", rule, shared)

    def insert(self, rule: Rule, *, shared: bool = False) -> None:
        """There is such a rule; before the others when it has to be made."""
        self._add("insert", rule, shared)

    def first(self, rule: Rule) -> None:
        """If there is such a rule, it stays before those that have to be inserted."""
        self.steps.append(("first", rule, True))

    def _add(self, kind: Literal["append", "insert"], rule: Rule, shared: bool) -> None:
        if not any(rule == what for _, what, _ in self.steps):
            self.steps.append((kind, rule, shared))

    def guess(self, transaction: Transaction, there: RuleTest) -> bool:
        """Fill a transaction that succeeds if all that is shared is there, and nothing else.

        What `there` knows to be there is not looked for again, as that has iptables read the whole
        chain.  False when no chain of the container's own can tell that nothing else is there.
        """
        guarded = False
        for kind, what, shared in self.steps:
            if kind == "first":
                continue
            if isinstance(what, Rule):
                if shared:
                    if not there(what):
                        transaction.check(what)
                else:
                    (transaction.append if kind == "append" else transaction.insert)(what)
            elif not shared:
                transaction.new_chain(what)
                guarded = True
        return guarded

    def complete(self, listing: Listing, transaction: Transaction) -> None:
        """Fill a transaction with what a listing lacks."""
        inserted: set[str] = set()
        for kind, what, _ in self.steps:
            if not isinstance(what, Rule):
                if not listing.has_chain(what):
                    transaction.new_chain(what)
            elif kind == "first":
                for line in listing.like(what) if what.chain in inserted else ():
                    transaction.delete(line)
                    transaction.insert(what)
            elif not listing.has(what):
                if kind == "append":
                    transaction.append(what)
                else:
                    transaction.insert(what)
                    inserted.add(what.chain)


class Tables:
    """The tables of one address family, in the variant that the host's iptables in PATH is.

    `wait` bounds the wait for locks, in seconds.  Raises Missing when there is no iptables.
    """

    def __init__(self, version: Version = 4, wait: float = WAIT) -> None:
        self.version = version
        self.program = PROGRAMS[version]
        self._path = locate(self.program)
        self._wait = wait

    @property
    def are_of_nft(self) -> bool:
        """Whether `iptables` surely is the nft variant; of a script that chooses one nobody can say."""
        return os.path.basename(os.path.realpath(self._path)) == _NFT_PROGRAM

    def restore(self, text: str) -> None:
        """Run iptables-restore, which adds to what is there.

        Raises `flock.LockBusy`, and Failed naming the line that could not be done.
        """
        path, arguments = self._sibling("restore"), ("--noflush", "--wait", f"{self._wait:.0f}")
        completed = run(path, arguments, text)
        if completed.status == 0:
            return
        if completed.status == _RESOURCE_PROBLEM and b"xtables lock" in completed.stderr:
            raise xtables_busy(self._wait)
        raise Failed(path, arguments, completed, _failed_line(completed, text))

    def save(self, table: str) -> Listing:
        """A table as it is; one without chains when the kernel has no such table yet.

        Raises NetfilterError, also for a table that the nft variant cannot show.
        """
        path, arguments = self._sibling("save"), ("-t", table)
        completed = run(path, arguments)
        if completed.status != 0:
            raise Failed(path, arguments, completed)
        text = completed.stdout.decode(errors="surrogateescape")
        for line in text.splitlines():
            if line.startswith("#") and "is incompatible" in line:
                raise NetfilterError(
                    f"{self.program}: {line.lstrip('# ')}",
                    hint=f"it was made with nft, as {self.program} cannot show it: see nft list ruleset",
                )
        return read(text).get(table, Listing())

    def begin(self, table: str) -> Transaction:
        """A transaction without changes yet."""
        return Transaction(self, table)

    def ensure(self, wanted: Wanted, absent: Callable[[], bool] | None = None) -> Transaction:
        """Make what is wanted and not there, once, however many do so at the same time.

        Returns the transaction that did it.  The usual case costs no process; what is there already
        or is missing costs three.  Where the container has no chain of its own, `absent` may tell
        that it has no rules yet.  Raises NetfilterError.
        """
        transaction = self.begin(wanted.table)
        if (
            wanted.guess(transaction, lambda rule: self._surely_has(wanted.table, rule))
            and transaction.attempt()
        ):
            return transaction
        with Lock(wait=self._wait):
            if absent is not None and absent() and transaction.attempt():
                return transaction
            return self.converge(wanted.table, wanted.complete)

    def remove_chain(
        self, table: str, chain: str, rules: Iterable[Rule] = (), only: RuleTest | None = None
    ) -> None:
        """Remove a chain and all rules that go to it; nothing there is a success.

        `rules` are those that probably do: with the right guess it costs no process.  With `only`,
        rules that do not pass it stay, and then the chain does too.  Raises NetfilterError.
        """
        rules = list(rules)
        if rules and self.remove(table, rules, chain):
            return
        self.converge(table, lambda listing, changes: drop_chain(listing, changes, chain, only))

    def remove(self, table: str, rules: Sequence[Rule], chain: str = "") -> bool:
        """Remove rules, each once, and a chain with all of its rules, all or nothing; whether it was done.

        The kernel does it, or where it does not have the rules in our words, iptables-restore.  Raises
        NetfilterError for what no other changes would help.
        """
        from cnictl.netfilter import removal  # which knows this module

        if removal.remove(self.version, table, rules, chain):
            return True
        transaction = self.begin(table)
        for rule in rules:
            transaction.delete(rule)
        if chain:
            transaction.flush(chain)
            transaction.delete_chain(chain)
        return transaction.attempt()

    def remove_rules(self, table: str, rules: Iterable[Rule]) -> None:
        """Remove rules, each as often as it is there; nothing there is a success.  Raises NetfilterError."""
        rules = list(rules)
        self.converge(table, lambda listing, changes: drop_rules(listing, changes, rules))

    def converge(self, table: str, decide: Callable[[Listing, Transaction], None]) -> Transaction:
        """Read a table, have `decide` fill a transaction, commit and return it.

        When that fails and a second look leads to another decision, somebody else was faster, and
        the new one is tried; when it leads to the same, the failure is raised.
        """
        failure: Failed | None = None
        failed: list[str] = []
        for _ in range(ATTEMPTS):
            transaction = self.begin(table)
            decide(self.save(table), transaction)
            if failure is not None and transaction.lines == failed and not failure.transient:
                raise failure
            try:
                transaction.commit()
            except Failed as e:
                failure, failed = e, transaction.lines
            else:
                return transaction
        assert failure is not None
        failure.add_note(f"table {table} kept changing; given up after {ATTEMPTS} attempts")
        raise failure

    def _surely_has(self, table: str, rule: Rule) -> bool:
        """Whether the kernel says that there is a rule; of legacy tables nobody can say."""
        try:
            return not may_be_legacy(table, self.version) and translated.has(
                FAMILIES[self.version], table, self.version, rule
            )
        except CnictlError:
            return False

    def _sibling(self, suffix: str) -> str:
        """The path of iptables-restore or iptables-save: of the same variant as `iptables`, so beside it."""
        path = f"{self._path}-{suffix}"
        return path if os.access(path, os.X_OK) else locate(f"{self.program}-{suffix}")


def drop_chain(listing: Listing, transaction: Transaction, chain: str, only: RuleTest | None = None) -> None:
    """Add to a transaction what removes a chain and the rules that go to it, or `only` some of them."""
    if not listing.has_chain(chain):
        return
    jumps = list(listing.going_to(chain))
    dropped = [line for line in jumps if only is None or only(parse(line))]
    for line in dropped:
        transaction.delete(line)
    if len(dropped) == len(jumps):
        transaction.flush(chain)
        transaction.delete_chain(chain)


def drop_rules(listing: Listing, transaction: Transaction, rules: Iterable[Rule]) -> None:
    """Add to a transaction what removes rules, each as often as it is there."""
    for rule in rules:
        for line in listing.like(rule):
            transaction.delete(line)


def read(text: str) -> dict[str, Listing]:
    """The tables in what iptables-save(8) printed, counters left out."""
    tables: dict[str, Listing] = {}
    listing = Listing()
    for line in text.splitlines():
        if line.startswith("*"):
            listing = tables.setdefault(line[1:].strip(), Listing())
        elif line.startswith(":"):
            chain, policy, *_ = line[1:].split()
            listing.policies[chain] = policy
        elif line.startswith(("-A", "[")):
            rule = line[line.index("-A ") :]
            listing.lines.setdefault(rule.split(None, 2)[1], []).append(rule)
    return tables


def may_have(chain: str, table: str, version: Version = 4) -> bool:
    """Whether the kernel may have a chain, of either variant; asked without running a program.

    Where it has legacy tables they are not searched, so that the answer is a perhaps.
    """
    return nft.has_chain(FAMILIES[version], table, chain) or may_be_legacy(table, version)


def may_be_legacy(table: str, version: Version = 4) -> bool:
    """Whether the legacy variant has a table, in which there may be anything."""
    try:
        with open(f"/proc/thread-self/net/{FAMILIES[version]}_tables_names", "rb") as file:
            return table.encode() in file.read().split()
    except FileNotFoundError:  # a kernel without legacy tables
        return False
    except OSError:
        return True


def usable(version: Version = 4) -> bool:
    """Whether iptables can be used here, found out as the Go plugins do."""
    try:
        path = locate(PROGRAMS[version])
        if b" v" not in run(path, ("--version",)).stdout:
            return False
        return run(path, ("-t", "filter", "-S", "INPUT", "1", "--wait", f"{WAIT:.0f}")).status in (0, 1)
    except CnictlError:
        return False


def _failed_line(completed: Completed, text: str) -> str:
    """Which line of the input it was; the legacy variant gives nothing but its number."""
    words = completed.stderr.decode(errors="replace").replace(":", " ").split()
    lines = text.splitlines()
    for position, word in enumerate(words):
        if word.isdigit() and words[position - 1] == "line" and 0 < int(word) <= len(lines):
            return f" (line {word} is {lines[int(word) - 1]!r})"
    return ""
