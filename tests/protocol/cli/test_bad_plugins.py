"""Plugins that do not do as they should: what is said, the exit status, and that nothing is left."""

from __future__ import annotations

import pytest

from tests.protocol.cli.conftest import running

NETNS = "/ns/testing"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            """echo '{"code": 11, "msg": "try later", "details": "some details"}'; exit 1""",
            [
                'plugin type="shelly" failed (add): try later; some details\n',
                "ADD, exit status 1, ",
                "11, try again later\n",
                "msg      try later\n",
                "details  some details\n",
            ],
        ),
        ("echo rubbish", ["failed to unmarshal raw result: ", "stdout\n    rubbish\n"]),
        ("""echo '{"cniVersion": "1.1.0"}{}'""", ["more text after the end of the document"]),
        (":", ["failed to unmarshal raw result: unexpected end of JSON input"]),
        ("echo '[]'", ["failed to unmarshal raw result: expected an object, found a list"]),
        ("""echo '{"cniVersion": "9.9.9"}'""", ['unsupported CNI result version "9.9.9"']),
        ("kill -9 $$", ["signal: killed"]),
        ("echo oops >&2; exit 3", ['netplugin failed: "oops\\n": exit status 3', "stderr\n    oops\n"]),
        ("echo oops; exit 3", ['error parsing its diagnostic message "oops\\n"']),
    ],
    ids=["error", "rubbish", "two", "nothing", "list", "version", "signal", "stderr", "no-object"],
)
def test_add_with_a_plugin_that_fails(bench, body, words):
    """The message says which plugin and what; DEL follows; nothing is cached; exit status 3."""
    bench.plugin(ADD=body)
    done = bench("add", "mynet", NETNS, status=3)
    for part in words:
        assert part in done.stderr
    assert done.stdout == ""
    assert bench.verbs() == ["ADD", "DEL"]
    assert bench.cached() == []


def test_a_message_is_shown_once(bench):
    """Message and details stand apart only where there are both; the first line has all of it anyway."""
    bench.plugin(ADD="""echo '{"code": 999, "msg": "no room"}'; exit 1""")
    done = bench("add", "mynet", NETNS, status=3)
    assert done.stderr.count("no room") == 1
    assert "  code     999\n" in done.stderr


def test_a_message_of_several_lines_is_one_message(bench):
    """Whatever a plugin says, what begins at the margin is ours."""
    bench.plugin(ADD="""printf '{"code": 999, "msg": "no\\\\nhint: rm -r /"}'; exit 1""")
    done = bench("add", "mynet", NETNS, status=3)
    assert done.stderr.splitlines()[:2] == [
        'error: plugin type="shelly" failed (add): no',
        "  hint: rm -r /",
    ]


def test_a_plugin_that_hangs(bench):
    """--timeout ends it, and what it started, and the words it wrote until then are shown."""
    bench.plugin(ADD="echo 'about to hang' >&2; sleep 1000 & echo $! > $0.pid; wait")
    done = bench("add", "mynet", NETNS, "--timeout", "0.3", status=3)
    assert "did not finish within 0.3 seconds and was killed" in done.stderr
    assert "about to hang" in done.stderr
    assert bench.verbs() == ["ADD", "DEL"]
    assert not running((bench.bin / "shelly.pid").read_text().strip())


def test_a_plugin_that_is_missing(bench):
    """Nothing before it is left, and the message says where it was looked for."""
    bench.network("mynet", {"type": "shelly"}, {"type": "nope"})
    done = bench("add", "mynet", NETNS, status=3)
    assert (
        f'plugin type="nope" failed (add): failed to find plugin "nope" in path [{bench.bin}]' in done.stderr
    )
    assert "hint: install nope there" in done.stderr
    assert bench.verbs() == ["ADD", "DEL"]


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        (lambda path: path.chmod(0o644), "permission denied (the file is not executable)"),
        (lambda path: path.write_text("#!/no/such/interpreter\n"), '"/no/such/interpreter"'),
        (lambda path: path.write_text("no program\n"), "neither a program of this machine nor a script"),
        (lambda path: path.write_text(""), "the file is empty"),
    ],
    ids=["mode", "interpreter", "text", "empty"],
)
def test_a_plugin_that_cannot_start(bench, prepare, words):
    """The reason that the kernel does not give."""
    prepare(bench.bin / "shelly")
    done = bench("add", "mynet", NETNS, status=3)
    assert words in done.stderr
    assert bench.cached() == []


@pytest.mark.parametrize("type_", ["../shelly", "/bin/true", "a/b"])
def test_a_plugin_that_is_a_path(bench, type_):
    """The type is a name: nothing outside the directories of plugins is run."""
    bench.network("mynet", {"type": type_})
    done = bench("add", "mynet", NETNS, status=3)
    assert f"invalid plugin name: {type_}" in done.stderr


def test_an_older_attachment_is_not_rolled_back(bench):
    """When ADD fails for what is attached already, DEL would take it from the container."""
    bench("add", "mynet", NETNS).succeeded()
    bench.plugin(ADD="""echo '{"code": 999, "msg": "eth0 exists"}'; exit 1""")
    done = bench("add", "mynet", NETNS, status=3)
    assert "not rolled back: the attachment was there before" in done.stderr
    assert bench.verbs() == ["ADD", "ADD"]
    assert len(bench.cached()) == 1


def test_a_rollback_that_fails_too(bench):
    """Both errors are told, the first one first."""
    bench.plugin(
        ADD="""echo '{"code": 999, "msg": "no"}'; exit 1""",
        DEL="""echo '{"code": 999, "msg": "no either"}'; exit 1""",
    )
    lines = bench("add", "mynet", NETNS, status=3).stderr.splitlines()
    assert lines[0] == 'error: plugin type="shelly" failed (add): no'
    assert '  while rolling back: plugin type="shelly" failed (delete): no either' in lines


@pytest.mark.parametrize(
    ("code", "status"),
    [(999, 1), (3, 1), (50, 1), (1, 3), (7, 3)],
)
def test_no_is_an_answer_and_a_mistake_is_none(bench, code, status):
    """CHECK and STATUS end with 1 when the plugin says no, with 3 when it says that it cannot tell."""
    body = f"""echo '{{"code": {code}, "msg": "well"}}'; exit 1"""
    bench.plugin(CHECK=body, STATUS=body)
    bench("check", "mynet", NETNS, status=status)
    bench("status", "mynet", status=status)


@pytest.mark.parametrize("body", ["kill -9 $$", "exit 1", "echo rubbish; exit 1"])
def test_no_answer_is_a_failure(bench, body):
    """A plugin that dies or talks nonsense has not said no."""
    bench.plugin(CHECK=body, STATUS=body)
    bench("check", "mynet", NETNS, status=3)
    bench("status", "mynet", status=3)


def test_nobody_to_ask_is_a_failure_too(bench):
    """CHECK and STATUS of a plugin that is gone."""
    (bench.bin / "shelly").unlink()
    bench("check", "mynet", NETNS, status=3)
    bench("status", "mynet", status=3)
