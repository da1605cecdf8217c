"""Chromium without a window, driven over the pipe of its DevTools protocol: a JSON object a zero byte.

It needs no port, no WebSocket and no driver program.  What a page says on its console and what it asks
of the network is kept, so that a test can say that there was nothing.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from typing import Any, Self

from tests.conftest import unavailable

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PIPED = """
import os, sys
ends = [os.dup(int(one)) for one in sys.argv[1:3]]
for place, end in zip((3, 4), [os.dup2(end, 60 + end) for end in ends]):
    os.dup2(end, place)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Starts a program with two descriptors as 3 and 4, where Chromium reads and writes."""
PATIENCE = 60.0
"""Seconds for an answer, which a busy machine may need."""


class Browser:
    """One page, with events of it in `complaints` and `requests`; it ends with the `with` block."""

    def __init__(self, width: int = 1300, height: int = 900) -> None:
        program = next(filter(None, map(shutil.which, PROGRAMS)), None)
        if program is None:
            unavailable("no Chromium: install the package chromium")
        self._profile = tempfile.TemporaryDirectory(prefix="cnictl-chromium-")
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        words = [sys.executable, "-I", "-S", "-c", PIPED, str(theirs_in), str(theirs_out), program]
        flags = ["headless", "no-sandbox", "disable-gpu", "no-first-run", "remote-debugging-pipe"]
        flags += [f"user-data-dir={self._profile.name}", f"window-size={width},{height}"]
        self._process = subprocess.Popen(
            [*words, *(f"--{flag}" for flag in flags), "about:blank"],
            pass_fds=(theirs_in, theirs_out),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._number = 0
        self._rest = b""
        self._session = ""
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self._loaded = False

    def __enter__(self) -> Self:
        try:
            self._attach()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _attach(self) -> None:
        targets = self._call("Target.getTargets")["targetInfos"]
        (page,) = [one["targetId"] for one in targets if one["type"] == "page"]
        self._session = self._call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._call(f"{domain}.enable")
        self._call("Emulation.setFocusEmulationEnabled", enabled=True)

    def __exit__(self, *_: object) -> None:
        os.close(self._out)  # upon which it ends by itself
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        self._profile.cleanup()

    def open(self, path: str) -> None:
        """Load a file, and forget what was before."""
        self.complaints.clear()
        self.requests.clear()
        self._loaded = False
        self._call("Page.navigate", url=f"file://{path}")
        end = time.monotonic() + PATIENCE
        while not self._loaded:
            self._take(self._message(end))

    def evaluate(self, expression: str) -> Any:
        """Return the value of an expression of JavaScript, or what it promises."""
        answer = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self._call("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """Press a key, given by its name or character."""
        text = {"text": key} if len(key) == 1 else {}
        self._call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self._call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def point_at(self, selector: str) -> None:
        """Move the mouse to the middle of the first element that a selector finds."""
        place = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        x, y = self.evaluate(f"(r => [r.x + r.width / 2, r.y + r.height / 2])({place})")
        self._call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def _call(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        request: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            request["sessionId"] = self._session
        os.write(self._out, json.dumps(request).encode() + b"\0")
        end = time.monotonic() + PATIENCE
        while True:
            message = self._message(end)
            if message.get("id") == self._number:
                assert "error" not in message, (method, message)
                return message["result"]
            self._take(message)

    def _message(self, end: float) -> Any:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._in], [], [], max(end - time.monotonic(), 0))
            assert ready, f"Chromium did not answer within {PATIENCE:g} seconds"
            read = os.read(self._in, 1 << 16)
            assert read, f"Chromium ended: {self._process.wait(10)}"
            self._rest += read
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def _take(self, message: Any) -> None:
        """Note an event."""
        method, parameters = message.get("method"), message.get("params", {})
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(parameters["request"]["url"])
        elif method == "Log.entryAdded":
            self.complaints.append(parameters["entry"]["text"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.complaints.append(json.dumps(parameters))
