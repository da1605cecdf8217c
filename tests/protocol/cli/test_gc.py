"""`cnictl gc`: what is valid must be said."""

from __future__ import annotations

import json

import pexpect
import pytest

from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache
from tests.protocol.cli.conftest import Bench


@pytest.fixture
def three(bench: Bench) -> Bench:
    """Attachments a/eth0, b/eth0 and c/net1, and one to another network."""
    cache = Cache(str(bench.cache))
    config = (bench.conf / "10-mynet.conflist").read_bytes()
    for container, ifname in (("a", "eth0"), ("b", "eth0"), ("c", "net1")):
        cache.write("mynet", Attachment(container, f"/ns/{container}", ifname), config, None)
    cache.write("other", Attachment("a", "/ns/a"), b"{}", None)
    return bench


def left(bench: Bench) -> list[str]:
    return [name.removeprefix("mynet-") for name in bench.cached() if name.startswith("mynet-")]


def test_nothing_said_deletes_nothing(three):
    """cnitool would delete all of them, those of running pods too."""
    done = three("gc", "mynet", status=2)
    assert "without valid attachments would delete every one of them" in done.stderr
    assert "--everything" in done.stderr
    assert len(three.cached()) == 4


def test_the_plan_changes_nothing(three):
    """It says what would be deleted, what kept, and which plugins asked."""
    plan = three("gc", "mynet", "--plan", "--valid", "a/eth0", "-o", "json").json
    assert [one["containerID"] for one in plan["delete"]] == ["b", "c"]
    assert [one["containerID"] for one in plan["keep"]] == ["a"]
    assert plan["ask"] == ["shelly"]
    assert plan["valid"] == [{"containerID": "a", "ifname": "eth0"}]
    table = three("gc", "mynet", "--plan", "--valid", "a/eth0").stdout.splitlines()
    assert [line.split()[0] for line in table] == ["GC", "delete", "delete", "keep", "ask"]
    assert len(three.cached()) == 4
    assert three.verbs() == []


def test_stale_attachments_go(three):
    """They get DEL, then the plugins get GC with the list of what is valid."""
    three("gc", "mynet", "--valid", "a/eth0", "--valid", "c/net1").succeeded()
    assert left(three) == ["a-eth0", "c-net1"]
    assert three.verbs() == ["DEL", "GC"]
    listed = [{"containerID": "a", "ifname": "eth0"}, {"containerID": "c", "ifname": "net1"}]
    assert three.stdins()[-1]["cni.dev/valid-attachments"] == listed
    three("gc", "mynet", "--valid", "a/eth0", "--valid", "c/net1").succeeded()
    assert three.verbs()[2:] == ["GC"]


@pytest.mark.parametrize("source", ["-", "file"])
@pytest.mark.parametrize(
    "text",
    ['["a/eth0"]', '[{"containerID": "a", "ifname": "eth0", "network": "mynet"}]'],
    ids=["text", "object"],
)
def test_the_valid_ones_from_a_list(three, tmp_path, source, text):
    """From stdin or a file, in either form."""
    if source == "file":
        (tmp_path / "list.json").write_text(text)
        three("gc", "mynet", "--valid-from", "list.json").succeeded()
    else:
        three("gc", "mynet", "--valid-from", "-", stdin=text).succeeded()
    assert left(three) == ["a-eth0"]


def test_what_ls_prints_is_such_a_list(three):
    """So that a filter between the two is all that a script needs."""
    listing = three("attachments", "ls", "-o", "json").stdout
    three("gc", "mynet", "--valid-from", "-", stdin=listing).succeeded()
    assert len(left(three)) == 3


@pytest.mark.parametrize(
    ("words", "stdin", "message"),
    [
        (["--valid", "a"], None, '"a" names no interface'),
        (["--valid", "../a/eth0"], None, "invalid characters in containerID"),
        (["--valid", "a/sixteen-letters!"], None, "interface name is too long"),
        (["--valid-from", "nowhere"], None, "cannot read nowhere: no such file or directory"),
        (["--valid-from", "-"], "{}", "stdin: expected a list, found an object"),
        (["--valid-from", "-"], "[", "stdin: "),
        (["--valid-from", "-"], "[7]", "expected CONTAINER/IFNAME or an object, found number 7"),
        (["--valid-from", "-"], "[{}]", "missing containerID"),
    ],
)
def test_a_list_that_makes_no_sense(three, words, stdin, message):
    """A list that is not understood must not be taken for an empty one."""
    assert message in three("gc", "mynet", *words, stdin=stdin, status=2).stderr
    assert len(three.cached()) == 4


def test_an_empty_list_is_a_list(three):
    """Whoever has no container left may say so."""
    three("gc", "mynet", "--valid-from", "-", stdin="[]").succeeded()
    assert left(three) == []


def test_everything_needs_a_yes(three):
    """Where nobody can be asked, nothing is done without --yes."""
    assert "say --yes" in three("gc", "mynet", "--everything", status=2).stderr
    assert len(three.cached()) == 4
    three("gc", "mynet", "--everything", "--yes").succeeded()
    assert three.cached() == ["other-a-eth0"]


@pytest.mark.parametrize(("answer", "status", "stale"), [("n", 1, 3), ("y", 0, 0)])
def test_everything_is_asked_for_at_a_terminal(three, answer, status, stale):
    """With the number of attachments; no is the default."""
    words = three.argv(["gc", "mynet", "--everything"])
    terminal = pexpect.spawn(words[0], words[1:], env=three.environment, timeout=20, encoding="utf-8")
    terminal.expect("delete all 3 attachments to mynet in .*cache/results")
    terminal.sendline(answer)
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == status
    assert len(left(three)) == stale


def test_nothing_and_one_are_asked_for_in_words(three):
    """Where there is nothing in the cache, plugins may still know of something."""
    three("del", "mynet", "--container-id", "b").succeeded()
    three("del", "mynet", "--container-id", "c").succeeded()
    done = three("gc", "mynet", "--everything", status=2)
    assert "error: delete the one attachment to mynet in " in done.stderr
    three("gc", "mynet", "--everything", "--yes").succeeded()
    done = three("gc", "mynet", "--everything", status=2)
    assert "error: there are no attachments to mynet in " in done.stderr
    assert ": delete what only the plugins know of: nobody is there to confirm it\n" in done.stderr


def test_all_parts_are_tried(three):
    """A DEL that fails keeps neither the others nor GC from being done; exit status 3."""
    three.plugin(DEL="""[ $CNI_CONTAINERID = b ] || exit 0; echo '{"code": 999, "msg": "busy"}'; exit 1""")
    done = three("gc", "mynet", "--valid-from", "-", stdin="[]", status=3)
    assert (
        'failed to delete stale attachment b eth0: plugin type="shelly" failed (delete): busy' in done.stderr
    )
    assert left(three) == ["b-eth0"]
    assert three.verbs()[-1] == "GC"


def test_before_1_1_0_plugins_are_not_asked(three):
    """Attachments still get DEL."""
    three.network("mynet", version="1.0.0")
    three("gc", "mynet", "--valid", "a/eth0").succeeded()
    assert left(three) == ["a-eth0"]
    assert "GC" not in three.verbs()


def test_gc_that_is_off(three):
    """disableGC: nothing is done, and that is said."""
    three.network("mynet", disableGC=True)
    assert "nothing would be done" in three("gc", "mynet", "--plan", "--valid", "a/eth0").succeeded().stderr
    assert "nothing was collected" in three("gc", "mynet", "--valid", "a/eth0").succeeded().stderr
    assert len(three.cached()) == 4


def test_files_that_are_no_attachments_are_told(three):
    """They are left alone."""
    (three.cache / "results" / "mynet-x-eth0").write_text("{")
    done = three("gc", "mynet", "--plan", "--valid", "a/eth0", "-o", "json")
    (skipped,) = json.loads(done.stdout)["skipped"]
    assert skipped["file"].endswith("/mynet-x-eth0")
    assert "mynet-x-eth0" in three("gc", "mynet", "--plan", "--valid", "a/eth0").succeeded().stderr
    assert "mynet-x-eth0" in three("gc", "mynet", "--valid", "a/eth0").succeeded().stderr


def test_a_plan_of_a_cache_that_cannot_be_read(bench):
    """Not that there is nothing to do."""
    bench.cache.mkdir()
    (bench.cache / "results").write_text("")
    done = bench("gc", "mynet", "--plan", "--everything", status=3)
    assert "not a directory" in done.stderr
