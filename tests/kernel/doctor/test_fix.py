"""`cnictl doctor --fix` on a node with faults, and `--undo` afterwards."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pexpect
import pytest

from cnictl.doctor.failure import catalogue
from tests.kernel.doctor.laboratory import BIN, FAULTS, RESERVED, STORE
from tests.kernel.doctor.test_laboratory import CLEAN, environment, shell, well

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.sandbox.node import Completed, Node

__all__ = ["well"]

INTERRUPT = ["sh", "-c", "kill -INT $(pgrep -f 'cnictl docto[r].*--fix')"]
QUESTION = r"do it\? \[y/N\]: "
JOURNAL = "/run/journal.jsonl"
SPOIL = f"""
sysctl -qw net.ipv4.ip_forward=0
iptables -P FORWARD DROP
chmod 0644 {BIN}/bridge
: > /var/lib/cni/results/web-gone-eth0
{RESERVED}
: > {STORE}/10.9.0.6; touch -d '1 hour ago' {STORE}/10.9.0.6; chmod 600 {STORE}/10.9.0.*
"""
CODES = ["fwd-off", "fwd-drop", "bin-not-executable", "cache-empty", "hl-leak", "hl-empty-files"]
LOOK = f"""
sysctl net.ipv4.ip_forward; iptables -S FORWARD; stat -c %a {BIN}/bridge
ls --full-time {STORE}/10.9.0.4 {STORE}/10.9.0.6 /var/lib/cni/results/web-gone-eth0 2>/dev/null | cut -c1-80
cat {STORE}/10.9.0.4 2>/dev/null | od -c
true"""
REPAIR = f"""
sysctl -qw net.ipv4.ip_forward=1
iptables -P FORWARD ACCEPT; iptables -F FORWARD
chmod 0755 {BIN}/*
rm -f /var/lib/cni/results/web-gone-eth0 {STORE}/10.9.0.4 {STORE}/10.9.0.6 {JOURNAL} /run/journal-*
"""


@pytest.fixture
def spoilt(well: Node):
    """The node with six faults that have safe fixes."""
    shell(well, REPAIR)
    shell(well, SPOIL)
    yield well
    shell(well, REPAIR)
    shell(well, CLEAN)


def doctor(node: Node, *words: str) -> Completed:
    argv = ["/run/cnictl", "doctor", "--whole-node", "--log", "/dev/null", "-o", "json", *words]
    return node.run(argv, env=environment(), timeout=60)


@contextmanager
def asking(node: Node) -> Iterator[Any]:
    """Give a terminal of 80 columns at which `cnictl doctor --fix` asks."""
    words = [f"--target={node.pid}", "--mount", "--pid", "--root", "--net", "--", "/run/cnictl", "doctor"]
    words += ["--whole-node", "--log", "/dev/null", "--fix", "--journal", JOURNAL]
    terminal = pexpect.spawn(
        "nsenter",
        words,
        env={**environment(), "TERM": "dumb"},
        timeout=30,
        encoding="utf-8",
        dimensions=(24, 80),
    )
    yield terminal
    terminal.close()


def looked(node: Node) -> str:
    return node.run(["sh", "-c", LOOK]).stdout


def test_what_is_safe_is_done_and_taken_back(spoilt: Node):
    """Shown, done, healed, nothing to do the second time; put back to the last byte, and once only."""
    before = looked(spoilt)
    shown = doctor(spoilt, "--fix", "--journal", JOURNAL)
    assert shown.status == 1
    assert json.loads(shown.stdout)["journal"] == ""
    assert {one["healed"] for one in json.loads(shown.stdout)["fixes"]} == {None}
    assert looked(spoilt) == before

    done = doctor(spoilt, "--fix", "--yes", "--journal", JOURNAL)
    answer = json.loads(done.stdout)
    assert sorted(one["code"] for one in answer["fixes"]) == sorted(CODES)
    assert {(one["code"], one["healed"]) for one in answer["fixes"]} == {(code, True) for code in CODES}
    steps = [step | {"result": ""} for one in answer["fixes"] for step in one["steps"]]
    assert all(step in steps for one in json.loads(shown.stdout)["fixes"] for step in one["steps"])
    assert (answer["left"], done.status) == ([], 0)
    assert looked(spoilt) != before

    again = doctor(spoilt, "--fix", "--yes", "--journal", "/run/second.jsonl")
    assert (json.loads(again.stdout)["fixes"], again.status) == ([], 0)
    assert spoilt.run(["ls", "/run/second.jsonl"]).status

    undone = doctor(spoilt, "--undo", JOURNAL, "--yes")
    assert {one["result"] for one in json.loads(undone.stdout)} <= {"put back", "not needed"}
    assert (looked(spoilt), undone.status) == (before, 0)
    undone = doctor(spoilt, "--undo", JOURNAL, "--yes")
    assert {one["result"] for one in json.loads(undone.stdout)} == {"not needed"}


def test_what_was_changed_since_is_not_taken_back(spoilt: Node):
    """And said, also by the status."""
    doctor(spoilt, "--fix", "--yes", "--journal", JOURNAL)
    shell(spoilt, f"chmod 0700 {BIN}/bridge; printf 'new\\r\\neth0' > {STORE}/10.9.0.4")
    undone = doctor(spoilt, "--undo", JOURNAL, "--yes")
    results = {one["command"].split()[0]: one["result"] for one in json.loads(undone.stdout)}
    assert results["chmod"] == "changed meanwhile"
    assert results["sysctl"] == "put back"
    assert undone.status == 1
    assert spoilt.run(["cat", f"{STORE}/10.9.0.4"]).stdout.startswith("new")
    assert spoilt.run(["stat", "-c", "%a", f"{BIN}/bridge"]).stdout == "700\n"


def test_at_a_terminal_each_is_asked_for(spoilt: Node):
    """Shown with what changes; what is not agreed to is left."""
    asked: dict[str, str] = {}
    with asking(spoilt) as terminal:
        while terminal.expect([QUESTION, pexpect.EOF]) == 0:
            said = str(terminal.before)
            (code,) = [one for one in CODES if f"{one} {catalogue()[one].title}" in said]
            asked[code] = said
            terminal.sendline("y" if code == "fwd-off" else "n")
    assert terminal.exitstatus == 1
    # The broken file of the cache, which is left, hides whose the addresses are.
    assert set(asked) == {"fwd-off", "fwd-drop", "bin-not-executable", "cache-empty"}
    assert "net.ipv4.ip_forward: 0 becomes 1" in asked["fwd-off"]
    assert "$ sysctl -w net.ipv4.ip_forward=1" in asked["fwd-off"]
    assert f"cnictl doctor --undo {JOURNAL}" in str(terminal.before)
    assert "= 1" in looked(spoilt)
    assert "-P FORWARD DROP" in looked(spoilt)
    assert "\n644\n" in looked(spoilt)


def test_stopped_at_a_question_the_journal_is_named(spoilt: Node):
    """As soon as there is one."""
    with asking(spoilt) as terminal:
        terminal.expect(QUESTION)
        terminal.sendline("y")
        terminal.expect(QUESTION)
        spoilt.run(INTERRUPT).checked()
        terminal.expect(pexpect.EOF)
        assert f"`cnictl doctor --undo {JOURNAL}` takes back what was done" in str(terminal.before)
    assert doctor(spoilt, "--undo", JOURNAL, "--yes").status == 0


def test_what_does_not_heal_is_said(well: Node):
    """A sysctl that the node does not let anybody write, say: the fix fails, and so does the command."""
    shell(well, "sysctl -qw net.ipv4.ip_forward=0; mount --bind -o ro /proc/sys/net /proc/sys/net")
    try:
        done = doctor(well, "--fix", "--yes", "--journal", "/run/failed.jsonl")
    finally:
        shell(well, "umount /proc/sys/net; sysctl -qw net.ipv4.ip_forward=1")
    (fix,) = json.loads(done.stdout)["fixes"]
    assert (fix["code"], fix["healed"], done.status) == ("fwd-off", False, 1)
    assert fix["steps"][0]["result"] == "failed"
    assert "read-only" in fix["steps"][0]["reason"]


def test_nothing_is_done_that_cannot_be_written_down(spoilt: Node):
    """As where the journal is there already."""
    before = looked(spoilt)
    shell(spoilt, f"echo mine > {JOURNAL}")
    done = doctor(spoilt, "--fix", "--yes", "--journal", JOURNAL)
    assert done.status == 3
    assert f"cannot write {JOURNAL}" in done.stderr
    assert looked(spoilt) == before


def test_stopped_half_way_it_can_be_taken_back(spoilt: Node):
    """Interrupted while it waits for the lock of the reservations: what was done before is in the journal."""
    before = looked(spoilt)
    shell(spoilt, f"flock -ox {STORE}/lock sleep 60 >/dev/null 2>&1 & echo $! > /run/holder; sleep 0.2")
    argv = ["/run/cnictl", "doctor", "--whole-node", "--log", "/dev/null", "-o", "json", "--fix", "--yes"]
    with spoilt.start([*argv, "--journal", JOURNAL], env=environment()) as process:
        wait = f"until grep -q reclaim {JOURNAL} 2>/dev/null; do sleep 0.05; done"
        spoilt.run(["sh", "-c", wait], timeout=30).checked()
        spoilt.run(INTERRUPT).checked()
        _, said = process.communicate(timeout=30)
    shell(spoilt, "kill $(cat /run/holder)")
    assert process.returncode == 130
    assert f"cnictl doctor --undo {JOURNAL}" in said.decode()
    undone = doctor(spoilt, "--undo", JOURNAL, "--yes")
    results = [one["result"] for one in json.loads(undone.stdout)]
    assert "not needed" in results
    assert "put back" in results
    assert (looked(spoilt), undone.status) == (before, 0)


def test_a_fix_that_is_safe_is_tried():
    """By the fault of its class in the laboratory, or here."""
    tried = {one.code for one in FAULTS} | set(CODES)
    unmade = {"ct-full", "neigh-full", "netns-limit", "inotify", "ipt-neither"}
    assert {code for code, one in catalogue().items() if one.safe} <= tried | unmade
