"""Finding the attachment that somebody means."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache
from cnictl.runtime.container import default_id
from cnictl.runtime.lookup import Ambiguous, NothingAttached, Wanted, find, matching

LONG = "0123456789abcdef" * 4


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    made = Cache(str(tmp_path))
    for attachment in (
        Attachment(LONG, "/ns/a", "eth0", (("A", "1"),), {"mac": "m"}),
        Attachment(LONG, "/ns/a", "net1"),
        Attachment(default_id("/ns/b"), "/ns/b", "eth0"),
        Attachment("other", "/ns/b", "eth0"),
    ):
        made.write("n", attachment, b"{}", None)
    made.write("alone", Attachment("c", "/ns/c", "net7"), b"{}", None)
    return made


@pytest.mark.parametrize(
    ("wanted", "key"),
    [
        (Wanted("/ns/a"), (LONG, "eth0")),
        (Wanted("/ns/a", ifname="net1"), (LONG, "net1")),
        (Wanted("/ns/b"), (default_id("/ns/b"), "eth0")),
        (Wanted("/ns/b", "other"), ("other", "eth0")),
        (Wanted("", LONG), (LONG, "eth0")),
        (Wanted("", LONG, "net1"), (LONG, "net1")),
        (Wanted("", "", "net1"), (LONG, "net1")),
    ],
)
def test_one_of_several(cache, wanted, key):
    """By netns, id or interface; eth0 and cnitool's id break a tie."""
    found = find(cache, "n", wanted)
    assert found.attachment.key == key
    assert found.cached is not None


def test_the_only_one_needs_no_words(cache):
    """Its netns and interface are those of the cache."""
    found = find(cache, "alone", Wanted())
    assert (found.attachment.netns, found.attachment.ifname) == ("/ns/c", "net7")


def test_what_add_was_given_is_repeated(cache):
    """Unless something else is said, be it nothing."""
    found = find(cache, "n", Wanted("/ns/a"))
    assert (found.attachment.args, dict(found.attachment.capability_args)) == ((("A", "1"),), {"mac": "m"})
    found = find(cache, "n", Wanted("/ns/a", args=(), capability_args={"x": 1}))
    assert (found.attachment.args, dict(found.attachment.capability_args)) == ((), {"x": 1})


def test_a_netns_by_another_path(cache, tmp_path):
    """/var/run/netns/x and /run/netns/x are the same place."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "x").touch()
    (tmp_path / "var").symlink_to(tmp_path / "run")
    cache.write("m", Attachment("c", str(tmp_path / "run" / "x"), "eth0"), b"{}", None)
    assert find(cache, "m", Wanted(str(tmp_path / "var" / "x"))).attachment.container_id == "c"


def test_what_the_cache_does_not_know(cache):
    """With a netns or an id there is still something to delete."""
    found = find(cache, "n", Wanted("/ns/z"))
    assert (found.attachment.key, found.cached) == ((default_id("/ns/z"), "eth0"), None)
    assert find(cache, "n", Wanted("", "z")).attachment.key == ("z", "eth0")
    with pytest.raises(NothingAttached):
        find(cache, "none", Wanted())
    with pytest.raises(Ambiguous, match="4 attachments"):
        find(cache, "n", Wanted())


def test_a_container_by_the_beginning_of_its_id(cache):
    """As it is shown in tables; the whole id or the netns is exact."""
    everything = cache.listing().attachments
    assert {one.attachment.container_id for one in matching(everything, LONG[:12])} == {LONG}
    assert [one.network for one in matching(everything, "c")] == ["alone"]
    assert [one.network for one in matching(everything, "/ns/c")] == ["alone"]
    assert matching(everything, "none") == []
