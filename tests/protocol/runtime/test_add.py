"""ADD over a list of plugins, and what becomes of one that fails."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cnictl.configuration import parse
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.failure import CacheFailed, PluginFailed
from cnictl.spec.conflist import list_of_one, parse_plugin
from tests.protocol.runtime.conftest import ATTACHMENT, OLD_RESULT, RESULT


def test_add_hands_the_result_from_plugin_to_plugin(bench):
    """RT20, RT1, RT2: each gets its configuration, name, version, its capabilities, and prevResult."""
    network = bench.three()
    attachment = Attachment(
        "some-container-id",
        "/some/netns/path",
        "eth7",
        (("A", "1"),),
        {"portMappings": [{"HostPort": 1}], "otherCapability": None, "noCapability": True, "notAsked": 1},
    )
    report = bench.runtime.add(network, attachment)
    assert report.result is not None
    assert report.result.members() == {
        "cniVersion": "1.1.0",
        "dns": {"nameservers": ["1.2.3.4"]},
        "ips": [{"address": "10.1.2.3/24"}],
    }
    injected = {"name": "apitest", "cniVersion": "1.1.0"}
    first, second, third = network.plugins
    assert bench.stdins() == [
        {
            **first.members,
            **injected,
            "runtimeConfig": {"portMappings": [{"HostPort": 1}], "otherCapability": None},
        },
        {**second.members, **injected, "prevResult": RESULT, "runtimeConfig": {"otherCapability": None}},
        {**third.members, **injected, "prevResult": RESULT},
    ]
    assert [(done.verb, done.status, done.environment["CNI_ARGS"]) for done in report.executions] == [
        ("ADD", 0, "A=1")
    ] * 3


def test_add_remembers_configuration_arguments_and_result(bench):
    """RT4, RT30: one file an interface, and the configuration to the letter."""
    network = bench.one(ReportResult=json.dumps(RESULT))
    capabilities: dict[str, Any] = {"portMappings": [1]}
    for ifname in ("eth0", "eth1"):
        bench.runtime.add(network, Attachment("cid", "/ns", ifname, (), capabilities))
    assert sorted(os.listdir(bench.cache.results)) == ["apitest-cid-eth0", "apitest-cid-eth1"]
    found = bench.cache.config("apitest", Attachment("cid", "/ns"))
    assert found == (network.raw, Attachment("cid", "/ns", "eth0", (), capabilities))
    assert parse(found[0]) == network
    result = bench.cache.result("apitest", "1.1.0", Attachment("cid"))
    assert result is not None
    assert result.members() == RESULT


def test_add_of_a_single_configuration_is_add_of_a_list_of_one(bench):
    """RT4: what libcni keeps separate operations for."""
    single = {
        **bench.debug("one", ReportResult=json.dumps(OLD_RESULT)),
        "name": "apitest",
        "cniVersion": "0.4.0",
    }
    network = list_of_one(parse_plugin(json.dumps(single).encode()))
    assert bench.runtime.add(network, ATTACHMENT).result is not None
    assert bench.stdins() == [single]


@pytest.mark.parametrize("stdout", ["null", "{}", '{"cniVersion":5}', '{"cniVersion":""}'])
def test_an_answer_without_a_version_has_that_of_the_configuration(bench, stdout):
    """Nothing but an object is needed."""
    result = bench.runtime.add(bench.one(ReportResult=stdout), ATTACHMENT).result
    assert result is not None
    assert result.members() == {"cniVersion": "1.1.0"}


@pytest.mark.parametrize(
    "stdout", ["", "[]", "rubbish", "{}{}", '{"cniVersion":"1.1.0"}\n{"code":8}', '{"ips":[{"address":"x"}]}']
)
def test_an_answer_that_is_no_result_fails(bench, stdout):
    """Nothing, rubbish, two documents: an exit status of 0 is not enough."""
    with pytest.raises(PluginFailed, match=r'plugin type="noop" failed \(add\): ') as caught:
        bench.runtime.add(bench.one(ReportResult=stdout), ATTACHMENT)
    if not stdout.startswith('{"ips'):
        assert "failed to unmarshal raw result: " in str(caught.value)
    assert caught.value.execution is not None
    assert caught.value.execution.stdout == stdout.encode()
    assert not bench.cache_file.exists()


def test_an_answer_in_another_version_is_handed_on_in_the_lists(bench):
    """RT36: libcni hands it on as it is, and then the next plugin refuses it."""
    network = bench.network(
        bench.debug("old", ReportResult=json.dumps(OLD_RESULT)),
        bench.debug("new", ReportResult="PASSTHROUGH"),
    )
    result = bench.runtime.add(network, ATTACHMENT).result
    assert result is not None
    assert result.cni_version == "1.1.0"
    assert bench.stdins()[1]["prevResult"] == RESULT


def test_an_answer_that_cannot_be_converted_is_handed_on_as_it_is(bench):
    """0.2.0 has no form for a result without addresses."""
    network = bench.network(
        bench.debug("new", ReportResult='{"cniVersion":"1.1.0"}'),
        bench.debug("old", ReportResult="{}"),
        version="0.2.0",
    )
    report = bench.runtime.add(network, ATTACHMENT)
    assert bench.stdins()[1]["prevResult"] == {"cniVersion": "1.1.0"}
    assert any("prevResult for noop stays 1.1.0" in warning for warning in report.warnings)


@pytest.mark.parametrize(
    ("attachment", "name", "error"),
    [
        (Attachment("", ifname="eth0"), "n", "missing containerID"),
        (Attachment("+%%fwe4"), "n", "invalid characters in containerID; +%%fwe4"),
        (Attachment("c"), "+%%fwe4", "invalid characters found in network name; +%%fwe4"),
        (Attachment("c", ifname=""), "n", "interface name is empty"),
        (Attachment("c", ifname="."), "n", "interface name is . or .."),
        (Attachment("c", ifname=".."), "n", "interface name is . or .."),
        (Attachment("c", ifname="a/b"), "n", "interface name contains / or : or whitespace characters"),
        (Attachment("c", ifname="a:b"), "n", "interface name contains / or : or whitespace characters"),
        (Attachment("c", ifname="a b"), "n", "interface name contains / or : or whitespace characters"),
        (
            Attachment("c", ifname="0123456789abcdef"),
            "n",
            "interface name is too long; interface name should be less than 16 characters",
        ),
        (Attachment("c", args=(("A", "1;B=2"),)), "n", 'invalid CNI_ARGS pair "A=1;B=2"; '),
    ],
)
def test_add_refuses_names_that_cannot_be(bench, attachment, name, error):
    """RT21: with the plugin that would have been run, and nothing is run."""
    network = bench.one().replace(name=name)
    with pytest.raises(PluginFailed) as caught:
        bench.runtime.add(network, attachment)
    assert str(caught.value).startswith(f'plugin type="noop" failed (add): {error}')
    assert str(caught.value.error).startswith(error)
    assert bench.calls() == []


def test_a_failing_plugin_is_named_with_its_own_error(bench):
    """RT6: the error object is one step away."""
    network = bench.network({**bench.debug("one", ReportError="plugin error: banana"), "name": "pn"})
    for verb, word in ((bench.runtime.add, "add"), (bench.runtime.delete, "delete")):
        with pytest.raises(PluginFailed) as caught:
            verb(network, ATTACHMENT)
        assert str(caught.value) == f'plugin type="noop" name="pn" failed ({word}): plugin error: banana'
        assert (caught.value.error.code, caught.value.error.msg) == (999, "plugin error: banana")
        assert caught.value.plugin == "noop"


@pytest.mark.parametrize("verb", ["add", "check", "delete"])
def test_a_missing_plugin_is_named(bench, verb):
    """RT5."""
    network = bench.network({"type": "does-not-exist"})
    with pytest.raises(PluginFailed) as caught:
        getattr(bench.runtime, verb)(network, ATTACHMENT)
    assert str(caught.value) == (
        f'plugin type="does-not-exist" failed ({verb}): '
        f'failed to find plugin "does-not-exist" in path [{bench.bin}]'
    )
    assert caught.value.execution is None


def test_a_failed_add_is_rolled_back(bench):
    """RT22: those that were reached get DEL, the last first, with what there was of a result."""
    network = bench.network(
        bench.debug("first", ReportResult=json.dumps(RESULT)),
        bench.debug("second", ReportError="banana"),
        bench.debug("third"),
    )
    with pytest.raises(PluginFailed) as caught:
        bench.runtime.add(network, ATTACHMENT)
    assert bench.calls() == [("ADD", "first"), ("ADD", "second"), ("DEL", "second"), ("DEL", "first")]
    assert [stdin.get("prevResult", {}).get("ips") for stdin in bench.stdins()[2:]] == [RESULT["ips"]] * 2
    assert not bench.cache_file.exists()
    assert [(done.verb, done.status) for done in caught.value.executions] == [
        ("ADD", 0),
        ("ADD", 1),
        ("DEL", 1),
        ("DEL", 0),
    ]
    (left,) = caught.value.cleanup
    assert str(left) == 'plugin type="noop" failed (delete): banana'


def test_a_failed_add_can_be_left_as_it_is(bench):
    """For whoever wants to see what a plugin left behind."""
    network = bench.network(bench.debug("one", ReportError="banana"))
    with pytest.raises(PluginFailed):
        bench.runtime.add(network, ATTACHMENT, rollback=False)
    assert bench.calls() == [("ADD", "one")]


def test_a_second_add_that_fails_leaves_the_first_alone(bench):
    """The usual failure is that eth0 exists: a rollback would take down a network in use."""
    bench.runtime.add(bench.one(), ATTACHMENT)
    before = bench.cache_file.read_bytes()
    bench.forget()
    with pytest.raises(PluginFailed) as caught:
        bench.runtime.add(bench.one(ReportError="exists"), ATTACHMENT)
    assert bench.calls() == [("ADD", "one")]
    assert caught.value.warnings == ("not rolled back: the attachment was there before",)
    assert bench.cache_file.read_bytes() == before


def test_an_interrupted_add_is_rolled_back(bench):
    """Ctrl-C is no reason to leave half a network."""
    bench.script(
        "slow", f"echo $CNI_COMMAND >> {bench.top}/verbs; echo here >&2; [ $CNI_COMMAND = DEL ] || sleep 30"
    )

    def interrupt(_: str, __: bytes) -> None:
        if (bench.top / "verbs").read_text() == "ADD\n":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bench.with_plugins(on_stderr=interrupt).add(bench.network({"type": "slow"}), ATTACHMENT)
    assert (bench.top / "verbs").read_text() == "ADD\nDEL\n"


def test_add_fails_before_anything_is_run_when_it_could_not_be_remembered(bench):
    """RT7: libcni finds out when the network is up."""
    Path(bench.cache.directory).mkdir()
    Path(bench.cache.results).write_text("")
    with pytest.raises(CacheFailed, match='failed to set network "apitest" cached result: cannot make '):
        bench.runtime.add(bench.one(), ATTACHMENT)
    assert bench.calls() == []


def test_add_that_cannot_be_remembered_is_rolled_back(bench):
    """RT7: a network nobody knows of would never be deleted."""
    results = bench.cache.results
    bench.script("plugin", f"[ $CNI_COMMAND = DEL ] || {{ rm -r {results}; touch {results}; echo '{{}}'; }}")
    with pytest.raises(CacheFailed, match='failed to set network "apitest" cached result: ') as caught:
        bench.runtime.add(bench.network({"type": "plugin"}), ATTACHMENT)
    assert [done.verb for done in caught.value.executions] == ["ADD", "DEL"]


def test_a_list_without_plugins_has_no_result(bench):
    """RT45: and is remembered all the same."""
    network = bench.network({"type": "x"}).replace(plugins=[])
    assert bench.runtime.add(network, ATTACHMENT).result is None
    assert "result" not in json.loads(bench.cache_file.read_text())


def test_a_version_that_is_none_fails_at_the_result(bench):
    """RT40: the plugin has been asked by then, so it is asked to undo."""
    with pytest.raises(PluginFailed, match='unsupported CNI result version "abc"'):
        bench.runtime.add(bench.one(version="abc"), ATTACHMENT)
    assert bench.calls() == [("ADD", "one"), ("DEL", "one")]
