"""`cnictl validate` and `cnictl schema`."""

from __future__ import annotations

import json

import pexpect
import pytest
import yaml

from tests.protocol.cli.conftest import Bench


@pytest.fixture
def bench_with_bridge(bench: Bench) -> Bench:
    bench.plugin("bridge")
    return bench


def test_a_good_configuration(bench_with_bridge: Bench):
    """Nothing on stdout, a line on stderr, and status 0."""
    path = bench_with_bridge.network("web", {"type": "bridge"})
    done = bench_with_bridge("validate", path, status=0)
    assert (done.stdout, done.stderr) == ("", "1 file: nothing to remark\n")


def test_without_a_path_it_is_the_directory_of_configurations(bench_with_bridge: Bench):
    """The one that a runtime reads, or NETCONFPATH."""
    bench_with_bridge.network("a", {"type": "bridge"})
    bench_with_bridge.network("b", {"type": "bridge", "mtu": "1"})
    done = bench_with_bridge("validate", status=1)
    assert f"{bench_with_bridge.conf}/10-b.conflist:" in done.stdout
    assert "CNI301 error: " in done.stdout
    assert done.stderr.endswith(" files: 1 error, 1 info\n")


def test_warnings_are_for_reading_unless_strict(bench_with_bridge: Bench):
    """A warning is no failure, but may be made one."""
    path = bench_with_bridge.network("web", {"type": "bridge", "isMasq": True})
    assert "CNI303 warning" in bench_with_bridge("validate", path, status=0).stdout
    bench_with_bridge("validate", "--strict", path, status=1)


def test_stdin(bench_with_bridge: Bench):
    """A dash, as everywhere."""
    done = bench_with_bridge("validate", "-", stdin='{"cniVersion": "1.0.0",}', status=1)
    assert done.stdout.startswith("-:1:23: CNI101 error: a comma before }\n")


def test_stdin_without_end(bench_with_bridge: Bench):
    """It is read up to the size of the largest file."""
    done = bench_with_bridge("validate", "-", stdin=" " * (5 << 20), status=2)
    assert done.stderr == "error: cannot read -: it has more than 4 MiB\n"


def test_json(bench_with_bridge: Bench):
    """For programs; the summary is in it, so nothing else is said."""
    done = bench_with_bridge("validate", "-o", "json", "-", stdin="{}", status=1)
    assert done.json["errors"] == 2
    assert {one["code"] for one in done.json["diagnostics"]} == {"CNI201", "CNI202", "CNI204"}
    assert done.stderr == ""


def test_yaml(bench_with_bridge: Bench):
    """The same members as JSON, for eyes and programs."""
    as_json = bench_with_bridge("validate", "-o", "json", "-", stdin="{}", status=1).json
    done = bench_with_bridge("validate", "-o", "yaml", "-", stdin="{}", status=1)
    assert yaml.safe_load(done.stdout) == as_json


@pytest.mark.parametrize("path", ["nowhere.conflist", "empty"])
def test_nothing_to_look_at_is_wrong_usage(bench: Bench, path: str):
    """Not a clean report about nothing."""
    (bench.top / "empty").mkdir()
    done = bench("validate", path, status=2)
    assert done.stderr.startswith(("error: cannot read nowhere.conflist: ", "error: no net configurations"))


def test_a_missing_plugin_is_a_warning(bench: Bench):
    """It may be installed later, or elsewhere."""
    path = bench.network("web", {"type": "bridge"})
    assert "CNI601 warning" in bench("validate", path, status=0).stdout


def test_programs_are_asked_with_an_option_only(bench_with_bridge: Bench):
    """CNI_PATH says where they are; --cni-path says to run them."""
    path = bench_with_bridge.network("web", {"type": "bridge"}, version="0.3.1")
    bench_with_bridge("validate", path, status=0)
    done = bench_with_bridge("validate", "--cni-path", bench_with_bridge.bin, path, status=1)
    assert "the installed bridge supports 0.4.0, 1.0.0, 1.1.0, and this is 0.3.1" in done.stdout


def test_an_attachment_definition_s_text(bench_with_bridge: Bench):
    """It has no name, and needs none."""
    text = json.dumps({"cniVersion": "1.0.0", "type": "bridge"})
    bench_with_bridge("validate", "-", stdin=text, status=1)
    bench_with_bridge("validate", "--nad", "-", stdin=text, status=0)


def test_a_definition_in_yaml(bench_with_bridge: Bench):
    """It is found among other documents, and line and column are those of the YAML."""
    text = """\
kind: Deployment
spec: {{ .Values.spec }}
---
apiVersion: k8s.cni.cncf.io/v1
kind: NetworkAttachmentDefinition
metadata: {name: web}
spec:
  config: |
    {"cniVersion": "1.0.0", "type": "bridge",
     "mtu": "1500"}
"""
    done = bench_with_bridge("validate", "-", stdin=text, status=1)
    assert done.stdout == (
        '-:10:13: CNI301 error: key "mtu": expected a whole number, found string "1500"\n'
        '    "mtu": "1500"}\n'
        "           ^^^^^^\n"
        "    hint: write 1500 without quotes\n"
    )
    assert done.stderr == "1 file: 1 error\n"


def test_silence(bench_with_bridge: Bench):
    """A file in the working directory, or the one that is named; what it silences in vain is told."""
    path = bench_with_bridge.network("web", {"type": "bridge", "isMasq": True})
    entry = "silence:\n- {code: CNI303, reason: known}\n- {code: CNI309, reason: old}\n"
    (bench_with_bridge.top / "quiet.yaml").write_text(entry)
    assert "CNI303" in bench_with_bridge("validate", "--strict", path, status=1).stdout
    done = bench_with_bridge("validate", "--strict", "--config", "quiet.yaml", path, status=0)
    assert (done.stdout, done.stderr) == (
        "",
        (
            "note: quiet.yaml:3: CNI309 is silenced, and there is nothing to silence\n"
            "1 file: nothing to remark; 1 silenced\n"
        ),
    )
    (bench_with_bridge.top / "quiet.yaml").rename(bench_with_bridge.top / ".cnictl.yaml")
    found = bench_with_bridge("validate", "-o", "json", path, status=0).json
    assert [(one["code"], one["reason"]) for one in found["silenced"]] == [("CNI303", "known")]
    (bench_with_bridge.top / ".cnictl.yaml").write_text("silence: [{code: CNI303}]")
    done = bench_with_bridge("validate", path, status=2)
    assert done.stderr.startswith("error: .cnictl.yaml:1:11: the entry has no reason\nhint: add reason: why")


def test_fix_shows_the_difference_and_writes_when_told(bench_with_bridge: Bench):
    """Without somebody to ask nothing is written; --yes writes, and what is left is told as ever."""
    path = bench_with_bridge.network("web", {"type": "bridge", "mtu": "1500", "isMasq": True})
    before = path.read_text()
    done = bench_with_bridge("validate", "--fix", path, status=2)
    after = before.replace('"1500"', "1500")
    assert done.stdout == f"--- {path}\n+++ {path}\n@@ -1 +1 @@\n-{before}\n+{after}\n"
    assert done.stderr == (
        "error: mend 1 mistake in 1 file: nobody is there to confirm it\n"
        "hint: nothing was written; say --yes as well\n"
    )
    assert path.read_text() == before
    words = bench_with_bridge.argv(["validate", "--fix", path])
    terminal = pexpect.spawn(
        words[0], words[1:], env=bench_with_bridge.environment, timeout=20, encoding="utf-8"
    )
    terminal.expect("mend 1 mistake in 1 file")
    terminal.sendline("n")
    terminal.expect("nothing was written\r\n")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert (terminal.exitstatus, path.read_text()) == (1, before)
    done = bench_with_bridge("validate", "--fix", "--yes", path, status=0)
    assert "CNI303" in done.stdout
    assert done.stderr == f"{path}: 1 mended\n1 file: 1 warning\n"
    assert '"mtu": 1500' in path.read_text()
    done = bench_with_bridge("validate", "--fix", path, status=0)
    assert done.stderr == "nothing can be mended for certain\n1 file: 1 warning\n"


def test_fix_beside_data(bench_with_bridge: Bench):
    """The difference is no data, and a text from a file is escaped in it."""
    path = bench_with_bridge.conf / "web.conflist"
    path.write_text(
        '{"cniVersion": "1.0.0", "name": "w\x1b[2J", "plugins": [{"type": "bridge", "mtu": "1"}]}'
    )
    done = bench_with_bridge("validate", "--fix", "-y", "-o", "json", path, status=1)
    assert [one["code"] for one in done.json["diagnostics"]] == ["CNI101"]
    path.write_text(path.read_text().replace("\x1b", "\u202e"))
    done = bench_with_bridge("validate", "--fix", "-y", "-o", "json", path, status=1)
    assert done.stderr.startswith(f"--- {path}\n+++ {path}\n")
    assert "w\\u202e[2J" in done.stderr
    assert "\u202e" not in done.stderr
    assert bench_with_bridge("validate", "--fix", "-", stdin="{}", status=2).stderr.startswith(
        "error: stdin cannot be mended\n"
    )


def test_the_node_is_looked_at_when_told(host: Bench):
    """Its interfaces, of the namespace that the command runs in."""
    host.plugin("macvlan")
    assert host.node is not None
    host.node.run(["ip", "link", "add", "up0", "mtu", "1400", "type", "veth", "peer", "name", "up1"])
    path = host.network("web", {"type": "macvlan", "master": "up0", "mtu": 1500})
    host("validate", path, status=0)
    done = host("validate", "--node", path, status=1)
    assert "CNI605 error: MTU 1500 is more than the 1400 of up0\n" in done.stdout
    path = host.network("web", {"type": "macvlan", "master": "up7"})
    assert "CNI604 warning: this node has no interface 'up7'" in host("validate", "--node", path).stdout


def test_schema(bench: Bench):
    """Of the list, or of one plugin."""
    assert bench("schema", status=0).json["properties"]["plugins"]["minItems"] == 1
    assert bench("schema", "bridge", status=0).json["properties"]["bridge"]["default"] == "cni0"
    assert bench("schema", "silence", status=0).json["properties"]["silence"]["type"] == "array"
    assert bench("schema", "calico", status=2).stderr.startswith(
        "error: no plugin 'calico' here\nhint: there are "
    )
