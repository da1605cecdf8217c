"""multus: GC, which deletes the networks of containers that are not valid."""

from __future__ import annotations

from cnictl import durable
from cnictl.plugin import network
from cnictl.plugin.cleanup import Failures
from cnictl.spec.errors import INTERNAL, CniError

from . import multus_attachment, multus_records
from .multus_config import PodArguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request

    from .multus_config import MultusConfig


def collect(request: Request, config: MultusConfig, valid: set[tuple[str, str]]) -> None:
    """Delete networks of containers that are not valid; the Go plugin's records name no owner, and stay."""
    containers = {container_id for container_id, _ in valid}
    with Failures() as each:
        for container_id in durable.files(config.cni_dir):
            if container_id not in containers:
                each.run(_delete, request, config, container_id)


def spared(request: Request, config: MultusConfig) -> set[tuple[str, str]] | None:
    """Return the attachments that the first network's plugins must spare: all of the valid containers."""
    valid = request.valid_attachments()
    if valid is None:
        return None
    containers = {container_id for container_id, _ in valid}
    known = network.attachments(config.cni_dir)
    return valid | {(one.container_id, one.ifname) for one in known if one.container_id in containers}


def _delete(request: Request, config: MultusConfig, container_id: str) -> None:
    path = multus_records.path_of(config.cni_dir, container_id)
    try:
        records = multus_records.load(path)
    except CniError as error:
        request.log.warning("left alone", file=path, reason=str(error))
        return
    if records is None or records.network != request.network:
        return
    gone = request.delegated("DEL", request.stdin, container_id=container_id, ifname=records.ifname, netns="")
    attached = multus_attachment.attach(gone, config, PodArguments(), records.delegates)
    failures = multus_attachment.delete(attached)
    if failures:
        raise CniError(INTERNAL, f"container {container_id}: errors: {' / '.join(map(str, failures))}")
    durable.remove(path)
    request.log.info("deleted a container that is gone", container=container_id)
