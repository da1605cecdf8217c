"""Every class is looked for, or has its reason."""

from __future__ import annotations

import pytest

from cnictl.doctor.coverage import REASONS, checks_of, noticed
from cnictl.doctor.failure import catalogue
from cnictl.doctor.judge import all_checks
from tests.kernel.doctor.laboratory import FAULTS
from tests.unit.doctor.test_checks import CASES
from tests.unit.doctor.test_planted import TREES


@pytest.mark.parametrize("code", catalogue())
def test_a_class_is_looked_for_or_has_a_reason(code: str):
    """And not both."""
    assert bool(checks_of(code)) != (code in REASONS)
    assert noticed(code).endswith(".")


def test_what_is_looked_for_is_tried():
    """On a throwaway node, in a tree of files, or in a bundle."""
    tried = {one.code for one in FAULTS} | {code for _, code, *_ in TREES} | {code for code, *_ in CASES}
    along = {code for one in FAULTS for code in one.along}
    assert {code for one in all_checks() for code in one.codes} <= tried | along
