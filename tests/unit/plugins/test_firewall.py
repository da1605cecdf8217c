"""firewall's configuration: what it refuses and in which words, and what its keys default to."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.address import Address
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.meta import firewall, firewall_iptables, firewall_records
from cnictl_plugins.meta.firewall_config import FirewallConfig
from cnictl_plugins.meta.firewall_records import Record

PREVIOUS = {
    "cniVersion": "1.0.0",
    "interfaces": [{"name": "cni0"}, {"name": "eth0", "sandbox": "/run/netns/c1"}],
    "ips": [{"interface": 1, "address": "10.0.0.2/24"}],
}
MISSING = 'could not initialize iptables protocol {}: exec: "{}": executable file not found in $PATH'
NO_BUS = "dial unix /nowhere/bus: connect: no such file or directory"


def call(
    plugins_dir: str,
    path: Path,
    command: str = "ADD",
    configuration: Mapping[str, Any] | None = None,
    previous: Mapping[str, Any] | None = PREVIOUS,
) -> tuple[int, str]:
    """Run firewall where it must fail, with programs of one directory; return code and message."""
    members = {
        "cniVersion": "1.0.0",
        "name": "net",
        "type": "firewall",
        "backend": "iptables",
        "prevResult": previous,
        **(configuration or {}),
    }
    environment = {
        "PATH": str(path),
        "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere/bus",
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/run/netns/nobody-made-it",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": plugins_dir,
    }
    done = subprocess.run(
        [f"{plugins_dir}/firewall"],
        env=environment,
        input=json.dumps(members),
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    error = json.loads(done.stdout)
    return error["code"], error["msg"]


def config(**members: Any) -> FirewallConfig:
    return FirewallConfig(Document({"name": "net", "type": "firewall", **members}))


def refusal(**members: Any) -> str:
    """Return what `cnictl validate` and ADD say about keys, "" when nothing."""
    described = config(**members)
    try:
        described.validate(Request("ADD", described.document))
    except CniError as error:
        return error.msg
    return ""


@pytest.mark.parametrize("policy", ["bogus", "Open", "same_bridge", "isolated "])
def test_an_unknown_policy_is_refused(policy: str, plugins_dir: str, tmp_path: Path) -> None:
    """In the words of the Go plugin, but before anything is made."""
    message = f'unknown ingress policy: "{policy}"'
    assert refusal(ingressPolicy=policy) == message
    for command in ("ADD", "CHECK"):
        assert call(plugins_dir, tmp_path, command, {"ingressPolicy": policy}) == (7, message)


@pytest.mark.parametrize("policy", [None, "", "open", "same-bridge", "isolated"])
def test_known_policies_are_not_refused(policy: str | None) -> None:
    """Nothing, or an empty text, is the same as open."""
    assert refusal(ingressPolicy=policy) == ""
    assert config(ingressPolicy=policy).policy == (policy or "open")


@pytest.mark.parametrize(
    ("chain", "message"),
    [
        ("A B", 'iptables cannot have a chain "A B"'),
        ("A\nB", 'iptables cannot have a chain "A\\nB"'),
        ("-A", 'iptables cannot have a chain "-A"'),
        ("!A", 'iptables cannot have a chain "!A"'),
        ("x" * 29, f'iptables cannot have a chain "{"x" * 29}"'),
        ("ä" * 15, f'iptables cannot have a chain "{"ä" * 15}"'),
        ("FORWARD", "FORWARD is not free for the administrator's rules"),
        ("ACCEPT", "ACCEPT is not free for the administrator's rules"),
        ("CNI-FORWARD", "CNI-FORWARD is not free for the administrator's rules"),
    ],
)
def test_a_chain_that_cannot_be_is_refused(
    chain: str, message: str, plugins_dir: str, tmp_path: Path
) -> None:
    """The Go plugin leaves it to iptables, half way; CNI-FORWARD in itself would be a loop."""
    message = f'key "iptablesAdminChainName": {message}'
    assert refusal(iptablesAdminChainName=chain) == message
    assert call(plugins_dir, tmp_path, "ADD", {"iptablesAdminChainName": chain}) == (7, message)


@pytest.mark.parametrize("chain", [None, "", "CNI-ADMIN", "x" * 28, "a.b:c/d", "DOCKER-USER"])
def test_other_chains_are_not_refused(chain: str | None) -> None:
    """Nothing, or an empty text, is CNI-ADMIN."""
    assert refusal(iptablesAdminChainName=chain) == ""
    assert config(iptablesAdminChainName=chain).override_chain == (chain or "CNI-ADMIN")


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({"backend": 1}, 'key "backend": expected a string, found number 1'),
        ({"firewalldZone": []}, 'key "firewalldZone": expected a string, found a list'),
        ({"ingressPolicy": True}, 'key "ingressPolicy": expected a string, found true'),
    ],
)
@pytest.mark.parametrize("command", ["ADD", "CHECK", "DEL"])
def test_a_value_of_another_type_is_named(
    command: str, configuration: dict[str, Any], message: str, plugins_dir: str, tmp_path: Path
) -> None:
    """With the words of the Go plugin in front."""
    assert call(plugins_dir, tmp_path, command, configuration) == (7, f"failed to load netconf: {message}")


@pytest.mark.parametrize("command", ["ADD", "CHECK"])
def test_a_previous_result_is_needed(command: str, plugins_dir: str, tmp_path: Path) -> None:
    """It is what the plugin works on."""
    assert call(plugins_dir, tmp_path, command, previous=None) == (
        7,
        "missing prevResult from earlier plugin",
    )


@pytest.mark.parametrize("policy", ["same-bridge", "isolated"])
@pytest.mark.parametrize(
    ("interfaces", "message"),
    [
        (
            [],
            (
                'interface needs to be set for ingress policy "{}",'
                ' make sure to chain "firewall" plugin with "bridge"'
            ),
        ),
        ([{"name": ""}], "got empty bridge name"),
        ([{"name": "br+"}], "iptables takes bridge br+ for all whose names begin like it"),
    ],
)
def test_a_policy_needs_a_bridge(
    policy: str, interfaces: list[dict[str, Any]], message: str, plugins_dir: str, tmp_path: Path
) -> None:
    """The first interface of the Result; without one nothing is made."""
    previous = {**PREVIOUS, "interfaces": interfaces, "ips": [{"address": "10.0.0.2/24"}]}
    expected = message.format(policy)
    for command in ("ADD", "CHECK"):
        said = call(plugins_dir, tmp_path, command, {"ingressPolicy": policy}, previous)
        assert said == (999, expected)


def test_both_programs_are_needed(plugins_dir: str, tmp_path: Path) -> None:
    """By ADD even for an address of one family, as with the Go plugin; before anything is made."""
    assert call(plugins_dir, tmp_path) == (999, MISSING.format(0, "iptables"))
    program = tmp_path / "iptables"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    assert call(plugins_dir, tmp_path) == (999, MISSING.format(1, "ip6tables"))
    status = {"cniVersion": "1.1.0"}
    assert call(plugins_dir, tmp_path, "STATUS", status) == (50, MISSING.format(1, "ip6tables"))


def test_firewalld_is_missed_where_it_was_asked_for(plugins_dir: str, tmp_path: Path) -> None:
    """STATUS says so in the words of the Go plugin's ADD."""
    wanted = {"backend": "firewalld", "cniVersion": "1.1.0"}
    assert call(plugins_dir, tmp_path, "STATUS", wanted, None) == (50, NO_BUS)


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0", "0.3.0", "0.3.1"])
def test_old_versions_are_not_supported(version: str, plugins_dir: str, tmp_path: Path) -> None:
    """The Go plugin begins with 0.4.0."""
    assert call(plugins_dir, tmp_path, "DEL", {"cniVersion": version}) == (1, "incompatible CNI versions")


@pytest.mark.parametrize("backend", ["iptables", "firewalld"])
def test_a_backend_that_is_named_is_taken(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked then."""
    monkeypatch.setattr("cnictl.firewalld.is_running", lambda: pytest.fail("asked"))
    assert config(backend=backend).chosen_backend() == backend


@pytest.mark.parametrize("backend", [None, "", "nftables", "Iptables"])
@pytest.mark.parametrize(("running", "chosen"), [(True, "firewalld"), (False, "iptables")])
def test_any_other_backend_is_a_question_of_what_runs(
    backend: str | None, running: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the Go plugin, a misspelt one too."""
    monkeypatch.setattr("cnictl.firewalld.is_running", lambda: running)
    assert config(backend=backend).chosen_backend() == chosen
    assert refusal(backend=backend) == ""


@pytest.mark.parametrize("zone", [None, ""])
def test_the_zone_is_trusted_by_default(zone: str | None) -> None:
    """Also where it is empty."""
    assert config(firewalldZone=zone).source_zone == "trusted"


def test_the_rules_of_an_address() -> None:
    """Those of the Go plugin, whatever the prefix the address had in the container."""
    assert [str(rule) for rule in firewall_iptables.own_rules(Address.parse("2001:DB8:0::2"))] == [
        "-A CNI-FORWARD -d 2001:db8::2/128 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-A CNI-FORWARD -s 2001:db8::2/128 -j ACCEPT",
    ]


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of records of its own."""
    directory = tmp_path / "records"
    monkeypatch.setattr(firewall_records, "DIRECTORY", str(directory))
    return directory


ONE, OTHER = Address.parse("10.0.0.2"), Address.parse("fd00::2")


def test_records_are_kept_by_address(records: Path) -> None:
    """The last one of an address counts; those of other networks are told apart."""
    first, second = Record(ONE, "net", "c1", "eth0"), Record(ONE, "net", "c2", "eth0", "trusted")
    assert (firewall_records.read(ONE), firewall_records.of_network("net")) == (None, [])
    for record in (first, second, Record(OTHER, "other", "c1", "eth0")):
        firewall_records.write(record)
    assert firewall_records.read(ONE) == second
    assert firewall_records.of_network("net") == [second]
    assert sorted(one.name for one in records.iterdir()) == ["10.0.0.2", "fd00::2"]
    for _ in range(2):
        firewall_records.forget(ONE)
    assert firewall_records.of_network("net") == []


def test_what_is_no_record_is_passed_over(records: Path) -> None:
    """Half a file, a directory, a link, somebody's note: nobody's rules hang on them."""
    records.mkdir()
    (records / "10.0.0.2").write_text('{"network": "net"')
    (records / "10.0.0.3").write_text('["net"]')
    (records / "10.0.0.4").mkdir()
    (records / "10.0.0.5").symlink_to("/etc/passwd")
    (records / "10.0.0.6").write_text('{"network": 1}')
    (records / "README").write_text("{}")
    assert firewall_records.of_network("net") == []
    assert firewall_records.read(ONE) is None


def test_a_record_that_cannot_be_written_is_an_error(records: Path) -> None:
    """With the path, and before there is a rule."""
    records.write_text("in the way")
    with pytest.raises(CniError) as raised:
        firewall_records.write(Record(ONE, "net", "c1", "eth0"))
    assert raised.value.code == 5
    assert str(records) in raised.value.msg


def test_each_address_counts_once() -> None:
    """A Result may name one twice, and on any interface."""
    members: dict[str, Any] = {
        "cniVersion": "1.0.0",
        "ips": [{"address": "10.0.0.2/24"}, {"address": "fd00::2/64"}, {"address": "10.0.0.2/16"}],
    }
    request = Request("ADD", Document({"cniVersion": "1.0.0", "name": "net", "prevResult": members}))
    assert firewall._addresses(request.previous()) == [ONE, OTHER]
