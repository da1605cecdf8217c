"""The catalogue: whole, and without contradictions."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.core import TyperGroup

from cnictl.cli.app import load
from cnictl.doctor.failure import FAMILIES, Failure, catalogue, consequences, filled

OURS = sorted(
    {
        command
        for one in catalogue().values()
        for command in (*one.run, one.verify)
        if command.startswith("cnictl ")
    }
)


@pytest.mark.parametrize("one", catalogue().values(), ids=lambda one: one.code)
def test_a_class_says_all_that_it_should(one: Failure):
    """Sentences are sentences, titles are not, and nobody is left without something to do."""
    assert one.title[0].islower() or one.title.startswith(("IPv6", "SELinux", "AppArmor", *_PRODUCTS))
    assert not one.title.endswith(".")
    assert one.severity in {"error", "warning", "info"}
    for sentence in (one.cause, one.fix, one.avoid):
        assert sentence.endswith(".")
    assert one.avoid.startswith("Do not ")
    assert one.look
    assert one.run
    assert one.verify
    assert one.family in FAMILIES


_PRODUCTS = ("Calico", "Cilium", "Multus", "OVN", "flannel")


@pytest.mark.parametrize("one", catalogue().values(), ids=lambda one: one.code)
def test_nothing_comes_of_itself(one: Failure):
    """Whatever way one follows from consequence to cause, it ends."""
    seen: set[str] = set()
    waiting = list(one.after)
    while waiting:
        code = waiting.pop()
        assert code in catalogue()
        assert code != one.code
        if code not in seen:
            seen.add(code)
            waiting.extend(catalogue()[code].after)
    assert set(one.like) <= catalogue().keys() - {one.code}


def test_status_is_no_proof_of_what_it_does_not_ask():
    """Before cniVersion 1.1.0 `cnictl status` asks nobody and ends with 0, whatever is broken."""
    asking = {
        one.code
        for one in catalogue().values()
        if any(command.startswith("cnictl status") for command in (*one.run, one.verify))
    }
    assert asking == {"status-not-ready"}


def test_no_two_classes_have_the_same_words():
    """Which would make it a matter of luck which one is told."""
    texts = [text for one in catalogue().values() for text in one.texts]
    assert len(texts) == len(set(texts))


def test_consequences_are_causes_read_backwards():
    """A full disk empties caches and reservations."""
    assert {"cache-empty", "hl-empty-files"} <= {one.code for one in consequences("hl-store-unwritable")}


def test_what_is_not_known_stays_in_capitals():
    """As in a man page; what only looks like a place stays as it is."""
    text = "cnictl del {network} {netns} -o jsonpath='{.spec}'"
    assert filled("rm {file}", {"file": "/x; reboot"}) == "rm '/x; reboot'"
    assert filled(text, {"network": "web"}) == "cnictl del web NETNS -o jsonpath='{.spec}'"


@pytest.mark.parametrize("command", OURS)
def test_our_own_commands_are_rightly_used(command: str):
    """What is printed for somebody at 3 a.m. has the arguments that it takes."""
    name, *words = shlex.split(re.sub(r"\{\w+\}", "x", command))[1:]
    called = load(name)
    while isinstance(called, TyperGroup) and not words[0].startswith("-"):
        name, *words = words
        called = called.commands[name]
    called.make_context(name, words)
