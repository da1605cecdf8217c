"""`cnictl status` and `cnictl version`: asking plugins about themselves."""

from __future__ import annotations

import pytest


def test_status_of_plugins_that_are_ready(bench):
    """Exit status 0, and one line a plugin."""
    bench.network("mynet", {"type": "shelly"}, {"type": "shelly"})
    done = bench("status", "mynet").succeeded()
    assert [line.split()[:2] for line in done.stdout.splitlines()[1:]] == [["shelly", "ready"]] * 2
    assert bench("status", "mynet", "-o", "json").json["ready"] is True


def test_status_of_a_plugin_that_is_not_ready(bench):
    """Exit status 1, with the plugin's words; those behind it are not asked."""
    bench.plugin("first", STATUS="""echo '{"code": 50, "msg": "no daemon"}'; exit 1""")
    bench.network("mynet", {"type": "first"}, {"type": "shelly"})
    done = bench("status", "mynet", "-o", "json", status=1)
    (asked,) = done.json["plugins"]
    assert asked["error"] == {"code": 50, "msg": "no daemon"}
    assert "50, the plugin is not available" in done.stderr
    assert bench.calls() == []


def test_status_before_1_1_0(bench):
    """There is none: nothing is asked, which is said, and the exit status is 0 as in cnitool."""
    bench.network("mynet", version="1.0.0")
    done = bench("status", "mynet").succeeded()
    assert (done.stdout, done.stderr) == ("", "note: cniVersion 1.0.0 has no STATUS\n")
    assert bench("status", "mynet", "-o", "json").succeeded().json["ready"] is None
    assert bench.calls() == []


def test_versions_of_all_plugins(bench):
    """Executables in the directories of plugins, with what they say; other files are none of them."""
    (bench.bin / "README.md").write_text("read me")
    (bench.bin / "loop").symlink_to("loop")
    bench.plugin("new", VERSION="""echo '{"cniVersion": "1.1.0", "supportedVersions": ["1.1.0"]}'""")
    done = bench("version").succeeded()
    assert done.stdout.splitlines() == [
        "PLUGIN  SUPPORTS        SAYS",
        "new     1.1.0           CNI shelly plugin v7",
        "shelly  0.4.0 to 1.1.0  CNI shelly plugin v7",
    ]


def test_versions_for_programs(bench):
    """All that was answered, per plugin."""
    (plugin,) = bench("version", "shelly", "-o", "json").json
    assert plugin == {
        "plugin": "shelly",
        "path": f"{bench.bin}/shelly",
        "role": None,
        "supportedVersions": ["0.4.0", "1.0.0", "1.1.0"],
        "about": "CNI shelly plugin v7",
        "refuses": None,
        "error": None,
    }


def test_versions_of_a_program_anywhere(bench, tmp_path):
    """A path will do."""
    (bench.bin / "shelly").rename(tmp_path / "mine")
    (plugin,) = bench("version", "./mine", "-o", "json").json
    assert (plugin["plugin"], plugin["path"]) == ("mine", f"{tmp_path}/mine")


def test_versions_of_a_network(bench):
    """Its plugins and what they delegate to; exit status 1 when one does not know the network's version."""
    bench.plugin("addresses", VERSION="""echo '{"cniVersion": "1.0.0", "supportedVersions": ["1.0.0"]}'""")
    bench.network("mynet", {"type": "shelly", "ipam": {"type": "addresses"}})
    done = bench("version", "mynet", "-o", "json", status=1)
    assert [(one["plugin"], one["role"], one["refuses"]) for one in done.json] == [
        ("shelly", "plugin", None),
        ("addresses", "ipam of shelly", "1.1.0"),
    ]
    bench.network("mynet", {"type": "shelly", "ipam": {"type": "addresses"}}, version="1.0.0")
    bench("version", "mynet").succeeded()


@pytest.mark.parametrize("body", ["exit 1", "echo rubbish", "kill -9 $$"])
def test_a_plugin_that_cannot_tell(bench, body):
    """The others are asked all the same; exit status 3."""
    bench.plugin("a-bad-one", VERSION=body)
    done = bench("version", "-o", "json", status=3)
    assert [one["plugin"] for one in done.json] == ["a-bad-one", "shelly"]
    assert done.json[0]["error"]["msg"]


def test_a_plugin_before_version_was_invented(bench):
    """Its error about an unknown command means that it supports 0.1.0."""
    bench.plugin("old", VERSION="""echo '{"code": 4, "msg": "unknown CNI_COMMAND: VERSION"}'; exit 1""")
    assert bench("version", "old", "-o", "json").succeeded().json[0]["supportedVersions"] == ["0.1.0"]


def test_an_unknown_word(bench):
    """What is no plugin is taken for a network, and what is neither is a mistake."""
    assert 'no net configuration with name "nope"' in bench("version", "nope", status=2).stderr


def test_no_plugins_at_all(bench, tmp_path):
    """An empty answer, said aloud."""
    done = bench("version", "--cni-path", tmp_path / "none").succeeded()
    assert (done.stdout, done.stderr) == ("", f"no plugins in {tmp_path}/none\n")
