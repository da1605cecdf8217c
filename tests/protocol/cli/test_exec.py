"""`cnictl exec`: one plugin, and no more than what was asked for."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

CONFIG = '{"cniVersion": "1.1.0", "name": "x", "type": "shelly"}'


def test_stdout_is_the_plugins(bench):
    """Byte for byte; what was given and how it ended is told on stderr."""
    bench.plugin(ADD="printf 'no newline'; echo 'a word' >&2; exit 7")
    done = bench("exec", "shelly", "ADD", "/ns/a", stdin=CONFIG, status=3)
    assert done.stdout == "no newline"
    for words in ("CNI_NETNS=/ns/a\n", "CNI_COMMAND=ADD\n", "stdin:", "stderr: a word\n", "exit status 7, "):
        assert words in done.stderr


def test_everything_as_one_document(bench):
    """For programs: environment, input, output, status, time, and the error if there was one."""
    bench.plugin(ADD="""echo '{"code": 7, "msg": "no"}'; exit 1""")
    words = ["exec", "shelly", "ADD", "/ns/a", "-i", "net1", "--container-id", "c1", "--args", "A=1"]
    call = bench(*words, "-o", "json", stdin=CONFIG, status=3).json
    assert call["environment"] == {
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": "/ns/a",
        "CNI_IFNAME": "net1",
        "CNI_ARGS": "A=1",
        "CNI_PATH": str(bench.bin),
    }
    assert (call["stdin"], call["status"], call["stderr"]) == (CONFIG, 1, "")
    assert call["error"] == {"code": 7, "msg": "no"}
    assert call["seconds"] > 0


def test_input_from_a_file(bench, tmp_path):
    """--conf names one; it is sent as it is, be it JSON or not."""
    (tmp_path / "conf").write_text("{")
    bench("exec", "shelly", "STATUS", "--conf", "conf").succeeded()
    assert (bench.bin / "shelly.calls").read_text().splitlines()[1] == "{"
    assert "cannot read none" in bench("exec", "shelly", "ADD", "--conf", "none", status=2).stderr


def test_the_part_of_a_network(bench):
    """--net gives what the runtime would: name, version, runtimeConfig; for DEL the cached Result too."""
    wants = {"type": "shelly", "capabilities": {"mac": True}, "key": 1}
    bench.network("mynet", {"type": "other"}, wants)
    bench.plugin("other")
    bench("exec", "shelly", "ADD", "/ns/a", "--net", "mynet", "--mac", "02:00:00:00:00:01").succeeded()
    assert bench.stdins() == [
        {
            **wants, "name": "mynet", "cniVersion": "1.1.0",
            "runtimeConfig": {"mac": "02:00:00:00:00:01"},
        }
    ]  # fmt: skip
    assert bench.calls("other") == []
    assert bench.cached() == []
    bench("add", "mynet", "/ns/a").succeeded()
    bench("exec", "shelly", "DEL", "/ns/a", "--net", "mynet").succeeded()
    assert bench.stdins()[-1]["prevResult"]["ips"] == [{"address": "10.1.2.3/24"}]
    assert len(bench.cached()) == 1


def test_a_cached_result_that_cannot_be_used(bench):
    """CHECK without it would be another question: the file is named, and who else can give a Result."""
    bench("add", "mynet", "/ns/a", "--container-id", "c1").succeeded()
    path = bench.cache / "results" / "mynet-c1-eth0"
    words = ("exec", "shelly", "CHECK", "/ns/a", "--container-id", "c1", "--net", "mynet")
    for content in ("", "{", None):
        if content is None:
            path.unlink()
            path.mkdir()
        else:
            path.write_text(content)
        done = bench(*words, status=3)
        assert f"{path}: " in done.stderr
        assert "hint: --prev-result gives it another Result" in done.stderr
        bench(*words, "--prev-result", "-", stdin='{"cniVersion": "1.1.0"}').succeeded()
        gone = bench("exec", "shelly", "DEL", *words[3:]).succeeded()
        assert "note: DEL goes without the cached result: cannot " in gone.stderr
        assert str(path) in gone.stderr
    assert bench.verbs() == ["ADD", *["CHECK", "DEL"] * 3]


def test_nothing_is_cached(bench):
    """That the plugin gets no prevResult is said."""
    for verb in ("CHECK", "DEL"):
        done = bench("exec", "shelly", verb, "/ns/a", "--container-id", "c1", "--net", "mynet").succeeded()
        note = f"note: the cache knows of no eth0 of container c1 on mynet: {verb} goes without prevResult\n"
        assert note in done.stderr
    assert "note" not in bench("exec", "shelly", "ADD", "/ns/a", "--net", "mynet").succeeded().stderr


def test_the_nth_plugin_of_a_network(bench):
    """Where the type does not tell, or another program is tried with a plugin's configuration."""
    bench.network(
        "mynet", {"type": "shelly", "key": 1}, {"type": "shelly", "key": 2}, {"type": "other", "key": 3}
    )
    for words in ([], ["--nth", "2"], ["--nth", "3"]):
        bench("exec", "shelly", "STATUS", "--net", "mynet", *words).succeeded()
    assert [one["key"] for one in bench.stdins()] == [1, 2, 3]
    done = bench("exec", "shelly", "STATUS", "--net", "mynet", "--nth", "4", status=2)
    assert 'network "mynet" has only 3 plugins' in done.stderr
    done = bench("exec", "nope", "STATUS", "--net", "mynet", status=2)
    assert 'network "mynet" has no plugin "nope"' in done.stderr


def test_an_ipam_plugin_of_a_network(bench):
    """It gets the whole configuration of the plugin that delegates to it."""
    bench.network("mynet", {"type": "bridge", "ipam": {"type": "shelly", "subnet": "10.1.0.0/16"}})
    bench("exec", "shelly", "ADD", "/ns/a", "--net", "mynet").succeeded()
    assert bench.stdins()[0]["ipam"]["subnet"] == "10.1.0.0/16"


def test_a_result_for_the_second_plugin(bench, tmp_path):
    """--prev-result stands for what the plugins before would have given."""
    (tmp_path / "result").write_text('{"ips": [{"address": "10.9.9.9/24"}]}')
    bench("exec", "shelly", "ADD", "/ns/a", "--net", "mynet", "--prev-result", "result").succeeded()
    assert bench.stdins()[0]["prevResult"]["ips"] == [{"address": "10.9.9.9/24"}]


def test_version_needs_no_input(bench):
    """And does not wait for any."""
    words = bench.argv(["exec", "shelly", "version"])
    with subprocess.Popen(
        words, env=bench.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.wait(20) == 0
        assert process.stdout is not None
        assert json.loads(process.stdout.read())["cniVersion"] == "1.1.0"


def test_a_call_as_a_command(bench):
    """--show prints what a shell can run, and runs nothing; the shell then gives the plugin the same."""
    bench.network("mynet", {"type": "shelly", "text": "it's EOF\nEOF $HOME"})
    words = ["exec", "shelly", "ADD", "/ns/a b", "--net", "mynet", "--args", "A=it's"]
    command = bench(*words, "--show").succeeded().stdout
    assert bench.calls() == []
    bench(*words).succeeded()
    subprocess.run(["sh", "-c", command], env={"PATH": os.environ["PATH"]}, check=True, capture_output=True)
    log = (bench.bin / "shelly.calls").read_text().splitlines()
    assert log[0] == log[2] == f"ADD {log[0].split()[1]} /ns/a b eth0 A=it's"
    assert log[1] == log[3]


@pytest.mark.parametrize("verb", ["CHECK", "STATUS"])
def test_no_is_an_answer(bench, verb):
    """As in check and status: 1, and 3 for a plugin that cannot tell."""
    bench.plugin(**{verb: """echo '{"code": 50, "msg": "no"}'; exit 1"""})
    bench("exec", "shelly", verb, stdin=CONFIG, status=1)
    bench.plugin(**{verb: "exit 1"})
    bench("exec", "shelly", verb, stdin=CONFIG, status=3)


def test_words_that_make_no_sense(bench):
    """A verb that is none, a plugin that is nowhere."""
    assert "did you mean CHECK?" in bench("exec", "shelly", "CHEK", stdin=CONFIG, status=2).stderr
    assert 'failed to find plugin "shely"' in bench("exec", "shely", "ADD", stdin=CONFIG, status=3).stderr
    done = bench("exec", "./nowhere", "ADD", stdin=CONFIG, status=3)
    assert "no such file or directory" in done.stderr


def test_a_program_anywhere(bench, tmp_path):
    """A path is run as it is, under CNI_PATH of the directories."""
    (bench.bin / "shelly").rename(tmp_path / "mine")
    call = bench("exec", "./mine", "STATUS", "-o", "json", stdin=CONFIG).succeeded().json
    assert (call["path"], call["environment"]["CNI_PATH"]) == (f"{tmp_path}/mine", str(bench.bin))
