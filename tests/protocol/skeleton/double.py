"""A plugin that does as it is told: DOUBLE in its environment is JSON that says what.

`{"versions": [...], "error": [code, msg] | "text" | errno, "absent": ["status"]}`; every call of a
handler is written to stderr as `called: NAME` and the request that it got.
"""

from __future__ import annotations

import json
import os
import sys

from cnictl.declare.model import Expectation
from cnictl.plugin import skel
from cnictl.plugin.request import Request
from cnictl.spec import versions
from cnictl.spec.errors import CnictlError, CniError
from cnictl.spec.result import Result

TOLD = json.loads(os.environ.get("DOUBLE", "{}"))


def called(name: str, request: Request) -> None:
    """Say what was asked, then fail if told so."""
    words = [request.container_id, request.netns, request.ifname, request.args, request.path]
    print(f"called: {name} {json.dumps([*words, request.stdin.decode()])}", file=sys.stderr)
    error = TOLD.get("error")
    if isinstance(error, int):
        raise OSError(error, "Capital Letters", "/some/file")
    if isinstance(error, list):
        raise CniError(*error)
    if isinstance(error, str):
        raise CnictlError(error)


def add(request: Request) -> Result:
    request.undo.push(print, "undone", file=sys.stderr)
    called("add", request)
    return Result(TOLD.get("answer", request.cni_version))


def declare(request: Request) -> list[Expectation]:
    called("declare", request)
    return []


PLUGIN = skel.Plugin(
    "double",
    add=add,
    delete=lambda request: called("delete", request),
    declare=declare,
    gc=lambda request, valid: called(f"gc {sorted(valid)}", request),
    status=None if "status" in TOLD.get("absent", ()) else lambda request: called("status", request),
    versions=tuple(TOLD.get("versions", versions.SUPPORTED)),
)

sys.exit(skel.main(PLUGIN))
