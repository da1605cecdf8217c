"""Modules of ours run on a node, told in JSON what to do and answering in JSON."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

from cnictl.sandbox.node import ROOT, SandboxError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnictl.sandbox.node import Node

PATIENCE = 600.0
"""Seconds for the whole of it."""
_TAIL = 2000  # characters


def run_main(
    node: Node, module: str, told: Mapping[str, object], *, called: str, cwd: str = ""
) -> dict[str, Any]:
    """Run main() of a module on a node, where it reads `told` from stdin, and return what it prints.

    `called` is how the user knows it.  Raises SandboxError when it breaks off, or is not done in time.
    """
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); sys.path += sys.argv[2:];"
        f" from {module} import main; main()"
    )
    done = node.run(
        [sys.executable, "-c", script, ROOT, *filter(None, sys.path)],
        stdin=json.dumps(told),
        env=dict(os.environ),
        cwd=cwd,
        timeout=PATIENCE,
    )
    if done.status:
        raise SandboxError(f"{called} broke off: {done.stderr.strip()[-_TAIL:]}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
