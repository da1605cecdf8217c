"""Run in a bare Debian 13 the tests whose outcome the distribution's programs decide.

usage: python -m tests.debian.lane [PYTEST_OPTION ...]

Those are `unit` and `protocol`, which its Python decides, and of `kernel` what has to do with iptables, nft,
ip, tc and firewalld.  It is set up as a user would do it, by `tests/setup.sh`; the kernel is this
machine's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.debian import root
from tests.debian.inside import Inside

ROOT = Path(__file__).parents[2]
CHECKOUT = "/srv/cnictl"
RESULTS = "build/lanes"
KEPT = {".venv", "build"}
"""What of the copy is not from here, and makes the second run quick."""
LEVEL = "kernel"
SPARED = ("chromium", "git")
"""Packages that this level of `tests/setup.sh` leaves out; tests that want one of them are skipped."""

KERNEL = (
    "doctor/test_fix.py",
    "netfilter",
    "netlink",
    "plugins/test_bandwidth.py",
    "plugins/test_bridge.py",
    "plugins/test_firewall.py",
    "plugins/test_firewall_firewalld.py",
    "plugins/test_firewall_many.py",
    "plugins/test_firewall_removal.py",
    "plugins/test_multus_kubernetes.py",  # for Python's ssl
    "plugins/test_portmap.py",
    "plugins/test_portmap_removal.py",
    "plugins/test_ptp.py",
    "plugins/test_tuning.py",
    "state/test_observe.py",
)
CHOSEN = ("tests/unit", "tests/protocol", *(f"tests/kernel/{name}" for name in KERNEL))

PASSED_ON = "http_proxy https_proxy no_proxy CI PIP_INDEX_URL PIP_TRUSTED_HOST PIP_DEFAULT_TIMEOUT".split()


def obstacle() -> str:
    """Say why the lane cannot run here, or nothing."""
    return root.obstacle() or unknown_to_git(ROOT)


def unknown_to_git(tree: Path) -> str:
    """Say why git does not tell what belongs to a tree, or nothing when it does."""
    done = subprocess.run(["git", "-C", str(tree), "ls-files"], check=False, capture_output=True, text=True)
    if done.returncode:
        return f"git cannot list the files of {tree}: {done.stderr.strip().splitlines()[0]}"
    return "" if done.stdout else f"git knows no files in {tree}"


def environment(ours: Mapping[str, str]) -> dict[str, str]:
    """Give what of our environment means the same in there, and what is particular to it."""
    given = {name: ours[name] for name in PASSED_ON if name in ours}
    given |= {"HOME": "/root", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
    if os.path.exists(root.CERTIFICATES):
        given["PIP_CERT"] = root.KEPT_CERTIFICATES
    return given | {"CNICTL_SPARED": " ".join(SPARED)}


def hand_over(tree: Path, copy: Path) -> None:
    """Make a directory a copy of a working tree, without what git ignores or keeps for itself."""
    copy.mkdir(parents=True, exist_ok=True)
    for old in copy.iterdir():
        if old.name not in KEPT:
            shutil.rmtree(old) if old.is_dir() and not old.is_symlink() else old.unlink()
    words = ["git", "-C", str(tree), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.run(words, check=True, capture_output=True, text=True).stdout.split("\0"):
        if name and os.path.lexists(tree / name):  # else it is deleted, and git has not been told
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(tree / name, copy / name, follow_symlinks=False)


def main(options: Sequence[str]) -> int:
    """Run the tests in there and give pytest's exit status."""
    results = ROOT / RESULTS
    results.mkdir(parents=True, exist_ok=True)
    try:
        top = root.ready()
    except root.NoDebian as error:
        print(error, file=sys.stderr)
        return 3  # pytest's own "internal error"
    copy = top / CHECKOUT.lstrip("/")
    hand_over(ROOT, copy)
    (copy / RESULTS).mkdir(parents=True, exist_ok=True)
    debian = Inside(top, CHECKOUT, results, f"{CHECKOUT}/{RESULTS}", environment(os.environ))
    status = debian.run(["sh", "tests/setup.sh", LEVEL], own_network=False)
    if status:
        print(f"tests/setup.sh {LEVEL}: exit status {status}", file=sys.stderr)
        return 3
    words = [".venv/bin/python", "-m", "pytest", "-q", "-m", "not kernel_lane", "-p", "no:cacheprovider"]
    return debian.run([*words, "-n", "2", *options, *CHOSEN], own_network=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
