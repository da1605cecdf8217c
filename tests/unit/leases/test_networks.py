"""Which networks there are, by configurations, cache and directories."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cnictl.leases.networks import Network, networks
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache
from cnictl.spec.address import Address


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    made = tmp_path / "net.d"
    made.mkdir()
    return made


def ipam(data: Path, *subnets: str, **keys: Any) -> dict[str, Any]:
    ranges = [[{"subnet": one}] for one in subnets]
    return {"type": "host-local", "dataDir": str(data), "ranges": ranges, **keys}


def write(conf: Path, name: str, *plugins: dict[str, Any], file: str = "") -> None:
    members = {"cniVersion": "1.0.0", "name": name, "plugins": list(plugins)}
    (conf / (file or f"{name}.conflist")).write_text(json.dumps(members))


def found(conf: Path, data: Path, **more: Any) -> list[Network]:
    every = networks(str(conf), data_dirs=[str(data)], **more).found
    return [one for one in every if one.directory.startswith(str(data))]


def test_range_sets_in_the_plugins_own_order(conf: Path, tmp_path: Path):
    """The single range first, as `last_reserved_ip` is numbered; plugins without host-local have none."""
    section = ipam(tmp_path, "10.2.0.0/24", "fd00::/64", subnet="10.1.0.0/24")
    write(conf, "net", {"type": "bridge", "ipam": section}, {"type": "portmap"})
    write(conf, "other", {"type": "bridge", "ipam": {"type": "dhcp"}})
    (one,) = found(conf, tmp_path)
    assert (one.name, one.directory) == ("net", f"{tmp_path}/net")
    assert [str(ranges) for ranges in one.sets] == [
        "10.1.0.1-10.1.0.254",
        "10.2.0.1-10.2.0.254",
        "fd00::1-fd00::ffff:ffff:ffff:ffff",
    ]
    assert one.is_foreign(Address.parse("10.3.0.1"))
    assert not one.is_foreign(Address.parse("fd00::9"))


def test_directories_without_a_configuration(conf: Path, tmp_path: Path):
    """Are shown where host-local has been, and nowhere else; links are not followed."""
    data = tmp_path / "data"
    for name, file in (("a", "lock"), ("b", "10.1.0.2"), ("c", "last_reserved_ip.0"), ("d", "notes")):
        (data / name).mkdir(parents=True)
        (data / name / file).touch()
    (data / "e").symlink_to(data / "a")
    assert [(one.name, one.sources) for one in found(conf, data)] == [("a", ()), ("b", ()), ("c", ())]
    assert not found(conf, data)[0].is_foreign(Address.parse("10.3.0.1"))


def test_ranges_that_cannot_be(conf: Path, tmp_path: Path):
    """Are not known, so that no address is foreign."""
    write(conf, "net", {"type": "bridge", "ipam": ipam(tmp_path, "10.1.0.1/24")})
    (one,) = found(conf, tmp_path)
    assert "host bits set" in one.sources[0].problem
    assert one.sets == ()
    assert not one.is_foreign(Address.parse("10.3.0.1"))


def test_ranges_that_the_runtime_says(conf: Path, tmp_path: Path):
    """Are not known either, and nothing is wrong with that."""
    write(conf, "net", {"type": "bridge", "capabilities": {"ipRanges": True}, "ipam": ipam(tmp_path)})
    (one,) = found(conf, tmp_path)
    assert one.sources[0].problem == "the runtime says the ranges (capability ipRanges)"


def test_two_configurations_of_one_name(conf: Path, tmp_path: Path):
    """Share a directory: what is in a range of either is not foreign."""
    write(conf, "net", {"type": "bridge", "ipam": ipam(tmp_path, "10.1.0.0/24")}, file="a.conflist")
    write(conf, "net", {"type": "bridge", "ipam": ipam(tmp_path, "10.2.0.0/24")}, file="b.conflist")
    (one,) = found(conf, tmp_path)
    assert [source.path for source in one.sources] == [f"{conf}/a.conflist", f"{conf}/b.conflist"]
    assert not one.is_foreign(Address.parse("10.2.0.9"))


def test_a_configuration_that_only_the_cache_has(conf: Path, tmp_path: Path):
    """A network that was removed while containers are attached; one that is there counts as it is now."""
    cache = Cache(str(tmp_path / "cache"))
    for name, subnet in (("gone", "10.5.0.0/24"), ("net", "10.6.0.0/24")):
        plugin = {"type": "bridge", "ipam": ipam(tmp_path, subnet)}
        config = json.dumps({"cniVersion": "1.0.0", "name": name, "plugins": [plugin]})
        cache.write(name, Attachment("c1", "", "eth0"), config.encode(), None)
    write(conf, "net", {"type": "bridge", "ipam": ipam(tmp_path, "10.1.0.0/24")})
    both = found(conf, tmp_path, cached=cache.listing().attachments)
    assert [(one.name, str(one.sets[0])) for one in both] == [
        ("gone", "10.5.0.1-10.5.0.254"),
        ("net", "10.1.0.1-10.1.0.254"),
    ]


def test_flannel_has_its_ranges_from_the_lease(conf: Path, tmp_path: Path):
    """And none while there is no lease."""
    lease = tmp_path / "subnet.env"
    plugin = {"type": "flannel", "subnetFile": str(lease), "ipam": {"dataDir": str(tmp_path)}}
    write(conf, "cbr0", plugin)
    (before,) = found(conf, tmp_path)
    assert before.sources[0].problem.startswith("no IP ranges specified")
    lines = ("NETWORK=10.42.0.0/16", "SUBNET=10.42.7.1/24", "MTU=1450", "IPMASQ=true")
    lease.write_text("".join(f"FLANNEL_{line}\n" for line in lines))
    (one,) = found(conf, tmp_path)
    assert (one.name, str(one.sets[0])) == ("cbr0", "10.42.7.1-10.42.7.254")


def test_networks_of_multus(conf: Path, tmp_path: Path):
    """Single plugins and lists, with their own names or that of the whole."""
    single = {"name": "first", "type": "bridge", "ipam": ipam(tmp_path, "10.1.0.0/24")}
    listed = {"name": "second", "plugins": [{"type": "ptp", "ipam": ipam(tmp_path, "10.2.0.0/24")}]}
    write(conf, "two", {"type": "multus", "delegates": [single, listed]})
    assert [one.name for one in found(conf, tmp_path)] == ["first", "second"]


@pytest.mark.parametrize(
    ("name", "section", "words"),
    [
        ("../etc", {"subnet": "10.1.0.0/24"}, "cannot have a directory"),
        ("net", {"subnet": "10.1.0.0/24", "dataDir": "here"}, "not an absolute path"),
    ],
)
def test_names_that_lead_elsewhere(conf: Path, name: str, section: dict[str, str], words: str):
    """Are told, and not looked at."""
    (conf / "1.conf").write_text(
        json.dumps(
            {"cniVersion": "1.0.0", "name": name, "type": "ptp", "ipam": {"type": "host-local", **section}}
        )
    )
    made = networks(str(conf))
    assert not [one for one in made.found if one.sources]
    assert words in made.problems[0]
