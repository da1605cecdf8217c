"""CNI204: the version is long superseded, or none is stated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec import versions
from cnictl.spec.catalog import LIST_KEYS
from cnictl.spec.document import Document

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

FIRST_WITH_LISTS = LIST_KEYS["plugins"]


@rule("CNI204", "old-version", WARNING)
def old_version(conf: Configuration) -> Iterator[Remark]:
    """A configuration states a `cniVersion` from 0.3.0 on.

    ## Why it matters
    Without one, 0.1.0 is assumed.  Up to 0.2.0 there are no lists of plugins and no more than one
    address of each family, the Result does not say which interfaces there are, and plugins such as
    bandwidth and firewall refuse to work.

    ## Instead of
        {"name": "web", "plugins": [{"type": "bridge"}]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}]}
    """
    if conf.members is None or conf.version not in versions.SUPPORTED:
        return
    if versions.at_least(conf.version, FIRST_WITH_LISTS):
        return
    lists = f"; lists of plugins came with {FIRST_WITH_LISTS}" if conf.form == "list" else ""
    message = f"no cniVersion, so {versions.OLDEST} is assumed"
    if Document(conf.members).get("cniVersion"):
        message = f"cniVersion {conf.version} is long superseded"
    yield Remark(
        ("cniVersion",),
        message + lists,
        'write "cniVersion": "0.4.0", or 1.0.0 if all its plugins support that',
    )
