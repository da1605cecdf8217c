"""One plugin, one verb, outside of any operation: what a runtime would send it, or anything else."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from cnictl.runtime.cache import Cache, CannotRead
from cnictl.spec import request
from cnictl.spec import result as results
from cnictl.spec.document import decode_object, encode
from cnictl.spec.errors import CnictlError
from cnictl.spec.quote import go_quote
from cnictl.spec.versions import CURRENT

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnictl.runtime.attachment import Attachment
    from cnictl.spec.conflist import NetworkList, PluginConfig

VERBS = ("ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION")
VERSION_REQUEST = encode({"cniVersion": CURRENT}).encode()


def verb_of(text: str) -> str:
    """The verb that is meant; raises CnictlError when it is none."""
    verb = text.upper()
    if verb in VERBS:
        return verb
    close = difflib.get_close_matches(verb, VERBS, n=1)
    hint = f"did you mean {close[0]}?" if close else f"it is one of {', '.join(VERBS)}"
    raise CnictlError(f"unknown verb {go_quote(text)}", hint=hint)


def derived(
    network: NetworkList,
    name: str,
    verb: str,
    attachment: Attachment,
    cache: Cache,
    warn: Callable[[str], None],
    *,
    nth: int = 0,
    previous: bytes = b"",
) -> bytes:
    """The stdin that the runtime would give a plugin of a network.

    `name` is the plugin's, `nth` (from 1) says which one where that does not tell.  CHECK and DEL
    get the cached Result unless a `previous` one is given; `warn` is told when there is none.
    Raises CnictlError, and CannotRead where CHECK would have to do without.
    """
    if verb == "VERSION":
        return VERSION_REQUEST
    plugin = _plugin(network, name, nth)
    if verb == "GC":
        return request.for_gc(network, plugin, None)
    if verb == "STATUS":
        return request.for_status(network, plugin)
    result = None
    if previous:
        result = results.parse_previous(network.cni_version, decode_object(previous))
    elif verb != "ADD":
        result = _cached(network, verb, attachment, cache, warn)
    return request.for_attachment(
        network, plugin, previous=result, capability_args=attachment.capability_args
    )


def _cached(
    network: NetworkList, verb: str, attachment: Attachment, cache: Cache, warn: Callable[[str], None]
) -> results.AnyResult | None:
    try:
        result = cache.result(network.name, network.cni_version, attachment)
    except CannotRead as error:
        if verb == "CHECK":
            # without a hint it is a matter of rights
            hint = error.hint and "--prev-result gives it another Result"
            raise CannotRead(str(error), hint=hint) from error
        warn(f"DEL goes without the cached result: {error}")
        return None
    if result is None:
        container_id, ifname = attachment.key
        warn(
            f"the cache knows of no {ifname} of container {container_id} on {network.name}:"
            f" {verb} goes without prevResult"
        )
    return result


def _plugin(network: NetworkList, name: str, nth: int) -> PluginConfig:
    if nth > len(network.plugins):
        raise CnictlError(f"network {go_quote(network.name)} has only {len(network.plugins)} plugins")
    if nth:
        return network.plugins[nth - 1]
    name = name.rpartition("/")[2]
    for one in network.plugins:
        if name in (one.type, one.ipam_type):  # who delegates passes its own configuration on
            return one
    known = ", ".join(one.type for one in network.plugins)
    raise CnictlError(
        f"network {go_quote(network.name)} has no plugin {go_quote(name)}",
        hint=f"it has {known}; --nth takes the configuration of any",
    )
