"""What is wrong with a node: all checks, their findings ordered by what comes of what."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cnictl.doctor import checks
from cnictl.doctor.collect import networks_of
from cnictl.doctor.failure import catalogue
from cnictl.doctor.finding import CHECKS, Check, Finding, Seen, Unchecked
from cnictl.doctor.recognise import recognise

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.doctor.bundle import Bundle

for _module in pkgutil.iter_modules(checks.__path__, f"{checks.__name__}."):
    importlib.import_module(_module.name)

WEIGHT = {"error": 0, "warning": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Whom it is about; "" for everybody.  `pod` is NAMESPACE/NAME."""

    pod: str = ""
    container: str = ""
    network: str = ""

    def keeps(self, one: Seen) -> bool:
        """Whether a finding is about that one, or about nobody in particular."""
        pod = "/".join(filter(None, (one.facts.get("namespace"), one.facts.get("pod"))))
        return all(
            not wanted or not had or had.startswith(wanted) or wanted.startswith(had)
            for wanted, had in (
                (self.pod, pod),
                (self.container, one.facts.get("container", "")),
                (self.network, one.facts.get("network", "")),
            )
        )

    def unknown(self, bundle: Bundle) -> Iterator[str]:
        """Yield which container, network and pod nothing in a bundle names: what is misspelt is not well.

        A runtime that was asked for its pods is told of elsewhere.
        """
        containers = {*bundle.running, *(one.id for one in bundle.sandboxes)}
        containers |= {one.container for one in bundle.cache}
        containers |= {one.container for one in bundle.reservations}
        if self.container and not any(one.startswith(self.container) for one in containers):
            yield f"container {self.container}"
        networks = {one.name for one in networks_of(bundle.configurations)}
        networks |= {one.network for one in bundle.cache}
        if self.network and self.network not in networks:
            yield f"network {self.network}"
        pods = {f"{one.namespace}/{one.pod}" for one in bundle.sandboxes}
        pods |= {f"{one.namespace}/{one.name}" for one in bundle.pods}
        name = self.pod.rpartition("/")[2]
        told = any(name in one.pod or name in one.text for one in bundle.messages)
        if self.pod and self.pod not in pods and not told and not bundle.cri.name:
            yield f"pod {self.pod}"


@dataclass(frozen=True, slots=True)
class Report:
    """Root causes, each with what comes of it, and what could not be looked for."""

    findings: tuple[Finding, ...]
    unchecked: tuple[Unchecked, ...]

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong of all that could be looked for."""
        return not self.findings

    def every(self) -> list[Finding]:
        """Return all findings, causes before their consequences."""
        found: list[Finding] = []
        waiting = list(self.findings)
        while waiting:
            one = waiting.pop(0)
            found.append(one)
            waiting[:0] = one.consequences
        return found


def all_checks() -> list[Check]:
    """Return every check there is."""
    return CHECKS


def judge(bundle: Bundle, narrowed: Narrowed | None = None) -> Report:
    """Return what all checks say of a bundle."""
    only = narrowed or Narrowed()
    seen: list[Seen] = []
    unchecked: dict[str, str] = {}
    judged: set[str] = set()
    heard = {code for one in all_checks() for code in one.partial}
    for one in all_checks():
        reason = next((bundle.unseen[need] for need in one.needs if need in bundle.unseen), "")
        if reason:
            unchecked |= dict.fromkeys(one.codes, reason)
        else:
            judged |= set(one.codes) - heard
            for found in one.run(bundle):
                if isinstance(found, Unchecked):
                    unchecked[found.code] = found.reason
                elif only.keeps(named := _of_pod(bundle, found)):
                    seen.append(named)
    if "messages" in bundle.unseen:
        told = (one.code for one in catalogue().values() if one.texts and one.code not in judged)
        unchecked = dict.fromkeys(told, bundle.unseen["messages"]) | unchecked
    seen += _said(bundle, judged | {one.code for one in seen}, only)
    known = {"node": bundle.node, "runtime": bundle.runtime.name or "containerd"}
    findings = _gathered(seen, known)
    return Report(
        tuple(_ordered(findings)), tuple(Unchecked(code, why) for code, why in sorted(unchecked.items()))
    )


def _of_pod(bundle: Bundle, one: Seen) -> Seen:
    """Return a finding about a container with the pod that it is of, as far as the runtime knows it."""
    container = one.facts.get("container") or one.facts.get("sandbox", "")
    known = bundle.sandbox(container)
    if known is None or not known.pod or "pod" in one.facts:
        return one
    pod = {"namespace": known.namespace, "pod": known.pod, "container": container}
    return replace(one, facts={**one.facts, **pod})


def _said(bundle: Bundle, judged: set[str], only: Narrowed) -> Iterable[Seen]:
    """Yield what messages tell of; not of classes that a look at the node has excluded or found."""
    for message in bundle.messages:
        for one in recognise(message.text):
            if one.because or one.failure.code in judged:
                continue
            facts = one.facts
            if message.pod:
                namespace, _, pod = message.pod.partition("/")
                facts = facts | {"namespace": namespace, "pod": pod}
            told = Seen(one.failure.code, message.pod or message.source, (message.text,), facts)
            found = _of_pod(bundle, told)
            if only.keeps(found):
                yield found


def _gathered(seen: Iterable[Seen], facts: dict[str, str]) -> list[Finding]:
    """Return one finding for a class and an object, with all that was seen of it."""
    found: dict[tuple[str, str], Finding] = {}
    for one in seen:
        failure = catalogue()[one.code]
        severity = one.severity or failure.severity
        known = found.get((one.code, one.where))
        if known is None:
            found[one.code, one.where] = Finding(
                failure, severity, one.where, list(one.lines), {**facts, **one.facts}
            )
            continue
        known.lines += [line for line in one.lines if line not in known.lines]
        known.severity = min(known.severity, severity, key=lambda each: WEIGHT[each])
    return list(found.values())


def _ordered(findings: list[Finding]) -> list[Finding]:
    """Return the findings that come of no other, the gravest first, each with those that come of it."""
    present = {one.failure.code for one in findings}
    roots: list[Finding] = []
    for one in findings:
        causes = [code for code in one.failure.after if code in present]
        first = next((other for other in findings if other.failure.code in causes), None)
        (first.consequences if first else roots).append(one)
    return sorted(roots, key=lambda one: WEIGHT[one.severity])
