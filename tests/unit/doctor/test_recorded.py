"""Bundles that were recorded of injected faults, judged again without a node and without root."""

from __future__ import annotations

import gzip

import pytest

from cnictl.doctor.archive import unarchive
from cnictl.doctor.failure import catalogue
from cnictl.doctor.judge import judge
from tests.kernel.doctor.laboratory import FAULTS, token
from tests.kernel.doctor.recorded import DIRECTORY, Result, digest, read

RECORDED = read()


def test_what_was_recorded_is_of_the_faults_that_there_are():
    """Else: see tests/kernel/doctor/recorded.py for how it is made anew."""
    assert [(one.code, one.name, one.digest) for one in RECORDED] == [
        (one.code, one.name, digest(one)) for one in FAULTS
    ]
    assert {one.name for one in DIRECTORY.glob("*.tar.gz")} == {one.file.name for one in RECORDED}


def test_at_least_eighty_classes_are_brought_about():
    """For real, on a node."""
    assert len({one.code for one in RECORDED}) >= 80
    assert {one.code for one in RECORDED} <= catalogue().keys()


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: f"{one.code} {one.name}".strip())
def test_a_recorded_fault_is_named_as_on_the_node(one: Result):
    """First, with the same beside and below it."""
    report = judge(unarchive(one.file.read_bytes()))
    causes = [found.failure.code for found in report.findings]
    assert causes == one.causes
    assert set(one.consequences) == {found.failure.code for found in report.every()} - set(causes)


@pytest.mark.parametrize("one", RECORDED, ids=lambda one: f"{one.code} {one.name}".strip())
def test_nothing_secret_nor_of_the_machine_is_in_a_bundle(one: Result):
    """The tokens that faults plant least of all, nor paths by which the node was reached."""
    text = gzip.decompress(one.file.read_bytes()).decode()
    secret = token(1000).split(".")
    assert secret[1] not in text
    assert "eyJ" not in text
    assert "/root/run/" not in text.replace("/root/run/cnictl", "")
