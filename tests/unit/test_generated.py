"""Pages and completions that are committed are those that would be made today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from cnictl.cli.app import COMMANDS
from cnictl.lint.engine import all_rules
from cnictl_plugins import multicall

ROOT = Path(__file__).parents[2]
MADE = "made by docs/generate.py"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory into which everything was made."""
    directory = tmp_path_factory.mktemp("made")
    subprocess.run([sys.executable, ROOT / "docs/generate.py", directory], check=True)
    return directory


def texts(top: Path) -> dict[str, str]:
    """The files below a directory that were made, and what is in each."""
    found = {}
    for folder in ("docs", "completions"):
        for path in (top / folder).rglob("*.*"):
            if "generator" not in path.parts and path.suffix not in {".py", ".pyc"}:
                text = path.read_text()
                if MADE in text:
                    found[str(path.relative_to(top))] = text
    return found


def test_what_is_committed_is_what_is_made(made: Path):
    """Nobody edits them by hand, and nobody forgets to make them again."""
    wanted, committed = texts(made), texts(ROOT)
    different = {name for name in wanted.keys() | committed.keys() if wanted.get(name) != committed.get(name)}
    assert not different, "run: .venv/bin/python docs/generate.py"


def test_every_command_plugin_and_rule_has_its_place(made: Path):
    """A page each for commands and plugins, all of them in the index, and a heading for every rule."""
    found = texts(made)
    pages = [f"commands/{name}.md" for name in COMMANDS] + [
        f"plugins/{name}.md" for name in multicall.PROGRAMS
    ]
    for page in pages:
        assert f"docs/{page}" in found
        assert f"({page})" in found["docs/index.md"]
    for one in all_rules():
        assert f"\n## {one.code}\n" in found["docs/rules.md"]


@pytest.mark.parametrize("name", multicall.PROGRAMS)
def test_a_plugin_s_page_names_every_key(made: Path, name: str):
    """With what it means."""
    plugin = multicall.load(name)
    assert plugin is not None
    text = (made / f"docs/plugins/{name}.md").read_text()
    for key in plugin.config.keys:
        assert f"| `{key.name}` | " in text
        assert key.text.replace("|", "\\|") in text


def test_links_lead_somewhere(made: Path):
    """Every page that the index names is there, made or written."""
    for link in (made / "docs/index.md").read_text().split("](")[1:]:
        target = link.partition(")")[0]
        assert (made / "docs" / target).exists() or (ROOT / "docs" / target).exists(), target


@pytest.mark.parametrize(
    ("shell", "script"), [("bash", "cnictl.bash"), ("zsh", "_cnictl"), ("fish", "cnictl.fish")]
)
def test_completions_are_in_their_shell_s_language(made: Path, shell: str, script: str):
    """The shell itself says so."""
    done = subprocess.run(
        [shell, "-n", made / f"completions/{script}"], check=False, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
