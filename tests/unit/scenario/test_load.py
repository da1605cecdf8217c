"""Scenarios as people write them, and where they are told to be wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cnictl.scenario import keys
from cnictl.scenario.load import ScenarioError, load, load_all, load_file
from cnictl.scenario.model import Command, Reach
from tests.unit.scenario.texts import HEAD, ROOT

FULL = f"""\
{HEAD}
description: everything
needs: [vlan_filtering]
since: 1.2.0
setup:
  - ip link add eth9 type bridge
  - {{in: pod, run: [ip, link, show, "a b"]}}
attachments:
  - container: pod
    ifname: net1
    args: {{K: v, MAC: 52:54:00:12:34:56}}
    capabilities: {{ips: [10.1.2.3]}}
    result: {{ips: [{{address: 10.1.2.3/24}}]}}
expect:
  state:
    node: {{link: {{cni0: {{mtu: 1500}}}}}}
    pods: {{pod: {{address: [net1 10.1.2.3/24]}}}}
  check: false
  left: ["node: + link eth9"]
  reach:
    - {{from: pod, to: gateway, version: 6, size: 1400}}
    - {{from: node, to: 127.0.0.1, tcp: 8080, server: "pod:80", fails: true}}
disturb:
  - {{run: [ip link set cni0 down], undo: [ip link set cni0 up], drift: [cni0 is not up], check: "*down*"}}
  - {{name: quiet, run: [true], check: false}}
"""


def test_every_key_is_read():
    """Each key of the description ends up in the scenario, in the type that it has there."""
    (scenario,) = load(FULL)
    assert scenario.setup == (
        Command(("ip", "link", "add", "eth9", "type", "bridge")),
        Command(("ip", "link", "show", "a b"), "pod"),
    )
    (attach,) = scenario.attachments
    assert (attach.container, attach.ifname, attach.netns) == ("pod", "net1", "/run/netns/pod")
    assert attach.args == {"K": "v", "MAC": "52:54:00:12:34:56"}
    assert attach.capabilities == {"ips": ["10.1.2.3"]}
    assert attach.result == {"ips": [{"address": "10.1.2.3/24"}]}
    assert scenario.needs == ("vlan_filtering",)
    assert scenario.since == "1.2.0"
    assert not scenario.check
    assert scenario.left == ("node: + link eth9",)
    assert scenario.reach == (
        Reach("pod", "gateway", version=6, size=1400),
        Reach("node", "127.0.0.1", "tcp", 8080, "pod", 80, fails=True),
    )
    undone, quiet = scenario.disturb
    assert (undone.name, undone.drift, undone.check) == (
        "ip link set cni0 down",
        ("cni0 is not up",),
        "*down*",
    )
    assert (quiet.name, quiet.drift, quiet.check) == ("quiet", None, None)
    assert scenario.state is not None
    assert scenario.state.state.find("", "link", "cni0")
    assert scenario.state.state.find("pod", "address", "net1 10.1.2.3/24")


def test_the_published_schema_accepts_what_is_read():
    """The schema comes from the same description, and every scenario of testdata/ fits it."""
    import yaml

    validator = Draft202012Validator(keys.schema())
    Draft202012Validator.check_schema(keys.schema())
    documents: list[Any] = [
        yaml.safe_load(FULL.replace("52:54:00:12:34:56", "x").replace("[true]", '["true"]'))
    ]
    for path in sorted((ROOT / "testdata" / "scenarios").glob("*.yaml")):
        documents += [json.loads(json.dumps(one)) for one in yaml.safe_load_all(path.read_text()) if one]
    for document in documents:
        assert list(validator.iter_errors(document)) == []


@pytest.mark.parametrize(
    "key", ["descripton", "reach", "expect: {chek: true}", "attachments: [{contianer: c}]"]
)
def test_the_schema_refuses_keys_that_nobody_knows(key: str):
    """Editors mark what the reader would refuse."""
    import yaml

    text = key if ":" in key else f"{key}: x"
    assert list(Draft202012Validator(keys.schema()).iter_errors(yaml.safe_load(f"{HEAD}\n{text}")))


MISTAKES = {
    "expct: {}": "6:1: unknown key 'expct' of the scenario; did you mean 'expect'?",
    "expect: {reach: [{form: a, to: b}]}": "6:19: unknown key 'form' of reach; did you mean 'from'?",
    "zzz: 1": "6:1: unknown key 'zzz' of the scenario; known are name, ",
    "expect: {reach: [{from: a}]}": "6:18: reach has no 'to'",
    "expect: {reach: [{from: a, to: b, tcp: 1, udp: 2}]}": "6:18: reach is by tcp or udp, not both",
    "expect: {reach: [{from: a, to: b, tcp: 70000}]}": "70000 is no port",
    "expect: {reach: [{from: a, to: b, tcp: x}]}": "6:40: tcp: expected a whole number, found 'x'",
    "expect: {reach: [{from: a, to: b, tcp: 1, server: b}]}": "write server as CONTAINER:PORT",
    f"expect: {{reach: [{{from: a, to: b, tcp: 1, server: 'b:{'9' * 5000}'}}]}}": "write server as",
    "expect: {reach: [{from: a, to: b, version: 5}]}": "version is 4 or 6",
    "expect: {state: {nod: {}}}": "unknown key 'nod' of the state; did you mean 'node'?",
    "expect: {state: {pods: {zoe: {}}}}": "there is no container 'zoe'",
    "expect: {state: {node: {link: {a: {mtuu: 1}}}}}": "unknown fact 'mtuu' of link 'a'",
    "attachments: [{container: a/b}]": "invalid characters in containerID",
    "attachments: [{ifname: ..}]": "interface name",
    "attachments: [{capabilities: 1}]": "capabilities: expected a mapping, found '1'",
    "attachments: [{error: x}]\ndisturb: [{run: [a]}]": "nothing to reach or to disturb",
    "disturb: [{name: x}]": "a disturbance has something to `run`",
    "setup: ['ip \"link']": "run: No closing quotation",
    "setup: ['']": "run: there is no program",
    "setup: [{in: c1}]": "a command has something to `run`",
    "setup: ip link": "setup: expected a list, found 'ip link'",
    "needs: [warp]": "needs: 'warp' is unknown; known are vlan_filtering",
    "name: again": "the scenario: 'name' is there twice",
    "expect: [": "8:1: ",
}


@pytest.mark.parametrize("text", MISTAKES)
def test_a_mistake_is_told_with_its_place(text: str):
    """File, line and column, and what was meant where that can be guessed."""
    with pytest.raises(ScenarioError) as raised:
        load(f"{HEAD}\n{text}\n\n", "web.yaml")
    message = str(raised.value)
    assert message.startswith("web.yaml:")
    assert MISTAKES[text] in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1:1: there is no scenario in it"),
        ("name: x", "1:1: the scenario has no 'network'"),
        ("name: x\nnetwork: {name: n, plugins: []}", "2:10: network: "),
        ("name: x\nnetwork: nowhere.conflist", "2:10: network: "),
        (f"{HEAD}\n---\n{HEAD}", "there is a scenario 'web' already"),
        ("- a", "the scenario: expected a mapping, found a list"),
    ],
)
def test_what_is_no_scenario_is_told(text: str, message: str):
    """A file without one, without a network, or with one that does not load."""
    with pytest.raises(ScenarioError, match=r"^web\.yaml:") as raised:
        load(text, "web.yaml")
    assert message in str(raised.value)


def test_a_network_may_lie_beside_the_scenario(tmp_path: Path):
    """Its path is relative to the scenario, whatever the directory of the caller."""
    (tmp_path / "web.conflist").write_text(
        '{"cniVersion": "1.0.0", "name": "n", "plugins": [{"type": "bridge"}]}'
    )
    (tmp_path / "web.yaml").write_text("name: web\nnetwork: web.conflist\n")
    (scenario,) = load_all([str(tmp_path)])
    assert json.loads(scenario.network)["name"] == "n"


def test_a_directory_without_scenarios_is_a_mistake(tmp_path: Path):
    """A wrong directory must not look like success."""
    with pytest.raises(ScenarioError, match="no scenario in it or below"):
        load_all([str(tmp_path)])


LAUGHS = "\n".join(
    ["    a0: &a0 [x]", *(f"    a{i + 1}: &a{i + 1} [{', '.join([f'*a{i}'] * 10)}]" for i in range(9))]
)
CHAIN = "\n".join(["    a0: &a0 [x]", *(f"    a{i + 1}: &a{i + 1} [*a{i}]" for i in range(150))])


@pytest.mark.parametrize(
    ("capabilities", "message"),
    [
        ("&a\n    x: *a", "it contains itself"),
        (f"\n{LAUGHS}", "aliases make more than 1000000 nodes of it"),
        (f"\n{CHAIN}", "nested deeper than 100 levels"),
        ("[" * 500 + "]" * 500, "nested deeper than 100 levels"),
        ("[" * 5000, "exceeded maximum nesting depth"),
        ("9" * 5000, "capabilities: a number of 5000 digits"),
    ],
)
def test_what_would_have_no_end(capabilities: str, message: str):
    """A small text may stand for an endless one, or for one that fits nowhere."""
    with pytest.raises(ScenarioError, match=r"scenario:\d+:\d+: ") as raised:
        load(f"{HEAD}\nattachments:\n- capabilities: {capabilities}\n")
    assert message in str(raised.value)


def test_an_alias_is_a_good_way_to_say_something_twice():
    """As YAML means it."""
    (one,) = load(f"{HEAD}\nattachments:\n- &a {{container: c, capabilities: {{x: 1}}}}\n- *a\n")
    assert [each.container for each in one.attachments] == ["c", "c"]


def test_a_file_that_never_ends():
    """Is not read for ever."""
    with pytest.raises(ScenarioError, match="/dev/zero: it has more than 64 MiB"):
        load_file("/dev/zero")
