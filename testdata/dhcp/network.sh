#!/bin/sh
# On a throwaway node: the bridge br0 leads to a DHCP server, dnsmasq in the network namespace `server`.
# usage: network.sh [DNSMASQ-OPTION ...]
# Leases are in /run/dnsmasq.leases, and all that was asked and answered in /run/dnsmasq.log.
set -eu

ip netns add server
ip link add br0 address 02:00:00:00:44:fe type bridge
ip link set br0 up
ip link add uplink0 type veth peer name eth0 netns server
ip link set uplink0 master br0 up
ip -n server link set lo up
ip -n server addr add 10.44.0.1/24 dev eth0
ip -n server link set eth0 up

[ "${1-}" != none ] || exit 0
nsenter --net=/run/netns/server dnsmasq --conf-file=/dev/null --port=0 --interface=eth0 --bind-interfaces \
    --no-ping --user=root --dhcp-authoritative --dhcp-sequential-ip \
    --dhcp-range=10.44.0.50,10.44.0.99,255.255.255.0,2m --dhcp-option=3,10.44.0.1 --dhcp-option=6,10.44.0.53 \
    --dhcp-option=15,lab.test --dhcp-option=121,10.99.0.0/16,10.44.0.1,0.0.0.0/0,10.44.0.1 \
    --dhcp-option=33,192.168.7.0,10.44.0.7 --dhcp-leasefile=/run/dnsmasq.leases --log-dhcp \
    --log-facility=/run/dnsmasq.log --pid-file=/run/dnsmasq.pid "$@"
