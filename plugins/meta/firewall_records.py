"""firewall: which attachment each address was let through for.

The rules and sources of the Go plugin do not tell, so that ADD writes it down in a file named by the
address.  DEL without prevResult and GC know from there what is an attachment's; it is in /run because
the rules do not outlive a reboot either.
"""

from __future__ import annotations

import os

from cnictl import durable
from cnictl.spec.address import Address
from cnictl.spec.document import Document, decode_object, encode
from cnictl.spec.errors import IO_FAILURE, CniError
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request

DIRECTORY = "/run/cni/firewall"


class Record(Value):
    """The attachment that an address was let through for last.

    `zone` is the zone of firewalld that it is a source of, "" when iptables lets it through.
    """

    __slots__ = ("address", "container_id", "ifname", "network", "zone")

    def __init__(
        self, address: Address, network: str, container_id: str, ifname: str, zone: str = ""
    ) -> None:
        self.address = address
        self.network = network
        self.container_id = container_id
        self.ifname = ifname
        self.zone = zone

    @property
    def attachment(self) -> tuple[str, str]:
        """Container id and ifname."""
        return self.container_id, self.ifname

    def is_of(self, request: Request) -> bool:
        """Whether it is of the attachment of a request."""
        return self.network == request.network and self.attachment == (request.container_id, request.ifname)


def write(record: Record) -> None:
    """Keep a record in the place of an older one of its address; raises CniError 5."""
    members = {
        "network": record.network,
        "containerID": record.container_id,
        "ifname": record.ifname,
        "zone": record.zone,
    }
    path = _path(record.address)
    try:
        durable.replace(path, encode(members).encode())
    except OSError as error:
        raise CniError(IO_FAILURE, f"failed to save file {path}: {error.strerror}") from None


def read(address: Address) -> Record | None:
    """Return the record of an address; None without one, and for a file that is none."""
    try:
        found = durable.read(_path(address))
        if not found:  # before json is loaded to say what is wrong with it
            return None
        document = Document(decode_object(found))
        words = [document.string(name) for name in ("network", "containerID", "ifname", "zone")]
    except (CniError, OSError):
        return None
    return Record(address, *words)


def forget(address: Address) -> None:
    """Remove the record of an address if there is one; raises CniError 5."""
    try:
        durable.remove(_path(address))
    except OSError as error:
        raise CniError(IO_FAILURE, f"{error.filename}: {error.strerror}") from None


def of_network(network: str) -> list[Record]:
    """Return the records of a network, by address."""
    try:
        names = os.listdir(DIRECTORY)
    except OSError:
        return []
    found = []
    for name in names:
        try:
            record = read(Address.parse(name))
        except ValueError:
            continue
        if record is not None and record.network == network:
            found.append(record)
    return sorted(found, key=lambda record: record.address)


def is_anothers(request: Request, address: Address) -> bool:
    """Whether an address belongs to somebody else in the network by now, as when DEL comes a second time.

    host-local's reservation tells, and where there is none the record.
    """
    from cnictl.ipam import store

    reservation = store.read_one(f"{store.DATA_DIR}/{request.network}", address)
    if reservation is not None and reservation.container_id:
        return not reservation.may_be_of(request.container_id, request.ifname)
    record = read(address)
    return record is not None and not record.is_of(request)


def is_reserved_for_another(record: Record) -> bool:
    """Whether host-local keeps the address of a record for somebody else, in any network."""
    from cnictl.ipam import store

    try:
        networks = os.listdir(store.DATA_DIR)
    except OSError:
        return False
    found = [store.read_one(f"{store.DATA_DIR}/{network}", record.address) for network in networks]
    return any(one is not None and not one.may_be_of(*record.attachment) for one in found)


def _path(address: Address) -> str:
    return f"{DIRECTORY}/{address}"
