"""portmap's configuration: what it refuses and in which words, and which of its keys mean what."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.document import Document
from cnictl.spec.result import Result
from cnictl_plugins.meta import portmap, portmap_iptables
from cnictl_plugins.meta.portmap_config import PortmapConfig

LONG_ID = (
    "icee6giejonei6sohng6ahngee7laquohquee9shiGo7fohferakah3Feiyoolu2pei7ciPhoh7shaoX6vai3vuf0ahfaeng8yohb9ceu0daez"
    "5hashee8ooYai5wa3y"
)
WEB = {"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}
PREVIOUS = {
    "interfaces": [{"name": "host"}, {"name": "eth0", "sandbox": "/run/netns/c1"}],
    "ips": [{"interface": 1, "address": "10.0.0.2/24"}],
}
ALL_THREE = "[externalSetMarkChain conditionsV4 conditionsV6]"
IPTABLES_ONLY = "configuration contains iptables-specific options"
NFTABLES_ONLY = "configuration contains nftables-specific options"
PORT = "runtimeConfig.portMappings[1].hostPort"
WRONG_TYPE = "failed to parse network configuration: key"


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A directory for PATH whose iptables and nft change nothing and write down that they were called."""
    script = f'#!/bin/sh\necho "$0 $*" >> {tmp_path}/log\necho "iptables v1.8.9"\n'
    for name in ("iptables", "iptables-save", "iptables-restore", "nft"):
        program = tmp_path / name
        program.write_text(script.replace("iptables v1.8.9", "nftables v1.0.6") if name == "nft" else script)
        program.chmod(0o755)
    return tmp_path


def call(
    plugins_dir: str,
    programs: Path,
    command: str,
    configuration: Mapping[str, Any],
    ports: Sequence[Mapping[str, Any]] = (WEB,),
    previous: Mapping[str, Any] | None = PREVIOUS,
) -> tuple[int, str]:
    """Run portmap where it must fail; return code and message of its error object.

    Without snat, so that even a success would not change this machine.
    """
    members = {
        "snat": False,
        "cniVersion": "1.0.0",
        "name": "net",
        "type": "portmap",
        "runtimeConfig": {"portMappings": list(ports)},
        "prevResult": previous,
        **configuration,
    }
    environment = {
        "PATH": str(programs),
        "CNI_COMMAND": command,
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/run/netns/nobody-made-it",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": plugins_dir,
    }
    done = subprocess.run(
        [f"{plugins_dir}/portmap"],
        env=environment,
        input=json.dumps(members),
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stdout
    error = json.loads(done.stdout)
    return error["code"], error["msg"]


def changes(programs: Path) -> list[str]:
    """Return the calls of programs that could have left something behind."""
    log = programs / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    return [
        line for line in lines if not line.endswith(("--version", "-S INPUT 1 --wait 30", "--check -f -"))
    ]


@pytest.mark.parametrize("command", ["ADD", "CHECK", "DEL"])
@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        (
            {"snat": "yes"},
            f'{WRONG_TYPE} "snat": expected true or false, found string "yes"',
        ),
        (
            {"markMasqBit": 13, "externalSetMarkChain": "KUBE-MARK-MASQ"},
            "Cannot specify externalSetMarkChain and markMasqBit",
        ),
        ({"markMasqBit": 32}, "MasqMarkBit must be between 0 and 31"),
        ({"markMasqBit": -1}, "MasqMarkBit must be between 0 and 31"),
        (
            {"backend": "iptables", "conditionsV4": ["iifname", "eth0"], "conditionsV6": ["iifname", "eth0"]},
            f"iptables backend was requested but {NFTABLES_ONLY} [conditionsV4 conditionsV6]",
        ),
        (
            {
                "backend": "nftables",
                "externalSetMarkChain": "PLZ",
                "conditionsV4": ["-i", "eth0"],
                "conditionsV6": ["!", "-i", "eth0"],
            },
            f"nftables backend was requested but {IPTABLES_ONLY} {ALL_THREE}",
        ),
        (
            {"backend": "foo", "conditionsV6": ["-i", "eth0"]},
            f"foo backend was requested but {IPTABLES_ONLY} [conditionsV6]",
        ),
        ({"backend": "foo"}, 'unrecognized backend "foo"'),
        ({"backend": "", "conditionsV4": [], "conditionsV6": [""]}, 'unrecognized backend ""'),
    ],
)
def test_a_configuration_that_makes_no_sense_is_refused(
    command: str, configuration: dict[str, Any], message: str, plugins_dir: str, programs: Path
) -> None:
    """Code 7 and the Go plugins' words, which CHECK does not lead by `failed to parse config`."""
    lead = "" if command == "CHECK" else "failed to parse config: "
    assert call(plugins_dir, programs, command, configuration) == (7, lead + message)
    assert changes(programs) == []


@pytest.mark.parametrize("command", ["ADD", "CHECK", "DEL"])
@pytest.mark.parametrize(
    ("port", "message"),
    [
        ({"hostPort": 8080, "protocol": "tcp"}, "Invalid container port number: 0"),
        ({**WEB, "containerPort": -1}, "Invalid container port number: -1"),
        ({"containerPort": 80, "protocol": "tcp"}, "Invalid host port number: 0"),
        ({**WEB, "hostPort": -5}, "Invalid host port number: -5"),
        (
            {**WEB, "hostPort": "8080"},
            f'{WRONG_TYPE} "{PORT}": expected a whole number, found string "8080"',
        ),
    ],
)
def test_a_port_that_is_none_is_refused(
    command: str, port: dict[str, Any], message: str, plugins_dir: str, programs: Path
) -> None:
    """By every command, wherever in the list it stands."""
    lead = "" if command == "CHECK" else "failed to parse config: "
    assert call(plugins_dir, programs, command, {}, [WEB, port]) == (7, lead + message)
    assert changes(programs) == []


@pytest.mark.parametrize(
    ("port", "message"),
    [
        ({**WEB, "hostPort": 70000}, "Invalid host port number: 70000"),
        ({**WEB, "containerPort": 65536}, "Invalid container port number: 65536"),
        ({"hostPort": 8080, "containerPort": 80}, 'unknown protocol "" specified'),
        ({**WEB, "protocol": "tcp; flush ruleset"}, 'unknown protocol "tcp; flush ruleset" specified'),
        ({**WEB, "hostIP": "bogus"}, "Invalid host IP: bogus"),
        ({**WEB, "hostIP": "fe80::1%eth0"}, "Invalid host IP: fe80::1%eth0"),
    ],
)
def test_add_refuses_what_no_rule_can_hold(
    port: dict[str, Any], message: str, plugins_dir: str, programs: Path
) -> None:
    """Before anything is made, and not with the words of whichever program would have failed."""
    assert call(plugins_dir, programs, "ADD", {}, [port]) == (7, f"failed to parse config: {message}")
    assert changes(programs) == []


def test_the_first_error_is_the_one_reported(plugins_dir: str, programs: Path) -> None:
    """Types, prevResult, mark, backend, ports: in that order."""
    wrong: dict[str, Any] = {"markMasqBit": 99, "externalSetMarkChain": "PLZ", "backend": "foo"}
    other_family = {**PREVIOUS, "cniVersion": "0.4.0"}
    lead = "failed to parse config: "

    def message(**changed: Any) -> str:
        return call(plugins_dir, programs, "ADD", {**wrong, **changed}, [{}], other_family)[1]

    assert message(snat=1).startswith(f"{lead}failed to parse network configuration: ")
    assert message() == (
        f"{lead}could not parse prevResult: "
        'result type supports [1.0.0 1.1.0] but unmarshalled CNIVersion is "0.4.0"'
    )
    assert message(prevResult=None) == f"{lead}Cannot specify externalSetMarkChain and markMasqBit"
    del wrong["externalSetMarkChain"]
    assert message(prevResult=None) == f"{lead}MasqMarkBit must be between 0 and 31"
    del wrong["markMasqBit"]
    assert message(prevResult=None) == f'{lead}unrecognized backend "foo"'
    del wrong["backend"]
    assert message(prevResult=None) == f"{lead}Invalid container port number: 0"


def test_a_previous_result_is_needed(plugins_dir: str, programs: Path) -> None:
    """By ADD and CHECK even without ports to forward."""
    assert call(plugins_dir, programs, "ADD", {}, (), None) == (7, "must be called as chained plugin")
    assert call(plugins_dir, programs, "CHECK", {}, (), None) == (7, "Required prevResult missing")


def test_conditions_must_be_for_the_backend_that_is_chosen(plugins_dir: str, programs: Path) -> None:
    """With iptables at hand nft's conditions are refused; with nft alone those of iptables are."""
    chosen = f"failed to parse config: iptables backend was requested but {NFTABLES_ONLY} [conditionsV4]"
    assert call(plugins_dir, programs, "ADD", {"conditionsV4": ["iifname", "eth0"]}) == (7, chosen)
    assert changes(programs) == []
    for name in ("iptables", "iptables-save", "iptables-restore"):
        (programs / name).unlink()
    left = f"nftables backend was requested but {IPTABLES_ONLY} [externalSetMarkChain]"
    assert call(plugins_dir, programs, "ADD", {"externalSetMarkChain": "PLZ"}) == (7, left)
    assert changes(programs) == []


@pytest.mark.parametrize(
    ("configuration", "message"),
    [
        ({}, 'failed to open iptables: exec: "iptables": executable file not found in $PATH'),
        (
            {"backend": "nftables"},
            'could not find nftables binary: exec: "nft": executable file not found in $PATH',
        ),
    ],
)
def test_a_missing_program_is_named(
    configuration: dict[str, Any], message: str, plugins_dir: str, tmp_path: Path
) -> None:
    """Where neither backend can be used, iptables is the one that is missed."""
    assert call(plugins_dir, tmp_path, "ADD", configuration) == (999, message)


def config(**members: Any) -> PortmapConfig:
    """Return a configuration with the given keys."""
    return PortmapConfig(Document({"name": "net", "type": "portmap", **members}))


@pytest.mark.parametrize(
    ("bit", "mark"),
    [(None, "0x2000"), (13, "0x2000"), (0, "0x1"), (5, "0x20"), (14, "0x4000"), (31, "0x80000000")],
)
def test_the_mark_is_one_bit(bit: int | None, mark: str) -> None:
    """Given by its number, 13 by default; value and mask are the same."""
    assert config(markMasqBit=bit).mark == f"{mark}/{mark}"


@pytest.mark.parametrize(
    ("words", "flavour"),
    [
        (["-i", "eth0"], "iptables"),
        (["!", "-s", "10.0.0.0/8"], "iptables"),
        (["iifname", "eth0"], "nftables"),
        ([], ""),
        ([""], ""),
    ],
)
def test_the_first_character_tells_whose_conditions_they_are(words: list[str], flavour: str) -> None:
    """A dash or an exclamation mark is iptables; nothing at all fits both."""
    described = config(conditionsV4=words)
    assert [one for one in ("iptables", "nftables") if described.options_of(one)] == [flavour] * bool(flavour)


def test_keys_match_in_any_case() -> None:
    """containerd writes HostPort, ContainerPort, Protocol and HostIP."""
    described = config(
        RuntimeConfig={
            "PortMappings": [{"HostPort": 1, "ContainerPort": 2, "Protocol": "udp", "HostIP": "10.0.0.1"}]
        }
    )
    (mapping,) = described.port_mappings
    assert (mapping.host_port, mapping.container_port, mapping.protocol, mapping.host_ip) == (
        1,
        2,
        "udp",
        "10.0.0.1",
    )


@pytest.mark.parametrize(
    ("host_ip", "for_ipv4", "for_ipv6"),
    [
        ("", "", ""),
        ("192.168.0.2", "192.168.0.2", None),
        ("::ffff:192.168.0.2", "192.168.0.2", None),
        ("2001:DB8:A::1", None, "2001:db8:a::1"),
        ("0.0.0.0", "", None),
        ("::", None, ""),
        ("0:0::0", None, ""),
    ],
)
def test_a_host_ip_chooses_the_family(host_ip: str, for_ipv4: str | None, for_ipv6: str | None) -> None:
    """The unspecified address of a family is all addresses of that family."""
    described = config(runtimeConfig={"portMappings": [{**WEB, "hostIP": host_ip}]})
    (mapping,) = described.port_mappings
    assert (mapping.destination(4), mapping.destination(6)) == (for_ipv4, for_ipv6)


@pytest.mark.parametrize(
    ("network", "container_id", "prefix", "name"),
    [
        ("mynet", "cid1", "CNI-DN-", "CNI-DN-a631aa8e1549a3b129110"),
        ("mynet", "cid1", "CNI-SN-", "CNI-SN-a631aa8e1549a3b129110"),
        ("testNetName", LONG_ID, "CNI-DN-", "CNI-DN-bfd599665540dd91d5d28"),
        ("test", LONG_ID, "CNI-DN-", "CNI-DN-67e92b96e692a494b6b85"),
    ],
)
def test_chains_have_the_names_of_the_go_plugins(
    network: str, container_id: str, prefix: str, name: str
) -> None:
    """Or neither could remove what the other made."""
    assert portmap_iptables.chain_name(network, container_id, prefix) == name


@pytest.mark.parametrize(
    ("ips", "chosen"),
    [
        (  # the first of each family that is of the container's interface
            [(0, "10.0.0.1/24"), (1, "2001:db8:1::2/64"), (1, "10.0.0.2/24"), (1, "10.0.0.3/24")],
            {4: "10.0.0.2/24", 6: "2001:db8:1::2/64"},
        ),
        ([(None, "192.168.1.12/24")], {4: "192.168.1.12/24"}),  # an address that belongs to no interface
        ([(7, "192.168.1.13/24")], {4: "192.168.1.13/24"}),  # or to one that is not listed
        ([(2, "10.0.0.9/24"), (0, "10.0.0.1/24")], {}),  # of another interface, or of the node's
    ],
)
def test_the_containers_addresses(ips: list[tuple[int | None, str]], chosen: dict[int, str]) -> None:
    """What is certainly of another interface does not count; the prefix length is kept."""
    interfaces = [
        {"name": "host0"},
        {"name": "eth0", "sandbox": "/run/netns/c1"},
        {"name": "eth1", "sandbox": "/run/netns/c1"},
    ]
    previous: dict[str, Any] = {
        "interfaces": interfaces,
        "ips": [
            {"address": address} | ({} if index is None else {"interface": index}) for index, address in ips
        ],
    }
    request = Request("ADD", Document({}), container_id="c1", ifname="eth0")
    found = portmap._container_addresses(request, Result.read("1.0.0", Document(previous)))
    assert {version: str(address) for version, address in found.items()} == chosen
