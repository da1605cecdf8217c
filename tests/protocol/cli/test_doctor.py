"""`cnictl doctor`, without a node: from bundles that were written for it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from cnictl.doctor.archive import archive
from cnictl.doctor.bundle import Bundle, ConfigurationFile, ReservationFile
from tests.protocol.cli.conftest import Bench

WEB = '{"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge"}]}'
EVENT = {
    "kind": "Event",
    "message": 'plugin type="bridge" failed (add): \x1b[31mbridge port in error state: down',
    "involvedObject": {"kind": "Pod", "namespace": "default", "name": "web-0"},
}


@pytest.fixture
def file(bench: Bench) -> Path:
    """A bundle of a node with an empty reservation, whose namespaces nobody could see."""
    bundle = Bundle(time.time(), "worker-1", {"namespaces": "only root sees the namespaces of others"})
    bundle.configurations = [ConfigurationFile("/etc/cni/net.d/10-web.conflist", WEB)]
    bundle.reservations = [ReservationFile("/var/lib/cni/networks/web", "10.9.0.5", "", "", 0)]
    path = bench.top / "bundle.tar.gz"
    path.write_bytes(archive(bundle))
    return path


SHOWN = """\
hl-empty-files error: reservations without an owner block addresses
    where   /var/lib/cni/networks/web/10.9.0.5
    seen    /var/lib/cni/networks/web/10.9.0.5 is empty; the address is perhaps in use, as not all \
namespaces could be seen
    cause   The file was made and never written: power loss, a full disk, a plugin that was killed.  DEL \
goes by the contents, so that none can free it.
    fix     `cnictl ipam reclaim --empty` removes those whose address is in no namespace and in no cached \
Result, under the lock of the plugins: a file that is being written is empty for a moment, too.
            $ cnictl ipam reclaim web --empty --yes
    avoid   Do not take empty for unused without a look: after power loss the pod may run with that address.
    verify  $ find /var/lib/cni/networks -size 0
not checked: only root sees the namespaces of others
"""


def test_a_finding(bench: Bench, file: Path):
    """What was seen, why, what heals, what harms, how to see that it is over; and what was not looked for."""
    done = bench("doctor", "--bundle", file, status=1)
    assert done.stdout.startswith(SHOWN)
    assert done.stderr.startswith("1 error; ")
    assert "classes not checked" in done.stderr


def test_a_name_that_nothing_knows(bench: Bench, file: Path):
    """What is misspelt has no findings, which does not mean that all is well."""
    done = bench("doctor", "--bundle", file, "--network", "wbe", "--container", "c9")
    assert "note: nothing here knows of network wbe\n" in done.stderr
    assert "note: nothing here knows of container c9\n" in done.stderr
    assert "nothing here" not in bench("doctor", "--bundle", file, "--network", "web").stderr
    assert (
        "note: nothing here knows of pod a/wbe\n"
        in bench("doctor", "--bundle", file, "--pod", "a/wbe").stderr
    )


def test_a_file_that_is_not_there(bench: Bench):
    """Wrong usage, whichever option it is for."""
    for option in ("--bundle", "--log", "--kubectl", "--sandboxes", "--undo"):
        done = bench("doctor", option, "/not/there", status=2)
        assert done.stderr.startswith("error: cannot read /not/there: no such file or directory\n")
    done = bench("doctor", "--kubeconfig", "/not/there", status=2)
    assert done.stderr.startswith("error: kubeconfig /not/there: cannot read /not/there: ")


RUBBISH = {
    "--kubectl": ("--kubectl odd: expecting value", "`kubectl get pods,events -A -o json` prints one"),
    "--sandboxes": ("no id of a sandbox: 'to be or'", "one id a line, or what `crictl pods -o json` prints"),
    "--kubeconfig": ("kubeconfig odd: ", "its user has a token or a client certificate"),
    "--bundle": ("this is no bundle: ", "`cnictl doctor collect` makes one"),
    "--undo": ("odd:1: ", "`cnictl doctor --fix` writes one"),
}


@pytest.mark.parametrize("option", RUBBISH)
def test_a_file_that_is_something_else(bench: Bench, option: str):
    """Is wrong usage as well: what says nothing must not look as if it had said that all is well."""
    (bench.top / "odd").write_text("to be or\nnot\n")
    words, hint = RUBBISH[option]
    done = bench("doctor", option, "odd", status=2)
    assert done.stdout == ""
    error, told = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert words in error
    assert told.startswith("hint: ")
    assert hint in told
    if option not in ("--bundle", "--undo"):
        assert bench("doctor", "collect", "made.tar.gz", option, "odd", status=2).stderr == done.stderr
        assert not (bench.top / "made.tar.gz").exists()


@pytest.mark.parametrize(
    ("option", "text", "words"),
    [
        ("--kubectl", "", "unexpected end of JSON input"),
        ("--kubectl", '{"kind": "Pod"}', "this is no list of pods and events"),
        ("--kubectl", '{"items": [1]}', "this is no list of pods and events"),
        ("--kubectl", '{"items": [{"kind": "Node"}]}', "this is no list of pods and events"),
        ("--sandboxes", "", "the list is empty"),
        ("--sandboxes", '{"items": 5}', 'the key "items" is missing'),
    ],
)
def test_a_file_that_says_nothing(bench: Bench, option: str, text: str, words: str):
    """Such as what a program wrote that failed, or was asked for something else."""
    done = bench("doctor", option, "-", stdin=text, status=2)
    assert done.stderr.startswith(f"error: {option} -: ")
    assert words in done.stderr


def test_a_kubeconfig_that_is_no_use(bench: Bench):
    """What is wrong in it is told before anybody is asked."""
    for server, user, words in (
        ("http://[::1]:1", {"token": "t"}, "reached by http://, where everybody can read a token"),
        ("https://[::1]:1", {"exec": {"command": "aws"}}, 'and no "exec"'),
        (
            "https://[::1]:1",
            {"client-certificate-data": "eA==", "client-key-data": "eA=="},
            "the certificates in it cannot be used",
        ),
    ):
        (bench.top / "config").write_text(
            json.dumps(
                {
                    "clusters": [{"name": "c", "cluster": {"server": server}}],
                    "users": [{"name": "u", "user": user}],
                    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
                    "current-context": "x",
                }
            )
        )
        done = bench("doctor", "--kubeconfig", "config", status=2)
        assert words in done.stderr
        assert "hint: " in done.stderr


def test_a_cluster_that_does_not_answer(bench: Bench):
    """Is nothing that was given wrongly: what it would have told is not checked."""
    members = {
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    (bench.top / "config").write_text(json.dumps(members))
    done = bench("doctor", "collect", "made.tar.gz", "--kubeconfig", "config", "--log", "/dev/null", status=0)
    assert "not in it: pods: https://127.0.0.1:1/api/v1/pods: Connection refused" in done.stderr


def test_files_that_exclude_each_other(bench: Bench, file: Path):
    """What would be passed over in silence is refused."""
    (bench.top / "list").write_text('{"items": []}')
    done = bench("doctor", "--kubectl", "-", "--sandboxes", "-", stdin="", status=2)
    assert "--kubectl and --sandboxes cannot both be stdin" in done.stderr
    done = bench("doctor", "--kubectl", "list", "--kubeconfig", "list", status=2)
    assert "--kubectl and --kubeconfig" in done.stderr
    for option in ("--log", "--kubectl", "--sandboxes", "--kubeconfig"):
        done = bench("doctor", "--bundle", file, option, "list", status=2)
        assert f"a bundle is judged as it is: leave out {option}" in done.stderr
        assert bench("doctor", option, "", status=2).stderr.startswith(f"error: invalid value for '{option}'")


def test_an_option_that_stands_before_collect(bench: Bench):
    """Would be doctor's own and go nowhere: it says where it belongs."""
    done = bench("doctor", "--log", "/dev/null", "collect", "made.tar.gz", status=2)
    assert done.stderr == (
        "error: --log stands before collect, which would not see it\n"
        "hint: `cnictl doctor collect --log ...`\n"
    )
    assert not (bench.top / "made.tar.gz").exists()


def test_the_end_of_a_long_log(bench: Bench):
    """Of what does not fit into memory the last lines count, and not those of last year."""
    path = bench.top / "log"
    with path.open("wb") as written:
        written.write(b"\n")
        written.truncate(65 << 20)
        written.seek(0, os.SEEK_END)
        written.write(f"\n{EVENT['message']}\n".encode())
    done = bench("doctor", "collect", "made.tar.gz", "--log", path, status=0)
    assert "bridge port in error state" in bench("doctor", "--bundle", "made.tar.gz", status=1).stdout
    done = bench("doctor", "--kubectl", path, status=2)
    assert done.stderr.startswith(f"error: cannot read {path}: it has more than 64 MiB\n")


def test_a_finding_for_programs(bench: Bench, file: Path):
    """The same."""
    answer = bench("doctor", "--bundle", file, "-o", "json", status=1).json
    (found,) = answer["findings"]
    assert (answer["node"], answer["healthy"], found["code"]) == ("worker-1", False, "hl-empty-files")
    assert found["commands"] == ["cnictl ipam reclaim web --empty --yes"]
    assert {"code": "br-full", "reason": "only root sees the namespaces of others"} in answer["unchecked"]


def test_what_was_said_of_another_network_is_left_out(bench: Bench, file: Path):
    """And then nothing is wrong."""
    assert bench("doctor", "--bundle", file, "--network", "web", status=1).stdout
    done = bench("doctor", "--bundle", file, "--network", "other", status=0)
    assert "\nnothing found; " in done.stderr


def test_collecting(bench: Bench):
    """An archive for its owner only, with the events of kubectl; nothing that a terminal obeys is shown."""
    bench.network("web", {"type": "odd-cni"})
    events = json.dumps({"items": [EVENT]})
    places = ("--conf-dir", bench.conf, "--cni-path", bench.bin)
    done = bench(
        "doctor",
        "collect",
        "out.tar.gz",
        *places,
        "--log",
        "/dev/null",
        "--kubectl",
        "-",
        stdin=events,
        status=0,
    )
    assert done.stdout == "out.tar.gz\n"
    path = bench.top / "out.tar.gz"
    assert os.stat(path).st_mode & 0o777 == 0o600
    told = bench("doctor", "--bundle", path, status=1).stdout
    assert "bin-missing" in told
    assert "odd-cni" in told
    assert "default/web-0" in told
    assert "\x1b" not in told


def test_what_is_no_bundle(bench: Bench):
    """Is an error that says what makes one."""
    (bench.top / "odd").write_text("odd")
    done = bench("doctor", "--bundle", "odd", status=2)
    assert done.stderr.startswith("error: odd: this is no bundle: not a gzip file\n")
    assert "cnictl doctor collect" in done.stderr


def test_what_cannot_be_healed_from_here(bench: Bench, file: Path):
    """A bundle is of another node, or of a moment that is over; and what is no journal takes nothing back."""
    for words in (["--fix"], ["--undo", "x"]):
        done = bench("doctor", "--bundle", file, *words, status=2)
        assert "a bundle is of a moment that is over" in done.stderr
    done = bench("doctor", "--undo", file, status=2)
    assert str(file) in done.stderr
    journal = bench.top / "journal.jsonl"
    journal.write_text(
        '{"kind": "cnictl doctor 1"}\n{"code": "x", "command": "rm -rf /", "before": 1, "after": 2}\n'
    )
    done = bench("doctor", "--undo", journal, status=2)
    assert f"{journal}:2: no command of a fix: rm -rf /" in done.stderr
