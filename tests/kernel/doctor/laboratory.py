# ruff: noqa: E501 - a fault, a row
"""The faults: what brings each about on a node that is well, and what heals it."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass

from cnictl.doctor.gather.kernel import MODULES

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
CONTAINERD = "/etc/containerd/config.toml"
SETTINGS = f"""[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{BIN}"
conf_dir = "{CONF}"
max_conf_num=1"""


@dataclass(frozen=True)
class Fault:
    """A fault: the class that the doctor must name first, and the shell commands of both ways.

    Without `repair` it is what the doctor prints that must heal it.  `along` are classes that are there
    as well, as consequences or beside it.  `log` is what was said meanwhile, where {ago} is a time that many
    seconds from the look at the node, `kubectl` what it printed.
    """

    code: str
    inject: str
    repair: str = ""
    along: tuple[str, ...] = ()
    name: str = ""
    log: str = ""
    kubectl: str | None = None


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


def token(expires: int, issued: int = 0) -> str:
    """Return a JSON Web Token that is nobody's, from a time to another."""
    parts = [json.dumps({"alg": "none"}), json.dumps({"exp": expires, "iat": issued})]
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

CACHED = "/var/lib/cni/results/web-pod-eth0"
KNOWN_MODULES = "\n".join(f"kernel/{name}.ko" for name in MODULES)
"""What a kernel that has all modules lists."""


def without(module: str) -> str:
    """Return the command that gives the running kernel a list of modules that lacks one."""
    listed = KNOWN_MODULES.replace(f"kernel/{module}.ko", "")
    return f"mkdir -p {TREE}; " + put(f"{TREE}/modules.builtin", listed)


def cached(container: str, change: str = "", network: str = "web") -> str:
    """Return the command that gives a container the attachment of the pod in the cache, changed by some lines."""
    source = [
        "import json, base64, sys",
        f"one = json.load(open('{CACHED}'))",
        f"one.update(containerId='{container}', networkName='{network}')",
        "one.pop('capabilityArgs', None)",
        "result = one['result']",
        change,
        f"json.dump(one, open('/var/lib/cni/results/{network}-{container}-eth0', 'w'))",
    ]
    return put("/run/cached.py", "\n".join(source)) + "\npython3 /run/cached.py"


def process(name: str, *lines: str) -> str:
    """Return the command that starts a program of some name; it ends with `kill $(cat /run/process)`."""
    begin = ["import ctypes, os, time", f"ctypes.CDLL(None).prctl(15, b'{name}', 0, 0, 0)"]
    source = "\n".join([*begin, *lines, "open('/run/started', 'w')", "time.sleep(60)"])
    return (
        f"rm -f /run/started; {put('/run/process.py', source)}\n"
        "python3 /run/process.py >/dev/null 2>&1 & echo $! > /run/process; "
        "until test -e /run/started; do sleep 0.02; done"
    )


ENDED = "kill $(cat /run/process)"
TREE = "/usr/lib/modules/$(uname -r)"
NAMED = {"namespace": "default", "name": "web-0"}
POD: dict[str, object] = {"kind": "Pod", "metadata": NAMED, "spec": {"containers": []}}
TWO_BACKENDS = """nft add table inet cni_hostport; nft add chain inet cni_hostport hostports
nft add rule inet cni_hostport hostports tcp dport 8081 dnat ip to 10.9.0.2:80 comment '"pod"'"""
LISTENING = "import socket; one = socket.socket(socket.AF_UNIX); one.bind('{0}'); one.listen()"

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
    Fault("hl-empty-files", f": > {STORE}/10.9.0.5; touch -d '1 hour ago' {STORE}/10.9.0.5"),
    Fault("hl-leak", RESERVED),
    Fault("hl-leak", FILLED, f"grep -l gone {STORE}/10.* | xargs rm", ("hl-exhausted",), name="until all are gone"),
    Fault("hl-lock-held", f"flock -ox {STORE}/lock sleep 60 >/dev/null 2>&1 & sleep 0.2"),
    Fault("xt-lock", ": >> /run/xtables.lock; flock -ox /run/xtables.lock sleep 60 >/dev/null 2>&1 & sleep 0.2"),
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
    Fault("fwd-drop", "iptables -I FORWARD -s 192.0.2.0/24 -j ACCEPT; iptables -A FORWARD -i web0 -m conntrack --ctstate NEW -j REJECT", "iptables -D FORWARD -i web0 -m conntrack --ctstate NEW -j REJECT; iptables -D FORWARD -s 192.0.2.0/24 -j ACCEPT", name="by a rule behind one that accepts others"),
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
    Fault("multus-readiness", beside({"type": "multus", "clusterNetwork": "web", "readinessindicatorfile": "/run/ready.conf"}, program="multus"), NO_MORE),
    Fault("multus-auth", f"mkdir -p {CONF}/multus.d; " + put(f"{CONF}/multus.d/multus.kubeconfig", KUBECONFIG) + "\n" + beside({"type": "multus", "clusterNetwork": "web", "kubeconfig": f"{CONF}/multus.d/multus.kubeconfig"}, program="multus"), f"{NO_MORE}; rm -r {CONF}/multus.d"),
    Fault("multus-shim-socket", beside({"type": "multus-shim"}, program="multus-shim"), NO_MORE),
    Fault("conf-wrong-dir", f"sed -i s,^conf_dir.*,conf_dir='\"/etc/kubernetes/cni\"', {CONTAINERD}", f"sed -i s,^conf_dir.*,conf_dir='\"{CONF}\"', {CONTAINERD}"),
    Fault("conf-two-files-one-cni", beside({"type": "bridge", "bridge": "b1"}) + f"sed -i s/max_conf_num.*/max_conf_num=2/ {CONTAINERD}", f"{NO_MORE}; sed -i s/max_conf_num.*/max_conf_num=1/ {CONTAINERD}"),
    Fault("conf-not-reloaded", "true", log="{-60} node containerd[1]: cni plugin not initialized"),
    Fault("conf-capability-missing", f"cp {WEB} /run/web; " + put(WEB, json.dumps(NETWORK | {"plugins": NETWORK["plugins"][:1]})), f"cp /run/web {WEB}", kubectl=json.dumps({"items": [POD | {"spec": {"containers": [{"ports": [{"hostPort": 8080}]}]}}]})),
    Fault("bin-loopback-missing", f"mv {BIN}/loopback {BIN}/away", f"mv {BIN}/away {BIN}/loopback"),
    Fault("bin-overwritten", f"mv {BIN}/host-local {BIN}/away; sed '$a # another' {BIN}/away > {BIN}/host-local; chmod 755 {BIN}/host-local", f"mv {BIN}/away {BIN}/host-local"),
    Fault("bin-text-busy", process("install", f"held = open('{BIN}/bridge', 'r+')"), ENDED),
    Fault("bin-bad-output", f"mv {BIN}/bridge {BIN}/away; printf '#!/bin/sh\necho panic: no route' > {BIN}/bridge; chmod 755 {BIN}/bridge", f"mv {BIN}/away {BIN}/bridge"),
    Fault("bin-readonly-fs", beside({"type": "odd-cni"}) + f"mount -o remount,ro {BIN}", f"mount -o remount,rw {BIN}; {NO_MORE}", ("bin-missing",)),
    Fault("result-interface-mismatch", cached("odd", "result['ips'][0]['interface'] = 7"), f"rm {CACHED.replace('-pod-', '-odd-')}"),
    Fault("cache-version", cached("odd", "result['cniVersion'] = '9.9.9'"), f"rm {CACHED.replace('-pod-', '-odd-')}"),
    Fault("netns-gone", cached("odd", "one['netns'] = '/run/netns/cni-gone'"), f"rm {CACHED.replace('-pod-', '-odd-')}"),
    Fault("hl-duplicate", f"printf 'pod\r\neth0' > {STORE}/10.9.0.5; touch -d '1 hour ago' {STORE}/10.9.0.5", f"rm {STORE}/10.9.0.5"),
    Fault("hl-exhausted", "\n".join(f"test -e {STORE}/10.9.0.{i} || printf 'new{i}\r\neth0' > {STORE}/10.9.0.{i}; touch -d '10 minutes' {STORE}/10.9.0.{i}" for i in range(2, 7)), f"grep -l new {STORE}/10.* | xargs rm"),
    Fault("hl-range-lt-maxpods", "\n".join(f"test -e {STORE}/10.9.0.{i} || {{ printf 'more{i}\r\neth0' > {STORE}/10.9.0.{i}; nsenter --net=/run/netns/cni-pod ip addr add 10.9.0.{i}/32 dev lo; }}" for i in range(2, 7)), f"grep -l more {STORE}/10.* | xargs rm; nsenter --net=/run/netns/cni-pod ip addr flush dev lo", ("hl-exhausted",)),
    Fault("dhcp-no-offer", beside({"type": "bridge", "bridge": "web0", "ipam": {"type": "dhcp", "daemonSocketPath": "/run/dhcp.sock"}}) + f"cp {BIN}/portmap {BIN}/dhcp; rm -f /run/dhcp.sock; " + process("dhcp", LISTENING.format("/run/dhcp.sock")), f"{NO_MORE}; {ENDED}"),
    Fault("aws-ipamd-down", beside({"type": "aws-cni"}, program="aws-cni"), NO_MORE),
    Fault("if-exists", "ip netns add cni-half; ip -n cni-half link add eth0 type ifb; ip netns exec cni-half sleep 60 >/dev/null 2>&1 & echo $! > /run/process; until test -e /run/netns/cni-half && ip -n cni-half link show eth0 >/dev/null 2>&1; do sleep 0.02; done; sleep 0.1", f"{ENDED}; ip netns del cni-half"),
    Fault("br-port-state", "ip -n cni-pod link set eth0 down", AGAIN),
    Fault("macvlan-mac", "ip link add p1 type veth peer name p2; ip link add m1 link p1 address 02:00:00:00:00:07 type macvlan; ip link add m2 link p1 address 02:00:00:00:00:07 type macvlan; ip link set p1 up; ip link set m1 up", "ip link del p1"),
    Fault("mtu-overlay", "ip link add p1 type veth peer name p2; ip link set p1 up; ip link add vx1 type vxlan id 7 dev p1 dstport 4789 remote 192.0.2.1; ip link set vx1 up; ip link set p1 mtu 1400", "ip link del vx1; ip link del p1"),
    Fault("route-unreachable", beside({"type": "bridge", "bridge": "b1", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.5.0.0/24"}]], "routes": [{"dst": "10.0.0.0/8", "gw": "10.6.0.1"}]}}), NO_MORE),
    Fault("route-exists", f"ip link add p1 type veth peer name p2; ip link set p1 up; ip route add $(basename $(grep -l pod {STORE}/10.*))/32 dev p1", "ip link del p1"),
    Fault("udev-mac", "ip -n cni-pod link set eth0 address 02:00:00:00:00:09", AGAIN),
    Fault("nm-interference", "mkdir -p /run/systemd/netif/links; printf 'ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/10-all.network\n' > /run/systemd/netif/links/$(cat /sys/class/net/web0/ifindex); " + process("systemd-network"), f"{ENDED}; rm -r /run/systemd/netif"),
    Fault("hostdev-missing", beside({"type": "host-device", "device": "ens9"}, program="host-device"), NO_MORE),
    Fault("nft-autodetect", TWO_BACKENDS, "nft delete table inet cni_hostport"),
    Fault("svc-vip", f"mkdir -p {CONF}/multus.d; " + put(f"{CONF}/multus.d/multus.kubeconfig", "cluster:\n  server: https://[10.96.0.1]:443"), f"rm -r {CONF}/multus.d"),
    Fault("tuning-sysctl", beside({"type": "bridge", "bridge": "b1"}, {"type": "tuning", "sysctl": {"net.core.somaxconn": "500"}}, program="tuning") + "; mkdir -p /etc/cni/tuning; echo '^net.ipv4.conf.IFNAME' > /etc/cni/tuning/allowlist.conf", f"{NO_MORE}; rm -r /etc/cni/tuning"),
    Fault("multus-delegate", beside({"type": "multus"}, program="multus"), NO_MORE),
    Fault("multus-annotation", "true", kubectl=json.dumps({"items": [POD | {"metadata": {**NAMED, "annotations": {"k8s.v1.cni.cncf.io/networks": '[{"name": "a",]'}}}]})),
    Fault("multus-del-cache", cached("odd", "one['config'] = base64.b64encode(json.dumps({'cniVersion': '1.0.0', 'name': 'web', 'type': 'multus'}).encode()).decode()") + f"; cp {BIN}/portmap {BIN}/multus", f"rm {CACHED.replace('-pod-', '-odd-')}"),
    Fault("plugin-timeout", "cp /bin/sleep /run/portmap; CNI_COMMAND=ADD CNI_CONTAINERID=slow CNI_IFNAME=eth0 /run/portmap 60 >/dev/null 2>&1 & echo $! > /run/process; sleep 0.1", ENDED),
    Fault("clock", f"mkdir -p {CONF}/multus.d; " + put(f"{CONF}/multus.d/multus.kubeconfig", f"user:\n  token: {token(4102444800, issued=4102441200)}"), f"rm -r {CONF}/multus.d"),
    Fault("not-network-runtime", "mkdir -p /run/containerd; python3 -c \"import socket; socket.socket(socket.AF_UNIX).bind('/run/containerd/containerd.sock')\"", "rm -r /run/containerd"),
    Fault("calico-unauthorized", beside({"type": "calico"}, program="calico") + "; mkdir -p /var/lib/calico; echo node > /var/lib/calico/nodename; " + put(f"{CONF}/calico-kubeconfig", KUBECONFIG), f"{NO_MORE}; rm -r /var/lib/calico {CONF}/calico-kubeconfig"),
    Fault("br-nf-off", "sysctl -qw net.bridge.bridge-nf-call-iptables=0; " + beside({"type": "flannel", "delegate": {"bridge": "b1"}}, program="flannel") + "; mkdir -p /run/flannel; printf 'FLANNEL_NETWORK=10.0.0.0/8\\nFLANNEL_SUBNET=10.7.0.1/24\\nFLANNEL_MTU=1450\\nFLANNEL_IPMASQ=true\\n' > /run/flannel/subnet.env", f"{NO_MORE}; rm -r /run/flannel"),
    Fault("fds", process("containerd", "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (20, 20))", "held = [os.open('/dev/null', 0) for _ in range(16)]", "import builtins; builtins.open = lambda *_: os.mknod('/run/started')"), ENDED),
    Fault("netns-mount", "mount -o remount,nr_inodes=$(( $(df --output=iused /run | tail -n 1) + 3 )) /run", "mount -o remount,nr_inodes=1000000 /run"),
    Fault("v6-dad", "ip link add d1 type veth peer name d2; sysctl -qw net.ipv6.conf.d1.accept_dad=1; ip link set d2 up; ip -6 addr add fd00:9::1/64 dev d2; ip link set d1 up; sleep 0.3; ip -6 addr add fd00:9::1/64 dev d1; for i in $(seq 60); do ip -6 addr show dev d1 | grep -q dadfailed && break; sleep 0.05; done", "ip link del d1"),
    Fault("kind-unsupported", without("ipvlan") + "\n" + beside({"type": "ipvlan", "master": "web0", "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.5.0.0/24"}]]}}, program="ipvlan"), f"{NO_MORE}; rm -r {TREE}"),
    Fault("bw-module", without("sch_tbf") + "\n" + beside({"type": "bridge", "bridge": "b1"}, {"type": "bandwidth", "capabilities": {"bandwidth": True}}, program="bandwidth"), f"{NO_MORE}; rm -r {TREE}"),
    Fault("ipt-module", without("xt_comment"), f"rm -r {TREE}"),
    Fault("ipt-missing", "mkdir /run/away; mv /usr/sbin/iptables /usr/sbin/nft /run/away", "mv /run/away/* /usr/sbin; rmdir /run/away"),
    Fault("ipt-incompatible", "nft add rule ip nat POSTROUTING meta mark set numgen inc mod 2", "nft -a list chain ip nat POSTROUTING | sed -n 's/.*numgen.*handle //p' | xargs nft delete rule ip nat POSTROUTING handle"),
    Fault("mesh-cni", beside({"type": "bridge", "bridge": "b1"}, {"type": "istio-cni", "kubernetes": {"kubeconfig": f"{CONF}/ZZZ-istio-cni-kubeconfig"}}, program="istio-cni"), NO_MORE),
)  # fmt: skip
