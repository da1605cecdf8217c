"""Our host-local and the Go one at work in one directory that is big enough for an index."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from cnictl.ipam import index
from cnictl.sandbox.node import Node
from tests.interop.damage import damage
from tests.program import Program

pytestmark = pytest.mark.interop

DATA = "/run/data"
CALLS = int(os.environ.get("CNICTL_SHARED_CALLS", "150"))
CONTAINERS = 12


def ways(content: bytes) -> tuple[bytes | None, ...]:
    """The index is away, empty, cut off, has something else in it, or times and names that lie."""
    middle = len(content) // 2
    return (
        None,
        b"",
        content[:middle],
        content[:200] + b"x" * 40 + content[240:],
        content.replace(b"10.1.", b"10.2."),
        content[: middle - middle % 2] + b"\xff" * 8 + b"10.9.9.9".ljust(40, b"\0"),
    )


@pytest.mark.parametrize("seed", range(2))
def test_both_in_one_directory_with_an_index_that_may_lie(
    node: Node, plugins_dir: str, go_plugins: str, seed: int
) -> None:
    """No address is given twice, whoever is asked; who is deleted by either has none left.

    Between calls the index is stale, as Go knows nothing of it, and now and then missing or cut off.  An
    index with wrong records that bears the directory's very time cannot come about by itself.
    """
    chance = random.Random(seed)
    kept = Path(node.path(f"{DATA}/net"))
    kept.mkdir(parents=True)
    strangers = index.LEAST + 50
    for number in range(strangers):
        (kept / f"10.1.{number // 256}.{number % 256}").write_bytes(b"s%d\r\neth0" % number)
    ipam = {"type": "host-local", "dataDir": DATA, "ranges": [[{"subnet": "10.2.0.0/27"}]]}
    given = {"cniVersion": "1.0.0", "name": "net", "type": "any", "ipam": ipam}
    programs = [Program(f"{directory}/host-local", node) for directory in (plugins_dir, go_plugins)]
    has: dict[str, str] = {}
    used = 0
    for _ in range(CALLS):
        container = f"c{chance.randrange(CONTAINERS)}"
        program = chance.choice(programs)
        if container in has:
            assert program("DEL", given, container=container).status == 0
            address = has.pop(container)
            assert not (kept / address).exists(), (container, address)
        else:
            (address,) = (
                one.partition("/")[0] for one in program("ADD", given, container=container).addresses
            )
            assert address not in has.values()
            has[container] = address
        places = Path(node.path(index.PLACE))
        used += places.exists() and any(places.iterdir())
        if chance.random() < 0.1:
            damage(chance, places, ways)
        names = {path.name for path in kept.iterdir() if path.name.startswith("10.")}
        assert len(names) == strangers + len(has)
        assert names >= set(has.values())
    assert used > CALLS / 3
