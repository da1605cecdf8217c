# ruff: noqa: E501 - a fault, a row
"""The faults: what brings each about on a node that is well, and what heals it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

CONF, BIN = "/etc/cni/net.d", "/run/bin"
WEB = f"{CONF}/10-web.conflist"
NETWORK = {
    "cniVersion": "1.0.0",
    "name": "web",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "web0",
            "isGateway": True,
            "ipMasq": True,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": "10.9.0.0/24", "rangeStart": "10.9.0.2", "rangeEnd": "10.9.0.6"}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}
STORE = "/var/lib/cni/networks/web"


@dataclass(frozen=True)
class Fault:
    """A fault: the class that the doctor must name first, and the shell commands of both ways.

    Without `repair` it is what the doctor prints that must heal it.  `along` are classes that are there
    as well, as consequences or beside it.
    """

    code: str
    inject: str
    repair: str = ""
    along: tuple[str, ...] = ()
    name: str = ""


def put(path: str, text: str) -> str:
    """Return the command that writes a file."""
    return f"cat > {path} <<'END'\n{text}\nEND"


def network(name: str, *plugins: dict[str, object], version: str = "1.0.0") -> str:
    """Return the text of a network."""
    return json.dumps({"cniVersion": version, "name": name, "plugins": plugins}, indent=2)


def beside(*plugins: dict[str, object], program: str = "") -> str:
    """Return the command that adds a second network, and a program for it that is there."""
    made = put(f"{CONF}/20-more.conflist", network("more", *plugins))
    return f"{made}\n" + (f"cp {BIN}/portmap {BIN}/{program}" if program else "")


def first(text: str, name: str = "05-first.conflist") -> str:
    """Return the command that adds a file before the one in use."""
    return put(f"{CONF}/{name}", text)


def token(expires: int) -> str:
    """Return a JSON Web Token that expires then, and that is nobody's."""
    parts = [json.dumps({"alg": "none"}), json.dumps({"exp": expires})]
    return ".".join([*(base64.urlsafe_b64encode(one.encode()).decode().rstrip("=") for one in parts), "c2ln"])


NO_MORE = f"rm -f {CONF}/20-more.conflist"
NO_FIRST = f"rm -f {CONF}/05-first.*"
RESERVED = f"printf 'gone\\r\\neth0' > {STORE}/10.9.0.4 && touch -d '1 hour ago' {STORE}/10.9.0.4"
FILLED = "\n".join(
    f"test -e {STORE}/10.9.0.{i} || {{ printf 'gone{i}\\r\\neth0' > {STORE}/10.9.0.{i}; "
    f"touch -d '1 hour ago' {STORE}/10.9.0.{i}; }}"
    for i in range(2, 7)
)
IPV6 = {"type": "host-local", "ranges": [[{"subnet": "fd00::/64"}]]}
KUBECONFIG = f"user:\n  token: {token(1000)}"

DETACH = "cnictl del web /run/netns/cni-pod --container-id pod"
ATTACH = "cnictl add web /run/netns/cni-pod --container-id pod -p 8080:80 > /dev/null"
AGAIN = f"{DETACH}; {ATTACH}"
WATCHING = f"""cat > /run/watch.py <<'END'
import ctypes, time
libc = ctypes.CDLL(None)
libc.prctl(15, b"containerd", 0, 0, 0)
libc.inotify_add_watch(libc.inotify_init(), b"{CONF}", 0x3C0)
open("/run/watching", "w")
time.sleep(60)
END
python3 /run/watch.py >/dev/null 2>&1 &
echo $! > /run/watcher; until test -e /run/watching; do sleep 0.05; done"""
"""A program that calls itself containerd and watches the directory of configurations, as containerd does."""

FAULTS = (
    Fault("conf-none", f"mv {WEB} {WEB}.bak", f"mv {WEB}.bak {WEB}"),
    Fault("conf-invalid-json", first('{"cniVersion": "1.0.0",'), NO_FIRST),
    Fault("conf-invalid-json", first(""), NO_FIRST, name="empty"),
    Fault("conf-shape", first('{"cniVersion": "1.0.0", "name": "x", "type": "bridge"}'), NO_FIRST),
    Fault("conf-shape", first(network("x", {"type": "bridge"}), "05-first.conf"), NO_FIRST, name="list in .conf"),
    Fault("conf-wrong-json-type", beside({"type": "bridge", "bridge": "b1", "mtu": "1500"}), NO_MORE),
    Fault("conf-version-missing", beside({"type": "bridge", "bridge": "b1"}) + f"sed -i /cniVersion/d {CONF}/20-more.conflist", NO_MORE),
    Fault("conf-name-invalid", put(f"{CONF}/20-more.conflist", network("a b", {"type": "bridge", "bridge": "b1"})), NO_MORE),
    Fault("conf-chain-order", beside({"type": "portmap", "capabilities": {"portMappings": True}}), NO_MORE),
    Fault("conf-duplicate-name", put(f"{CONF}/20-more.conflist", network("web", {"type": "bridge", "bridge": "b1"})), NO_MORE),
    Fault("conf-leftover", first(network("cilium", {"type": "cilium-cni"})) + f"\ncp {BIN}/portmap {BIN}/cilium-cni", along=("cilium-agent-down",)),
    Fault("conf-version-unsupported", f"cp {BIN}/portmap {BIN}/kept; " + put(f"{BIN}/portmap", "#!/bin/sh\necho '{\"cniVersion\": \"0.4.0\", \"supportedVersions\": [\"0.4.0\"]}'"), f"mv {BIN}/kept {BIN}/portmap"),
    Fault("bw-args", beside({"type": "bridge", "bridge": "b1"}, {"type": "bandwidth", "ingressRate": 1000}, program="bandwidth"), NO_MORE),
    Fault("ipam-no-config", beside({"type": "ptp"}, program="ptp"), NO_MORE),
    Fault("hl-bad-range", beside({"type": "bridge", "bridge": "b1", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.1.2.0/31"}]]}}), NO_MORE),
    Fault("bin-missing", beside({"type": "odd-cni"}), NO_MORE),
    Fault("bin-dir-mismatch", f"mv {BIN}/portmap {BIN}/portmap.away", f"mv {BIN}/portmap.away {BIN}/portmap", ("del-blocked",)),
    Fault("bin-not-executable", f"chmod 0644 {BIN}/bridge"),
    Fault("bin-wrong-arch", f"mv {BIN}/bridge {BIN}/away; echo '<html>not found' > {BIN}/bridge; chmod 755 {BIN}/bridge", f"mv {BIN}/away {BIN}/bridge"),
    Fault("bin-wrong-arch", f"mv {BIN}/bridge {BIN}/away; : > {BIN}/bridge; chmod 755 {BIN}/bridge", f"mv {BIN}/away {BIN}/bridge", name="empty"),
    Fault("bin-interpreter", f"mv {BIN}/bridge {BIN}/away; printf '#!/no/such\\n' > {BIN}/bridge; chmod 755 {BIN}/bridge", f"mv {BIN}/away {BIN}/bridge"),
    Fault("hl-empty-files", f": > {STORE}/10.9.0.5"),
    Fault("hl-leak", RESERVED),
    Fault("hl-leak", FILLED, f"grep -l gone {STORE}/10.* | xargs rm", ("hl-exhausted",), name="until all are gone"),
    Fault("hl-lock-held", f"flock -x {STORE}/lock sleep 60 >/dev/null 2>&1 & sleep 0.2"),
    Fault("xt-lock", ": >> /run/xtables.lock; flock -x /run/xtables.lock sleep 60 >/dev/null 2>&1 & sleep 0.2"),
    Fault("hl-store-unwritable", "mount -o remount,ro /var/lib/cni", "mount -o remount,rw /var/lib/cni"),
    Fault("hl-store-unwritable", "mount -o remount,size=64k /var/lib/cni; head -c 70000 /dev/zero > /var/lib/cni/log || true", "rm /var/lib/cni/log; mount -o remount,size=16m /var/lib/cni", name="full"),
    Fault("cache-empty", ": > /var/lib/cni/results/web-gone-eth0"),
    Fault("dhcp-socket", beside({"type": "macvlan", "master": "web0", "ipam": {"type": "dhcp"}}, program="macvlan") + f"; cp {BIN}/portmap {BIN}/dhcp", NO_MORE),
    Fault("br-addr-differs", "ip addr flush dev web0; ip addr add 10.8.0.1/24 dev web0", "ip addr flush dev web0; ip addr add 10.9.0.1/24 dev web0"),
    Fault("br-not-bridge", beside({"type": "bridge", "bridge": "b1"}) + "ip link add b1 type veth peer name b2", f"{NO_MORE}; ip link del b1"),
    Fault("master-missing", beside({"type": "macvlan", "master": "eth9"}, program="macvlan"), NO_MORE),
    Fault("master-busy", beside({"type": "macvlan", "master": "p1"}, program="macvlan") + "\nip link add p1 type veth peer name p2; ip link set p1 master web0", f"{NO_MORE}; ip link del p1"),
    Fault("mtu-invalid", beside({"type": "macvlan", "master": "web0", "mtu": 9000}, program="macvlan"), NO_MORE),
    Fault("v6-disabled", beside({"type": "bridge", "bridge": "b1", "ipam": IPV6}) + "sysctl -qw net.ipv6.conf.default.disable_ipv6=1"),
    Fault("v6-module-off", beside({"type": "bridge", "bridge": "b1", "mtu": 1200, "ipam": IPV6}), NO_MORE),
    Fault("netns-bad-magic", ": > /run/netns/cni-dead"),
    Fault("netns-leak", ": > /run/netns/cni-left; unshare --net=/run/netns/cni-left true"),
    Fault("fwd-off", "sysctl -qw net.ipv4.ip_forward=0"),
    Fault("fwd-drop", "iptables -P FORWARD DROP"),
    Fault("ipt-mixed", "iptables-legacy -A FORWARD -s 192.0.2.1 -j ACCEPT; iptables-nft -A FORWARD -s 192.0.2.1 -j ACCEPT", "iptables-legacy -D FORWARD -s 192.0.2.1 -j ACCEPT; iptables-nft -D FORWARD -s 192.0.2.1 -j ACCEPT"),
    Fault("fw-flushed", "iptables -t nat -F; iptables -t nat -X", AGAIN),
    Fault("conf-watch-lost", WATCHING + f"; mv {CONF} {CONF}.old; cp -r {CONF}.old {CONF}; rm -r {CONF}.old", "kill $(cat /run/watcher)"),
    Fault("br-addr-differs", beside({"type": "flannel", "delegate": {"bridge": "web0"}}, program="flannel") + "; mkdir -p /run/flannel; printf 'FLANNEL_NETWORK=10.0.0.0/8\\nFLANNEL_SUBNET=10.7.0.1/24\\nFLANNEL_MTU=1450\\nFLANNEL_IPMASQ=true\\n' > /run/flannel/subnet.env", f"{NO_MORE}; rm -r /run/flannel", ("br-nf-off",), name="flannel"),
    Fault("hostport-stale", "iptables -t nat -N CNI-DN-0123456789abcdef0123; iptables -t nat -A CNI-DN-0123456789abcdef0123 -p tcp -j DNAT --to-destination 10.9.0.9:80 -m comment --comment 'dnat name: \"web\" id: \"gone\"'", "iptables -t nat -F CNI-DN-0123456789abcdef0123; iptables -t nat -X CNI-DN-0123456789abcdef0123"),
    Fault("hostport-conflict", "iptables -t nat -A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 8080 -j RETURN", "iptables -t nat -D CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 8080 -j RETURN"),
    Fault("flannel-subnet-env", beside({"type": "flannel"}, program="flannel"), NO_MORE, ("br-nf-off", "flannel-no-iface")),
    Fault("calico-nodename", beside({"type": "calico"}, program="calico"), NO_MORE),
    Fault("cilium-agent-down", first(network("cilium", {"type": "cilium-cni"})) + f"\ncp {BIN}/portmap {BIN}/cilium-cni; mv {WEB} {WEB}.away", f"{NO_FIRST}; mv {WEB}.away {WEB}"),
    Fault("multus-readiness", beside({"type": "multus", "readinessindicatorfile": "/run/ready.conf"}, program="multus"), NO_MORE),
    Fault("multus-auth", f"mkdir -p {CONF}/multus.d; " + put(f"{CONF}/multus.d/multus.kubeconfig", KUBECONFIG) + "\n" + beside({"type": "multus", "kubeconfig": f"{CONF}/multus.d/multus.kubeconfig"}, program="multus"), f"{NO_MORE}; rm -r {CONF}/multus.d"),
    Fault("multus-shim-socket", beside({"type": "multus-shim"}, program="multus-shim"), NO_MORE),
    Fault("mesh-cni", beside({"type": "bridge", "bridge": "b1"}, {"type": "istio-cni", "kubernetes": {"kubeconfig": f"{CONF}/ZZZ-istio-cni-kubeconfig"}}, program="istio-cni"), NO_MORE),
)  # fmt: skip
