"""Entering namespaces, refusing what is none, and naming new ones."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from cnictl import netns, sysctl
from cnictl.netlink.rtnl import Rtnl
from cnictl.netns import Netns, NetnsError, NetnsGone, entered, same_as_own
from cnictl.sandbox.node import ROOT, Node
from tests import witness
from tests.kernel.netlink.conftest import POD

OWN = "/proc/thread-self/ns/net"


def here() -> int:
    """The inode of the namespace this thread is in."""
    return os.stat(OWN).st_ino


def test_a_block_runs_inside_and_comes_back(pod_path: str) -> None:
    """By path, by handle and by descriptor; back also when the block fails, with nothing left open."""
    home, there = here(), os.stat(pod_path).st_ino
    before = set(os.listdir("/proc/self/fd"))
    with Netns(pod_path) as handle:
        assert (handle.inode, handle.path) == (there, pod_path)
        for where in (pod_path, handle, handle.fd):
            with entered(where):
                assert here() == there != home
            assert here() == home
            with pytest.raises(ZeroDivisionError), entered(where):
                raise ZeroDivisionError
            assert here() == home
    assert set(os.listdir("/proc/self/fd")) == before


def test_blocks_nest(node: Node, pod_path: str) -> None:
    """Each leads back to where it came from."""
    home = here()
    with entered(pod_path):
        pod = here()
        with entered(node.netns):
            assert here() == os.stat(node.netns).st_ino
        assert here() == pod
    assert here() == home


def test_only_the_calling_thread_moves(pod_path: str) -> None:
    """Another thread of the process stays at home meanwhile."""
    seen: list[int] = []
    home = here()
    with entered(pod_path):
        other = threading.Thread(target=lambda: seen.append(os.stat("/proc/self/ns/net").st_ino))
        main = os.stat("/proc/self/ns/net").st_ino
        other.start()
        other.join()
    assert main == os.stat(pod_path).st_ino
    assert seen == [main]  # a thread starts where its maker is
    moved = threading.Thread(target=lambda: entered(pod_path).__enter__())
    moved.start()
    moved.join()
    assert here() == home


def test_sysctls_are_those_of_the_namespace(node: Node, pod_path: str, inside: Rtnl, host: Rtnl) -> None:
    """What is written inside is seen inside only."""
    inside.add_veth("inpod0", peer="veth1", peer_netns=host)
    with entered(pod_path):
        assert sysctl.write("net/ipv4/conf/inpod0/arp_notify", "1") == "1"
        with pytest.raises(sysctl.SysctlError) as refusal:
            sysctl.write("net/ipv4/conf/inpod0/forwarding", "x")
    assert str(refusal.value) == "write /proc/sys/net/ipv4/conf/inpod0/forwarding: invalid argument"
    assert witness.sysctl(node, "net/ipv4/conf/inpod0/arp_notify", POD) == "1"
    with pytest.raises(sysctl.SysctlError) as refusal:
        sysctl.read("net/ipv4/conf/inpod0/arp_notify")
    assert str(refusal.value) == "open /proc/sys/net/ipv4/conf/inpod0/arp_notify: no such file or directory"


def test_a_namespace_knows_whether_it_is_ours(node: Node, pod_path: str) -> None:
    """Device and inode decide; what cannot be looked at is not ours."""
    assert same_as_own("/proc/self/ns/net")
    assert not same_as_own(pod_path)
    assert not same_as_own("/nope")
    with entered(pod_path):
        assert same_as_own(pod_path)
        assert not same_as_own(node.netns)


@pytest.mark.parametrize("path", ["", "/nope", "/run/netns/nope/nope"])
def test_a_missing_path_means_that_the_namespace_is_gone(path: str) -> None:
    """DEL takes that for success; the words are upstream's."""
    for attempt in (Netns, Rtnl, lambda path: entered(path).__enter__()):
        with pytest.raises(NetnsGone) as gone:
            attempt(path)
        assert str(gone.value) == f'failed to Statfs "{path}": no such file or directory'


def test_what_is_no_namespace_is_refused(tmp_path: Path) -> None:
    """With the file system's magic number, as statfs(2) gives it, and never as gone."""
    for path in (tmp_path, tmp_path / "file", tmp_path / "fifo"):
        if path.name == "file":
            path.touch()
        elif path.name == "fifo":
            os.mkfifo(path)  # opening it must not wait for a writer
        magic = subprocess.run(["stat", "-f", "-c", "%t", path], capture_output=True, text=True, check=True)
        with pytest.raises(NetnsError) as refusal:
            Netns(str(path))
        assert str(refusal.value) == f'unknown FS magic on "{path}": {magic.stdout.strip()}'
        assert not isinstance(refusal.value, NetnsGone)


@pytest.mark.parametrize("path", ["/proc/self/ns/mnt", "/proc/self/status", "/proc"])
def test_what_only_looks_like_a_namespace_is_refused(path: str) -> None:
    """The file systems are right, the files are not."""
    with pytest.raises(NetnsError, match="not a network namespace"):
        Netns(path)


def test_other_refusals_keep_the_systems_words(tmp_path: Path) -> None:
    """A path through a file is not a missing one."""
    (tmp_path / "file").touch()
    with pytest.raises(NetnsError) as refusal:
        Netns(f"{tmp_path}/file/pod")
    assert str(refusal.value) == f'failed to Statfs "{tmp_path}/file/pod": not a directory'
    assert not isinstance(refusal.value, NetnsGone)


def test_both_ways_to_setns_agree(pod_path: str) -> None:
    """The one through the C library, for Python 3.11, moves the thread and reports errors like os.setns."""
    setns = netns._setns_of_libc()
    with Netns(pod_path) as there, Netns.own() as home:
        setns(there.fd, netns.CLONE_NEWNET)
        try:
            assert here() == there.inode
        finally:
            setns(home.fd, netns.CLONE_NEWNET)
        assert here() == home.inode
    with open("/dev/null", encoding="ascii") as null, pytest.raises(OSError, match="Invalid argument"):
        setns(null.fileno(), netns.CLONE_NEWNET)


def test_a_failed_way_home_ends_the_process(pod_path: str) -> None:
    """Nothing more is done in the wrong namespace, and stderr says why."""
    code = f"""
        import os, sys
        sys.path.insert(0, {ROOT!r})
        from cnictl.netns import entered
        block = entered({pod_path!r})
        try:
            with block:
                os.close(block._home)
        finally:
            print("went on")
    """
    done = subprocess.run(
        [sys.executable, "-I", "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        f"cannot return from the network namespace {pod_path}: bad file descriptor;"
    )


NAMED = """
    import os, sys
    sys.path.insert(0, {root!r})
    from cnictl.netns import NetnsError, NetnsGone
    from cnictl.netns_named import create_named, delete_named, names
    home = os.stat("/proc/thread-self/ns/net").st_ino
    create_named("/run/netns/fresh")
    assert os.stat("/proc/thread-self/ns/net").st_ino == home
    {body}
"""


def on(node: Node, body: str) -> str:
    """What a piece of Python prints that runs on the node after making the namespace `fresh`."""
    code = textwrap.dedent(NAMED).format(root=ROOT, body=textwrap.dedent(body))
    return node.run([sys.executable, "-I", "-B", "-c", code]).checked().stdout


def test_a_named_namespace_is_one_of_ip(node: Node) -> None:
    """`ip netns` lists it, works in it and deletes it."""
    assert on(node, "print(*names())") == "fresh\n"
    assert [one["name"] for one in witness.ip(node, "netns", "list")] == ["fresh"]
    assert [one["ifname"] for one in witness.ip(node, "-n", "fresh", "link")] == ["lo"]
    node.run(["ip", "netns", "delete", "fresh"]).checked()
    assert os.listdir(node.path("/run/netns")) == []


def test_a_name_is_given_once(node: Node) -> None:
    """The second attempt fails and harms nothing."""
    printed = on(
        node,
        """
try:
    create_named("/run/netns/fresh")
except NetnsError as error:
    print(error)
print(*names())
""",
    )
    assert printed == 'cannot create namespace file "/run/netns/fresh": file exists\nfresh\n'


def test_a_deleted_name_is_gone(node: Node) -> None:
    """The mount and the file go; what is left of an earlier boot goes too; a third time there is nothing."""
    printed = on(
        node,
        """
delete_named("/run/netns/fresh")
open("/run/netns/stale", "x").close()
delete_named("/run/netns/stale")
print(names(), open("/proc/self/mountinfo").read().count("/run/netns/"))
try:
    delete_named("/run/netns/fresh")
except NetnsGone as error:
    print(error)
""",
    )
    assert printed == '[] 0\nfailed to Statfs "/run/netns/fresh": no such file or directory\n'


def test_only_namespaces_are_deleted(node: Node) -> None:
    """A directory, a mounted one and a file with content are left alone."""
    printed = on(
        node,
        """
with open("/run/netns/notes", "x") as file:
    file.write("keep")
for path in ("/run", "/run/netns", "/run/netns/notes", "/proc/self/ns/mnt"):
    try:
        delete_named(path)
    except NetnsError as error:
        print(error)
print(open("/run/netns/notes").read())
""",
    )
    lines = printed.splitlines()
    assert [line.rpartition(":")[0] for line in lines[:3]] == [
        f'unknown FS magic on "{path}"' for path in ("/run", "/run/netns", "/run/netns/notes")
    ]
    assert lines[3:] == ['"/proc/self/ns/mnt" is a namespace, but not a network namespace', "keep"]


def test_a_path_that_no_file_has() -> None:
    """Is refused as the kernel refuses what it does not know."""
    with pytest.raises(NetnsError, match="invalid argument"):
        Netns("/run/netns/\0")
