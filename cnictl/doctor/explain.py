"""What the catalogue says about a class of failure, or about a pasted text, for `cnictl explain`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.doctor.failure import Failure, catalogue, consequences, filled
from cnictl.doctor.recognise import Recognised, message, recognise
from cnictl.doctor.tail import Tail, tail
from cnictl.explanation import Explainer, Explanation, Section, named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from cnictl.doctor.envelope import Letter

_SAID = ("pod", "namespace", "sandbox", "plugin", "network", "operation")
"""What an envelope carries, in the order in which it is told."""
MOST_SAID = 600
MOST_LINES = 3


def explanations() -> list[Explanation]:
    """Return that of every class."""
    return [_explanation(one, {}) for one in catalogue().values()]


def explain(asked: str) -> list[Explanation]:
    """Return what is known of a code, a name or a text, the likeliest class first."""
    known = named(asked, explanations())
    if known or not _is_message(asked):
        return known
    found = recognise(asked)
    if found:
        sure = [one for one in found if not one.because]
        return [_recognised(one, _meant_as_well(one, found)) for one in sure]
    last = tail(asked)
    return [_unknown(last, message(asked))] if last else []


EXPLAINER = Explainer(explanations, explain)


def _is_message(asked: str) -> bool:
    return " " in asked.strip() or "\n" in asked


def _meant_as_well(one: Recognised, found: Iterable[Recognised]) -> list[Failure]:
    return [other.failure for other in found if other.because == one.failure.code]


def _recognised(one: Recognised, others: list[Failure]) -> Explanation:
    said = "\n\n".join(_said(one.letter, len(one.lines)))
    return _explanation(one.failure, one.facts, Section("What was said", said), others)


def _said(letter: Letter, times: int) -> Iterator[str]:
    for part in letter.inside.splitlines()[:MOST_LINES]:
        yield part.strip()[:MOST_SAID]
    facts = [f"{name} {letter.facts[name]}" for name in _SAID if letter.facts.get(name)]
    if facts:
        yield f"of {', '.join(facts)}"
    if letter.through:
        yield f"by way of {', '.join(letter.through)}"
    if letter.configuration:
        yield f"with the configuration {letter.configuration[:MOST_SAID]}"
    if times > 1:
        yield f"{times} lines say so"


def _explanation(
    one: Failure, facts: Mapping[str, str], said: Section | None = None, others: Iterable[Failure] = ()
) -> Explanation:
    healing = "\n".join(f"    {filled(each, facts)}" for each in one.run)
    sections = [
        *([said] if said else ()),
        Section("How to prove it", one.look),
        Section("What heals it", f"{one.fix}\n\n{healing}"),
        Section("What harms", one.avoid),
        Section("How to see that it is over", f"    {filled(one.verify, facts)}"),
    ]
    if same := [other for other in others if other.code not in one.after]:
        sections.append(Section("What the same words are said of", _listed(same)))
    if one.after:
        sections.append(Section("What may be behind it", _listed(catalogue()[code] for code in one.after)))
    if led := consequences(one.code):
        sections.append(Section("What may come of it", _listed(led)))
    return Explanation(one.code, one.title, one.severity, one.cause, tuple(sections))


def _unknown(last: Tail, letter: Letter) -> Explanation:
    sections = [Section("What was said", "\n\n".join(_said(letter, 1)))]
    if last.codes:
        sections.append(Section("What it may be", _listed(catalogue()[code] for code in last.codes)))
    summary = (
        "The message is none that is known.  It ends with an error of the kernel, which mostly means here: "
        f"{last.meaning}."
    )
    return Explanation(last.name, last.words, "info", summary, tuple(sections))


def _listed(failures: Iterable[Failure]) -> str:
    return "\n".join(f"    {one.code}: {one.title}" for one in failures)
