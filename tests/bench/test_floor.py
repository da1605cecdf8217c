"""What the kernel takes of an ADD and a DEL of bridge, by a program that makes the system calls alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnictl import compiler
from cnictl.bench.judgement import judge
from cnictl.bench.measure import measure
from cnictl.bench.model import Side
from tests.bench.conftest import ROUNDS, Aims
from tests.bench.test_against_go import WORKER, scenario

pytestmark = pytest.mark.bench

SOURCE = Path(__file__).with_name("floor.c")
IPAM = {"type": "host-local", "subnet": "10.90.0.0/16", "routes": [{"dst": "0.0.0.0/0"}]}


def test_the_floor(tmp_path: Path, launchers: str, go_plugins: str, aims: Aims) -> None:
    """No plugin can be faster; how much slower ours and Go's are is printed."""
    bare = tmp_path / "bare"
    bare.mkdir()
    program = bare / "bridge"
    program.write_bytes(compiler.compiled("the floor", [str(SOURCE)]))
    program.chmod(0o755)
    gateway = ("ip link add cni0 type bridge", "ip link set cni0 up", "ip address add 10.90.0.1/16 dev cni0")
    work = scenario("bridge", {"type": "bridge", "isGateway": True, "ipam": IPAM}, setup=gateway)
    for name, path, worker in (("worker", launchers, WORKER), ("Go", go_plugins, ())):
        timings = measure(
            work, Side(path), Side(str(bare)), rounds=ROUNDS, verbs=("ADD", "DEL"), worker=worker
        )
        for one in timings:
            if not one.plugin:
                found = judge(one)
                took, alone = (f"{each.median * 1000:.1f} ms" for each in (found.one, found.other))
                print(f"\nbridge {one.verb}, {name}: {took}, system calls alone {alone}: {found.ratio:.2f}")
                if worker:
                    aims.hold(f"bridge, {one.verb}, worker, of the system calls alone", found.ratio, 2.5)
