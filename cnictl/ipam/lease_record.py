"""What the DHCP daemon keeps of a lease in a file, from which it goes on after a restart.

    /run/cni/dhcp.sock.leases/      beside the daemon's socket; flock(2) on it while the daemon runs
        c1:net:eth0                 one lease, named by its attachment, as JSON

The Go daemon keeps leases in memory only, and leaves these files alone.
"""

from __future__ import annotations

import os
from fcntl import LOCK_EX, LOCK_NB, LOCK_SH, flock

from cnictl import durable
from cnictl.spec.address import Address, Prefix
from cnictl.spec.document import Document, decode_object, encode
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import IO_FAILURE, CniError
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.spec.document import Json

_LATEST = 1 << 40
"""Seconds since 1970; a lease with an end ends within 136 years."""
LONGEST_ID = 254
"""Bytes of a client id: an option has 255, and the first says of which kind it is."""


class LeaseRecord(Value):
    """A lease, whose it is, and which interface it is for.

    `netns_inode` and `link_index` tell that interface from another one of the same name.  Times are
    in seconds since 1970, None for never; options are by number, those `sent` and those the server gave.
    """

    __slots__ = (
        "container_id",
        "network",
        "ifname",
        "netns",
        "netns_inode",
        "link_index",
        "address",
        "server",
        "renew",
        "rebind",
        "expire",
        "sent",
        "given",
    )

    def __init__(
        self,
        container_id: str,
        network: str,
        ifname: str,
        *,
        netns: str,
        netns_inode: int,
        link_index: int,
        address: Prefix,
        server: str,
        renew: int | None = None,
        rebind: int | None = None,
        expire: int | None = None,
        sent: dict[int, bytes] | None = None,
        given: dict[int, bytes] | None = None,
    ) -> None:
        self.container_id = container_id
        self.network = network
        self.ifname = ifname
        self.netns = netns
        self.netns_inode = netns_inode
        self.link_index = link_index
        self.address = address
        self.server = server
        self.renew = renew
        self.rebind = rebind
        self.expire = expire
        self.sent = sent or {}
        self.given = given or {}

    @classmethod
    def read(cls, document: Document) -> LeaseRecord:
        """Return the record in a JSON object; raises CniError or ValueError when it is none."""
        netns, address = document.string("netns"), Prefix.parse(document.string("address"))
        server = Address.parse(document.string("server"))
        if "\0" in netns:
            raise ValueError("netns has a NUL character in it")
        if address.version != 4 or server.version != 4:
            raise ValueError(f"{address} of {server} is no lease of IPv4")
        return cls(
            document.string("container"),
            document.string("network"),
            document.string("ifname"),
            netns=netns,
            netns_inode=document.integer("netnsInode"),
            link_index=document.integer("linkIndex"),
            address=address,
            server=str(server),
            renew=_time(document, "renew"),
            rebind=_time(document, "rebind"),
            expire=_time(document, "expire"),
            sent=_options(document.object("sent")),
            given=_options(document.object("given")),
        )

    @property
    def client_id(self) -> str:
        return client_id(self.container_id, self.network, self.ifname)

    def is_over(self, now: float) -> bool:
        """Whether the lease has expired at a time in seconds since 1970."""
        return self.expire is not None and self.expire <= now

    def members(self) -> dict[str, Json]:
        """Return the JSON object."""
        stated: dict[str, Json] = {
            "container": self.container_id,
            "network": self.network,
            "ifname": self.ifname,
            "netns": self.netns,
            "netnsInode": self.netns_inode,
            "linkIndex": self.link_index,
            "address": str(self.address),
            "server": self.server,
        }
        times = {"renew": self.renew, "rebind": self.rebind, "expire": self.expire}
        stated |= {name: time for name, time in times.items() if time is not None}
        options = {"sent": self.sent, "given": self.given}
        return stated | {
            name: {str(number): value.hex() for number, value in sorted(some.items())}
            for name, some in options.items()
        }


def client_id(container_id: str, network: str, ifname: str) -> str:
    """Return what identifies an attachment to the DHCP server, and in the daemon's table."""
    whole = f"{container_id}/{network}/{ifname}"
    return whole.encode()[:LONGEST_ID].decode(errors="ignore")


def directory(socket: str) -> str:
    """Return where the daemon at a socket keeps its leases."""
    return f"{socket}.leases"


def path(socket: str, client: str) -> str:
    """Return the file of a client's lease; no part of a client id has a colon in it."""
    return f"{directory(socket)}/{client.replace('/', ':')}"


def hold(socket: str) -> int:
    """Make a daemon's directory and return a descriptor of it, by which others see that the daemon runs.

    Raises BlockingIOError when another daemon is there, and OSError.
    """
    place = directory(socket)
    while True:
        durable.make_directory(place)
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            flock(descriptor, LOCK_EX | LOCK_NB)
            if os.path.samestat(os.fstat(descriptor), os.stat(place)):
                return descriptor
        except FileNotFoundError:
            pass  # as a daemon that ended at this moment removed it
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def remove_directory(socket: str) -> None:
    """Remove a daemon's directory when no lease is left in it."""
    try:
        os.rmdir(directory(socket))
    except OSError:
        pass


def is_held(socket: str) -> bool:
    """Whether it is a daemon of ours that runs at a socket; nobody can see the leases of another one."""
    try:
        descriptor = os.open(directory(socket), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        flock(descriptor, LOCK_SH | LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def write(socket: str, record: LeaseRecord) -> None:
    """Keep a lease; raises CniError."""
    name = path(socket, record.client_id)
    try:
        durable.replace(name, encode(record.members(), indent=1).encode() + b"\n")
    except OSError as error:
        raise CniError(IO_FAILURE, f"write {name}: {errno_text(error.errno or 0)}") from None


def remove(socket: str, client: str) -> None:
    """Forget a lease; nothing to do when it is not kept.  Raises CniError."""
    name = path(socket, client)
    try:
        durable.remove(name)
    except OSError as error:
        raise CniError(IO_FAILURE, f"unlink {name}: {errno_text(error.errno or 0)}") from None


def read_one(socket: str, client: str) -> LeaseRecord | None:
    """Return a client's lease, None when it is not kept, or cannot be understood."""
    try:
        return _record(path(socket, client))
    except (CniError, OSError, ValueError):
        return None


def read(socket: str) -> tuple[list[LeaseRecord], dict[str, str]]:
    """Return all leases of the daemon at a socket, and the files that cannot be understood, with the reason.

    Raises FileNotFoundError when there is no directory: such a daemon keeps nothing in files.
    """
    place = directory(socket)
    found, broken = [], {}
    for name in sorted(os.listdir(place)):
        if name.startswith("."):
            continue
        try:
            record = _record(f"{place}/{name}")
        except (CniError, OSError, ValueError) as error:
            broken[f"{place}/{name}"] = str(error)
        else:
            found += [record] if record else []  # it may have been given back just now
    return found, broken


def _record(name: str) -> LeaseRecord | None:
    data = durable.read(name)
    if data is None:
        return None
    record = LeaseRecord.read(Document(decode_object(data)))
    if record.client_id.replace("/", ":") != name.rpartition("/")[2]:
        raise ValueError(f"it is of {record.client_id}")
    return record


def _options(document: Document | None) -> dict[int, bytes]:
    if document is None:
        return {}
    found = {int(name): bytes.fromhex(document.string(name)) for name in document.members}
    if not all(0 < number < 255 for number in found):
        raise ValueError(f"the options {', '.join(map(str, found))} are not all from 1 to 254")
    return found


def _time(document: Document, name: str) -> int | None:
    found = document.optional_integer(name)
    if found is not None and not 0 <= found < _LATEST:
        raise ValueError(f"{name} is no time: {found}")
    return found
