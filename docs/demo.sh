#!/bin/sh
# The main job, end to end: a real configuration, two pods, a published port, a fault, and nothing left.
# usage: cnictl node -- sh docs/demo.sh     (which is what `make demo` does)
# It runs on a throwaway node and uses nothing of the machine but its programs.
set -eu
exec 2>&1
cd "$(dirname "$0")/.."

if [ -t 1 ]; then bold=$(printf '\033[1m') plain=$(printf '\033[0m'); else bold='' plain=''; fi
step() { printf '\n%s== %s%s\n' "$bold" "$*" "$plain"; }
run() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; "$@"; }
says_no() { # run a command whose answer must be no: exit status 1
    status=0
    run "$@" || status=$?
    if [ "$status" != 1 ]; then
        echo "demo: expected the answer no, got exit status $status"
        exit 1
    fi
}

export CNI_PATH=/run/cni/bin NETCONFPATH=/run/cni/net.d
mkdir -p "$NETCONFPATH"
cp testdata/conflists/10-web.conflist "$NETCONFPATH"

step "A network configuration: a bridge with masquerading, published ports, a sysctl"
run cat "$NETCONFPATH/10-web.conflist"
cnictl install "$CNI_PATH" >/dev/null
run cnictl validate "$NETCONFPATH"

step "Two pods.  The first publishes port 8080"
run cnictl netns new shop
run cnictl netns new client
cnictl snapshot --netns shop --netns client >/run/before.yaml
run cnictl add web --container-id shop --port 8080:80/tcp shop -o table
run cnictl add web --container-id client client -o json

step "What ADD made of the node and of the pods"
says_no cnictl diff /run/before.yaml

step "Packets: from pod to pod, and through the node's port 8080 to the shop's port 80"
mkdir /run/shop
echo "Welcome to the shop." >/run/shop/index.html
run cnictl netns exec client -- ping -c 1 -W 2 10.88.0.2
# not `python3 -m http.server`, which first asks for the name of the machine, and waits where nobody knows it
serve='
import http.server, os, socketserver
os.chdir("/run/shop")
socketserver.TCPServer(("", 80), http.server.SimpleHTTPRequestHandler).serve_forever()
'
cnictl netns exec shop -- python3 -c "$serve" >/dev/null 2>&1 &
fetch='
import sys, time, urllib.request
for attempt in range(50):
    try:
        print(urllib.request.urlopen(sys.argv[1], timeout=2).read().decode(), end="")
        break
    except OSError:
        time.sleep(0.1)
else:
    sys.exit("no answer")
'
echo "${bold}# from the client pod: GET http://10.88.0.1:8080/${plain}"
cnictl netns exec client -- python3 -c "$fetch" http://10.88.0.1:8080/
echo "${bold}# from the node itself: GET http://127.0.0.1:8080/${plain}"
python3 -c "$fetch" http://127.0.0.1:8080/

step "CHECK: everything is as ADD made it"
run cnictl check web --container-id shop shop
run cnictl check web --container-id client client

step "Something breaks: a route in a pod, and the chain that leads to the shop"
chain=$(iptables-save -t nat | sed -n 's/^:\(CNI-DN-[^ ]*\) .*/\1/p')
run cnictl netns exec client -- ip route delete default
run iptables -t nat -F "$chain"

step "CHECK and diff name exactly that"
says_no cnictl check web --container-id client client
says_no cnictl check web --container-id shop shop
says_no cnictl diff --network web

step "DEL, and DEL again, as runtimes do"
for _ in first second; do
    run cnictl del web --container-id shop shop
    run cnictl del web --container-id client client
done

step "What is left: nothing of the pods, but what the next one will share with them"
run cnictl attachments ls
says_no cnictl diff /run/before.yaml
left=$(iptables-save | grep -e shop -e client || true; ip -o link | grep veth || true
    find /var/lib/cni -type f | grep -e '/10\.' -e results/ || true)
if [ -n "$left" ]; then
    printf 'demo: something is left:\n%s\n' "$left"
    exit 1
fi
