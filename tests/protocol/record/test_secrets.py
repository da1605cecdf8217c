"""Secrets do not get into the log; everything else does, byte for byte."""

from __future__ import annotations

import json

import pytest

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
        {"credentials": {"user": "***", "more": ["***", 1]}, "x": "y"},
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
