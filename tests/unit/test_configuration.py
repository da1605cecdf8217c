"""Configuration files: which are read, what is made of them, and what is said of broken ones."""

from __future__ import annotations

import json
import os

import pytest

from cnictl.configuration import (
    NoConfigurations,
    NoSuchNetwork,
    files,
    find_network,
    load,
    load_list,
    load_single,
    parse,
    survey,
)
from cnictl.spec.conflist import NetworkList
from cnictl.spec.errors import CnictlError, CniError


@pytest.fixture
def write(tmp_path):
    """Write a file into the configuration directory, or below it."""

    def write(name: str, content: object) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return write


def conflist(name: str, *types: str, **keys: object) -> dict[str, object]:
    return {"cniVersion": "1.1.0", "name": name, "plugins": [{"type": one} for one in types], **keys}


def types(network: NetworkList) -> list[str]:
    return [plugin.type for plugin in network.plugins]


@pytest.mark.parametrize("extension", ["conf", "json"])
def test_a_single_configuration_is_found_by_name(write, tmp_path, extension):
    """CF1, CF11: and comes as a list of one."""
    path = write(f"50-whatever.{extension}", {"name": "some-plugin", "cniVersion": "0.3.1", "type": "foobar"})
    found = find_network(str(tmp_path), "some-plugin")
    assert (found.path, found.broken) == (path, [])
    assert (found.network.name, found.network.cni_version, types(found.network)) == (
        "some-plugin",
        "0.3.1",
        ["foobar"],
    )


def test_a_missing_or_empty_directory_has_no_configurations(tmp_path):
    """CF2, CF12: which is another error than a name that is not there."""
    for directory in (f"{tmp_path}/missing", str(tmp_path)):
        with pytest.raises(NoConfigurations) as caught:
            find_network(directory, "x")
        assert str(caught.value) == f"no net configurations found in {directory}"


@pytest.mark.parametrize(
    ("file", "content"),
    [("10.conf", {"name": "other", "type": "x"}), ("10.conflist", conflist("other", "x"))],
)
def test_another_name_is_not_found(write, tmp_path, file, content):
    """CF3, CF12."""
    write(file, content)
    with pytest.raises(NoSuchNetwork) as caught:
        find_network(str(tmp_path), "some-plugin")
    assert str(caught.value) == f'no net configuration with name "some-plugin" in {tmp_path}'
    assert caught.value.broken == []


def test_a_broken_file_does_not_hide_the_ones_behind_it(write, tmp_path):
    """CF4, CF12, CF34: libcni stops at the first; here it is reported beside what was found."""
    broken = [write("00-bad.conflist", "{"), write("01-empty.conflist", {"name": "e", "cniVersion": "1.0.0"})]
    write("10-good.conflist", conflist("good", "bridge"))
    write("20-worse.conflist", "}")
    found = find_network(str(tmp_path), "good")
    assert types(found.network) == ["bridge"]
    assert [one.path for one in found.broken] == broken
    assert "no plugin configs found" in str(found.broken[1].problem)


def test_what_is_broken_is_told_when_the_name_is_not_found(write, tmp_path):
    """CF4, CF32: the wanted network may well be in one of those."""
    first = write("00-bad.conflist", "{")
    second = write("10-list.conf", conflist("wanted", "x"))
    with pytest.raises(NoSuchNetwork) as caught:
        find_network(str(tmp_path), "wanted")
    assert [one.path for one in caught.value.broken] == [first, second]
    assert f"{second}: error parsing configuration: missing 'type'" in caught.value.hint
    assert f"{first}: error parsing configuration list: " in caught.value.hint


def test_files_behind_the_match_are_not_read(write, tmp_path):
    """CF33."""
    write("10-good.conflist", conflist("good", "x"))
    write("20-bad.conflist", "{")
    assert find_network(str(tmp_path), "good").broken == []


def test_subdirectories_are_not_searched(write, tmp_path):
    """CF5."""
    write("nested/10.conf", {"name": "some-plugin", "type": "x"})
    with pytest.raises(NoConfigurations):
        find_network(str(tmp_path), "some-plugin")


def test_a_list_beats_a_single_configuration_of_the_same_name(write, tmp_path):
    """CF10, CF11: whatever the order of the files."""
    write("10.conf", {"name": "net", "type": "single"})
    listed = write("20.conflist", conflist("net", "listed"))
    assert types(find_network(str(tmp_path), "net").network) == ["listed"]
    os.unlink(listed)
    assert types(find_network(str(tmp_path), "net").network) == ["single"]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    """CF7: in libcni's words."""
    path = f"{tmp_path}/nope/not-here"
    for read in (load_list, load_single, load):
        with pytest.raises(CnictlError) as caught:
            read(path)
        assert str(caught.value) == f"error reading {path}: open {path}: no such file or directory"
    with pytest.raises(CnictlError) as caught:
        load_list(str(tmp_path))
    assert str(caught.value) == f"error reading {tmp_path}: read {tmp_path}: is a directory"


def test_a_broken_file_is_named_behind_libcnis_words(write):
    """CF8."""
    path = write("x.conf", {"name": "n"})
    with pytest.raises(CniError) as caught:
        load_single(path)
    assert caught.value.msg == "error parsing configuration: missing 'type'"
    assert path in caught.value.details


def test_a_list_is_kept_as_it_was_written(write):
    """CF9: the document verbatim, each plugin compact with sorted keys."""
    text = """{
      "name": "some-list", "cniVersion": "0.2.0", "disableCheck": true,
      "plugins": [{"type": "host-local", "subnet": "10.0.0.1/24"}, {"type": "bridge"}, {"type": "portmap"}]
    }"""
    network = load_list(write("50-whatever.conflist", text))
    assert (network.name, network.cni_version, network.disable_check) == ("some-list", "0.2.0", True)
    assert network.raw == text.encode()
    assert network.plugins[0].raw == b'{"subnet":"10.0.0.1/24","type":"host-local"}'


def test_the_folder_of_the_networks_name_adds_plugins(write):
    """CF18, CF20, CF21: in the order of the files, behind the inlined ones; only .conf files count."""
    path = write("10.conflist", conflist("net", "first"))
    write("net/20-b.conf", {"type": "third"})
    write("net/10-a.conf", {"type": "second", "name": "irrelevant"})
    write("net/30.json", {"type": "ignored"})
    assert types(load_list(path)) == ["first", "second", "third"]
    only_folder = write("20.conflist", {"name": "net", "cniVersion": "1.1.0"})
    assert types(load_list(only_folder)) == ["second", "third"]


def test_what_a_cache_keeps_of_a_list_runs_the_same_plugins(write):
    """The document names the folder's plugins too, and says that there are no others."""
    path = write("10.conflist", conflist("net", "first", disableGC=True))
    write("net/10.conf", {"type": "second", "mtu": 1400})
    network = load_list(path)
    again = parse(network.raw)
    assert types(again) == ["first", "second"]
    assert again.plugins[1].members == {"type": "second", "mtu": 1400}
    assert (again.load_only_inlined_plugins, again.disable_gc) == (True, True)


def test_a_list_may_forbid_the_folder(write):
    """CF14."""
    path = write("10.conflist", conflist("net", "first", loadOnlyInlinedPlugins=True))
    write("net/10.conf", {"type": "second"})
    assert types(load_list(path)) == ["first"]


def test_a_list_without_any_plugin_is_an_error(write):
    """CF19."""
    path = write("10.conflist", {"name": "net", "cniVersion": "1.1.0"})
    with pytest.raises(CnictlError) as caught:
        load_list(path)
    assert str(caught.value) == f"no plugin configs found; in {path}"


def test_a_broken_file_of_the_folder_is_named(write):
    """Where libcni gives the words without the file."""
    path = write("10.conflist", conflist("net", "first"))
    broken = write("net/10.conf", {"name": "x"})
    with pytest.raises(CniError) as caught:
        load_list(path)
    assert str(caught.value).startswith(f"error parsing configuration: missing 'type'; in {broken}")


def test_a_file_in_place_of_the_folder_is_an_error(write, tmp_path):
    """CF35."""
    path = write("10.conflist", conflist("net", "first"))
    write("net", "")
    with pytest.raises(CnictlError) as caught:
        load_list(path)
    assert str(caught.value) == f"failed to read plugin config files in {tmp_path}/net: not a directory"


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b"])
def test_a_name_cannot_lead_to_another_folder(write, name):
    """An empty one would chain every single configuration of the directory."""
    write("99.conf", {"type": "evil", "name": "evil"})
    path = write("10.conflist", conflist(name, "first"))
    with pytest.raises(CniError) as caught:
        load_list(path)
    assert caught.value.code == 7
    assert path in str(caught.value)


def test_which_files_count(tmp_path):
    """CF31: hidden ones do, the extension is what follows the last dot, in its case."""
    for name in (
        "b.conflist",
        "a.conflist",
        ".x.conflist",
        ".conflist",
        "c.CONFLIST",
        "conflist",
        "d.conflist~",
    ):
        (tmp_path / name).touch()
    (tmp_path / "dir.conflist").mkdir()
    (tmp_path / "link.conflist").symlink_to(tmp_path / "dir.conflist")
    assert [os.path.basename(path) for path in files(str(tmp_path), (".conflist",))] == [
        ".conflist",
        ".x.conflist",
        "a.conflist",
        "b.conflist",
        "link.conflist",
    ]


def test_a_survey_has_every_file_with_what_is_in_it(write, tmp_path):
    """For whoever wants to know why a runtime takes one file and not the others."""
    write("10.conf", {"name": "single", "type": "x"})
    write("20.conflist", "{")
    write("30.conflist", conflist("list", "y"))
    first, second, third = survey(str(tmp_path))
    assert first.network is not None
    assert (first.path, first.network.name, first.problem) == (f"{tmp_path}/10.conf", "single", None)
    assert second.network is None
    assert "error parsing configuration list" in str(second.problem)
    assert third.network is not None
    assert third.network.name == "list"


def test_what_is_no_file_is_not_waited_for(write, tmp_path):
    """A FIFO would keep every command waiting, and /dev/zero never ends."""
    os.mkfifo(tmp_path / "10.conf")
    (tmp_path / "20.conflist").symlink_to("/dev/zero")
    write("30.conflist", conflist("net", "x"))
    found = find_network(str(tmp_path), "net")
    assert [(one.path, one.reason) for one in found.broken] == [
        (f"{tmp_path}/20.conflist", f"error reading {tmp_path}/20.conflist: it is no regular file")
    ]
    assert [bool(one.network) for one in survey(str(tmp_path))] == [False, False, True]


def test_a_pipe_that_somebody_names_is_read_once():
    """`cnictl add <(generate) pod`: what was read is gone from it."""
    for content in (conflist("net", "a"), {"name": "net", "type": "a"}):
        reader, writer = os.pipe()
        os.write(writer, json.dumps(content).encode())
        os.close(writer)
        assert types(load(f"/dev/fd/{reader}")) == ["a"]
        os.close(reader)


def test_a_file_that_somebody_names_may_have_any_extension(write):
    """What it holds tells a list from a single configuration."""
    assert types(load(write("list.txt", conflist("net", "a", "b")))) == ["a", "b"]
    assert types(load(write("single", {"name": "net", "type": "a"}))) == ["a"]
    assert types(load(write("single2.conflist", {"name": "net", "Type": "a"}))) == ["a"]
    with pytest.raises(CniError, match="error parsing configuration list: "):
        load(write("broken", "{"))
