"""The distribution's Go plugins under our runtime: what cnitool and libcni do with them, we do."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

import pytest

from cnictl.runtime.plugin import Plugins
from cnictl.sandbox.node import ROOT

pytestmark = pytest.mark.interop

DRIVER = """
import json, sys
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.network import Runtime
from cnictl.runtime.plugin import Plugins
from cnictl.spec.conflist import parse_list

verb, directory, conflist, netns, ifname = sys.argv[1:]
runtime = Runtime(Plugins([directory], timeout=20))
report = getattr(runtime, verb)(parse_list(conflist.encode()), Attachment("cid", netns, ifname))
print(json.dumps(report.result.members() if report.result else None))
"""

BRIDGED = {
    "cniVersion": "1.0.0",
    "name": "bridged",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "br0",
            "ipam": {"type": "static", "addresses": [{"address": "10.9.0.2/24", "gateway": "10.9.0.1"}]},
        },
        {"type": "tuning", "capabilities": {"mac": True}, "mtu": 1300},
    ],
}
LOOPBACK = {"cniVersion": "1.0.0", "name": "cni-loopback", "plugins": [{"type": "loopback"}]}


def test_every_go_plugin_tells_its_versions(go_plugins):
    """VERSION is answered without privileges."""
    plugins = Plugins([go_plugins], timeout=20)
    for name in sorted(os.listdir(go_plugins)):
        supported, execution = plugins.version(name)
        assert {"0.4.0", "1.0.0"} <= set(supported), name
        assert execution.stderr == b"", name


@pytest.mark.parametrize(
    ("conflist", "ifname", "addresses"),
    [(BRIDGED, "eth0", {"10.9.0.2/24"}), (LOOPBACK, "lo", {"127.0.0.1/8", "::1/128"})],
)
def test_the_life_of_an_attachment_made_by_go_plugins(node, go_plugins, conflist, ifname, addresses):
    """ADD, CHECK, DEL and DEL again, seen from the kernel and from the cache."""
    netns = node.new_netns("pod")
    cached = node.path(f"/var/lib/cni/results/{conflist['name']}-cid-{ifname}")

    def runtime(verb: str) -> Any:
        argv = [sys.executable, "-c", DRIVER, verb, go_plugins, json.dumps(conflist), netns, ifname]
        answer = node.run(argv, cwd=ROOT, timeout=60).checked().stdout
        return json.loads(answer)

    def links() -> dict[str, set[str]]:
        seen = json.loads(node.run(["ip", "-j", "addr"], netns="pod").checked().stdout)
        return {
            link["ifname"]: {
                f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"] if one["scope"] != "link"
            }
            for link in seen
            if "UP" in link["flags"]
        }

    result = runtime("add")
    assert result is not None
    assert {ip["address"] for ip in result["ips"]} == addresses
    assert links()[ifname] == addresses
    with open(cached, encoding="utf-8") as file:
        remembered = json.load(file)
    assert remembered["result"] == result
    assert remembered["kind"] == "cniCacheV1"
    runtime("check")
    runtime("delete")
    assert ifname not in links()
    assert not os.path.exists(cached)
    runtime("delete")
