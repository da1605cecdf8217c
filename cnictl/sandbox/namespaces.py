"""A node of its own for this process: namespaces, a loopback interface, and empty state directories.

`enter` moves the process, `furnish` is called by the first process of the new PID namespace.
Both are thin, because every throwaway node pays for their start.  Flag values are those of
<linux/sched.h>, <sys/mount.h> and <linux/prctl.h>.
"""

from __future__ import annotations

import _socket
import ctypes
import errno
import fcntl
import os
import struct

NEW_MOUNT = 0x00020000
NEW_USER = 0x10000000
NEW_PID = 0x20000000
NEW_NET = 0x40000000

_MS_NOSUID = 0x2
_MS_NODEV = 0x4
_MS_NOEXEC = 0x8
_MS_BIND = 0x1000
_MS_REC = 0x4000
_MS_PRIVATE = 0x40000
_MNT_DETACH = 0x2

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4
_SIGCHLD = 17
_SIG_IGN = 1
_CAP_SYS_ADMIN = 21

_SIOCSIFFLAGS = 0x8914  # <linux/sockios.h>
_IFF_UP = 0x1

STATE_DIRECTORIES = ("/var/lib/cni", "/etc/cni")
"""What plugins and runtimes keep on disk, beside /run: reservations, cached results, configurations."""

_libc = ctypes.CDLL(None, use_errno=True)


class Refused(Exception):
    """The kernel did not let us; the message says what, in words for the user."""

    def __init__(self, what: str, error: OSError) -> None:
        super().__init__(f"{what}: {os.strerror(error.errno or 0)}")


def needs_user_namespace() -> bool:
    """Tell whether only a user namespace can give this process the right to make the others."""
    with open("/proc/self/status", encoding="ascii") as status:
        effective = next(line.split()[1] for line in status if line.startswith("CapEff:"))
    return not int(effective, 16) >> _CAP_SYS_ADMIN & 1


def enter() -> None:
    """Move this process into a new network and mount namespace, and its future children into a new PID one.

    Without CAP_SYS_ADMIN also into a user namespace, in which the caller is root and nobody else
    exists.  Raises Refused when the kernel forbids it.
    """
    flags = NEW_NET | NEW_MOUNT | NEW_PID
    if not needs_user_namespace():
        _unshare(flags, "make namespaces")
        return
    user, group = os.geteuid(), os.getegid()
    _unshare(flags | NEW_USER, "make a user namespace")
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {user} 1"), ("gid_map", f"0 {group} 1")):
        try:
            with open(f"/proc/self/{name}", "w", encoding="ascii") as file:
                file.write(text)
        except OSError as error:
            raise Refused(f"write /proc/self/{name}", error) from error
    # The kernel hides a process that gained capabilities from its own user; nsenter must see it.
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)


def join(pid: int) -> None:
    """Move this process to the node whose first process is `pid`, and its future children all the way.

    Raises Refused.
    """
    names = ("user", "mnt", "net", "pid") if needs_user_namespace() else ("mnt", "net", "pid")
    flags = os.O_RDONLY | os.O_CLOEXEC
    root = os.open(f"/proc/{pid}/root", flags)
    places = [os.open(f"/proc/{pid}/ns/{name}", flags) for name in names]
    for name, place in zip(names, places, strict=True):
        if _libc.setns(place, 0):
            raise Refused(f"join the {name} namespace of process {pid}", _last_error())
        os.close(place)
    # Where a change root is in force, the top of the mount namespace is not where the node begins.
    os.fchdir(root)
    os.chroot(".")
    os.close(root)


def die_with_parent() -> None:
    """Have the kernel kill this process as soon as the one that forked it is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0)


def leave_orphans_to_kernel() -> None:
    """Ignore SIGCHLD, so that nobody need wait for the dead.  The module `signal` costs 4 ms to import."""
    _libc.signal(_SIGCHLD, ctypes.c_void_p(_SIG_IGN))


def furnish() -> None:
    """Make the new namespaces a node: own /proc and /sys, empty /run and CNI directories, `lo` up.

    Nothing done here is seen outside.  Raises Refused.
    """
    mount("none", "/", flags=_MS_REC | _MS_PRIVATE)
    mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    own_sys()
    _own_state()
    mount("run", "/run", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
    os.mkdir("/run/netns")
    os.mkdir("/run/lock")
    os.chmod("/run/lock", 0o1777)  # noqa: S103 - as on any Debian
    _loopback_up()


def mount(source: str, target: str, kind: str = "", flags: int = 0, options: str = "") -> None:
    """Mount one file system, or bind one directory to another.  Raises Refused."""
    words = (source.encode(), target.encode(), kind.encode() or None)
    if _libc.mount(*words, ctypes.c_ulong(flags), options.encode() or None):
        raise Refused(f"mount {kind or source} on {target}", _last_error())


def own_sys() -> None:
    """Show the new network namespace in /sys/class/net, and keep what is mounted below /sys."""
    cgroup = os.open("/sys/fs/cgroup", os.O_PATH)
    try:
        mount("sysfs", "/sys", "sysfs", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
        mount(f"/proc/self/fd/{cgroup}", "/sys/fs/cgroup", flags=_MS_BIND | _MS_REC)
    finally:
        os.close(cgroup)


def _unshare(flags: int, what: str) -> None:
    if _libc.unshare(flags):
        raise Refused(what, _last_error())


def _last_error() -> OSError:
    code = ctypes.get_errno()
    return OSError(code, os.strerror(code))


def _own_state() -> None:
    """Put an empty directory in the place of each state directory.

    One that the host does not have cannot be mounted on, and must not be made there: an overlay
    over its parent, kept in memory, holds it.
    """
    mount("stage", "/run", "tmpfs", 0, "mode=755")
    for number, path in enumerate(STATE_DIRECTORIES):
        if not os.path.isdir(path):
            parent = os.path.dirname(path)
            upper, work = f"/run/upper{number}", f"/run/work{number}"
            os.mkdir(upper)
            os.mkdir(work)
            mount("overlay", parent, "overlay", 0, f"lowerdir={parent},upperdir={upper},workdir={work}")
            os.mkdir(path)
        mount("cni", path, "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755")
    if _libc.umount2(b"/run", _MNT_DETACH):
        raise Refused("unmount /run", _last_error())


def _loopback_up() -> None:
    request = struct.pack("16sh14x", b"lo", _IFF_UP)
    control = _socket.socket(_socket.AF_INET, _socket.SOCK_DGRAM)
    try:
        fcntl.ioctl(control.fileno(), _SIOCSIFFLAGS, request)
    except OSError as error:
        raise Refused("set 'lo' up", error) from error
    finally:
        control.close()


def why_refused() -> str:
    """Give the setting of this kernel that forbids user namespaces, as `name = value`, or nothing."""
    for name, forbidding in (
        ("kernel.unprivileged_userns_clone", "0"),
        ("user.max_user_namespaces", "0"),
        ("kernel.apparmor_restrict_unprivileged_userns", "1"),
    ):
        try:
            with open("/proc/sys/" + name.replace(".", "/"), encoding="ascii") as file:
                value = file.read().strip()
        except OSError as error:
            if error.errno not in (errno.ENOENT, errno.EACCES):
                raise
            continue
        if value == forbidding:
            return f"{name} = {value}"
    return ""
