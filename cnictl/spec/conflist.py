"""Network configuration lists, and single plugin configurations, as they are written in files.

CNI spec 1.1.0, section "Network configuration format".  Nothing here reads a file.
"""

from __future__ import annotations

from cnictl.spec import versions
from cnictl.spec.document import DecodeError, Document, decode_object, describe, encode
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.quote import go_quote
from cnictl.spec.result_parts import DNS
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.spec.document import Json

_LIST = "error parsing configuration list: "
_SINGLE = "error parsing configuration: "


class PluginConfig(Value):
    """One plugin of a list, or a configuration with a single plugin.

    `raw` are the bytes that the plugin is given, before the runtime adds to them; `name` is what
    the file says, which the list's name replaces.
    """

    __slots__ = ("type", "name", "cni_version", "capabilities", "ipam_type", "members", "raw")

    def __init__(self, document: Document, raw: bytes) -> None:
        self.type = document.string("type")
        self.name = document.string("name")
        self.cni_version = document.string("cniVersion")
        self.capabilities = _capabilities(document)
        ipam = document.object("ipam")
        self.ipam_type = ipam.string("type") if ipam else ""
        self.members = document.members
        self.raw = raw
        _check_known_keys(document)
        if not self.type:
            raise CniError(
                INVALID_NETWORK_CONFIG, "missing 'type'", 'every plugin names its executable in "type"'
            )

    @property
    def description(self) -> str:
        """What errors call the plugin: `type="bridge"`, and its own name when it has one."""
        return f"type={go_quote(self.type)}" + (f" name={go_quote(self.name)}" if self.name else "")


class NetworkList(Value):
    """A network configuration list; `raw` is the whole document as it was written."""

    __slots__ = (
        "name",
        "cni_version",
        "disable_check",
        "disable_gc",
        "load_only_inlined_plugins",
        "plugins",
        "raw",
    )

    def __init__(
        self,
        name: str,
        cni_version: str,
        plugins: list[PluginConfig],
        raw: bytes,
        *,
        disable_check: bool = False,
        disable_gc: bool = False,
        load_only_inlined_plugins: bool = False,
    ) -> None:
        self.name = name
        self.cni_version = cni_version
        self.plugins = plugins
        self.raw = raw
        self.disable_check = disable_check
        self.disable_gc = disable_gc
        self.load_only_inlined_plugins = load_only_inlined_plugins

    @property
    def capabilities(self) -> set[str]:
        """The capabilities that any of the plugins wants."""
        return {name for plugin in self.plugins for name, wanted in plugin.capabilities.items() if wanted}


def parse_plugin(raw: bytes) -> PluginConfig:
    """Return the configuration of a single plugin; raises CniError 6 or 7."""
    try:
        return PluginConfig(Document(decode_object(raw)), raw)
    except CniError as error:
        raise error.within(_SINGLE) from None


def parse_list(raw: bytes) -> NetworkList:
    """Return a configuration list, its plugins as far as they are inlined; raises CniError 6 or 7.

    Keys of the list match exactly, those of the plugins without regard to case.
    """
    try:
        return _list(decode_object(raw), raw)
    except PluginError:
        raise
    except CniError as error:
        raise error.within(_LIST) from None


def list_of_one(plugin: PluginConfig) -> NetworkList:
    """Return a single plugin's configuration as a list, as libcni does for .conf files."""
    members: dict[str, Json] = {
        "cniVersion": plugin.cni_version,
        "name": plugin.name,
        "plugins": [plugin.members],
    }
    return parse_list(encode(members, sort=True).encode())


def with_plugins(network: NetworkList, plugins: list[PluginConfig]) -> NetworkList:
    """Return a list to which plugins from the folder of its name were added.

    Its document says so too, with `loadOnlyInlinedPlugins`, so that whoever reads it later, from
    a cache, runs the same plugins and no others.
    """
    if not plugins:
        return network
    members = decode_object(network.raw)
    together = [*network.plugins, *plugins]
    members["plugins"] = [plugin.members for plugin in together]
    members["loadOnlyInlinedPlugins"] = True
    return network.replace(plugins=together, raw=encode(members).encode())


class PluginError(CniError):
    """What is wrong in one plugin of a list; libcni does not say about these that they are in a list."""


def _list(members: dict[str, Json], raw: bytes) -> NetworkList:
    if "name" not in members:
        raise _invalid("no name", 'give the network a "name", in lower case')
    name = members["name"]
    if not isinstance(name, str):
        raise _invalid(f"invalid name type {_go_type(name)}")
    version = select_version(members)
    check, gc, only = (_flag(members, key) for key in ("disableCheck", "disableGC", "loadOnlyInlinedPlugins"))
    if only and "plugins" not in members:
        raise _invalid("`loadOnlyInlinedPlugins` is true, and no 'plugins' key")
    plugins = _inlined_plugins(members)
    return NetworkList(
        name, version, plugins, raw, disable_check=check, disable_gc=gc, load_only_inlined_plugins=only
    )


def _inlined_plugins(members: dict[str, Json]) -> list[PluginConfig]:
    if "plugins" not in members:
        return []
    plugins = members["plugins"]
    if not isinstance(plugins, list):
        raise _invalid(f"invalid 'plugins' type {_go_type(plugins)}")
    if not plugins:
        raise _invalid("no plugins in list")
    return [_inlined(i, one) for i, one in enumerate(plugins)]


def _inlined(index: int, members: Json) -> PluginConfig:
    try:
        if not isinstance(members, dict):
            raise DecodeError(f"expected an object, found {describe(members)}")
        return PluginConfig(Document(members), encode(members, sort=True).encode())
    except CniError as error:
        text = f"failed to parse plugin config {index}: {_SINGLE}{error.msg}"
        raise PluginError(error.code, text, error.details) from None


def _check_known_keys(document: Document) -> None:
    """Raise CniError 7 where a key that libcni itself declares has another type, as libcni does."""
    DNS.read(document.object("dns"))
    document.object("prevResult")
    for attachment in document.objects("cni.dev/valid-attachments"):
        attachment.string("containerID")
        attachment.string("ifname")


def _capabilities(document: Document) -> dict[str, bool]:
    found = document.object("capabilities")
    if found is None:
        return {}
    wanted = {}
    for name, value in found.members.items():  # here the case of a name counts
        if not (value is None or isinstance(value, bool)):
            raise found.mismatch(name, "true or false", value)
        wanted[name] = bool(value)
    return wanted


def _flag(members: dict[str, Json], key: str) -> bool:
    value = members.get(key, False)
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise _invalid(f"invalid type {_go_type(value)} for {key}")
    if value.lower() not in ("true", "false"):
        raise _invalid(f"invalid value {go_quote(value.lower())} for {key}")
    return value.lower() == "true"


def select_version(members: dict[str, Json]) -> str:
    """Return the newest version of `cniVersion` and `cniVersions` that we know; as it is written."""
    single = members.get("cniVersion", "")
    if not isinstance(single, str):
        raise _invalid(f"invalid cniVersion type {_go_type(single)}")
    if "cniVersions" not in members:
        return single
    several = members["cniVersions"]
    if not isinstance(several, list):
        raise _invalid("invalid type for cniVersions: []interface {}", f"it is {describe(several)}")
    stated = []
    for i, one in enumerate(several):
        if not isinstance(one, str):
            raise _invalid(f"invalid type for cniVersions index {i}: {_go_type(one)}")
        stated.append((_parsed(one, f"invalid cniVersions entry {one} at index {i}"), one))
    if single:
        stated.append((_parsed(single, f"invalid cniVersion {single}"), single))
    newest = versions.parse(versions.CURRENT)
    known = sorted((one for one in stated if one[0] <= newest), key=lambda one: one[0])
    return known[-1][1] if known else single


def _parsed(version: str, message: str) -> tuple[int, int, int]:
    try:
        return versions.parse(version)
    except CniError as error:
        raise error.within(f"{message}: ") from None


def _invalid(message: str, details: str = "") -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)


def _go_type(value: Json) -> str:
    """Return what Go calls the type of a JSON value; the messages are libcni's."""
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "float64"
    if isinstance(value, str):
        return "string"
    return "[]interface {}" if isinstance(value, list) else "map[string]interface {}"
