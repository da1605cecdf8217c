"""The life of an attachment: what is run, printed and remembered."""

from __future__ import annotations

import json

import pytest

NETNS = "/var/run/netns/testing"
ID = "cnitool-77383ca0a0715733ca6f"  # what cnitool makes of that path


def test_add_prints_the_result_as_cnitool_does(bench):
    """In a pipe: JSON, four spaces, as the last plugin gave it; a newline at its end; nothing else."""
    done = bench("add", "mynet", NETNS).succeeded()
    assert done.stdout == (
        '{\n    "cniVersion": "1.1.0",\n    "ips": [\n        {\n'
        '            "address": "10.1.2.3/24"\n        }\n    ]\n}\n'
    )
    assert done.stderr == ""


def test_an_attachment_lives(bench):
    """ADD, CHECK and DEL reach the plugin with the same container, netns and interface."""
    bench("add", "mynet", NETNS).succeeded()
    assert bench.cached() == [f"mynet-{ID}-eth0"]
    assert bench("check", "mynet", NETNS, "-o", "json").json["holds"] is True
    done = bench("del", "mynet", NETNS).succeeded()
    assert (done.stdout, done.stderr) == ("", "")
    assert bench.cached() == []
    assert bench.calls() == [(verb, ID, NETNS, "eth0", "") for verb in ("ADD", "CHECK", "DEL")]


def test_delete_twice(bench):
    """A second DEL runs the plugins again, without prevResult, and says that the cache had nothing."""
    bench("add", "mynet", NETNS).succeeded()
    bench("del", "mynet", NETNS).succeeded()
    again = bench("del", "mynet", NETNS).succeeded()
    assert again.stderr == (
        f"note: the cache knows of no eth0 in {NETNS} on mynet, nor is that netns there:"
        f" container {ID} is taken for the one\n"
    )
    by_id = bench("del", "mynet", "--container-id", "c1").succeeded()
    assert by_id.stderr == "note: the cache knows of no eth0 of container c1 on mynet\n"
    assert ["prevResult" in one for one in bench.stdins()] == [False, True, False, False]


def test_check_and_del_need_no_netns_when_there_is_one_attachment(bench):
    """What the cache tells nobody has to type; after DEL there is nothing to do, and that is fine."""
    bench("add", "mynet", NETNS, "-i", "net7").succeeded()
    bench("check", "mynet").succeeded()
    bench("del", "mynet").succeeded()
    assert {call[3] for call in bench.calls()} == {"net7"}
    assert "nothing is attached" in bench("del", "mynet").succeeded().stderr
    assert "name a netns" in bench("check", "mynet", status=2).stderr


def test_several_attachments_must_be_told_apart(bench):
    """With two, the command lists them and does nothing."""
    bench("add", "mynet", "/ns/a").succeeded()
    bench("add", "mynet", "/ns/b").succeeded()
    done = bench("del", "mynet", status=2)
    assert "2 attachments" in done.stderr
    assert "/ns/a" in done.stderr
    assert "/ns/b" in done.stderr
    bench("del", "mynet", "/ns/b").succeeded()
    assert bench.verbs() == ["ADD", "ADD", "DEL"]
    assert bench.calls()[-1][2] == "/ns/b"


def test_an_attachment_of_another_runtime_is_found_by_its_netns(bench):
    """containerd's container ids are its own; the netns leads to them."""
    bench("add", "mynet", NETNS, "--container-id", "0123456789abcdef").succeeded()
    bench("check", "mynet", NETNS).succeeded()
    bench("del", "mynet", NETNS).succeeded()
    assert {call[1] for call in bench.calls()} == {"0123456789abcdef"}


def test_an_attachment_is_found_by_its_container(bench):
    """With the id alone, the netns comes from the cache."""
    bench("add", "mynet", NETNS, "--container-id", "c1").succeeded()
    bench("del", "mynet", "--container-id", "c1").succeeded()
    assert bench.calls()[-1] == ("DEL", "c1", NETNS, "eth0", "")


def test_delete_of_a_container_that_nobody_knows(bench):
    """DEL with an id and without a netns is what a runtime does after a crash."""
    bench("del", "mynet", "--container-id", "c9").succeeded()
    assert bench.calls() == [("DEL", "c9", "", "eth0", "")]


def test_arguments_of_add_are_repeated(bench):
    """CHECK and DEL get the CNI_ARGS and capability arguments of ADD, unless told others."""
    bench.network("mynet", {"type": "shelly", "capabilities": {"mac": True, "portMappings": True}})
    words = ["--args", "A=1", "--args", "B=x=y;C=", "--mac", "02:00:00:00:00:01", "-p", "8080:80"]
    bench("add", "mynet", NETNS, *words).succeeded()
    bench("check", "mynet", NETNS).succeeded()
    bench("del", "mynet", NETNS, "--args", "A=2", "--cap-args", "{}").succeeded()
    assert [call[4] for call in bench.calls()] == ["A=1;B=x=y;C=", "A=1;B=x=y;C=", "A=2"]
    mappings = [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]
    config = {"mac": "02:00:00:00:00:01", "portMappings": mappings}
    assert [one.get("runtimeConfig") for one in bench.stdins()] == [config, config, None]


def test_an_argument_that_reaches_no_plugin_is_told(bench):
    """Without the capability in the configuration, --mac has no effect at all."""
    done = bench("add", "mynet", NETNS, "--mac", "02:00:00:00:00:01").succeeded()
    assert "no plugin of mynet has the capability mac" in done.stderr


def test_a_network_that_is_gone_can_be_deleted_from(bench):
    """DEL then uses the configuration of ADD, from the cache, and says so."""
    path = bench.network("mynet", {"type": "shelly", "color": "red"})
    bench("add", "mynet", NETNS).succeeded()
    path.unlink()
    done = bench("del", "mynet", NETNS).succeeded()
    assert "that of ADD is used" in done.stderr
    assert bench.stdins()[-1]["color"] == "red"


def test_a_changed_configuration_is_noticed(bench):
    """DEL uses the file as it is now, says that it differs, and with --cached takes the old one."""
    bench.network("mynet", {"type": "shelly", "color": "red"})
    bench("add", "mynet", NETNS).succeeded()
    bench.network("mynet", {"type": "shelly", "color": "blue"})
    assert "has changed since ADD" in bench("check", "mynet", NETNS).succeeded().stderr
    assert bench("del", "mynet", NETNS, "--cached").succeeded().stderr == ""
    assert [one["color"] for one in bench.stdins()] == ["red", "blue", "red"]


def test_a_file_will_do_for_a_network(bench, tmp_path):
    """NET may be a path, of a list or of a single configuration, whatever it is called."""
    for name, members in (
        ("x.conflist", {"cniVersion": "1.0.0", "name": "one", "plugins": [{"type": "shelly"}]}),
        ("y", {"cniVersion": "1.0.0", "name": "two", "type": "shelly"}),
    ):
        (tmp_path / name).write_text(json.dumps(members))
        bench("add", f"./{name}", NETNS).succeeded()
    bench("add", "x.conflist", "/ns/other").succeeded()
    assert [one["name"] for one in bench.stdins()] == ["one", "two", "one"]


SUMMARY = f"""\
network    mynet
container  {ID}
netns      {NETNS}
ifname     eth0
address    10.1.2.3/24
"""


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("yaml", "cniVersion: 1.1.0\nips:\n- address: 10.1.2.3/24\n"),
        ("table", SUMMARY),
    ],
)
def test_the_result_in_other_forms(bench, form, expected):
    """YAML for editors, a summary for people."""
    assert bench("add", "mynet", NETNS, "-o", form).stdout == expected


def test_a_summary_has_all_of_a_result(bench):
    """Interfaces by place, addresses with gateway and interface, routes, resolvers."""
    bench.plugin(
        ADD="""\
        cat <<'END'
        {"cniVersion": "1.1.0",
         "interfaces": [{"name": "cni0", "mac": "02:00:00:00:00:01"},
                        {"name": "eth0", "mac": "02:00:00:00:00:02", "mtu": 1400, "sandbox": "/ns"}],
         "ips": [{"address": "10.1.2.3/24", "gateway": "10.1.2.1", "interface": 1},
                 {"address": "fd00::2/64", "interface": 9}],
         "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.2.0.0/16", "gw": "10.1.2.9", "mtu": 1300, "table": 7}],
         "dns": {"nameservers": ["10.1.0.10", "10.1.0.11"], "domain": "cluster.local"}}
        END
        """
    )
    assert bench("add", "mynet", "/ns", "-o", "table").stdout.splitlines()[4:] == [
        "interface    cni0  02:00:00:00:00:01  on the node",
        "interface    eth0  02:00:00:00:00:02  mtu 1400  in the container",
        "address      10.1.2.3/24 via 10.1.2.1 on eth0",
        "address      fd00::2/64",
        "route        0.0.0.0/0",
        "route        10.2.0.0/16 via 10.1.2.9 mtu 1300 table 7",
        "nameservers  10.1.0.10 10.1.0.11",
        "domain       cluster.local",
    ]


def test_every_call_is_shown_when_asked_for(bench):
    """--verbose shows plugin, environment, input, output, stderr, exit status and time, on stderr."""
    bench.plugin(ADD="""echo 'a line' >&2; echo '{"cniVersion": "1.1.0"}'""")
    done = bench("add", "mynet", NETNS, "-v").succeeded()
    assert done.json == {"cniVersion": "1.1.0"}
    for words in (
        "ADD shelly: exit status 0, ",
        f"program: {bench.bin}/shelly",
        f"CNI_CONTAINERID={ID}\n",
        "CNI_COMMAND=ADD\n",
        '"type": "shelly"',
        "stderr: a line\n",
        " ms\n",
    ):
        assert words in done.stderr


def test_what_a_plugin_says_on_stderr_is_passed_on(bench):
    """Also when it succeeds, with its name before it."""
    bench.plugin(ADD="""echo 'careful' >&2; echo '{"cniVersion": "1.1.0"}'""")
    assert bench("add", "mynet", NETNS).succeeded().stderr == "shelly: careful\n"


def test_check_answers_for_programs(bench):
    """As JSON: what was asked, of whom, and what each plugin said."""
    bench.plugin("other", CHECK="""echo '{"code": 999, "msg": "eth0 has no address"}'; exit 1""")
    bench.network("mynet", {"type": "shelly"}, {"type": "other"})
    bench("add", "mynet", NETNS).succeeded()
    done = bench("check", "mynet", NETNS, "-o", "json", status=1)
    answer = done.json
    assert (answer["network"], answer["containerID"], answer["ifname"]) == ("mynet", ID, "eth0")
    assert answer["holds"] is False
    first, second = answer["plugins"]
    assert (first["plugin"], first["status"], first["error"]) == ("shelly", 0, None)
    assert second["error"] == {"code": 999, "msg": "eth0 has no address"}
    assert 'plugin type="other" failed (check): eth0 has no address' in done.stderr


def test_check_that_is_off(bench):
    """disableCheck asks nobody, succeeds, and says so."""
    bench.network("mynet", disableCheck=True)
    bench("add", "mynet", NETNS).succeeded()
    assert "nothing was checked" in bench("check", "mynet", NETNS).succeeded().stderr
    assert bench("check", "mynet", NETNS, "-o", "json").succeeded().json["holds"] is None
    assert bench.verbs() == ["ADD"]


def test_check_before_0_4_0(bench):
    """There is no CHECK to answer, so it is neither yes nor no."""
    bench.network("mynet", version="0.3.1")
    done = bench("check", "mynet", NETNS, status=3)
    assert 'configuration version "0.3.1" does not support the CHECK command' in done.stderr


def test_delete_goes_on_when_told(bench):
    """The first failing plugin ends DEL and the cache keeps the attachment; -k asks the others too."""
    bench.plugin("other", DEL='echo \'{"code": 11, "msg": "busy"}\'; exit 1')
    bench.network("mynet", {"type": "shelly"}, {"type": "other"})
    bench("add", "mynet", NETNS).succeeded()
    assert 'plugin type="other" failed (delete): busy' in bench("del", "mynet", NETNS, status=3).stderr
    assert bench.verbs() == ["ADD"]
    bench("del", "mynet", NETNS, "-k", status=3)
    assert bench.verbs() == ["ADD", "DEL"]
    assert bench.cached() == [f"mynet-{ID}-eth0"]
