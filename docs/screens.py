"""Take the pictures of docs/screens/: what commands print on a terminal, in colour, 80 and 200 columns wide.

usage: python docs/screens.py [NAME ...]

Each is run on a throwaway node of its own, and so is what `cnictl map -o svg` draws by itself.
tests/protocol/test_screens.py compares what commands print with what the pictures show, numbers aside.
"""

from __future__ import annotations

import html
import io
import os
import re
import sys
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cnictl.sandbox.node import Node

PROJECT = Path(__file__).parents[1]
DIRECTORY = PROJECT / "docs" / "screens"
WIDTHS = (80, 200)
MAP = PROJECT / "docs" / "map.svg"
"""A picture that a command draws by itself."""

_NAMED = ["unshare", "--uts", "sh", "-c", 'hostname node-1 && exec "$@"', "sh"]
"""Runs a command on a machine of that name."""
_ON_TERMINAL = "import pty, sys; sys.exit(pty.spawn(['sh', '-c', sys.argv[1]]) >> 8)"
_BEFORE = """\
export CNI_PATH=/run/cni/bin NETCONFPATH=/run/cni/net.d
mkdir -p $NETCONFPATH
cp testdata/conflists/10-web.conflist $NETCONFPATH
cnictl install $CNI_PATH
"""
_TWO_PODS = """\
cnictl netns new shop
cnictl netns new client
cnictl add web --container-id shop --port 8080:80/tcp shop
cnictl add web --container-id client client
"""
_WIRED = """\
ip link add wan type bridge
ip addr add 192.0.2.10/24 dev wan
ip link set wan up
ip route add default via 192.0.2.1
cat >$NETCONFPATH/20-storage.conflist <<'EOT'
{"cniVersion": "1.0.0", "name": "storage", "plugins": [
  {"type": "macvlan", "master": "wan", "ipam": {"type": "host-local", "subnet": "192.0.2.0/24"}}]}
EOT
cat >$NETCONFPATH/30-edge.conflist <<'EOT'
{"cniVersion": "1.0.0", "name": "edge", "plugins": [
  {"type": "ptp", "ipam": {"type": "host-local", "subnet": "10.99.0.0/24"}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
EOT
attach() {
  network=$1 pod=$2; shift 2
  cnictl netns new "$pod"
  args="IgnoreUnknown=1;K8S_POD_NAMESPACE=prod;K8S_POD_NAME=$pod"
  cnictl add "$network" --container-id "$pod" --args "$args" "$@" "$pod"
}
attach web shop --port 8080:80/tcp --port 8053:53/udp
attach web till --port 8443:443/tcp
attach storage postgres
attach edge gateway --port 443:8443/tcp
ip link add vx7 type vxlan id 7 dstport 4789 dev wan
ip link set vx7 up master cni0
"""
_MISTAKES = """\
cat >/run/20-mistakes.conflist <<'EOT'
{
  "cniVersion": "1.0.0",
  "name": "shop",
  "plugins": [
    {"type": "bridge", "isGatway": true, "ipMasq": "yes",
     "ipam": {"type": "host-local", "subnet": "10.88.0.1/24", "gateway": "10.89.0.1"}},
    {"type": "portmap"}
  ]
}
EOT
"""
_SCENARIO = """\
cat >/run/shop.yaml <<'EOT'
name: shop
network:
  cniVersion: 1.0.0
  name: web
  plugins:
    - {type: bridge, isGateway: true, mtu: 1400, ipam: {type: host-local, subnet: 10.88.0.0/24}}
attachments:
  - {container: shop}
expect:
  state:
    node:
      link: {cni0: {kind: bridge, mtu: 1500}}
EOT
"""


@dataclass(frozen=True, slots=True)
class Screen:
    """A picture: the command to be seen, and what is done before it unseen."""

    name: str
    command: str
    before: str = ""
    until: str = ""
    """How the first line begins that is left out, with all below it."""


SCREENS = (
    Screen("validate", "cnictl validate /run/20-mistakes.conflist", _MISTAKES),
    Screen("test", "cnictl test /run/shop.yaml", _SCENARIO),
    Screen("plan", "cnictl plan web --port 8080:80/tcp"),
    Screen("compare", "cnictl compare $CNI_PATH /run/other web", "cp -a $CNI_PATH /run/other"),
    Screen(
        "conformance",
        "cnictl conformance /run/careless --config /run/careless.conf",
        """cp testdata/plugins/careless /run
        echo '{"cniVersion": "1.0.0", "name": "n", "type": "careless"}' >/run/careless.conf
        """,
    ),
    Screen("attachments", "cnictl attachments ls", _TWO_PODS),
    Screen(
        "ports",
        "cnictl ports",
        _TWO_PODS
        + """cnictl netns new till
        pod='IgnoreUnknown=1;K8S_POD_NAMESPACE=prod;K8S_POD_NAME=till'
        cnictl add web --container-id till --port 8443:443/tcp --port 8080:80/tcp --args "$pod" till
        """,
    ),
    Screen("map", "cnictl map --whole-node", _WIRED),
    Screen(
        "doctor",
        "cnictl doctor --cni-path $CNI_PATH --log /dev/null",
        _TWO_PODS + "mkdir -p /etc/cni && cp -r $NETCONFPATH /etc/cni\nsysctl -qw net.ipv4.ip_forward=0\n",
        until="not checked",
    ),
    Screen(
        "diff",
        "cnictl diff --network web",
        _TWO_PODS + "ip -n client route del default\niptables -t nat -F CNI-HOSTPORT-DNAT\n",
    ),
)


def printed(screen: Screen, width: int) -> str:
    """Run a command on a terminal of a throwaway node, and return what came to it, escapes and all."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    setting = {"PATH": path, "HOME": "/root", "LANG": "C.UTF-8", "TERM": "xterm-256color"}
    with Node() as node:
        done = node.run(["sh", "-ec", _BEFORE + screen.before], env=setting, cwd=str(PROJECT), timeout=60)
        done.checked()
        argv = [*_NAMED, sys.executable, "-c", _ON_TERMINAL, screen.command]
        environment = {
            **setting,
            "COLUMNS": str(width),
            "CNI_PATH": "/run/cni/bin",
            "NETCONFPATH": "/run/cni/net.d",
        }
        text = node.run(argv, env=environment, cwd=str(PROJECT), timeout=100).stdout.replace("\r\n", "\n")
        lines = text.splitlines(keepends=True)
        shown = takewhile(lambda one: not (screen.until and screen.until in one), lines)
        return "".join(shown)


def drawn() -> str:
    """Return what `cnictl map -o svg` draws of the node of the screen `map`."""
    screen = next(one for one in SCREENS if one.name == "map")
    return printed(Screen(screen.name, f"{screen.command} -o svg 2>/dev/null", screen.before), WIDTHS[0])


def picture(screen: Screen, width: int, text: str) -> str:
    """Return the picture of what was printed, as SVG."""
    console = Console(
        record=True, width=width, file=io.StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text(f"$ {screen.command}", style="bold"))
    console.print(Text.from_ansi(text), end="")
    svg = console.export_svg(title=f"{width} columns", unique_id=f"{screen.name}-{width}")
    svg = svg.replace("<text ", '<text xml:space="preserve" ')  # or some drop the blanks a line begins with
    return re.sub(r"@font-face {.*?}\s*", "", svg, flags=re.DOTALL)  # who looks at it fetches nothing


def words(svg: str) -> list[str]:
    """Return the words that a picture shows, 0 for each number and MAC address, which differ every time."""
    shown = " ".join(re.findall(r"<text[^>]*>([^<]*)</text>", svg))
    plain = html.unescape(shown).replace("\N{NO-BREAK SPACE}", " ")
    return re.sub(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}|[0-9a-f]*\d[0-9a-f.:]*", "0", plain).split()


def main(*names: str) -> None:
    """Take the pictures named, or all."""
    DIRECTORY.mkdir(exist_ok=True)
    for screen in SCREENS:
        if screen.name in (names or {screen.name}):
            for width in WIDTHS:
                path = DIRECTORY / f"{screen.name}-{width}.svg"
                path.write_text(picture(screen, width, printed(screen, width)), encoding="utf-8")
                print(path.relative_to(PROJECT))
    if "map" in (names or {"map"}):
        MAP.write_text(drawn(), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
