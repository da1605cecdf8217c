"""The units that `cnictl install --systemd` writes, run by systemd."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from cnictl.sandbox.node import Completed, Node
from tests import systemd
from tests.daemon import CNICTL, SOCKET, wait_for
from tests.systemd import UNITS, Systemd

BIN = "/run/bin"
DHCP = "/run/cni/dhcp.sock"


@pytest.fixture
def manager(node: Node) -> Iterator[Systemd]:
    """Return systemd on a node on which all units are installed and enabled, and none runs yet."""
    Path(node.path(BIN)).mkdir()
    Path(node.path(UNITS)).mkdir()
    node.run([CNICTL, "install", BIN, "--worker", "--systemd", UNITS]).checked()
    node.new_netns("c1")
    with systemd.started(node) as running:
        running.ctl("enable", "--now", "cnictl-worker.socket", "cni-dhcp.socket")
        yield running


def loopback(manager: Systemd, command: str) -> Completed:
    environment = {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/run/netns/c1",
        "CNI_IFNAME": "lo",
        "CNI_PATH": BIN,
    }
    config = {"cniVersion": "1.0.0", "name": "lo", "type": "loopback"}
    return manager.run([f"{BIN}/loopback"], stdin=json.dumps(config), env=environment).checked()


def answered(manager: Systemd) -> int:
    """Return how many calls the worker has answered since it was started."""
    said = json.loads(manager.run([CNICTL, "worker", "status", "-o", "json"]).checked().stdout)
    return sum(one["calls"] for one in said["calls"])


def test_a_call_starts_the_worker(manager: Systemd, node: Node) -> None:
    """It is answered by it; and the socket stays when the worker goes, for the next call."""
    assert manager.ctl("is-active", "cnictl-worker.socket").strip() == "active"
    assert manager.shows("cnictl-worker.service", "ActiveState") == "inactive"
    for _ in range(2):
        loopback(manager, "ADD")
        wait_for(lambda: manager.shows("cnictl-worker.service", "ActiveState") == "active")
        wait_for(lambda: manager.run([CNICTL, "worker", "status"]).status == 0)
        before = answered(manager)
        loopback(manager, "DEL")
        assert answered(manager) == before + 1
        manager.ctl("stop", "cnictl-worker.service")
        assert os.path.exists(node.path(SOCKET))
    assert manager.shows("cnictl-worker.service", "Result") == "success"


def test_the_worker_is_reloaded_and_restarted(manager: Systemd) -> None:
    """`reload` leaves it the same process to systemd, and a killed one comes again."""
    manager.ctl("start", "cnictl-worker.service")
    wait_for(lambda: manager.run([CNICTL, "worker", "status"]).status == 0)
    pid = manager.shows("cnictl-worker.service", "MainPID")
    loopback(manager, "ADD")
    assert answered(manager) == 1
    manager.ctl("reload", "cnictl-worker.service")
    wait_for(lambda: manager.run([CNICTL, "worker", "status"]).status == 0 and answered(manager) == 0)
    assert manager.shows("cnictl-worker.service", "MainPID") == pid
    loopback(manager, "DEL")
    assert answered(manager) == 1
    manager.run(["kill", "-KILL", pid]).checked()
    wait_for(lambda: manager.shows("cnictl-worker.service", "MainPID") not in ("0", pid))
    wait_for(lambda: manager.run([CNICTL, "worker", "status"]).status == 0)
    loopback(manager, "ADD")
    assert answered(manager) == 1


def test_stopping_the_socket_takes_it_away(manager: Systemd, node: Node) -> None:
    """Plugins are run one-shot then."""
    manager.ctl("stop", "cnictl-worker.socket", "cnictl-worker.service")
    assert not os.path.exists(node.path(SOCKET))
    loopback(manager, "ADD")
    assert manager.shows("cnictl-worker.service", "ActiveState") == "inactive"


def test_a_call_starts_the_dhcp_daemon(manager: Systemd, node: Node) -> None:
    """Whoever connects to its socket is answered."""
    assert manager.shows("cni-dhcp.service", "ActiveState") == "inactive"
    environment = {"PATH": os.environ["PATH"], "CNI_COMMAND": "STATUS", "CNI_PATH": BIN}
    config = {"cniVersion": "1.1.0", "name": "net", "type": "dhcp", "ipam": {"type": "dhcp"}}
    manager.run([f"{BIN}/dhcp"], stdin=json.dumps(config), env=environment).checked()
    wait_for(lambda: manager.shows("cni-dhcp.service", "ActiveState") == "active")
    assert manager.shows("cni-dhcp.service", "Result") == "success"
    assert os.path.exists(node.path(DHCP))
