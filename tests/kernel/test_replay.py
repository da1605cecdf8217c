"""`cnictl replay`: calls that a runtime made are made again, and what differs is shown."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.kernel.recording import Shell, shell_on

if TYPE_CHECKING:
    from cnictl.sandbox.node import Node

WEB = {
    "cniVersion": "1.0.0",
    "name": "web",
    "plugins": [
        {
            "type": "bridge",
            "isDefaultGateway": True,
            "ipam": {"type": "host-local", "subnet": "10.88.0.0/24", "dataDir": "/run/kept"},
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}
MACVLAN = {
    "cniVersion": "1.0.0",
    "name": "lan",
    "plugins": [{"type": "macvlan", "ipam": {"type": "static", "addresses": [{"address": "192.0.2.9/24"}]}}],
}
RECORD = """
    cnictl record start --stand-in $STAND_IN --all --log-dir /run/log
    for pod in one two; do cnictl netns new $pod; cnictl add web $pod --container-id $pod --port 8080:80; done
    cnictl check web two --container-id two
    cnictl del web two --container-id two
    cnictl record stop
"""


@pytest.fixture
def shell(node: Node, stand_in: str) -> Shell:
    """A shell on a node that has an uplink, an empty directory for plugins, and two networks."""
    run = shell_on(node, stand_in, WEB, MACVLAN)
    # Duplicate address detection would end some time between two looks.
    node.run(["sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0"]).checked()
    for words in (
        "link add uplink up type bridge",
        "addr add 192.0.2.1/24 dev uplink",
        "route add default dev uplink",
    ):
        node.run(["ip", *words.split()]).checked()
    return run


def plugin(node: Node, name: str, body: str) -> None:
    """Put a script into the directory of plugins."""
    path = Path(node.path(f"/run/bin/{name}"))
    path.unlink(missing_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def seen(node: Node) -> list[str]:
    """What a replay must not touch; carrier, and addresses that come with it, follow later than its end."""
    looks = (
        "ip -o link | sed 's/<[^>]*>//; s/ state [A-Z]*//'",
        "ip -o addr show scope global",
        "iptables-save -t nat | grep -v '^#'",
        "find /run/kept /run/netns /run/log -type f",
    )
    return [node.run(["sh", "-c", look]).checked().stdout for look in looks]


@pytest.mark.parametrize("plugins", ["ours", "Go"])
def test_the_same_plugins_do_the_same(
    shell: Shell, node: Node, plugins: str, request: pytest.FixtureRequest
) -> None:
    """ADD, CHECK and DEL, with what they found then; the node stays as it is."""
    if plugins == "Go":
        for name in ("bridge", "host-local", "portmap"):
            shutil.copy(f"{request.getfixturevalue('go_plugins')}/{name}", node.path("/run/bin"))
    else:
        shell("cnictl install /run/bin").checked()
    shell(RECORD if plugins == "ours" else RECORD.replace("cnictl check", "true")).checked()
    before = seen(node)
    calls = json.loads(shell("cnictl record ls --log-dir /run/log -o json").checked().stdout)
    wanted = [("bridge", "DEL"), ("portmap", "CHECK")] if plugins == "ours" else [("host-local", "DEL")]
    last = {(one["plugin"], one["verb"]): one["call"] for one in calls}
    for number in (last[one] for one in wanted):
        done = shell(f"cnictl replay {number} --log-dir /run/log -o json").checked()
        members = json.loads(done.stdout)
        assert (members["verdict"], members["status"], members["partings"]) == ("same", 0, [])
        assert {one["verdict"] for one in members["before"]} == {"same"}
        assert done.stderr == ""
    assert seen(node) == before


def test_another_implementation(shell: Shell, go_plugins: str) -> None:
    """The Go plugins do what ours did."""
    record = "cnictl record start --stand-in $STAND_IN bridge --log-dir /run/log; cnictl add web pod"
    shell(f"cnictl install /run/bin; cnictl netns new pod; {record}").checked()
    done = shell(f"cnictl replay bridge/ADD --log-dir /run/log --cni-path {go_plugins}").checked()
    assert done.stdout.startswith("+ same call 1: ADD bridge\n")


def test_what_the_node_has_is_there(shell: Shell) -> None:
    """A master that is the link of the default route, as on the node itself; without it the error says so."""
    shell("cnictl install /run/bin; cnictl netns new pod").checked()
    shell("cnictl record start --stand-in $STAND_IN macvlan --log-dir /run/log; cnictl add lan pod").checked()
    same = shell("cnictl replay last --log-dir /run/log").checked()
    assert same.stdout.startswith("+ same call 1: ADD macvlan\n")
    differs = shell("ip link del uplink; cnictl replay last --log-dir /run/log || echo $?").checked()
    assert differs.stdout.startswith("- differs call 1: ADD macvlan\n  exit status\n    - 0\n    + 1\n")
    assert differs.stdout.endswith("\n1\n")


def test_a_plugin_that_does_something_else(shell: Shell, node: Node) -> None:
    """Each part that differs is shown, fit for a terminal; the program is known to be another one."""
    answer = '{"cniVersion": "1.0.0", "interfaces": [{"name": "veth1a2b3c4d"}], "dns": {"domain": "%s"}}'
    plugin(node, "shelly", f"cat >/dev/null; echo said >&2; echo '{answer % 'old'}'")
    call = "cnictl exec shelly ADD pod --conf /run/net.d/web.conflist"
    start = "cnictl record start --stand-in $STAND_IN shelly --log-dir /run/log"
    shell(f"cnictl netns new pod; {start}; {call}; cnictl record stop")
    again = answer.replace("1a2b3c4d", "99999999") % "new\\u001b[31m"
    plugin(node, "shelly", f"cat >/dev/null; printf 'said \\033[2J\\n' >&2; echo '{again}'; exit 4")
    done = shell("cnictl replay last --log-dir /run/log || echo $?").checked()
    lines = done.stdout.splitlines()
    assert lines[0] == "- differs call 1: ADD shelly"
    assert lines[1:10] == [
        "  exit status", "    - 0", "    + 4",
        "  stdout dns.domain", '    - "old"', '    + "new\\u001b[31m"',
        "  stderr", "    - said", "    + said \\x1b[2J",
    ]  # fmt: skip
    assert lines[-1] == "1"
    assert "note: /run/bin/shelly is not the program that it was then\n" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr


def test_what_cannot_be_the_same_says_why(shell: Shell, node: Node) -> None:
    """No ADD, no end, secrets that are not there."""
    plugin(node, "shelly", "if grep -q planted; then exit 0; fi; exit 1")
    Path(node.path("/run/conf")).write_text('{"name": "web", "type": "shelly", "password": "planted"}')
    start = "cnictl record start --stand-in $STAND_IN --log-dir /run/log"
    shell(f"{start} shelly; cnictl exec shelly DEL --conf /run/conf")
    done = shell("cnictl replay last --log-dir /run/log || echo $?").checked()
    assert done.stdout.splitlines()[:3] == ["- differs call 1: DEL shelly", "  exit status", "    - 0"]
    assert (
        "note: no ADD of this attachment is recorded before it: what DEL found then is not there"
        in done.stderr
    )
    assert "note: 1 secrets were not recorded, and *** is in their place" in done.stderr
    plugin(node, "slow", "exec sleep 60")
    call = "cnictl exec slow STATUS --conf /run/conf --timeout 0.5"
    shell(f"{start} slow; {call} || true").checked()
    show = shell("cnictl record show last --log-dir /run/log").checked().stdout
    assert ": STATUS slow, " in show
    assert ": signal: terminated" in show or ": no end was seen" in show
    late = shell("cnictl replay last --log-dir /run/log --timeout 0.5 || echo $?").checked()
    assert "did not finish within 0.5 seconds" in late.stdout


def test_there_is_no_such_call(shell: Shell) -> None:
    """Wrong usage, and what to do."""
    done = shell("cnictl replay 7 --log-dir /run/log || echo $?").checked()
    assert (done.stdout, done.stderr) == (
        "2\n",
        (
            "error: there is no call 7: there is no log /run/log\n"
            "hint: `cnictl record start` makes one, and --log-dir says where another is\n"
        ),
    )
