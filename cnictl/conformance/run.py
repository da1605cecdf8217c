"""The suite run on a throwaway node."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from typing import TYPE_CHECKING

from cnictl.conformance.model import Finding
from cnictl.conformance.suite import POINTS
from cnictl.sandbox.files import bring
from cnictl.sandbox.modules import run_main
from cnictl.sandbox.node import Node
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from cnictl.conformance.model import Profile


def conformance(
    path: str,
    profile: Profile,
    directories: Sequence[str],
    *,
    names: Collection[str] = (),
    version: str = "",
    jobs: int = 1,
) -> list[Finding]:
    """Try a plugin and return what was found, in the order of the suite.

    `jobs` points are tried at a time, each on a node of its own.  `directories` are where it and we
    find the plugins that it needs.  Raises CnictlError when its set-up cannot be made, SandboxError
    when there can be no node.
    """
    chosen = [one.name for one in POINTS if not names or one.name in names]
    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(lambda name: _tried(path, profile, directories, name, version), chosen))


def _tried(path: str, profile: Profile, directories: Sequence[str], name: str, version: str) -> Finding:
    """Try one point on a node of its own, so that none finds what another has left."""
    told = {
        "path": path,
        "profile": asdict(profile),
        "directories": list(directories),
        "point": name,
        "version": version,
    }
    with Node() as node:
        bring(node, directories)
        answer = run_main(node, "cnictl.conformance.suite", told, called="the suite")
    if "refused" in answer:
        raise CnictlError(answer["refused"])
    return Finding(**answer["finding"])
