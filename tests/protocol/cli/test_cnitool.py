"""Somebody who knows cnitool: the same words and variables mean the same."""

from __future__ import annotations

import json

import pytest

NETNS = "/var/run/netns/testing"


def test_the_container_id_is_cnitools(bench):
    """It is made of the path as it is written, so that either tool finds what the other attached."""
    bench("add", "mynet", NETNS).succeeded()
    assert bench.cached() == ["mynet-cnitool-77383ca0a0715733ca6f-eth0"]


def test_a_path_is_made_absolute(bench, tmp_path):
    """A relative path is one of the working directory, and is cleaned of dots."""
    bench("add", "mynet", "./a/../b").succeeded()
    assert bench.calls()[0][2] == str(tmp_path / "b")


@pytest.mark.parametrize("verb", ["gc", "status"])
def test_a_netns_that_means_nothing_is_accepted(bench, verb):
    """cnitool wants a second argument for gc and status and ignores it."""
    words = ["--everything", "--yes"] if verb == "gc" else []
    bench(verb, "mynet", "/run/netns/whatever", *words).succeeded()
    assert bench.verbs() == [verb.upper()]


def test_the_variables(bench):
    """CNI_ARGS, CAP_ARGS and CNI_IFNAME, beside CNI_PATH and NETCONFPATH that every test here uses."""
    bench.network("mynet", {"type": "shelly", "capabilities": {"mac": True}})
    variables = {"CNI_ARGS": "A=1;B=2", "CAP_ARGS": '{"mac": "02:00:00:00:00:01"}', "CNI_IFNAME": "net1"}
    bench("add", "mynet", NETNS, env=variables).succeeded()
    assert bench.calls()[0][3:] == ("net1", "A=1;B=2")
    assert bench.stdins()[0]["runtimeConfig"] == {"mac": "02:00:00:00:00:01"}


def test_options_win_over_variables(bench, tmp_path):
    """All five of them."""
    bench.network("mynet", {"type": "shelly", "capabilities": {"mac": True}})
    variables = {
        "CNI_ARGS": "A=1",
        "CAP_ARGS": '{"mac": "02:00:00:00:00:01"}',
        "CNI_IFNAME": "net1",
        "CNI_PATH": str(tmp_path / "nowhere"),
        "NETCONFPATH": str(tmp_path / "nowhere"),
    }
    words = ["-i", "net2", "--args", "A=2", "--cap-args", '{"mac": "02:00:00:00:00:02"}']
    places = ["--cni-path", bench.bin, "--conf-dir", bench.conf]
    bench("add", "mynet", NETNS, *words, *places, env=variables).succeeded()
    assert bench.calls()[0][3:] == ("net2", "A=2")
    assert bench.stdins()[0]["runtimeConfig"] == {"mac": "02:00:00:00:00:02"}


def test_variables_that_are_set_and_empty(bench):
    """They count as not set, as in cnitool after 1.3.0; so does a CAP_ARGS of null."""
    bench("add", "mynet", NETNS, env={"CNI_IFNAME": "", "CNI_ARGS": "", "CAP_ARGS": "null"}).succeeded()
    assert bench.calls()[0][3:] == ("eth0", "")


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("CAP_ARGS", "{", "--cap-args: "),
        ("CAP_ARGS", "[]", "--cap-args: expected an object, found a list"),
        ("CNI_ARGS", "A", 'invalid CNI_ARGS pair "A"'),
        ("CNI_IFNAME", "sixteen-letters!", "interface name is too long"),
    ],
)
def test_variables_that_make_no_sense(bench, variable, value, words):
    """Exit status 2, before any plugin is run."""
    done = bench("add", "mynet", NETNS, env={variable: value}, status=2)
    assert words in done.stderr
    assert done.stdout == ""
    assert bench.calls() == []


@pytest.mark.parametrize("args", ["A=", "A=B=C", "A=1;"])
def test_arguments_that_cnitool_refuses(bench, args):
    """Empty values, '=' in a value and a ';' at the end are used by runtimes, so they are fine here."""
    bench("add", "mynet", NETNS, env={"CNI_ARGS": args}).succeeded()
    assert bench.calls()[0][4] == args.rstrip(";")


def test_a_broken_file_does_not_hide_the_others(bench):
    """cnitool cannot use any network behind it; here it is named and passed over."""
    (bench.conf / "00-broken.conflist").write_text("{")
    for verb in ("add", "check", "del"):
        done = bench(verb, "mynet", NETNS).succeeded()
        assert (
            f"note: {bench.conf}/00-broken.conflist is no use: error parsing configuration list:"
            " unexpected end of JSON input; line 1 column 2\n"
        ) in done.stderr


def test_an_unknown_network(bench):
    """cnitool's words, what there is instead, and exit status 2."""
    done = bench("add", "mynett", NETNS, status=2)
    assert done.stderr == (
        f'error: no net configuration with name "mynett" in {bench.conf}\nhint: did you mean mynet?\n'
    )


def test_a_file_that_is_not_there(bench):
    """Whoever names a file is told about files."""
    done = bench("add", "nope.conflist", NETNS, status=2)
    assert done.stderr.endswith("hint: there is no file nope.conflist either\n  networks here: mynet\n")


def test_an_empty_directory(bench, tmp_path):
    """Says so, and how to name another."""
    done = bench("add", "mynet", NETNS, "--conf-dir", tmp_path / "none", status=2)
    assert f"no net configurations found in {tmp_path}/none" in done.stderr
    assert "NETCONFPATH" in done.stderr


def test_the_cache_is_libcnis(bench):
    """Another runtime can read what an attachment was made with."""
    bench("add", "mynet", NETNS, "--args", "A=1").succeeded()
    (name,) = bench.cached()
    members = json.loads((bench.cache / "results" / name).read_text())
    assert (members["kind"], members["netns"], members["cniArgs"]) == ("cniCacheV1", NETNS, [["A", "1"]])
