"""The plugin that CONTRIBUTING.md shows is one: dummy, as it is."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from cnictl.sandbox.node import Node
from tests.program import Answer

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "CONTRIBUTING.md").read_text()
RUN = "import sys; from cnictl.plugin import skel; exec(sys.argv[1]); sys.exit(skel.main(PLUGIN))"
CONF = {
    "cniVersion": "1.0.0",
    "name": "web",
    "type": "dummy",
    "ipam": {"type": "host-local", "subnet": "10.1.2.0/24"},
}


def environment(verb: str, netns: str, plugins_dir: str) -> dict[str, str]:
    """What a runtime says."""
    return {
        "CNI_COMMAND": verb,
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": netns,
        "CNI_IFNAME": "eth0",
        "CNI_PATH": plugins_dir,
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    }


def shown() -> str:
    """The module as it stands on the page."""
    found = re.search(r"```python\n(\"\"\"dummy: .*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def source(node: Node) -> str:
    """The module; where the kernel has no dummy, with another kind of link."""
    node.new_netns("probe")
    made = node.run(["ip", "-n", "probe", "link", "add", "x", "type", "dummy"])
    if made.status == 0:
        return shown()
    return shown().replace('plain("dummy")', 'plain("bridge")').replace('kind="dummy"', 'kind="bridge"')


def test_the_page_shows_the_plugin_as_it_is():
    """Who changes one changes the other."""
    assert shown() == (ROOT / "plugins" / "main" / "dummy.py").read_text()


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:plugins|tests|testdata|docs|cnictl)/[\w./-]+\.\w+)`", PAGE)))
)
def test_the_files_on_the_page_are_there(path: str):
    """Whoever looks for one of them finds it."""
    assert (ROOT / path).exists()


def test_the_plugin_on_the_page_works(source: str, node: Node, plugins_dir: str):
    """ADD, CHECK and DEL; CHECK notices what is not as it was; nothing is left."""
    netns = node.new_netns("pod")

    def call(verb: str, **more: object) -> Answer:
        done = node.run(
            [sys.executable, "-c", RUN, source],
            env=environment(verb, netns, plugins_dir),
            stdin=json.dumps({**CONF, **more}),
            cwd=str(ROOT),
        )
        return Answer(done.status, json.loads(done.stdout) if done.stdout else None, done.stderr)

    result = call("ADD").result
    assert result["ips"] == [{"address": "10.1.2.2/24", "gateway": "10.1.2.1", "interface": 0}]
    (link,) = json.loads(node.run(["ip", "-n", "pod", "-j", "link", "show", "eth0"]).stdout)
    assert link["address"] == result["interfaces"][0]["mac"]
    assert call("CHECK", prevResult=result).status == 0
    node.run(["ip", "-n", "pod", "address", "flush", "dev", "eth0"]).checked()
    assert "10.1.2.2/24" in call("CHECK", prevResult=result).error[1]
    assert call("DEL", prevResult=result).status == 0
    assert call("DEL", prevResult=result).status == 0
    assert node.run(["ip", "-n", "pod", "link", "show", "eth0"]).status == 1
    assert "10.1.2.2" not in node.run(["ls", "/var/lib/cni/networks/web"]).stdout


def test_a_key_of_the_wrong_type_is_refused(source: str, node: Node, plugins_dir: str):
    """As for every plugin, because its keys are described."""
    netns = node.new_netns("pod")
    done = node.run(
        [sys.executable, "-c", RUN, source],
        env=environment("ADD", netns, plugins_dir),
        stdin=json.dumps({**CONF, "dns": "1"}),
        cwd=str(ROOT),
    )
    assert json.loads(done.stdout)["msg"] == 'key "dns": expected an object, found string "1"'
