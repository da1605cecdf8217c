"""Whether an attachment is still whole, as far as files tell: its netns, and its plugins' programs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnictl.configuration import parse
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cnictl.runtime.cache import CachedAttachment
    from cnictl.runtime.plugin import Plugins


@dataclass(frozen=True, slots=True)
class Standing:
    """What DEL of an attachment would find.

    `netns_there` is None when the cache names none; `missing` are the plugins whose program is not
    there; `problem` says why the cached configuration tells of no plugins.
    """

    netns_there: bool | None
    missing: tuple[str, ...] = ()
    problem: str = ""

    @property
    def whole(self) -> bool:
        """Whether nothing is amiss."""
        return self.netns_there is not False and not self.missing and not self.problem


def netns_exists(cached: CachedAttachment) -> bool | None:
    """Return whether the netns of an attachment is there, None when the cache does not say which it is."""
    return os.path.exists(cached.attachment.netns) if cached.attachment.netns else None


def standings(found: Iterable[CachedAttachment], plugins: Plugins) -> list[Standing]:
    """Return one for each attachment, in their order; each program is looked for once."""
    there: dict[str, bool] = {}
    return [_standing(one, plugins, there) for one in found]


def _standing(cached: CachedAttachment, plugins: Plugins, there: dict[str, bool]) -> Standing:
    exists = netns_exists(cached)
    try:
        names = list(dict.fromkeys(_programs(cached)))
    except CnictlError as error:
        return Standing(exists, problem=str(error))
    for name in names:
        if name not in there:
            there[name] = _is_there(name, plugins)
    return Standing(exists, tuple(name for name in names if not there[name]))


def _programs(cached: CachedAttachment) -> Iterator[str]:
    """Yield the names of the programs that a network runs, each plugin before its IPAM plugin."""
    for plugin in parse(cached.config).plugins:
        yield plugin.type
        if plugin.ipam_type:
            yield plugin.ipam_type


def _is_there(name: str, plugins: Plugins) -> bool:
    try:
        plugins.find(name)
    except CnictlError:
        return False
    return True
