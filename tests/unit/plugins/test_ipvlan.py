"""ipvlan: what it makes of its configuration, and what it refuses without a look at the node."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.plugin.request import Request
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.main.ipvlan import IpvlanConfig


def request(cni_args: str = "", **keys: Any) -> Request:
    return Request("ADD", Document({"type": "ipvlan", "name": "net", **keys}), args=cni_args, ifname="eth0")


def test_defaults() -> None:
    """Nothing but the type is needed, for a plugin before it may have made master and addresses."""
    config = IpvlanConfig(request().document)
    config.validate(request())
    assert (config.master, config.mode, config.mtu, config.link_in_container) == ("", "l2", 0, False)


@pytest.mark.parametrize("keys", [{"mode": ""}, {"mode": "l2"}, {"mode": "l3"}, {"mode": "l3s"}], ids=str)
def test_modes(keys: dict[str, Any]) -> None:
    """An empty one is the default, as with the Go plugin."""
    IpvlanConfig(request(**keys).document).validate(request(**keys))


def test_what_the_go_plugin_lets_pass() -> None:
    """It looks neither at the MTU nor at CNI_ARGS."""
    asked = request("K=V", mtu=-1)
    IpvlanConfig(asked.document).validate(asked)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ({"mode": "bridge"}, 'unknown ipvlan mode: "bridge"; there are l2, l3, l3s'),
        ({"mode": "L2"}, 'unknown ipvlan mode: "L2"; there are l2, l3, l3s'),
        ({"mtu": 1.5}, 'key "mtu": expected a whole number, found number 1.5'),
        ({"master": ["eth0"]}, 'key "master": expected a string, found a list'),
    ],
    ids=["a mode of macvlan's", "a mode in capitals", "half a byte", "two masters"],
)
def test_what_makes_no_sense_is_refused(keys: dict[str, Any], text: str) -> None:
    """By code 7 and text, before anything is made."""
    asked = request(**keys)
    with pytest.raises(CniError) as refused:
        IpvlanConfig(asked.document).validate(asked)
    assert (refused.value.code, str(refused.value)) == (7, text)
