"""`cnictl run`, `cnictl netns` and throwaway namespaces, on a node of their own."""

from __future__ import annotations

import re

import pytest

from tests.protocol.cli.conftest import Bench

THROWAWAY = re.compile(r"/run/netns/cnictl-[0-9a-f]{8}")


def named(host: Bench) -> list[str]:
    """The namespaces with a name, as ip sees them."""
    assert host.node is not None
    return [line.split()[0] for line in host.node.run(["ip", "netns", "list"]).checked().stdout.splitlines()]


def test_add_makes_a_netns_and_del_removes_it(host):
    """It is named on stderr, `lo` is up in it, and the attachment is all that DEL needs to be told."""
    done = host("add", "mynet").succeeded()
    (path,) = THROWAWAY.findall(done.stderr)
    assert done.json["ips"] == [{"address": "10.1.2.3/24"}]
    assert named(host) == [path.rpartition("/")[2]]
    assert "UNKNOWN" in host.node.run(["ip", "-n", named(host)[0], "-br", "link", "show", "lo"]).stdout
    assert f"removed {path}" in host("del", "mynet").succeeded().stderr
    assert named(host) == []
    assert [call[2] for call in host.calls()] == [path, path]


def test_a_throwaway_goes_with_its_last_attachment(host):
    """As long as something is attached to it, it stays."""
    host.network("other")
    (path,) = THROWAWAY.findall(host("add", "mynet").succeeded().stderr)
    host("add", "other", path, "-i", "net1").succeeded()
    assert host("del", "mynet", path).succeeded().stderr == ""
    assert named(host) != []
    host("del", "other", path.rpartition("/")[2], "-i", "net1").succeeded()
    assert named(host) == []


def test_a_failing_add_leaves_no_netns(host):
    """What was made for it goes with it."""
    host.plugin(ADD="exit 1")
    host("add", "mynet", status=3)
    assert named(host) == []


def test_a_netns_of_somebody_else_is_never_removed(host):
    """Only what has such a name and such a place."""
    host("netns", "new", "pod").succeeded()
    host("add", "mynet", "pod").succeeded()
    host("del", "mynet", "pod").succeeded()
    assert named(host) == ["pod"]
    assert host.calls()[0][2] == "/run/netns/pod"


def test_gc_removes_throwaways(host):
    """Those of the attachments that it deleted."""
    host("add", "mynet").succeeded()
    host("gc", "mynet", "--everything", "-y").succeeded()
    assert named(host) == []


def test_a_netns_may_be_a_process(host):
    """By its number; the path is then that of /proc."""
    host("add", "mynet", "1").succeeded()
    assert host.calls()[0][2] == "/proc/1/ns/net"
    assert "no process 4194304" in host("add", "mynet", "4194304", status=2).stderr


def test_a_name_that_is_none(host):
    """The nearest is suggested, or how to make it; DEL works all the same: pods go first."""
    host("netns", "new", "pod7").succeeded()
    assert "did you mean pod7?" in host("add", "mynet", "pod", status=2).stderr
    assert "`cnictl netns new x` makes it" in host("add", "mynet", "x", status=2).stderr
    host("del", "mynet", "gone").succeeded()
    assert host.calls()[0][2] == "/run/netns/gone"


def test_run_attaches_runs_and_deletes(host):
    """The command is inside, its status is passed on, and nothing is left."""
    done = host("run", "mynet", "--", "sh", "-c", "ls /sys/class/net; readlink /proc/self/ns/net; exit 5")
    assert done.status == 5
    assert done.stdout.splitlines()[0] == "lo"
    assert done.stdout.splitlines()[1] != host.node.run(["readlink", "/proc/1/ns/net"]).stdout.strip()
    assert host.verbs() == ["ADD", "DEL"]
    assert named(host) == []
    assert host("attachments", "ls", "-o", "json").json == []


@pytest.mark.parametrize(
    ("command", "status"),
    [("kill -TERM $$", 143), ("exit 0", 0), ("exit 255", 255)],
    ids=["term", "0", "255"],
)
def test_run_passes_the_status_on(host, command, status):
    """As a shell does, also for signals."""
    host("run", "mynet", "--", "sh", "-c", command, status=status)
    assert host.verbs() == ["ADD", "DEL"]


@pytest.mark.parametrize(
    ("program", "status", "words"),
    [
        ("no-such-program", 127, "no-such-program: No such file or directory"),
        ("/no/such/program", 127, "/no/such/program: No such file or directory"),
        ("", 127, '"": No such file or directory'),
        ("net.d/10-mynet.conflist", 126, "net.d/10-mynet.conflist: Permission denied"),
        ("./net.d", 126, "./net.d: Permission denied"),
        ("bin/shelly/x", 126, "bin/shelly/x: Not a directory"),
    ],
)
def test_a_program_that_cannot_be_started(host, program, status, words):
    """The status is that of env, nsenter and `ip netns exec`; `run` deletes the attachment."""
    host("netns", "new", "pod").succeeded()
    for done in (
        host("run", "mynet", "--", program, status=status),
        host("netns", "exec", "pod", "--", program, status=status),
    ):
        assert done.stderr == f"error: {words}\n"
    assert host.verbs() == ["ADD", "DEL"]


def test_a_program_that_is_not_found_in_path(host):
    """A file in PATH where a directory should be is passed over, as a shell does."""
    host("netns", "new", "pod").succeeded()
    path = f"{host.bin}:{host.bin}/shelly"
    done = host("netns", "exec", "pod", "--", "gone", env={"PATH": path}, status=127)
    assert done.stderr == "error: gone: No such file or directory\n"


@pytest.mark.parametrize(
    ("text", "status", "words", "hint"),
    [
        (
            "#!/no/interpreter\n",
            127,
            "No such file or directory",
            "it is there, but not what its first line names",
        ),
        ("echo here\n", 126, "Exec format error", "a script begins with a line such as #!/bin/sh"),
    ],
)
def test_a_script_that_cannot_be_started(host, text, status, words, hint):
    """The kernel's words do not say what is missing: the hint does."""
    host("netns", "new", "pod").succeeded()
    (host.top / "script").write_text(text)
    (host.top / "script").chmod(0o755)
    done = host("netns", "exec", "pod", "--", "./script", status=status)
    assert done.stderr == f"error: ./script: {words}\nhint: {hint}\n"


def test_run_without_its_program_where_del_fails(host):
    """Both are told; that there is no such program comes first."""
    host.plugin(DEL="""echo '{"code": 999, "msg": "stuck"}'; exit 1""")
    done = host("run", "mynet", "--", "no-such-program", status=127)
    assert done.stderr.startswith("error: no-such-program: No such file or directory\nerror: ")
    assert "failed (delete): stuck" in done.stderr


def test_a_netns_that_is_none_is_no_missing_program(host):
    """What is ours to fail keeps its own status."""
    host.node.run(["sh", "-c", "mkdir -p /run/netns; echo > /run/netns/file"]).checked()
    assert "unknown FS magic" in host("netns", "exec", "file", "--", "true", status=3).stderr


def test_run_where_add_fails(host):
    """The command is not run."""
    host.plugin(ADD="exit 1")
    assert host("run", "mynet", "--", "echo", "here", status=3).stdout == ""
    assert named(host) == []


def test_run_where_del_fails(host):
    """The command's own failure comes first; where it has none, DEL's is the answer.  The netns goes."""
    host.plugin(DEL="""echo '{"code": 999, "msg": "stuck"}'; exit 1""")
    for own, status in (("true", 3), ("false", 1)):
        done = host("run", "mynet", "--", own, status=status)
        assert 'plugin type="shelly" failed (delete): stuck' in done.stderr
    assert named(host) == []


def test_run_gives_the_resolvers_of_the_result(host):
    """In /etc/resolv.conf, for the command alone."""
    host.plugin(
        ADD="""echo '{"cniVersion": "1.1.0", "dns": {"nameservers": ["192.0.2.1"], "search": ["a", "b"]}}'"""
    )
    done = host("run", "mynet", "--", "cat", "/etc/resolv.conf").succeeded()
    assert done.stdout == "nameserver 192.0.2.1\nsearch a b\n"
    assert "192.0.2.1" not in host.node.run(["cat", "/etc/resolv.conf"]).stdout


def test_run_is_stopped_by_its_signal(host):
    """SIGTERM goes to the command; then comes DEL."""
    script = (
        f"{' '.join(host.argv(['run', 'mynet', '--', 'sleep', '1000']))} & sleep 1; kill $!; wait $!; echo $?"
    )
    done = host.node.run(["sh", "-c", script], env=host.environment, timeout=30)
    assert done.stdout == "143\n"
    assert host.verbs() == ["ADD", "DEL"]
    assert named(host) == []


def test_the_life_of_a_netns(host):
    """Made, listed, entered, removed; `ip netns` agrees."""
    assert host("netns", "new", "pod").succeeded().stdout == "/run/netns/pod\n"
    again = host("netns", "new", "pod", status=3).stderr
    assert again.startswith('error: cannot create namespace file "/run/netns/pod": file exists\nhint: ')
    assert "`cnictl netns rm pod` removes it" in again
    (path,) = THROWAWAY.findall(host("netns", "new").succeeded().stdout)
    assert named(host) == sorted(["pod", path.rpartition("/")[2]])
    assert host("netns", "exec", "pod", "--", "ls", "/sys/class/net").stdout == "lo\n"
    assert host("netns", "exec", "pod", "--", "sh", "-c", "exit 9").status == 9
    host("netns", "rm", "pod", path).succeeded()
    assert named(host) == []
    assert "no network namespaces" in host("netns", "ls").succeeded().stderr


def test_a_list_of_namespaces(host):
    """With the processes and attachments in each; a file that is none of them is marked."""
    host("netns", "new", "pod").succeeded()
    host("add", "mynet", "pod").succeeded()
    host.node.run(["sh", "-c", "echo > /run/netns/file"]).checked()
    file, pod = host("netns", "ls", "-o", "json").json
    assert (file["name"], file["inode"]) == ("file", None)
    assert "unknown FS magic" in file["problem"]
    assert (pod["name"], pod["path"], pod["processes"]) == ("pod", "/run/netns/pod", 0)
    assert [one["network"] for one in pod["attachments"]] == ["mynet"]
    inode = host.node.run(["stat", "-c", "%i", "/run/netns/pod"]).stdout.strip()
    assert str(pod["inode"]) == inode
    head, first, second = host("netns", "ls").stdout.splitlines()
    assert head.split() == ["NAME", "INODE", "PROCESSES", "ATTACHMENTS"]
    assert first.split()[:2] == ["file", "none"]
    assert second.split() == ["pod", inode, "0", "mynet", "eth0"]


def test_a_netns_in_use_is_kept(host):
    """What is attached to it would be freed by nobody; --force removes it all the same."""
    host("netns", "new", "pod").succeeded()
    host("add", "mynet", "pod").succeeded()
    done = host("netns", "rm", "pod", status=3)
    assert "/run/netns/pod has 1 attachment\n" in done.stderr
    assert "`cnictl del mynet pod` first" in done.stderr
    host("netns", "rm", "pod", "--force").succeeded()
    assert named(host) == []


@pytest.mark.parametrize("name", ["../x", "a/b", ".", "", "a b", "\x1b[2J", "x" * 300])
def test_names_that_no_netns_may_have(host, name):
    """Nothing is made, and nothing elsewhere is removed."""
    if name:
        host("netns", "new", name, status=3 if len(name) > 255 else 2)
    done = host("netns", "rm", name, status=2)
    assert "netns new" not in done.stderr  # what is to be removed need not be made
    assert named(host) == []


def test_a_netns_that_is_not_there_is_not_removed(host):
    """The nearest is suggested."""
    host("netns", "new", "pod").succeeded()
    done = host("netns", "rm", "pob", status=2)
    assert done.stderr == 'error: no network namespace "pob" in /run/netns\nhint: did you mean pod?\n'
    assert named(host) == ["pod"]


def test_files_of_a_netns(host):
    """As with `ip netns exec`, /etc/netns/NAME holds files for /etc."""
    host("netns", "new", "pod").succeeded()
    script = (
        "cd /run; mkdir upper work; mount -t overlay o -o lowerdir=/etc,upperdir=upper,workdir=work /etc;"
        "mkdir -p /etc/netns/pod; echo mine > /etc/netns/pod/resolv.conf; echo its > /etc/netns/pod/none"
    )
    host.node.run(["sh", "-c", script]).checked()
    for tool in (["ip", "netns", "exec", "pod"], host.argv(["netns", "exec", "pod", "--"])):
        assert host.node.run([*tool, "cat", "/etc/resolv.conf"]).stdout == "mine\n"
    assert host("netns", "exec", "/proc/1/ns/net", "--", "cat", "/etc/resolv.conf").stdout != "mine\n"


def test_a_name_that_leads_elsewhere(host):
    """Names are given to containers by symbolic links: `rm` takes the name and leaves the netns."""
    host("netns", "new", "pod").succeeded()
    host.node.run(["ln", "-s", "/run/netns/pod", "/run/netns/alias"]).checked()
    host("netns", "rm", "alias").succeeded()
    assert named(host) == ["pod"]
    assert host("netns", "exec", "pod", "--", "true").status == 0


def test_a_throwaway_by_another_path(host):
    """/var/run is /run: what is attached by one name keeps the netns of the other."""
    host.network("other")
    (path,) = THROWAWAY.findall(host("add", "mynet").succeeded().stderr)
    host("add", "other", f"/var{path}", "-i", "net1").succeeded()
    host("del", "mynet", path).succeeded()
    assert named(host) != []
    host("del", "other").succeeded()
    assert named(host) == []
