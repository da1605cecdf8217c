"""The configuration that a plugin finds on its stdin: its own, and what the runtime adds.

CNI spec 1.1.0, section "Deriving request configuration from plugin configuration".
"""

from __future__ import annotations

from cnictl.spec.document import Document, decode_object, encode
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from cnictl.spec.conflist import NetworkList, PluginConfig
    from cnictl.spec.document import Json
    from cnictl.spec.result import AnyResult

VALID_ATTACHMENTS = "cni.dev/valid-attachments"
LEGACY_ATTACHMENTS = "cni.dev/attachments"
"""What tag spec-v1.1.0 called the same key by mistake; both are sent."""


def for_attachment(
    network: NetworkList,
    plugin: PluginConfig,
    *,
    previous: AnyResult | None = None,
    capability_args: Mapping[str, Json] | None = None,
) -> bytes:
    """Return the request of ADD, CHECK or DEL.

    `runtimeConfig` holds those capability arguments that the plugin asks for; when it asks for
    none of them, a `runtimeConfig` of the file stays as it is.
    """
    added: dict[str, Json] = {"name": network.name, "cniVersion": network.cni_version}
    if previous is not None:
        added["prevResult"] = previous.members()
    wanted = {name: value for name, value in (capability_args or {}).items() if plugin.capabilities.get(name)}
    if wanted:
        added["runtimeConfig"] = wanted
    return inject(plugin.raw, added)


def for_gc(network: NetworkList, plugin: PluginConfig, valid: Iterable[tuple[str, str]] | None) -> bytes:
    """Return the request of GC; `valid` are (container id, ifname), None when nobody can say."""
    added: dict[str, Json] = {"name": network.name, "cniVersion": network.cni_version}
    if valid is not None:
        listed: list[Json] = [{"containerID": one, "ifname": other} for one, other in valid]
        added |= {VALID_ATTACHMENTS: listed, LEGACY_ATTACHMENTS: listed}
    return inject(plugin.raw, added)


def for_status(network: NetworkList, plugin: PluginConfig) -> bytes:
    """Return the request of STATUS."""
    return inject(plugin.raw, {"name": network.name, "cniVersion": network.cni_version})


def inject(raw: bytes, added: Mapping[str, Json]) -> bytes:
    """Return a JSON object with keys put in, in place of the same keys in any case; compact and sorted.

    libcni leaves a key that differs in case, and its plugins then read whichever sorts last.
    Raises CniError for an empty key, a null value, and an original that is no object.
    """
    try:
        original = decode_object(raw)
    except CniError as error:
        raise error.within("unmarshal existing network bytes: ") from None
    for key, value in added.items():
        if not key:
            raise CniError(INVALID_NETWORK_CONFIG, "keys cannot be empty")
        if value is None:
            raise CniError(INVALID_NETWORK_CONFIG, f"key '{key}' value must not be nil")
    replaced = {key.casefold() for key in added}
    kept = {key: value for key, value in original.items() if key.casefold() not in replaced}
    members = {**kept, **added}
    if not Document(members).string("type"):
        raise CniError(INVALID_NETWORK_CONFIG, "error parsing configuration: missing 'type'")
    return encode(members, sort=True).encode()
