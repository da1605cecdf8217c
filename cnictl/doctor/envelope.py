"""The envelopes of kubelet, the runtimes and meta plugins around what a plugin said, taken off one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MOST_LAYERS = 40

_ID = r"[0-9a-zA-Z_.-]+"
_UID = r"[0-9a-f-]+"
_NAME = r"[a-z0-9.-]+"
_POD = rf"(?P<namespace>{_NAME})/(?P<pod>{_NAME})"
_SANDBOX = rf"\"?(?P<sandbox>{_ID})\"?"
_NETWORK = r"network \"?(?P<network>[^\"\s]+)\"?"

_LAYERS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(rf"\s*(?:{expression})\s*", re.IGNORECASE | re.DOTALL))
    for name, expression in (
        ("kubelet", r"Failed (?:to )?create pod sandbox:"),
        ("kubelet", r"error killing pod:(?: \[)?"),
        ("kubelet", rf"failed to \"?KillPodSandbox\"? for \"?(?P<uid>{_UID})\"? with KillPodSandboxError:"),
        ("kubelet", rf"Error syncing pod(?: {_UID})?[^:]*:"),
        ("kubelet", r"network is not ready: (?:\[)?"),
        ("kubelet", r"container runtime network not ready:"),
        ("kubelet", r"(?:runtime )?network not ready:"),
        ("kubelet", r"(?:NetworkReady=false|reason:\w+|message:)"),
        ("grpc", r"rpc error: code = \w+ desc ="),
        ("containerd", rf"failed to setup network for sandbox {_SANDBOX}:"),
        ("containerd", rf"failed to destroy network for sandbox {_SANDBOX}:"),
        ("containerd", r"failed to (?:stop|remove) sandbox[^:]*:"),
        ("cri-o", rf"failed to create pod network sandbox (?P<name>\S+?)\((?P<sandbox>{_ID})\):"),
        ("cri-o", rf"network teardown failed for pod sandbox \S*?(?:\((?P<sandbox>{_ID})\))?:"),
        ("cri-o", r"failed to destroy network for pod sandbox [^:]*:"),
        (
            "cri-o",
            rf"error (?:adding|removing) pod (?P<namespace>{_NAME})_(?P<pod>{_NAME}) \w+ CNI {_NETWORK}:",
        ),
        ("cri-o", rf"error (?:adding|removing) container (?:to|from) {_NETWORK}:"),
        (
            "dockershim",
            rf"\[?failed to (?:set|clean) up sandbox container {_SANDBOX} network for pod \"?[^\"\s]+\"?:",
        ),
        (
            "dockershim",
            rf"networkPlugin cni failed to [\w ]+ pod \"?(?P<pod>{_NAME})_(?P<namespace>{_NAME})\"? network:",
        ),
        ("libcni", r"plugin type=['\"]?(?P<plugin>[\w.-]+)['\"]?"),
        ("libcni", r"name=['\"]?(?P<network>[^\"'\s]+)['\"]?"),
        ("libcni", r"failed \((?P<operation>add|delete|check|gc|status)\):"),
        ("multus", rf"\[?{_POD}/(?P<uid>{_UID})?:(?P<network>[^\]\s]+)\]:"),
        ("multus", rf"Multus: \[{_POD}(?:/\S*)?\]:"),
        ("multus", rf"Multus: Err adding pod to {_NETWORK}:"),
        ("multus", r"Multus: error in invoke (?:Delegate|Conflist) (?:add|del) - \"?(?P<plugin>[\w.-]+)\"?:"),
        ("multus", r"Multus:"),
        ("multus", r"Cmd(?:Add|Del|Check) \(shim\):(?= CNI request failed)"),
        ("agent", r"CNI request failed with status \d+:"),
        ("agent", r"'?&\{ContainerID:(?P<sandbox>\w*).*?\} ERRORED:"),
        ("multus", rf"error configuring pod \[{_POD}\] networking:"),
        ("agent", rf"{_POD} (?P<sandbox>{_ID})\]"),
    )
)  # fmt: skip
"""What encloses, by whose it is.  Names of groups are the facts that an envelope carries."""

_FIRST = re.compile(
    r"failed (?:to )?create pod sandbox:|error killing pod:|network is not ready:|network not ready:"
    r"|rpc error: code =|failed to (?:setup|destroy) network for sandbox|failed to create pod network sandbox"
    r"|network teardown failed|error (?:adding|removing) (?:pod|container) |networkPlugin cni failed"
    r"|plugin type=|Multus:|CNI request failed with status",
    re.IGNORECASE,
)
"""Where the envelopes begin in an event, or in a line of a log."""
_CLEAN_UP = re.compile(
    r"[,;]?\s*(?:and )?\[?failed to (?:clean up|destroy network for sandbox)", re.IGNORECASE
)
_SET_UP = re.compile(r"failed to (?:set ?up|create pod network)|create pod sandbox|\(add\)", re.IGNORECASE)
_DELETE = re.compile(
    r"failed to (?:destroy|teardown|clean up)|teardown failed|KillPodSandbox|error removing"
    r"|\(delete\)|CmdDel\b",
    re.IGNORECASE,
)
_CONFIGURATION = re.compile(
    r"&\{ContainerID:.*?StdinData:\[?(?P<data>[0-9 ]*|\{.*?\})\]?\} ERRORED", re.DOTALL
)
_POD_NAME = re.compile(
    r"k8s_(?:[a-z0-9.-]+_)?(?P<pod>[a-z0-9.-]+)_(?P<namespace>[a-z0-9.-]+)_[0-9a-f-]{8,}_\d+"
)


@dataclass(slots=True)
class Letter:
    """What was inside: the innermost words, what was said of whom, and through whom it came.

    `whole` is the text without the clause that only tells of cleaning up, and without a configuration
    that was sent along; `configuration` is that one.
    """

    whole: str
    inside: str
    through: list[str] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    configuration: str = ""

    @property
    def deleting(self) -> bool:
        """Whether it is about the end of a pod."""
        return bool(_DELETE.search(self.whole)) and not _SET_UP.search(self.whole)


def opened(text: str) -> Letter:
    """Return what is inside of all envelopes of a message."""
    whole = _plain(text)
    configuration = ""
    sent = _CONFIGURATION.search(whole)
    if sent:
        configuration = _decoded(sent["data"])
        whole = whole[: sent.start("data")] + whole[sent.end("data") :]
    whole = _without_echo(whole)
    letter = Letter(whole, whole, configuration=configuration)
    named = _POD_NAME.search(whole)
    if named:
        letter.facts |= named.groupdict()
    first = _FIRST.search(whole)
    rest = whole[first.start() :] if first else whole
    for _ in range(MOST_LAYERS):
        for name, expression in _LAYERS:
            layer = expression.match(rest)
            if layer and layer.end():
                letter.facts |= {key: value for key, value in layer.groupdict().items() if value}
                if name not in letter.through:
                    letter.through.append(name)
                rest = rest[layer.end() :].lstrip("\"'[: ")
                break
        else:
            break
    letter.inside = _without_ends(rest.strip()) or whole.strip()
    return letter


def _plain(text: str) -> str:
    """Return a text without the backslashes that every layer of quoting adds."""
    return re.sub(r"\\+([\"'/])", r"\1", text).replace("\\n", "\n").replace("\\t", "\t").strip()


def _without_ends(text: str) -> str:
    """Return a text without the closing marks at its end whose opening ones went with an envelope."""
    while text.endswith(("'", '"', "]")):
        mark = text[-1]
        opened_here = text.count("[") >= text.count("]") if mark == "]" else text.count(mark) % 2 == 0
        if opened_here:
            break
        text = text[:-1]
    return text


def _without_echo(text: str) -> str:
    """Return a text without what it tells of cleaning up, when it first tells after what."""
    start = _SET_UP.search(text)
    echo = _CLEAN_UP.search(text, start.end()) if start else None
    return text[: echo.start()] if echo else text


def _decoded(data: str) -> str:
    """Return a configuration that Go printed as the decimal numbers of its bytes."""
    words = data.split()
    if not words or not all(len(word) <= 3 and word.isdigit() and int(word) < 256 for word in words):
        return data
    return bytes(map(int, words)).decode(errors="replace")
