"""dummy: what it makes of its configuration, and what it refuses without a look at the node."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.main.dummy import DummyConfig
from tests.program import Program

NO_IPAM = (7, "dummy interface requires an IPAM configuration")


def refusal(**keys: Any) -> tuple[int, str]:
    """Return code and message of the error that a configuration is refused with."""
    asked = Request("ADD", Document({"type": "dummy", "name": "net", **keys}), ifname="eth0")
    with pytest.raises(CniError) as refused:
        DummyConfig(asked.document).validate(asked)
    return refused.value.code, refused.value.msg


@pytest.mark.parametrize("keys", [{}, {"ipam": {}}, {"ipam": None}, {"ipam": {"type": ""}}])
def test_an_ipam_plugin_is_needed(keys: dict[str, Any]) -> None:
    """An interface without addresses would be of no use."""
    assert refusal(**keys) == NO_IPAM


def test_a_value_of_the_wrong_type_is_refused() -> None:
    """By its key."""
    assert refusal(ipam=5) == (7, 'key "ipam": expected an object, found number 5')


@pytest.mark.parametrize("verb", ["ADD", "CHECK"])
def test_it_is_refused_before_anything_else(verb: str, plugins_dir: str) -> None:
    """The namespace is not even opened, and no IPAM plugin looked for."""
    dummy = Program(f"{plugins_dir}/dummy")
    assert dummy(verb, {"cniVersion": "1.0.0", "name": "net", "type": "dummy"}).error == NO_IPAM


def test_delete_and_status_without_an_ipam_plugin(plugins_dir: str) -> None:
    """DEL has nothing to do for what ADD refused; STATUS says that there can be no ADD."""
    dummy = Program(f"{plugins_dir}/dummy")
    configuration = {"cniVersion": "1.1.0", "name": "net", "type": "dummy"}
    assert dummy("DEL", configuration).status == 0
    assert dummy("STATUS", configuration).error == (999, "no plugin name provided")
