"""How calls grow with what is on the node already."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from operator import truediv
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import pytest

from cnictl.bench.judgement import judge
from cnictl.bench.measure import measure
from cnictl.bench.model import Present, Side, Timing
from cnictl.bench.usual import chain
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache
from tests.bench.conftest import FULL, ROUNDS
from tests.bench.test_against_go import WORKER, network, scenario

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.bench.model import Kind
    from cnictl.sandbox.node import Node
    from cnictl.scenario.model import Scenario
    from tests.bench.conftest import Aims

pytestmark = pytest.mark.bench

CNICTL = str(Path(sys.executable).with_name("cnictl"))
COMMIT = """\
#!/bin/sh
cat >/dev/null
rule='-s 192.0.2.1/32 -m comment --comment {plugin} -j ACCEPT'
case $CNI_COMMAND in
ADD) verb=-A; echo '{{"cniVersion": "1.0.0"}}' ;;
DEL) verb=-D ;;
*) exit 0 ;;
esac
printf '*{table}\\n%s {chain} %s\\nCOMMIT\\n' "$verb" "$rule" | iptables-restore --noflush
"""
"""In the place of a plugin: what the kernel takes to commit one rule, and iptables to ask for it."""
PORT = """\
#!/bin/sh
cat >/dev/null
case $CNI_COMMAND in
ADD)
    printf 'link add one type veth peer name other\\nlink set one master cni0 up\\n' | ip -batch -
    echo '{"cniVersion": "1.0.0"}'
    ;;
DEL) ip link del one ;;
esac
"""
RULES = 2000 if FULL else 500
PORTS = 1000 if FULL else 200
ATTACHMENTS = 5000
MOST_GROWTH = 1.5
"""What host-local may take beside 60,000 reservations, in times of what it takes beside ten."""
TRIES = 3
"""So often is that measured at most: a call that a worker answers takes a millisecond, and a machine that
falls asleep between two of them takes as long to wake up."""


def programs(directory: Path, texts: dict[str, str]) -> str:
    directory.mkdir()
    for name, text in texts.items():
        (directory / name).write_text(text)
        (directory / name).chmod(0o755)
    return str(directory)


@dataclass(frozen=True, slots=True)
class Grown:
    """What a row takes beside much that is there, in times of what it takes beside little: A and B."""

    row: Timing
    one: float
    other: float


def grown(
    work: Scenario,
    sides: tuple[str, str],
    kind: Kind,
    counts: tuple[int, int],
    *,
    verbs: tuple[str, ...] = ("ADD",),
    worker: Sequence[str] = WORKER,
) -> list[Grown]:
    """Measure beside few and beside many, and print how every row has grown."""
    few, many = (
        measure(
            work, *map(Side, sides), rounds=ROUNDS, verbs=verbs, present=Present(kind, count), worker=worker
        )
        for count in counts
    )
    found = []
    for before, after in zip(few, many, strict=True):
        then, now = judge(before), judge(after)
        one = Grown(after, now.one.median / then.one.median, now.other.median / then.other.median)
        times = ", ".join(
            f"{spread.median * 1000:.1f}" for spread in (then.one, now.one, then.other, now.other)
        )
        what = f"{after.plugin or after.name} {after.verb} beside {counts[0]} and {counts[1]} {kind}"
        print(f"{what}: {one.one:.2f}, the others' {one.other:.2f} ({times} ms)")
        found.append(one)
    return found


def test_rules(launchers: str, tmp_path: Path, aims: Aims) -> None:
    """An ADD that adds rules grows as the commit of one rule does, which the kernel and iptables need."""
    tables = {
        "bridge": ("nat", "POSTROUTING"),
        "portmap": ("nat", "POSTROUTING"),
        "firewall": ("filter", "FORWARD"),
    }
    commits = programs(
        tmp_path / "commits",
        {
            plugin: COMMIT.format(plugin=plugin, table=table, chain=chain)
            for plugin, (table, chain) in tables.items()
        },
    )
    for one in grown(chain(*tables), (launchers, commits), "rules", (10, RULES)):
        if one.row.plugin:
            what = f"{one.row.plugin}, ADD beside rules of {RULES} pods, of the commit"
            aims.hold(what, one.one / one.other, 1.25)


def test_rules_of_check(launchers: str, go_plugins: str, aims: Aims) -> None:
    """CHECK has nothing print the rules of all pods; the Go plugins have iptables read them for each rule."""
    work = chain("bridge", "portmap", "firewall")
    first, *_ = grown(work, (launchers, go_plugins), "rules", (10, RULES), verbs=("CHECK",))
    aims.hold(f"CHECK beside rules of {RULES} pods, of Go's", judge(first.row).ratio, 0.25)


def test_ports(launchers: str, tmp_path: Path, aims: Aims) -> None:
    """One more port of a large bridge takes what the kernel takes for it, and little more."""
    bridge = {"type": "bridge", "isGateway": True, "ipam": {"type": "host-local", "subnet": "10.90.0.0/16"}}
    ports = programs(tmp_path / "ports", {"bridge": PORT})
    work = scenario("bridge", bridge)
    first, *_ = grown(work, (launchers, ports), "ports", (10, PORTS))
    aims.hold(f"bridge, ADD beside {PORTS} ports, of the kernel", first.one / first.other, 1.5)


def test_reservations(plugins_dir: str, go_plugins: str, aims: Aims) -> None:
    """host-local takes no longer beside 60,000 reservations than beside ten; the Go plugin reads them all."""
    reservations("host-local", (plugins_dir, go_plugins), (), aims)


def test_reservations_with_a_worker(launchers: str, aims: Aims) -> None:
    """No more does it in a process that is there already, where little else takes time."""
    reservations("host-local, worker", (launchers, launchers), WORKER, aims)


def reservations(what: str, sides: tuple[str, str], worker: Sequence[str], aims: Aims) -> None:
    """Measure host-local beside ten reservations and beside 60,000."""
    grown: dict[str, float] = {}
    for _ in range(TRIES):
        grown = growth_beside_reservations(what, sides, worker)
        if max(grown.values()) <= MOST_GROWTH:
            break
    for verb, grew in grown.items():
        aims.hold(f"{what}, {verb} beside 60000 reservations, of beside 10", grew, MOST_GROWTH)


def growth_beside_reservations(what: str, sides: tuple[str, str], worker: Sequence[str]) -> dict[str, float]:
    """Give what ADD and DEL take beside 60,000 reservations, in times of what they take beside ten.

    Either in times of what VERSION takes in the same round, so that a machine that has become busier
    meanwhile makes no difference.
    """
    ipam = {"type": "host-local", "subnet": "10.90.0.0/16"}
    work = scenario("host-local", {"type": "host-local", "ipam": ipam})
    verbs = ("VERSION", "ADD", "DEL")
    costs = {}
    for count in (10, 60_000):
        present = Present("reservations", count)
        timings = measure(work, *map(Side, sides), rounds=ROUNDS, verbs=verbs, present=present, worker=worker)
        version, *rows = (one for one in timings if not one.plugin)
        for one in rows:
            ours, other = (
                median(map(truediv, *pair)) for pair in ((one.one, version.one), (one.other, version.other))
            )
            times = ", ".join(
                f"{spread.median * 1000:.1f} ms" for spread in (judge(one).one, judge(one).other)
            )
            print(f"{what} {one.verb} beside {present}, of VERSION: {ours:.2f}, B {other:.2f} ({times})")
            costs[one.verb, count] = ours
    return {verb: costs[verb, 60_000] / costs[verb, 10] for verb in ("ADD", "DEL")}


def test_attachments(node: Node, tmp_path: Path, aims: Aims) -> None:
    """`gc --plan`, and GC, of a network with very many attachments, which all are in use."""
    text = network("net", {"type": "noop"}).replace("1.0.0", "1.1.0")
    conf = tmp_path / "net.conflist"
    conf.write_text(text)
    plugins = programs(tmp_path / "bin", {"noop": "#!/bin/sh\ncat >/dev/null\n"})
    took = {}
    for count in (10, ATTACHMENTS):
        cache = Cache(str(tmp_path / f"cache{count}"))
        cache.prepare()
        for number in range(count):
            cache.write("net", Attachment(f"pod{number}", "/run/netns/none"), text.encode(), None)
        valid = tmp_path / f"valid{count}"
        valid.write_text(json.dumps([f"pod{number}/eth0" for number in range(count)]))
        where = ["--valid-from", str(valid), "--cache-dir", cache.directory, "--cni-path", plugins]
        for option in ("--plan", "--yes"):
            used = processor_time()
            words = [CNICTL, "gc", str(conf), *where, option, "-o", "json"]
            done = node.run(words, env=dict(os.environ), timeout=100).checked()
            took[option, count] = processor_time() - used
            print(f"gc {option} of {count} attachments: {took[option, count]:.2f} s of a processor")
            found = json.loads(done.stdout)
            assert len(found["keep"]) == count
            assert not found["delete"]
    for option in ("--plan", "--yes"):
        each = (took[option, ATTACHMENTS] - took[option, 10]) / ATTACHMENTS * 1000
        aims.hold(f"gc {option}, ms of a processor for each of {ATTACHMENTS} attachments", each, 0.25)


def processor_time() -> float:
    """The seconds that what this process has started, and waited for, has used."""
    now = os.times()
    return now.children_user + now.children_system
