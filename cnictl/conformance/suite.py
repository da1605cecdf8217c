"""The suite: all points, and how one plugin fares with them.

As a program it is the part that runs on the throwaway node; stdin and stdout are JSON.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from cnictl.conformance import operations, protocol, stress
from cnictl.conformance.model import Failed, Finding, NotApplicable, Profile
from cnictl.conformance.subject import Subject
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from cnictl.conformance.model import Point

POINTS = (*protocol.POINTS, *operations.POINTS, *stress.POINTS)


def tried(subject: Subject, point: Point) -> Finding:
    """Return what was found of a point."""
    began = time.monotonic()
    try:
        remark = point.try_(subject)
    except NotApplicable as reason:
        return Finding(point.name, point.section, point.title, "n/a", str(reason))
    except (Failed, CnictlError, OSError) as error:
        seconds = time.monotonic() - began
        return Finding(point.name, point.section, point.title, "fail", str(error), seconds)
    return Finding(point.name, point.section, point.title, "pass", remark or "", time.monotonic() - began)


def main() -> None:
    """Try what stdin says on this node, and tell what was found."""
    told = json.load(sys.stdin)
    try:
        subject = Subject(told["path"], Profile(**told["profile"]), told["directories"], told["version"])
        found = tried(subject, next(one for one in POINTS if one.name == told["point"]))
    except CnictlError as error:
        json.dump({"refused": str(error)}, sys.stdout)
        return
    json.dump({"finding": asdict(found)}, sys.stdout)


if __name__ == "__main__":
    main()
