# ruff: noqa: E501 - a fault, a row
"""Faults of pods of containerd: what it says, what the doctor makes of that, and how they are healed."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from cnictl.doctor.archive import archive, unarchive
from cnictl.doctor.collect import collect
from cnictl.doctor.judge import judge
from cnictl.doctor.place import Place
from cnictl.doctor.recognise import recognise
from cnictl.sandbox.node import Node, SandboxError
from tests import witness
from tests.conftest import unavailable
from tests.runtime.containerd import CONFIGURATIONS, PLUGINS, Containerd

if TYPE_CHECKING:
    from cnictl.doctor.bundle import Bundle
    from cnictl.doctor.judge import Report
    from cnictl.sandbox.node import Completed

pytestmark = pytest.mark.runtime

STORE = "/var/lib/cni/networks/pods"
BRIDGE = {
    "type": "bridge",
    "bridge": "cni-pods",
    "isGateway": True,
    "ipMasq": True,
    "ipam": {
        "type": "host-local",
        "ranges": [[{"subnet": "10.216.0.0/24", "rangeStart": "10.216.0.2", "rangeEnd": "10.216.0.6"}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    },
}
PORTMAP = {"type": "portmap", "capabilities": {"portMappings": True}}


def pods(*plugins: Mapping[str, object], version: str = "1.0.0") -> str:
    """Return the text of the network of the pods."""
    return json.dumps({"cniVersion": version, "name": "pods", "plugins": plugins}, indent=2)


RANGE = [f"10.216.0.{i}" for i in range(2, 7)]
WELL = pods(BRIDGE, PORTMAP)
FILE = f"{CONFIGURATIONS}/10-pods.conflist"


@dataclass(frozen=True)
class Fault:
    """A fault: the class that the doctor must name first, and the commands of both ways.

    `said` is the class that containerd's words tell of, "" where it says nothing; `does` is what kubelet would
    do: start another pod, or stop the one that there is.  `along` are classes that come of it.  `uses` is the
    text of the configuration that is in use then.
    """

    code: str
    inject: str
    repair: str
    said: str = ""
    does: str = "start"
    along: tuple[str, ...] = ()
    uses: str = WELL
    name: str = ""


def away(plugin: str) -> str:
    return f"mv {PLUGINS}/{plugin} {PLUGINS}/{plugin}.away"


def back(plugin: str) -> str:
    return f"mv -f {PLUGINS}/{plugin}.away {PLUGINS}/{plugin}"


def put(text: str, path: str = FILE) -> str:
    """Return the command that writes a file at once."""
    return f"cat > {path}.new <<'END'\n{text}\nEND\nmv {path}.new {path}"


def instead(text: str, plugin: str = "bridge") -> str:
    """Return the commands that put another program in the place of a plugin."""
    return f"{away(plugin)}; printf '{text}' > {PLUGINS}/{plugin}; chmod 755 {PLUGINS}/{plugin}"


ODD = pods(BRIDGE, {"type": "odd-cni"})
OLD = pods(BRIDGE, PORTMAP, version="1.1.0")
SYSCTL = pods(BRIDGE, {"type": "tuning", "sysctl": {"net.core.no_such_thing": "1"}})
LEFT = json.dumps({"cniVersion": "1.0.0", "name": "cilium", "plugins": [{"type": "cilium-cni"}]})
MACVLAN = pods({"type": "macvlan", "master": "eth9", "ipam": BRIDGE["ipam"]})
GONE = "\n".join(
    f"test -e {STORE}/{one} || {{ printf 'gone{one}\\r\\neth0' > {STORE}/{one}; touch -d '1 hour ago' {STORE}/{one}; }}"
    for one in RANGE
)
EMPTY = "\n".join(f"test -e {STORE}/{one} || : > {STORE}/{one}" for one in RANGE)
FAULTS = (
    Fault("conf-none", f"mv {FILE} {FILE}.bak", f"mv {FILE}.bak {FILE}", "conf-none", along=("del-blocked",), uses=""),
    Fault("conf-invalid-json", put('{"cniVersion": "1.0.0",'), put(WELL), "conf-none", along=("del-blocked",), uses=""),
    Fault("conf-leftover", put(LEFT, f"{CONFIGURATIONS}/05-cilium.conflist"), f"rm {CONFIGURATIONS}/05-cilium.conflist", "bin-missing", along=("bin-missing", "cilium-agent-down", "del-blocked"), uses=LEFT),
    Fault("conf-version-unsupported", f"{put(OLD)}; {away('portmap')}; cp /usr/lib/cni/portmap {PLUGINS}", f"{put(WELL)}; {back('portmap')}", "conf-version-unsupported", along=("del-blocked",), uses=OLD),
    Fault("bin-missing", put(ODD), put(WELL), "bin-missing", along=("del-blocked",), uses=ODD),
    Fault("bin-dir-mismatch", away("bridge"), back("bridge"), "bin-missing", along=("del-blocked",)),
    Fault("bin-not-executable", f"cp {PLUGINS}/bridge {PLUGINS}/bridge.away; cp --remove-destination {PLUGINS}/bridge.away {PLUGINS}/bridge; chmod 0644 {PLUGINS}/bridge", back("bridge"), "bin-not-executable", along=("del-blocked",)),
    Fault("bin-wrong-arch", instead("<html>not found"), back("bridge"), "bin-wrong-arch", along=("del-blocked",)),
    Fault("bin-interpreter", instead("#!/no/such\\n"), back("bridge"), "bin-interpreter", along=("del-blocked",)),
    Fault("hl-leak", GONE, f"grep -l gone {STORE}/10.* | xargs rm", "hl-exhausted", along=("hl-exhausted",)),
    Fault("hl-empty-files", EMPTY, f"find {STORE} -name '10.*' -size 0 -delete", "hl-exhausted", along=("hl-exhausted",)),
    Fault("hl-store-unwritable", "mount -o remount,ro /var/lib/cni", "mount -o remount,rw /var/lib/cni", "hl-store-unwritable", along=("del-blocked",)),
    Fault("br-addr-differs", "ip addr flush dev cni-pods; ip addr add 10.8.0.1/24 dev cni-pods", "ip addr flush dev cni-pods; ip addr add 10.216.0.1/24 dev cni-pods", "br-addr-differs"),
    Fault("master-missing", put(MACVLAN), put(WELL), "master-missing", uses=MACVLAN),
    Fault("tuning-sysctl", put(SYSCTL), put(WELL), "tuning-sysctl", uses=SYSCTL),
    Fault("cache-empty", "for one in /var/lib/cni/results/pods-*; do cp $one /run/kept; : > $one; echo $one > /run/name; done", "test ! -e $(cat /run/name) || cp /run/kept $(cat /run/name)", "cache-empty", does="stop", along=("del-blocked",)),
    Fault("bin-dir-mismatch", away("portmap"), back("portmap"), "del-blocked", does="stop", along=("del-blocked",), name="at the end"),
    Fault("fw-flushed", "iptables -t nat -F; iptables -t nat -X", "", does=""),
    Fault("fwd-off", "sysctl -qw net.ipv4.ip_forward=0", "sysctl -qw net.ipv4.ip_forward=1", does=""),
    Fault("hostport-conflict", "", "", does="same port"),
    Fault("netns-gone", "for one in /run/netns/cni-*; do umount $one; rm $one; done", "", does="", along=("fw-flushed",)),
)  # fmt: skip


@pytest.fixture(scope="module")
def containerd(plugins_dir: str, go_plugins: str, image: Path) -> Iterator[Containerd]:
    """containerd with our plugins and a pod, with which nothing is wrong."""
    for program in ("containerd", "ctr", "runc"):
        if shutil.which(program) is None:
            unavailable(f"no program {program!r}: install the packages containerd and runc")
    if os.geteuid() != 0:
        unavailable("only root has pods")
    assert go_plugins
    try:
        with Node() as node:
            running = Containerd(node, image)
            try:
                shell(running, f"ln -s {plugins_dir}/* {PLUGINS}; mount -o remount,size=16m /var/lib/cni")
                running.network(json.loads(WELL))
                assert running.start("web", (18080, 80)) == ""
                yield running
            finally:
                running.close()
    except SandboxError as error:
        unavailable(str(error))


def shell(running: Containerd, script: str) -> None:
    done = running.node.run(["sh", "-ec", script], env={"PATH": os.environ["PATH"]}, timeout=60)
    assert done.status == 0, f"{script}: {done.stderr}"


def bundle(running: Containerd, log: str = "") -> Bundle:
    """Give what is to be known of a node, as if ten minutes had passed."""
    place = Place(running.node.path("")[:-1], running.node.netns)
    return replace(taken := collect(place, log=log), taken=taken.taken + 600)


def named(report: Report) -> list[tuple[str, list[str]]]:
    return [(one.failure.code, one.lines) for one in report.every()]


def test_a_node_that_is_well_gives_no_finding(containerd: Containerd):
    """Of what containerd tells, where nothing else does: it has no configuration where one would look."""
    taken = bundle(containerd)
    assert named(judge(taken)) == []
    assert (taken.runtime.conf_dir, taken.runtime.bin_dirs) == (CONFIGURATIONS, (PLUGINS,))
    (sandbox,) = taken.sandboxes
    assert (sandbox.pod, sandbox.state, sandbox.netns_there) == ("web", "ready", True)
    assert sandbox.addresses == (reserved(containerd)[sandbox.id],)
    assert not {"cri", "sandboxes", "netns-gone"} & {
        *taken.unseen,
        *(one.code for one in judge(taken).unchecked),
    }


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: f"{one.code} {one.name}".strip())
def test_a_fault_of_a_pod(containerd: Containerd, fault: Fault):
    """From containerd's words and log to the class; from a bundle as well; after the repair pods come and go."""
    shell(containerd, fault.inject)
    containerd.settled(fault.uses)
    containerd.logged()
    try:
        said = does(containerd, fault.does)
        assert bool(said) == bool(fault.said)
        taken = bundle(containerd, f"{said}\n{containerd.logged()}")
        report = judge(taken)
        found = named(report)
        assert found, said
        assert fault.said in {"", *(one.failure.code for one in recognise(said))}, said
        assert found[0][0] == fault.code, found
        assert {code for code, _ in found} <= {fault.code, *fault.along}, found
        assert named(judge(unarchive(archive(taken)))) == found
    finally:
        shell(containerd, fault.repair)
        containerd.settled(WELL)
        again(containerd, fault)
    assert named(judge(bundle(containerd))) == []


def does(running: Containerd, what: str) -> str:
    """Do what kubelet would; return what containerd said."""
    if what == "stop":
        return running.stop("web")
    if what == "same port":
        return running.start("other", (18080, 80))
    return running.start("other") if what else ""


def again(running: Containerd, fault: Fault) -> None:
    """Have other pods come and go, and the one with a port be there."""
    for name in running.others("web"):
        assert running.stop(name) == ""
    if forgets(running):
        for container in reserved(running).keys() - set(running.sandboxes()):
            os.unlink(running.node.path(f"{STORE}/{reserved(running)[container]}"))
    if fault.does in ("stop", ""):
        assert running.stop("web") == ""
        assert running.start("web", (18080, 80)) == ""


def forgets(running: Containerd) -> bool:
    """Whether this containerd, from 1.7 on, forgets a pod that failed and whose DEL failed: its address stays."""
    said = running.node.run(["containerd", "--version"]).checked().stdout
    return not re.search(r" v?1\.6\.", said)


def test_a_network_of_a_single_plugin(containerd: Containerd):
    """Of which containerd makes a list in words of its own, and has read it all the same."""
    single = json.dumps({"cniVersion": "1.0.0", "name": "pods", **BRIDGE}, indent=2)
    used = containerd.used()
    shell(containerd, f"rm {FILE}; {put(single, f'{CONFIGURATIONS}/10-pods.conf')}")
    try:
        containerd.changed(used)
        assert containerd.used() not in ("", single)
        assert named(judge(bundle(containerd))) == []
    finally:
        shell(containerd, f"rm {CONFIGURATIONS}/10-pods.conf; {put(WELL)}")
        containerd.settled(WELL)


def test_a_directory_that_was_exchanged(containerd: Containerd):
    """containerd has no network and says so over CRI, whatever is in the new one, until it is restarted."""
    other = pods({**BRIDGE, "mtu": 1400}, PORTMAP)
    shell(containerd, f"mv {CONFIGURATIONS} {CONFIGURATIONS}.old; mkdir {CONFIGURATIONS}; {put(other)}")
    try:
        found = named(judge(bundle(containerd)))
        assert {code for code, _ in found} == {"conf-watch-lost", "conf-not-reloaded"}
        assert found[0][0] == "conf-watch-lost"
        assert any("NetworkReady=false" in line for _, lines in found for line in lines), found
    finally:
        containerd.restart()
        containerd.settled(other)
    assert named(judge(bundle(containerd))) == []
    containerd.network(json.loads(WELL))


def test_the_command_looks_at_one_pod(containerd: Containerd):
    """By its name in the cluster, which only the runtime knows; what is another pod's is left out."""
    assert containerd.start("other") == ""
    shell(containerd, away("portmap"))
    try:
        everything = containerd.cnictl("doctor", "--log", "/dev/null", "-o", "json")
        narrowed = containerd.cnictl("doctor", "--log", "/dev/null", "-o", "json", "--pod", "default/web")
        text = containerd.cnictl("doctor", "--log", "/dev/null", "--pod", "web")
    finally:
        shell(containerd, back("portmap"))
        assert containerd.stop("other") == ""
    assert (
        "has no sandbox of pod default/none"
        in containerd.cnictl("doctor", "--log", "/dev/null", "--pod", "none").stderr
    )
    (web,) = containerd.sandboxes("web")
    blocked = [one["where"] for one in consequences(everything.stdout)]
    assert f"container {web}" in blocked
    assert len(blocked) > 1
    assert [one["where"] for one in consequences(narrowed.stdout)] == [f"container {web}"]
    assert (narrowed.status, text.status) == (1, 1)
    assert "DEL needs portmap" in text.stdout
    assert "has no sandbox" not in text.stderr


def test_host_ports_of_pods(containerd: Containerd):
    """Are listed with the names of the pods, although containerd spells the mappings its own way."""
    listed = json.loads(containerd.cnictl("ports", "-o", "json").checked().stdout)["ports"]
    assert [(one["port"], one["pod"], one["state"]) for one in listed] == [(18080, "default/web", "ok")]


def consequences(text: str) -> list[dict[str, str]]:
    (cause,) = json.loads(text)["findings"]
    assert cause["code"] == "bin-dir-mismatch"
    return list(cause["consequences"])


def test_addresses_of_sandboxes(containerd: Containerd):
    """One of a pod that runs is live; one of a pod that cannot be torn down is not freed, until it can."""
    (web,) = containerd.sandboxes("web")
    free = next(one for one in RANGE if one not in reserved(containerd).values())
    shell(containerd, f"printf 'gone\\r\\neth0' > {STORE}/{free}; touch -d '1 hour ago' {STORE}/10.*")
    words = ["--whole-node", "--conf-dir", CONFIGURATIONS, "-o", "json"]
    shown = reservations(containerd.cnictl("ipam", "show", *words))
    assert shown[web]["verdict"] == "live"
    assert "a sandbox of CRI" in shown[web]["evidence"]
    assert shown["gone"]["verdict"] == "orphan"
    assert "no sandbox of CRI" in shown["gone"]["evidence"]
    shell(containerd, f"{away('portmap')}; ip link del {host_end(containerd)}")
    try:
        assert "failed to find plugin" in containerd.stop("web")
        stuck = reservations(containerd.cnictl("ipam", "show", *words))[web]
        assert stuck["verdict"] == "live"  # as its namespace is there
        assert "a sandbox of CRI that is not ready, and has yet to be torn down" in stuck["evidence"]
        freed = json.loads(containerd.cnictl("ipam", "reclaim", "--yes", *words).checked().stdout)
        assert [one["address"] for one in freed["reservations"] if one["done"]] == [free]
    finally:
        shell(containerd, back("portmap"))
    assert containerd.stop("web") == ""
    assert reserved(containerd) == {}
    assert containerd.start("web", (18080, 80)) == ""


def reserved(running: Containerd) -> dict[str, str]:
    """Give the address of each container that has one, as host-local's files have it."""
    directory = Path(running.node.path(STORE))
    return {one.read_text().split()[0]: one.name for one in directory.glob("10.*")}


def reservations(done: Completed) -> dict[str, dict[str, Any]]:
    """Give what is said of each container's reservation."""
    (network,) = json.loads(done.checked().stdout)["networks"]
    return {one["containerID"]: one for one in network["reservations"]}


def host_end(running: Containerd) -> str:
    return str(witness.ip(running.node, "link", "show", "type", "veth")[0]["ifname"])
