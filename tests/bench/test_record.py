"""What a recorded call takes more than one that is not, side by side in one run."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from statistics import median

import pytest

from cnictl.record import log, places, program

pytestmark = pytest.mark.bench

ROUNDS = 200
AIM = 0.002
"""Seconds."""


def test_a_recorded_call_takes_little_more(tmp_path: Path) -> None:
    """Less than 2 ms more than an empty plugin alone."""
    source = tmp_path / "empty.c"
    source.write_text("int main(void) { return 0; }")
    paths = {name: tmp_path / name / "empty" for name in ("plain", "recorded")}
    for path in paths.values():
        path.parent.mkdir()
        subprocess.run(["cc", "-O2", "-static", "-o", path, source], check=True)
    log.prepare(str(tmp_path / "log"), ROUNDS)
    places.start(str(tmp_path / "recorded"), ["empty"], str(tmp_path / "log"), program.build())
    seconds: dict[str, list[float]] = {name: [] for name in paths}
    for _ in range(ROUNDS):
        for name, path in paths.items():
            began = time.perf_counter()
            subprocess.run(
                [path],
                input=b'{"cniVersion": "1.0.0"}',
                env={"CNI_COMMAND": "ADD"},
                check=True,
                capture_output=True,
            )
            seconds[name].append(time.perf_counter() - began)
    plain, recorded = (median(seconds[name]) for name in ("plain", "recorded"))
    more = recorded - plain
    print(f"\nempty plugin {plain * 1000:.2f} ms, recorded {recorded * 1000:.2f} ms:"
          f" {more * 1000:.2f} ms more, {recorded / plain:.2f} times")  # fmt: skip
    assert len(log.calls(str(tmp_path / "log"))) == ROUNDS
    assert more < AIM
