"""host-local refuses a configuration that makes no sense, in the words of the Go plugin, and does nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnictl.spec.document import Document
from cnictl_plugins.ipam.host_local_config import RangeConfig
from tests import refused as cases
from tests.program import Program
from tests.refused import Refused

CASES = cases.by("host-local")


@pytest.fixture
def host_local(plugins_dir: str) -> Program:
    return Program(f"{plugins_dir}/host-local")


@cases.each(CASES)
def test_add_refuses(refused: Refused, host_local: Program, tmp_path: Path):
    """ADD answers the text and the code, and makes not even a directory."""
    data = tmp_path / "data"
    answer = host_local("ADD", refused.configuration("host-local", str(data)), args=refused.args)
    assert answer.error == (refused.code, refused.text)
    assert not data.exists()


@pytest.mark.parametrize("verb", ["CHECK", "STATUS"])
def test_looking_refuses_as_well(verb: str, host_local: Program, tmp_path: Path):
    """CHECK and STATUS read the same configuration with the same eyes."""
    configuration = {
        "cniVersion": "1.1.0", "name": "net", "type": "any",
        "ipam": {"type": "host-local", "dataDir": str(tmp_path / "data"), "ranges": [[]]},
    }  # fmt: skip
    assert host_local(verb, configuration).error == (7, "invalid range set 0: empty range set")


@cases.each([one for one in CASES if one.ipam is not None and one.code == 7])
def test_del_releases_all_the_same(refused: Refused, host_local: Program, tmp_path: Path):
    """A configuration that has become invalid since ADD does not keep the address for ever."""
    data = tmp_path / "data"
    (data / "net").mkdir(parents=True)
    (data / "net" / "10.9.9.9").write_bytes(b"c1\r\neth0")
    assert host_local("DEL", refused.configuration("host-local", str(data))).status == 0
    assert not (data / "net" / "10.9.9.9").exists()


def test_del_needs_to_know_where(host_local: Program):
    """Without `ipam` nobody can tell which directory is meant."""
    answer = host_local("DEL", {"cniVersion": "1.0.0", "name": "net", "type": "any"})
    assert answer.error == (7, "IPAM config missing 'ipam' key")


@pytest.mark.parametrize(
    ("configured", "addresses"),
    [
        ({"ranges": [[{"subnet": "10.1.2.0/24"}]]}, ["10.1.2.2/24"]),
        ({"subnet": "10.1.2.0/24"}, ["10.1.2.2/24"]),
        ({"SUBNET": "10.1.2.0/24", "rangestart": "10.1.2.9"}, ["10.1.2.9/24"]),
        ({"subnet": "10.1.2.0/24", "gateway": "", "rangeEnd": None}, ["10.1.2.2/24"]),
        ({"subnet": "10.1.2.0/30"}, ["10.1.2.2/30"]),
        ({"subnet": "2001:db8::/126"}, ["2001:db8::2/126"]),
        ({"subnet": "2001:db8:1:0::/64"}, ["2001:db8:1::2/64"]),
        ({"subnet": "255.255.255.252/30"}, ["255.255.255.254/30"]),
        ({"subnet": "10.1.2.0/24", "gateway": "10.1.2.254"}, ["10.1.2.1/24"]),
        ({"subnet": "10.1.2.0/24", "gateway": "2001:db8::1"}, ["10.1.2.1/24"]),
        ({"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.0", "rangeEnd": "10.1.2.255"}, ["10.1.2.0/24"]),
        (
            {
                "ranges": [
                    [{"subnet": "10.1.2.0/24"}, {"subnet": "10.2.2.0/24"}],
                    [{"subnet": "2001:db8:1::/64"}],
                ]
            },
            ["10.1.2.2/24", "2001:db8:1::2/64"],
        ),
        (
            {
                "ranges": [
                    [{"subnet": "10.1.2.0/24", "rangeEnd": "10.1.2.127"}],
                    [{"subnet": "10.1.2.0/24", "rangeStart": "10.1.2.128"}],
                ]
            },
            ["10.1.2.2/24", "10.1.2.128/24"],
        ),
    ],
)  # fmt: skip
def test_ranges(configured: dict[str, object], addresses: list[str], host_local: Program, tmp_path: Path):
    """What is left out has its default; null and "" are left out; keys match in any case."""
    configuration = {
        "cniVersion": "1.0.0", "name": "net", "type": "any",
        "ipam": {"type": "host-local", "dataDir": str(tmp_path), **configured},
    }  # fmt: skip
    assert host_local("ADD", configuration).addresses == addresses


@pytest.mark.parametrize(
    ("subnet", "expected", "gateway"),
    [
        ("192.0.2.0/24", "192.0.2.1-192.0.2.254", "192.0.2.1"),
        ("192.0.2.0/25", "192.0.2.1-192.0.2.126", "192.0.2.1"),
        ("192.0.2.128/30", "192.0.2.129-192.0.2.130", "192.0.2.129"),
        ("2001:DB8:1::/64", "2001:db8:1::1-2001:db8:1:0:ffff:ffff:ffff:ffff", "2001:db8:1::1"),
        ("::/64", "::1-::ffff:ffff:ffff:ffff", "::1"),
    ],
)
def test_defaults_of_a_range(subnet: str, expected: str, gateway: str):
    """From the second address to the last; IPv4 keeps its broadcast address out, IPv6 has none."""
    filled = RangeConfig(Document({"subnet": subnet})).range()
    assert (str(filled), str(filled.gateway)) == (expected, gateway)


def test_the_order_of_range_sets(host_local: Program, tmp_path: Path):
    """Those of the runtime, then the legacy range, then `ranges`; last addresses are numbered by it."""
    configuration = {
        "cniVersion": "1.0.0", "name": "net", "type": "any",
        "RuntimeConfig": {"ipRanges": [[{"subnet": "10.4.0.0/24"}]]},
        "ipam": {
            "type": "host-local", "dataDir": str(tmp_path),
            "subnet": "10.1.2.0/24", "ranges": [[{"subnet": "10.3.0.0/24"}]],
        },
    }  # fmt: skip
    assert host_local("ADD", configuration).addresses == ["10.4.0.2/24", "10.1.2.2/24", "10.3.0.2/24"]
    last = {path.name[-1]: path.read_text() for path in (tmp_path / "net").glob("last_reserved_ip.*")}
    assert last == {"0": "10.4.0.2", "1": "10.1.2.2", "2": "10.3.0.2"}


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_one_of_each_family_in_old_versions(version: str, host_local: Program, tmp_path: Path):
    """One IPv4 and one IPv6 set are as much as these versions can say."""
    configuration = {
        "cniVersion": version, "name": "net", "type": "any",
        "ipam": {
            "type": "host-local", "dataDir": str(tmp_path),
            "ranges": [[{"subnet": "10.1.2.0/24"}], [{"subnet": "2001:db8::/64"}]],
        },
    }  # fmt: skip
    result = host_local("ADD", configuration).result
    assert (result["ip4"]["ip"], result["ip6"]["ip"]) == ("10.1.2.2/24", "2001:db8::2/64")
