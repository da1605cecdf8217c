"""Small words about plugins and attachments."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cnictl.render.attachments import age, short_id
from cnictl.render.execution import milliseconds, readable, section, tail, text_member
from cnictl.render.shell import shell_command
from cnictl.render.versions import span
from cnictl.runtime.attachment import Attachment
from cnictl.runtime.cache import CachedAttachment


@pytest.mark.parametrize(
    ("container_id", "shown"),
    [
        ("0123456789abcdef" * 4, "0123456789ab"),
        ("default-" + "0123456789abcdef" * 4, "default-0123456789ab"),
        ("cnitool-77383ca0a0715733ca6f", "cnitool-77383ca0a071"),
        ("c1", "c1"),
        ("my-own-container-with-a-long-name", "my-own-container-with-a-long-name"),
    ],
)
def test_an_id_in_a_table(container_id, shown):
    """Digits are cut where twelve tell enough; what is shown is how the id begins."""
    assert short_id(container_id) == shown
    assert container_id.startswith(shown)
    assert short_id(container_id, whole=True) == container_id


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172800, "2d"), (-5, "0s")],
)
def test_age(tmp_path: Path, seconds, text):
    """In the largest unit of which there are two."""
    path = tmp_path / "file"
    path.touch()
    os.utime(path, (1000, 1000))
    cached = CachedAttachment(str(path), "n", Attachment("c"), b"", None)
    assert age(cached, now=1000 + seconds) == text
    path.unlink()
    assert age(cached) == "?"


@pytest.mark.parametrize(
    ("versions", "text"),
    [
        (["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"], "0.1.0 to 1.1.0"),
        (["0.3.0", "0.3.1", "0.4.0"], "0.3.0 to 0.4.0"),
        (["0.3.0", "1.0.0", "1.1.0"], "0.3.0 1.0.0 1.1.0"),
        (["0.4.0", "1.0.0"], "0.4.0 1.0.0"),
        (["0.4.0", "1.0.0", "1.1.0", "2.0.0"], "0.4.0 1.0.0 1.1.0 2.0.0"),
        ([], ""),
    ],
)
def test_a_span_of_versions(versions, text):
    """A span only where nothing is missing in between."""
    assert span(versions) == text


def test_what_a_plugin_wrote():
    """JSON is laid out, the rest is as it is; escapes become visible; bytes that are no text survive."""
    assert readable(b'{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    assert readable(b'{"a"') == '{"a"'
    assert section("stdout", b"a\nb\n") == "  stdout:\n    a\n    b\n"
    assert section("stdout", b"\x1b[2J\xff") == "  stdout: \\x1b[2J\\xff\n"
    assert section("stdout", b" \n") == ""
    assert tail(b"\n".join(b"%d" % number for number in range(20)), 2) == ["18", "19"]
    assert text_member(b"\xff") == {"base64": "/w=="}


@pytest.mark.parametrize(("seconds", "text"), [(0.0123, "12 ms"), (9.9994, "9999 ms"), (12.34, "12.3 s")])
def test_a_duration(seconds, text):
    """Milliseconds up to ten seconds."""
    assert milliseconds(seconds) == text


@pytest.mark.parametrize("text", ["{}", "EOF", "a\nEOF\nEOFF\nb", "$HOME `id` \\ '\"", "é"])
def test_a_call_as_a_command(tmp_path: Path, text):
    """The shell gives the program just that, whatever it is."""
    program = tmp_path / "it's a program"
    program.write_text('#!/bin/sh\nprintf "%s|" "$A"\ncat\n')
    program.chmod(0o755)
    command = shell_command(str(program), {"A": text}, text.encode())
    done = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True)
    assert done.stdout == f"{text}|{text}\n"
