"""What a plugin is given, and what is made of its answer."""

from __future__ import annotations

import os
import time

import pytest

from cnictl.child import CannotRun
from cnictl.cni_path import NotFound
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.failure import PluginFailed
from cnictl.runtime.plugin import Plugins
from tests.protocol.runtime.conftest import ATTACHMENT

VARIABLES = ("CNI_COMMAND", "CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_ARGS", "CNI_PATH")
PRINT_ENVIRONMENT = 'for v in $(env | grep -o "^CNI_[A-Z]*" | sort); do eval "echo $v=\\$$v"; done; cat >&2'


def test_six_variables_reach_the_plugin(bench):
    """EX5, EX16: they replace inherited ones, and the rest of the environment passes through."""
    bench.script("show", PRINT_ENVIRONMENT + '; echo "OTHER=$OTHER TRACEPARENT=$TRACEPARENT"')
    inherited = {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": "wrong",
        "CNI_ARGS": "wrong=1",
        "OTHER": "kept",
        "TRACEPARENT": "00-1-2-01",
    }
    plugins = Plugins([str(bench.bin), "/opt/cni/bin"], environment=inherited)
    attachment = Attachment("cid", "/ns", "eth1", (("IgnoreUnknown", "1"), ("K", "")))
    done = plugins.execute("show", "ADD", b"the stdin", attachment)
    assert done.stdout.decode().splitlines() == [
        "CNI_ARGS=IgnoreUnknown=1;K=",
        "CNI_COMMAND=ADD",
        "CNI_CONTAINERID=cid",
        "CNI_IFNAME=eth1",
        "CNI_NETNS=/ns",
        f"CNI_PATH={bench.bin}:/opt/cni/bin",
        "OTHER=kept TRACEPARENT=00-1-2-01",
    ]
    assert done.stderr == b"the stdin"
    assert {f"{key}={value}" for key, value in done.environment.items()} == {
        *done.stdout.decode().splitlines()[:6]
    }
    assert inherited["CNI_COMMAND"] == "wrong"


@pytest.mark.parametrize(
    ("verb", "values"),
    [
        ("GC", ("GC", "", "", "", "", "{bin}")),
        ("STATUS", ("STATUS", "", "", "", "", "{bin}")),
        ("VERSION", ("VERSION", "", "dummy", "dummy", "", "dummy")),
    ],
)
def test_verbs_without_an_attachment_have_all_variables_too(bench, verb, values):
    """Empty, or libcni's dummies for VERSION."""
    bench.script("show", PRINT_ENVIRONMENT)
    done = bench.runtime.plugins.execute("show", verb, b"")
    expected = {f"{key}={value.format(bin=bench.bin)}" for key, value in zip(VARIABLES, values, strict=True)}
    assert set(done.stdout.decode().splitlines()) == expected


def test_the_record_of_a_run_can_repeat_it(bench):
    """Plugin, verb, path, stdin, what it wrote, how it ended, how long it took."""
    path = bench.script("plugin", "sleep 0.1; echo out; echo err >&2; exit 3")
    done = bench.runtime.plugins.execute("plugin", "DEL", b"{}", ATTACHMENT)
    assert (done.plugin, done.verb, done.path, done.stdin) == ("plugin", "DEL", path, b"{}")
    assert (done.stdout, done.stderr, done.status) == (b"out\n", b"err\n", 3)
    assert 0.1 <= done.seconds < 5


def test_stderr_is_streamed_with_the_plugins_name(bench):
    """EX6: also when it fails."""
    seen = []
    bench.script("plugin", "echo some words >&2; exit 1")
    runtime = bench.with_plugins(on_stderr=lambda plugin, data: seen.append((plugin, data)))
    runtime.plugins.execute("plugin", "ADD", b"{}", ATTACHMENT)
    assert seen == [("plugin", b"some words\n")]


@pytest.mark.parametrize(
    ("body", "code", "message", "details"),
    [
        ('echo \'{"code":7,"msg":"banana","details":"d"}\'; exit 1', 7, "banana", "d"),
        ('echo \'{"Code":7,"MSG":"banana"}\'; echo noise >&2; exit 1', 7, "banana", ""),
        (
            "printf 'some stderr message' >&2; exit 1",
            0,
            'netplugin failed: "some stderr message": exit status 1',
            "",
        ),
        ("exit 1", 0, "netplugin failed with no error message: exit status 1", ""),
        ("kill -11 $$", 0, "netplugin failed with no error message: signal: segmentation fault", ""),
        ("echo null; exit 1", 0, "netplugin failed with no error message: exit status 1", ""),
        ("echo '{\"foo\":1}'; echo why >&2; exit 2", 0, 'netplugin failed: "why\\n": exit status 2', ""),
        ("echo '{\"code\":11}'; exit 1", 11, "netplugin failed with no error message: exit status 1", ""),
        (
            "printf '\\377\\033[31m\"' >&2; exit 1",
            0,
            'netplugin failed: "\\xff\\x1b[31m\\"": exit status 1',
            "",
        ),
    ],
)
def test_a_failing_plugin_gives_an_error_object(bench, body, code, message, details):
    """EX7, EX8, EX9, EX11, EX13: its own, or libcni's words; an empty message says what is known."""
    bench.script("plugin", f"ulimit -c 0; {body}")
    error = bench.runtime.plugins.execute("plugin", "ADD", b"{}", ATTACHMENT).error
    assert error is not None
    assert (error.code, error.msg, error.details) == (code, message, details)


@pytest.mark.parametrize(
    "said", ['{"code":"7"}', '{"code":-1}', "not json", "[]", '{"code":1}{"code":2}', '{"msg":1}']
)
def test_a_failure_that_cannot_be_read_is_quoted(bench, said):
    """EX12: with what is wrong with it, and with stderr, which libcni drops."""
    bench.script("plugin", f"echo '{said}'; echo words >&2; exit 1")
    error = bench.runtime.plugins.execute("plugin", "ADD", b"{}", ATTACHMENT).error
    assert error is not None
    assert error.code == 0
    quoted = said.replace('"', '\\"')
    assert error.msg.startswith(f'netplugin failed but error parsing its diagnostic message "{quoted}\\n": ')
    assert error.details == 'stderr: "words\\n"'


def test_a_plugin_that_takes_too_long_fails(bench):
    """RT29: within the time given to it, with what it said until then."""
    bench.script("slow", "echo waiting >&2; sleep 60")
    bench.script("silent", "sleep 60")
    runtime = bench.with_plugins(timeout=0.3)
    began = time.monotonic()
    slow = runtime.plugins.execute("slow", "ADD", b"{}", ATTACHMENT)
    silent = runtime.plugins.execute("silent", "ADD", b"{}", ATTACHMENT)
    assert time.monotonic() - began < 5
    late = "did not finish within 0.3 seconds and was killed"
    assert str(slow.error) == f'netplugin failed: "waiting\\n": {bench.bin}/slow {late}'
    assert str(silent.error) == f"netplugin failed with no error message: {bench.bin}/silent {late}"
    assert (slow.status, slow.stderr) == (None, b"waiting\n")


def test_a_plugin_that_cannot_start_fails(bench):
    """EX10: with the path and the reason."""
    path = bench.script("plugin", "")
    with open(path, "w", encoding="ascii") as file:
        file.write("#!/no/such/shell\n")
    error = bench.runtime.plugins.execute("plugin", "ADD", b"{}", ATTACHMENT).error
    assert str(error) == (
        f"netplugin failed with no error message: fork/exec {path}: no such file or directory "
        '(its interpreter "/no/such/shell", named on the #! line, does not exist)'
    )


def test_a_nul_byte_in_an_argument_is_an_error_of_ours(bench):
    """No environment can hold one."""
    bench.script("plugin", "")
    done = bench.runtime.plugins.execute("plugin", "DEL", b"{}", Attachment("c", "/a\0b"))
    assert "invalid argument (embedded null byte)" in str(done.error)


def test_a_plugin_that_is_not_there_is_no_execution(bench):
    """RT5: the caller gets libcni's words, or the command that makes a file executable."""
    with pytest.raises(NotFound, match='failed to find plugin "does-not-exist" in path'):
        bench.runtime.plugins.execute("does-not-exist", "ADD", b"{}", ATTACHMENT)
    path = bench.script("plugin", "")
    os.chmod(path, 0o644)
    with pytest.raises(CannotRun) as caught:
        bench.runtime.plugins.execute("plugin", "ADD", b"{}", ATTACHMENT)
    assert caught.value.hint == f"chmod +x {path}"


def test_a_plugin_tells_the_versions_it_supports(bench):
    """RT18: unchecked, and it is asked with the newest version that there is."""
    supported, done = bench.runtime.plugins.version("noop")
    assert supported == ["0.-42.0", "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]
    assert (done.verb, done.stdin) == ("VERSION", b'{"cniVersion":"1.1.0"}')


@pytest.mark.parametrize(
    ("body", "supported"),
    [
        ("""echo '{"cniVersion":"0.2.0"}'""", ["0.1.0", "0.2.0"]),
        ("""echo '{"CNIVersion":"0.2.0","supportedVersions":null}'""", ["0.1.0", "0.2.0"]),
        ("""echo '{"cniVersion":"9","supportedVersions":["x"]}'""", ["x"]),
        ("""echo '{"code":4,"msg":"unknown CNI_COMMAND: VERSION"}'; exit 1""", ["0.1.0"]),
        ("""echo '{"msg":"unknown CNI_COMMAND: VERSION"}'; exit 2""", ["0.1.0"]),
    ],
)
def test_plugins_of_older_days_tell_their_versions_otherwise(bench, body, supported):
    """RT34: 0.2.0 had no list yet, and 0.1.0 no VERSION."""
    bench.script("plugin", body)
    assert bench.runtime.plugins.version("plugin")[0] == supported


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("echo rubbish", "decoding version info: "),
        ("exit 0", "decoding version info: unexpected end of JSON input"),
        ("echo '[]'", "decoding version info: expected an object"),
        ("echo '{}'", "decoding version info: missing field cniVersion"),
        ("""echo '{"cniVersion":"1.0.0"}'""", "decoding version info: missing field supportedVersions"),
        ("""echo '{"cniVersion":"1.0.0","supportedVersions":"1.0.0"}'""", "decoding version info: key"),
        (
            """echo '{"msg":"unknown CNI_COMMAND: VERSION","details":"d"}'; exit 1""",
            "unknown CNI_COMMAND: VERSION; d",
        ),
        ("echo nope >&2; exit 1", 'netplugin failed: "nope\\n": exit status 1'),
    ],
)
def test_an_answer_to_version_that_is_none_is_an_error(bench, body, text):
    """And it names the plugin."""
    bench.script("plugin", body)
    with pytest.raises(PluginFailed) as caught:
        bench.runtime.plugins.version("plugin")
    assert str(caught.value).startswith(f'plugin type="plugin" failed (version): {text}')
    assert caught.value.execution is not None
