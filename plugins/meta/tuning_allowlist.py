"""tuning: the node's list of sysctls that configurations may set."""

from __future__ import annotations

from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

PATH = "/etc/cni/tuning/allowlist.conf"


def check(names: Iterable[str]) -> None:
    """Raise CniError 7 for a sysctl, as spelled in the configuration, that the node does not allow.

    Without the file everything is allowed; an empty file allows nothing.  There are no comments:
    every line that is not blank is a regular expression, searched anywhere in the name.
    """
    try:
        with open(PATH, encoding="utf-8", errors="replace") as file:
            expressions = [line.strip() for line in file if line.strip()]
    except FileNotFoundError:
        return
    import re  # takes longer than the rest of the plugin, and few nodes have the file

    try:
        compiled = [re.compile(one) for one in expressions]
    except re.error as error:
        raise CniError(
            INVALID_NETWORK_CONFIG, f"error parsing regexp: {error}: `{error.pattern!s}`", f"in {PATH}"
        ) from None
    for name in names:
        if not any(one.search(name) for one in compiled):
            listed = " ".join(expressions)
            raise CniError(
                INVALID_NETWORK_CONFIG,
                f"Sysctl {name} is not allowed. Only the following sysctls are allowed: [{listed}]",
                f"the list is {PATH}",
            )
