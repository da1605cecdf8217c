"""multus: what is kept of a container's networks, which DEL goes by.

`<cniDir>/<container id>` is a JSON list with a record for each network in the order of their ADD.  The
Go plugin writes and reads the same file; ours has two members more in each, by which GC knows whose
it is.
"""

from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64

from cnictl import configuration, durable
from cnictl.spec.address import Address
from cnictl.spec.document import DecodeError, Document, decode, encode
from cnictl.spec.errors import IO_FAILURE, CnictlError, CniError
from cnictl.spec.value import Value

from .multus_delegate import Delegate
from .multus_selection import Wanted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.spec.document import Json


def path_of(cni_dir: str, container_id: str) -> str:
    """Return the file that a container's records are in."""
    return f"{cni_dir}/{container_id}"


def save(path: str, delegates: list[Delegate], network: str, ifname: str) -> None:
    """Write the records of a container's networks; raises CniError 5."""
    owner: dict[str, Json] = {"multusNetwork": network, "multusIfname": ifname}
    text = encode([{**_record(one), **owner} for one in delegates])
    try:
        durable.replace(path, text.encode())
    except OSError as error:
        raise CniError(
            IO_FAILURE, f"error saving the delegates: {error.strerror}", f"{path}; check cniDir"
        ) from None


class Records(Value):
    """What a container's file says: its networks, and the network and ifname of multus; "" for Go's."""

    __slots__ = ("delegates", "network", "ifname")

    def __init__(self, delegates: list[Delegate], network: str, ifname: str) -> None:
        self.delegates = delegates
        self.network = network
        self.ifname = ifname


def load(path: str) -> Records | None:
    """Return a container's records, None when there is no file; raises CniError for one that is no use."""
    try:
        data = durable.read(path)
        if data is None:
            return None
        listed = Document({"records": decode(data)}).objects("records")
        if not listed:
            raise DecodeError("the list is empty")
        first = listed[0]
        return Records(
            [_read(one) for one in listed], first.string("multusNetwork"), first.string("multusIfname")
        )
    except OSError as error:
        raise CniError(IO_FAILURE, f"failed to read {path}: {error.strerror}", "check cniDir") from None
    except CniError as error:
        raise error.within(f"{path} holds no delegates: ") from None


def _record(delegate: Delegate) -> dict[str, Json]:
    """Return a network in the form of the Go plugin, which knows a list by its plugins in `ConfList`."""
    wanted = delegate.wanted
    members = decode(delegate.raw)
    assert isinstance(members, dict)
    single = bool(Document(members).string("type"))
    described: dict[str, Json] = {"cniVersion": delegate.network.cni_version, "name": delegate.network.name}
    plugins = [_described(one.members) for one in delegate.network.plugins]
    record: dict[str, Json] = {
        "Conf": {**plugins[0], **described} if single else {},
        "ConfList": {} if single else {**described, "plugins": [*plugins]},
        "Name": delegate.name,
    }
    optional: dict[str, Json] = {
        "ifnameRequest": wanted.ifname,
        "macRequest": wanted.mac,
        "infinibandGUIDRequest": wanted.guid,
        "ipRequest": [*wanted.ips],
        "deviceID": wanted.device_id,
        "resourceName": delegate.resource,
    }
    record |= {key: value for key, value in optional.items() if value}
    if wanted.gateways is not None:
        record["default-route"] = [str(one) for one in wanted.gateways]
    record |= {"IsFilterV4Gateway": False, "IsFilterV6Gateway": False}
    record["Bytes"] = b2a_base64(delegate.raw, newline=False).decode()
    return record


def _described(plugin: dict[str, Json]) -> dict[str, Json]:
    """Return the keys that libcni itself reads of a plugin's configuration."""
    document = Document(plugin)
    ipam = document.object("ipam")
    found: dict[str, Json] = {
        "type": document.string("type"),
        "ipam": {"type": ipam.string("type")} if ipam and ipam.string("type") else {},
        "dns": {},
    }
    if isinstance(document.get("capabilities"), dict):
        found["capabilities"] = document.get("capabilities")
    return found


def _read(record: Document) -> Delegate:
    try:
        raw = a2b_base64(record.string("Bytes"))
    except (Error, ValueError):
        raise record.mismatch("Bytes", "base64", record.get("Bytes")) from None
    try:
        network = configuration.parse(raw)
        gateways = [Address.parse(one) for one in record.strings("default-route")]
    except ValueError as error:
        raise DecodeError(str(error)) from None
    except CnictlError as error:
        raise DecodeError(f"a network in it: {error}") from None
    wanted = Wanted(
        record.string("ifnameRequest"),
        mac=record.string("macRequest"),
        ips=record.strings("ipRequest"),
        guid=record.string("infinibandGUIDRequest"),
        device_id=record.string("deviceID"),
        gateways=gateways if record.get("default-route") is not None else None,
    )
    return Delegate(network, raw, record.string("Name"), wanted, record.string("resourceName"))
