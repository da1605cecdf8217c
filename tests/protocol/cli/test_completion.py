"""Completion, driven from real shells at a terminal."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pexpect
import pytest

from cnictl import configuration
from cnictl.cli import complete
from cnictl.runtime import cache
from tests.conftest import unavailable
from tests.protocol.cli.conftest import CNICTL

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "completions"
PROMPT = "READY> "
SPELLED = "'REA''DY> '"
"""The prompt as it is set, which looks otherwise while it is being typed."""
SHELLS = {
    "bash": (["--norc", "--noprofile", "-i"], f"PS1={SPELLED}; source {SCRIPTS}/cnictl.bash"),
    "zsh": (
        ["-f", "-i"],
        f"PROMPT={SPELLED}; fpath=($SITE $fpath); autoload -Uz compinit; compinit -u -d $SITE/dump",
    ),
    "fish": (
        ["--no-config", "-i"],
        f"function fish_prompt; echo -n {SPELLED}; end; source {SCRIPTS}/cnictl.fish",
    ),
}
SHIM = f"""\
#!/bin/sh
[ "$1" = --complete ] && exec {CNICTL} "$@"
[ "$1" = node ] && exec {CNICTL} "$@"
printf 'GOT'; printf ' <%s>' "$@"; echo
"""
"""A cnictl that shows what the shell made of a line, and answers the shell as the real one does."""

NODE = """\
mkdir -p /etc/cni/net.d /run/netns /var/lib/cni/results
cp {examples}/portmap.conflist /etc/cni/net.d/10-published.conflist
echo broken > /etc/cni/net.d/20-broken.conflist
touch /run/netns/blue /run/netns/green
echo '{attachment}' > /var/lib/cni/results/published-4f2a9c-eth0
exec "$@"
"""
ATTACHMENT = json.dumps({"kind": "cniCacheV1", "containerId": "4f2a9c", "networkName": "published"})

CASES = [
    ("vali", ["validate"]),
    ("netns n", ["netns", "new"]),
    ("attachments sh", ["attachments", "show"]),
    ("add publ", ["add", "published"]),
    ("add published bl", ["add", "published", "blue"]),
    ("del -i eth0 publ", ["del", "-i", "eth0", "published"]),
    ("netns rm blue gr", ["netns", "rm", "blue", "green"]),
    ("exec portm", ["exec", "portmap"]),
    ("exec portmap VER", ["exec", "portmap", "VERSION"]),
    ("attachments show 4f", ["attachments", "show", "4f2a9c"]),
    ("check --container-id 4f", ["check", "--container-id", "4f2a9c"]),
    ("add --conf-d", ["add", "--conf-dir"]),
    ("add -o js", ["add", "-o", "json"]),
    ("add --output=js", ["add", "--output=json"]),
    ("conf ls --runtime cont", ["conf", "ls", "--runtime", "containerd"]),
    ("schema host-l", ["schema", "host-local"]),
    ("validate /etc/cni/net.d/10", ["validate", "/etc/cni/net.d/10-published.conflist"]),
    ("add --conf-dir /nowhere publ", ["add", "--conf-dir", "/nowhere", "publ"]),
]


class Shell:
    """A shell at a terminal, on a node of its own, with the completion loaded."""

    def __init__(self, name: str, directory: Path, plugins: str) -> None:
        program = shutil.which(name)
        if program is None:
            unavailable(f"no program {name!r} (package {name})")
        shim = directory / "cnictl"
        shim.write_text(SHIM)
        shim.chmod(0o755)
        shutil.copy(SCRIPTS / "_cnictl", directory)
        (directory / "plugins").mkdir()
        for plugin in ("portmap", "tuning"):
            shutil.copy(f"{plugins}/{plugin}", directory / "plugins")
        arguments, setup = SHELLS[name]
        script = NODE.format(examples=ROOT / "testdata" / "examples", attachment=ATTACHMENT)
        environment = {
            "PATH": f"{directory}:{os.environ['PATH']}",
            "HOME": str(directory),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            "CNI_PATH": str(directory / "plugins"),
            "SITE": str(directory),
        }
        self.terminal = pexpect.spawn(
            CNICTL, ["node", "--", "sh", "-c", script, "sh", program, *arguments],
            env=environment, encoding="utf-8", timeout=20, dimensions=(50, 200), cwd=str(directory),
        )  # fmt: skip
        self.terminal.expect("[#$%>] ")  # a shell may throw away what was typed before it reads
        self.terminal.send(f"{setup}\r")
        self.run("ready")

    def run(self, words: str) -> list[str]:
        """Complete the last word, press Enter, and give what cnictl was called with."""
        self.terminal.expect_exact(PROMPT)
        self.terminal.send(f"cnictl {words}\t\r")
        self.terminal.expect(r"GOT((?: <[^>\r\n]*>)*)\r?\n")
        found = self.terminal.match
        assert isinstance(found, re.Match)
        return [one[1:-1] for one in found[1].split()]

    def close(self) -> None:
        self.terminal.close(force=True)


@pytest.fixture(scope="module")
def shell(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, plugins_dir: str
) -> Iterator[Shell]:
    opened = Shell(request.param, tmp_path_factory.mktemp(request.param), plugins_dir)
    yield opened
    opened.close()


@pytest.mark.parametrize("shell", SHELLS, indirect=True)
@pytest.mark.parametrize(("typed", "words"), CASES, ids=[typed for typed, _ in CASES])
def test_a_word_is_completed(shell: Shell, typed: str, words: list[str]):
    """Commands, options, fixed values, and the names that there are on the node."""
    assert shell.run(typed) == words


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., list[str]]:
    """What a shell is told, in an environment of the test's own."""

    def run(*words: str, **variables: str) -> list[str]:
        done = subprocess.run(
            [CNICTL, "--complete", *words], env={"LANG": "C.UTF-8", **variables}, cwd=tmp_path,
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        assert done.stderr == ""
        return done.stdout.splitlines()

    return run


class TestAnswers:
    """What `cnictl --complete` says."""

    def test_networks_are_those_of_the_directory(self, ask, tmp_path: Path):
        """By their names, whatever the files are called; what is broken or has no name is left out."""
        for file, text in {
            "a.conflist": '{"name": "web"}', "b.conf": '{"NAME": "old"}', "c.conf": '{"name": "$(reboot)"}',
            "d.conflist": "{", "e.txt": '{"name": "other"}', "f.json": "[]", "g.conf": "{}",
        }.items():  # fmt: skip
            (tmp_path / file).write_text(text)
        assert ask("network", "", NETCONFPATH=str(tmp_path)) == ["old", "web"]
        assert ask("network", "w", "add", "--conf-dir", str(tmp_path)) == ["web"]
        assert ask("network", "w", "add", f"--conf-dir={tmp_path}") == ["web"]

    def test_plugins_are_the_programs_in_the_path(self, ask, tmp_path: Path):
        """What cannot be run is none."""
        for name, mode in (("bridge", 0o755), ("README", 0o644)):
            (tmp_path / name).write_text("")
            (tmp_path / name).chmod(mode)
        (tmp_path / "sub").mkdir()
        assert ask("plugin", "", CNI_PATH=f"/nowhere:{tmp_path}") == ["bridge"]
        assert ask("plugin", "", "exec", "--cni-path", str(tmp_path), CNI_PATH="/nowhere") == ["bridge"]

    def test_containers_are_those_of_the_cache(self, ask, tmp_path: Path):
        """Once each, whatever else is in the directory."""
        (tmp_path / "results").mkdir()
        for file, text in {
            "n-c1-eth0": '{"containerId": "c1"}', "n-c1-eth1": '{"containerId": "c1"}', "x": "junk",
            "n-c2-eth0": '{"containerId": "c2\\u001b[2J"}',
        }.items():  # fmt: skip
            (tmp_path / "results" / file).write_text(text)
        assert ask("container", "", "check", "--cache-dir", str(tmp_path)) == ["c1"]

    @pytest.mark.parametrize(
        "words", [(), ("",), ("nonsense", "x"), ("network",), ("network", "x", "--conf-dir")]
    )
    def test_a_strange_question_has_no_answer(self, ask, words: tuple[str, ...]):
        """A person at a prompt must not be shown errors."""
        assert ask(*words, NETCONFPATH="/nowhere") == []

    def test_the_usual_places_are_those_of_the_commands(self):
        """They are written down twice, because the commands take too long to load."""
        assert (complete.CONF_DIR, complete.CACHE_DIR) == (
            configuration.DEFAULT_DIRECTORY,
            cache.DEFAULT_DIRECTORY,
        )

    def test_nothing_heavy_is_loaded(self):
        """An answer is wanted before a finger is off the key."""
        code = (
            "import sys; from cnictl.cli.main import main; sys.argv[1:] = ['--complete', 'network'];"
            "main(); print(*sys.modules, file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        loaded = set(done.stderr.split())
        assert "cnictl.cli.complete" in loaded
        assert (
            loaded & {"typer", "rich", "yaml", "pyroute2", "dataclasses", "subprocess", "cnictl.plugin.skel"}
            == set()
        )

    def test_an_answer_takes_less_than_150_milliseconds(self, tmp_path: Path):
        """With a hundred attachments.

        Counted is what the processor spent, and the best of five, as others may keep it busy.
        """
        (tmp_path / "results").mkdir()
        for i in range(100):
            members = {
                "containerId": f"c{i}",
                "config": "x" * 2000,
                "result": {"ips": [{"address": "10.1.2.3/24"}] * 4},
            }
            (tmp_path / "results" / f"n-c{i}-eth0").write_text(json.dumps(members))
        taken = []
        for _ in range(5):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(
                [CNICTL, "--complete", "container", "c", "check", "--cache-dir", tmp_path],
                check=True,
                capture_output=True,
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            taken.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
            assert len(done.stdout.split()) == 100
        assert min(taken) < 0.15, taken
