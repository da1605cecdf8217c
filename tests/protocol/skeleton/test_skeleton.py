"""What every plugin does before and after its own work, seen from outside."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from cnictl_plugins.multicall import PROGRAMS

DOUBLE = Path(__file__).with_name("double.py")
NETNS = "/some/netns/path"
ENVIRONMENT = {
    "CNI_COMMAND": "ADD",
    "CNI_CONTAINERID": "some-container-id",
    "CNI_NETNS": NETNS,
    "CNI_IFNAME": "eth0",
    "CNI_ARGS": "some;extra;args",
    "CNI_PATH": "/some/cni/path",
}
CONFIG = '{"name":"skel-test","type":"double","some":"config","cniVersion":"1.1.0"}'


class Answer:
    """What the plugin said: `error` is its error object, empty when it succeeded."""

    def __init__(self, done: subprocess.CompletedProcess[str]) -> None:
        self.status = done.returncode
        self.stdout = done.stdout
        self.stderr = done.stderr
        self.error: dict[str, Any] = json.loads(done.stdout) if done.returncode == 1 else {}

    @property
    def calls(self) -> list[str]:
        """The handlers that were called."""
        return [line.split()[1] for line in self.stderr.splitlines() if line.startswith("called:")]


def call(
    stdin: str | bytes = CONFIG, told: Any = None, log: str | None = None, **changes: str | None
) -> Answer:
    """Run the double with the base environment and some changes to it; None takes a variable out.

    The changes are to the protocol's variables, `log` is CNICTL_LOG.
    """
    environment = {**ENVIRONMENT, **{f"CNI_{name}": value for name, value in changes.items()}}
    given = {name: value for name, value in environment.items() if value is not None}
    done = subprocess.run(
        [sys.executable, str(DOUBLE)],
        input=stdin if isinstance(stdin, bytes) else stdin.encode(),
        capture_output=True,
        env={
            **given,
            "DOUBLE": json.dumps(told or {}),
            "PATH": os.environ["PATH"],
            **({"CNICTL_LOG": log} if log else {}),
        },
        check=False,
        timeout=20,
    )
    return Answer(
        subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    )


def config(**changes: Any) -> str:
    """The base configuration with some keys changed; None takes one out."""
    members = {**json.loads(CONFIG), **changes}
    return json.dumps({key: value for key, value in members.items() if value is not None})


def test_the_handler_gets_all_values_and_the_bytes_of_stdin() -> None:
    """ADD calls its handler once, with CNI_ARGS as they are and stdin untouched."""
    answer = call()
    assert answer.status == 0
    said = json.loads(answer.stderr.removeprefix("called: add "))
    assert said == ["some-container-id", NETNS, "eth0", "some;extra;args", "/some/cni/path", CONFIG]
    assert json.loads(answer.stdout) == {"cniVersion": "1.1.0"}


@pytest.mark.parametrize(
    ("command", "handler"),
    [("ADD", "add"), ("DEL", "delete"), ("CHECK", "declare"), ("STATUS", "status")],
)
def test_each_command_has_its_handler(command: str, handler: str) -> None:
    """A command calls its own handler and no other."""
    answer = call(COMMAND=command)
    assert (answer.status, answer.calls) == (0, [handler])


@pytest.mark.parametrize("command", ["ADD", "CHECK", "DEL", "GC", "STATUS"])
@pytest.mark.parametrize("variable", ["CONTAINERID", "NETNS", "IFNAME", "PATH", "ARGS"])
@pytest.mark.parametrize("value", [None, ""], ids=["unset", "empty"])
def test_what_a_command_needs_must_be_there(command: str, variable: str, value: str | None) -> None:
    """A missing or empty variable is an error of code 4 that names it; one not needed is not missed."""
    needed = {
        "ADD": {"CONTAINERID", "NETNS", "IFNAME", "PATH"},
        "CHECK": {"CONTAINERID", "NETNS", "IFNAME", "PATH"},
        "DEL": {"CONTAINERID", "IFNAME", "PATH"},
        "GC": {"PATH"},
        "STATUS": {"PATH"},
    }
    answer = call(CONFIG, None, COMMAND=command, **{variable: value})
    if variable in needed[command]:
        assert answer.error == {"code": 4, "msg": f"required env variables [CNI_{variable}] missing"}
        assert not answer.calls
    else:
        assert answer.status == 0


def test_several_missing_variables_are_named_together() -> None:
    """The names stand in the protocol's order, with bare commas."""
    answer = call(PATH=None, NETNS="", IFNAME=None)
    assert answer.error["msg"] == "required env variables [CNI_NETNS,CNI_IFNAME,CNI_PATH] missing"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"CONTAINERID": "some-%%container-id"},
            {"code": 4, "msg": "invalid characters in containerID", "details": "some-%%container-id"},
        ),
        (
            {"IFNAME": "1234567890123456"},
            {
                "code": 4,
                "msg": "interface name is too long",
                "details": "interface name should be less than 16 characters",
            },
        ),
        ({"IFNAME": "."}, {"code": 4, "msg": "interface name is . or .."}),
        ({"IFNAME": ".."}, {"code": 4, "msg": "interface name is . or .."}),
        *(
            (
                {"IFNAME": name},
                {"code": 4, "msg": "interface name contains / or : or whitespace characters"},
            )
            for name in ("test/test", "test:test", "test test", "a\nb")
        ),
        (
            {"CONTAINERID": "../../etc", "PATH": None},
            {"code": 4, "msg": "invalid characters in containerID", "details": "../../etc"},
        ),
        (
            {"CONTAINERID": None, "IFNAME": "a/b"},
            {"code": 4, "msg": "interface name contains / or : or whitespace characters"},
        ),
    ],
    ids=[
        "container id",
        "16 characters",
        "dot",
        "dots",
        "slash",
        "colon",
        "blank",
        "newline",
        "path as id, before what is missing",
        "slash, before what is missing",
    ],
)
def test_names_that_cannot_be_are_refused(changes: dict[str, str | None], error: dict[str, Any]) -> None:
    """An impossible name is reported at once, even if variables are missing."""
    answer = call(CONFIG, None, **changes)
    assert answer.error == error
    assert not answer.calls


@pytest.mark.parametrize(
    ("stdin", "code", "message"),
    [
        ("", 6, "error unmarshall network config: unexpected end of JSON input"),
        ("[]", 6, "error unmarshall network config: "),
        ("{", 6, "error unmarshall network config: "),
        ('{"name":"a"}x', 6, "error unmarshall network config: "),
        ('{"name":5}', 6, "error unmarshall network config: "),
        ("[" * 1000 + "]" * 1000, 6, "error unmarshall network config: nested deeper"),
        ("null", 7, "missing network name"),
        ("{}", 7, "missing network name"),
        ('{"name":""}', 7, "missing network name"),
        ('{"name":"te%%st"}', 7, "invalid characters found in network name"),
        ('{"name":"../x"}', 7, "invalid characters found in network name"),
        ('{"name":"a\\u001b[31m"}', 7, "invalid characters found in network name"),
        ('{"name":"a","cniVersion":1}', 6, "decoding version from network config: "),
    ],
)
@pytest.mark.parametrize("command", ["ADD", "CHECK"])
def test_a_configuration_that_cannot_be_read_is_refused(
    command: str, stdin: str, code: int, message: str
) -> None:
    """What is no JSON object is of code 6, one without a proper name of code 7."""
    answer = call(stdin, COMMAND=command)
    assert answer.error["code"] == code
    assert answer.error["msg"].startswith(message)
    assert not answer.calls


@pytest.mark.parametrize("redirection", ["<&-", "0>/dev/null"], ids=["closed", "write-only"])
@pytest.mark.parametrize(
    ("command", "status", "stdout"),
    [
        ("VERSION", 0, '"supportedVersions"'),
        ("ADD", 1, '"code": 5,\n    "msg": "error reading from stdin: bad file descriptor"'),
        ("CHECK", 1, '"code": 5,\n    "msg": "error reading from stdin: bad file descriptor"'),
    ],
)
def test_a_stdin_that_cannot_be_read(command: str, status: int, stdout: str, redirection: str) -> None:
    """Is an error of I/O; VERSION does not look at it."""
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, str(DOUBLE)],
        capture_output=True,
        text=True,
        env={**ENVIRONMENT, "CNI_COMMAND": command, "PATH": os.environ["PATH"]},
        check=False,
        timeout=20,
    )
    assert done.returncode == status
    assert stdout in done.stdout
    assert "called:" not in done.stderr


@pytest.mark.parametrize("command", ["CHECK", "GC", "STATUS"])
def test_the_name_is_looked_at_before_the_version(command: str) -> None:
    """A configuration with an impossible name is none, whatever its version would allow."""
    answer = call(config(name="te%%st", cniVersion="0.1.0"), COMMAND=command)
    assert (answer.error["code"], answer.error["details"]) == (7, "te%%st")


def test_ten_megabytes_of_configuration_are_read() -> None:
    """Size alone is no reason to refuse."""
    assert call(config(padding="x" * 10_000_000)).status == 0


@pytest.mark.parametrize(
    ("command", "stdin", "code", "message"),
    [
        ("NOPE", CONFIG, 4, "unknown CNI_COMMAND: NOPE"),
        ("add", CONFIG, 4, "unknown CNI_COMMAND: add"),
        ("NOPE", "", 6, "error unmarshall network config: unexpected end of JSON input"),
        ("NOPE", "{}", 7, "missing network name"),
    ],
)
def test_an_unknown_command_is_looked_at_after_the_configuration(
    command: str, stdin: str, code: int, message: str
) -> None:
    """Commands are in upper case, and the configuration is validated before them."""
    answer = call(stdin, COMMAND=command)
    assert (answer.error["code"], answer.error["msg"]) == (code, message)


@pytest.mark.parametrize("command", ["CHECK", "GC", "STATUS"])
def test_commands_need_the_version_that_brought_them(command: str) -> None:
    """CHECK came with 0.4.0, GC and STATUS with 1.1.0."""
    before = "0.3.1" if command == "CHECK" else "1.0.0"
    answer = call(config(cniVersion=before), COMMAND=command)
    assert answer.error["code"] == 1
    assert answer.error["msg"] == f"config version does not allow {command}"


@pytest.mark.parametrize(
    ("command", "version", "supported", "code", "message"),
    [
        ("CHECK", "0.4.0", ["0.1.0", "0.2.0", "0.3.0"], 1, "plugin version does not allow CHECK"),
        ("GC", "1.1.0", ["0.1.0", "0.2.0", "0.3.0"], 1, "plugin version does not allow GC"),
        ("CHECK", "adsfsadf", None, 6, "failed to convert major version part"),
        ("CHECK", "1.1.0.0", None, 6, 'invalid version "1.1.0.0": too many parts'),
        ("CHECK", "0.5.0", None, 1, "incompatible CNI versions"),
        ("CHECK", "2.0.0", None, 1, "plugin version does not allow CHECK"),
        ("CHECK", "0.4.0", ["0.1.0", "0.2.0", "adsfasdf"], 6, "failed to convert major version part"),
        ("ADD", "1.2.0", None, 1, "incompatible CNI versions"),
        ("ADD", None, ["4.3.2"], 1, "incompatible CNI versions"),
    ],
)
def test_versions_must_go_together(
    command: str, version: str | None, supported: list[str] | None, code: int, message: str
) -> None:
    """The configuration's version must be one of the plugin's, to the letter."""
    told = {} if supported is None else {"versions": supported}
    answer = call(config(cniVersion=version), told, COMMAND=command)
    assert answer.error["code"] == code
    assert answer.error["msg"].startswith(message)
    assert not answer.calls


def test_a_version_that_does_not_fit_is_shown_beside_those_that_do() -> None:
    """The details name both sides."""
    answer = call(config(cniVersion=None), {"versions": ["1.2.3", "4.3.2"]})
    assert answer.error["details"] == 'config is "0.1.0", plugin supports ["1.2.3" "4.3.2"]'


def test_version_reads_no_stdin() -> None:
    """VERSION answers one compact line, with nothing else in the environment and stdin unread."""
    answer = call(
        b"",
        {"versions": ["9.8.7", "10.0.0"]},
        COMMAND="VERSION",
        CONTAINERID=None,
        NETNS=None,
        IFNAME=None,
        PATH=None,
    )
    assert answer.stdout == '{"cniVersion":"1.1.0","supportedVersions":["9.8.7","10.0.0"]}\n'
    assert not answer.calls


def test_without_a_command_the_plugin_says_what_it_is() -> None:
    """Two lines on stderr, nothing on stdout, and success."""
    answer = call("", COMMAND=None, CONTAINERID="%%%")
    assert (answer.status, answer.stdout) == (0, "")
    about, versions = answer.stderr.splitlines()
    assert about.startswith("CNI double plugin cnictl v")
    assert versions == "CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0"


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ([1234, "insufficient something"], {"code": 1234, "msg": "insufficient something"}),
        ([11, "later", "<busy>"], {"code": 11, "msg": "later", "details": "<busy>"}),
        ("potato", {"code": 999, "msg": "potato"}),
        (errno.EROFS, {"code": 5, "msg": "/some/file: read-only file system"}),
    ],
)
def test_a_failure_is_an_error_object_and_is_undone(error: object, expected: dict[str, Any]) -> None:
    """The plugin's own code and text reach the runtime, and what was made before is taken back."""
    answer = call(told={"error": error})
    assert (answer.status, answer.error) == (1, expected)
    assert answer.stderr.splitlines()[-1] == "undone"


def test_an_error_object_is_printed_as_upstream_does() -> None:
    """Four blanks, the keys in order, HTML characters escaped, no newline at the end."""
    answer = call(told={"error": [7, "bad", "a<b"]})
    assert answer.stdout == '{\n    "code": 7,\n    "msg": "bad",\n    "details": "a\\u003cb"\n}'


def test_a_result_that_cannot_be_converted_is_undone() -> None:
    """A Result without addresses has no form before 0.3.0; nothing of the ADD is left."""
    answer = call(config(cniVersion="0.2.0"), {"answer": "1.1.0"})
    assert answer.error["msg"] == "cannot convert: no valid IP addresses"
    assert answer.stderr.splitlines()[-1] == "undone"


def test_a_result_that_cannot_be_printed_is_undone() -> None:
    """With nobody to take the Result, the runtime cannot know what there is to delete."""
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as closed:
        done = subprocess.run(
            [sys.executable, str(DOUBLE)],
            input=CONFIG.encode(),
            stdout=closed,
            stderr=subprocess.PIPE,
            env={**ENVIRONMENT, "PATH": os.environ["PATH"]},
            check=False,
            timeout=20,
        )
    assert done.returncode == 1
    assert b"undone" in done.stderr


class TestTheNodesOwnNetns:
    """CNI_NETNS must not be the node: the classic cause is /proc/PID/ns/net with a recycled pid."""

    OWN = "/proc/self/ns/net"

    def test_add_refuses_it_before_doing_anything(self) -> None:
        """Nothing is done, and stdout holds one document."""
        answer = call(NETNS=self.OWN)
        assert answer.error["code"] == 8
        assert answer.error["msg"] == "plugin's netns and netns from CNI_NETNS should not be the same"
        assert not answer.calls

    def test_delete_releases_what_is_elsewhere(self) -> None:
        """The handler sees no netns, and DEL succeeds, or it would fail for ever."""
        answer = call(COMMAND="DEL", NETNS=self.OWN)
        assert answer.status == 0
        assert json.loads(answer.stderr.removeprefix("called: delete "))[1] == ""

    @pytest.mark.parametrize("override", ["1", "true", "TrUe"])
    def test_the_override_lets_it_pass(self, override: str) -> None:
        """CNI_NETNS_OVERRIDE says that somebody knows what they do."""
        assert call(NETNS=self.OWN, NETNS_OVERRIDE=override).status == 0

    def test_other_words_do_not_override(self) -> None:
        """Only 1 and true count."""
        assert call(NETNS=self.OWN, NETNS_OVERRIDE="yes").error["code"] == 8

    def test_check_does_not_look(self) -> None:
        """As upstream."""
        assert call(COMMAND="CHECK", NETNS=self.OWN).status == 0


@pytest.mark.parametrize("netns", ["", "/nowhere/at/all", "FILE"])
def test_delete_goes_on_without_a_netns(netns: str, tmp_path: Path) -> None:
    """An empty, vanished or wrong path, as a reboot leaves behind, counts as a namespace that is gone."""
    if netns == "FILE":
        (tmp_path / "ns").touch()
        netns = str(tmp_path / "ns")
    answer = call(COMMAND="DEL", NETNS=netns)
    assert answer.status == 0
    assert answer.calls == ["delete"]


@pytest.mark.parametrize(
    ("given", "calls"),
    [
        ({}, []),
        ({"cni.dev/valid-attachments": None}, ["gc []"]),
        ({"cni.dev/valid-attachments": []}, ["gc []"]),
        (
            {"cni.dev/valid-attachments": [{"containerID": "a", "ifname": "eth0"}]},
            ["gc [('a', 'eth0')]"],
        ),
    ],
    ids=["unsaid", "null", "none", "one"],
)
def test_gc_frees_nothing_unless_it_is_told_what_is_valid(given: dict[str, Any], calls: list[str]) -> None:
    """Absent means that the caller did not say; null and [] mean that nothing is valid."""
    members = {**json.loads(CONFIG), **given}
    answer = call(json.dumps(members), COMMAND="GC", CONTAINERID="%%", IFNAME="")
    assert answer.status == 0
    said = [line.removeprefix("called: ") for line in answer.stderr.splitlines()]
    assert [line[: line.index("]") + 1] for line in said] == calls


def test_a_command_without_a_handler_succeeds() -> None:
    """STATUS of a plugin that has nothing to say is success."""
    answer = call(told={"absent": ["status"]}, COMMAND="STATUS")
    assert (answer.status, answer.stdout) == (0, "")


def test_sigterm_undoes_an_add() -> None:
    """A runtime's time limit does not leave half a network behind."""
    script = (
        "import os, signal, sys; from cnictl.plugin import skel; from cnictl.spec.result import Result\n"
        "def add(request):\n"
        "    request.undo.push(print, 'undone', file=sys.stderr)\n"
        "    os.kill(os.getpid(), signal.SIGTERM)\n"
        "    return Result()\n"
        "nothing = lambda request: None\n"
        "sys.exit(skel.main(skel.Plugin('t', add=add, delete=nothing, declare=nothing)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        input=CONFIG.encode(),
        capture_output=True,
        env={**ENVIRONMENT, "PATH": os.environ["PATH"]},
        check=False,
        timeout=20,
    )
    assert done.returncode == 143
    assert done.stderr == b"undone\n"


class TestLog:
    """logLevel, logFile and CNICTL_LOG."""

    def test_one_line_an_event_goes_to_the_file(self, tmp_path: Path) -> None:
        """Each line names the attachment, and neither stdout nor stderr gets any."""
        file = tmp_path / "log"
        answer = call(config(logLevel="debug", logFile=str(file)))
        assert json.loads(answer.stdout)
        assert [line.split()[1:6] for line in file.read_text().splitlines()] == [
            [
                "level=debug",
                "command=ADD",
                "plugin=double",
                "network=skel-test",
                "container=some-container-id",
            ],
            [
                "level=info",
                "command=ADD",
                "plugin=double",
                "network=skel-test",
                "container=some-container-id",
            ],
        ]
        assert file.stat().st_mode & 0o777 == 0o600

    def test_failures_are_logged(self, tmp_path: Path) -> None:
        """With their code and text, quoted."""
        file = tmp_path / "log"
        call(config(logLevel="error", logFile=str(file)), {"error": [11, 'say "no"']})
        (line,) = file.read_text().splitlines()
        assert line.endswith('event="say \\"no\\"" code=11 details=""')

    def test_nothing_is_logged_unless_asked(self) -> None:
        """Without the keys stderr is silent."""
        assert [line for line in call().stderr.splitlines() if "level=" in line] == []

    def test_a_log_that_cannot_be_written_fails_no_pod(self, tmp_path: Path) -> None:
        """It is said on stderr instead, and a symlink is not followed."""
        (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
        answer = call(config(logFile=str(tmp_path / "link")))
        assert answer.status == 0
        assert "cannot write the log" in answer.stderr
        assert not (tmp_path / "elsewhere").exists()

    def test_a_pipe_that_nobody_reads_is_not_waited_for(self, tmp_path: Path) -> None:
        """A pod must not wait for whoever might read the log."""
        os.mkfifo(tmp_path / "log")
        answer = call(config(logFile=str(tmp_path / "log")))
        assert answer.status == 0
        assert "cannot write the log" in answer.stderr

    def test_the_environment_wins(self, tmp_path: Path) -> None:
        """CNICTL_LOG names a level, and a file if the configuration's is not meant; else it is stderr."""
        for value, file in ((f"debug:{tmp_path}/other", "other"), ("debug", "own"), ("error", "")):
            given = config(logLevel="panic", logFile=str(tmp_path / "own"))
            answer = call(given, log=value)
            assert answer.status == 0
            assert [path.name for path in tmp_path.iterdir()] == [file] * bool(file)
            for path in tmp_path.iterdir():
                assert "event=start" in path.read_text()
                path.unlink()

    @pytest.mark.parametrize("name", PROGRAMS)
    def test_every_plugin_has_it(self, name: str, plugins_dir: str, tmp_path: Path) -> None:
        """The keys are common to all; what a plugin answers on stdout stays what it was."""
        answers = []
        for keys in ({}, {"logLevel": "debug", "logFile": str(tmp_path / "log")}):
            done = subprocess.run(
                [f"{plugins_dir}/{name}"],
                input=json.dumps({"cniVersion": "1.1.0", "name": "n", "type": name, **keys}).encode(),
                env={"CNI_COMMAND": "STATUS", "CNI_PATH": plugins_dir, "PATH": os.environ["PATH"]},
                capture_output=True,
                check=False,
                timeout=20,
            )
            answers.append((done.returncode, done.stdout, done.stderr))
        assert answers[0] == answers[1]
        assert f"plugin={name} network=n event=start" in (tmp_path / "log").read_text()

    def test_an_unknown_level_is_info(self, tmp_path: Path) -> None:
        """A slip in a log level fails no pod either; the log says so."""
        file = tmp_path / "log"
        assert call(config(logLevel="loud", logFile=str(file))).status == 0
        assert 'event="unknown log level, using info"' in file.read_text()
