"""`cnictl explain`."""

from __future__ import annotations

import pytest

from cnictl.lint.engine import all_rules
from tests.protocol.cli.conftest import Bench

SHOWN = """\
CNI303 warning: unknown-key
    A plugin reads every key that its configuration has.

Why it matters
    A plugin ignores what it does not know without a word: a misspelt key does
    nothing.

Instead of
    {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "isMasq": true}]}

Write
    {"cniVersion": "1.0.0", "name": "web", "plugins": [{"type": "bridge", "ipMasq": true}]}
"""


@pytest.mark.parametrize("asked", ["CNI303", "cni303", "unknown-key"])
def test_a_rule(bench: Bench, asked: str):
    """Why it matters, an example, and what to write instead."""
    assert bench("explain", asked, status=0).stdout == SHOWN


def test_all_codes(bench: Bench):
    """A line each."""
    lines = bench("explain", status=0).stdout.splitlines()
    assert [one.split()[0] for one in lines[1:] if one.startswith("CNI")] == [one.code for one in all_rules()]


def test_every_rule_for_programs(bench: Bench):
    """None is without a reason, nor without something to do."""
    known = bench("explain", "-o", "json", status=0).json
    titles = {one["code"]: [each["title"] for each in one["sections"]] for one in known}
    for rule in all_rules():
        assert "Why it matters" in titles[rule.code]
        assert {"Write", "What to do"} & set(titles[rule.code])


def test_what_is_no_code(bench: Bench):
    """Wrong usage, with what may be meant."""
    done = bench("explain", "CNI30", status=2)
    assert done.stdout == ""
    assert done.stderr.startswith("error: nothing is known of 'CNI30'\nhint: did you mean CNI3")
    assert "\x1b" not in bench("explain", "\x1b[2J", status=2).stderr


MESSAGE = (
    "Failed to create pod sandbox: rpc error: code = Unknown desc = failed to setup network for sandbox "
    '"3f2a": plugin type="bridge" name="cbr0" failed (add): failed to set bridge addr: "cni0" already has '
    "an IP address different from 10.244.2.1/24"
)
TOLD = """\
br-addr-differs error: the bridge has the address of another subnet
    The node got another pod subnet and the bridge is from before, or two
    networks use one bridge.

What was said
    failed to set bridge addr: "cni0" already has an IP address different from
    10.244.2.1/24
    of sandbox 3f2a, plugin bridge, network cbr0, operation add
    by way of kubelet, grpc, containerd, libcni
"""


def test_a_message(bench: Bench):
    """Its class, its innermost words, whom it is about, and commands with the names filled in."""
    text = bench("explain", MESSAGE, status=0).stdout
    assert text.startswith(TOLD)
    assert "\n    ip link delete cni0\n" in text
    assert bench("explain", *MESSAGE.split(" "), status=0).stdout == text


@pytest.mark.parametrize(
    "said",
    [
        'failed to find plugin "bridge" in path [/opt/cni/bin]',
        r"""rpc error: code = Unknown desc = "failed to find plugin \"bridge\" in path [/opt/cni/bin]" """,
    ],
)
def test_what_was_said_is_told_to_its_end(bench: Bench, said: str):
    """Quotation marks and brackets go with their other ends, and stay with them."""
    text = bench("explain", said, status=0).stdout
    assert '\nWhat was said\n    failed to find plugin "bridge" in path [/opt/cni/bin]\n' in text


def test_a_message_on_stdin(bench: Bench):
    """As it comes from kubectl describe; a message that nobody knows is told by its end."""
    done = bench("explain", "-", "-o", "json", stdin=f"Name: web-0\n  {MESSAGE}\n", status=0)
    assert [one["code"] for one in done.json] == ["br-addr-differs"]
    unknown = bench("explain", "-", stdin="failed to frobnicate: device or resource busy", status=0).stdout
    assert unknown.startswith("EBUSY info: device or resource busy\n")
    assert "master-busy" in unknown


def test_a_line_that_nothing_is_known_of(bench: Bench):
    """It is quoted without the end of the line that came with it."""
    assert "nothing is known of 'hi'\n" in bench("explain", "-", stdin="hi\n", status=2).stderr


def test_a_message_that_a_terminal_would_obey(bench: Bench):
    """Is shown with its escapes spelled out."""
    done = bench("explain", "-", stdin=f"{MESSAGE} \x1b[2J\x1b]0;title\x07", status=0)
    assert "\x1b" not in done.stdout
    assert "\\x1b[2J" in done.stdout
