"""host-local gives addresses out, takes them back, and says when it cannot."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from cnictl.spec import versions
from tests.program import Program

SUBNET = [{"subnet": "10.1.2.0/24"}]
SMALL = [{"subnet": "192.168.1.0/29"}]
SIX = [{"subnet": "2001:db8:1::/64"}]


@pytest.fixture
def host_local(plugins_dir: str) -> Program:
    return Program(f"{plugins_dir}/host-local")


@pytest.fixture
def net(tmp_path: Path) -> Path:
    """The directory of the network `net`."""
    return tmp_path / "net"


def configuration(
    net: Path, *ranges: list[dict[str, str]], version: str = "1.1.0", **more: Any
) -> dict[str, Any]:
    """A configuration with these range sets; members of `ipam` go into it, others beside it."""
    ipam: dict[str, Any] = {"type": "host-local", "dataDir": str(net.parent), "ranges": list(ranges)}
    for key in ("routes", "resolvConf"):
        if key in more:
            ipam[key] = more.pop(key)
    return {"cniVersion": version, "name": net.name, "type": "any", "ipam": ipam, **more}


def files(net: Path) -> dict[str, str]:
    """Every file but the lock, with its content."""
    return {path.name: path.read_bytes().decode() for path in net.iterdir() if path.name != "lock"}


def wanting(*ips: str) -> dict[str, Any]:
    return {"runtimeConfig": {"ips": list(ips)}}


def valid(*attachments: tuple[str, str]) -> dict[str, Any]:
    return {"cni.dev/valid-attachments": [{"containerID": one, "ifname": two} for one, two in attachments]}


def test_one_address_of_each_set(host_local: Program, net: Path, tmp_path: Path):
    """The Result has addresses, gateways, routes and resolver settings; the files say whose they are."""
    (tmp_path / "resolv.conf").write_text("nameserver 192.0.2.3\nsearch a.example\noptions ndots:5\n")
    given = configuration(
        net, [*SUBNET, {"subnet": "10.2.2.0/24"}], SIX,
        routes=[{"dst": "0.0.0.0/0"}, {"dst": "192.168.0.1/16", "gw": "10.1.2.9", "priority": 7}],
        resolvConf=str(tmp_path / "resolv.conf"),
    )  # fmt: skip
    answer = host_local("ADD", given)
    assert answer.result == {
        "cniVersion": "1.1.0",
        "ips": [
            {"address": "10.1.2.2/24", "gateway": "10.1.2.1"},
            {"address": "2001:db8:1::2/64", "gateway": "2001:db8:1::1"},
        ],
        "routes": [{"dst": "0.0.0.0/0"}, {"dst": "192.168.0.1/16", "gw": "10.1.2.9", "priority": 7}],
        "dns": {"nameservers": ["192.0.2.3"], "search": ["a.example"], "options": ["ndots:5"]},
    }
    assert answer.stderr == ""
    assert files(net) == {
        "10.1.2.2": "c1\r\neth0",
        "2001:db8:1::2": "c1\r\neth0",
        "last_reserved_ip.0": "10.1.2.2",
        "last_reserved_ip.1": "2001:db8:1::2",
    }


@pytest.mark.parametrize("version", versions.SUPPORTED)
def test_every_version(version: str, host_local: Program, net: Path):
    """ADD and DEL work in all versions, the Result is in the configuration's, CHECK since 0.4.0."""
    given = configuration(net, SUBNET, version=version)
    result = host_local("ADD", given).result
    assert result["cniVersion"] == version
    old = {"ip": "10.1.2.2/24", "gateway": "10.1.2.1"}
    new = {"address": "10.1.2.2/24", "gateway": "10.1.2.1"}
    if version in ("0.1.0", "0.2.0"):
        assert result["ip4"] == old
    else:
        assert result["ips"] == [{"version": "4", **new} if version < "1" else new]
    checked = host_local("CHECK", {**given, "prevResult": result})
    if versions.at_least(version, "0.4.0"):
        assert checked.status == 0
    else:
        assert checked.error == (1, "config version does not allow CHECK")
    assert host_local("DEL", given).status == 0
    assert files(net) == {"last_reserved_ip.0": "10.1.2.2"}


def test_a_second_add_without_a_del(host_local: Program, net: Path):
    """It is refused and changes nothing; other containers and other interfaces go on."""
    given = configuration(net, SUBNET)
    host_local("ADD", given)
    before = files(net)
    text = "10.1.2.2 has been allocated to c1, duplicate allocation is not allowed"
    assert host_local("ADD", given).error == (999, f"failed to allocate for range 0: {text}")
    assert files(net) == before
    assert host_local("ADD", given, container="c2").addresses == ["10.1.2.3/24"]
    assert host_local("ADD", given, ifname="net1").addresses == ["10.1.2.4/24"]


def test_a_file_of_an_old_release_counts_as_an_address(host_local: Program, net: Path):
    """One with the id alone keeps its container from a second address, satisfies CHECK, and goes with DEL."""
    given = configuration(net, SUBNET)
    host_local("ADD", given)
    (net / "10.1.2.2").write_text("c1\n")
    assert host_local("ADD", given).error[1].endswith("duplicate allocation is not allowed")
    assert host_local("CHECK", given).status == 0
    assert host_local("CHECK", {**given, "prevResult": {"ips": [{"address": "10.1.2.2/24"}]}}).status == 0
    assert host_local("DEL", given).status == 0
    assert files(net) == {"last_reserved_ip.0": "10.1.2.2"}


def test_an_old_file_beside_a_new_one_may_be_another_interfaces(host_local: Program, net: Path):
    """DEL takes what is the attachment's for sure; only without that it takes what may be."""
    given = configuration(net, SUBNET)
    host_local("ADD", given)
    (net / "10.1.2.77").write_text("c1")
    assert host_local("DEL", given).status == 0
    assert set(files(net)) == {"10.1.2.77", "last_reserved_ip.0"}
    assert host_local("DEL", given, ifname="net1").status == 0
    assert set(files(net)) == {"last_reserved_ip.0"}


def test_networks_have_nothing_to_do_with_one_another(host_local: Program, tmp_path: Path):
    """One container has an address in each; releasing one keeps the other.  Dots in a name are no path."""
    one, other = tmp_path / "one", tmp_path / "a..b"
    for net in (one, other):
        assert host_local("ADD", configuration(net, SUBNET)).addresses == ["10.1.2.2/24"]
    assert host_local("DEL", configuration(one, SUBNET)).status == 0
    assert "10.1.2.2" not in files(one)
    assert "10.1.2.2" in files(other)


@pytest.mark.parametrize("name", ["..", "../net", "a/b", ".net", ""])
def test_a_network_name_is_no_path(name: str, host_local: Program, net: Path):
    """A name that would lead out of the data directory is refused before anything is touched."""
    assert host_local("ADD", {**configuration(net, SUBNET), "name": name}).error[0] == 7
    assert os.listdir(net.parent) == []


def test_del_again_and_del_of_nobody(host_local: Program, net: Path):
    """Both succeed.  Where nothing was ever reserved nothing is made."""
    given = configuration(net, SUBNET)
    assert host_local("DEL", given).status == 0
    assert not net.exists()
    host_local("ADD", given)
    for _ in range(2):
        assert host_local("DEL", given).status == 0
    assert host_local("DEL", given, container="nobody").status == 0


def test_del_releases_addresses_of_former_ranges(host_local: Program, net: Path):
    """What the configuration says by now does not matter; the files do."""
    host_local("ADD", configuration(net, SUBNET, SIX))
    assert host_local("DEL", configuration(net, SMALL)).status == 0
    assert set(files(net)) == {"last_reserved_ip.0", "last_reserved_ip.1"}


def test_an_address_just_released_comes_last(host_local: Program, net: Path):
    """Addresses are given out in turn, until there is no other one; the broadcast address never is."""
    given = configuration(net, SMALL)
    for expected in (2, 3, 4, 5, 6, 2):
        assert host_local("ADD", given).addresses == [f"192.168.1.{expected}/29"]
        host_local("DEL", given)


def test_when_all_are_taken(host_local: Program, net: Path):
    """The error names the set, its details the directory; the code says that it may be better later."""
    given = configuration(net, [{"subnet": "10.7.0.0/30"}])
    host_local("ADD", given)
    answer = host_local("ADD", given, container="c2")
    text = "failed to allocate for range 0: no IP addresses available in range set: 10.7.0.1-10.7.0.2"
    assert answer.error == (11, text)
    assert f"all 1 addresses are reserved in {net}" in answer.members["details"]
    host_local("DEL", given)
    assert host_local("ADD", given, container="c2").addresses == ["10.7.0.2/30"]


def test_a_range_of_the_gateway_alone(host_local: Program, net: Path):
    """There is no address in it, and that is what the details say."""
    answer = host_local("ADD", configuration(net, [{"subnet": "10.8.0.0/24", "rangeEnd": "10.8.0.1"}]))
    text = "failed to allocate for range 0: no IP addresses available in range set: 10.8.0.1-10.8.0.1"
    assert answer.error == (11, text)
    assert answer.members["details"] == "there is nothing in it but the gateway"


def test_the_one_free_address_of_many_is_found(host_local: Program, net: Path):
    """Wherever it lies, behind hundreds that are taken."""
    net.mkdir()
    given = configuration(net, [{"subnet": "10.5.0.0/23"}])
    for number in range(2, 511):
        (net / f"10.5.{number // 256}.{number % 256}").touch()
    (net / "10.5.1.3").unlink()
    (net / "last_reserved_ip.0").write_text("10.5.1.4")
    assert host_local("ADD", given).addresses == ["10.5.1.3/23"]
    assert host_local("ADD", given, container="c2").error[0] == 11


@pytest.mark.parametrize(
    ("last", "taken", "expected"),
    [
        ("3", "4 5", "6"),
        ("5", "6", "2"),
        ("128", "2", "3"),
        ("3", "2 4 5 6", "3"),
        ("6", "2 3", "4"),
    ],
)
def test_the_search_begins_behind_the_last(
    last: str, taken: str, expected: str, host_local: Program, net: Path
):
    """It passes over what is taken, and comes round to the last one itself at the very end."""
    net.mkdir()
    (net / "last_reserved_ip.0").write_text(f"192.168.1.{last}")
    for number in taken.split():
        (net / f"192.168.1.{number}").touch()
    assert host_local("ADD", configuration(net, SMALL)).addresses == [f"192.168.1.{expected}/29"]


@pytest.mark.parametrize(
    ("last", "expected"), [("192.168.1.4\n", 2), ("10.9.9.9", 2), ("nonsense", 2), ("192.168.1.4", 5)]
)
def test_a_last_address_that_means_nothing(last: str, expected: int, host_local: Program, net: Path):
    """One that is not an address, or lies elsewhere, is passed over without a word."""
    net.mkdir()
    (net / "last_reserved_ip.0").write_text(last)
    answer = host_local("ADD", configuration(net, SMALL))
    assert answer.addresses == [f"192.168.1.{expected}/29"]
    assert answer.stderr == ""


def test_a_last_address_that_cannot_be_read(host_local: Program, net: Path):
    """It is reported on stderr; then, as it cannot be written either, the reservation is taken back."""
    (net / "last_reserved_ip.0").mkdir(parents=True)
    answer = host_local("ADD", configuration(net, SMALL))
    assert "Error retrieving last reserved ip: read " in answer.stderr
    text = f"failed to allocate for range 0: open {net}/last_reserved_ip.0: is a directory"
    assert answer.error == (5, text)
    assert set(os.listdir(net)) == {"lock", "last_reserved_ip.0"}


@pytest.mark.parametrize(
    ("args", "more"),
    [
        ("IP=10.1.2.88", {}),
        ("IP=10.1.2.88/16", {}),
        ("IgnoreUnknown=1;K8S_POD_NAME=p;IP=10.1.2.88", {}),
        ("", wanting("10.1.2.88")),
        ("", wanting("10.1.2.88/24", "10.1.2.88")),
        ("", wanting("::ffff:10.1.2.88")),
        ("", {"args": {"cni": {"ips": ["10.1.2.88"], "labels": [{"key": "app", "value": "a"}]}}}),
    ],
)
def test_an_address_that_is_asked_for(args: str, more: dict[str, Any], host_local: Program, net: Path):
    """However it is asked for, it is given with the prefix length of its subnet."""
    given = configuration(net, SUBNET, SIX, **more)
    assert host_local("ADD", given, args=args).addresses == ["10.1.2.88/24", "2001:db8:1::2/64"]
    assert files(net)["last_reserved_ip.0"] == "10.1.2.88"


def test_addresses_asked_for_go_to_their_sets(host_local: Program, net: Path):
    """Their order does not matter; each set takes the one that lies in it."""
    given = configuration(net, SUBNET, SIX, **wanting("2001:db8:1::99", "10.1.2.99"))
    assert host_local("ADD", given).addresses == ["10.1.2.99/24", "2001:db8:1::99/64"]


def test_an_empty_argument_asks_for_nothing(host_local: Program, net: Path):
    """`IP=` is no request."""
    assert host_local("ADD", configuration(net, SUBNET), args="IP=").addresses == ["10.1.2.2/24"]


def test_asking_gives_a_second_address(host_local: Program, net: Path):
    """A container may have an address already; DEL takes both."""
    given = configuration(net, SUBNET)
    host_local("ADD", given)
    assert host_local("ADD", given, args="IP=10.1.2.50").addresses == ["10.1.2.50/24"]
    assert host_local("DEL", given).status == 0
    assert files(net) == {"last_reserved_ip.0": "10.1.2.50"}


@pytest.mark.parametrize(
    ("asked", "code", "text"),
    [
        (["192.168.1.1"], 7, "failed to allocate for range 0: requested ip 192.168.1.1 is subnet's gateway"),
        (["192.168.9.1"], 7, "failed to allocate all requested IPs: 192.168.9.1"),
        (["192.168.1.7"], 7, "failed to allocate all requested IPs: 192.168.1.7"),
        (
            ["192.168.1.4", "192.168.1.3", "192.168.1.2"], 7,
            "failed to allocate all requested IPs: 192.168.1.3 192.168.1.2",
        ),
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_had(
    asked: list[str], code: int, text: str, host_local: Program, net: Path
):
    """The gateway, one outside of all ranges, or one more than there are sets: nothing is reserved."""
    assert host_local("ADD", configuration(net, SMALL, **wanting(*asked))).error == (code, text)
    assert not net.exists() or files(net) == {}


def test_an_address_that_somebody_else_has(host_local: Program, net: Path):
    """The error names the set as the Go plugin does, its details who has it."""
    given = configuration(net, SMALL, **wanting("192.168.1.5"))
    host_local("ADD", given, container="owner")
    answer = host_local("ADD", given)
    text = "requested IP address 192.168.1.5 is not available in range set 192.168.1.1-192.168.1.6"
    assert answer.error == (11, f"failed to allocate for range 0: {text}")
    assert answer.members["details"] == f"{net}/192.168.1.5 gives it to container owner eth0"


def test_an_address_outside_of_start_and_end(host_local: Program, net: Path):
    """The range counts, not its subnet."""
    ranges = [{"subnet": "192.168.1.0/24", "rangeStart": "192.168.1.10", "rangeEnd": "192.168.1.20"}]
    answer = host_local("ADD", configuration(net, ranges, **wanting("192.168.1.9")))
    assert answer.error == (7, "failed to allocate all requested IPs: 192.168.1.9")


def test_a_failing_add_gives_back_what_it_took(host_local: Program, net: Path):
    """And nothing else: what the attachment had before is not for this ADD to release."""
    host_local("ADD", configuration(net, SIX))
    given = configuration(net, SUBNET, [{"subnet": "10.7.0.0/30", "rangeEnd": "10.7.0.1"}])
    text = "failed to allocate for range 1: no IP addresses available in range set: 10.7.0.1-10.7.0.1"
    assert host_local("ADD", given).error == (11, text)
    assert files(net) == {
        "2001:db8:1::2": "c1\r\neth0",
        "last_reserved_ip.0": "10.1.2.2",
    }


def test_a_result_that_nobody_reads(host_local: Program, net: Path):
    """When the Result cannot be printed the runtime knows of no address, and so it is not kept."""
    with open("/dev/full", "wb") as full, host_local.start("ADD", stdout=full.fileno()) as process:
        _, stderr = process.communicate(json.dumps(configuration(net, SUBNET, SIX)).encode(), timeout=60)
    assert process.returncode == 1
    assert b"No space left on device" in stderr
    assert files(net) == {"last_reserved_ip.0": "10.1.2.2", "last_reserved_ip.1": "2001:db8:1::2"}


def test_a_runtime_that_loses_its_patience(host_local: Program, net: Path):
    """SIGTERM ends a wait for the lock, with nothing reserved; the lock is left to its holder."""
    net.mkdir()
    with open(net / "lock", "wb") as lock, host_local.start("ADD") as process:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert process.stdin is not None
        process.stdin.write(json.dumps(configuration(net, SUBNET)).encode())
        process.stdin.close()
        deadline = time.monotonic() + 30
        while f" {process.pid} " not in Path("/proc/locks").read_text() and time.monotonic() < deadline:
            time.sleep(0.01)
        process.terminate()
        assert process.wait(30) != 0
    assert files(net) == {}


def test_resolver_settings_that_are_not_there(host_local: Program, net: Path):
    """The file is read before anything is reserved."""
    answer = host_local("ADD", configuration(net, SUBNET, resolvConf="/nope"))
    assert answer.error == (5, "open /nope: no such file or directory")
    assert not net.exists()


def test_a_data_directory_that_is_a_file(host_local: Program, tmp_path: Path):
    """ADD and STATUS say so; DEL has nothing to release there."""
    (tmp_path / "file").touch()
    given = configuration(tmp_path / "file" / "net", SUBNET)
    answer = host_local("ADD", given)
    assert answer.error == (5, f"mkdir {tmp_path}/file/net: not a directory")
    assert "see dataDir in the configuration" in answer.members["details"]
    assert host_local("STATUS", given).error == (50, f"no reservations can be kept in {tmp_path}/file/net")
    assert host_local("DEL", given).status == 0


@pytest.mark.parametrize("prev", [True, False])
def test_check_finds_the_reservation(prev: bool, host_local: Program, net: Path):
    """With prevResult it is that of each of its addresses, without any of the attachment."""
    given = configuration(net, SUBNET, SIX)
    result = host_local("ADD", given).result
    more = {"prevResult": result} if prev else {}
    assert host_local("CHECK", {**given, **more}).status == 0


def test_check_says_what_is_missing(host_local: Program, net: Path):
    """The first address without its reservation leads, the others are in the details."""
    given = configuration(net, SUBNET, SIX)
    given["prevResult"] = host_local("ADD", given).result
    (net / "2001:db8:1::2").unlink()
    assert host_local("CHECK", given).error == (
        999,
        f"no reservation of container c1 (eth0) for 2001:db8:1::2 in {net}",
    )
    (net / "10.1.2.2").unlink()
    answer = host_local("CHECK", given)
    assert answer.error == (999, f"no reservation of container c1 (eth0) for 10.1.2.2 in {net}")
    assert answer.members["details"] == f"no reservation of container c1 (eth0) for 2001:db8:1::2 in {net}"


def test_check_says_whose_it_is(host_local: Program, net: Path):
    """An address that has gone to another container, or interface, is named with both."""
    given = configuration(net, SUBNET)
    given["prevResult"] = host_local("ADD", given).result
    (net / "10.1.2.2").write_text("c2\r\neth0")
    assert host_local("CHECK", given).error[1] == f"reservation {net}/10.1.2.2 has container c2, not c1"
    (net / "10.1.2.2").write_text("c1\r\nnet1")
    assert host_local("CHECK", given).error[1] == f"reservation {net}/10.1.2.2 has ifname net1, not eth0"
    (net / "10.1.2.2").write_text("")
    assert host_local("CHECK", given).error[1] == f"reservation {net}/10.1.2.2 has no container, not c1"


def test_check_leaves_other_plugins_addresses_alone(host_local: Program, net: Path):
    """Those of prevResult in none of the ranges are not host-local's; then any reservation must do."""
    given = configuration(net, SUBNET)
    given["prevResult"] = {"ips": [{"address": "10.1.2.2/24"}, {"address": "172.16.0.9/24"}]}
    host_local("ADD", given)
    assert host_local("CHECK", given).status == 0
    given["prevResult"] = {"ips": [{"address": "172.16.0.9/24"}]}
    assert host_local("CHECK", given).status == 0
    host_local("DEL", given)
    assert host_local("CHECK", given).error == (999, f"no reservation of container c1 (eth0) in {net}")


def test_check_makes_nothing(host_local: Program, net: Path):
    """Looking for what is not there does not even make a directory."""
    assert host_local("CHECK", configuration(net, SUBNET)).error[0] == 999
    assert not net.exists()


def test_gc_frees_what_is_not_valid(host_local: Program, net: Path):
    """Container and interface must both be known; of old files the container."""
    given = configuration(net, SUBNET)
    for container, ifname in (("kept", "eth0"), ("kept", "net1"), ("gone", "eth0")):
        host_local("ADD", given, container=container, ifname=ifname)
    (net / "10.1.2.100").write_text("kept")
    (net / "10.1.2.101").write_text("gone")
    assert host_local("GC", {**given, **valid(("kept", "eth0"), ("other", "eth0"))}).status == 0
    assert files(net) == {
        "10.1.2.2": "kept\r\neth0",
        "10.1.2.100": "kept",
        "last_reserved_ip.0": "10.1.2.4",
    }


def test_gc_leaves_what_it_does_not_know(host_local: Program, net: Path):
    """Empty files, notes of a person and everything that is no address stay, even when nothing is valid."""
    net.mkdir()
    kept = {
        "10.1.2.50": "",
        "10.1.2.51": "the printer, do not give away",
        "10.1.2.52": "no/id\r\neth0",
        "README": "c1\r\neth0",
        "last_reserved_ip.0": "10.1.2.2",
    }
    for name, content in kept.items():
        (net / name).write_bytes(content.encode())
    host_local("ADD", configuration(net, SUBNET))
    assert host_local("GC", {**configuration(net, SUBNET), **valid()}).status == 0
    assert {**files(net), "last_reserved_ip.0": "10.1.2.2"} == kept


def test_gc_of_a_caller_that_does_not_say_what_is_valid(host_local: Program, net: Path):
    """Without the list nothing is freed: the runtime does not know the key."""
    given = configuration(net, SUBNET)
    host_local("ADD", given)
    assert host_local("GC", given).status == 0
    assert "10.1.2.2" in files(net)


def test_gc_works_with_ranges_that_have_become_invalid(host_local: Program, net: Path):
    """As DEL does, it needs to know the directory only; one that was never made stays away."""
    given = configuration(net, SUBNET)
    assert host_local("GC", {**given, **valid()}).status == 0
    assert not net.exists()
    host_local("ADD", given)
    assert host_local("GC", {**configuration(net, []), **valid()}).status == 0
    assert files(net) == {"last_reserved_ip.0": "10.1.2.2"}


def test_status(host_local: Program, net: Path):
    """It succeeds while every set has a free address, and makes nothing."""
    given = configuration(net, SIX, [{"subnet": "10.7.0.0/30"}])
    assert host_local("STATUS", given).status == 0
    assert not net.exists()
    host_local("ADD", given)
    answer = host_local("STATUS", given)
    assert answer.error == (50, "no IP addresses available in range set: 10.7.0.1-10.7.0.2")
    assert f"all 1 addresses are reserved in {net}" in answer.members["details"]
    host_local("DEL", given)
    assert host_local("STATUS", given).status == 0


def test_status_counts_what_can_be_given_away(host_local: Program, net: Path):
    """A file for the gateway, or for an address of another range, takes nothing from a set."""
    net.mkdir()
    for name in (
        "192.168.1.1",
        "192.168.1.7",
        "192.168.1.2",
        "192.168.1.3",
        "192.168.1.4",
        "192.168.1.5",
        "10.0.0.1",
    ):
        (net / name).touch()
    assert host_local("STATUS", configuration(net, SMALL)).status == 0
    (net / "192.168.1.6").touch()
    assert host_local("STATUS", configuration(net, SMALL)).error[0] == 50


def test_the_whole_life_in_the_log(host_local: Program, net: Path, tmp_path: Path):
    """Each address that was reserved or released is a line."""
    log = tmp_path / "cni.log"
    given = configuration(net, SUBNET, logFile=str(log))
    host_local("ADD", given)
    host_local("DEL", given)
    lines = [line for line in log.read_text().splitlines() if "10.1.2.2" in line]
    assert [line.partition("event=")[2].split()[0] for line in lines] == ["reserved", "released"]
    assert all("container=c1" in line for line in lines)
