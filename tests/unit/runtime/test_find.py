"""Finding a plugin in the directories of CNI_PATH."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnictl.child import CannotRun
from cnictl.cni_path import NotFound, directories, find


def program(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_a_plugin_in_the_second_directory_is_found(tmp_path):
    """EX1: directories are searched in order."""
    wanted = program(tmp_path / "b" / "plugin")
    (tmp_path / "a").mkdir()
    assert find("plugin", [str(tmp_path / "a"), str(tmp_path / "b")]) == str(wanted)


def test_the_first_directory_wins(tmp_path):
    """The same name further back is not looked at."""
    first = program(tmp_path / "a" / "plugin")
    program(tmp_path / "b" / "plugin")
    assert find("plugin", [str(tmp_path / "a"), str(tmp_path / "b")]) == str(first)


@pytest.mark.parametrize(
    ("name", "dirs", "text"),
    [
        ("plugin", [], "no paths provided"),
        ("plugin", [""], "no paths provided"),
        ("", ["/opt"], "no plugin name provided"),
        ("../pluginname", ["/opt"], "invalid plugin name: ../pluginname"),
        ("no such", ["/nope", "", "/nor this"], 'failed to find plugin "no such" in path [/nope /nor this]'),
        ('q"x', ["/nope"], 'failed to find plugin "q\\"x" in path [/nope]'),
        ("..", ["/usr"], 'failed to find plugin ".." in path [/usr]'),
        ("a\\b", ["/usr"], 'failed to find plugin "a\\\\b" in path [/usr]'),
    ],
)
def test_what_cannot_be_found_is_said_in_libcnis_words(name, dirs, text):
    """EX2, EX4: the texts callers match on."""
    with pytest.raises(NotFound) as caught:
        find(name, dirs)
    assert str(caught.value) == text


def test_a_directory_of_that_name_is_not_a_plugin(tmp_path):
    """EX4: only regular files count, also behind a symlink."""
    (tmp_path / "a" / "plugin").mkdir(parents=True)
    with pytest.raises(NotFound):
        find("plugin", [str(tmp_path / "a")])
    target = program(tmp_path / "elsewhere")
    (tmp_path / "b").mkdir()
    link = tmp_path / "b" / "plugin"
    link.symlink_to(target)
    assert find("plugin", [str(tmp_path / "a"), str(tmp_path / "b")]) == str(link)


def test_a_file_without_execute_bit_is_named_with_the_command_that_helps(tmp_path):
    """EX4: the file is found, as in libcni, and the error says what is wrong with it."""
    wanted = program(tmp_path / "a" / "plugin", 0o644)
    program(tmp_path / "b" / "plugin")
    with pytest.raises(CannotRun) as caught:
        find("plugin", [str(tmp_path / "a"), str(tmp_path / "b")])
    assert str(caught.value) == f"fork/exec {wanted}: permission denied (the file is not executable)"
    assert caught.value.hint == f"chmod +x {wanted}"


def test_an_empty_cni_path_has_no_directories():
    """Nor has an empty component: it never means the working directory."""
    assert directories("") == []
    assert directories("/opt/cni/bin::/usr/lib/cni:") == ["/opt/cni/bin", "/usr/lib/cni"]
