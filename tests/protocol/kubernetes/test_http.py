"""TLS to an API server."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from cnictl.kubernetes.http import Server
from cnictl.kubernetes.kubeconfig import Access
from tests.kernel.plugins.kubernetes import make_certificates


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """One whose CA says nothing of what its key is for, as those of older clusters."""
    certificates = make_certificates(tmp_path / "certificates")
    listener = HTTPServer(("127.0.0.1", 0), Answer)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
    listener.socket = context.wrap_socket(listener.socket, server_side=True)
    thread = threading.Thread(target=listener.serve_forever)
    thread.start()
    ca = (certificates / "ca.crt").read_text(encoding="ascii")
    yield Server(Access("here", f"https://127.0.0.1:{listener.server_port}", ca=ca))
    listener.shutdown()
    thread.join()
    listener.server_close()


class Answer(BaseHTTPRequestHandler):
    """Says yes."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"yes")

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def test_a_ca_need_not_be_as_python_wants_it_since_3_13(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Go does not ask for a CA's extensions either, and nobody makes a cluster's CA anew for a plugin."""
    default = ssl.create_default_context

    def strict(**more: Any) -> ssl.SSLContext:
        context = default(**more)
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(ssl, "create_default_context", strict)
    assert server.exchange("GET", "/", None, limit=10) == (200, b"yes")
