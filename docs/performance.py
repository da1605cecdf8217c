"""Draw where the time of one ADD goes: docs/performance/timeline.svg.

usage: python docs/performance.py

An ADD of bridge, with host-local and ipMasq, is done on a throwaway node by an interpreter that takes
down when each function begins and ends: started for the call, and with all loaded as in the worker.
Taking it down costs time as well, most where there are many small functions.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

import cnictl_plugins
from cnictl import invoke
from cnictl.install import install
from cnictl.launcher import interpreter
from cnictl.sandbox.node import Node
from cnictl_plugins import multicall

PROJECT = Path(__file__).parents[1]
PICTURE = PROJECT / "docs" / "performance" / "timeline.svg"
CONFIG = {
    "cniVersion": "1.0.0",
    "name": "net",
    "type": "bridge",
    "isGateway": True,
    "ipMasq": True,
    "ipam": {"type": "host-local", "subnet": "10.90.0.0/16"},
}
RECORDER = """\
import sys, time
home, plugins, loaded, out, program = sys.argv[1:]
sys.argv = [program]
events, clock = [], time.perf_counter_ns
def note(frame, event, what):
    now = clock()
    if event == "call":
        code = frame.f_code
        events.append((now, code.co_filename, code.co_qualname))
    elif event == "c_call":
        events.append((now, "", f"{what.__module__ or type(what.__self__).__module__}.{what.__name__}"))
    else:
        events.append((now, None, ""))
sys.path.append(home)
package = sys.modules["cnictl_plugins"] = type(sys)("cnictl_plugins")
package.__path__ = [plugins]
if loaded == "yes":
    from cnictl.worker.daemon import load
    load()
sys.setprofile(note)
from cnictl_plugins.multicall import main
status = main("bridge")
sys.setprofile(None)
import json
with open(out, "w") as file:
    json.dump(events, file)
sys.exit(status)
"""
KERNEL = ("time.sleep", "posix.", "select.", "fcntl.", "_socket.", "socket.")
WIDTH, LEFT, ROW = 1100, 16, 17
DEEPEST = 18
ATTEMPTS = 9
"""Of each, of which the fastest is drawn: nothing else came in between there."""
FILLS = {"import": "#f2c879", "kernel": "#d1603d", "python": "#8fb8ea", "interpreter": "#c3c9d0"}
NAMES = {
    "interpreter": "start of the interpreter",
    "import": "modules",
    "python": "Python",
    "kernel": "the kernel, and programs waited for",
}


@dataclass(slots=True)
class Frame:
    """A function at work, from `begin` to `end` in ms, `depth` below the first."""

    name: str
    kind: str
    begin: float
    depth: int
    end: float = 0.0


def recorded(node: Node, directory: str, number: int, *, loaded: bool) -> list[Frame]:
    """Do one ADD and return what was at work when."""
    out = f"/run/events{number}"
    variables = {
        "PATH": os.environ["PATH"],
        "CNI_COMMAND": "ADD",
        "CNI_CONTAINERID": f"pod{number}",
        "CNI_NETNS": node.new_netns(f"pod{number}"),
        "CNI_IFNAME": "eth0",
        "CNI_PATH": directory,
    }
    words = [str(PROJECT), cnictl_plugins.__path__[0], "yes" if loaded else "no", out]
    words.append(f"{directory}/bridge")
    argv = [interpreter(), "-I", "-S", "-c", RECORDER, *words]
    node.run(argv, env=variables, stdin=json.dumps(CONFIG), timeout=60).checked()
    return list(frames(json.loads(Path(node.path(out)).read_text())))


def frames(events: Sequence[tuple[int, str | None, str]]) -> Iterator[Frame]:
    """Yield the frames of events; those of the import machinery itself are left out."""
    start, stack = events[0][0], list[Frame]()
    for now, file, name in events:
        at = (now - start) / 1e6
        if file is None:
            if stack:
                stack[-1].end = at
                yield stack.pop()
            continue
        within = stack[-1] if stack else Frame("", "python", 0, -1)
        if name == "<module>":
            module = Path(file).stem if Path(file).stem != "__init__" else Path(file).parent.name
            one = Frame(module, "import", at, within.depth + 1)
        elif file.startswith("<frozen importlib") or within.kind == "import":
            one = Frame("", "import", at, within.depth)
        else:
            kind = "kernel" if not file and name.startswith(KERNEL) else "python"
            one = Frame(name.removeprefix("posix."), kind, at, within.depth + 1)
        stack.append(one)


def start_of_the_interpreter() -> float:
    """Return the ms from exec to the end of an interpreter that does nothing."""
    took = []
    for _ in range(15):
        began = time.perf_counter()
        invoke.run(interpreter(), ["-I", "-S", "-c", "pass"], environment={})
        took.append((time.perf_counter() - began) * 1000)
    return min(took)


def lane(title: str, several: Sequence[Frame], top: int, before: float) -> Iterator[str]:
    """Yield the drawing of one call."""
    total = before + max(one.end for one in several)
    scale = (WIDTH - 2 * LEFT) / total
    yield f'<text x="{LEFT}" y="{top - 8}" class="title">{escape(title)}: {total:.0f} ms</text>'
    shown = [Frame("python -I -S", "interpreter", -before, 0, 0.0)] if before else []
    shown += [one for one in several if one.name]
    for one in sorted(shown, key=lambda each: each.depth):
        width = (one.end - one.begin) * scale
        if width < 0.7 or one.depth > DEEPEST:
            continue
        x, y = LEFT + (one.begin + before) * scale, top + one.depth * ROW
        took = f"{one.name}: {one.end - one.begin:.2f} ms"
        yield (
            f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="{ROW - 1}"'
            f' fill="{FILLS[one.kind]}"><title>{escape(took)}</title></rect>'
        )
        letters = int(width / 6.3)
        if letters > 3:
            name = one.name if len(one.name) <= letters else f"{one.name[: letters - 1]}…"
            yield f'<text x="{x + 3:.1f}" y="{y + 12}">{escape(name)}</text>'


def main() -> None:
    """Take both, and draw them."""
    with Node() as node, TemporaryDirectory() as directory:
        install(directory, multicall.PROGRAMS, cnictl_plugins.__path__[0])
        recorded(node, directory, 0, loaded=False)  # makes the bridge
        one_shot, worker = (
            min(
                (recorded(node, directory, first + number, loaded=loaded) for number in range(ATTEMPTS)),
                key=lambda several: max(one.end for one in several),
            )
            for first, loaded in ((1, False), (1 + ATTEMPTS, True))
        )
    height = 2 * (DEEPEST + 1) * ROW + 150
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}"'
    style = "text{font:11px monospace;fill:#24292f}.title{font:600 14px system-ui,sans-serif}"
    parts = [
        f'{head} viewBox="0 0 {WIDTH} {height}"><style>{style}</style>',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        *lane("bridge ADD, started for the call", one_shot, 40, start_of_the_interpreter()),
        *lane("bridge ADD, in the worker", worker, 80 + (DEEPEST + 1) * ROW, 0),
    ]
    x = LEFT
    for kind, name in NAMES.items():
        parts.append(f'<rect x="{x}" y="{height - 24}" width="12" height="12" fill="{FILLS[kind]}"/>')
        parts.append(f'<text x="{x + 17}" y="{height - 14}">{name}</text>')
        x += 40 + 7 * len(name)
    PICTURE.parent.mkdir(exist_ok=True)
    PICTURE.write_text("\n".join([*parts, "</svg>", ""]), encoding="utf-8")
    print(PICTURE.relative_to(PROJECT))
    for name, several in (("one-shot", one_shot), ("worker", worker)):
        for kind in ("import", "kernel"):
            outermost = [one for one in several if one.kind == kind and one.name and not inside(one, several)]
            print(f"{name} {kind}: {sum(one.end - one.begin for one in outermost):.1f} ms")


def inside(one: Frame, several: Sequence[Frame]) -> bool:
    """Whether a frame is below another of its kind."""
    return any(
        other is not one
        and other.kind == one.kind
        and other.begin <= one.begin
        and one.end <= other.end
        and other.depth < one.depth
        for other in several
        if other.name
    )


if __name__ == "__main__":
    main()
