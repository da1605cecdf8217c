"""What nobody can go below: the kernel's part of a call, and the start of an interpreter."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnictl import compiler, launcher
from cnictl.bench.judgement import judge
from cnictl.bench.measure import measure
from cnictl.bench.model import VERBS, Side
from cnictl.bench.usual import PLUGINS, chain
from tests.bench.conftest import ROUNDS, Aims
from tests.bench.test_against_go import WORKER, scenario
from tests.bench.test_growth import programs

pytestmark = pytest.mark.bench

SOURCE = Path(__file__).with_name("floor.c")
IPAM = {"type": "host-local", "subnet": "10.90.0.0/16", "routes": [{"dst": "0.0.0.0/0"}]}


EMPTY = """\
#!{python} -IS
from posix import _exit, write
write(1, b'{{"cniVersion": "1.0.0", "supportedVersions": ["1.0.0"]}}')
_exit(0)
"""
"""Ends as ours do: without taking the interpreter apart."""


def test_interpreters_that_do_nothing(tmp_path: Path, go_plugins: str) -> None:
    """What is left to gain one-shot: five interpreters that print a line, in times of Go's five plugins."""
    names = [str(one["type"]) for one in PLUGINS]
    empty = programs(tmp_path / "empty", dict.fromkeys(names, EMPTY.format(python=launcher.interpreter())))
    for one in measure(chain(), Side(empty), Side(go_plugins), rounds=ROUNDS, verbs=VERBS):
        if not one.plugin:
            found = judge(one)
            print(f"\nfive interpreters that do nothing, {one.verb}, of Go's: {found.ratio:.2f}")
            assert found.one.median > 0


def test_the_kernel(tmp_path: Path, launchers: str, go_plugins: str, aims: Aims) -> None:
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
                    aims.hold(f"bridge, {one.verb}, worker, of the system calls alone", found.ratio, 6.0)
