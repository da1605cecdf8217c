"""sbr beside the Go plugin: one lock for both, and tables that are nobody else's."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from cnictl_plugins.meta.sbr_routing import LockedRouting
from tests import witness
from tests.kernel.plugins.attachment import Attachment

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

pytestmark = pytest.mark.interop

SBR = {"type": "sbr"}
HOLD = 1.5


def bridge(number: int) -> dict[str, Any]:
    subnet = {"subnet": f"10.{number}.2.0/24", "routes": [{"dst": "0.0.0.0/0"}]}
    ipam = {"type": "host-local", **subnet}
    return {"type": "bridge", "bridge": f"br{number}", "isGateway": True, "ipam": ipam}


def attached(node: Node, plugins_dir: str, number: int) -> Attachment:
    """One more interface of the container, with its addresses but no sbr yet."""
    name = f"net{number}"
    made = Attachment(node, plugins_dir, [bridge(number), SBR], name=name, ifname=name)
    made.result = json.loads(made.call("ADD", bridge(number)).stdout)
    return made


@pytest.mark.parametrize("command", ["ADD", "DEL"])
def test_the_go_plugin_waits_for_us(node: Node, plugins_dir: str, go_plugins: str, command: str) -> None:
    """The lock is on the namespace, whoever takes it."""
    attachment = attached(node, plugins_dir, 1)
    done: list[int] = []
    with LockedRouting(node.path("/run/netns/c1")):
        began = time.monotonic()
        go = threading.Thread(
            target=lambda: done.append(attachment.call(command, SBR, plugins_dir=go_plugins).status)
        )
        go.start()
        time.sleep(HOLD)
        assert done == []
    go.join()
    assert done == [0]
    assert time.monotonic() - began >= HOLD


def test_interfaces_of_one_container_at_once(node: Node, plugins_dir: str, go_plugins: str) -> None:
    """Ours and theirs take turns; each gets tables of its own, and either removes the other's rules."""
    sets = (plugins_dir, go_plugins)
    attachments = [attached(node, plugins_dir, number) for number in range(8)]

    def everybody(command: str, turn: int) -> list[int]:
        done: list[int] = []
        threads = [
            threading.Thread(
                target=lambda one=one, directory=sets[(number + turn) % 2]: done.append(
                    one.call(command, SBR, plugins_dir=directory).status
                )
            )
            for number, one in enumerate(attachments)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return done

    def tables() -> list[str]:
        rules = witness.ip(node, "rule", netns="c1")
        return sorted(one["table"] for one in rules if one["src"] != "all")

    assert everybody("ADD", 0) == [0] * 8
    assert tables() == [str(100 + number) for number in range(8)]
    assert [one.check() for one in attachments] == [""] * 8
    assert everybody("DEL", 1) == [0] * 8
    assert tables() == []
