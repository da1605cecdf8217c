"""A whole network as a delegate: a list's plugins in their order, and libcni's record of what they made.

A plugin that delegates to lists is a runtime to them: it passes the Result of one to the next, offers
capability arguments to those that ask, and remembers the attachment until its DEL.  What it remembers
has libcni's place and form, so that whoever else reads such a cache finds it.
"""

from __future__ import annotations

import os

from cnictl import configuration, durable
from cnictl.plugin import delegate
from cnictl.plugin.cleanup import Failures
from cnictl.spec import cached, request, versions
from cnictl.spec.document import decode_object
from cnictl.spec.errors import IO_FAILURE, CnictlError, CniError
from cnictl.spec.legacy_result import Result020
from cnictl.spec.names import check_network_name
from cnictl.spec.result import Result, convert, current, parse_any
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnictl.plugin.request import Request
    from cnictl.spec.cached import Cached
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.document import Json
    from cnictl.spec.result import AnyResult


class Attachment(Value):
    """A container's attachment to a network that is delegated to.

    `raw` is the configuration as it was given, a list or a single plugin, and is what is remembered;
    `capability_args` are offered to all plugins.  Container, netns, ifname and CNI_ARGS are those of
    the request that comes with every call; `cache` is the directory of the cache.
    """

    __slots__ = ("network", "raw", "cache", "capability_args")

    def __init__(
        self, network: NetworkList, raw: bytes, cache: str, capability_args: Mapping[str, Json] | None = None
    ) -> None:
        self.network = network
        self.raw = raw
        self.cache = cache
        self.capability_args: Mapping[str, Json] = capability_args or {}

    def add(self, asked: Request) -> Result:
        """Have every plugin do its ADD, and remember the attachment; return the last Result.

        Raises CniError with the plugin that failed; what was made then waits for `delete`.
        """
        check_network_name(self.network.name)
        result: Result | None = None
        for plugin in self.network.plugins:
            previous = None if result is None else in_version(result, self.network.cni_version)
            stdin = request.for_attachment(
                self.network, plugin, previous=previous, capability_args=self.capability_args
            )
            try:
                result = delegate.answer(asked.delegated("ADD", stdin))
            except CnictlError as error:
                raise as_cni_error(error).within(f"plugin {plugin.description} failed (add): ") from error
        result = result or Result()
        self.remember(asked, result)
        return result

    def delete(self, asked: Request) -> None:
        """Have every plugin do its DEL, the last first, as its ADD was asked, and forget the attachment.

        All are tried before the first failure is raised, and then the attachment is not forgotten.
        """
        with Failures() as each:
            for one in reversed(list(self.requests(asked, "DEL"))):
                each.run(_delete, one)
        durable.remove(self._path(asked))

    def requests(self, asked: Request, command: str) -> Iterator[Request]:
        """Yield what each plugin is asked for CHECK or DEL: with what its ADD was given, and the Result.

        Nothing is to be checked of a list with `disableCheck`.  Raises CniError when the Result that
        is remembered cannot be used; DEL goes on without it.
        """
        known = self.remembered(asked)
        network, capability_args, previous = self.network, self.capability_args, None
        if known is not None:
            network, capability_args = self._then(known), known.capability_args
            if known.args:
                asked = asked.delegated(command, asked.stdin, args=joined(known.args))
            if known.result is not None and versions.at_least(network.cni_version, "0.4.0"):
                try:
                    previous = convert(parse_any(known.result), network.cni_version)
                except CniError as error:
                    if command != "DEL":
                        raise error.within(f"the cached result of {network.name}: ") from None
        for plugin in network.plugins if command == "DEL" or not network.disable_check else ():
            stdin = request.for_attachment(
                network, plugin, previous=previous, capability_args=capability_args
            )
            yield asked.delegated(command, stdin)

    def remember(self, asked: Request, result: Result) -> None:
        """Write the record that DEL and CHECK go by; raises CniError 5."""
        document = cached.Cached(
            self.network.name,
            asked.container_id,
            asked.ifname,
            netns=asked.netns,
            args=split(asked.args),
            capability_args=self.capability_args,
            config=self.raw,
            result=in_version(result, self.network.cni_version).members(),
        )
        path = self._path(asked)
        try:
            durable.replace(path, document.encode())
        except OSError as error:
            text = f'failed to set network "{self.network.name}" cached result: {error.strerror}'
            raise CniError(IO_FAILURE, text, path) from None

    def remembered(self, asked: Request) -> Cached | None:
        """Return the record of the attachment; None when there is none that can be understood."""
        try:
            data = durable.read(self._path(asked))
            return None if data is None else cached.read(decode_object(data))
        except (OSError, CnictlError) as error:
            asked.log.warning("no use of the cached attachment", network=self.network.name, reason=str(error))
            return None

    def _then(self, known: Cached) -> NetworkList:
        """Return the network as it was when ADD was done."""
        try:
            then = configuration.parse(known.config or b"")
        except CniError:
            return self.network
        return then if then.name == self.network.name else self.network

    def _path(self, asked: Request) -> str:
        name = cached.file_name(self.network.name, asked.container_id, asked.ifname)
        return os.path.join(self.cache, "results", name)


def result_of(known: Cached) -> Result:
    """Return the Result in a record as the model that plugins work on; raises CniError."""
    return current(parse_any(known.result or {}))


def in_version(result: Result, version: str) -> AnyResult:
    """Return a Result in another version; before 0.3.0 one without addresses says nothing but dns."""
    if version in ("", *versions.FAMILY_020) and not result.ips:
        return Result020(version or versions.OLDEST, dns=result.dns)
    return convert(result, version)


def attachments(cache: str) -> list[Cached]:
    """Return all records in a cache that can be understood."""
    directory = os.path.join(cache, "results")
    found = []
    try:
        names = sorted(os.listdir(directory))
    except FileNotFoundError:
        return []
    for name in names:
        try:
            data = durable.read(f"{directory}/{name}")
            known = cached.read(decode_object(data or b"{}"))
        except (OSError, CnictlError):
            continue
        if known.container_id and known.ifname and known.network:
            found.append(known)
    return found


def as_cni_error(error: CnictlError | OSError) -> CniError:
    """Return an error as the object that a runtime gets, with the notes on it."""
    from cnictl.plugin import skel

    return skel.as_error_object(error)


def split(args: str) -> tuple[tuple[str, str], ...]:
    """Return the pairs of CNI_ARGS."""
    pieces = (piece.partition("=") for piece in args.split(";") if piece)
    return tuple((key, value) for key, _, value in pieces)


def joined(pairs: tuple[tuple[str, str], ...]) -> str:
    """Return CNI_ARGS of pairs."""
    return ";".join(f"{key}={value}" for key, value in pairs)


def _delete(asked: Request) -> None:
    try:
        delegate.answer(asked)
    except CnictlError as error:
        kind = asked.document.string("type")
        raise as_cni_error(error).within(f'plugin type="{kind}" failed (delete): ') from error
