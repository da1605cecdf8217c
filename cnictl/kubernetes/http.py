"""HTTP and TLS to the API server, on one connection, every exchange in bounded time.

The interpreter's own modules serve it: the requests are few and plain, and a client library takes
longer to import than a pod's network to be made.  This module is imported when the first is made.
"""

from __future__ import annotations

import os
import ssl
import time
from http.client import HTTPConnection, HTTPException
from io import BufferedReader, RawIOBase
from urllib.parse import urlsplit

from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from socket import socket
    from typing import NoReturn

    from cnictl.kubernetes.kubeconfig import Access

CONNECT_LIMIT = 10.0
"""Seconds for a connection to be made."""

_BODY_LIMIT = 32 << 20


class NoAnswer(Exception):
    """The server did not answer; the text says why, `hint` what to look at."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Server:
    """The server of a kubeconfig; `agent` is what requests say who sends them."""

    def __init__(self, access: Access, agent: str = "cnictl") -> None:
        self._access = access
        self._agent = agent
        self._url = urlsplit(access.server)
        self._connection: HTTPConnection | None = None
        self._socket: _Socket | None = None
        if self._url.scheme not in ("https", "http") or not self._url.hostname:
            self._refuse("the server is no https:// address")
        if self._url.scheme == "http" and (access.token or access.key):
            self._refuse("the server is reached by http://, where everybody can read a token")

    def check(self) -> None:
        """Raise CniError for certificates that are of no use, and ask nobody."""
        if self._url.scheme == "https":
            self._context()

    def exchange(self, method: str, path: str, body: bytes | None, limit: float) -> tuple[int, bytes]:
        """Send a request and return status and body of the answer; raises NoAnswer after `limit` seconds.

        What a server that has closed an unused connection did not answer is sent again, but for POST.
        """
        deadline = time.monotonic() + limit
        fresh = self._connection is None
        try:
            try:
                return self._exchange(method, path, body, deadline)
            except (HTTPException, ConnectionError):
                if fresh or method == "POST":
                    raise
                self._close()
                return self._exchange(method, path, body, deadline)
        except (OSError, HTTPException) as error:
            self._close()
            raise NoAnswer(_words(error, limit), self._hint(error)) from error

    def _exchange(self, method: str, path: str, body: bytes | None, deadline: float) -> tuple[int, bytes]:
        connection = self._connected(deadline)
        headers = {"Accept": "application/json", "User-Agent": self._agent}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self._access.token:
            headers["Authorization"] = f"Bearer {self._access.token}"
        connection.request(method, self._url.path.rstrip("/") + path, body, headers)
        response = connection.getresponse()
        data = response.read(_BODY_LIMIT + 1)
        if len(data) > _BODY_LIMIT:
            raise OSError(f"the answer is longer than {_BODY_LIMIT >> 20} MiB")
        if response.will_close:
            self._close()
        return response.status, data

    def _connected(self, deadline: float) -> HTTPConnection:
        """Return the connection; it is made here, so that TLS is as the kubeconfig wants it."""
        if self._connection is None or self._socket is None:
            secure = self._url.scheme == "https"
            port = self._url.port or (443 if secure else 80)
            limit = min(CONNECT_LIMIT, _left(deadline))
            made = HTTPConnection(str(self._url.hostname), port, timeout=limit)
            try:
                made.connect()
                if secure:
                    name = self._access.server_name or self._url.hostname
                    made.sock = self._context().wrap_socket(made.sock, server_hostname=name)
            except BaseException:
                made.close()
                raise
            made.auto_open = 0  # it would connect again without TLS
            self._connection, self._socket = made, _Socket(made.sock)
            made.sock = self._socket
        self._socket.deadline = deadline
        return self._connection

    def _context(self) -> ssl.SSLContext:
        access = self._access
        try:
            # Bundles have comments in other alphabets, which OpenSSL's interface has no use for.
            context = ssl.create_default_context(cadata=access.ca.encode("ascii", "ignore").decode() or None)
            # Since 3.13 Python wants of a CA what those of many clusters lack, and Go does not ask for.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            if access.insecure:
                context.check_hostname = False
                context.verify_mode = ssl.CERT_NONE
            if access.certificate:
                # Certificate and key can be loaded from files only; this one is on no disk.
                descriptor = os.memfd_create("client")
                try:
                    os.write(descriptor, f"{access.certificate}\n{access.key}".encode())
                    context.load_cert_chain(f"/proc/self/fd/{descriptor}", password=_no_password)
                finally:
                    os.close(descriptor)
        except (OSError, ValueError):
            self._refuse(
                "the certificates in it cannot be used",
                "certificate-authority, client-certificate and client-key are PEM texts that belong together",
            )
        return context

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.real.close()
        self._connection = self._socket = None

    def _hint(self, error: Exception) -> str:
        source = self._access.source
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"certificate-authority in {source} must be the one that the server's certificate is from"
        return f"{source} says that this is the API server: is it up, and can it be reached from the node?"

    def _refuse(self, reason: str, details: str = "") -> NoReturn:
        raise CniError(INVALID_NETWORK_CONFIG, f"kubeconfig {self._access.source}: {reason}", details)


class _Socket:
    """A socket as http.client uses one, whose every wait ends at `deadline`."""

    def __init__(self, real: socket) -> None:
        self.real = real
        self.deadline = 0.0

    def sendall(self, data: bytes) -> None:
        self.wait_no_longer()
        self.real.sendall(data)

    def makefile(self, _mode: str) -> BufferedReader:
        return BufferedReader(_Reader(self))

    def close(self) -> None:
        pass  # whoever has the connection closes it; http.client does before it has read the last answer

    def wait_no_longer(self) -> None:
        self.real.settimeout(_left(self.deadline))


class _Reader(RawIOBase):
    def __init__(self, source: _Socket) -> None:
        self._source = source

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        self._source.wait_no_longer()
        return self._source.real.recv_into(buffer)


def _no_password() -> str:
    """Answer in the place of OpenSSL, which would ask at the terminal for that of an encrypted key."""
    return ""


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _words(error: Exception, limit: float) -> str:
    if isinstance(error, TimeoutError):
        return f"no answer within {limit:g} seconds"
    text = getattr(error, "verify_message", "") or getattr(error, "strerror", "") or str(error)
    return text or type(error).__name__
