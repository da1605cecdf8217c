"""`cnictl attachments`: the cache, whoever wrote it."""

from __future__ import annotations

import json
import os

SANDBOX = "0123456789abcdef" * 4


def test_an_empty_cache(bench):
    """No headings over nothing; the directory is named."""
    done = bench("attachments", "ls").succeeded()
    assert (done.stdout, done.stderr) == ("", f"no attachments in {bench.cache}/results\n")
    assert bench("attachments", "ls", "-o", "json").json == []


def test_a_list_of_all(bench, tmp_path):
    """Network, container, interface, addresses, whether the netns is there, and age."""
    there = tmp_path / "pod"
    there.touch()
    bench("add", "mynet", there).succeeded()
    bench("add", "mynet", "/var/run/netns/gone", "--container-id", SANDBOX, "-i", "net1").succeeded()
    head, first, second = bench("attachments", "ls").stdout.splitlines()
    assert head.split() == ["NETWORK", "CONTAINER", "IFNAME", "ADDRESSES", "NETNS", "AGE"]
    assert first.split()[:5] == ["mynet", SANDBOX[:12], "net1", "10.1.2.3/24", "gone"]
    assert "(gone)" in first
    assert second.split()[2:5] == ["eth0", "10.1.2.3/24", str(there)]
    whole = bench("attachments", "ls", "--no-trunc").stdout
    assert f"{SANDBOX}  net1    10.1.2.3/24  /var/run/netns/gone (gone)" in whole


def test_a_list_for_programs(bench):
    """Everything in full."""
    bench("add", "mynet", "/ns/a", "--container-id", SANDBOX).succeeded()
    (one,) = bench("attachments", "ls", "-o", "json").json
    created = one.pop("created")
    assert created.startswith("20")
    assert created.endswith("Z")
    assert one == {
        "network": "mynet",
        "containerID": SANDBOX,
        "pod": None,
        "ifname": "eth0",
        "netns": "/ns/a",
        "netnsExists": False,
        "addresses": ["10.1.2.3/24"],
        "file": f"{bench.cache}/results/mynet-{SANDBOX}-eth0",
        "missingPlugins": [],
        "problem": None,
    }


def test_some_of_them(bench):
    """By network and by interface."""
    bench.network("other")
    bench("add", "mynet", "/ns/a").succeeded()
    bench("add", "other", "/ns/a", "-i", "net1").succeeded()
    for words in (["-n", "other"], ["-i", "net1"]):
        assert [one["network"] for one in bench("attachments", "ls", "-o", "json", *words).json] == ["other"]


def test_those_of_a_pod(bench):
    """Runtimes for Kubernetes say which pod it is; then its name stands there, and finds it."""
    pod = ["--args", "IgnoreUnknown=1;K8S_POD_NAMESPACE=prod;K8S_POD_NAME=shop"]
    bench("add", "mynet", "/ns/a", "--container-id", SANDBOX, *pod).succeeded()
    bench("add", "mynet", "/ns/b", "--container-id", "other").succeeded()
    head, first, _ = bench("attachments", "ls").stdout.splitlines()
    assert head.split()[:3] == ["NETWORK", "POD", "CONTAINER"]
    assert first.split()[:6] == ["mynet", "prod/shop", SANDBOX[:12], "eth0", "10.1.2.3/24", "gone"]
    (one,) = bench("attachments", "ls", "-c", "prod/shop", "-o", "json").json
    assert (one["pod"], one["containerID"]) == ("prod/shop", SANDBOX)
    assert "pod        prod/shop\n" in bench("attachments", "show", "prod/shop").stdout


def test_those_that_are_broken(bench, tmp_path):
    """Their netns is gone, a plugin's program is not there, or the cached configuration is no good."""
    bench.plugin("other")
    bench.network("mynet", {"type": "shelly"}, {"type": "other", "ipam": {"type": "shelly"}})
    there = tmp_path / "pod"
    there.touch()
    bench("add", "mynet", there, "--container-id", "c1").succeeded()
    assert bench("attachments", "ls", "--broken", "-o", "json").json == []
    (bench.bin / "other").unlink()
    (one,) = bench("attachments", "ls", "--broken", "-o", "json").json
    assert one["missingPlugins"] == ["other"]
    assert "mynet c1 eth0: DEL has no program for other\n" in bench("attachments", "ls").stdout
    file = bench.cache / "results" / "mynet-c1-eth0"
    members = json.loads(file.read_text())
    file.write_text(json.dumps({**members, "config": "eyI="}))
    (one,) = bench("attachments", "ls", "--broken", "-o", "json").json
    assert one["problem"]
    assert "cannot be understood" in bench("attachments", "ls").stdout


def test_a_file_that_is_no_attachment(bench):
    """It is told and skipped."""
    bench("add", "mynet", "/ns/a").succeeded()
    (bench.cache / "results" / "junk").write_text("{")
    done = bench("attachments", "ls").succeeded()
    assert f"skipped {bench.cache}/results/junk: " in done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_show_tells_what_del_would_send(bench):
    """The last plugin first, each with its environment and stdin; and DEL then sends just that."""
    bench.plugin("other")
    bench.network("mynet", {"type": "shelly", "capabilities": {"mac": True}}, {"type": "other"})
    words = ["--container-id", SANDBOX, "--mac", "02:00:00:00:00:01", "--args", "A=1"]
    bench("add", "mynet", "/ns/a", *words).succeeded()
    (shown,) = bench("attachments", "show", SANDBOX[:12], "-o", "json").succeeded().json
    assert bench.verbs() == ["ADD"]
    assert shown["cniArgs"] == [["A", "1"]]
    assert shown["capabilityArgs"] == {"mac": "02:00:00:00:00:01"}
    assert json.loads(shown["config"])["name"] == "mynet"
    calls = shown["delete"]["calls"]
    assert [call["plugin"] for call in calls] == ["other", "shelly"]
    bench("del", "mynet", "--container-id", SANDBOX).succeeded()
    assert json.loads(calls[1]["stdin"]) == bench.stdins()[-1]
    environment = calls[1]["environment"]
    names = ("CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS")
    assert tuple(environment[name] for name in names) == bench.calls()[-1]


def test_show_for_people(bench):
    """Facts first, then documents laid out."""
    bench("add", "mynet", "/ns/a").succeeded()
    text = bench("attachments", "show").succeeded().stdout
    for words in ("network    mynet\n", "/ns/a (gone)\n", "  result:\n", "DEL, call 1 of 1: shelly\n"):
        assert words in text


def test_show_with_a_plugin_that_is_gone(bench):
    """The call says why it cannot be made."""
    bench("add", "mynet", "/ns/a").succeeded()
    (bench.bin / "shelly").unlink()
    (shown,) = bench("attachments", "show", "-o", "json").succeeded().json
    assert 'failed to find plugin "shelly"' in shown["delete"]["calls"][0]["problem"]


def test_show_of_what_is_not_there(bench):
    """Names what is."""
    bench("add", "mynet", "/ns/a").succeeded()
    done = bench("attachments", "show", "c9", status=2)
    assert 'no attachment of "c9"' in done.stderr
    assert "hint: there are\n    mynet cnitool-" in done.stderr
    assert "/ns/a" in done.stderr


def test_a_cache_that_cannot_be_read(bench):
    """Not an empty one."""
    bench.cache.mkdir()
    (bench.cache / "results").write_text("")
    assert "not a directory" in bench("attachments", "ls", status=3).stderr


def test_age(bench):
    """Of the file, in one unit."""
    bench("add", "mynet", "/ns/a").succeeded()
    (name,) = bench.cached()
    os.utime(bench.cache / "results" / name, (0, 86400 * 3))
    assert bench("attachments", "ls").stdout.splitlines()[1].rstrip().endswith("d")
    assert bench("attachments", "ls", "-o", "json").json[0]["created"] == "1970-01-04T00:00:00Z"
