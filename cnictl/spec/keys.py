"""A plugin's configuration keys, each described once, read into typed attributes.

    class BridgeConfig(NetworkConfig):
        bridge = string("bridge", default="cni0", text="name of the bridge")
        mtu = integer("mtu", unit="bytes", text="MTU of both ends of the veth pair")

    config = BridgeConfig(document)     # raises CniError 7 naming the key that has the wrong type
    config.mtu                          # an int

The same description makes `cnictl validate`, the published JSON Schema and the plugin's page
in the docs.  Keys match without regard to case, as in the Go plugins; null counts as absent.
"""

from __future__ import annotations

from cnictl.spec.address import Address, Prefix
from cnictl.spec.document import Document
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.result import DNS, Route

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Generic, Self, TypeVar, overload

    from cnictl.spec.document import Json

    T = TypeVar("T")
    C = TypeVar("C", bound="Config")

    class _Typed(Generic[T]):
        """What type checkers see of a key: reading it from a configuration gives a T."""

        @overload
        def __get__(self, instance: None, owner: type) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: type) -> T: ...
        def __get__(self, instance: object, owner: type) -> Any: ...
else:

    class _Typed:
        def __class_getitem__(cls, item):
            return cls


class Key(_Typed["T"]):
    """One key: how it is spelled, what it holds, and what it means.

    `kind` is the JSON type (`string`, `boolean`, `integer`, `object`, `array`), `format` what a
    string must look like (`ip`, `cidr`, `mac`, `ifname`) or "", `unit` what a number counts, `since` the
    release of the Go plugins that has it ("" for always; `cnictl` for keys that only we have),
    `nested` the description of an object or of a list's items, `depth` how many lists are around it.
    """

    __slots__ = (
        "attribute",
        "choices",
        "default",
        "depth",
        "format",
        "kind",
        "maximum",
        "minimum",
        "name",
        "nested",
        "read",
        "required",
        "since",
        "text",
        "unit",
    )

    def __init__(
        self,
        name: str,
        kind: str,
        read: Callable[[Document, str], T],
        *,
        text: str,
        default: object = None,
        format: str = "",  # noqa: A002 - JSON Schema's word
        unit: str = "",
        since: str = "",
        required: bool = False,
        minimum: int | None = None,
        maximum: int | None = None,
        choices: tuple[str, ...] = (),
        nested: type[Config] | None = None,
        depth: int = 0,
    ) -> None:
        self.name = name
        self.kind = kind
        self.read = read
        self.text = text
        self.default = default
        self.format = format
        self.unit = unit
        self.since = since
        self.required = required
        self.minimum = minimum
        self.maximum = maximum
        self.choices = choices
        self.nested = nested
        self.depth = depth
        self.attribute = ""

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute


class Config:
    """A JSON object read by the keys that its class describes; raises CniError 7 when one does not fit."""

    keys: tuple[Key[Any], ...] = ()

    def __init_subclass__(cls) -> None:
        found = {
            key.attribute: key for base in reversed(cls.__mro__[1:]) for key in vars(base).get("keys", ())
        }
        found.update({value.attribute: value for value in vars(cls).values() if isinstance(value, Key)})
        cls.keys = tuple(found.values())

    def __init__(self, document: Document) -> None:
        self.document = document
        for key in self.keys:
            self.__dict__[key.attribute] = key.read(document, key.name)


def string(name: str, *, default: str = "", text: str, **more: Any) -> Key[str]:
    """A key that holds a string."""
    return Key(name, "string", lambda d, n: d.string(n, default), default=default, text=text, **more)


def optional_string(name: str, *, text: str, **more: Any) -> Key[str | None]:
    """A key that holds a string, None when it is absent: for keys where "" is something else."""
    return Key(name, "string", lambda d, n: d.optional_string(n), text=text, **more)


def boolean(name: str, *, default: bool = False, text: str, **more: Any) -> Key[bool]:
    """A key that holds true or false."""
    return Key(name, "boolean", lambda d, n: d.boolean(n, default), default=default, text=text, **more)


def optional_boolean(name: str, *, text: str, **more: Any) -> Key[bool | None]:
    """A key that holds true or false, None when it is absent."""
    return Key(name, "boolean", lambda d, n: d.optional_boolean(n), text=text, **more)


def integer(name: str, *, default: int = 0, text: str, **more: Any) -> Key[int]:
    """A key that holds a whole number.  `minimum` and `maximum` describe; the plugin words the error."""
    return Key(name, "integer", lambda d, n: d.integer(n, default), default=default, text=text, **more)


def unsigned(name: str, *, default: int = 0, text: str, **more: Any) -> Key[int]:
    """A key that holds a whole number from 0 up; `maximum` describes, the plugin words the error."""
    return Key(
        name, "integer", lambda d, n: d.unsigned(n, default), default=default, text=text, minimum=0, **more
    )


def optional_integer(name: str, *, text: str, **more: Any) -> Key[int | None]:
    """A key that holds a whole number, None when it is absent: for keys where 0 is something else."""
    return Key(name, "integer", lambda d, n: d.optional_integer(n), text=text, **more)


def optional_unsigned(name: str, *, text: str, **more: Any) -> Key[int | None]:
    """A key that holds a whole number from 0 up, None when it is absent."""
    return Key(name, "integer", lambda d, n: d.optional_unsigned(n), text=text, minimum=0, **more)


def strings(name: str, *, text: str, **more: Any) -> Key[list[str]]:
    """A key that holds a list of strings."""
    return Key(name, "string", lambda d, n: d.strings(n), text=text, depth=1, **more)


def optional_strings(name: str, *, text: str, **more: Any) -> Key[list[str] | None]:
    """A key that holds a list of strings, None when it is absent."""
    return Key(
        name,
        "string",
        lambda d, n: d.strings(n) if d.get(n) is not None else None,
        text=text,
        depth=1,
        **more,
    )


def mapping(name: str, *, text: str, **more: Any) -> Key[dict[str, str]]:
    """A key that holds an object of free names, whose case counts, and strings."""
    return Key(name, "object", _mapping, text=text, **more)


def members(name: str, *, text: str, **more: Any) -> Key[dict[str, Json]]:
    """A key that holds an object for somebody else, whose keys' case counts; absent is the same as empty."""

    def read(document: Document, key: str) -> dict[str, Json]:
        found = document.object(key)
        return {} if found is None else found.members

    return Key(name, "object", read, text=text, nested=Foreign, **more)


def members_list(name: str, *, text: str, **more: Any) -> Key[list[dict[str, Json]]]:
    """A key that holds a list of objects for somebody else; absent is the same as empty."""

    def read(document: Document, key: str) -> list[dict[str, Json]]:
        return [one.members for one in document.objects(key)]

    return Key(name, "object", read, text=text, nested=Foreign, depth=1, **more)


def nested(name: str, config: type[C], *, text: str, **more: Any) -> Key[C]:
    """A key that holds an object; absent is the same as empty."""
    return Key(
        name,
        "object",
        lambda d, n: config(d.object(n) or Document({}, d.below(n))),
        text=text,
        nested=config,
        **more,
    )


def optional_nested(name: str, config: type[C], *, text: str, **more: Any) -> Key[C | None]:
    """A key that holds an object, None when it is absent."""

    def read(document: Document, key: str) -> C | None:
        found = document.object(key)
        return None if found is None else config(found)

    return Key(name, "object", read, text=text, nested=config, **more)


def nested_list(name: str, config: type[C], *, text: str, **more: Any) -> Key[list[C]]:
    """A key that holds a list of objects; absent is the same as empty."""
    return Key(
        name,
        "object",
        lambda d, n: [config(one) for one in d.objects(n)],
        text=text,
        nested=config,
        depth=1,
        **more,
    )


def optional_nested_list(name: str, config: type[C], *, text: str, **more: Any) -> Key[list[C] | None]:
    """A key that holds a list of objects, None when it is absent: for keys where [] is something else."""

    def read(document: Document, key: str) -> list[C] | None:
        return None if document.get(key) is None else [config(one) for one in document.objects(key)]

    return Key(name, "object", read, text=text, nested=config, depth=1, **more)


def nested_lists(name: str, config: type[C], *, text: str, **more: Any) -> Key[list[list[C]]]:
    """A key that holds a list of lists of objects."""

    def read(document: Document, key: str) -> list[list[C]]:
        outer = document.get(key)
        if outer is None:
            return []
        if not isinstance(outer, list):
            raise document.mismatch(key, "a list of lists", outer)
        # Each inner list is read as if it were a key of its own, so that errors name its place.
        rows = [(f"{key}[{i}]", row) for i, row in enumerate(outer)]
        return [
            [config(one) for one in Document({place: row}, document.path).objects(place)]
            for place, row in rows
        ]

    return Key(name, "object", read, text=text, nested=config, depth=2, **more)


def address(name: str, *, text: str, **more: Any) -> Key[Address | None]:
    """A key that holds an IP address; absent and "" are None."""
    return Key(name, "string", _address, text=text, format="ip", **more)


def prefix(name: str, *, text: str, **more: Any) -> Key[Prefix | None]:
    """A key that holds an address with a prefix length; absent is None."""
    return Key(name, "string", _prefix, text=text, format="cidr", **more)


def prefixes(name: str, *, text: str, **more: Any) -> Key[list[Prefix]]:
    """A key that holds a list of addresses with prefix lengths; absent is the same as empty."""
    return Key(name, "string", _prefixes, text=text, format="cidr", depth=1, **more)


def routes(name: str, *, text: str, **more: Any) -> Key[list[Route]]:
    """A key that holds routes as they stand in a Result."""
    return Key(
        name,
        "object",
        lambda d, n: [_route(RouteConfig(one)) for one in d.objects(n)],
        text=text,
        nested=RouteConfig,
        depth=1,
        **more,
    )


def dns(name: str, *, text: str, **more: Any) -> Key[DNS | None]:
    """A key that holds resolver settings; None when it says nothing, not even an empty list."""
    return Key(name, "object", _dns, text=text, nested=DNSConfig, **more)


def _mapping(document: Document, key: str) -> dict[str, str]:
    found = document.object(key)
    if found is None:
        return {}
    values: dict[str, str] = {}
    for name, value in found.members.items():
        if not isinstance(value, str):
            raise found.mismatch(name, "a string", value)
        values[name] = value
    return values


def _address(document: Document, key: str) -> Address | None:
    text = document.string(key)
    try:
        return Address.parse(text) if text else None
    except ValueError as error:
        raise CniError(INVALID_NETWORK_CONFIG, str(error), f"in key {document.below(key)!r}") from None


def _prefix(document: Document, key: str) -> Prefix | None:
    text = document.optional_string(key)
    try:
        return None if text is None else Prefix.parse(text)
    except ValueError as error:
        raise CniError(INVALID_NETWORK_CONFIG, str(error), f"in key {document.below(key)!r}") from None


def _prefixes(document: Document, key: str) -> list[Prefix]:
    found = []
    for i, text in enumerate(document.strings(key)):
        try:
            found.append(Prefix.parse(text))
        except ValueError as error:
            place = document.below(f"{key}[{i}]")
            raise CniError(INVALID_NETWORK_CONFIG, str(error), f"in key {place!r}") from None
    return found


def _route(config: RouteConfig) -> Route:
    if config.dst is None:
        raise CniError(
            INVALID_NETWORK_CONFIG,
            "a route has no destination",
            f'add "dst" to {config.document.path or "it"}',
        )
    return Route(
        config.dst, config.gw, config.mtu, config.advmss, config.priority, config.table, config.scope
    )


def _dns(document: Document, key: str) -> DNS | None:
    found = document.object(key)
    if found is None:
        return None
    config = DNSConfig(found)
    lists = (config.nameservers, config.search, config.options)
    if not config.domain and all(one is None for one in lists):
        return None
    return DNS(
        tuple(config.nameservers or ()),
        config.domain,
        tuple(config.search or ()),
        tuple(config.options or ()),
    )


class Foreign(Config):
    """An object whose keys are described by whoever reads it."""


class RouteConfig(Config):
    """A route as it is written in `ipam.routes`."""

    dst = prefix("dst", required=True, text="destination")
    gw = address("gw", text="gateway; without it the address's gateway is used")
    mtu = integer("mtu", unit="bytes", since="1.5.0", text="path MTU, passed on in the Result")
    advmss = integer("advmss", unit="bytes", since="1.5.0", text="advertised MSS, passed on in the Result")
    priority = integer("priority", since="1.5.0", text="metric")
    table = optional_integer("table", since="1.6.0", text="routing table; main when absent")
    scope = optional_integer("scope", since="1.6.0", text="0 global, 253 link, 254 host")


class DNSConfig(Config):
    """Resolver settings, passed on in the Result."""

    nameservers = optional_strings("nameservers", text="addresses of DNS servers, in order of preference")
    domain = string("domain", text="local domain for short names")
    search = optional_strings("search", text="domains to search for short names, in order of preference")
    options = optional_strings("options", text="options of resolv.conf(5)")
