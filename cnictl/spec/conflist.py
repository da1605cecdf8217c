"""Network configuration lists, and single plugin configurations, as they are written in files.

CNI spec 1.1.0, section "Network configuration format".  Nothing here reads a file.
"""

from __future__ import annotations

from cnictl.spec import versions
from cnictl.spec.document import DecodeError, Document, decode, encode
from cnictl.spec.errors import DECODING_FAILURE, INVALID_NETWORK_CONFIG, CniError
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
        if not self.type:
            raise CniError(
                INVALID_NETWORK_CONFIG,
                f"{_SINGLE}missing 'type'",
                'every plugin names its executable in "type"',
            )

    @property
    def description(self) -> str:
        """What errors call the plugin: `type="bridge"`, and its own name when it has one."""
        return f'type="{self.type}"' + (f' name="{self.name}"' if self.name else "")


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
    members = _decoded(raw, _SINGLE)
    if members is None:
        members = {}
    if not isinstance(members, dict):
        raise CniError(DECODING_FAILURE, f"{_SINGLE}it is not a JSON object")
    return _plugin(members, raw)


def parse_list(raw: bytes) -> NetworkList:
    """Return a configuration list, its plugins as far as they are inlined; raises CniError 6 or 7.

    Keys of the list match exactly, those of the plugins without regard to case.
    """
    members = _decoded(raw, _LIST)
    if members is None:
        members = {}
    if not isinstance(members, dict):
        raise CniError(DECODING_FAILURE, f"{_LIST}it is not a JSON object, but {_go_type(members)}")
    if "name" not in members:
        raise CniError(INVALID_NETWORK_CONFIG, f"{_LIST}no name", 'give the network a "name"')
    name = members["name"]
    if not isinstance(name, str):
        raise CniError(INVALID_NETWORK_CONFIG, f"{_LIST}invalid name type {_go_type(name)}")
    version = _select_version(members)
    flags = {key: _flag(members, key) for key in ("disableCheck", "disableGC", "loadOnlyInlinedPlugins")}
    only_inlined = flags["loadOnlyInlinedPlugins"]
    if "plugins" not in members and only_inlined:
        raise CniError(
            INVALID_NETWORK_CONFIG, f"{_LIST}`loadOnlyInlinedPlugins` is true, and no 'plugins' key"
        )
    return NetworkList(
        name,
        version,
        _inlined_plugins(members),
        raw,
        disable_check=flags["disableCheck"],
        disable_gc=flags["disableGC"],
        load_only_inlined_plugins=only_inlined,
    )


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
    members = decode(network.raw)
    assert isinstance(members, dict)  # it was parsed from there
    together = [*network.plugins, *plugins]
    members["plugins"] = [plugin.members for plugin in together]
    members["loadOnlyInlinedPlugins"] = True
    return network.replace(plugins=together, raw=encode(members).encode())


def _decoded(raw: bytes, prefix: str) -> Json:
    try:
        return decode(raw)
    except DecodeError as error:
        raise DecodeError(prefix + error.msg, error.line, error.column) from None


def _plugin(members: dict[str, Json], raw: bytes) -> PluginConfig:
    try:
        return PluginConfig(Document(members), raw)
    except CniError as error:
        if error.msg.startswith(_SINGLE):
            raise
        raise CniError(error.code, _SINGLE + error.msg, error.details) from None


def _inlined_plugins(members: dict[str, Json]) -> list[PluginConfig]:
    if "plugins" not in members:
        return []
    plugins = members["plugins"]
    if not isinstance(plugins, list):
        raise CniError(INVALID_NETWORK_CONFIG, f"{_LIST}invalid 'plugins' type {_go_type(plugins)}")
    if not plugins:
        raise CniError(INVALID_NETWORK_CONFIG, f"{_LIST}no plugins in list")
    found = []
    for i, one in enumerate(plugins):
        try:
            if not isinstance(one, dict):
                raise CniError(INVALID_NETWORK_CONFIG, f"{_SINGLE}it is not an object, but {_go_type(one)}")
            found.append(_plugin(one, encode(one, sort=True).encode()))
        except CniError as error:
            text = f"failed to parse plugin config {i}: {error.msg}"
            raise CniError(error.code, text, error.details) from None
    return found


def _capabilities(document: Document) -> dict[str, bool]:
    found = document.object("capabilities")
    if found is None:
        return {}
    return {name: bool(found.optional_boolean(name)) for name in found.members}


def _flag(members: dict[str, Json], key: str) -> bool:
    value = members.get(key, False)
    if isinstance(value, bool):
        return value
    if not isinstance(value, str):
        raise CniError(INVALID_NETWORK_CONFIG, f"{_LIST}invalid type {_go_type(value)} for {key}")
    if value.lower() not in ("true", "false"):
        raise CniError(INVALID_NETWORK_CONFIG, f'{_LIST}invalid value "{value.lower()}" for {key}')
    return value.lower() == "true"


def _select_version(members: dict[str, Json]) -> str:
    """Return the newest version of `cniVersion` and `cniVersions` that we know; as it is written."""
    single = members.get("cniVersion", "")
    if not isinstance(single, str):
        raise CniError(INVALID_NETWORK_CONFIG, f"{_LIST}invalid cniVersion type {_go_type(single)}")
    if "cniVersions" not in members:
        return single
    several = members["cniVersions"]
    if not isinstance(several, list):
        raise CniError(INVALID_NETWORK_CONFIG, f"{_LIST}invalid type for cniVersions: []interface {{}}")
    known = []
    for i, one in enumerate(several):
        if not isinstance(one, str):
            raise CniError(
                INVALID_NETWORK_CONFIG, f"{_LIST}invalid type for cniVersions index {i}: {_go_type(one)}"
            )
        known.append((_parsed(one, f"invalid cniVersions entry {one} at index {i}"), one))
    if single:
        known.append((_parsed(single, f"invalid cniVersion {single}"), single))
    newest = versions.parse(versions.CURRENT)
    return max((one for one in known if one[0] <= newest), key=lambda one: one[0], default=(newest, single))[
        1
    ]


def _parsed(version: str, message: str) -> tuple[int, int, int]:
    try:
        return versions.parse(version)
    except CniError as error:
        raise CniError(INVALID_NETWORK_CONFIG, f"{_LIST}{message}: {error.msg}", error.details) from None


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
