"""The result cache: libcni's files, written so that a crash leaves no half of one."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache, CannotRead
from cnictl.spec import result as results
from cnictl.spec.errors import CnictlError, CniError

RESULT: dict[str, Any] = {"cniVersion": "1.1.0", "ips": [{"address": "1.2.3.4/24"}]}
ATTACHMENT = Attachment("cid", "/ns", "eth0", (("A", "1"), ("B", "")), {"x": None})
CONFIG = b'{"cniVersion": "1.1.0", "name": "n", "plugins": [{"type": "noop"}]}'


@pytest.fixture
def cache(tmp_path):
    return Cache(str(tmp_path / "deep" / "cache"))


def store(cache: Cache, name: str, content: object) -> Path:
    """Put a file into the cache as somebody else would have."""
    cache.prepare()
    path = Path(cache.results, name)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def document(**changes: object) -> dict[str, object]:
    """The document of one attachment, with some keys changed, or left out where the value is ..."""
    whole: dict[str, object] = {
        "kind": "cniCacheV1",
        "containerId": "cid",
        "config": base64.b64encode(CONFIG).decode(),
        "ifName": "eth0",
        "networkName": "n",
        "netns": "/ns",
        "cniArgs": [["A", "1"], ["B", ""]],
        "capabilityArgs": {"x": None},
        "result": RESULT,
    }
    return {key: value for key, value in {**whole, **changes}.items() if value is not ...}


def test_the_bytes_are_libcnis(cache):
    """Keys in the order of libcni's struct, compact, no newline; what is empty is left out."""
    cache.write("n", ATTACHMENT, CONFIG, results.parse_any(RESULT))
    assert Path(cache.results, "n-cid-eth0").read_text() == (
        '{"kind":"cniCacheV1","containerId":"cid","config":"' + base64.b64encode(CONFIG).decode() + '",'
        '"ifName":"eth0","networkName":"n","netns":"/ns","cniArgs":[["A","1"],["B",""]],'
        '"capabilityArgs":{"x":null},"result":{"cniVersion":"1.1.0","ips":[{"address":"1.2.3.4/24"}]}}'
    )
    cache.write("n", Attachment("cid"), None, None)
    assert Path(cache.results, "n-cid-eth0").read_text() == (
        '{"kind":"cniCacheV1","containerId":"cid","config":null,"ifName":"eth0","networkName":"n"}'
    )


def test_maps_are_sorted_and_escaped_as_go_does(cache):
    """At every level of the capability arguments and of the result."""
    capabilities: dict[str, Any] = {"z": {"b": 1, "a": "<&>"}, "a": []}
    older = results.parse_any({"cniVersion": "0.4.0", "ips": [{"version": "4", "address": "1.2.3.4/24"}]})
    cache.write("n", Attachment("cid", capability_args=capabilities), b"", older)
    text = Path(cache.results, "n-cid-eth0").read_text()
    assert '"capabilityArgs":{"a":[],"z":{"a":"\\u003c\\u0026\\u003e","b":1}}' in text
    assert '"result":{"cniVersion":"0.4.0","dns":{},"ips":[{"address":"1.2.3.4/24","version":"4"}]}' in text


def test_only_the_owner_may_read_it(cache, tmp_path):
    """Directories 0700, files 0600: arguments may hold what is nobody else's business."""
    cache.write("n", ATTACHMENT, CONFIG, None)
    assert (tmp_path / "deep").stat().st_mode & 0o777 == 0o700
    assert Path(cache.results).stat().st_mode & 0o777 == 0o700
    assert Path(cache.results, "n-cid-eth0").stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_the_old_file(cache, monkeypatch):
    """And no other file."""
    cache.write("n", ATTACHMENT, CONFIG, None)
    before = Path(cache.results, "n-cid-eth0").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(CnictlError, match=r"no space left on device: .*/n-cid-eth0"):
        cache.write("n", ATTACHMENT, b"other", None)
    assert os.listdir(cache.results) == ["n-cid-eth0"]
    assert Path(cache.results, "n-cid-eth0").read_bytes() == before


def test_what_was_written_is_read_back(cache):
    """RT4, RT31: result, configuration, arguments; the netns is the caller's."""
    cache.write("n", ATTACHMENT, CONFIG, results.parse_any(RESULT))
    asked = Attachment("cid", "/other/ns")
    assert cache.result("n", "1.1.0", asked) == results.parse_any(RESULT)
    assert cache.config("n", asked) == (
        CONFIG,
        Attachment("cid", "/other/ns", "eth0", (("A", "1"), ("B", "")), {"x": None}),
    )
    (listed,) = cache.listing().attachments
    assert (listed.network, listed.attachment, listed.config, listed.result) == (
        "n",
        ATTACHMENT,
        CONFIG,
        RESULT,
    )


def test_arguments_of_the_cache_win_over_given_ones(cache):
    """RT31: args only where the cache has some, capability arguments always, as in libcni."""
    cache.write("n", Attachment("cid"), CONFIG, None)
    given = Attachment("cid", "/ns", "eth0", (("G", "1"),), {"given": 1})
    assert cache.config("n", given) == (CONFIG, Attachment("cid", "/ns", "eth0", (("G", "1"),), {}))


def test_nothing_cached_is_no_error(cache):
    """RT14, RT33: neither for the result, nor the configuration, nor the list."""
    assert cache.result("n", "1.1.0", ATTACHMENT) is None
    assert cache.config("n", ATTACHMENT) is None
    assert cache.listing() == ([], [])
    cache.remove("n", ATTACHMENT)


def test_a_bare_result_of_an_older_runtime_is_read(cache):
    """RT8: before libcni 0.7 the file held the result alone."""
    store(cache, "n-cid-eth0", RESULT)
    assert cache.result("n", "1.1.0", ATTACHMENT) == results.parse_any(RESULT)
    with pytest.raises(CnictlError, match=r'read cached network "n" config has wrong kind: $'):
        cache.config("n", ATTACHMENT)
    assert cache.listing().attachments == []


def test_the_result_comes_in_the_version_asked_for(cache):
    """RT12: a configuration may have moved on since ADD."""
    store(
        cache,
        "n-cid-eth0",
        document(result={"cniVersion": "0.3.1", "ips": [{"version": "4", "address": "1.2.3.4/24"}]}),
    )
    found = cache.result("n", "1.1.0", ATTACHMENT)
    assert found is not None
    assert found.members() == RESULT


def test_a_cached_attachment_without_result_has_an_empty_one(cache):
    """What libcni makes of a list without plugins."""
    store(cache, "n-cid-eth0", document(result=...))
    found = cache.result("n", "1.1.0", ATTACHMENT)
    assert found is not None
    assert found.members() == {"cniVersion": "1.1.0"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"adfadsfasdfasfdsafaf", "decoding version from network config: "),
        (b"", "decoding version from network config: unexpected end of JSON input"),
        (b"[]", "decoding version from network config: "),
        ({"cniVersion": "0.4567.0"}, 'unsupported CNI result version "0.4567.0"'),
        ({"kind": "cniCacheV2", "result": RESULT}, 'unknown kind "cniCacheV2"'),
        (
            {"kind": "cniCacheV1", "result": {"cniVersion": "1.1.0", "ips": [{"address": "x"}]}},
            "invalid CIDR address: x",
        ),
    ],
)
def test_a_result_that_cannot_be_understood_is_an_error(cache, content, text):
    """RT11, RT13: who asks decides whether it matters."""
    store(cache, "n-cid-eth0", content)
    with pytest.raises(CnictlError) as caught:
        cache.result("n", "1.1.0", ATTACHMENT)
    assert text in str(caught.value)

    assert str(caught.value).startswith(f"cannot understand {cache.results}/n-cid-eth0: ")
    assert "--prev-result" not in caught.value.hint
    assert "add it again" in caught.value.hint


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: os.symlink(path, path)])
def test_a_file_that_is_there_and_cannot_be_read_is_an_error(cache, make):
    """It is named, for it is not the same as none; nor is a FIFO waited for."""
    os.makedirs(cache.results)
    path = os.path.join(cache.results, "n-cid-eth0")
    make(path)
    for read in (lambda: cache.result("n", "1.1.0", ATTACHMENT), lambda: cache.config("n", ATTACHMENT)):
        with pytest.raises(CannotRead, match=f"cannot read {path}: "):
            read()


def test_a_result_that_has_no_counterpart_is_an_error(cache):
    """A result without addresses has no form in 0.2.0."""
    store(cache, "n-cid-eth0", document(result={"cniVersion": "1.1.0"}))
    with pytest.raises(CnictlError, match=r'failed to convert cached result to config version "0.2.0": '):
        cache.result("n", "0.2.0", ATTACHMENT)


def test_a_configuration_that_is_rubbish_is_an_error(cache):
    """RT33."""
    store(cache, "n-cid-eth0", b"adfadsfasdfasfdsafaf")
    with pytest.raises(CnictlError, match='failed to unmarshal cached network "n" config: '):
        cache.config("n", ATTACHMENT)
    store(cache, "n-cid-eth0", {"kind": "other"})
    with pytest.raises(CnictlError, match='read cached network "n" config has wrong kind: other'):
        cache.config("n", ATTACHMENT)


def test_keys_match_without_regard_to_case(cache):
    """CRI-O writes and reads `containerID`."""
    store(cache, "n-cid-eth0", document(containerId=..., containerID="cid"))
    (listed,) = cache.listing("cid").attachments
    assert listed.attachment.container_id == "cid"


@pytest.mark.parametrize(
    ("network", "container_id", "ifname"), [("", "cid", "eth0"), ("n", "", "eth0"), ("n", "cid", "")]
)
def test_a_file_needs_all_three_names(cache, network, container_id, ifname):
    """RT32."""
    expected = (
        f'cache file path requires network name ("{network}"), container ID ("{container_id}"), '
        f'and interface name ("{ifname}")'
    )
    with pytest.raises(CnictlError) as caught:
        cache.config(network, Attachment(container_id, ifname=ifname))
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("network", "attachment"),
    [
        ("../n", ATTACHMENT),
        ("n", Attachment("../../../etc/passwd")),
        ("n", Attachment("cid", ifname="../x")),
        ("n", Attachment("cid", ifname="/x")),
    ],
)
def test_names_cannot_lead_out_of_the_directory(cache, network, attachment):
    """On reading and removing as on writing."""
    for use in (
        lambda: cache.write(network, attachment, None, None),
        lambda: cache.result(network, "1.1.0", attachment),
        lambda: cache.remove(network, attachment),
    ):
        with pytest.raises(CniError):
            use()
    assert not Path(cache.directory).exists()


def test_attachments_are_listed_and_the_rest_is_named(cache):
    """RT44: odd names are fine, odd contents are skipped with the reason."""
    store(cache, "weird", document(containerId="a"))
    store(cache, "n-b-eth0", document(containerId="b", config=None))
    store(cache, "n-c-eth0", document(kind="cniCacheV2"))
    store(cache, "n-d-eth0", document(ifName=""))
    store(cache, "n-e-eth0", document(networkName=...))
    store(cache, "n-f-eth0", document(config=5))
    store(cache, "n-g-eth0", document(config="not base64"))
    store(cache, "n-h-eth0", b"{")
    store(cache, "n-i-eth0", b"")
    store(cache, "n-j-eth0", [1])
    store(cache, "n-k-eth0", document(cniArgs=[["A"]]))
    store(cache, "n-l-eth0", RESULT)
    os.mkdir(Path(cache.results, "n-m-eth0"))
    listing = cache.listing()
    assert [one.attachment.container_id for one in listing.attachments] == ["b", "a"]
    assert listing.attachments[0].config == b""
    reasons = {os.path.basename(path): reason for path, reason in listing.skipped}
    assert set(reasons) == {f"n-{letter}-eth0" for letter in "cdefghijklm"}
    assert reasons["n-m-eth0"] == "is a directory"
    assert reasons["n-d-eth0"] == "networkName or ifName is missing"
    assert reasons["n-f-eth0"] == 'key "config": expected a string, found number 5'


def test_a_fifo_in_the_cache_is_not_waited_for(cache):
    """It is named like whatever else is no attachment."""
    store(cache, "n-b-eth0", document(containerId="b"))
    os.mkfifo(Path(cache.results, "n-c-eth0"))
    listing = cache.listing()
    assert len(listing.attachments) == 1
    assert [reason for _, reason in listing.skipped] == ["is no regular file"]


def test_a_file_that_is_removed_while_the_cache_is_listed_is_nothing(cache, monkeypatch):
    """DEL may have been faster; what is not there cannot be broken."""
    store(cache, "n-b-eth0", document(containerId="b"))
    there = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: [*there(path), "n-gone-eth0"])
    assert cache.listing().skipped == []


def test_one_containers_attachments(cache):
    """RT4, RT30, RT44: by file name and by content, so `a` is not `a-b`."""
    for network, container_id, ifname in [
        ("n", "a", "eth0"),
        ("m", "a", "eth1"),
        ("n", "a-b", "eth0"),
        ("n", "b", "x"),
    ]:
        cache.write(network, Attachment(container_id, ifname=ifname), CONFIG, None)
    store(cache, "weird", document(containerId="a"))
    store(cache, "-a-eth0", document(containerId="a"))
    store(cache, "n-a-", document(containerId="a"))
    found = [(one.network, one.attachment.ifname) for one in cache.listing("a").attachments]
    assert found == [("m", "eth1"), ("n", "eth0")]


def test_a_cache_directory_that_cannot_be_read_is_an_error(cache):
    """RT43: who collects garbage must know that it does not know."""
    os.makedirs(cache.directory)
    Path(cache.results).write_text("")
    with pytest.raises(CnictlError, match=r"cannot read .*/results: not a directory"):
        cache.listing()
    with pytest.raises(CnictlError, match=r"cannot make .*/results: "):
        cache.prepare()


def test_a_netns_that_no_path_can_be(cache):
    """Makes a file none that anybody can use; it is listed with the reason."""
    path = store(cache, "n-cid-eth0", document(netns="/run/netns/\0"))
    (skipped,) = cache.listing().skipped
    assert (skipped.path, "netns" in skipped.reason) == (str(path), True)
