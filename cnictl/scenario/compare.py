"""Two sets of plugins, the same work: where their answers, errors and what they leave behind part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from cnictl.cni_path import directories
from cnictl.sandbox.files import bring
from cnictl.sandbox.node import Node
from cnictl.scenario.judge import left, parted, unseen
from cnictl.scenario.run import TIMEOUT, told
from cnictl.scenario.update import without_random
from cnictl.state.difference import Difference, difference
from cnictl.state.load import load

if TYPE_CHECKING:
    from cnictl.scenario.model import Scenario
    from cnictl.spec.document import Json
    from cnictl.state.snapshot import Unseen

    Answer = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Parting:
    """Something that is not the same with both: in which step, in words, with the difference of states.

    Of an error that one set (`A` or `B`) made of what the other may have added, `plugin` and `message`
    are known as well.
    """

    step: str
    text: str
    difference: Difference | None = None
    at: str = ""
    plugin: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Life:
    """What came of ADD by one set, CHECK by the sets named in `checked`, and DEL twice by `deleted`."""

    answers: tuple[Answer, ...]

    def of(self, step: str) -> list[Answer]:
        """Return the answers to a step, in their order."""
        return [one for one in self.answers if one["step"] == step]

    @property
    def added(self) -> Sequence[Answer]:
        """Return what each ADD was answered."""
        answers: Sequence[Answer] = self.of("add")[0]["answers"]
        return answers

    @property
    def states(self) -> list[str]:
        """Before ADD, after it, and after DEL, as far as it came."""
        return [one["state"] for one in self.of("state")]

    @property
    def broken(self) -> str:
        """Why the steps ended early, "" when they did not."""
        last = self.answers[-1]
        return str(last.get("lacking") or last.get("failed") or "")


@dataclass(frozen=True, slots=True)
class Compared:
    """A scenario done with both sets; without `partings` they are interchangeable for it.

    `skipped` says why it was not run, and `refusal` in which words both refused to ADD, which is all
    that was compared then.  `unseen` could not be read with one set at least.  `seconds` are, for each
    plugin and verb, those of the one and of the other, in the order of the calls.
    """

    scenario: Scenario
    partings: tuple[Parting, ...] = ()
    skipped: str = ""
    refusal: str = ""
    unseen: tuple[Unseen, ...] = ()
    seconds: Mapping[tuple[str, str], tuple[Sequence[float], Sequence[float]]] = field(default_factory=dict)


def compare(
    scenario: Scenario, one: str, other: str, *, apart: bool = False, timeout: float = TIMEOUT
) -> Compared:
    """Do a scenario's work with the plugins of two CNI_PATHs, each on a throwaway node of its own.

    Each set checks and deletes what the other added, unless they are kept `apart`.  What a scenario
    expects is not looked at.  Raises SandboxError when there can be no node.
    """
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(_live, scenario, one, one if apart else other, timeout)
        second = pool.submit(_live, scenario, other, other if apart else one, timeout)
        lives = first.result(), second.result()
    for life in lives:
        if life.broken:
            return Compared(scenario, skipped=life.broken)
    return Compared(
        scenario,
        tuple(_partings(scenario, *lives)),
        refusal=_refusal(*lives),
        unseen=unseen([answer for life in lives for answer in life.answers]),
        seconds=_seconds(lives, apart=apart),
    )


def _live(scenario: Scenario, adder: str, deleter: str, timeout: float) -> Life:
    steps: list[list[Any]] = [
        ["prepare", [asdict(one) for one in scenario.setup], list(scenario.needs)],
        ["state"],
        ["add", adder],
        ["state"],
        ["check", adder],
        *([["check", deleter]] if adder != deleter else []),
        ["del", deleter],
        ["del", deleter],
        ["state"],
    ]
    with Node() as node:
        bring(node, directories(f"{adder}:{deleter}"))
        return Life(tuple(told(node, scenario, steps, timeout)))


def _partings(scenario: Scenario, one: Life, other: Life) -> Iterator[Parting]:
    for first, second in zip(one.added, other.added, strict=True):
        yield from _answers("add", first, second, scenario)
    if any("error" in answer for answer in (*one.added, *other.added)):
        return  # all else would only say it again
    found = difference(load(one.states[1]), load(other.states[1]), bind_random=True, given=scenario.given)
    if found:
        yield Parting("state", "the states after ADD part (- with A, + with B)", found)
    for words, life in (("A added", one), ("B added", other)):
        names = ("A", "B") if life is one else ("B", "A")
        checks = life.of("check")
        for name, answer in zip(names, checks, strict=False):
            yield from _errors("check", name, words, answer)
        deleter = names[len(checks) - 1]
        for step, answer in zip(("del", "del again"), life.of("del"), strict=True):
            yield from _errors(step, deleter, words, answer)
        for line in left(scenario, life.states[0], life.states[-1]):
            yield Parting("left", f"{deleter} left of what {words}: {line}", at=deleter, message=line)


def _refusal(one: Life, other: Life) -> str:
    """Return the words in which both refused the same attachment, "" if there is none."""
    for pair in zip(one.added, other.added, strict=True):
        words = {_worded(answer["error"]) if "error" in answer else "" for answer in pair}
        if len(words) == 1 and (word := words.pop()):
            return word
    return ""


def _answers(step: str, first: Answer, second: Answer, scenario: Scenario) -> Iterator[Parting]:
    where = first["attachment"]
    errors = [one.get("error") for one in (first, second)]
    if any(errors):
        words = [_worded(one) if one else "it succeeded" for one in errors]
        if words[0] != words[1]:
            yield Parting(step, f"{where}: A says {words[0]}; B says {words[1]}")
        return
    results: list[Json] = [without_random(one.get("result"), scenario.given) for one in (first, second)]
    for place, one, other in parted(results[0], results[1], whole=True):
        yield Parting(step, f"{where}: {place or 'the Result'} is {one} with A, {other} with B")
    statuses = [[run["status"] for run in answer["runs"]] for answer in (first, second)]
    if statuses[0] != statuses[1]:
        yield Parting(step, f"{where}: exit status {statuses[0]} with A, {statuses[1]} with B")


def _errors(step: str, name: str, words: str, answer: Answer) -> Iterator[Parting]:
    for one in answer["answers"]:
        if "error" in one:
            plugin, message = one["error"]["plugin"], one["error"]["msg"]
            told = f"{plugin}: {message}" if plugin else message
            text = f"{name}, of what {words}: {told}"
            yield Parting(step, text, at=name, plugin=plugin, message=message)


def _worded(error: Answer) -> str:
    plugin = f"{error['plugin']}: " if error["plugin"] else ""
    return f"{plugin}code {error['code']}: {error['msg']}"


def _seconds(
    lives: tuple[Life, Life], *, apart: bool
) -> dict[tuple[str, str], tuple[list[float], list[float]]]:
    """Return how long the plugins of each set took, by plugin and verb."""
    found: dict[tuple[str, str], tuple[list[float], list[float]]] = {}
    for number, life in enumerate(lives):
        seen: dict[str, int] = {}
        for answer in life.answers:
            step = answer["step"]
            crossed = not apart and (step == "del" or (step == "check" and seen.get(step, 0) == 1))
            seen[step] = seen.get(step, 0) + 1
            if step == "del" and seen[step] > 1:
                continue  # the second finds nothing to do
            side = 1 - number if crossed else number
            for one in answer.get("answers", ()):
                for run in one.get("runs", ()):
                    if run["verb"] == step.upper():
                        found.setdefault((run["plugin"], run["verb"]), ([], []))[side].append(run["seconds"])
    return found
