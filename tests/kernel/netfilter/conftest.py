"""Writers run in the test's own process and thread, which moves into a throwaway node's namespace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest

from cnictl.netfilter import lock
from cnictl.netns import entered
from cnictl.sandbox.node import Node
from tests.conftest import unavailable

Variant = Literal["nft", "legacy"]
_ENDINGS = ("", "-save", "-restore")


@pytest.fixture
def inside(node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Node]:
    """A node in whose network namespace the test itself runs, with locks of its own."""
    monkeypatch.setattr(lock, "PATH", str(tmp_path / "netfilter.lock"))
    monkeypatch.setenv("XTABLES_LOCKFILE", str(tmp_path / "xtables.lock"))
    with entered(node.netns):
        yield node


@pytest.fixture
def choose_variant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Variant], None]:
    """Make `iptables` in PATH the one of a variant, as update-alternatives would."""

    def choose(variant: Variant) -> None:
        directory = tmp_path / variant
        directory.mkdir(exist_ok=True)
        for program in ("iptables", "ip6tables"):
            for ending in _ENDINGS:
                real = Path(f"/usr/sbin/{program}-{variant}{ending}")
                if not real.exists():
                    unavailable(f"no {real}")
                link = directory / f"{program}{ending}"
                if not link.is_symlink():
                    link.symlink_to(real)
        monkeypatch.setenv("PATH", f"{directory}:/usr/sbin:/usr/bin:/sbin:/bin")

    return choose


@pytest.fixture(params=["nft", "legacy"])
def variant(request: pytest.FixtureRequest, choose_variant: Callable[[Variant], None]) -> Variant:
    """Both variants of iptables, one after the other."""
    chosen: Variant = request.param
    choose_variant(chosen)
    return chosen
