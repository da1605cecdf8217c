"""Which ports attachments asked for, as the runtime's cache remembers it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.configuration import parse
from cnictl.ports.model import Claim
from cnictl.spec.address import Address
from cnictl.spec.document import Document
from cnictl.spec.errors import CnictlError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.runtime.cache import CachedAttachment

CAPABILITY = "portMappings"


def claims(cached: CachedAttachment) -> Iterator[Claim]:
    """Yield what an attachment asked for; nothing when no plugin of its network was told.

    Raises CnictlError for what cannot be understood.
    """
    mappings = cached.attachment.capability_args.get(CAPABILITY)
    if not isinstance(mappings, list) or not mappings:
        return
    network = parse(cached.config)
    told = [one.type for one in network.plugins if one.capabilities.get(CAPABILITY)]
    if not told:
        return
    addresses = _addresses(cached)
    for mapping in mappings:
        if not isinstance(mapping, dict):
            raise CnictlError(f"a port mapping is no object: {mapping!r}")
        for address in addresses:
            claim = _claim(cached, told[-1], Document(mapping), address)
            if claim is not None:
                yield claim


def _claim(cached: CachedAttachment, plugin: str, mapping: Document, address: Address) -> Claim | None:
    port = mapping.integer("hostPort")
    host = mapping.string("hostIP")
    asked = _parsed(host)
    if not port or (asked is not None and asked.version != address.version):
        return None
    return Claim(
        cached.network,
        cached.attachment.container_id,
        cached.attachment.pod,
        (mapping.string("protocol") or "tcp").lower(),
        "" if asked is None or asked.is_unspecified else str(asked),
        port,
        str(address),
        mapping.integer("containerPort"),
        plugin,
    )


def _parsed(text: str) -> Address | None:
    try:
        return Address.parse(text) if text else None
    except ValueError:
        raise CnictlError(f"a port mapping's hostIP is no address: {text}") from None


def _addresses(cached: CachedAttachment) -> list[Address]:
    """Return the first address of each IP version of the attachment's interface, to which portmap leads."""
    result = cached.parsed()
    if result is None:
        return []
    found: dict[int, Address] = {}
    for ip in result.ips:
        if ip.interface is not None and 0 <= ip.interface < len(result.interfaces):
            interface = result.interfaces[ip.interface]
            if interface.name != cached.attachment.ifname or not interface.sandbox:
                continue
        found.setdefault(ip.address.version, ip.address.address)
    return [found[version] for version in sorted(found)]
