"""The page of the failures, from the catalogue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.doctor.coverage import checks_of, noticed
from cnictl.doctor.failure import FAMILIES, catalogue, consequences
from generator.pages import code, page, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

from cnictl.doctor.failure import Failure

INTRODUCTION = """\
What keeps pods in ContainerCreating or without a network: the classes of failure that `cnictl explain`
recognises in a message, and `cnictl doctor` looks for on a node.  Each with the words it is known by, its
cause, how to prove it without changing anything, what heals it, and what people try that harms.

In the words, `{name}` is what differs from case to case, and `…` stands for anything.  In the commands, what
is in braces is filled in where it is known; where they heal *safely*, `cnictl doctor --fix` does it.  A class
*can come of* another: heal that one first."""


def pages() -> dict[str, str]:
    """Return the page by its name."""
    parts = [part for family in FAMILIES for part in _family(family)]
    return {"failures.md": page("# Failures", INTRODUCTION, *parts)}


def _family(family: str) -> Iterator[str]:
    found = [one for one in catalogue().values() if one.family == family]
    yield f"## {FAMILIES[family]}"
    yield table(
        ("class", "", "what it is", "noticed"),
        ((_link(one), one.severity, one.title, _where(one)) for one in found),
    )
    for one in found:
        yield from _parts(one)


def _parts(one: Failure) -> Iterator[str]:
    yield f"### {one.code}"
    yield f"*{one.severity}: {one.title}*"
    if one.texts:
        yield code("\n".join(one.texts))
    yield one.cause
    yield f"*Proof*: {one.look}"
    yield f"*What heals*{', safely' if one.safe else ''}: {one.fix}"
    yield code("\n".join(one.run), "sh")
    yield f"*What harms*: {one.avoid}"
    yield f"*It is over* when this says so: `{one.verify}`"
    yield noticed(one.code)
    yield _related("It can come of", (catalogue()[each] for each in one.after))
    yield _related("It can lead to", consequences(one.code))
    yield _related("Its words can also be those of", (catalogue()[each] for each in one.like))


def _related(what: str, failures: Iterable[Failure]) -> str:
    links = ", ".join(map(_link, failures))
    return f"{what} {links}." if links else ""


def _where(one: Failure) -> str:
    if checks_of(one.code):
        return "on the node" + (" and in messages" if one.texts else "")
    return "in messages" if one.texts else "no"


def _link(one: Failure) -> str:
    return f"[{one.code}](#{one.code})"
