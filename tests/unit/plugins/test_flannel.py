"""flannel: what the delegate is given, what is kept of it, and what is refused and in which words."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

IPV4 = "FLANNEL_NETWORK=10.1.0.0/16\nFLANNEL_SUBNET=10.1.17.1/24\nFLANNEL_MTU=1472\nFLANNEL_IPMASQ=true\n"
IPV6 = (
    "FLANNEL_IPV6_NETWORK=fc00::/48\nFLANNEL_IPV6_SUBNET=fc00::1/64\nFLANNEL_MTU=1472\nFLANNEL_IPMASQ=true\n"
)
FORWARDED = {"dst": "10.1.0.0/16"}
GIVEN = {
    "ipMasq": False,
    "ipam": {"ranges": [[{"subnet": "10.1.17.0/24"}]], "routes": [FORWARDED], "type": "host-local"},
    "isGateway": True,
    "mtu": 1472,
    "name": "cni-flannel",
    "type": "bridge",
}
MISSING = (
    "FLANNEL_NETWORK, FLANNEL_IPV6_NETWORK, FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET, FLANNEL_MTU, FLANNEL_IPMASQ"
)
ROUTES = "failed to assemble Delegate IPAM: failed to read IPAM routes: failed to parse ipam.routes: "
LOADING = "failed to load flannel netconf file: failed to load netconf: "

# Writes down what it is asked, and answers as the files beside it say.
DELEGATE = """#!/bin/sh
cd "$(dirname "$0")"
{ echo "$CNI_COMMAND $CNI_CONTAINERID $CNI_NETNS $CNI_IFNAME $CNI_ARGS"; cat; echo; } >> log
[ -e "fails-$CNI_COMMAND" ] && { echo '{"code": 103, "msg": "no", "details": "not today"}'; exit 1; }
[ "$CNI_COMMAND" = ADD ] && echo '{"cniVersion": "1.0.0", "ips": [{"address": "10.1.17.2/24"}]}'
exit 0
"""


@dataclass
class Bed:
    """flannel as a program, with plugins to delegate to that only write down what they are asked."""

    flannel: str
    top: Path
    env: str = IPV4
    config: dict[str, Any] = field(default_factory=dict)
    version: str = "1.0.0"

    @property
    def state(self) -> Path:
        return self.top / "data" / "c1"

    def call(self, command: str, **more: Any) -> tuple[int, dict[str, Any] | None]:
        """Run it; return exit status and what it printed."""
        subnet_file = self.top / "subnet.env"
        if self.env:
            subnet_file.write_text(self.env)
        elif subnet_file.exists():
            subnet_file.unlink()
        config = {
            "name": "cni-flannel",
            "type": "flannel",
            "subnetFile": str(subnet_file),
            "dataDir": str(self.top / "data"),
            **({"cniVersion": self.version} if self.version else {}),
            **self.config,
            **more,
        }
        environment = {
            "CNI_COMMAND": command,
            "CNI_CONTAINERID": "c1",
            "CNI_NETNS": "/run/netns/nobody-made-it",
            "CNI_IFNAME": "eth0",
            "CNI_ARGS": "IgnoreUnknown=1;A=b",
            "CNI_PATH": str(self.top / "bin"),
        }
        done = subprocess.run(
            [self.flannel],
            input=json.dumps(config),
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, json.loads(done.stdout) if done.stdout else None

    def fail(self, command: str, **more: Any) -> tuple[int, str]:
        """Run it where it must fail; return code and message."""
        status, answer = self.call(command, **more)
        assert status == 1
        assert answer is not None
        return answer["code"], answer["msg"]

    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        """Return what the delegates were asked since the last time: environment and configuration."""
        log = self.top / "bin" / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return [(lines[i], json.loads(lines[i + 1])) for i in range(0, len(lines), 2)]

    def given(self) -> dict[str, Any]:
        """ADD; return the configuration that the delegate got."""
        status, answer = self.call("ADD")
        assert status == 0, answer
        ((_, configuration),) = self.asked()
        return configuration


@pytest.fixture
def bed(tmp_path: Path, plugins_dir: str) -> Bed:
    (tmp_path / "bin").mkdir()
    for name in ("bridge", "macvlan"):
        (tmp_path / "bin" / name).write_text(DELEGATE)
        (tmp_path / "bin" / name).chmod(0o755)
    return Bed(f"{plugins_dir}/flannel", tmp_path)


def test_what_the_delegate_gets_is_kept_byte_for_byte(bed: Bed):
    """Compact, with sorted keys, for root only; the delegate has the environment of the call itself."""
    bed.version = ""
    assert bed.call("ADD")[0] == 0
    ((called, given),) = bed.asked()
    assert called == "ADD c1 /run/netns/nobody-made-it eth0 IgnoreUnknown=1;A=b"
    assert given == GIVEN
    assert bed.state.read_text() == json.dumps(GIVEN, separators=(",", ":"), sort_keys=True)
    assert os.stat(bed.state).st_mode & 0o777 == 0o600
    assert os.stat(bed.state.parent).st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("env", "ranges", "destinations"),
    [
        (IPV4, ["10.1.17.0/24"], ["10.1.0.0/16"]),
        (
            IPV4.replace("10.1.0.0/16", "10.1.0.0/16,10.9.0.0/16,10.1.0.0/16"),
            ["10.1.17.0/24"],
            ["10.1.0.0/16", "10.9.0.0/16"],
        ),
        (IPV6, ["fc00::/64"], ["fc00::/48"]),
        (f"{IPV6}\nother=thing\n\n{IPV4}", ["10.1.17.0/24", "fc00::/64"], ["10.1.0.0/16", "fc00::/48"]),
    ],
    ids=["IPv4", "two networks", "IPv6", "dual stack"],
)
def test_addresses_are_those_of_the_lease(bed: Bed, env: str, ranges: list[str], destinations: list[str]):
    """A range a family, IPv4 first, and a route to each network of the overlay, once."""
    bed.env = env
    ipam = bed.given()["ipam"]
    assert ipam["ranges"] == [[{"subnet": one}] for one in ranges]
    assert ipam["routes"] == [{"dst": one} for one in destinations]


def test_flannel_masquerades_where_flanneld_does_not(bed: Bed):
    """And only there."""
    assert bed.given()["ipMasq"] is False
    bed.env = IPV4.replace("IPMASQ=true", "IPMASQ=false")
    assert bed.given()["ipMasq"] is True


def test_what_the_configuration_says_stays(bed: Bed):
    """Keys of `delegate` win; own routes of `ipam` come first, its ranges are the lease's."""
    bed.config = {
        "delegate": {"type": "macvlan", "mtu": 1300, "ipMasq": True, "mode": "private", "Name": "odd"},
        "ipam": {
            "type": "whereabouts",
            "unknown": [1],
            "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.17.9"}],
            "ranges": [],
        },
        "runtimeConfig": {"mac": "02:00:00:00:00:01"},
        "prevResult": {"cniVersion": "1.0.0"},
        "dns": {"nameservers": ["192.0.2.1"]},
        "capabilities": {"mac": True},
    }
    assert bed.given() == {
        "cniVersion": "1.0.0",
        "ipMasq": True,
        "ipam": {
            "ranges": [[{"subnet": "10.1.17.0/24"}]],
            "routes": [{"dst": "0.0.0.0/0", "gw": "10.1.17.9"}, FORWARDED],
            "type": "whereabouts",
            "unknown": [1],
        },
        "mode": "private",
        "mtu": 1300,
        "name": "cni-flannel",
        "Name": "odd",
        "runtimeConfig": {"mac": "02:00:00:00:00:01"},
        "type": "macvlan",
    }


def test_runtime_config_replaces_that_of_the_delegate(bed: Bed):
    """It is forwarded as it is, and not merged."""
    bed.config = {"delegate": {"runtimeConfig": {"a": 1}}, "runtimeConfig": {"b": 2}}
    assert bed.given()["runtimeConfig"] == {"b": 2}


@pytest.mark.parametrize(
    ("env", "message"),
    [
        ("", "open FILE: no such file or directory"),
        ("foo=bar", f"FILE is missing {MISSING}"),
        (IPV4.replace("FLANNEL_MTU=1472\n", ""), "FILE is missing FLANNEL_MTU"),
        (
            IPV4.replace("SUBNET", "SUB"),
            "FILE is missing FLANNEL_SUBNET, FLANNEL_IPV6_SUBNET",
        ),
        (IPV4.replace("1472", "big"), 'FILE: FLANNEL_MTU is "big", not a number of bytes'),
        (IPV4.replace("1472", "-1"), 'FILE: FLANNEL_MTU is "-1", not a number of bytes'),
        (IPV4.replace("1472", str(1 << 32)), 'FILE: FLANNEL_MTU is "4294967296", not a number of bytes'),
        (IPV4.replace("17.1/24", "17.1"), "FILE: FLANNEL_SUBNET: invalid CIDR address: 10.1.17.1"),
        (IPV4.replace("0.0/16", "0.0/16 "), "FILE: FLANNEL_NETWORK: invalid CIDR address: 10.1.0.0/16 "),
        (IPV4 + "FLANNEL_IPV6_NETWORK", "FILE: FLANNEL_IPV6_NETWORK has no value"),
    ],
)
def test_without_a_lease_there_is_no_pod(bed: Bed, env: str, message: str):
    """The runtime may try again, STATUS says that nothing can be added, and nothing is kept."""
    bed.env = env
    words = message.replace("FILE", str(bed.top / "subnet.env"))
    expected = f"failed to load flannel 'subnet.env' file: {words}. Check the flannel pod log for this node."
    assert bed.fail("ADD") == (11, expected)
    assert not bed.state.exists()
    bed.version = "1.1.0"
    assert bed.fail("STATUS") == (50, expected)
    assert bed.asked() == []


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"delegate": {"type": 5}}, "'delegate' dictionary, if present, must have (string) 'type' field"),
        (
            {"delegate": {"name": "x"}},
            "'delegate' dictionary must not have 'name' field, it'll be set by flannel",
        ),
        (
            {"delegate": {"ipam": {}}},
            "'delegate' dictionary must not have 'ipam' field, it'll be set by flannel",
        ),
        ({"ipam": {"routes": "x"}}, ROUTES + 'key "ipam.routes": expected a list, found string "x"'),
        ({"ipam": {"routes": [{}]}}, ROUTES + "a route has no destination"),
        ({"ipam": {"routes": [{"dst": "x"}]}}, ROUTES + "invalid CIDR address: x"),
        ({"delegate": []}, LOADING + 'key "delegate": expected an object, found a list'),
        ({"dataDir": 5}, LOADING + 'key "dataDir": expected a string, found number 5'),
    ],
)
def test_what_makes_no_sense_is_refused(bed: Bed, keys: dict[str, Any], message: str):
    """Before anything is done."""
    assert bed.fail("ADD", **keys) == (7, message)
    assert not bed.state.exists()
    assert bed.asked() == []


def test_del_takes_back_what_add_was_given(bed: Bed):
    """From the file alone: the lease may be gone, and the configuration another one.  Twice is fine."""
    bed.config = {"delegate": {"type": "macvlan"}}
    given = bed.given()
    bed.env, bed.config = "", {}
    assert bed.call("DEL") == (0, None)
    # Nobody has made the namespace, so there is none for the delegate either.
    assert bed.asked() == [("DEL c1  eth0 IgnoreUnknown=1;A=b", given)]
    assert not bed.state.exists()
    assert bed.call("DEL") == (0, None)


def test_del_without_what_was_kept_goes_by_the_configuration(bed: Bed):
    """As far as can be: nothing says that anything was made."""
    bed.env = ""
    assert bed.call("DEL") == (0, None)
    ((called, given),) = bed.asked()
    assert called.startswith("DEL c1 ")
    assert (given["name"], given["type"], given["ipam"]) == ("cni-flannel", "bridge", {"type": "host-local"})
    (bed.top / "bin" / "fails-DEL").touch()
    assert bed.call("DEL") == (0, None)
    assert bed.call("DEL", delegate={"type": "nothing"}) == (0, None)


def test_a_file_of_the_go_plugin_is_taken_back(bed: Bed):
    """The delegate gets its bytes, unknown keys and all."""
    bed.state.parent.mkdir()
    bed.state.write_text('{"type":"bridge","name":"x","ipam":{"type":"host-local"},"odd":1}')
    bed.env = ""
    assert bed.call("DEL") == (0, None)
    ((_, given),) = bed.asked()
    assert given == {"type": "bridge", "name": "x", "ipam": {"type": "host-local"}, "odd": 1}


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"type": 5}'])
def test_half_a_file_does_not_keep_addresses(bed: Bed, content: str):
    """The delegate's DEL needs no more than the names, which are known without the file."""
    bed.state.parent.mkdir()
    bed.state.write_text(content)
    bed.env = ""
    assert bed.call("DEL") == (0, None)
    ((called, given),) = bed.asked()
    assert called.startswith("DEL c1 ")
    assert (given["name"], given["type"], given["ipam"]) == ("cni-flannel", "bridge", {"type": "host-local"})
    assert not bed.state.exists()


def test_a_failing_del_can_be_repeated(bed: Bed):
    """The delegate's own error is answered, and the file stays until it succeeds."""
    given = bed.given()
    (bed.top / "bin" / "fails-DEL").touch()
    assert bed.call("DEL") == (
        1,
        {
            "code": 103,
            "msg": "no",
            "details": "not today; from bridge for eth0 of network cni-flannel",
        },
    )
    assert json.loads(bed.state.read_text()) == given
    (bed.top / "bin" / "fails-DEL").unlink()
    assert bed.call("DEL") == (0, None)
    assert not bed.state.exists()


def test_a_failing_delegate_is_taken_back(bed: Bed):
    """Its DEL is called, as the specification wants, and nothing is kept."""
    (bed.top / "bin" / "fails-ADD").touch()
    assert bed.fail("ADD") == (103, "no")
    assert [called.split()[0] for called, _ in bed.asked()] == ["ADD", "DEL"]
    assert not bed.state.exists()


def test_what_cannot_be_taken_back_is_kept_for_del(bed: Bed):
    """Both errors are told, and the runtime's DEL has something to go by."""
    (bed.top / "bin" / "fails-ADD").touch()
    (bed.top / "bin" / "fails-DEL").touch()
    _, answer = bed.call("ADD")
    assert answer is not None
    assert "while undoing: no; not today" in answer["details"]
    assert bed.state.exists()


def test_a_second_add_takes_nothing_from_the_first(bed: Bed):
    """When it fails, what the first one was given is there as before, and no DEL is called."""
    given = bed.given()
    (bed.top / "bin" / "fails-ADD").touch()
    assert bed.fail("ADD", delegate={"mtu": 9000}) == (103, "no")
    assert [called.split()[0] for called, _ in bed.asked()] == ["ADD"]
    assert json.loads(bed.state.read_text()) == given


def test_a_delegate_that_is_not_there_is_named(bed: Bed):
    """With the directories that were searched."""
    code, message = bed.fail("ADD", delegate={"type": "nothing"})
    assert code == 999
    assert message.startswith('failed to delegate add: failed to find plugin "nothing" in path [')


@pytest.mark.parametrize("kind", ["../bridge", "/bin/sh", ""])
def test_a_delegate_is_no_path(bed: Bed, kind: str):
    """What is executed is in CNI_PATH."""
    code, message = bed.fail("ADD", delegate={"type": kind})
    assert code == 999
    assert message.startswith("failed to delegate add: ")
    assert bed.asked() == []


def test_check_passes_on_what_add_was_given(bed: Bed):
    """With the Result of ADD; that the file is missing is noticed."""
    previous = {"cniVersion": "1.0.0", "ips": [{"address": "10.1.17.2/24"}]}
    given = bed.given()
    bed.env = ""
    assert bed.call("CHECK", prevResult=previous) == (0, None)
    ((_, checked),) = bed.asked()
    assert checked == {**given, "prevResult": previous}
    bed.env = IPV4
    bed.state.unlink()
    assert bed.fail("CHECK", prevResult=previous) == (999, f"file {bed.state} is missing")


def test_gc_passes_over_what_is_no_file(bed: Bed):
    """Links, directories and FIFOs are nobody's state, and keep none of the others."""
    bed.version = "1.1.0"
    data = bed.state.parent
    data.mkdir()
    (data / "a").mkdir()
    (data / "b").symlink_to(data / "gone")
    os.mkfifo(data / "c")
    (data / "gone").write_text(json.dumps(GIVEN))
    assert bed.call("GC", **{"cni.dev/valid-attachments": []}) == (0, None)
    assert sorted(os.listdir(data)) == ["a", "b", "c"]


def test_gc_forgets_containers_of_its_own_network(bed: Bed):
    """What is valid stays, and so do files of other networks and of nobody; the delegate is asked too."""
    bed.version = "1.1.0"
    bed.env = ""
    bed.state.parent.mkdir()
    files = {"gone": "cni-flannel", "kept": "cni-flannel", "other": "another"}
    for name, network in files.items():
        bed.state.with_name(name).write_text(json.dumps({**GIVEN, "name": network}))
    bed.state.with_name("empty").touch()
    valid = [{"containerID": "kept", "ifname": "eth0"}]
    assert bed.call("GC", **{"cni.dev/valid-attachments": valid}) == (0, None)
    assert sorted(os.listdir(bed.state.parent)) == ["empty", "kept", "other"]
    ((called, given),) = bed.asked()
    assert called.startswith("GC ")
    assert given["cni.dev/valid-attachments"] == valid
    assert (given["name"], given["ipam"]["type"], given["ipMasq"]) == ("cni-flannel", "host-local", True)
    assert bed.call("GC") == (0, None)
    assert sorted(os.listdir(bed.state.parent)) == ["empty", "kept", "other"]


def test_status_asks_the_delegate(bed: Bed):
    """A lease alone does not add pods."""
    bed.version = "1.1.0"
    assert bed.call("STATUS") == (0, None)
    ((called, given),) = bed.asked()
    assert called.startswith("STATUS ")
    assert given["ipam"]["ranges"] == [[{"subnet": "10.1.17.0/24"}]]
    (bed.top / "bin" / "fails-STATUS").touch()
    assert bed.fail("STATUS") == (103, "no")
