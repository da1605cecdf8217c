"""What was before a call: the earlier calls that made what it finds, in the order to do them again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnictl.record.model import Call

MAKING = ("ADD", "DEL")
"""Verbs that change something."""


def before(call: Call, calls: Iterable[Call], *, alone: bool = False) -> list[Call]:
    """Return the calls that made what a call found, the oldest first.

    Those are the ones of the same attachment since its container was new and, unless it is to be done
    `alone`, of the other attachments to its network that were there at the time: what they hold is taken.
    A delegate's calls are looked for among those of the same plugin, others' among those of runtimes.
    """
    if call.verb in ("VERSION", ""):
        return []
    earlier = [one for one in calls if one.number < call.number and _is_beside(one, call)]
    attachments = {(one.container_id, one.ifname): one for one in earlier}
    found = []
    for one in attachments.values():
        own = one.is_same_attachment(call)
        if own or (not alone and one.network == call.network):
            life = _life([other for other in earlier if other.is_same_attachment(one)])
            ended = any(other.verb == "DEL" for other in life)
            if not ended or (own and call.verb != "ADD"):
                found += life
    return sorted(found, key=lambda one: one.number)


def lacks_add(call: Call, earlier: Sequence[Call]) -> bool:
    """Whether a call is about something that no recorded ADD made."""
    return call.verb in ("CHECK", "DEL") and not any(
        one.verb == "ADD" and one.is_same_attachment(call) for one in earlier
    )


def _is_beside(one: Call, call: Call) -> bool:
    if one.verb not in MAKING:
        return False
    return one.within is None if call.within is None else one.plugin == call.plugin


def _life(calls: Sequence[Call]) -> list[Call]:
    """Return the calls of an attachment since the first ADD behind the last DEL of an earlier life."""
    life: list[Call] = []
    for one in calls:
        if one.verb == "ADD" and any(other.verb == "DEL" for other in life):
            life = []
        life.append(one)
    return life
