"""How to reach the API server, from a kubeconfig or from inside of a pod.

Nothing of what is read here is ever part of a message but names of files and of the server.
"""

from __future__ import annotations

import os

from cnictl import durable
from cnictl.spec.document import DecodeError, Document, decode_object
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"

_UNSUPPORTED = ("exec", "auth-provider", "username", "password", "as", "as-groups", "as-uid", "as-user-extra")


class Access(Value):
    """A server's address and how the two sides prove who they are; `source` is what it was read from.

    `ca`, `certificate` and `key` are PEM texts, "" for none; `server_name` is the name in the server's
    certificate where it is not that of its address.
    """

    __slots__ = ("source", "server", "ca", "token", "certificate", "key", "server_name", "insecure")

    def __init__(
        self,
        source: str,
        server: str,
        *,
        ca: str = "",
        token: str = "",
        certificate: str = "",
        key: str = "",
        server_name: str = "",
        insecure: bool = False,
    ) -> None:
        self.source = source
        self.server = server
        self.ca = ca
        self.token = token
        self.certificate = certificate
        self.key = key
        self.server_name = server_name
        self.insecure = insecure
        if any(not "!" <= character <= "~" for character in token):
            _refuse(source, "the token has characters that no token has")

    def __repr__(self) -> str:
        return f"Access({self.source!r}, {self.server!r})"


def find(path: str, environment: Mapping[str, str]) -> Access | None:
    """Return what a kubeconfig says, else what a pod of the cluster knows; None outside of one.

    Raises CniError naming the file for what cannot be read.
    """
    if path:
        return read(path)
    host, port = (environment.get(f"KUBERNETES_SERVICE_{name}", "") for name in ("HOST", "PORT"))
    if not (host and port):
        return None
    host = f"[{host}]" if ":" in host else host
    return Access(
        SERVICE_ACCOUNT,
        f"https://{host}:{port}",
        ca=_file(SERVICE_ACCOUNT, f"{SERVICE_ACCOUNT}/ca.crt"),
        token=_file(SERVICE_ACCOUNT, f"{SERVICE_ACCOUNT}/token").strip(),
    )


def read(path: str) -> Access:
    """Return what the current context of a kubeconfig says; raises CniError naming file and key."""
    try:
        top = _decoded(path, _file(path, path))
        context = _entry(path, top, "contexts", "context", top.string("current-context"))
        cluster = _entry(path, top, "clusters", "cluster", context.string("cluster"))
        user = _entry(path, top, "users", "user", context.string("user"))
        for key in _UNSUPPORTED:
            if user.get(key):
                _refuse(path, f'users have a token or a client certificate here, and no "{key}"')
        if cluster.get("proxy-url"):
            _refuse(path, 'a cluster is reached directly here, and no "proxy-url"')
        return Access(
            path,
            cluster.string("server"),
            ca=_text(path, cluster, "certificate-authority"),
            token=(_named(path, user, "tokenFile") or user.string("token")).strip(),
            certificate=_text(path, user, "client-certificate"),
            key=_text(path, user, "client-key"),
            server_name=cluster.string("tls-server-name"),
            insecure=cluster.boolean("insecure-skip-tls-verify"),
        )
    except CniError as error:
        raise CniError(INVALID_NETWORK_CONFIG, f"kubeconfig {path}: {error.msg}", error.details) from None


def _decoded(path: str, text: str) -> Document:
    """Return the object in a text; JSON is read without the package that reads YAML, which takes 20 ms."""
    try:
        return Document(decode_object(text))
    except DecodeError:
        pass
    try:
        import yaml
    except ImportError:
        _refuse(path, "it is not JSON, and PyYAML, which reads the rest, is not installed")
    try:
        members = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        _refuse(path, "it is no YAML" + (f", line {place.line + 1}" if place else ""))
    if not isinstance(members, dict):
        _refuse(path, "it holds no object")
    return Document({str(key): value for key, value in members.items()})


def _entry(path: str, top: Document, listed: str, kind: str, name: str) -> Document:
    for one in top.objects(listed):
        if one.string("name") == name:
            return one.object(kind) or Document({})
    _refuse(path, f"there is no {kind} called '{name}'")


def _text(path: str, document: Document, key: str) -> str:
    """Return a PEM text that stands in a key in base64, or is in the file that another key names."""
    inlined = document.string(f"{key}-data")
    if not inlined:
        return _named(path, document, key)
    from binascii import Error, a2b_base64

    try:
        return a2b_base64("".join(inlined.split()), strict_mode=True).decode("utf-8")
    except (Error, ValueError):
        _refuse(path, f'"{key}-data" is no PEM text in base64')


def _named(path: str, document: Document, key: str) -> str:
    """Return what is in the file that a key names, from the kubeconfig's directory on; "" without the key."""
    name = document.string(key)
    return _file(path, os.path.join(os.path.dirname(path), name)) if name else ""


def _file(path: str, name: str) -> str:
    try:
        with open(name, "rb") as file:
            return file.read(durable.SIZE_LIMIT).decode("utf-8")
    except OSError as error:
        _refuse(path, f"cannot read {name}: {error.strerror}")
    except UnicodeDecodeError:
        _refuse(path, f"{name} is no text")


def _refuse(path: str, reason: str) -> NoReturn:
    raise CniError(INVALID_NETWORK_CONFIG, reason, f"in {path}")
