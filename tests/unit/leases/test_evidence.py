"""Lists of sandboxes, ids in cgroups, and how many pods there may be."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from cnictl.leases import evidence, forecast
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import Cache
from cnictl.spec import result as results
from cnictl.spec.errors import CnictlError
from tests.cri_server import NOT_READY, READY, serving

ID = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text",
    [
        f"{ID}\nother\n",
        f"# from crictl\n\n  {ID}  \nother",
        json.dumps({"items": [{"id": ID, "state": "SANDBOX_READY"}, {"id": "other"}]}),
        json.dumps([ID, "other"]),
    ],
)
def test_lists_of_sandboxes(text: str):
    """One id a line, or as crictl prints them."""
    assert evidence.sandboxes_in(text, 7.0) == evidence.Sandboxes(frozenset({ID, "other"}), 7.0)


def test_what_crictl_says_is_not_ready():
    """Is known, and not in use for that."""
    items = [{"id": "a", "state": "SANDBOX_READY"}, {"id": "b", "state": "SANDBOX_NOTREADY"}]
    found = evidence.sandboxes_in(json.dumps({"items": items}), 1.0)
    assert (set(found.ids), set(found.stopped)) == ({"a"}, {"b"})


def test_all_runtimes_are_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of a node with several: what one has the others may not have; one that is silent may have any."""
    one, other = f"{tmp_path}/1.sock", f"{tmp_path}/2.sock"
    monkeypatch.setattr(evidence, "find", lambda _: [one, other])
    monkeypatch.setattr(evidence, "KUBELET", f"{tmp_path}/kubelet")
    monkeypatch.setattr(evidence, "_programs", lambda: iter(()))
    with serving(one) as first:
        first.sandboxes = {"a": ("default", "web", READY), "b": ("default", "old", NOT_READY)}
        assert "2.sock: no such file" in evidence.sandboxes_asked().missing
        with serving(other) as second:
            second.sandboxes = {"c": ("default", "dns", READY)}
            before = time.time()
            found = evidence.sandboxes_asked()
            assert (set(found.ids), set(found.stopped), found.missing) == ({"a", "c"}, {"b"}, "")
            assert before <= found.as_of <= time.time()
            second.version = "none"
            assert evidence.sandboxes_asked().ids == {"a"}
            first.version = "none"
            assert not evidence.sandboxes_asked().applies
            (tmp_path / "kubelet").touch()
            assert "kubelet tells: " in evidence.sandboxes_asked().missing


@pytest.mark.parametrize(
    "text", ["", "\n", "{}", "[1]", '{"items": [{}]}', "{", "POD ID    CREATED\nabc   1 hour ago"]
)
def test_what_is_no_list(text: str):
    """A table of crictl above all: half of it would pass for ids, and the other ids be missing."""
    with pytest.raises(CnictlError):
        evidence.sandboxes_in(text, 0)


def test_an_empty_list_of_crictl_is_one():
    """There are no sandboxes."""
    assert evidence.sandboxes_in('{"items": []}', 1.0).ids == frozenset()


def test_a_list_is_as_old_as_its_file(tmp_path: Path):
    """What was made later is not in it."""
    file = tmp_path / "pods"
    file.write_text(ID)
    os.utime(file, (5, 5))
    assert evidence.sandboxes_of(str(file)).as_of == 5


@pytest.mark.parametrize(
    "path",
    [
        f"0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7.slice/cri-containerd-{ID}.scope",
        f"0::/kubepods/besteffort/pod7/{ID}",
        f"0::/machine.slice/libpod-{ID}.scope/container",
        f"12:pids:/system.slice/docker-{ID}.scope\n11:memory:/\n",
        f"0::/system.slice/crio-{ID}.scope",
        f"0::/system.slice/containerd.service/kubepods-pod7.slice:cri-containerd:{ID}",
    ],
)
def test_ids_in_cgroups(path: str):
    """However a runtime calls its cgroups."""
    assert ID in evidence._words(path)


def test_the_cache_knows_attachments_and_addresses(tmp_path: Path):
    """And whether their netns is there; a broken file is that of the attachment that it is called by."""
    cache = Cache(str(tmp_path))
    cache.write("net", Attachment("c1", "/nope", "eth0"), b"{}", None)
    cache.write("net", Attachment("c2", str(tmp_path), "eth0"), b"{}", None)
    found = evidence.cached(cache)
    assert [one.netns_exists for key in found.attached for one in found.attached[key]] == [False, True]
    assert not found.missing
    (tmp_path / "results" / "net-c3-eth0").write_text("")
    found = evidence.cached(cache)
    assert found.broken_file("net", "c3", "eth0") == "net-c3-eth0"
    assert found.broken_file("net", "c3", "") == "net-c3-eth0"
    assert found.broken_file("", "", "") == "net-c3-eth0"
    assert found.broken_file("net", "c2", "eth0") == found.broken_file("other", "c3", "eth0") == ""


def test_a_cache_without_namespaces_has_those_of_its_results(tmp_path: Path):
    """containerd 1.6 keeps none beside the Result."""
    result: dict[str, Any] = {
        "cniVersion": "1.0.0",
        "interfaces": [{"name": "eth0", "sandbox": str(tmp_path)}],
    }
    Cache(str(tmp_path)).write("net", Attachment("c1", "", "eth0"), b"{}", results.parse_any(result))
    (entry,) = evidence.cached(Cache(str(tmp_path))).attached["c1", "eth0"]
    assert entry == evidence.Attached("net", str(tmp_path), True)


def test_a_cache_that_cannot_be_read_is_missing(tmp_path: Path):
    """Nobody can say what is in it."""
    (tmp_path / "results").write_text("")
    assert "not a directory" in evidence.cached(Cache(str(tmp_path))).missing


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("maxPods: 250\n", 250),
        ("kind: KubeletConfiguration\nmaxPods: 30 # few\n", 30),
        ('{\n"maxPods": 40,\n}', 40),
        ("evictionHard:\n  maxPods: 7\n", 110),
        ("", 110),
        (f"maxPods: {'9' * 5000}\n", 110),
    ],
)
def test_what_kubelet_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, number: int):
    """In its own file, or its default."""
    file = tmp_path / "config.yaml"
    file.write_text(text)
    monkeypatch.setattr(forecast, "KUBELET", str(file))
    found = forecast._configured()
    assert found is not None
    assert found.number == number
    assert str(file) in found.source


def test_the_command_line_of_kubelet():
    """In both spellings."""
    assert forecast._flag(["kubelet", "--max-pods", "12"]) == 12
    assert forecast._flag(["kubelet", "--max-pods=13"]) == 13
    assert forecast._flag(["kubelet", "--max-pods"]) is None
    assert forecast._flag(["kubelet", f"--max-pods={'9' * 5000}"]) is None


def test_no_kubelet_no_forecast(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Unless somebody says how many pods there may be."""
    monkeypatch.setattr(forecast, "KUBELET", str(tmp_path / "nope"))
    assert forecast._configured() is None
    assert forecast.max_pods(5) == (5, "--max-pods")


def test_a_list_that_never_ends():
    """Is not read for ever."""
    with pytest.raises(CnictlError, match="it has more than 64 MiB"):
        evidence.sandboxes_of("/dev/zero")
