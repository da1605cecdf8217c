"""Secrets do not get into the log; everything else does, byte for byte."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnictl.record.program import SOURCES
from tests.protocol.record.conftest import ENVIRONMENT, Directory

JWT = "eyJhbGciOiJSUzI1NiIsImtpZCI6IjEyMyJ9.eyJpc3MiOiJrdWJlcm5ldGVzIn0.c2lnbmF0dXJlLXNlY3JldA"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEAplanted\nplanted==\n-----END RSA PRIVATE KEY-----"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIDpublic\n-----END CERTIFICATE-----\n"
ENCODED = "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRVktLS0tLQplanted=="
KUBECONFIG = f"""\
apiVersion: v1
users:
- name: calico
  user:
    token: {JWT}
    client-key-data: {ENCODED}
    client-certificate-data: planted0
    username: admin
    password: 'plan"ted'
"""
CONFIGURATIONS = {
    "a password": ({"etcd_password": "planted"}, {"etcd_password": "***"}),
    "any spelling": (
        {"API-Token": "planted", "secretKey": "planted"},
        {"API-Token": "***", "secretKey": "***"},
    ),
    "escapes": ({"password": 'pl\\an"ted\\', "mtu": 1}, {"password": "***", "mtu": 1}),
    "no text": (
        {"token": 12345, "psk": None, "useToken": True},
        {"token": "***", "psk": None, "useToken": True},
    ),
    "an object": (
        {"credentials": {"user": "planted", "more": ["planted", 1]}, "x": "y"},
        {"credentials": {"user": "***", "more": ["***", "***"]}, "x": "y"},
    ),
    "a list": ({"tokens": ["planted", "planted"], "x": ["y"]}, {"tokens": ["***", "***"], "x": ["y"]}),
    "a shape": ({"note": f"with {JWT} in it"}, {"note": "with *** in it"}),
    "a private key": ({"pem": f"{CERTIFICATE}{PEM}\n"}, {"pem": f"{CERTIFICATE}***\n"}),
    "a URL": ({"proxy": "http://me:planted@proxy:3128/"}, {"proxy": "http://me:***@proxy:3128/"}),
    "bearer": ({"header": "Authorization: Bearer planted"}, {"header": "Authorization: ***"}),
    "JSON within JSON": (
        {"raw": json.dumps({"password": 'pl"anted', "user": "me"})},
        {"raw": json.dumps({"password": "***", "user": "me"})},
    ),
    "nothing": (
        {
            "tokenFile": "/run/token",
            "secretName": "web",
            "mac": "02:00:00:00:00:01",
            "url": "http://[fd00::1]:80/",
        },
        {
            "tokenFile": "/run/token",
            "secretName": "web",
            "mac": "02:00:00:00:00:01",
            "url": "http://[fd00::1]:80/",
        },
    ),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_in_a_configuration(directory: Directory, name: str):
    """By its name or its look; the rest stays, and it stays JSON.  The plugin gets and says all of it."""
    given, kept = CONFIGURATIONS[name]
    directory.plugin("cat", "cat")
    directory.start("cat")
    stdin = json.dumps(given).encode()
    assert directory.call("cat", stdin).stdout == stdin
    (call,) = directory.calls()
    assert (json.loads(call.stdin), json.loads(call.stdout)) == (kept, kept)
    assert bool(call.secrets) == (given != kept)
    if given == kept:
        assert call.stdin == stdin


def test_none_is_on_the_disk(directory: Directory):
    """Wherever it was planted: variables, CNI_ARGS, a kubeconfig, an error."""
    directory.plugin("says", 'cat >/dev/null; echo "token=planted1 Bearer planted2" >&2; exit 1')
    directory.start("says")
    environment = {
        **ENVIRONMENT,
        "API_KEY": "abc planted;planted",
        "HTTPS_PROXY": "https://me:planted@proxy",
        "SOME": JWT,
        "CNI_ARGS": "IgnoreUnknown=1;PASSWORD=planted;K8S_POD_NAME=web-0",
        "PWD": "/somewhere",
    }
    stdin = json.dumps({"name": "web", "kubeconfig": KUBECONFIG, "bootstrap": "abcdef.012345678planted"})
    directory.call("says", stdin.encode(), environment)
    for file in directory.log.iterdir():
        data = file.read_bytes()
        assert b"planted" not in data, data
        assert JWT.encode() not in data
        assert ENCODED[:20].encode() not in data
    (call,) = directory.calls()
    assert call.environment["CNI_ARGS"] == "IgnoreUnknown=1;PASSWORD=***;K8S_POD_NAME=web-0"
    assert call.environment["HTTPS_PROXY"] == "https://me:***@proxy"
    assert call.environment["PWD"] == "/somewhere"
    assert (call.environment["API_KEY"], call.environment["SOME"]) == ("***", "***")
    assert "username: admin" in json.loads(call.stdin)["kubeconfig"]


SANITIZED = ("-O1", "-g", "-Wall", "-Wextra", "-Wconversion", "-Werror", "-fsanitize=address,undefined")
SECRET_NAMES = ("password", "apiToken", "client-key", "credentials")
NAMES = (*SECRET_NAMES, "name", "type", "mtu", "ipam", "tokenFile")
TEXTS = st.one_of(st.text(), st.text(alphabet="\"\\\\':={}[],\n a"))
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(-1e20, 1e20), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)


def expected(value: Any, secret: bool = False) -> Any:
    """What a document without anything that looks like a secret must become."""
    if isinstance(value, dict):
        return {name: expected(one, secret or name in SECRET_NAMES) for name, one in value.items()}
    if isinstance(value, list):
        return [expected(one, secret) for one in value]
    hidden = secret and value is not None and not isinstance(value, bool) and value != ""
    return "***" if hidden else value


@pytest.fixture(scope="module")
def redact(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], bytes]:
    """The function itself."""
    path = tmp_path_factory.mktemp("redact") / "redact.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-o", path, f"{SOURCES}/redact.c"], check=True)
    library = ctypes.CDLL(str(path))
    library.redact.restype = ctypes.c_void_p
    free = ctypes.CDLL(None).free
    free.argtypes = [ctypes.c_void_p]

    def call(text: bytes) -> bytes:
        copied, secrets = ctypes.c_size_t(), ctypes.c_uint()
        made = library.redact(text, ctypes.c_size_t(len(text)), ctypes.byref(copied), ctypes.byref(secrets))
        try:
            return ctypes.string_at(made, copied.value)
        finally:
            free(made)

    return call


@settings(max_examples=80)
@given(document=st.dictionaries(st.sampled_from(NAMES), DOCUMENTS), indent=st.sampled_from([None, 2]))
def test_any_document_stays_one(redact: Callable[[bytes], bytes], document: Any, indent: int | None) -> None:
    """Of secret names every value is hidden, whatever is in it; all else is as it was."""
    text = json.dumps(document, indent=indent)
    if any(word in text for word in (":=", "=", "bearer", "://", "-----")):
        return  # what looks like a secret is one, wherever it is
    assert json.loads(redact(text.encode())) == expected(document)


def test_sanitizers_find_nothing(tmp_path: Path) -> None:
    """Any mixture of what it looks for is read within its bounds, and written within them."""
    harness = tmp_path / "harness.c"
    harness.write_text(HARNESS)
    program = tmp_path / "harness"
    sources = (harness, f"{SOURCES}/redact.c")
    subprocess.run(["cc", *SANITIZED, f"-I{SOURCES}", "-o", program, *sources], check=True)
    done = subprocess.run([program], check=False, capture_output=True, text=True, env=dict(os.environ))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


HARNESS = r"""
#include "redact.h"
#include <stdlib.h>
#include <string.h>
static const char *const PIECES[] = {
    "\"", "\\", "'", ":", "=", "{", "}", "[", "]", ",", "token", "key", "a", "1", "-", " ", "\n", "-----",
    "-----BEGIN ", "PRIVATE KEY", "-----END ", "://", "@", "eyJ", ".", "bearer", "LS0tLS1CRUdJTi",
    "true", "\\n"
};
int main(void) {
    srand(7);
    for (int round = 0; round < 30000; round++) {
        char text[1024];
        size_t length = 0, copied = 0;
        unsigned secrets = 0;
        for (int count = rand() % 30; count > 0; count--) {
            const char *piece = PIECES[(size_t)rand() % (sizeof PIECES / sizeof *PIECES)];
            memcpy(text + length, piece, strlen(piece));
            length += strlen(piece);
        }
        char *exact = malloc(length + 1);
        memcpy(exact, text, length);
        char *copy = redact(exact, length, &copied, &secrets);
        if (copy == NULL || copied > 3 * length + 16)
            return 1;
        free(copy);
        free(exact);
    }
    return 0;
}
"""
