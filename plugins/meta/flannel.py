"""flannel: gives a pod its interface in flannel's overlay, by having bridge or another plugin make it.

flanneld, the daemon, writes what the node was leased to a file.  From that and the key `delegate`
this plugin makes the configuration of the plugin that does the work: bridge with host-local, unless
`delegate.type` and `ipam.type` say otherwise.  It gets the addresses of the lease, routes to the
networks of all nodes, the overlay's MTU, and masquerades when flanneld does not.

What the delegate was given is kept in `dataDir`, so that DEL takes back the same whatever became of
the lease.  There is one file a container, and without it DEL goes by the configuration as it is, so
that a container is better attached to one network of flannel only.  STATUS says whether there is a lease.
"""

from __future__ import annotations

from cnictl import durable
from cnictl.declare import entities
from cnictl.declare.model import NODE, Expectation
from cnictl.plugin import delegate
from cnictl.plugin.skel import Plugin
from cnictl.spec.document import Document, decode_object
from cnictl.spec.errors import INTERNAL, IO_FAILURE, PLUGIN_NOT_AVAILABLE, CnictlError, CniError

from . import flannel_subnet
from .flannel_config import FlannelConfig, encoded, read

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.document import Json
    from cnictl.spec.result import Result


def add(request: Request) -> Result:
    config = read(request)
    config.validate(request)
    lease = flannel_subnet.read(config.subnet_file)
    given = encoded(config.for_delegate(lease))
    path = _state_path(config, request)
    before = _state(path)
    try:
        durable.replace(path, given)
    except OSError as error:
        raise CniError(IO_FAILURE, f"failed to write {path}: {error.strerror}", "check dataDir") from None
    if before is None:
        request.undo.push(_take_back, request.delegated("DEL", given), path)
    else:
        # An older ADD of the container made something that is not this one's to take back.
        request.undo.push(durable.replace, path, before)
    request.log.debug("delegates", to=config.delegate_type, configuration=given.decode())
    try:
        result = delegate.answer(request.delegated("ADD", given))
    except CniError:
        raise
    except CnictlError as error:
        raise CniError(INTERNAL, f"failed to delegate add: {error}", error.hint) from error
    assert result is not None
    return result


def delete(request: Request) -> None:
    config = read(request)
    path = _state_path(config, request)
    saved = _state(path)
    if saved is not None and _is_configuration(saved):
        _take_back(request.delegated("DEL", saved), path)
        return
    # What the configuration says now names the same container and network, and it may never have been added.
    request.log.warning("no configuration is kept of the container", file=path)
    try:
        delegate.answer(request.delegated("DEL", encoded(config.for_delegate(None))))
    except CnictlError as error:
        request.log.warning("not all of what may have been made is gone", reason=str(error))
    durable.remove(path)


def delegates(request: Request) -> list[Request]:
    config = read(request)
    added: dict[str, Json] = {}
    if request.command == "GC":
        made = config.for_delegate(None)
        added = {
            key: request.document.get(key) for key in ("cni.dev/valid-attachments", "cni.dev/attachments")
        }
    elif request.command == "STATUS":
        made = config.for_delegate(flannel_subnet.read(config.subnet_file, PLUGIN_NOT_AVAILABLE))
    else:
        saved = _state(_state_path(config, request))
        if saved is not None and _is_configuration(saved):
            made = decode_object(saved)
        else:
            made = config.for_delegate(flannel_subnet.read(config.subnet_file))
        added = {"prevResult": request.document.get("prevResult")}
    made |= {key: value for key, value in added.items() if value is not None}
    return [request.delegated(request.command, encoded(made))]


def declare(request: Request) -> list[Expectation]:
    return [Expectation(NODE, entities.file(_state_path(read(request), request)))]


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    config = read(request)
    containers = {container_id for container_id, _ in valid}
    for name in durable.files(config.data_dir):
        path = f"{config.data_dir}/{name}"
        saved = None if name in containers else _state(path)
        if saved and _is_configuration(saved) and decode_object(saved).get("name") == request.network:
            durable.remove(path)
            request.log.info("removed state of a container that is gone", file=path)


def status(request: Request) -> None:
    config = read(request)
    config.validate(request)
    flannel_subnet.read(config.subnet_file, PLUGIN_NOT_AVAILABLE)


def _take_back(deletion: Request, path: str) -> None:
    """Have the delegate's DEL done, and forget what it was given, or keep it for another try."""
    delegate.answer(deletion)
    durable.remove(path)


def _state_path(config: FlannelConfig, request: Request) -> str:
    return f"{config.data_dir}/{request.container_id}"


def _state(path: str) -> bytes | None:
    try:
        return durable.read(path)
    except OSError as error:
        raise CniError(IO_FAILURE, f"failed to read {path}: {error.strerror}", "check dataDir") from None


def _is_configuration(saved: bytes) -> bool:
    try:
        return bool(Document(decode_object(saved)).string("type"))
    except CniError:
        return False


PLUGIN = Plugin(
    "flannel",
    FlannelConfig,
    add=add,
    delete=delete,
    declare=declare,
    gc=gc,
    status=status,
    delegates=delegates,
)
