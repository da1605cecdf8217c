#!/bin/sh
# Start a system bus and firewalld on a throwaway node, in the background, and wait until it answers.
# Neither touches what is shared with the host: settings and logs are in /run, which is the node's own.
set -eu
bus=/run/dbus/system_bus_socket

wait_for() {
    for _ in $(seq 100); do
        ! "$@" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    echo "waited 10 seconds for: $*" >&2
    cat /run/*.log >&2
    exit 1
}

mkdir -p /run/dbus /run/firewalld/etc
setsid dbus-daemon --system --nofork --nopidfile --address=unix:path=$bus </dev/null >/run/bus.log 2>&1 &
echo $! >/run/bus.pid
wait_for test -S $bus
setsid /usr/bin/python3 /usr/sbin/firewalld --nofork --nopid --log-target=console \
    --system-config /run/firewalld/etc </dev/null >/run/firewalld.log 2>&1 &
echo $! >/run/firewalld.pid
wait_for firewall-cmd --state
