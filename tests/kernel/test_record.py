"""`cnictl record` with a real runtime and real plugins, as a user types it."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.kernel.recording import Shell, shell_on

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

NETWORK = {
    "cniVersion": "1.0.0",
    "name": "web",
    "plugins": [
        {
            "type": "bridge",
            "isGateway": True,
            "apiToken": "planted",
            "ipam": {"type": "host-local", "subnet": "10.88.0.0/24"},
        }
    ],
}


@pytest.fixture(params=["ours", "Go"])
def shell(request: pytest.FixtureRequest, node: Node, stand_in: str) -> Shell:
    """A shell on a node that has plugins in /run/bin, a network web and a pod."""
    run = shell_on(node, stand_in, NETWORK)
    if request.param == "Go":
        for name in ("bridge", "host-local"):
            shutil.copy(f"{request.getfixturevalue('go_plugins')}/{name}", node.path("/run/bin"))
    else:
        run("cnictl install /run/bin").checked()
    run("cnictl netns new pod").checked()
    return run


def listed(shell: Shell) -> list[Any]:
    """The recorded calls."""
    found: list[Any] = json.loads(shell("cnictl record ls --log-dir /run/log -o json").checked().stdout)
    return found


def test_a_runtimes_calls_are_recorded(shell: Shell, node: Node):
    """The plugin's and its delegate's, without the secret; afterwards the directory is as it was."""
    before = shell("ls -Al --full-time /run/bin").stdout.splitlines()
    assert shell("cnictl record status --log-dir /run/log").status == 1
    started = shell("cnictl record start --stand-in $STAND_IN bridge host-local --log-dir /run/log").checked()
    assert started.stdout.split() == ["/run/bin/bridge", "/run/bin/host-local"]
    added = shell("cnictl add web pod -o json").checked()
    shell("cnictl check web pod && cnictl del web pod").checked()
    status = shell("cnictl record status --log-dir /run/log").checked()
    assert "6 calls in /run/log, of at most 1000" in status.stderr
    calls = listed(shell)
    assert [(one["plugin"], one["verb"]) for one in calls] == [
        (plugin, verb) for verb in ("ADD", "CHECK", "DEL") for plugin in ("bridge", "host-local")
    ]
    assert [one["within"] for one in calls] == [None, 1, None, 3, None, 5]
    assert [(one["status"], one["network"]) for one in calls] == [(0, "web")] * 6
    assert [one["caller"] for one in calls] == ["cnictl", "bridge"] * 3
    show = shell("cnictl record show bridge/ADD --log-dir /run/log -o json").checked()
    call = json.loads(show.stdout)
    assert json.loads(call["stdout"])["interfaces"] == json.loads(added.stdout)["interfaces"]
    assert call["environment"]["CNI_NETNS"] == "/run/netns/pod"
    assert json.loads(call["stdin"])["apiToken"] == "***"
    text = shell("cnictl record show 2 --log-dir /run/log").checked().stdout
    assert "within: call 1" in text
    assert "secrets left out: 1" in text
    assert not node.run(["grep", "-r", "planted", "/run/log"]).stdout
    shell("cnictl record stop --delete --log-dir /run/log").checked()
    assert node.run(["ls", "-A", "/run/log"]).status
    after = shell("ls -Al --full-time /run/bin").stdout.splitlines()
    assert [_but_the_time_of_links(one) for one in after] == [_but_the_time_of_links(one) for one in before]


def _but_the_time_of_links(line: str) -> list[str]:
    words = line.split()
    return words if line.startswith("-") else [words[0], *words[8:]]


@pytest.mark.parametrize("shell", ["Go"], indirect=True)
def test_a_full_disk(shell: Shell):
    """Calls go on, none is written down by half, and status says how many are missing."""
    script = """
        mkdir /run/small && mount -t tmpfs -o size=16k small /run/small &&
        cnictl record start --stand-in $STAND_IN bridge host-local --log-dir /run/small/log &&
        ! head -c 64k /dev/zero >/run/small/filler
        cnictl add web pod && cnictl check web pod && cnictl del web pod && rm /run/small/filler &&
        cnictl record status --log-dir /run/small/log && cnictl add web pod &&
        cnictl record ls --log-dir /run/small/log -o json
    """
    done = shell(script).checked()
    assert "0 calls in /run/small/log, of at most 1000; 6 could not be written down" in done.stderr
    _, _, calls = done.stdout.rpartition("\n[")
    assert [one["status"] for one in json.loads(f"[{calls}")] == [0, 0]


@pytest.mark.parametrize("shell", ["ours"], indirect=True)
def test_a_runtime_whose_plugin_fails(shell: Shell):
    """It gets the plugin's own error, and the call is among those that failed."""
    shell("cnictl record start --stand-in $STAND_IN --all --log-dir /run/log").checked()
    assert shell("cnictl add web pod -i much-too-long-a-name").status == 2
    assert shell("cnictl exec bridge ADD pod --conf /dev/null").status == 3
    failed = json.loads(shell("cnictl record ls --failed --log-dir /run/log -o json").checked().stdout)
    assert [(one["plugin"], one["verb"], one["status"]) for one in failed] == [("bridge", "ADD", 1)]
    said = shell("cnictl record show last --log-dir /run/log").checked().stdout
    assert "exit status 1" in said
    assert '"msg":' in said
