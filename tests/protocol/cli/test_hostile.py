"""Names and texts that somebody made up to do harm, or that merely went wrong."""

from __future__ import annotations

import json

import pytest

NETNS = "/ns/testing"
EVIL = "\x1b[2J\x9b31m\u202e\x07"
"""Clears a screen, turns it red in one byte, turns words round, rings."""


def tame(text: str) -> bool:
    return all(one.isprintable() or one == "\n" for one in text)


@pytest.mark.parametrize(
    "words",
    [
        ["add", "../x", NETNS],
        ["add", EVIL, NETNS],
        ["add", "mynet", EVIL],
        ["add", "mynet", NETNS, "--container-id", "../../x"],
        ["add", "mynet", NETNS, "--container-id", EVIL],
        ["add", "mynet", ""],
        ["del", "mynet", ""],
        ["check", "mynet", ""],
        ["add", "mynet", NETNS, "-i", "a/b"],
        ["add", "mynet", NETNS, "-i", "sixteen-letters!"],
        ["add", "mynet", NETNS, "--args", EVIL],
        ["add", "mynet", NETNS, "-p", EVIL],
        ["add", "mynet", NETNS, "-p", "99999:80"],
        ["add", "mynet", NETNS, "--ip", EVIL],
        ["del", "mynet", NETNS, "--container-id", "../../x"],
        ["check", "mynet", NETNS, "-i", "a/b"],
        ["attachments", "show", EVIL],
        ["exec", "shelly", EVIL],
        [EVIL],
        ["status", EVIL],
        ["version", EVIL],
        ["conf", "ls", "-r", EVIL],
    ],
    ids=lambda words: " ".join(words).encode("unicode_escape").decode(),
)
def test_words_that_no_plugin_should_see(bench, words):
    """Wrong usage: no plugin runs, nothing is cached, and the terminal survives the message."""
    done = bench(*words, status=2)
    assert bench.calls() == []
    assert bench.cached() == []
    assert tame(done.stdout + done.stderr)
    assert done.stderr.startswith("error: ")


def test_what_plugins_say_is_tamed(bench):
    """On stdout, on stderr and in error objects, successful or not."""
    text = json.dumps({"code": 999, "msg": EVIL, "details": EVIL})
    bench.plugin(ADD=f"cat >&2 <<'END'\n{EVIL}\nEND\ncat <<'END'\n{text}\nEND\nexit 1")
    assert tame(bench("add", "mynet", NETNS, status=3).stderr)
    assert tame(bench("add", "mynet", NETNS, "-v", status=3).stderr)
    result = json.dumps({"cniVersion": "1.1.0", "dns": {"domain": EVIL}}, ensure_ascii=False)
    bench.plugin(ADD=f"cat >&2 <<'END'\n{EVIL}\nEND\ncat <<'END'\n{result}\nEND")
    for form in ("json", "yaml", "table"):
        done = bench("add", "mynet", f"{NETNS}/{form}", "-o", form).succeeded()
        assert tame(done.stdout), form
        assert tame(done.stderr), form
        if form == "json":
            assert done.json["dns"]["domain"] == EVIL


def test_what_is_in_the_cache_is_tamed(bench):
    """Another program may have written the files."""
    bench("add", "mynet", NETNS).succeeded()
    (name,) = bench.cached()
    path = bench.cache / "results" / name
    members = {**json.loads(path.read_text()), "networkName": EVIL, "netns": EVIL, "ifName": EVIL}
    path.write_text(json.dumps(members))
    for words in (
        ["attachments", "ls"],
        ["attachments", "show"],
        ["netns", "ls"],
        ["attachments", "ls", "-o", "yaml"],
        ["map"],
        ["map", "-o", "svg"],
        ["map", "-o", "html"],
        ["map", "-o", "json"],
    ):
        done = bench(*words).succeeded()
        assert tame(done.stdout + done.stderr), words


def test_what_is_in_configurations_is_tamed(bench):
    """Names of networks, plugins and files."""
    bench.network(EVIL, {"type": EVIL}, file=f"11{EVIL}.conflist")
    (bench.conf / f"12{EVIL}").write_text("")
    for words in (
        ["conf", "ls", "--max-conf-num", "0"],
        ["conf", "ls", "-r", "crio"],
        ["conf", "ls", "-o", "json"],
    ):
        done = bench(*words)
        assert tame(done.stdout + done.stderr), words


def test_file_names_that_are_no_text(bench):
    """Bytes that are no UTF-8 neither stop a command nor reach a terminal."""
    path = bytes(bench.conf) + b"/13-\xff.conflist"
    with open(path, "wb") as file:
        file.write(b'{"cniVersion": "1.0.0", "name": "odd", "plugins": [{"type": "shelly"}]}')
    done = bench("conf", "ls", "--max-conf-num", "0").succeeded()
    assert tame(done.stdout)
    assert any(one["network"] == "odd" for one in bench("conf", "ls", "-o", "json").json["files"])
    bench("add", "odd", "/ns/\udcff").succeeded()


def test_a_plugin_with_too_much_to_say(bench):
    """What comes without end is cut off, and the plugin with it."""
    bench.plugin(ADD="yes >&2")
    done = bench("add", "mynet", NETNS, "--timeout", "20", status=3)
    assert "to stderr and was killed" in done.stderr
    assert len(done.stderr) < 10_000


@pytest.mark.parametrize(
    "words",
    [
        ["diff", ""],
        ["diff", "a.yaml", ""],
        ["validate", ""],
        ["validate", "net.d", ""],
        ["test", ""],
        ["explain", ""],
        ["del", ""],
        ["version", "shelly", ""],
        ["install", ""],
        ["uninstall", ""],
        ["uninstall", "--systemd", ""],
        ["attachments", "show", ""],
        ["exec", "", "VERSION"],
        ["conformance", ""],
        ["conformance", "shelly", "--config", ""],
        ["conf", "ls", "--conf-dir", ""],
        ["map", "-f", ""],
        ["doctor", "--conf-dir", ""],
        ["doctor", "--bundle", ""],
        ["doctor", "collect", ""],
        ["ipam", "show", "--sandboxes", ""],
        ["record", "ls", "--log-dir", ""],
        ["replay", ""],
        ["worker", "status", "--socket", ""],
        ["dhcp", "ls", "--socket", ""],
        ["gc", "mynet", "--valid-from", ""],
        ["snapshot", "--file", ""],
    ],
    ids=" ".join,
)
def test_a_word_that_is_empty(bench, words):
    """It is that of a variable without a value: nobody means to leave it out, nor a file of that name."""
    done = bench(*words, status=2)
    assert done.stdout == ""
    assert done.stderr.startswith("error: invalid value for ")
    assert ": it is empty\n" in done.stderr


def test_words_that_may_be_empty(host):
    """Those of a command, and options that say nothing by it."""
    assert host("exec", "shelly", "ADD", "--net", "mynet", "--args", "").status == 0
    host("netns", "new", "pod").succeeded()
    assert host("netns", "exec", "pod", "--", "printf", "%s.", "", "a").stdout == ".a."
    assert host("status", "mynet", "").status == 0  # as cnitool takes it
