"""Kubeconfigs, and that nothing secret of them is ever told."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cnictl.kubernetes import kubeconfig as kubeconfigs
from cnictl.spec.errors import CniError

SECRET = "eyJhbGciOiJ-very-secret"


def kubeconfig(tmp_path: Path, *, user: Any = None, cluster: Any = None, **members: Any) -> str:
    """Write a kubeconfig; return its path."""
    whole = {
        "clusters": [{"name": "c", "cluster": {"server": "https://10.96.0.1:443/k8s", **(cluster or {})}}],
        "users": [{"name": "u", "user": {"token": SECRET} if user is None else user}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}, {"name": "y", "context": {}}],
        "current-context": "x",
        **members,
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(whole))
    return str(path)


def test_yaml_and_json_say_the_same(tmp_path: Path):
    """The current context counts."""
    path = kubeconfig(tmp_path, cluster={"tls-server-name": "k", "insecure-skip-tls-verify": True})
    first = kubeconfigs.read(path)
    Path(path).write_text(json.dumps(yaml.safe_load(Path(path).read_text())))
    assert kubeconfigs.read(path) == first
    assert (first.server, first.token, first.server_name, first.insecure) == (
        "https://10.96.0.1:443/k8s",
        SECRET,
        "k",
        True,
    )


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"current-context": "z"}, "there is no context called 'z'"),
        ({"current-context": "y"}, "there is no cluster called ''"),
        ({"users": []}, "there is no user called 'u'"),
        ({"users": 5}, 'key "users": expected a list, found number 5'),
        (
            {"user": {"exec": {"command": "aws"}}},
            'users have a token or a client certificate here, and no "exec"',
        ),
        ({"user": {"username": "a", "password": SECRET}}, 'and no "username"'),
        ({"user": {"as": "root", "token": SECRET}}, 'and no "as"'),
        ({"cluster": {"proxy-url": "http://x"}}, 'a cluster is reached directly here, and no "proxy-url"'),
        ({"user": {"tokenFile": "missing"}}, "cannot read "),
        ({"user": {"client-certificate-data": "%"}}, '"client-certificate-data" is no PEM text in base64'),
        ({"user": {"token": f"{SECRET}\nX: y"}}, "the token has characters that no token has"),
        ({"user": {"token": f"{SECRET}é"}}, "the token has characters that no token has"),
    ],
)
def test_what_is_no_use_is_named(tmp_path: Path, members: dict[str, Any], words: str):
    """With the file and what is wrong in it; never with what it holds."""
    path = kubeconfig(tmp_path, **members)
    with pytest.raises(CniError) as caught:
        kubeconfigs.read(path)
    assert caught.value.code == 7
    assert caught.value.msg.startswith(f"kubeconfig {path}: ")
    assert words in caught.value.msg
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"token: {SECRET}\n\t- x", "it is no YAML, line 2"),
        (f"- {SECRET}", "it holds no object"),
        ("", "it holds no object"),
        (f"a: !!python/object/apply:os.system ['{SECRET}']", "it is no YAML, line 1"),
    ],
)
def test_texts_that_are_no_kubeconfig(tmp_path: Path, text: str, words: str):
    """Are not quoted, and do nothing."""
    path = tmp_path / "kubeconfig"
    path.write_text(text)
    with pytest.raises(CniError) as caught:
        kubeconfigs.read(str(path))
    assert words in caught.value.msg
    assert SECRET not in str(caught.value)


def test_a_kubeconfig_that_is_not_there(tmp_path: Path):
    """Is named."""
    with pytest.raises(CniError, match=r"cannot read .*/none: No such file or directory"):
        kubeconfigs.read(str(tmp_path / "none"))


def test_inside_of_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The environment leads to the server, and the service account's files say who asks."""
    monkeypatch.setattr(kubeconfigs, "SERVICE_ACCOUNT", str(tmp_path))
    (tmp_path / "token").write_text(f"{SECRET}\n")
    (tmp_path / "ca.crt").write_text("PEM")
    assert kubeconfigs.find("", {}) is None
    assert kubeconfigs.find("", {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}) is None
    found = kubeconfigs.find("", {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"})
    assert found is not None
    assert (found.server, found.token, found.ca) == ("https://[fd00::1]:443", SECRET, "PEM")


def test_what_is_secret_is_not_shown(tmp_path: Path):
    """Not even to somebody who prints what was read."""
    found = kubeconfigs.read(kubeconfig(tmp_path))
    assert SECRET not in repr(found)
    assert SECRET not in str(found)


def test_yaml_without_the_package_that_reads_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Is an error that says so; JSON needs none."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    path = kubeconfig(tmp_path)
    with pytest.raises(CniError, match="it is not JSON, and PyYAML, which reads the rest, is not installed"):
        kubeconfigs.read(path)


def test_a_pod_without_a_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Cannot ask, and is told which file is missing."""
    monkeypatch.setattr(kubeconfigs, "SERVICE_ACCOUNT", str(tmp_path))
    environment = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    with pytest.raises(CniError, match=r"cannot read .*/ca.crt: No such file or directory"):
        kubeconfigs.find("", environment)
