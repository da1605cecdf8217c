"""Throwaway nodes: what is inside, what stays outside, and that nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Callable, Iterator, Sequence

import pexpect
import pytest

from cnictl.sandbox.node import ROOT, Node, SandboxError
from tests import witness
from tests.conftest import unavailable

CNICTL = os.path.join(os.path.dirname(sys.executable), "cnictl")
EXEC = """
    import sys
    from cnictl.sandbox.command import exec_on_throwaway_node
    sys.exit(exec_on_throwaway_node(sys.argv[1:]))
"""


def python(code: str, *words: str, interpreter: str = sys.executable) -> list[str]:
    """Give the words that run a piece of code which may import cnictl."""
    code = f"import sys; sys.path.insert(0, {ROOT!r})\n" + textwrap.dedent(code)
    return [interpreter, "-I", "-B", "-c", code, *words]


def marked_sleep() -> list[str]:
    """Give a sleep that `running` can tell from all others."""
    return ["sleep", f"1000.{uuid.uuid4().int % 10**15:015}"]


def running(words: Sequence[str]) -> list[int]:
    """Give the processes of this machine whose argument list is exactly that."""
    wanted = b"".join(word.encode() + b"\0" for word in words)
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/cmdline", "rb") as file:
                    if file.read() == wanted:
                        found.append(int(name))
            except (FileNotFoundError, ProcessLookupError):
                continue
    return found


def eventually(claim: Callable[[], bool], seconds: float = 10) -> bool:
    """Tell whether the claim comes true in time."""
    end = time.monotonic() + seconds
    while not claim():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


@pytest.fixture
def nobody() -> list[str]:
    """The words before a command that is to run without any privilege; then an interpreter it may use."""
    if os.geteuid():
        return [sys.executable]
    drop = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    probe = (
        f"import os, sys; sys.path.insert(0, {ROOT!r}); import cnictl;"
        "sys.exit(sys.version_info < (3, 11) or not os.access(sys.executable, os.X_OK))"
    )
    for interpreter in filter(os.path.exists, (sys.executable, "/usr/bin/python3")):
        if not subprocess.run(
            [*drop, interpreter, "-I", "-c", probe], check=False, capture_output=True
        ).returncode:
            return [*drop, interpreter]
    unavailable("no Python 3.11 that an unprivileged user may run, with this checkout readable to it")


def test_loopback_is_up_and_nothing_else_is_there(node: Node):
    """A fresh node has one link, `lo`, which is up, and no firewall rules."""
    (link,) = witness.ip(node, "link")
    assert link["ifname"] == "lo"
    assert "UP" in link["flags"]
    assert witness.nft(node) == []
    assert node.run(["ls", "/sys/class/net"]).checked().stdout == "lo\n"


def test_state_directories_are_empty(node: Node):
    """/run holds what plugins need and no more; the CNI directories hold nothing."""
    listing = node.run(["ls", "-A", "/run", "/run/netns", "/run/lock", "/var/lib/cni", "/etc/cni"]).checked()
    assert listing.stdout == "/etc/cni:\n\n/run:\nlock\nnetns\n\n/run/lock:\n\n/run/netns:\n\n/var/lib/cni:\n"


def test_what_is_done_inside_is_not_seen_outside(node: Node):
    """Links, settings, mounts and files of a node do not exist on the host."""
    name = f"t{uuid.uuid4().hex[:10]}"
    with open("/proc/self/mountinfo", encoding="ascii") as file:
        mounts = file.read()
    with open("/proc/sys/net/ipv4/ip_forward", encoding="ascii") as file:
        forward = file.read().strip()
    other = "0" if forward == "1" else "1"
    node.run(["ip", "link", "add", name, "type", "veth"]).checked()
    node.run(["sh", "-c", f"echo {other} >/proc/sys/net/ipv4/ip_forward"]).checked()
    for directory in ("/run", "/run/netns", "/run/lock", "/var/lib/cni", "/etc/cni"):
        node.run(["sh", "-c", f"echo inside >{directory}/{name}"]).checked()
        assert not os.path.exists(f"{directory}/{name}")
        assert witness.files(node, directory)[name] == b"inside\n"
    assert name not in os.listdir("/sys/class/net")
    assert witness.sysctl(node, "net/ipv4/ip_forward") == other
    with open("/proc/sys/net/ipv4/ip_forward", encoding="ascii") as file:
        assert file.read().strip() == forward
    with open("/proc/self/mountinfo", encoding="ascii") as file:
        assert file.read() == mounts


def test_nodes_do_not_meet(make_node: Callable[[], Node]):
    """Two nodes may have the same links, namespaces and files."""
    for each in (make_node(), make_node()):
        each.run(["ip", "link", "add", "cni0", "type", "bridge"]).checked()
        assert each.new_netns("pod") == "/run/netns/pod"
        assert [link["ifname"] for link in witness.ip(each, "link")] == ["lo", "cni0"]


def test_a_pod_has_a_namespace_of_its_own(node: Node):
    """A namespace made for a pod is where `ip netns` looks, with `lo` down as runtimes leave it."""
    node.new_netns("pod")
    assert [each["name"] for each in witness.ip(node, "netns")] == ["pod"]
    (link,) = witness.ip(node, "link", netns="pod")
    assert "UP" not in link["flags"]
    node.run(["ip", "link", "add", "eth0", "type", "bridge"], netns="pod").checked()
    assert len(witness.ip(node, "link", netns="pod")) == 2
    assert len(witness.ip(node, "link")) == 1


def test_path_reaches_a_file_inside(node: Node):
    """The maker reads and writes the node's files through `path`."""
    with open(node.path("/etc/cni/a.conf"), "w", encoding="ascii") as file:
        file.write("{}")
    assert node.run(["cat", "/etc/cni/a.conf"]).checked().stdout == "{}"
    assert os.path.samefile(node.path(node.new_netns("pod")), f"{node.path('/run/netns')}/pod")
    assert os.readlink(node.netns) != os.readlink("/proc/self/ns/net")


def test_a_command_gets_its_input_environment_and_directory(node: Node):
    """What is given to `run` is what the program sees, and both its streams come back apart."""
    done = node.run(
        ["sh", "-c", 'cat; pwd; echo "$CNI_COMMAND$HOME" >&2; exit 5'],
        env={"CNI_COMMAND": "ADD", "PATH": os.environ["PATH"]},
        stdin="{}\n",
        cwd="/usr/lib",
    )
    assert (done.status, done.stdout, done.stderr) == (5, "{}\n/usr/lib\n", "ADD\n")


@pytest.mark.parametrize(("script", "status"), [("kill -9 $$", 137), ("exit 0", 0), ("exit 255", 255)])
def test_exit_status_is_a_shells(node: Node, script: str, status: int):
    """A signal's number is added to 128; anything else is passed on."""
    assert node.run(["sh", "-c", script]).status == status


def test_a_missing_program_is_named(node: Node):
    """A program that does not exist answers 127, and `checked` says its name."""
    done = node.run(["no-such-program"])
    assert done.status == 127
    with pytest.raises(SandboxError, match=r"no-such-program: exit status 127: .*No such file"):
        done.checked()


def test_a_late_command_is_killed_with_its_children(node: Node):
    """A time limit ends what the command started as well."""
    sleep = marked_sleep()
    with pytest.raises(SandboxError, match=r"^sh -c .* not done after 0\.3 s$"):
        node.run(["sh", "-c", " ".join(sleep) + " & wait"], timeout=0.3)
    assert eventually(lambda: not running(sleep))


def test_closing_ends_every_process(node: Node):
    """What still runs on a node ends with it, and the node cannot be used any more."""
    sleep = marked_sleep()
    left = node.start(sleep)
    assert eventually(lambda: len(running(sleep)) == 1)
    node.close()
    left.communicate()
    assert not running(sleep)
    with pytest.raises(SandboxError, match="gone"):
        node.run(["true"])


@pytest.mark.parametrize("victim", ["maker", "holder"])
def test_nothing_is_left_when_somebody_is_killed(victim: str):
    """Killing the maker or the holder, which no clean-up code survives, ends the node."""
    sleep = marked_sleep()
    maker = subprocess.Popen(
        python(
            """
            import os, sys, time
            from cnictl.sandbox.node import Node, SandboxError
            try:
                node = Node().__enter__()
            except SandboxError as error:
                sys.exit(print("no", error) or 0)
            left = node.start(sys.argv[1:])
            print("ok", node._holder.pid, flush=True)
            time.sleep(60)
            """,
            *sleep,
        ),
        stdout=subprocess.PIPE,
        text=True,
    )
    with maker:
        assert maker.stdout is not None
        word, _, rest = maker.stdout.readline().partition(" ")
        if word == "no":
            unavailable(rest)
        try:
            assert eventually(lambda: len(running(sleep)) == 1)
            os.kill(maker.pid if victim == "maker" else int(rest), signal.SIGKILL)
            assert eventually(lambda: not running(sleep))
        finally:
            maker.kill()


def test_without_root(nobody: list[str]):
    """An unprivileged user gets a node with pods, links and firewall rules, as root in there."""
    script = python(
        """
        import json
        from cnictl.sandbox.node import Node
        with Node() as node:
            node.new_netns("pod")
            node.run("ip link add veth9 type veth peer name eth0 netns pod".split()).checked()
            node.run("iptables -t nat -N CNI-TEST".split()).checked()
            open(node.path("/var/lib/cni/here"), "w").close()
            print(json.dumps([
                node.run(["id", "-u"]).checked().stdout,
                node.run(["ls", "/sys/class/net"]).checked().stdout.split(),
                node.run(["ip", "-br", "link"], netns="pod").checked().stdout.count("eth0@"),
                "CNI-TEST" in node.run("iptables -t nat -S".split()).checked().stdout,
                node.run(["ls", "/var/lib/cni"]).checked().stdout,
            ]))
        """,
        interpreter="",
    )[1:]
    done = subprocess.run([*nobody, *script], capture_output=True, text=True, check=False, cwd="/")
    if "no throwaway node" in done.stderr:
        unavailable(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == ["0\n", ["lo", "veth9"], 1, True, "here\n"]


def test_a_forbidding_kernel_is_named(nobody: list[str]):
    """Where users may not make namespaces, the error says which setting forbids it and what to do."""
    inner = python(
        """
        from cnictl.sandbox.node import Node, SandboxError
        try:
            Node().__enter__()
        except SandboxError as error:
            print(error, error.hint, sep="\\n")
        """,
        interpreter=nobody[-1],
    )
    outer = python(
        """
        import sys
        from cnictl.sandbox.node import Node
        with Node() as node:  # a user namespace has a limit of its own
            node.run(["sh", "-c", "echo 0 >/proc/sys/user/max_user_namespaces"]).checked()
            print(node.run(["setpriv", "--bounding-set=-all", *sys.argv[1:]]).checked().stdout)
        """,
        *inner,
        interpreter="",
    )[1:]
    done = subprocess.run([*nobody, *outer], capture_output=True, text=True, check=False, cwd="/")
    if "no throwaway node" in done.stderr:
        unavailable(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr
    message, hint = done.stdout.splitlines()[:2]
    assert message == "no throwaway node: make a user namespace: No space left on device"
    assert hint == "run it as root, or change user.max_user_namespaces = 0, which forbids it to others"


@pytest.fixture
def foreground() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start a command with exec_on_throwaway_node, in a process group of its own."""
    started: list[subprocess.Popen[str]] = []

    def start(*words: str) -> subprocess.Popen[str]:
        with Node():  # says why, where there can be none
            started.append(
                subprocess.Popen(
                    python(EXEC, *words),
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    start_new_session=True,
                )
            )
        return started[-1]

    yield start
    for process in started:
        with process:
            process.kill()


def test_foreground_passes_streams_directory_and_status(foreground: Callable[..., subprocess.Popen[str]]):
    """A command has the caller's streams and directory, and its status is the caller's."""
    process = foreground(
        "sh", "-c", 'cat; pwd; ls -A /var/lib/cni; ip -br link | wc -l; echo "$$ >0" >&2; exit 7'
    )
    out, err = process.communicate("given\n")
    assert out == f"given\n{os.getcwd()}\n1\n"
    assert err == "2 >0\n"
    assert process.returncode == 7


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_foreground_forwards_signals(
    foreground: Callable[..., subprocess.Popen[str]], number: signal.Signals
):
    """A signal to the caller reaches the command, which decides what it means."""
    name = number.name.removeprefix("SIG")
    process = foreground("sh", "-c", f"trap 'exit 9' {name}; echo ready; while :; do sleep 0.01; done")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    assert process.wait(20) == 9


def test_foreground_leaves_an_interrupt_to_the_command(foreground: Callable[..., subprocess.Popen[str]]):
    """Ctrl-C, which a terminal sends to all of them, ends the command and shows no traceback."""
    process = foreground("sh", "-c", "echo ready; exec sleep 1000")
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "")


def test_foreground_ends_what_it_started(foreground: Callable[..., subprocess.Popen[str]]):
    """A process left in the background ends with the command."""
    sleep = marked_sleep()
    process = foreground("sh", "-c", " ".join(sleep) + " >/dev/null 2>&1 & echo done")
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert not running(sleep)


def test_foreground_killed_leaves_nothing(foreground: Callable[..., subprocess.Popen[str]]):
    """Killing the caller ends the command."""
    sleep = marked_sleep()
    process = foreground("sh", "-c", "echo ready; exec " + " ".join(sleep))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.kill()
    assert eventually(lambda: not running(sleep))


@pytest.mark.parametrize(
    ("program", "status", "words"),
    [
        ("no-such-program", 127, "no-such-program: No such file or directory"),
        ("/usr", 126, "/usr: Permission denied"),
    ],
)
def test_a_program_that_cannot_be_started(node: Node, program: str, status: int, words: str):  # noqa: ARG001
    """It is named, and the status is that of env, nsenter and `ip netns exec`."""
    done = subprocess.run(
        [CNICTL, "node", "--", program], capture_output=True, text=True, timeout=20, check=False
    )
    assert (done.returncode, done.stderr) == (status, f"error: {words}\n")


# Under xdist there are threads, and since Python 3.12 forkpty warns of them.
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_foreground_gives_an_interactive_shell_its_terminal(make_node: Callable[[], Node]):
    """Ctrl-Z stops a job and Ctrl-C ends it, not the shell, whose status is the caller's."""
    make_node()
    program, *words = python(EXEC, "bash", "--norc", "-i")
    shell = pexpect.spawn(program, words, env={**os.environ, "PS1": "ready> ", "TERM": "dumb"}, timeout=20)
    try:
        shell.expect_exact("ready> ")
        for command, key, status in (("sleep 1000", "\x1a", 148), ("fg", "\x03", 130)):
            shell.sendline(command)
            time.sleep(0.3)  # until the job has the terminal
            shell.send(key)
            shell.sendline("echo status=$?")
            shell.expect_exact(f"status={status}")
        shell.sendline("exit 3")
        shell.expect(pexpect.EOF)
    finally:
        shell.close(force=True)
    assert shell.exitstatus == 3


def test_a_node_in_a_change_root_stays_in_it(node: Node):
    """What builds packages runs tests in one; a command on the node sees the files of its maker."""
    nested = """from cnictl.sandbox.node import Node
with Node() as node: print(node.run(["cat", "/mnt/here"]).stdout)"""
    script = f"""
        mkdir /run/other
        mount --rbind / /run/other
        mount -t tmpfs other /run/other/mnt
        echo in the change root > /run/other/mnt/here
        exec chroot /run/other {sys.executable} -c '{nested}'
    """
    assert node.run(["sh", "-ec", script], cwd=ROOT).checked().stdout.strip() == "in the change root"


def test_a_command_may_have_a_path_that_leads_nowhere(node: Node):
    """The programs that bring it to the node are found all the same."""
    assert node.run(["/bin/echo", "here"], env={"PATH": "/nowhere"}).checked().stdout == "here\n"
