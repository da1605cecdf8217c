"""What a runtime remembers of its attachments: libcni's result cache, in its place and its form.

`cnictl.spec.cached` describes the files; here they are found, written, and read whoever wrote them.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cnictl import durable
from cnictl.runtime.attachment import Attachment
from cnictl.spec import result as results
from cnictl.spec.cached import KIND, Cached
from cnictl.spec.cached import read as read_cached
from cnictl.spec.document import DecodeError, Document, decode, encode
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError, CniError
from cnictl.spec.names import check_network_name
from cnictl.spec.quote import go_quote

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cnictl.spec.document import Json

DEFAULT_DIRECTORY = "/var/lib/cni"
_LOST = "what ADD answered is lost: delete the attachment, which goes without, and add it again"


class CannotRead(CnictlError):
    """The cache or a file of it is there and cannot be read: nobody can say what is attached."""


@dataclass(frozen=True, slots=True)
class CachedAttachment:
    """One file of the cache: what was attached, with which configuration, and what came of it."""

    path: str
    network: str
    attachment: Attachment
    config: bytes
    result: Mapping[str, Json] | None

    @property
    def netns(self) -> str:
        """The path of the container's netns, which the Result alone names in the cache of containerd 1.6."""
        if self.attachment.netns:
            return self.attachment.netns
        try:
            result = self.parsed()
        except CnictlError:
            return ""
        return next((one.sandbox for one in result.interfaces if one.sandbox), "") if result else ""

    def parsed(self) -> results.Result | None:
        """The Result in the newest form; None without one.  Raises CnictlError."""
        return None if self.result is None else results.current(results.parse_any(self.result))


class Skipped(NamedTuple):
    """A file of the cache that holds no attachment, and why."""

    path: str
    reason: str


class Listing(NamedTuple):
    """What is in the cache."""

    attachments: list[CachedAttachment]
    skipped: list[Skipped]


class Cache:
    """The result cache below a directory.  Nothing is made there before the first write."""

    def __init__(self, directory: str = "") -> None:
        self.directory = directory or DEFAULT_DIRECTORY
        self.results = os.path.join(self.directory, "results")

    def prepare(self) -> None:
        """Make the directories, each for its owner only.  Raises CnictlError when that is impossible."""
        try:
            durable.make_directory(self.results)
        except OSError as error:
            raise CnictlError(f"cannot make {self.results}: {errno_text(error.errno or 0)}") from error

    def path(self, network: str, attachment: Attachment) -> str:
        """The file of an attachment.  Raises CnictlError for names that lead out of the directory."""
        if not (network and attachment.container_id and attachment.ifname):
            raise CnictlError(
                f"cache file path requires network name ({go_quote(network)}), "
                f"container ID ({go_quote(attachment.container_id)}), "
                f"and interface name ({go_quote(attachment.ifname)})"
            )
        check_network_name(network)
        attachment.check_given()
        return os.path.join(self.results, f"{network}-{attachment.container_id}-{attachment.ifname}")

    def write(
        self, network: str, attachment: Attachment, config: bytes | None, result: results.AnyResult | None
    ) -> None:
        """Remember an attachment; readers see the old file or the new one, never half of one."""
        path = self.path(network, attachment)
        document = Cached(
            network,
            attachment.container_id,
            attachment.ifname,
            netns=attachment.netns,
            args=attachment.args,
            capability_args=attachment.capability_args,
            config=config,
            result=None if result is None else result.members(),
        )
        try:
            durable.replace(path, document.encode())
        except OSError as error:
            raise CnictlError(f"{errno_text(error.errno or 0)}: {path}") from error

    def result(self, network: str, version: str, attachment: Attachment) -> results.AnyResult | None:
        """The result of ADD in the version of the configuration; None when there is none.

        Also reads the files of older runtimes, which hold the bare result.  Raises CannotRead,
        which names the file, when it is there and cannot be read or understood.
        """
        data = self._read(network, attachment)
        if data is None:
            return None
        try:
            found = results.parse_any(_decode_result(data))
        except CnictlError as error:
            path = self.path(network, attachment)
            raise CannotRead(f"cannot understand {path}: {error}", hint=_LOST) from error
        try:
            return results.convert(found, version)
        except CniError as error:
            raise CnictlError(
                f"failed to convert cached result to config version {go_quote(version)}: {error}"
            ) from error

    def config(self, network: str, attachment: Attachment) -> tuple[bytes, Attachment] | None:
        """The configuration an attachment was made with, and its arguments; None when there is no file.

        The network's namespace is the given one, as in libcni: the one of ADD may be gone.
        Raises CnictlError when the file is there and cannot be read or understood.
        """
        data = self._read(network, attachment)
        if data is None:
            return None
        try:
            members = decode(data)
        except DecodeError as error:
            raise CnictlError(
                f"failed to unmarshal cached network {go_quote(network)} config: {error}"
            ) from error
        kind = members.get("kind", "") if isinstance(members, dict) else ""
        if not isinstance(members, dict) or kind != KIND:
            raise CnictlError(f"read cached network {go_quote(network)} config has wrong kind: {kind}")
        try:
            cached = _attachment("", members)
        except CniError as error:
            raise CnictlError(
                f"failed to unmarshal cached network {go_quote(network)} config: {error}"
            ) from error
        return cached.config, Attachment(
            attachment.container_id,
            attachment.netns,
            attachment.ifname,
            cached.attachment.args or attachment.args,
            cached.attachment.capability_args,
        )

    def remove(self, network: str, attachment: Attachment) -> None:
        """Forget an attachment, known or not."""
        durable.remove(self.path(network, attachment))

    def listing(self, container_id: str = "") -> Listing:
        """All attachments, or those of one container, by file name; and what else lies there.

        Raises CannotRead when the directory cannot be read; a missing one is empty.
        """
        found = Listing([], [])
        try:
            names = sorted(os.listdir(self.results))
        except FileNotFoundError:
            return found
        except OSError as error:
            raise CannotRead(f"cannot read {self.results}: {errno_text(error.errno or 0)}") from error
        part = f"-{container_id}-"
        for name in names:
            if name.startswith(".") or (container_id and not 0 < name.find(part) < len(name) - len(part)):
                continue
            path = os.path.join(self.results, name)
            try:
                members = decode(_content(path))
                if not isinstance(members, dict) or members.get("kind") != KIND:
                    raise CnictlError(f"no {KIND} document")
                cached = _attachment(path, members)
            except OSError as error:
                if os.path.lexists(path):  # else DEL has removed it since
                    found.skipped.append(Skipped(path, errno_text(error.errno or 0)))
            except CnictlError as error:
                found.skipped.append(Skipped(path, str(error)))
            else:
                if container_id in ("", cached.attachment.container_id):
                    found.attachments.append(cached)
        return found

    def _read(self, network: str, attachment: Attachment) -> bytes | None:
        path = self.path(network, attachment)
        try:
            return _content(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            hint = "" if isinstance(error, PermissionError) else _LOST
            raise CannotRead(f"cannot read {path}: {errno_text(error.errno or 0)}", hint=hint) from error
        except CnictlError as error:
            raise CannotRead(f"cannot read {path}: {error}", hint=_LOST) from error


def _content(path: str) -> bytes:
    """Return what is in a file; raises OSError, and CnictlError for a FIFO, which would be waited for."""
    kind = os.stat(path).st_mode
    if not stat.S_ISREG(kind):
        raise CnictlError("is a directory" if stat.S_ISDIR(kind) else "is no regular file")
    with open(path, "rb") as file:
        return file.read()


def _decode_result(data: bytes) -> dict[str, Json]:
    try:
        members = decode(data)
    except DecodeError as error:
        raise CnictlError(f"decoding version from network config: {error}") from error
    if members is None:
        return {}
    if not isinstance(members, dict):
        raise CnictlError("decoding version from network config: expected an object")
    kind = Document(members).get("kind")
    if kind is None:
        return members
    if kind != KIND:
        raise CnictlError(f"unknown kind {encode(kind)}")
    inner = Document(members).get("result")
    return inner if isinstance(inner, dict) else {}


def _attachment(path: str, members: dict[str, Json]) -> CachedAttachment:
    """What a document of our kind says, or CniError when one of its keys has another type than Go accepts."""
    known = read_cached(members)
    if path and not (known.network and known.ifname):
        raise CnictlError("networkName or ifName is missing")
    return CachedAttachment(
        path,
        known.network,
        Attachment(known.container_id, known.netns, known.ifname, known.args, known.capability_args),
        known.config or b"",
        known.result,
    )
