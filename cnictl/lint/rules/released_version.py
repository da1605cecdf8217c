"""CNI203: there is no such version of the spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import Remark, rule
from cnictl.spec import versions
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration


SAME = "write "
"""How advice begins that names the same version, spelled as it must be."""


@rule("CNI203", "unreleased-version")
def released_version(conf: Configuration) -> Iterator[Remark]:
    """`cniVersion` is a version of the spec, in three numbers.

    ## Why it matters
    A plugin compares the version with those it supports letter by letter, and refuses any other.
    The releases of the plugins have numbers of their own, which are none of the spec.

    ## Instead of
        {"cniVersion": "0.8.5", "name": "web", "plugins": [{"type": "bridge"}]}

    ## Write
        {"cniVersion": "0.4.0", "name": "web", "plugins": [{"type": "bridge"}]}
    """
    if conf.members is None or conf.version in versions.SUPPORTED:
        return
    stated = Document(conf.members).get("cniVersion")
    where = ("cniVersion",) if stated == conf.version else ("cniVersions",)
    advice = _advice(conf.version)
    fix = f'"{advice.removeprefix(SAME)}"' if advice.startswith(SAME) and where == ("cniVersion",) else None
    yield Remark(where, f"{conf.version!r} is no version of the CNI spec", advice, fix=fix)


def _advice(version: str) -> str:
    """Return the version to write instead: the same with three numbers, else the newest that is not newer."""
    try:
        number = versions.parse(version)
    except CniError:
        return f"the newest is {versions.CURRENT}"
    older = [one for one in versions.SUPPORTED if versions.parse(one) <= number]
    if older and versions.parse(older[-1]) == number:
        return f"{SAME}{older[-1]}"
    return f"there are {', '.join(versions.SUPPORTED)}; releases of the plugins are numbered otherwise"
