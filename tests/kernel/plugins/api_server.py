"""An API server as multus sees one, on a throwaway node: `python -m tests.kernel.plugins.api_server DIR`.

DIR holds what it knows: `objects.json` (pods, networks), `certificates` (ca.crt, server.crt, server.key),
`token`, and `faults.json`, a list of what is to go wrong: which request, how often, and what happens.
What it was asked is in `requests`, one line each, and what it was told in `events`.  It prints its port.
"""

from __future__ import annotations

import fcntl
import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

TOP = Path(sys.argv[1])
KINDS = {"pods": "pods", "network-attachment-definitions": "networks"}


class Faults:
    """How often each fault has happened."""

    happened: dict[str, int] = {}  # noqa: RUF012 - of the process


class Handler(BaseHTTPRequestHandler):
    """Answers as the real one does, with Status objects for errors."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.serve("GET")

    def do_PUT(self) -> None:
        self.serve("PUT")

    def do_POST(self) -> None:
        self.serve("POST")

    def log_message(self, *_: object) -> None:
        pass

    def serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with (TOP / "requests").open("a") as log:
            log.write(f"{method} {self.path}\n")
        if self.fault(method):
            return
        if not self.known():
            self.refuse(401, "Unauthorized")
            return
        with (TOP / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.answer(method, body)

    def answer(self, method: str, body: bytes) -> None:
        objects = json.loads((TOP / "objects.json").read_text())
        path, _, query = self.path.partition("?")
        words = path.strip("/").split("/")
        if method == "GET" and words[-1] in ("pods", "events"):
            self.list(words, objects, dict(parse_qsl(query)).get("fieldSelector", ""))
            return
        namespace = words[words.index("namespaces") + 1]
        if method == "POST" and words[-1] == "events":
            with (TOP / "events").open("a") as log:
                log.write(json.dumps(json.loads(body)) + "\n")
            self.send(201, json.loads(body))
            return
        kind = next(one for one in words if one in KINDS)
        name = words[words.index(kind) + 1]
        found = objects[KINDS[kind]].get(f"{namespace}/{name}")
        if found is None:
            self.refuse(404, f'{kind} "{name}" not found')
        elif method == "GET":
            self.send(200, found)
        elif kind == "pods" and words[-1] == "status":
            given = json.loads(body)
            if given["metadata"]["resourceVersion"] != found["metadata"]["resourceVersion"]:
                self.refuse(
                    409, f'Operation cannot be fulfilled on pods "{name}": the object has been modified'
                )
                return
            found["metadata"]["annotations"] = given["metadata"]["annotations"]
            found["status"] = given.get("status")
            found["metadata"]["resourceVersion"] = str(int(found["metadata"]["resourceVersion"]) + 1)
            (TOP / "objects.json").write_text(json.dumps(objects))
            self.send(200, found)
        else:
            self.refuse(405, "the server does not allow this method on the requested resource")

    def list(self, words: list[str], objects: dict[str, Any], selector: str) -> None:
        """Answer with the objects that a selector of fields fits, which say nothing of their kind."""
        if words[-1] in objects.get("forbidden", ()):
            self.refuse(403, f'{words[-1]} is forbidden: User "system:node:n1" cannot list them')
            return
        found = list(objects.get(words[-1], {}).values())
        for wanted in selector.split(","):
            path, _, value = wanted.partition("=")
            found = [one for one in found if field(one, path) == value]
        if "namespaces" in words:
            found = [
                one for one in found if one["metadata"]["namespace"] == words[words.index("namespaces") + 1]
            ]
        self.send(
            200, {"kind": "List", "items": [{k: v for k, v in one.items() if k != "kind"} for one in found]}
        )

    def known(self) -> bool:
        """Whether the client is somebody: by a token, or by a certificate that the CA has signed."""
        connection = self.connection
        if isinstance(connection, ssl.SSLSocket) and connection.getpeercert():
            return True
        return self.headers.get("Authorization") == f"Bearer {(TOP / 'token').read_text()}"

    def fault(self, method: str) -> bool:
        """Do what is to go wrong with a request; return whether that was all."""
        faults = json.loads((TOP / "faults.json").read_text())
        for fault in faults:
            key = json.dumps(fault)
            request = f"{method} {self.path}"
            times = Faults.happened.get(key, 0)
            if fault["request"] not in request or times >= fault.get("times", 1 << 30):
                continue
            Faults.happened[key] = times + 1
            time.sleep(fault.get("delay", 0))
            if "change" in fault:
                objects = json.loads((TOP / "objects.json").read_text())
                for pod in objects["pods"].values():
                    pod["metadata"]["resourceVersion"] = str(int(pod["metadata"]["resourceVersion"]) + 1)
                    pod["metadata"]["annotations"]["others"] = "wrote this"
                (TOP / "objects.json").write_text(json.dumps(objects))
                return False
            if "raw" in fault:
                self.wfile.write(fault["raw"].encode())
                self.close_connection = True
                return True
            if "drip" in fault:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
                for _ in range(fault["drip"]):
                    self.wfile.write(b" ")
                    self.wfile.flush()
                    time.sleep(0.1)
                self.close_connection = True
                return True
            if "status" in fault:
                self.refuse(fault["status"], fault.get("message", ""))
                return True
            return False
        return False

    def refuse(self, status: int, message: str) -> None:
        self.send(status, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message})

    def send(self, status: int, members: Any) -> None:
        data = json.dumps(members).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if (TOP / "closes").exists():
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def field(members: Any, path: str) -> Any:
    for key in path.split("."):
        members = members.get(key, {})
    return members


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if not (TOP / "plain").exists():
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        certificates = TOP / "certificates"
        context.load_cert_chain(certificates / "server.crt", certificates / "server.key")
        context.load_verify_locations(certificates / "ca.crt")
        context.verify_mode = ssl.CERT_OPTIONAL
        # the real one takes a client's certificate without the extensions that Python 3.13 wants
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        server.socket = context.wrap_socket(server.socket, server_side=True)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
