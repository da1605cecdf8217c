#!/bin/sh
# On a throwaway node: start a DHCP daemon, and wait until it listens.
# usage: daemon.sh SOCKET PROGRAM ARGUMENT ...
set -eu

socket=$1
shift
log=/run/$(basename "$socket").log
"$@" -socketpath "$socket" >"$log" 2>&1 &
tries=0
until [ -S "$socket" ]; do
    tries=$((tries + 1))
    if [ "$tries" -gt 200 ]; then
        cat "$log" >&2
        exit 1
    fi
    sleep 0.05
done
