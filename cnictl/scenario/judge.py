"""What came of a scenario, held against what it says must hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from cnictl.spec.conflist import parse_list
from cnictl.state.difference import Difference, difference
from cnictl.state.leftovers import leftovers
from cnictl.state.load import load
from cnictl.state.snapshot import ANY, Unseen

if TYPE_CHECKING:
    from cnictl.scenario.model import Attach, Disturbance, Reach, Scenario
    from cnictl.spec.document import Json

    Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that does not hold: at which step, in words, and the difference where states part."""

    step: str
    text: str
    difference: Difference | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a scenario.

    `skipped` says why it was not run; `observed` are the answers of the node, step by step.
    """

    scenario: Scenario
    seconds: float = 0
    failures: tuple[Failure, ...] = ()
    skipped: str = ""
    observed: tuple[Answer, ...] = field(default=(), repr=False)

    @property
    def holds(self) -> bool:
        """Whether it was run and all of it holds."""
        return not self.failures and not self.skipped

    @property
    def unseen(self) -> tuple[Unseen, ...]:
        """Return what could not be read of its states, so that nothing about it is known to hold."""
        return unseen(self.observed)


def unseen(answers: Sequence[Answer]) -> tuple[Unseen, ...]:
    """Return what could not be read of any of the states among answers, by the names of the places."""
    return tuple(dict.fromkeys(Unseen(*one) for answer in answers for one in answer.get("unseen", ())))


def fits(text: str, pattern: str) -> bool:
    """Whether a text fits a pattern, in which `*` is any text and nothing else is special."""
    return fnmatchcase(text, re.sub(r"([\[?])", r"[\1]", pattern))


def adds(scenario: Scenario, answers: Sequence[Answer]) -> Iterator[Failure]:
    """Yield where the answers to ADD are not as they must be."""
    for attach, answer in zip(scenario.attachments, answers, strict=True):
        error = answer.get("error")
        if attach.error:
            if error is None:
                yield Failure("add", f"{attach}: ADD succeeded, and must fail with {attach.error!r}")
            elif not fits(f"{error['msg']}; {error['details']}".removesuffix("; "), attach.error):
                yield Failure("add", f"{attach}: ADD failed with {error['message']!r}, not {attach.error!r}")
        elif error is not None:
            yield Failure("add", f"{attach}: {error['message']}")
        elif attach.result is not None:
            yield from _result(attach, answer)


def checks(scenario: Scenario, answers: Sequence[Answer], step: str = "check") -> Iterator[Failure]:
    """Yield the attachments that CHECK finds not to be as they must be."""
    for attach, answer in zip(scenario.attachments, answers, strict=True):
        if "error" in answer and scenario.check:
            yield Failure(step, f"{attach}: {answer['error']['message']}")
    if not scenario.check and not any("error" in one for one in answers):
        yield Failure(step, "CHECK found nothing, and should have")


def state(scenario: Scenario, added: Answer) -> Iterator[Failure]:
    """Yield the difference between what must be there after ADD and what is."""
    if scenario.state is not None:
        found = difference(
            scenario.state.placed(scenario.pods), load(added["state"]), bind_random=True, given=scenario.given
        )
        if found:
            yield Failure("state", "the state after ADD is not as expected (- expected, + found)", found)


def reached(reach: Reach, answer: Answer) -> Iterator[Failure]:
    """Yield whether somebody does not reach whom he must, or does whom he must not."""
    if "broken" in answer:
        yield Failure("reach", f"{reach}: {answer['broken']}")
    elif reach.fails and not answer["failure"]:
        yield Failure("reach", f"{reach}: it gets there, and must not")
    elif answer["failure"] and not reach.fails:
        yield Failure("reach", f"{reach}: {answer['failure']}")


def noticed(disturbance: Disturbance, checked: Sequence[Answer], drifts: Answer) -> Iterator[Failure]:
    """Yield who did not notice a disturbance, or said something else of it."""
    step = f"disturb: {disturbance.name}"
    said = [
        f"{one['error']['msg']}; {one['error']['details']}".removesuffix("; ")
        for one in checked
        if "error" in one
    ]
    if disturbance.check is None:
        yield from (Failure(step, f"CHECK says {one!r}, and should not notice") for one in said)
    elif not said:
        yield Failure(step, "CHECK did not notice")
    elif not any(fits(one, disturbance.check) for one in said):
        yield Failure(step, f"CHECK says {said[0]!r}, not {disturbance.check!r}")
    if disturbance.drift is None:
        return
    found = list(drifts["drift"])
    for pattern in disturbance.drift:
        fitting = next((one for one in found if fits(one, pattern)), None)
        if fitting is None:
            yield Failure(step, f"diff does not say {pattern!r}")
        else:
            found.remove(fitting)
    yield from (Failure(step, f"diff says {one!r}, which is not expected") for one in found)


def deletes(scenario: Scenario, answers: Sequence[Answer], step: str) -> Iterator[Failure]:
    """Yield the attachments that DEL failed for."""
    for attach, answer in zip(reversed(scenario.attachments), answers, strict=True):
        if "error" in answer:
            yield Failure(step, f"{attach}: {answer['error']['message']}")


def left(scenario: Scenario, before: str, deleted: str) -> list[str]:
    """Return the lines of what DEL left and may not; the states are snapshots as YAML."""
    network = parse_list(scenario.network.encode(errors="surrogateescape"))
    found = leftovers(network, load(before), load(deleted))
    return [line for line in found if not any(fits(line, one) for one in scenario.left)]


def _result(attach: Attach, answer: Answer) -> Iterator[Failure]:
    for place, wanted, found in parted(attach.result, answer.get("result")):
        yield Failure("add", f"{attach}: {place or 'the Result'} is {found}, not {wanted}")


def parted(
    wanted: Json, found: Json, place: str = "", *, whole: bool = False
) -> Iterator[tuple[str, str, str]]:
    """Yield where JSON parts from what is expected of it: the place, what was wanted, and what is there.

    What is not named is not compared, unless the `whole` of it counts.
    """
    if wanted == ANY and found is not None:
        return
    if isinstance(wanted, dict) and isinstance(found, dict):
        for name in {**wanted, **(found if whole else {})}:
            inner = f"{place}.{name}".removeprefix(".")
            yield from parted(wanted.get(name), found.get(name), inner, whole=whole)
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for index, (one, other) in enumerate(zip(wanted, found, strict=True)):
            yield from parted(one, other, f"{place}[{index}]", whole=whole)
    elif isinstance(wanted, str) and isinstance(found, str) and fits(found, wanted):
        return
    elif wanted != found or isinstance(wanted, bool) != isinstance(found, bool):
        yield place, _json(wanted), _json(found)


def _json(value: Json) -> str:
    from cnictl.spec.document import encode

    return "absent" if value is None else encode(value)
