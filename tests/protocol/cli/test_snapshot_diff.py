"""`cnictl snapshot` and `cnictl diff`, on a node with a bridge of ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.protocol.cli.conftest import Bench

BRIDGE = {
    "type": "bridge",
    "bridge": "cni0",
    "isGateway": True,
    "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.77.0.0/24"}]]},
}


@pytest.fixture
def pod(host: Bench, plugins_dir: str) -> Bench:
    """A netns `pod`, and a network `mynet` that nothing is attached to yet."""
    for name in ("bridge", "host-local"):
        (host.bin / name).symlink_to(Path(plugins_dir, name))
    host.network("mynet", BRIDGE, version="1.0.0")
    host("netns", "new", "pod").succeeded()
    return host


def snapshot(bench: Bench, name: str, *words: str) -> None:
    (bench.top / name).write_text(bench("snapshot", "--netns", "pod", *words).succeeded().stdout)


def signs(text: str) -> set[str]:
    """Sign and kind of every changed thing."""
    lines = [line.split() for line in text.splitlines() if line.startswith("  ")]
    return {" ".join(words[:2]) for words in lines if len(words) > 1}


def test_a_snapshot_is_a_file(pod):
    """YAML of what is there; what it was taken of is the same as itself."""
    snapshot(pod, "a.yaml")
    members = yaml.safe_load((pod.top / "a.yaml").read_text())
    assert members["pods"]["pod"]["netns"] == "/run/netns/pod"
    assert "lo" in members["node"]["link"]
    done = pod("diff", "a.yaml").succeeded()
    assert (done.stdout, done.stderr) == ("", "no difference\n")


def test_what_could_not_be_seen(pod):
    """A snapshot that lacks something is not complete, and nobody says that there is no difference there."""
    done = pod("snapshot", "--netns", "pod", env={"PATH": "/nowhere"}).succeeded()
    assert "not seen: chain iptables of node: " in done.stderr
    members = yaml.safe_load(done.stdout)
    assert members["complete"] is False
    assert "chain iptables" in [one["what"] for one in members["unseen"]]
    again = pod("diff", "-", stdin=done.stdout).succeeded()
    assert again.stdout.startswith("not compared\n")
    assert "    chain iptables of node: " in again.stdout
    assert again.stderr == "no difference in what could be seen\n"
    pod("netns", "exec", "pod", "--", "ip", "link", "set", "lo", "mtu", "1400").succeeded()
    assert "~ link lo" in pod("diff", "-", stdin=done.stdout, status=1).stdout


def test_what_add_did(pod):
    """A snapshot against what is there now, and against another, both ways."""
    snapshot(pod, "a.yaml")
    pod("add", "mynet", "pod").succeeded()
    snapshot(pod, "b.yaml")
    now = pod("diff", "a.yaml", status=1).stdout
    assert {"+ link", "+ address", "+ reservation", "+ attachment"} <= signs(now)
    assert pod("diff", "a.yaml", "b.yaml", status=1).stdout == now
    back = pod("diff", "b.yaml", "a.yaml", status=1).stdout
    assert {"- link", "- address", "- reservation"} <= signs(back)
    pod("diff", "b.yaml").succeeded()
    changes = pod("diff", "a.yaml", "b.yaml", "-o", "json", status=1).json["changes"]
    assert {one["change"] for one in changes} <= {"added", "changed"}
    assert any(
        (one["place"], one["kind"], one["key"]) == ("pod", "address", "eth0 10.77.0.2/24") for one in changes
    )


def test_a_snapshot_that_somebody_cut_down(pod):
    """What is not in the file is not compared; what is must hold."""
    pod("add", "mynet", "pod").succeeded()
    text = "version: 1\npods:\n  pod:\n    netns: /run/netns/pod\n    address:\n    - eth0 10.77.0.2/24\n"
    pod("diff", "-", stdin=text).succeeded()
    wrong = pod("diff", "-", stdin=text.replace("0.2/", "0.3/"), status=1)
    assert "- address eth0 10.77.0.3/24" in wrong.stdout


def test_attachments_and_their_promises(pod):
    """All is well until an address is gone; the plugin is named, and exit status 1 says it."""
    assert "no attachments" in pod("diff").succeeded().stderr
    pod("add", "mynet", "pod").succeeded()
    done = pod("diff").succeeded()
    assert (done.stdout, done.stderr) == ("", "1 of 1 attachments are as they were promised\n")
    assert "as it was promised" in pod("diff", "-a").succeeded().stdout
    assert pod.node is not None
    pod.node.run(["ip", "-n", "pod", "addr", "flush", "dev", "eth0"]).checked()
    done = pod("diff", "--network", "mynet", status=1)
    assert "bridge\n    - eth0 has lost address 10.77.0.2/24" in done.stdout
    (one,) = pod("diff", "-n", "mynet", "-o", "json", status=1).json
    assert one["holds"] is False
    assert one["broken"][0]["plugin"] == "bridge"


def test_files_of_the_cache_that_hold_no_attachment(bench):
    """Nobody may take it for proof that no pod has lost anything."""
    results = bench.cache / "results"
    results.mkdir(parents=True)
    for name in ("mynet-c1-eth0", "other-c1-eth0"):
        (results / name).touch()
    told = "not compared: {}: unexpected end of JSON input; line 1 column 1\n"
    first, second = (told.format(results / name) for name in ("mynet-c1-eth0", "other-c1-eth0"))
    done = bench("diff").succeeded()
    assert done.stderr == f"{first}{second}no attachments in {results} but what was not compared\n"
    assert bench("diff", "-o", "json").succeeded().json == []
    for words in (["--network", "mynet"], ["--network", "mynet", "--container-id", "c1"]):
        assert bench("diff", *words, status=2).stderr.startswith(f"{first}error: no attachment of ")


def test_a_pod_that_is_gone(pod):
    """Its attachment is not as it should be, and its side is not compared."""
    pod("add", "mynet", "pod").succeeded()
    pod("netns", "rm", "--force", "pod").succeeded()
    done = pod("diff", status=1)
    assert "not compared: network namespace '/run/netns/pod'" in done.stdout


def test_the_pods_of_a_snapshot(pod):
    """By name, by NAME=NETNS, all with a name, or by default those of the cache."""

    def names(*words: str) -> list[str]:
        return list(json.loads(pod("snapshot", "-o", "json", *words).succeeded().stdout)["pods"])

    assert names() == []
    assert names("--netns", "pod") == ["pod"]
    assert names("--netns", "shop=pod") == ["shop"]
    assert names("--all-netns") == ["pod"]
    pod("add", "mynet", "pod", "--container-id", "c1").succeeded()
    assert names() == ["c1"]
    assert "did you mean pod?" in pod("snapshot", "--netns", "pods", status=2).stderr


def test_a_pod_that_moved(pod):
    """--netns says where the pod of the snapshot is now."""
    pod("netns", "new", "other").succeeded()
    snapshot(pod, "a.yaml")
    pod("add", "mynet", "other").succeeded()
    done = pod("diff", "a.yaml", "--netns", "pod=other", status=1)
    assert "\npod\n" in done.stdout
    assert "+ link eth0" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "stdin:1:1: the file is empty"),
        ("version: 2\n", "version is 2; this program knows 1"),
        ("version: 1\nnode: {lnik: {}}\n", "unknown section 'lnik'"),
        ("version: [", "stdin:"),
        ("\x1b[2J: 1\n", "stdin: unacceptable character #x001b"),
    ],
)
def test_files_that_are_no_snapshots(bench, text, words):
    """The position of the mistake, exit status 2."""
    done = bench("diff", "-", "-", stdin=text, status=2)
    assert words in done.stderr
    assert done.stderr.replace("\n", "").isprintable()


def test_words_that_make_no_sense(bench):
    """A file that is nowhere, a network that nothing is attached to, both at once."""
    assert "cannot read none: no such file or directory" in bench("diff", "none", "none", status=2).stderr
    assert 'no attachment of "mynett"' in bench("diff", "-n", "mynett", status=2).stderr
    assert "a snapshot is compared as a whole" in bench("diff", "a", "-n", "mynet", status=2).stderr
