"""A network configuration as the rules see it: its text, where things stand in it, and what is around it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from cnictl.configuration import LISTS, SINGLES
from cnictl.lint.locate import NotJSON, scan
from cnictl.spec.conflist import select_version
from cnictl.spec.document import DecodeError, Document, decode
from cnictl.spec.errors import CniError
from cnictl.spec.versions import OLDEST

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from cnictl.lint.broken import Trouble
    from cnictl.lint.described import Level
    from cnictl.lint.directory import Directory
    from cnictl.lint.frame import Frame
    from cnictl.lint.locate import Node, Pointer
    from cnictl.lint.programs import Programs
    from cnictl.spec.document import Json
    from cnictl.spec.keys import Config

Form = Literal["list", "single"]


@dataclass(frozen=True)
class PluginObject:
    """The object of one plugin, and where it stands: ("plugins", 0), or () in a single configuration."""

    where: Pointer
    document: Document
    described: dict[tuple[type[Config], ...], Level] = field(default_factory=dict, compare=False, repr=False)
    """The object as classes describe it, kept by `described.top` for the rules that come next."""

    @cached_property
    def type(self) -> str:
        """The plugin's name, "" when the object has none."""
        return self.text("type")

    @cached_property
    def ipam_type(self) -> str:
        """The IPAM plugin's name, "" when there is none."""
        section = self.document.get("ipam")
        named = Document(section).get("type") if isinstance(section, dict) else None
        return named if isinstance(named, str) else ""

    def at(self, *steps: str | int) -> Pointer:
        """Return where a key of the plugin stands, or what is below it."""
        return (*self.where, *steps)

    def text(self, key: str) -> str:
        """Return a key's value where it is a string, else ""."""
        value = self.document.get(key)
        return value if isinstance(value, str) else ""

    def delegates(self) -> Iterator[PluginObject]:
        """Yield the plugins of the networks that stand in multus' object, a list's or one alone."""
        listed = self.document.get("delegates") if self.type == "multus" else None
        for i, network in enumerate(listed if isinstance(listed, list) else ()):
            plugins = network.get("plugins") if isinstance(network, dict) else None
            if isinstance(plugins, list):
                yield from (
                    PluginObject(self.at("delegates", i, "plugins", j), Document(one))
                    for j, one in enumerate(plugins)
                    if isinstance(one, dict)
                )
            elif isinstance(network, dict):
                yield PluginObject(self.at("delegates", i), Document(network))

    def asks_for(self, capability: str) -> bool:
        """Whether the runtime is asked for a capability's argument."""
        capabilities = self.document.get("capabilities")
        return isinstance(capabilities, dict) and capabilities.get(capability) is True


@dataclass(eq=False)
class Configuration:
    """One text, and what could be made of it.

    `path` is "" for one that is in no file.  `embedded` says that it is the `spec.config` of a
    NetworkAttachmentDefinition, which has the network's name.  `listed` says that a runtime would
    look at the file; `directory` has the files beside it that were given too.  `unread` says why there
    is no text, and then nothing else is known.  `programs`, and `mtus` by the names of interfaces, are
    those of a node, None where nobody is to look.

    A text in a Kubernetes object has a `frame`, which says where it stands in the file `shown`, and
    perhaps `trouble`, why it is none; as a `template` it is filled in by somebody else before a runtime
    reads it.

    `root` is None for what is no JSON, then `broken` says why; `members` is None for what is no object.
    """

    path: str
    text: str
    embedded: bool = False
    listed: bool = True
    programs: Programs | None = None
    mtus: Mapping[str, int] | None = None
    directory: Directory | None = None
    unread: str = ""
    shown: str = ""
    frame: Frame | None = None
    template: bool = False
    trouble: Trouble | None = None
    root: Node | None = field(init=False, default=None)
    members: dict[str, Json] | None = field(init=False, default=None)
    broken: NotJSON | DecodeError | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        if self.unread or self.trouble is not None:
            return
        try:
            value = decode(self.text)
            self.root = scan(self.text)
        except DecodeError as error:
            self.broken = error
            try:
                scan(self.text)
            except NotJSON as found:
                self.broken = found
            except RecursionError:
                pass  # of which the decoder has said it already
            return
        if isinstance(value, dict):
            self.members = value

    @property
    def looks_like_network(self) -> bool:
        """Whether the text is that of a network configuration, whatever its file is called."""
        if self.members is None:
            return False
        document = Document(self.members)
        return (document.has("type") or "plugins" in self.members) and document.has("cniVersion")

    @cached_property
    def extension(self) -> str:
        """What a runtime looks at: `.conflist`, `.conf`, `.json`, or something else."""
        name = os.path.basename(self.path)
        return name[max(name.rfind("."), 0) :]

    @cached_property
    def form(self) -> Form:
        """Whether it is a list or a single plugin: `plugins` says so, or else the file's extension."""
        if self.members is not None and "plugins" in self.members:
            return "list"
        if self.members is not None and self.extension not in LISTS and Document(self.members).has("type"):
            return "single"
        return "single" if self.extension in SINGLES else "list"

    @cached_property
    def name(self) -> str:
        """The network's name, "" for none."""
        return self._string("name")

    @cached_property
    def version(self) -> str:
        """The version that counts: the newest that we know of those the text names."""
        if self.form == "single" or self.members is None:
            return self._string("cniVersion") or OLDEST
        try:
            return select_version(self.members) or OLDEST
        except CniError:
            return self._string("cniVersion") or OLDEST

    @cached_property
    def plugins(self) -> list[PluginObject]:
        """The plugins in their order, as far as they are objects."""
        if self.members is None:
            return []
        if self.form == "single":
            return [PluginObject((), Document(self.members))]
        listed = self.members.get("plugins")
        if not isinstance(listed, list):
            return []
        return [
            PluginObject(("plugins", i), Document(one))
            for i, one in enumerate(listed)
            if isinstance(one, dict)
        ]

    @cached_property
    def all_plugins(self) -> list[PluginObject]:
        """The plugins in their order, each followed by those of the networks that it delegates to."""
        return [found for plugin in self.plugins for found in (plugin, *plugin.delegates())]

    def _string(self, key: str) -> str:
        if self.members is None:
            return ""
        value = self.members.get(key) if self.form == "list" else Document(self.members).get(key)
        return value if isinstance(value, str) else ""
