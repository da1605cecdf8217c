"""Snapshots for programs; for people, `cnictl.state.dump` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.render.difference import fact_member

if TYPE_CHECKING:
    from cnictl.spec.document import Json
    from cnictl.state.snapshot import Snapshot


def snapshot_members(snapshot: Snapshot) -> Json:
    """Return a snapshot: for each place, for each kind, the facts by key."""
    places: dict[str, Json] = {}
    for where, found in snapshot.state.places.items():
        kinds: dict[str, Json] = {}
        for entity in found.values():
            facts: dict[str, Json] = {name: fact_member(fact) for name, fact in entity.facts.items()}
            section = kinds.setdefault(entity.kind, {})
            assert isinstance(section, dict)
            section[entity.key] = facts
        places[snapshot.name_of(where)] = kinds
    return {
        "pods": dict(snapshot.pods),
        "places": places,
        "complete": snapshot.complete,
        "unseen": [
            {"place": snapshot.name_of(one.where), "what": one.what, "reason": one.reason}
            for one in snapshot.unseen
        ],
    }
