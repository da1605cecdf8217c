"""The attachment that somebody means, by as little as tells it from the others in the cache."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cnictl import configuration
from cnictl.runtime import target
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.container import default_id, same_place
from cnictl.spec.errors import CnictlError
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from cnictl.runtime.cache import Cache, CachedAttachment
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.document import Json

DEFAULT_IFNAME = "eth0"
_SHOWN = 10


class NothingAttached(CnictlError):
    """The cache knows of no attachment to the network, and nothing else says which container is meant."""


class Ambiguous(CnictlError):
    """Several attachments would do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is said about an attachment; "" and None for what is not."""

    netns: str = ""
    container_id: str = ""
    ifname: str = ""
    args: tuple[tuple[str, str], ...] | None = None
    capability_args: Mapping[str, Json] | None = None

    def at(self, netns: str) -> Wanted:
        """The same with a netns."""
        return replace(self, netns=netns)

    def new(self) -> Attachment:
        """The attachment as ADD makes it: what is not said is as with cnitool."""
        return Attachment(
            self.container_id or default_id(self.netns),
            self.netns,
            self.ifname or DEFAULT_IFNAME,
            self.args or (),
            self.capability_args or {},
        )

    def known(self, cached: CachedAttachment) -> Attachment:
        """The attachment as the cache has it, with what is said in place of what ADD was given."""
        before = cached.attachment
        return Attachment(
            before.container_id,
            self.netns or before.netns,
            before.ifname,
            before.args if self.args is None else self.args,
            before.capability_args if self.capability_args is None else self.capability_args,
        )


@dataclass(frozen=True, slots=True)
class Found:
    """An attachment, and what the cache has of it; None when it was never made, or is deleted."""

    attachment: Attachment
    cached: CachedAttachment | None


@dataclass(frozen=True, slots=True)
class Chosen:
    """A network, one of its attachments, and what is odd about them."""

    network: NetworkList
    found: Found
    remarks: tuple[str, ...] = ()


def find(cache: Cache, network: str, wanted: Wanted) -> Found:
    """The attachment to a network that is meant.

    A netns finds what any runtime attached there, whatever id the container has.  Raises
    NothingAttached when only the cache could have told, Ambiguous with a list to choose from.
    """
    of_network = [one for one in cache.listing().attachments if one.network == network]
    fitting = [one for one in of_network if _fits(one.attachment, wanted)]
    if len(fitting) > 1 and wanted.netns and not wanted.container_id:
        own = default_id(wanted.netns)
        fitting = [one for one in fitting if one.attachment.container_id == own] or fitting
    if len(fitting) > 1 and not wanted.ifname and (wanted.netns or wanted.container_id):
        fitting = [one for one in fitting if one.attachment.ifname == DEFAULT_IFNAME] or fitting
    if len(fitting) > 1:
        raise Ambiguous(
            f"{len(fitting)} attachments to network {go_quote(network)} would do",
            hint="name one of them by its netns, --container-id or --ifname:\n" + listed(fitting),
        )
    if fitting:
        return Found(wanted.known(fitting[0]), fitting[0])
    if wanted.netns or wanted.container_id:
        return Found(wanted.new(), None)
    raise NothingAttached(
        f"nothing is attached to network {go_quote(network)} as far as {cache.results} knows",
        hint="name a netns, or give --container-id",
    )


def choose(cache: Cache, directory: str, net: str, wanted: Wanted, *, cached: bool = False) -> Chosen:
    """The network and the attachment that are meant, by its configuration now or, `cached`, by that of ADD.

    The latter is also used when NET has no configuration any more.  Raises what `target.find` and
    `find` raise, and CnictlError when there is nothing cached.
    """
    try:
        known, _, remarks = target.find(directory, net)
    except CnictlError:
        if target.is_file(net) or not any(one.network == net for one in cache.listing().attachments):
            raise
        found = find(cache, net, wanted)
        if found.cached is None:
            raise
        remark = f"{net} has no configuration in {directory} any more: that of ADD is used"
        return Chosen(configuration.parse(found.cached.config), found, (remark,))
    found = find(cache, known.name, wanted)
    if found.cached is None:
        remark = _unknown(known.name, found.attachment, wanted)
        if cached:
            raise CnictlError(remark, hint="leave out --cached to use the configuration as it is")
        return Chosen(known, found, (*remarks, remark))
    if cached:
        return Chosen(configuration.parse(found.cached.config), found)
    if not _same(known, found.cached.config):
        remark = f"the configuration of {known.name} has changed since ADD; --cached uses the one of then"
        remarks = (*remarks, remark)
    return Chosen(known, found, remarks)


def listed(attachments: Sequence[CachedAttachment]) -> str:
    """Attachments for a message, one a line."""
    shown = attachments[:_SHOWN]
    lines = [" ".join(["", "", one.network, *one.attachment.key, one.attachment.netns]) for one in shown]
    if len(attachments) > _SHOWN:
        lines.append(f"  and {len(attachments) - _SHOWN} more")
    return "\n".join(lines)


def matching(attachments: Iterable[CachedAttachment], text: str) -> list[CachedAttachment]:
    """The attachments of a container, by its id or how that begins, its netns (path or name), or pod."""
    known = list(attachments)
    found = [
        one
        for one in known
        if text in (one.attachment.container_id, one.attachment.netns, one.attachment.pod)
    ]
    if not found:
        found = [
            one
            for one in known
            if one.attachment.container_id.startswith(text) or os.path.basename(one.attachment.netns) == text
        ]
    return found


def _unknown(network: str, attachment: Attachment, wanted: Wanted) -> str:
    container_id, ifname = attachment.key
    if wanted.container_id:
        return f"the cache knows of no {ifname} of container {container_id} on {network}"
    gone = "" if os.path.exists(wanted.netns) else ", nor is that netns there"
    return (
        f"the cache knows of no {ifname} in {wanted.netns} on {network}{gone}:"
        f" container {container_id} is taken for the one"
    )


def _fits(attachment: Attachment, wanted: Wanted) -> bool:
    if wanted.container_id:
        fits = attachment.container_id == wanted.container_id
    else:
        fits = not wanted.netns or same_place(attachment.netns, wanted.netns)
    return fits and wanted.ifname in ("", attachment.ifname)


def _same(network: NetworkList, config: bytes) -> bool:
    """Whether a cached configuration is what the network is now; one that cannot be read is not."""
    try:
        before = configuration.parse(config)
    except CnictlError:
        return False
    same = (before.name, before.cni_version) == (network.name, network.cni_version)
    return same and [one.members for one in before.plugins] == [one.members for one in network.plugins]
