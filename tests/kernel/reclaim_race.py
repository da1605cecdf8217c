"""Runs on a throwaway node: containers come, stay and go, some without DEL, while addresses are reclaimed.

stdin is JSON: `seconds`, and the `directories` of the plugins, a worker for each.  A worker has a network
namespace of its own.  It calls ADD of host-local, gives the address to its `lo`, stays for a while, and
looks whether the address is still its own and nobody else's; then it takes the address away and calls
DEL, or leaves the reservation to be reclaimed.  Stays are shorter and longer than the time after which a
reservation counts as old.  stdout is JSON: what went wrong, and how often what happened.

A machine may stop a worker for longer than that time between ADD and the address.  Such a stay does not
count: no ADD takes that long, as `--grace` must be longer than any.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from cnictl.flock import LockBusy
from cnictl.leases import survey
from cnictl.leases.evidence import Gatherer, sandboxes_asked
from cnictl.leases.journal import Journal
from cnictl.leases.networks import networks
from cnictl.leases.reclaim import reclaim_all
from cnictl.netlink.rtnl import Rtnl
from cnictl.netns_named import create_named
from cnictl.spec.address import Prefix

GRACE = 1.0
"""Seconds after which a reservation counts as old."""
STAYS = (0.0, 0.1, 0.5, 1.5 * GRACE, 2.5 * GRACE)
CONFIGURATION = {
    "cniVersion": "1.0.0",
    "name": "net",
    "type": "any",
    "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.1.0.0/28"}]]},
}
PAUSE = 0.02
"""Seconds between two rounds, for machines with few processors."""
KEPT = "/var/lib/cni/networks/net"
HELD = "/run/held"
RESULTS = "/run/race"


class Worker:
    """A container that comes again and again, each time with another id."""

    def __init__(self, number: int, directory: str) -> None:
        self.number = number
        self.program = f"{directory}/host-local"
        self.netns = f"/run/netns/w{number}"
        self.chance = random.Random(number)
        self.count: Counter[str] = Counter()
        self.wrong: list[str] = []
        create_named(self.netns)

    def work(self, until: float) -> None:
        turn = 0
        while time.monotonic() < until:
            turn += 1
            self.come(f"w{self.number}x{turn}")

    def come(self, container: str) -> None:
        began = time.monotonic()
        added = self.call("ADD", container)
        if added is None:
            self.count["full"] += 1
            time.sleep(0.1)
            return
        address = added["ips"][0]["address"].partition("/")[0]
        prefix = Prefix.parse(f"{address}/32")
        with Rtnl(self.netns) as inside:
            if time.monotonic() - began < GRACE / 2:
                lo = inside.link("lo")
                inside.add_address(lo, prefix)
                if time.monotonic() - began < GRACE / 2:
                    self.stay(container, address)
                else:
                    self.count["too slow"] += 1
                inside.delete_address(lo, prefix)
            else:
                self.count["too slow"] += 1
        if self.chance.random() < 0.3:
            self.count["left"] += 1
        else:
            self.call("DEL", container)

    def stay(self, container: str, address: str) -> None:
        mark = f"{HELD}/{address}"
        try:
            os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            self.wrong.append(f"{address} of {container} is somebody else's as well")
            return
        self.count["stays"] += 1
        until = time.monotonic() + self.chance.choice(STAYS)
        while True:
            content = read(f"{KEPT}/{address}")
            if content != f"{container}\r\neth0".encode():
                self.wrong.append(f"{address} is in use by {container}, and its file says {content!r}")
            if time.monotonic() >= until:
                break
            time.sleep(0.05)
        os.unlink(mark)

    def call(self, verb: str, container: str) -> Any:
        environment = {
            "CNI_COMMAND": verb,
            "CNI_CONTAINERID": container,
            "CNI_NETNS": self.netns,
            "CNI_IFNAME": "eth0",
            "CNI_PATH": "/",
        }
        done = subprocess.run(
            [self.program],
            input=json.dumps(CONFIGURATION).encode(),
            env=environment,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            if b"no IP addresses available" not in done.stdout:
                self.wrong.append(f"{verb} of {container}: {(done.stdout + done.stderr).decode()}")
            return None
        return json.loads(done.stdout) if verb == "ADD" else {}


def read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except FileNotFoundError:
        return None


def reclaim_until(until: float) -> Counter[str]:
    """Reclaim over and over; the time that a journal takes is part of it."""
    gatherer = Gatherer(sandboxes_asked, grace=GRACE, whole_node=True)
    count: Counter[str] = Counter()
    while time.monotonic() < until:
        surveyed, _ = survey.survey(networks("/etc/cni/net.d").found, gatherer)
        count["rounds"] += 1
        with Journal(f"/run/journals/{count['rounds']}") as journal:
            try:
                for one in reclaim_all(surveyed, gatherer, journal, {"orphan"}):
                    count["freed" if one.done else "kept after all"] += 1
            except LockBusy:
                count["busy"] += 1
        time.sleep(PAUSE)
    return count


def main() -> None:
    told = json.load(sys.stdin)
    os.makedirs(HELD)
    os.makedirs(RESULTS)
    workers = [Worker(number, directory) for number, directory in enumerate(told["directories"])]
    until = time.monotonic() + told["seconds"]
    children = []
    for worker in workers:
        child = os.fork()
        if child == 0:
            try:
                worker.work(until)
            except BaseException as error:  # noqa: BLE001 - this is the end of the process
                worker.wrong.append(f"{type(error).__name__}: {error}")
            Path(f"{RESULTS}/{worker.number}").write_text(json.dumps([worker.count, worker.wrong]))
            os._exit(0)
        children.append(child)
    reclaimed = reclaim_until(until + max(STAYS))
    for child in children:
        os.waitpid(child, 0)
    time.sleep(GRACE)
    last = reclaim_until(time.monotonic() + 0.1)
    count: Counter[str] = reclaimed + last
    wrong: list[str] = []
    for worker in workers:
        counted, said = json.loads(Path(f"{RESULTS}/{worker.number}").read_text())
        count += Counter(counted)
        wrong += said
    left = sorted(name for name in os.listdir(KEPT) if name[0].isdigit())
    json.dump({"wrong": wrong, "count": count, "left": left}, sys.stdout)


if __name__ == "__main__":
    main()
