"""Configuration lists and single configurations: what libcni loads is loaded, else refused in its words."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.spec.conflist import NetworkList, list_of_one, parse_list, parse_plugin, with_plugins
from cnictl.spec.document import DecodeError
from cnictl.spec.errors import DECODING_FAILURE, INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.versions import CURRENT, parse

LIST = "error parsing configuration list: "
SINGLE = "error parsing configuration: "


def listed(**keys: object) -> NetworkList:
    return parse_list(json.dumps({"name": "net", "plugins": [{"type": "t"}], **keys}).encode())


def refused_list(document: object) -> CniError:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(CniError) as refused:
        parse_list(raw)
    return refused.value


def refused_plugin(document: object) -> CniError:
    raw = document if isinstance(document, bytes) else json.dumps(document).encode()
    with pytest.raises(CniError) as refused:
        parse_plugin(raw)
    return refused.value


def test_a_list_is_kept_as_it_was_written():
    """The whole document verbatim, each plugin compact and with its keys sorted, as a request begins."""
    raw = b"""{
        "name": "some-list", "cniVersion": "0.2.0", "disableCheck": true,
        "plugins": [ { "type": "host-local", "subnet": "10.0.0.1/24" },
                     { "type": "bridge", "mtu": 1500.0, "name": "own",
                       "ipam": {"type": "some-ipam", "a": "<>"} },
                     { "TYPE": "port-forwarding", "ports": {"20.0.0.1:8080": "80"} } ]
    }"""
    network = parse_list(raw)
    assert (network.name, network.cni_version, network.raw) == ("some-list", "0.2.0", raw)
    assert (network.disable_check, network.disable_gc, network.load_only_inlined_plugins) == (
        True,
        False,
        False,
    )
    assert [plugin.raw for plugin in network.plugins] == [
        b'{"subnet":"10.0.0.1/24","type":"host-local"}',
        b'{"ipam":{"a":"\\u003c\\u003e","type":"some-ipam"},"mtu":1500,"name":"own","type":"bridge"}',
        b'{"TYPE":"port-forwarding","ports":{"20.0.0.1:8080":"80"}}',
    ]
    assert [plugin.type for plugin in network.plugins] == ["host-local", "bridge", "port-forwarding"]
    assert [plugin.ipam_type for plugin in network.plugins] == ["", "some-ipam", ""]
    assert [plugin.description for plugin in network.plugins] == [
        'type="host-local"',
        'type="bridge" name="own"',
        'type="port-forwarding"',
    ]


def test_a_single_configuration_is_kept_as_it_was_written():
    """Its bytes are not touched, blanks and all."""
    raw = b'{ "name": "some-plugin", "cniVersion": "0.3.1", "type": "foobar", "some-key": [1.0] }\n'
    plugin = parse_plugin(raw)
    assert (plugin.name, plugin.cni_version, plugin.type, plugin.raw) == (
        "some-plugin",
        "0.3.1",
        "foobar",
        raw,
    )


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xef\xbb\xbf{}", b"// comment\n{}", b"{} {}", b"[]", b'"x"', b"7"],
    ids=["empty", "cut-off", "byte-order-mark", "comment", "two-documents", "a-list", "a-string", "a-number"],
)
def test_what_is_no_json_object_is_refused(raw: bytes):
    """Upstream's prefix, then the decoder's words."""
    for error, prefix in ((refused_list(raw), LIST), (refused_plugin(raw), SINGLE)):
        assert isinstance(error, DecodeError)
        assert error.code == DECODING_FAILURE
        assert error.msg.startswith(prefix)


def test_a_cut_off_file():
    """The commonest of these, with the words that people search for, and the place."""
    assert refused_list(b"{").msg == f"{LIST}unexpected end of JSON input"
    assert refused_plugin(b"{").msg == f"{SINGLE}unexpected end of JSON input"
    assert str(refused_list(b'{\n"name": ')) == f"{LIST}unexpected end of JSON input; line 2 column 9"


@pytest.mark.parametrize(
    ("members", "message"),
    [
        (None, "no name"),
        ({}, "no name"),
        ({"Name": "x"}, "no name"),
        ({"name": 5}, "invalid name type float64"),
        ({"name": None}, "invalid name type <nil>"),
        ({"name": "x", "cniVersion": 1}, "invalid cniVersion type float64"),
        ({"name": "x", "cniVersion": None}, "invalid cniVersion type <nil>"),
        ({"name": "x", "plugins": {}}, "invalid 'plugins' type map[string]interface {}"),
        ({"name": "x", "plugins": None}, "invalid 'plugins' type <nil>"),
        ({"name": "x", "plugins": "x"}, "invalid 'plugins' type string"),
        ({"name": "x", "plugins": True}, "invalid 'plugins' type bool"),
        ({"name": "x", "plugins": []}, "no plugins in list"),
        (
            {"name": "x", "loadOnlyInlinedPlugins": True},
            "`loadOnlyInlinedPlugins` is true, and no 'plugins' key",
        ),
        ({"cniVersion": 1, "plugins": 1}, "no name"),
        ({"name": "x", "cniVersions": 1, "disableCheck": 1}, "invalid type for cniVersions: []interface {}"),
        ({"name": "x", "disableGC": 1, "disableCheck": 1}, "invalid type float64 for disableCheck"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(members: object, message: str):
    """The first thing that is wrong is named, in upstream's order and words; its keys match to the letter."""
    error = refused_list(members)
    assert error.code == INVALID_NETWORK_CONFIG
    assert error.msg == f"{LIST}{message}"


def test_an_empty_name_is_loaded():
    """Only ADD refuses it."""
    assert listed(name="").name == ""


def test_a_list_without_plugins_is_loaded():
    """They may come from the folder of its name."""
    network = parse_list(b'{"name":"net","cniVersion":"1.1.0"}')
    assert network.plugins == []
    assert network.load_only_inlined_plugins is False


@pytest.mark.parametrize(
    ("key", "attribute"),
    [
        ("disableCheck", "disable_check"),
        ("disableGC", "disable_gc"),
        ("loadOnlyInlinedPlugins", "load_only_inlined_plugins"),
    ],
)
class TestSwitch:
    """The switches of a list."""

    @pytest.mark.parametrize(
        ("value", "on"), [(True, True), (False, False), ("true", True), ("TRUE", True), ("False", False)]
    )
    def test_a_switch_may_be_a_text(self, key: str, attribute: str, value: object, on: bool):
        """In any case."""
        assert getattr(listed(**{key: value}), attribute) is on

    def test_a_switch_is_off_when_absent(self, key: str, attribute: str):
        """Also when its name is written in another case."""
        assert getattr(listed(), attribute) is False
        assert getattr(listed(**{key.upper(): True}), attribute) is False

    @pytest.mark.parametrize("value", ["adsfasdfasf", "sphagnum", "Yes", "", "1"])
    def test_another_text_is_refused(self, key: str, attribute: str, value: str):
        """It is shown in lower case, as upstream does."""
        assert attribute
        error = refused_list({"name": "x", "plugins": [], key: value})
        assert error.msg == f'{LIST}invalid value "{value.lower()}" for {key}'

    @pytest.mark.parametrize(
        ("value", "found"),
        [(1, "float64"), (None, "<nil>"), ([], "[]interface {}"), ({}, "map[string]interface {}")],
    )
    def test_another_type_is_refused(self, key: str, attribute: str, value: object, found: str):
        """Null as well."""
        assert attribute
        error = refused_list({"name": "x", "plugins": [], key: value})
        assert error.msg == f"{LIST}invalid type {found} for {key}"


@pytest.mark.parametrize(
    ("single", "several", "selected"),
    [
        (None, ["1.1.0", "0.4.0", "1.0.0"], "1.1.0"),
        (None, ["99.0.0", "1.1.0", "0.4.0"], "1.1.0"),
        ("1.0.0", ["0.1.0", "0.4.0"], "1.0.0"),
        ("2.0.0", ["1.0.0"], "1.0.0"),
        ("2.0.0", ["3.0.0"], "2.0.0"),
        ("1.2.3", None, "1.2.3"),
        ("abc", None, "abc"),
        (None, [], ""),
        (None, ["3.0.0"], ""),
        (None, None, ""),
        ("", ["0.4.0"], "0.4.0"),
        (None, ["1.0", "0.4.0"], "1.0"),
    ],
)
def test_the_version_of_a_list(single: str | None, several: list[str] | None, selected: str):
    """The newest that we know, as it is written; a lone cniVersion is not looked at."""
    keys = {"cniVersion": single, "cniVersions": several}
    assert listed(**{key: value for key, value in keys.items() if value is not None}).cni_version == selected


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"cniVersions": {}}, "invalid type for cniVersions: []interface {}"),
        ({"cniVersions": None}, "invalid type for cniVersions: []interface {}"),
        ({"cniVersions": "1.0.0"}, "invalid type for cniVersions: []interface {}"),
        ({"cniVersions": [1]}, "invalid type for cniVersions index 0: float64"),
        (
            {"cniVersions": ["1.0.0", "a"]},
            'invalid cniVersions entry a at index 1: failed to convert major version part "a"',
        ),
        (
            {"cniVersion": "zz", "cniVersions": []},
            'invalid cniVersion zz: failed to convert major version part "zz"',
        ),
        (
            {"cniVersion": "1.0.f", "cniVersions": ["1.0.0"]},
            'invalid cniVersion 1.0.f: failed to convert micro version part "f"',
        ),
    ],
)
def test_versions_that_make_no_sense_are_refused(keys: dict[str, object], message: str):
    """With the entry that is wrong."""
    assert refused_list({"name": "x", "plugins": [{"type": "t"}], **keys}).msg.startswith(f"{LIST}{message}")


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 9)), min_size=1))
def test_no_version_beyond_the_current_one_is_selected(numbers: list[tuple[int, int, int]]):
    """And none that is older than another one that we know."""
    texts = [".".join(map(str, one)) for one in numbers]
    known = [one for one in numbers if one <= parse(CURRENT)]
    expected = ".".join(map(str, max(known))) if known else ""
    assert listed(cniVersions=texts).cni_version == expected


@pytest.mark.parametrize(
    ("plugin", "message"),
    [
        ({}, "missing 'type'"),
        ({"type": ""}, "missing 'type'"),
        ({"type": None}, "missing 'type'"),
        ({"type": 5}, 'key "type": expected a string, found number 5'),
        ({"type": "t", "name": 5}, 'key "name": expected a string, found number 5'),
        ({"type": "t", "cniVersion": 1}, 'key "cniVersion": expected a string, found number 1'),
        ({"type": "t", "ipam": "foo"}, 'key "ipam": expected an object, found string "foo"'),
        ({"type": "t", "ipam": {"type": 5}}, 'key "ipam.type": expected a string, found number 5'),
        ({"type": "t", "capabilities": ["mac"]}, 'key "capabilities": expected an object, found a list'),
        (
            {"type": "t", "capabilities": {"mac": "true"}},
            'key "capabilities.mac": expected true or false, found string "true"',
        ),
        ({"type": "t", "dns": []}, 'key "dns": expected an object, found a list'),
        (
            {"type": "t", "dns": {"nameservers": "1.1.1.1"}},
            'key "dns.nameservers": expected a list, found string "1.1.1.1"',
        ),
        ({"type": "t", "prevResult": []}, 'key "prevResult": expected an object, found a list'),
        (
            {"type": "t", "cni.dev/valid-attachments": [{"containerID": 5}]},
            'key "cni.dev/valid-attachments[0].containerID": expected a string, found number 5',
        ),
    ],
)
def test_a_plugin_that_makes_no_sense_is_refused(plugin: object, message: str):
    """Alone and in a list, where its index is named; that it is in a list, upstream does not say."""
    assert refused_plugin(plugin).msg == f"{SINGLE}{message}"
    error = refused_list({"name": "x", "plugins": [{"type": "fine"}, plugin]})
    assert error.msg == f"failed to parse plugin config 1: {SINGLE}{message}"


@pytest.mark.parametrize("plugin", [1, "bridge", [], None])
def test_a_plugin_is_an_object(plugin: object):
    """A list of names, for example, is no list of plugins."""
    error = refused_list({"name": "x", "plugins": [plugin]})
    assert error.msg.startswith(f"failed to parse plugin config 0: {SINGLE}expected an object, found ")


@pytest.mark.parametrize(
    "keys",
    [{"mtu": "x"}, {"runtimeConfig": []}, {"args": 5}, {"ipMasq": "maybe"}, {"ipam": None}, {"dns": None}],
)
def test_what_the_library_does_not_know_is_the_plugins_business(keys: dict[str, object]):
    """Other keys are not looked at, and null is as good as absent."""
    assert parse_plugin(json.dumps({"type": "t", **keys}).encode()).members == {"type": "t", **keys}


def test_capabilities_are_kept_as_they_are():
    """False and null ones too; their case counts."""
    wanted = {"portMappings": True, "other": True, "noCapability": False, "nothing": None}
    wanted |= {"MAC": True, "mac": False}
    network = listed(
        plugins=[{"type": "t", "capabilities": wanted}, {"type": "u", "capabilities": {"ips": True}}]
    )
    assert network.plugins[0].capabilities == {**wanted, "nothing": False}
    assert network.capabilities == {"portMappings", "other", "MAC", "ips"}


@pytest.mark.parametrize("name", ["Type", "TYPE", "tYpe"])
def test_keys_of_a_plugin_match_in_any_case(name: str):
    """Unlike those of a list."""
    assert listed(plugins=[{name: "t", "IPAM": {"TYPE": "host-local"}}]).plugins[0].ipam_type == "host-local"


def test_a_single_configuration_becomes_a_list_of_one():
    """Its version and name are the list's; what else it says that a list could say does not count."""
    raw = (
        b'{ "name": "n", "cniVersion": "0.3.1", "type": "t", "cniVersions": ["1.0.0"], "disableCheck": true }'
    )
    network = list_of_one(parse_plugin(raw))
    assert (network.name, network.cni_version, network.disable_check) == ("n", "0.3.1", False)
    (plugin,) = network.plugins
    assert plugin.members == json.loads(raw)
    assert network.raw == b'{"cniVersion":"0.3.1","name":"n","plugins":[%s]}' % plugin.raw
    assert parse_list(network.raw) == network


@pytest.mark.parametrize("raw", [b'{"type":"t"}', b'{"type":"t","name":null,"cniVersion":""}'])
def test_a_single_configuration_may_lack_name_and_version(raw: bytes):
    """They are empty then; consumers take it for 0.1.0."""
    network = list_of_one(parse_plugin(raw))
    assert (network.name, network.cni_version) == ("", "")


def test_plugins_of_a_folder_follow_the_inlined_ones():
    """The document says so too, so that whoever reads it later runs the same plugins and no others."""
    network = parse_list(b'{"name":"net","cniVersion":"1.1.0","plugins":[{"type":"a"}],"extra":1}')
    together = with_plugins(network, [parse_plugin(b'{"type": "b"}'), parse_plugin(b'{"type": "c"}')])
    assert [plugin.type for plugin in together.plugins] == ["a", "b", "c"]
    assert [plugin.type for plugin in network.plugins] == ["a"]
    again = parse_list(together.raw)
    assert [plugin.type for plugin in again.plugins] == ["a", "b", "c"]
    assert again.load_only_inlined_plugins is True
    assert json.loads(together.raw)["extra"] == 1


def test_an_empty_folder_changes_nothing():
    """Not a byte of the document."""
    network = listed()
    assert with_plugins(network, []) is network
