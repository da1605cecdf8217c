"""CHECK, DEL, STATUS and validation over a list of plugins."""

from __future__ import annotations

import json

import pytest

from cnictl.runtime.attachment import Attachment
from cnictl.runtime.failure import CacheFailed, CheckUnsupported, Failures, Invalid, PluginFailed
from cnictl.spec.errors import CnictlError, CniError
from tests.protocol.runtime.conftest import ATTACHMENT, OLD_RESULT, RESULT


def test_check_asks_every_plugin_with_the_cached_result(bench):
    """RT10, RT23: the final one, for all."""
    network = bench.three()
    bench.runtime.add(network, ATTACHMENT)
    bench.forget()
    bench.runtime.check(network, ATTACHMENT)
    assert bench.calls() == [("CHECK", "first"), ("CHECK", "second"), ("CHECK", "third")]
    final = {"cniVersion": "1.1.0", "dns": {"nameservers": ["1.2.3.4"]}, "ips": [{"address": "10.1.2.3/24"}]}
    assert [stdin["prevResult"] for stdin in bench.stdins()] == [final] * 3


def test_the_first_plugin_that_finds_something_wrong_ends_check(bench):
    """With its own code."""
    network = bench.network(
        bench.debug("first", ReportError="gone", ReportErrorCode=150), bench.debug("second")
    )
    with pytest.raises(PluginFailed) as caught:
        bench.runtime.check(network, ATTACHMENT)
    assert str(caught.value) == 'plugin type="noop" failed (check): gone'
    assert caught.value.error.code == 150
    assert bench.calls() == [("CHECK", "first")]


@pytest.mark.parametrize("verb", ["check", "delete"])
def test_a_bare_result_in_the_cache_is_prev_result(bench, verb):
    """RT8: as older runtimes wrote it; nothing of the cache's own leaks."""
    bench.remember(json.dumps(RESULT))
    network = bench.one()
    getattr(bench.runtime, verb)(network, ATTACHMENT)
    (stdin,) = bench.stdins()
    injected = {"name": "apitest", "cniVersion": "1.1.0"}
    assert stdin == {**network.plugins[0].members, **injected, "prevResult": RESULT}


def test_an_older_cached_result_comes_in_the_version_of_the_list(bench):
    """RT12."""
    bench.remember(json.dumps({**OLD_RESULT, "cniVersion": "0.3.1"}))
    bench.runtime.check(bench.one(), ATTACHMENT)
    assert bench.stdins()[0]["prevResult"] == RESULT


@pytest.mark.parametrize("keys", [{}, {"disableCheck": True}])
def test_check_needs_a_version_that_has_it(bench, keys):
    """RT9, RT41: before anything else is looked at."""
    network = bench.network(bench.debug("one"), version="0.3.1", **keys)
    with pytest.raises(CheckUnsupported) as caught:
        bench.runtime.check(network, ATTACHMENT)
    assert str(caught.value) == 'configuration version "0.3.1" does not support the CHECK command'
    assert bench.calls() == []


def test_check_of_a_version_that_is_none_is_an_error(bench):
    """RT40."""
    with pytest.raises(CniError, match="failed to convert major version part"):
        bench.runtime.check(bench.one(version="abc"), ATTACHMENT)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("adfadsfasdfasfdsafaf", "decoding version from network config: "),
        ('{"cniVersion":"0.4567.0"}', 'unsupported CNI result version "0.4567.0"'),
    ],
)
def test_check_does_not_guess_what_the_cache_meant(bench, content, text):
    """RT11, RT13."""
    bench.remember(content)
    with pytest.raises(CacheFailed) as caught:
        bench.runtime.check(bench.one(), ATTACHMENT)
    assert str(caught.value).startswith('failed to get network "apitest" cached result: cannot understand /')
    assert text in str(caught.value)
    assert bench.calls() == []


def test_check_without_a_cache_asks_without_prev_result(bench):
    """RT38: and says so."""
    report = bench.runtime.check(bench.one(), ATTACHMENT)
    assert "prevResult" not in bench.stdins()[0]
    assert report.warnings == ("no cached result: the plugins were asked without prevResult",)


def test_check_can_be_disabled(bench):
    """RT24."""
    report = bench.runtime.check(bench.network(bench.debug("one"), disableCheck=True), ATTACHMENT)
    assert report.executions == ()
    assert bench.calls() == []


def test_check_and_del_keep_within_the_cache(bench):
    """Names that lead elsewhere are refused before anything is run."""
    for attachment in (Attachment("../../etc/passwd"), Attachment("c", ifname="../x")):
        for verb in (bench.runtime.check, bench.runtime.delete):
            with pytest.raises(CnictlError):
                verb(bench.one(), attachment)
    for verb in (bench.runtime.check, bench.runtime.delete):
        with pytest.raises(CnictlError):
            verb(bench.one().replace(name="../x"), ATTACHMENT)
    assert bench.calls() == []


def test_del_goes_backwards_and_forgets(bench):
    """RT14, RT25: every plugin gets the final result, and then there is nothing left in the cache."""
    network = bench.three()
    bench.runtime.add(network, ATTACHMENT)
    bench.forget()
    bench.runtime.delete(network, ATTACHMENT)
    assert bench.calls() == [("DEL", "third"), ("DEL", "second"), ("DEL", "first")]
    assert all(stdin["prevResult"]["dns"] == {"nameservers": ["1.2.3.4"]} for stdin in bench.stdins())
    assert bench.cache.result("apitest", "1.1.0", ATTACHMENT) is None
    assert bench.cache.config("apitest", ATTACHMENT) is None
    assert bench.cache.listing().attachments == []


def test_del_of_nothing_succeeds(bench):
    """RT15, RT25: without prevResult, unless the file has one."""
    network = bench.network(
        bench.debug("first"), {**bench.debug("second"), "prevResult": {"cniVersion": "1.1.0"}}
    )
    bench.runtime.delete(network, ATTACHMENT)
    bench.runtime.delete(network, ATTACHMENT)
    assert [stdin.get("prevResult") for stdin in bench.stdins()] == [{"cniVersion": "1.1.0"}, None] * 2


@pytest.mark.parametrize("version", ["0.3.1", "abc"])
def test_versions_before_0_4_have_no_prev_result_on_del(bench, version):
    """RT16, RT40: one that cannot be read counts as old, and the attachment is still deleted."""
    bench.remember(json.dumps(RESULT))
    bench.runtime.delete(bench.one(version=version), ATTACHMENT)
    assert "prevResult" not in bench.stdins()[0]
    assert not bench.cache_file.exists()


@pytest.mark.parametrize(
    "content", ["adfadsfasdfasfdsafaf", "", '{"cniVersion":"0.4567.0"}', '{"kind":"other"}']
)
def test_a_cache_that_cannot_be_read_does_not_stop_del(bench, content):
    """RT13, RT17: a file that a crash left empty would keep a pod from ever going away."""
    bench.remember(content)
    report = bench.runtime.delete(bench.one(), ATTACHMENT)
    assert bench.calls() == [("DEL", "one")]
    assert "prevResult" not in bench.stdins()[0]
    assert not bench.cache_file.exists()
    assert report.warnings[0].startswith("DEL goes without the cached result: ")


def test_the_first_failure_ends_del_and_the_cache_remembers(bench):
    """CNI spec, "Lifecycle & Ordering": so that DEL can be tried again."""
    network = bench.network(bench.debug("first"), bench.debug("second", ReportError="busy"))
    bench.remember(json.dumps(RESULT))
    with pytest.raises(PluginFailed, match='plugin type="noop" failed \\(delete\\): busy'):
        bench.runtime.delete(network, ATTACHMENT)
    assert bench.calls() == [("DEL", "second")]
    assert bench.cache_file.exists()


def test_del_can_go_on_past_failures(bench):
    """One failure is raised as it is, several with a line each."""
    network = bench.network(bench.debug("first", ReportError="busy"), {"type": "nope"}, bench.debug("third"))
    bench.remember(json.dumps(RESULT))
    with pytest.raises(Failures) as caught:
        bench.runtime.delete(network, ATTACHMENT, keep_going=True)
    assert bench.calls() == [("DEL", "third"), ("DEL", "first")]
    assert str(caught.value).splitlines() == [
        f'plugin type="nope" failed (delete): failed to find plugin "nope" in path [{bench.bin}]',
        'plugin type="noop" failed (delete): busy',
    ]
    assert [done.status for done in caught.value.executions] == [0, 1]
    assert bench.cache_file.exists()
    with pytest.raises(PluginFailed):
        bench.runtime.delete(
            bench.network(bench.debug("a"), bench.debug("b", ReportError="x")), ATTACHMENT, keep_going=True
        )


def test_del_with_empty_parameters_reaches_the_plugin(bench):
    """RT39: which knows best what it can still do."""
    bench.runtime.delete(bench.one(), Attachment("", "", ""))
    args = bench.logged()[0]["CmdArgs"]
    assert (args["ContainerID"], args["Netns"], args["IfName"]) == ("", "", "")


def test_plugins_of_the_first_days_work(bench):
    """RT34: no version anywhere; the result is of 0.1.0, and DEL works."""
    bench.script("old", 'cat > /dev/null; [ $CNI_COMMAND = DEL ] || echo \'{"ip4":{"ip":"10.1.2.3/24"}}\'')
    network = bench.network({"type": "old"}, version="")
    result = bench.runtime.add(network, ATTACHMENT).result
    assert result is not None
    assert result.members() == {"cniVersion": "0.1.0", "ip4": {"ip": "10.1.2.3/24"}, "dns": {}}
    bench.runtime.delete(network, ATTACHMENT)


def test_status_ends_at_the_first_plugin_that_is_not_ready(bench):
    """RT28: its code says what kind of not ready it is."""
    ready = bench.network(bench.debug("first"), bench.debug("second"))
    assert len(bench.runtime.status(ready).executions) == 2
    assert bench.stdins()[0] == {**ready.plugins[0].members, "name": "apitest", "cniVersion": "1.1.0"}
    bench.forget()
    network = bench.network(
        bench.debug("first"),
        bench.debug("second", ReportError="plugin not ready", ReportErrorCode=50),
        bench.debug("third"),
    )
    with pytest.raises(PluginFailed) as caught:
        bench.runtime.status(network)
    assert caught.value.error.code == 50
    assert bench.calls() == [("STATUS", "first"), ("STATUS", "second")]


@pytest.mark.parametrize("version", ["1.0.0", "abc", ""])
def test_status_of_older_versions_runs_nothing(bench, version):
    """RT40: they have no such verb."""
    assert bench.runtime.status(bench.one(version=version)).executions == ()
    assert bench.calls() == []


def test_validate_asks_for_plugins_and_versions(bench):
    """RT3, RT19, RT26: to the letter, and all that is missing at once."""
    good = bench.three()
    assert [done.verb for done in bench.runtime.validate(good).executions] == ["VERSION"] * 3
    assert good.capabilities == {"portMappings", "otherCapability"}
    bench.runtime.validate(bench.one(version=""))
    with pytest.raises(Invalid) as caught:
        bench.runtime.validate(bench.network({"type": "noop"}, {"type": "nope"}))
    assert str(caught.value) == f'[failed to find plugin "nope" in path [{bench.bin}]]'
    with pytest.raises(Invalid) as caught:
        bench.runtime.validate(bench.network({"type": "noop"}, {"type": "noop"}, version="broken"))
    text = 'plugin noop does not support config version "broken"'
    assert str(caught.value) == f"[{text} {text}]"
    with pytest.raises(Invalid):
        bench.runtime.validate(bench.one(version="1.0"))


def test_every_operation_has_a_time_limit(bench):
    """RT29: for each plugin."""
    bench.script("sleep", "exec sleep 60")
    runtime = bench.with_plugins(timeout=0.2)
    network = bench.network({"type": "sleep"})
    for operation in (
        lambda: runtime.add(network, ATTACHMENT, rollback=False),
        lambda: runtime.check(network, ATTACHMENT),
        lambda: runtime.delete(network, ATTACHMENT),
        lambda: runtime.status(network),
        lambda: runtime.validate(network),
        lambda: runtime.gc(network, []),
    ):
        with pytest.raises(
            CnictlError, match=r"netplugin failed with no error message: .* within 0.2 seconds"
        ):
            operation()
