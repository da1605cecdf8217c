"""All packet filters of a namespace: legacy iptables, iptables on nf_tables, and native nftables.

Each table is reported once: those that iptables' nft variant made are iptables tables, and not
those that `nft list ruleset` shows in other words.
"""

from __future__ import annotations

import json
import re
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from cnictl.netfilter import nft, nft_text, owner
from cnictl.netfilter.iptables import PROGRAMS, USER_CHAIN, Listing, read
from cnictl.netfilter.observed import Chain, Filters, ObservedRule
from cnictl.netfilter.program import Failed, Missing, NetfilterError, locate, run
from cnictl.netns import entered
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.netfilter.iptables import Version
    from cnictl.netfilter.nft_text import Object
    from cnictl.netfilter.observed import Source

TIMEOUT = 60.0
"""Seconds for reading legacy tables; python-iptables takes half a millisecond a rule."""

_IN_PROCESS = (
    "import json, sys; sys.path[:] = json.load(sys.stdin); "
    "from cnictl.netfilter.observe_legacy import main; main()"
)
_INCOMPATIBLE = re.compile(r"^# Table `(\w+)' is incompatible", re.MULTILINE)
"""What iptables-nft-save prints in place of a table that it cannot show, and then ends well."""
_FAMILIES: dict[Version, str] = {4: "ip", 6: "ip6"}
_COMPAT_TABLES = {"filter", "mangle", "nat", "raw", "security"}


def observe(netns: str | None = None) -> Filters:
    """Everything in the namespace at that path, or in the one this thread is in.

    What cannot be read is told in `unread` of the result.  Raises NetnsGone and NetnsError.
    """
    with ExitStack() as stack:
        if netns is not None:
            stack.enter_context(entered(netns))
        return _Reader().everything()


class _Reader:
    def __init__(self) -> None:
        self._unread: dict[str, str] = {}
        self._targets: dict[str, str] = {}

    def everything(self) -> Filters:
        objects = self._ruleset()
        chains: list[Chain] = []
        compat: set[tuple[str, str]] = set()
        for version, program in PROGRAMS.items():
            variant = _variant(program)
            legacy, nft_variant = _names(program, variant)
            tables = self._legacy(version, legacy)
            chains += self._iptables(legacy, "legacy", tables)
            tables = self._compat(version, variant, nft_variant, objects)
            compat |= {(_FAMILIES[version], table) for table in tables}
            chains += self._iptables(nft_variant, "compat", tables)
        chains += self._native(objects or (), compat)
        return Filters(owner.attributed(chains, self._targets), self._unread)

    def _ruleset(self) -> list[Object] | None:
        """What nft lists; None when it cannot be asked."""
        try:
            return nft.listing("ruleset")
        except CnictlError as e:
            self._unread["nft"] = str(e)
            return None

    def _legacy(self, version: Version, tool: str) -> dict[str, Listing]:
        """The tables of ip_tables.  Only those in use are read: asking for another would make it."""
        names = _legacy_tables(version)
        if not names:
            return {}
        try:
            return _through_libiptc(version, names)
        except NetfilterError as e:
            reason = str(e)
        try:
            return read(_saved(f"{PROGRAMS[version]}-legacy-save"))
        except CnictlError as e:
            self._unread[tool] = f"{reason}; {e}"
        return {}

    def _compat(
        self, version: Version, variant: str, tool: str, objects: list[Object] | None
    ) -> dict[str, Listing]:
        """The tables of nf_tables that iptables can show."""
        program = PROGRAMS[version]
        if objects is not None and not _may_be_compat(objects, _FAMILIES[version]):
            return {}
        missing = ""
        for name in (f"{program}-nft-save", *([f"{program}-save"] if variant == "nft" else [])):
            try:
                text = _saved(name)
            except Missing as e:
                missing = str(e)
            except CnictlError as e:
                self._unread[tool] = str(e)
                return {}
            else:
                refused = _INCOMPATIBLE.findall(text)
                if refused:
                    self._unread[tool] = f"{name}: table `{refused[0]}' is incompatible, use 'nft' tool"
                return read(text)
        if objects is None:  # then nobody can say that there is nothing
            self._unread[tool if variant else program] = missing
        return {}

    def _iptables(self, tool: str, source: Source, tables: dict[str, Listing]) -> Iterator[Chain]:
        for table, listing in tables.items():
            for name, policy in listing.policies.items():
                rules = []
                for rule in listing.rules(name):
                    self._targets[rule.text] = rule.target
                    rules.append(ObservedRule(rule.text, owner.of_comment(rule.comment, table)))
                built_in = "" if policy == USER_CHAIN else policy
                yield Chain(tool, table, name, source, tuple(rules), built_in)

    def _native(self, objects: Iterable[Object], compat: set[tuple[str, str]]) -> Iterator[Chain]:
        rules: dict[tuple[str, str, str], list[ObservedRule]] = {}
        chains: list[Object] = []
        for one in objects:
            if "chain" in one:
                chains.append(one["chain"])
            elif "rule" in one:
                rule = one["rule"]
                text = nft_text.rule(rule)
                self._targets[text] = _target(rule)
                told = owner.of_comment(rule.get("comment", ""), rule["table"])
                place = (rule["family"], rule["table"], rule["chain"])
                rules.setdefault(place, []).append(ObservedRule(text, told))
        for chain in chains:
            family, table, name = chain["family"], chain["table"], chain["name"]
            if (family, table) not in compat:
                yield Chain(
                    f"nft {family}",
                    table,
                    name,
                    "native",
                    tuple(rules.get((family, table, name), ())),
                    chain.get("policy", ""),
                    nft_text.hook(chain),
                )


def _variant(program: str) -> str:
    """What the host's iptables is: `nft`, `legacy`, or nothing when there is none."""
    try:
        said = run(locate(program), ("--version",)).stdout
    except CnictlError:
        return ""
    return "nft" if b"nf_tables" in said else "legacy"


def _names(program: str, variant: str) -> tuple[str, str]:
    """What to call the legacy and the nft variant where the host's own is called like the program."""
    return (
        program if variant == "legacy" else f"{program}-legacy",
        program if variant == "nft" else f"{program}-nft",
    )


def _legacy_tables(version: Version) -> list[str]:
    try:
        with open(f"/proc/thread-self/net/{_FAMILIES[version]}_tables_names", encoding="ascii") as file:
            return file.read().split()
    except OSError:  # a kernel without them, or not root
        return []


def _through_libiptc(version: Version, names: list[str]) -> dict[str, Listing]:
    """Legacy tables as python-iptables reads them.  Raises NetfilterError."""
    arguments = ("-c", _IN_PROCESS, *(f"{version}:{name}" for name in names))
    try:
        completed = run(sys.executable, arguments, json.dumps(sys.path), TIMEOUT)
        if completed.status != 0:
            last = completed.stderr.decode(errors="replace").strip().rpartition("\n")[2]
            raise NetfilterError(f"python-iptables: {last or completed.reason}")
        found = json.loads(completed.stdout)
    except (CnictlError, ValueError) as e:
        raise NetfilterError(str(e)) from None
    tables: dict[str, Listing] = {}
    for name in names:
        listing = tables[name] = Listing()
        for chain, (policy, lines) in found[f"{version}:{name}"].items():
            listing.policies[chain] = policy
            listing.lines[chain] = lines
    return tables


def _saved(name: str) -> str:
    """What a program of the iptables-save kind prints.  Raises CnictlError."""
    path = locate(name)
    completed = run(path, ())
    if completed.status != 0:
        raise Failed(path, (), completed)
    return completed.stdout.decode(errors="surrogateescape")


def _may_be_compat(objects: list[Object], family: str) -> bool:
    tables = (one["table"] for one in objects if "table" in one)
    return any(one["family"] == family and one["name"] in _COMPAT_TABLES for one in tables)


def _target(rule: Object) -> str:
    for statement in rule.get("expr", ()):
        for kind in ("jump", "goto"):
            if kind in statement:
                return str(statement[kind]["target"])
    return ""
