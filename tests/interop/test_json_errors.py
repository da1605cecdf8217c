"""What we say that runtimes say of a text that is no JSON is what they say."""

from __future__ import annotations

import json
import subprocess

import pytest

from cnictl.lint.broken import go_words
from cnictl.lint.locate import NotJSON, scan
from tests.unit.lint.test_broken import MISTAKES

pytestmark = pytest.mark.interop

PREFIX = "error unmarshall network config: "
LITERALS = ["-", '{"a": trueish}', '{"a": nul}', '{"a": f', '{"a": -}', '{"a": -x}', '{"a": "\\']


@pytest.mark.parametrize("text", [*(text for text, _, _ in MISTAKES), *LITERALS])
def test_the_words_are_those_of_the_go_plugins(text: str, go_plugins: str):
    """Go's decoder names the character it stopped at and what it was looking for."""
    with pytest.raises(NotJSON) as found:
        scan(text)
    done = subprocess.run(
        [f"{go_plugins}/loopback"],
        env={"CNI_COMMAND": "DEL", "CNI_CONTAINERID": "c", "CNI_IFNAME": "eth0", "CNI_PATH": "/"},
        input=text.encode(), check=False, capture_output=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["msg"] == PREFIX + go_words(text, found.value)
