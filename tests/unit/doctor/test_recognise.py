"""Messages, and the class that each tells of."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from cnictl.doctor.envelope import opened
from cnictl.doctor.failure import catalogue
from cnictl.doctor.pattern import compiled
from cnictl.doctor.recognise import recognise
from cnictl.doctor.tail import tail

VECTORS: dict[str, Any] = yaml.load(
    (Path(__file__).parents[3] / "testdata/failures.yaml").read_text(), yaml.CSafeLoader
)
ENVELOPES: dict[str, str] = VECTORS["envelopes"]
TEARDOWN = ("failed to destroy", "KillPodSandbox")
"""What is an envelope itself, and in no other."""


def codes(text: str) -> list[str]:
    return [one.failure.code for one in recognise(text)]


def is_told(code: str, found: list[str]) -> bool:
    """Whether a class comes first, or goes with the first one, whose words are its own as well."""
    return bool(found) and (found[0] == code or (code in found and found[0] in catalogue()[code].like))


@pytest.mark.parametrize("code", VECTORS["texts"])
def test_every_message_is_its_class_in_every_envelope(code: str):
    """And of no other class, whoever put words around it."""
    for text in VECTORS["texts"][code]:
        assert is_told(code, codes(text)), text
        if text.startswith(TEARDOWN):
            continue
        for name, envelope in ENVELOPES.items():
            said = text.replace('"', '\\"') if "JSON" in name else text
            assert is_told(code, codes(envelope.replace("@", said))), f"{name}: {text}"


def test_every_class_with_words_has_a_message_that_is_tried():
    """So that a pattern that matches nothing is noticed."""
    assert {one.code for one in catalogue().values() if one.texts} <= VECTORS["texts"].keys()


@pytest.mark.parametrize("name", ENVELOPES)
def test_what_an_envelope_says_is_kept(name: str):
    """The message is alone in the end; pod and sandbox are known from whoever named them."""
    letter = opened(ENVELOPES[name].replace("@", "bridge port in error state: down"))
    assert letter.inside.strip("\"'}] ").startswith("bridge port in error state: down")
    for key, value in {"pod": "web-0", "namespace": "default", "sandbox": "3f2a9c0b1d"}.items():
        assert letter.facts.get(key, value) == value
    assert letter.facts


def test_the_configuration_that_multus_sends_along_is_decoded():
    """It came as the decimal numbers of its bytes, and is no part of the message."""
    letter = opened(ENVELOPES["thick Multus"].replace("@", "x"))
    assert letter.configuration == '{"type":"x","a":"signal: killed"}'
    assert codes(ENVELOPES["thick Multus"].replace("@", "bridge port in error state: down")) == [
        "br-port-state"
    ]


def test_the_set_up_is_told_and_not_the_clean_up_after_it():
    """Which mostly fails for the same reason, and says something else."""
    text = ENVELOPES["dockershim"].replace("@", "bridge port in error state: down")
    assert "context deadline exceeded" in text
    assert codes(text) == ["br-port-state"]


def test_a_teardown_that_fails_is_blocked_whatever_the_reason():
    """The reason is the cause, and comes first."""
    text = (
        'failed to destroy network for sandbox "3f2a": plugin type="calico" name="k8s-pod-network" '
        "failed (delete): stat /var/lib/calico/nodename: no such file or directory"
    )
    assert codes(text) == ["calico-nodename", "del-blocked"]
    assert codes('failed to destroy network for sandbox "3f2a": something new') == ["del-blocked"]


DESCRIBED = """\
Name:             web-0
Namespace:        default
Status:           Pending
    State:          Waiting
      Reason:       ContainerCreating
Volumes:
  kube-api-access-x:
    ConfigMapName:           kube-root-ca.crt
Events:
  Type     Reason                  Age                From               Message
  ----     ------                  ----               ----               -------
  Normal   Scheduled               61s                default-scheduler  Successfully assigned default/web-0
  Warning  FailedCreatePodSandBox  8s (x5 over 60s)   kubelet  Failed to create pod sandbox: rpc error: \
code = Unknown desc = failed to setup network for sandbox "3f2a": plugin type="bridge" name="cbr0" \
failed (add): failed to set bridge addr: "cni0" already has an IP address different from 10.244.2.1/24
  Normal   SandboxChanged          3s (x12 over 60s)  kubelet            Pod sandbox changed, \
it will be killed and re-created.
"""


def test_the_whole_output_of_kubectl_describe():
    """Only the event that tells of a failure counts."""
    (found,) = recognise(DESCRIBED)
    assert found.failure.code == "br-addr-differs"
    assert found.facts["bridge"] == "cni0"
    assert found.facts["network"] == "cbr0"


@pytest.mark.parametrize("width", [40, 60, 80])
def test_a_message_that_a_terminal_broke(width: int):
    """Wherever it did, in the middle of a word too."""
    text = ENVELOPES["kubelet and containerd"].replace("@", VECTORS["texts"]["br-addr-differs"][-1])
    broken = "\n".join(text[i : i + width] for i in range(0, len(text), width))
    assert "br-addr-differs" in codes(broken)


@pytest.mark.parametrize(
    "text",
    [
        "Successfully assigned default/web-0 to worker-1",
        "Pod sandbox changed, it will be killed and re-created.",
        "Created container web",
        "Started container web",
        "",
        "\n\n",
    ],
)
def test_what_tells_of_no_failure(text: str):
    """Silence, rather than a guess."""
    assert codes(text) == []


def test_an_unknown_message_has_a_known_end():
    """The error that stands last is the one that counts."""
    found = tail("failed to do: no such file or directory: device or resource busy")
    assert found is not None
    assert found.name == "EBUSY"
    assert tail("all is well") is None
    assert set(found.codes) <= catalogue().keys()


def test_places_in_a_pattern_are_values_with_and_without_quotes():
    """Their quotes are no part of them."""
    pattern = compiled("plugin {plugin} in path [{path}]")
    for text in ('plugin "a-b" in path [/opt/cni/bin]', "plugin a-b   in path [/opt/cni/bin]"):
        found = pattern.expression.search(text)
        assert found is not None
        assert found.groupdict() == {"plugin": "a-b", "path": "/opt/cni/bin"}


def test_no_text_takes_long():
    """Not even one that begins like a hundred messages and ends like none."""
    begun = time.monotonic()
    hostile = ("failed to destroy network for sandbox " * 400) + (
        "error adding pod a_b to CNI network " * 400
    )
    assert recognise(hostile)
    recognise('plugin type="x" ' * 5000)
    assert time.monotonic() - begun < 5
