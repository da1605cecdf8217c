"""CHECK of the usual chain: no program where all is well, and every rule that is missing is named."""

from __future__ import annotations

from pathlib import Path

from cnictl.bench.usual import PLUGINS
from cnictl.sandbox.node import Node
from tests.kernel.plugins.attachment import Attachment, said
from tests.kernel.plugins.forwarding import recorded, recording_path


def rules(node: Node) -> list[tuple[str, str]]:
    """Return table and line of every rule there is."""
    return [
        (table, line.removeprefix("-A "))
        for table in ("nat", "filter")
        for line in node.run(["iptables-save", "-t", table]).checked().stdout.splitlines()
        if line.startswith("-A ")
    ]


def attached(node: Node, plugins_dir: str, container: str, port: int) -> Attachment:
    plugins = [dict(one) for one in PLUGINS]
    plugins[1] |= {
        "runtimeConfig": {"portMappings": [{"hostPort": port, "containerPort": 80, "protocol": "tcp"}]}
    }
    attachment = Attachment(node, plugins_dir, plugins, container=container)
    attachment.add()
    return attachment


def test_check_runs_a_program_only_where_something_is_missing(
    node: Node, plugins_dir: str, tmp_path: Path
) -> None:
    """Each rule of a container's and each shared one is missed; none of another container's is."""
    attachment = attached(node, plugins_dir, "cid1", 18081)
    own = rules(node)
    attached(node, plugins_dir, "cid2", 18082)
    saved = node.run(["iptables-save"]).checked().stdout
    assert set(own) < set(rules(node))
    attachment.environment["PATH"] = recording_path(tmp_path)
    assert attachment.check() == ""
    assert recorded(tmp_path) == []
    for table, line in rules(node):
        text = f"*{table}\n-D {line}\nCOMMIT\n"
        node.run(["iptables-restore", "--noflush"], stdin=text).checked()
        answers = [attachment.call("CHECK", one) for one in attachment.plugins[:3]]
        told = [said(one) for one in answers if one.status]
        assert bool(told) == bool(recorded(tmp_path)) == ((table, line) in own), (line, told)
        assert all(f"iptables {table} {line.partition(' ')[0]}" in one for one in told), (line, told)
        node.run(["iptables-restore"], stdin=saved).checked()
    assert attachment.check() == ""
    assert recorded(tmp_path) == []
