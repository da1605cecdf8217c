"""The files of one directory beside one another."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from cnictl.configuration import LISTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.lint.subject import Configuration


@dataclass(eq=False)
class Directory:
    """The files that were given of a directory, and that a runtime would look at."""

    configurations: Sequence[Configuration]

    @cached_property
    def by_name(self) -> dict[str, list[Configuration]]:
        """The files that have a network, by its name, in the order in which libcni looks for it."""
        found = defaultdict(list)
        for one in sorted(self.configurations, key=_order):
            if one.name:
                found[one.name].append(one)
        return found


def _order(conf: Configuration) -> tuple[bool, bytes]:
    """Return what libcni sorts by when it looks for a name: lists first, then the files' names."""
    return conf.extension not in LISTS, os.fsencode(conf.path)
