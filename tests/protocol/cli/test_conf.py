"""`cnictl conf ls`: the same directory through the eyes of four runtimes."""

from __future__ import annotations

import pytest

from tests.protocol.cli.conftest import Bench, Done


@pytest.fixture
def shelf(bench: Bench) -> Bench:
    """Two good lists, one of the same name as the first, a single configuration, and files of no use."""
    bench.network("second", file="20-second.conflist")
    bench.network("mynet", file="30-again.conflist")
    (bench.conf / "05-single.conf").write_text('{"cniVersion": "1.0.0", "name": "single", "type": "shelly"}')
    (bench.conf / "10-old.conflist.bak").write_text("{}")
    (bench.conf / "net").mkdir()
    return bench


def verdicts(done: Done) -> dict[str, str]:
    return {one["file"].rpartition("/")[2]: one["verdict"] for one in done.json["files"]}


def reasons(done: Done) -> dict[str, str]:
    return {one["file"].rpartition("/")[2]: one["reason"] for one in done.json["files"]}


def test_containerd_takes_the_first_file(shelf):
    """Of whatever kind, in the order of the names; --max-conf-num says how many."""
    one = shelf("conf", "ls", "-o", "json").succeeded()
    assert verdicts(one) == {
        "05-single.conf": "used",
        "10-mynet.conflist": "unused",
        "10-old.conflist.bak": "ignored",
        "20-second.conflist": "unused",
        "30-again.conflist": "unused",
    }
    assert "max_conf_num is 1" in reasons(one)["10-mynet.conflist"]
    two = shelf("conf", "ls", "--max-conf-num", "2", "-o", "json").succeeded()
    assert [reasons(two)[name] for name in ("05-single.conf", "10-mynet.conflist")] == ["as eth0", "as eth1"]
    every = shelf("conf", "ls", "--max-conf-num", "0", "-o", "json").succeeded()
    assert list(verdicts(every).values()).count("used") == 4


def test_containerd_loads_nothing_behind_a_broken_file(shelf):
    """One bad file among those that it reads fails the whole load: no pod gets a network."""
    (shelf.conf / "00-broken.conflist").write_text('{"name": "x"')
    done = shelf("conf", "ls", "-o", "json", status=1)
    assert verdicts(done)["00-broken.conflist"] == "broken"
    assert "used" not in verdicts(done).values()
    assert "00-broken.conflist is broken" in done.stderr
    (shelf.conf / "00-broken.conflist").rename(shelf.conf / "99-broken.conflist")
    assert verdicts(shelf("conf", "ls", "-o", "json").succeeded())["05-single.conf"] == "used"


def test_crio_takes_the_first_that_works(shelf):
    """It asks plugins for their versions, skips what is broken, and has the others by name."""
    (shelf.conf / "00-broken.conflist").write_text("{")
    shelf.network("absent", {"type": "nope"}, file="01-absent.conflist")
    shelf.network("old", version="0.3.1", file="02-old.conflist")
    done = shelf("conf", "ls", "-r", "crio", "-o", "json").succeeded()
    assert verdicts(done) == {
        "00-broken.conflist": "broken",
        "01-absent.conflist": "broken",
        "02-old.conflist": "broken",
        "05-single.conf": "used",
        "10-mynet.conflist": "by name",
        "10-old.conflist.bak": "ignored",
        "20-second.conflist": "by name",
        "30-again.conflist": "shadowed",
    }
    assert 'failed to find plugin "nope"' in reasons(done)["01-absent.conflist"]
    assert 'does not support config version "0.3.1"' in reasons(done)["02-old.conflist"]
    assert reasons(done)["30-again.conflist"] == "10-mynet.conflist has the same name"
    chosen = shelf("conf", "ls", "-r", "crio", "--default-network", "second", "-o", "json").succeeded()
    assert verdicts(chosen)["20-second.conflist"] == "used"
    wrong = shelf("conf", "ls", "-r", "crio", "--default-network", "none", status=1)
    assert "cni_default_network is none, and no file has that network" in wrong.stderr


def test_podman_reads_lists_only(shelf):
    """And has a default network of its own where no file has it."""
    done = shelf("conf", "ls", "-r", "podman", "-o", "json").succeeded()
    assert verdicts(done)["05-single.conf"] == "ignored"
    assert verdicts(done)["10-mynet.conflist"] == "by name"
    assert "podman makes one up" in done.stderr
    shelf.network("podman", file="87-podman.conflist")
    assert verdicts(shelf("conf", "ls", "-r", "podman", "-o", "json"))["87-podman.conflist"] == "used"


def test_cnitool_searches_lists_first(shelf):
    """Single configurations come last, and a broken file ends the search."""
    done = shelf("conf", "ls", "-r", "cnitool", "-o", "json").succeeded()
    assert verdicts(done) == {
        "10-mynet.conflist": "by name",
        "20-second.conflist": "by name",
        "30-again.conflist": "shadowed",
        "05-single.conf": "by name",
        "10-old.conflist.bak": "ignored",
    }
    (shelf.conf / "15-broken.conflist").write_text("{")
    done = shelf("conf", "ls", "-r", "cnitool", "-o", "json").succeeded()
    assert [name for name, verdict in verdicts(done).items() if verdict == "by name"] == ["10-mynet.conflist"]
    assert "the search ends at 15-broken.conflist" in reasons(done)["05-single.conf"]


@pytest.mark.parametrize("runtime", ["containerd", "crio", "cnitool"])
def test_no_configuration_at_all(bench, tmp_path, runtime):
    """Exit status 1: pods get no network."""
    done = bench("conf", "ls", "-r", runtime, "--conf-dir", tmp_path / "none", status=1)
    assert done.stdout == ""
    assert f"{tmp_path}/none" in done.stderr


def test_a_table_for_people(bench):
    """One line a file: what is in it, and why."""
    done = bench("conf", "ls").succeeded()
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["FILE", "NETWORK", "VERSION", "PLUGINS", "VERDICT", "WHY"],
        ["10-mynet.conflist", "mynet", "1.1.0", "shelly", "used", "as", "eth0"],
    ]


def test_a_runtime_that_nobody_knows(bench):
    """Names those that are known."""
    assert "containerd" in bench("conf", "ls", "-r", "docker", status=2).stderr
