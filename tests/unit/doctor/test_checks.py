# ruff: noqa: E501 - a case, a row
"""Checks of what can hardly be brought about on a machine that others use: bundles written by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from cnictl.doctor.bundle import (
    AddressFact,
    Bundle,
    CachedAttachment,
    ConfigurationFile,
    Disk,
    Kernel,
    LinkFact,
    Message,
    Namespace,
    Pod,
    Program,
    ReservationFile,
    RuntimeProcess,
    RuntimeStatus,
    Sandbox,
)
from cnictl.doctor.gather.kernel import MODULES
from cnictl.doctor.gather.messages import pods_and_events, printed, told
from cnictl.doctor.judge import Narrowed, judge
from cnictl.spec.errors import CnictlError

NOW = 1_800_000_000.0


def net(*plugins: dict[str, object]) -> ConfigurationFile:
    text = json.dumps({"cniVersion": "1.0.0", "name": "web", "plugins": plugins})
    return ConfigurationFile("/etc/cni/net.d/10-web.conflist", text)


def link(name: str, kind: str = "", mtu: int = 1500, master: str = "", parent: str = "") -> LinkFact:
    return LinkFact(name, kind, "", mtu, True, master, parent)


def well() -> Bundle:
    """A node with which nothing is wrong."""
    sysctls = {
        "net/ipv4/neigh/default/gc_thresh3": "1024",
        "net/netfilter/nf_conntrack_count": "10",
        "net/netfilter/nf_conntrack_max": "1000",
        "fs/inotify/max_user_instances": "128",
        "kernel/pid_max": "32768",
        "user/max_net_namespaces": "100",
        "fs/mount-max": "100000",
    }
    counters = {"neighbours4": 10, "inotify": 3, "threads": 200, "mounts": 40}
    own = Namespace("", 1, 3, links=(link("lo"), link("eth0"), link("cni0", "bridge")))
    return Bundle(
        NOW,
        "worker-1",
        configurations=[net({"type": "bridge"})],
        namespaces=[own],
        kernel=Kernel("6.1.0", "x86_64", 0, sysctls, dict.fromkeys(MODULES, True), counters),
        disks=[Disk("/run", 1 << 30, 1 << 29, 1000, 900, False, False)],
    )


def sysctl(name: str, value: str) -> Callable[[Bundle], None]:
    return lambda bundle: bundle.kernel.sysctls.update({name: value})


def counter(name: str, value: int) -> Callable[[Bundle], None]:
    return lambda bundle: bundle.kernel.counters.update({name: value})


def links(*more: LinkFact) -> Callable[[Bundle], None]:
    def add(bundle: Bundle) -> None:
        bundle.namespaces[0] = replace(bundle.own, links=bundle.own.links + more)

    return add


def without(module: str, plugin: str) -> Callable[[Bundle], None]:
    def take(bundle: Bundle) -> None:
        bundle.kernel.modules[module] = False
        bundle.configurations.append(
            replace(net({"type": "bridge"}, {"type": plugin}), path="/etc/cni/net.d/20")
        )

    return take


def many(bundle: Bundle) -> None:
    bundle.namespaces += [Namespace(f"/proc/{i}/ns/net", i, 1) for i in range(2, 100)]


def duplicate(bundle: Bundle) -> None:
    bundle.namespaces.append(
        Namespace(
            "/run/netns/pod",
            7,
            1,
            links=(link("eth0"),),
            addresses=(AddressFact("eth0", "fd00::2/64", dad_failed=True),),
        )
    )


def used_up(bundle: Bundle) -> None:
    ipam = {"type": "host-local", "subnet": "10.1.0.0/30"}
    bundle.configurations[0] = net({"type": "bridge", "ipam": ipam})
    bundle.reservations = [ReservationFile("/var/lib/cni/networks/web", "10.1.0.2", "c1", "eth0", NOW - 100)]
    bundle.namespaces.append(
        Namespace("/run/netns/pod", 7, 1, addresses=(AddressFact("eth0", "10.1.0.2/30"),))
    )


def full_run(bundle: Bundle) -> None:
    bundle.disks = [Disk("/run", 1 << 20, 0, 1000, 900, False, False)]


def ports(bundle: Bundle) -> None:
    bundle.pods.append(Pod("default", "web-0", "Pending", host_ports=(8080,)))


def no_iptables(bundle: Bundle) -> None:
    bundle.configurations[0] = net({"type": "bridge", "ipMasq": True})
    bundle.kernel.programs.update(iptables=False, nft=False)


def no_tables(bundle: Bundle) -> None:
    said = "iptables v1.8.9 (legacy): can't initialize iptables table `nat': Table does not exist"
    bundle.kernel.programs.update(iptables=True)
    bundle.unread_filters.update({"iptables": said, "ip6tables": said})


def descriptors(bundle: Bundle) -> None:
    bundle.processes.append(RuntimeProcess("containerd", 7, 1000, 1024, True, (5,), 5))


def unheeded(bundle: Bundle) -> None:
    bundle.configurations[0] = replace(bundle.configurations[0], changed=NOW - 600)
    bundle.messages.append(
        Message("journal", "NetworkReady=false message:cni plugin not initialized", when=NOW)
    )


def not_ready(bundle: Bundle) -> None:
    bundle.configurations[0] = replace(bundle.configurations[0], changed=NOW - 600)
    message = "Network plugin returns error: cni plugin not initialized"
    bundle.cri = RuntimeStatus("/run/cri", "containerd 1.7", False, "NetworkPluginNotReady", message)


def other_loaded(bundle: Bundle) -> None:
    bundle.configurations[0] = replace(bundle.configurations[0], changed=NOW - 600)
    loaded = net({"type": "bridge", "mtu": 9000}).text
    bundle.cri = RuntimeStatus("/run/cri", "containerd 1.7", load="OK", loaded=loaded)


def no_namespace(bundle: Bundle) -> None:
    bundle.sandboxes = [Sandbox("c1", "default", "web-0", "ready", NOW - 9, "/run/netns/cni-1")]


def stopped(bundle: Bundle) -> None:
    bundle.sandboxes = [Sandbox("c1", "default", "web-0", "stopped", NOW - 900, "/run/netns/cni-1", True)]
    bundle.cache = [CachedAttachment("/var/lib/cni/results/web-c1-eth0", 10, "web", "c1", "eth0")]


CASES: tuple[tuple[str, Callable[[Bundle], None], str], ...] = (
    ("neigh-full", counter("neighbours4", 1000), "1000 neighbours"),
    ("ct-full", sysctl("net/netfilter/nf_conntrack_count", "990"), "= 990"),
    ("inotify", counter("inotify", 128), "128 inotify instances"),
    ("fds", descriptors, "1000 of 1024"),
    ("conf-not-reloaded", unheeded, "600 s after"),
    ("conf-not-reloaded", not_ready, "NetworkReady=false, NetworkPluginNotReady: Network plugin"),
    ("conf-not-reloaded", other_loaded, "uses another configuration than /etc/cni/net.d/10-web.conflist"),
    ("netns-gone", no_namespace, "its namespace /run/netns/cni-1 is not there"),
    ("del-blocked", stopped, "/var/lib/cni/results/web-c1-eth0"),
    ("pids", counter("threads", 32000), "32000 threads"),
    ("netns-limit", many, "99 namespaces"),
    ("netns-mount", full_run, "/run has 0 bytes"),
    ("netns-mount", counter("mounts", 99999), "99999 mounts"),
    ("br-full", links(*(link(f"veth{i}", "veth", master="cni0") for i in range(1023))), "1023 of 1023"),
    ("mtu-overlay", links(link("flannel.1", "vxlan", 1500, parent="eth0")), "1500 - 50 = 1450"),
    ("mtu-overlay", links(link("flannel.1", "vxlan", 1450, parent="eth0"), link("v", "veth", master="cni0")), "carries 1450"),
    ("v6-dad", duplicate, "fd00::2/64 on eth0"),
    ("kind-unsupported", without("macvlan", "macvlan"), "needs macvlan"),
    ("bw-module", without("ifb", "bandwidth"), "needs ifb"),
    ("ipt-module", without("xt_comment", "portmap"), "needs xt_comment"),
    ("hl-range-lt-maxpods", used_up, "1 live"),
    ("hl-exhausted", used_up, "1 live"),
    ("conf-capability-missing", ports, "8080"),
    ("ipt-missing", no_iptables, "needs iptables"),
    ("ipt-neither", no_tables, "can't initialize"),
    ("ipt-incompatible", lambda bundle: bundle.unread_filters.update({"iptables": "table `nat' is incompatible, use 'nft' tool."}), "nat"),
)  # fmt: skip


def codes(bundle: Bundle) -> list[str]:
    return [one.failure.code for one in judge(bundle).every()]


def test_nothing_is_wrong_with_a_bundle_that_is_well():
    """So that what the cases show is what they changed."""
    assert codes(well()) == []
    assert judge(well()).healthy


@pytest.mark.parametrize(("code", "spoil", "said"), CASES)
def test_what_a_check_sees(code: str, spoil: Callable[[Bundle], None], said: str):
    """With the values themselves."""
    bundle = well()
    spoil(bundle)
    found = [one for one in judge(bundle).every() if one.failure.code == code]
    assert any(said in line for one in found for line in one.lines)


def test_the_cause_comes_first_and_what_comes_of_it_below():
    """A message alone tells nothing of what a look at the node has excluded."""
    bundle = well()
    bundle.messages = [
        Message("log", "error getting ClusterInformation: dial tcp 10.96.0.1:443: i/o timeout"),
        Message("log", "failed to reserve sandbox name"),
        Message("log", "netplugin failed with no error message: signal: killed"),
        Message("log", "no IP addresses available in range set: 10.0.0.1-10.0.0.2"),
    ]
    report = judge(bundle)
    (cause,) = report.findings
    assert cause.failure.code == "svc-vip"
    (timeout,) = cause.consequences
    assert timeout.failure.code == "plugin-timeout"
    assert [one.failure.code for one in timeout.consequences] == ["name-reserved"]


def test_an_empty_reservation_of_an_address_in_use_is_not_to_be_removed():
    """And is told so; what frees empty ones judges them again."""
    bundle = well()
    bundle.reservations = [
        ReservationFile("/var/lib/cni/networks/web", f"10.1.0.{i}", "", "", 0) for i in (2, 3)
    ]
    bundle.namespaces.append(
        Namespace("/run/netns/pod", 7, 1, addresses=(AddressFact("eth0", "10.1.0.2/30"),))
    )
    used, free = judge(bundle).findings
    assert used.lines == [
        "/var/lib/cni/networks/web/10.1.0.2 is empty; the address is in use: leave the file"
    ]
    assert free.lines == ["/var/lib/cni/networks/web/10.1.0.3 is empty; the address is in no namespace"]


def test_what_cannot_be_seen_is_not_called_fine():
    """With the reason of the source."""
    bundle = well()
    bundle.namespaces, bundle.unseen = [], {"namespaces": "only root sees the namespaces of others"}
    assert ("br-full", "only root sees the namespaces of others") in [
        (one.code, one.reason) for one in judge(bundle).unchecked
    ]


def test_a_log_that_cannot_be_read_leaves_what_only_it_tells_of_unchecked():
    """And nothing else."""
    bundle = well()
    bundle.unseen = {"messages": "there is no journalctl"}
    assert ("svc-vip", "there is no journalctl") in [
        (one.code, one.reason) for one in judge(bundle).unchecked
    ]
    assert "br-full" not in {one.code for one in judge(bundle).unchecked}


def test_a_sandbox_is_torn_down_by_and_by():
    """One that is young, or of which nothing is left, tells of nothing; nor does one whose state is not known."""
    bundle = well()
    stopped(bundle)
    (sandbox,) = bundle.sandboxes
    for one in (replace(sandbox, created=NOW - 20), replace(sandbox, id="c2", netns_there=False)):
        bundle.sandboxes = [one]
        assert codes(bundle) == []
    bundle.sandboxes = [replace(sandbox, created=0, state="")]
    assert codes(bundle) == []
    bundle.sandboxes = [replace(sandbox, created=0)]
    assert codes(bundle) == ["del-blocked"]


def test_a_configuration_that_is_written_another_way_is_the_same():
    """Or so new that the runtime may be about to read it."""
    bundle = well()
    other_loaded(bundle)
    file = bundle.configurations[0]
    bundle.cri = replace(bundle.cri, loaded=json.dumps(json.loads(file.text), indent=4))
    assert codes(bundle) == []
    not_ready(bundle)
    bundle.configurations[0] = replace(file, changed=NOW - 5)
    assert codes(bundle) == []


def test_a_pod_is_found_by_its_sandboxes():
    """What is about a container is about its pod, and another pod's is dropped."""
    bundle = well()
    bundle.sandboxes = [
        Sandbox(f"c{i}", "default", f"web-{i}", "ready", NOW - 900, f"/run/netns/cni-{i}", True)
        for i in (1, 2)
    ]
    bundle.cache = [
        CachedAttachment(f"/var/lib/cni/results/web-c{i}-eth0", 9, "web", f"c{i}", plugins=("gone",))
        for i in (1, 2)
    ]
    bundle.programs = [Program("gone")]
    found = judge(bundle, Narrowed(pod="default/web-2")).every()
    assert [one.where for one in found if one.failure.code == "del-blocked"] == ["container c2"]
    assert {one.facts.get("pod", "web-2") for one in found} == {"web-2"}


def test_narrowing_keeps_what_is_about_nobody_in_particular():
    """And drops what is another's."""
    bundle = well()
    counter("inotify", 128)(bundle)
    bundle.pods = [Pod("default", name, host_ports=(80,)) for name in ("a", "b")]
    bundle.reservations = [ReservationFile("/var/lib/cni/networks/old", "10.0.0.2", "c9", "eth0", 0)]
    bundle.cache = [CachedAttachment("/var/lib/cni/results/x", 10)]
    found = {one.where for one in judge(bundle, Narrowed(pod="default/a", network="web")).every()}
    assert found == {"fs.inotify.max_user_instances", "default/a"}


def test_the_output_of_kubectl():
    """Pods with their ports, and events that tell of a failure."""
    pod = {
        "kind": "Pod",
        "metadata": {"namespace": "default", "name": "web-0"},
        "spec": {"containers": [{"ports": [{"hostPort": 8080}, {"containerPort": 1}]}]},
        "status": {"phase": "Pending", "podIPs": [{"ip": "10.0.0.2"}]},
    }
    event = {
        "kind": "Event",
        "message": 'plugin type="bridge" failed (add): bridge port in error state: down',
        "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web-0"},
    }
    normal = {"kind": "Event", "message": "Started container web"}
    pods, messages = pods_and_events(
        printed(json.dumps({"items": [pod, event, normal, None, {"kind": "Pod"}]}))
    )
    assert pods[0] == Pod("default", "web-0", "Pending", host_ports=(8080,), addresses=("10.0.0.2",))
    assert [one.pod for one in messages] == ["default/web-0"]
    with pytest.raises(CnictlError, match="this is no list"):
        printed("{}")


def test_only_lines_that_tell_of_a_failure_are_kept():
    """Once each."""
    line = "bridge port in error state: down"
    (stamped,) = told("journal", f"1795904409.554123 worker-1 kubelet[7]: {line}")
    assert (stamped.when, stamped.text) == (1795904409.554123, f"kubelet[7]: {line}")
    assert [one.text for one in told("log", f"fine\n{line}\n{line}\nall is well\n")] == [line]
