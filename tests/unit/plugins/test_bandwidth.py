"""bandwidth's numbers, its names, and what it refuses in which words."""

from __future__ import annotations

from typing import Any

import pytest

from cnictl.lint.engine import validate
from cnictl.netlink.rtnl import Link
from cnictl.plugin.request import Request
from cnictl.spec.document import Document
from cnictl.spec.errors import CniError
from cnictl_plugins.meta import bandwidth_config
from cnictl_plugins.meta.bandwidth import VERSIONS
from cnictl_plugins.meta.bandwidth_config import TokenBucket, ticks_of_a_microsecond, token_bucket
from cnictl_plugins.meta.bandwidth_shaping import device_name, owner

TICKS = 15.625
FOUR_GB = (1 << 32) * 8
"""In bits."""


def limits(command: str = "ADD", **keys: Any) -> Any:
    """Return the limits of a configuration with these keys."""
    members = {"cniVersion": "1.0.0", "name": "net", "type": "bandwidth", **keys}
    return bandwidth_config.read(Request(command, Document(members)))


def refusal(command: str = "ADD", **keys: Any) -> tuple[int, str, str]:
    """Return code, message and details of the error that these keys are refused with."""
    with pytest.raises(CniError) as refused:
        limits(command, **keys)
    return refused.value.code, refused.value.msg, refused.value.details


@pytest.mark.parametrize(
    ("rate", "burst", "expected"),
    [
        (8, 8, TokenBucket(1, 1, 15625000)),
        (16, 8, TokenBucket(2, 1, 7812500)),
        (8000, 80, TokenBucket(1000, 35, 156250)),
        (8000000, 800000, TokenBucket(1000000, 125000, 1562500)),
        (1000000000, 1000000000, TokenBucket(125000000, 128125000, 15625000)),
        (100000000000, 34359738352, TokenBucket(12500000000, 312499998, 5368703)),
        (15, 15, TokenBucket(1, 1, 15625000)),
        (7999999, 123457, TokenBucket(999999, 40431, 241125)),
        (999999937, 777777777, TokenBucket(124999992, 100347221, 12152765)),
        (34359738368, 8589934592, TokenBucket(4294967296, 1181116006, 3906250)),
        (8, 34359738352, TokenBucket(1, 4294967294, 2653104560)),
        (5000, 34359738352, TokenBucket(625, 13, 2684304560)),
        (544169070, 8, TokenBucket(68021133, 1700529, 0)),
        (69282681407027758, 42385041, TokenBucket(8660335175878469, 3378271027, 0)),
        ((1 << 64) - 1, 8, TokenBucket((1 << 61) - 1, 3435973841, 0)),
    ],
)
def test_the_numbers_are_those_of_the_go_plugin(rate: int, burst: int, expected: TokenBucket) -> None:
    """As recorded from it: bytes a second, the bytes that may wait, ticks; cut to 32 bits where Go cuts."""
    assert token_bucket(rate, burst, TICKS) == expected


@pytest.mark.parametrize(
    ("words", "ticks"),
    [
        ("000003e8 00000040 000f4240 3b9aca00", 15.625),
        ("000003e8 00000040 3b9aca00 3b9aca00", 1000.0),
        ("00000001 00000001 000f4240 00000064", 1.0),
    ],
    ids=["every current kernel", "a resolution of nanoseconds", "ticks of microseconds"],
)
def test_ticks_are_read_from_the_kernel(
    words: str, ticks: float, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As tc works them out."""
    (tmp_path / "psched").write_text(f"{words}\n")
    monkeypatch.setattr(bandwidth_config, "PSCHED", str(tmp_path / "psched"))
    assert ticks_of_a_microsecond() == ticks


@pytest.mark.parametrize(
    ("network", "container", "name"),
    [("cni-plugin-bandwidth-test", "dummy", "bwpa8eda89404b7"), ("n", "cid1", "bwp1a67f85ded96")],
)
def test_the_ifb_is_called_as_the_go_plugin_calls_it(network: str, container: str, name: str) -> None:
    """By a digest of network and container id, which fits into 15 characters."""
    assert device_name(network, container) == name


def test_an_ifb_says_whose_it_is() -> None:
    """In its alias, which counts only together with the name and the kind."""
    name = device_name("n", "cid1")
    link = Link(7, name, kind="ifb", alias="net: n, if: eth0, id: cid1")
    assert owner(link) == ("n", "eth0", "cid1")
    nobody = ("", "", "")
    assert owner(link.replace(kind="dummy")) == nobody
    assert owner(link.replace(name="bwp000000000000")) == nobody
    for alias in ("", "net: n", "what it is for", "net: n, if: eth0, id: cid", "net: m, if: eth0, id: cid1"):
        assert owner(link.replace(alias=alias)) == nobody, alias


OF_RUNTIME = "runtimeConfig.bandwidth"
NO_NUMBER = 'failed to parse network configuration: key "ingressRate": expected a whole number from 0 up'
REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a rate without a burst": (
        {"ingressRate": 8000},
        "if rate is set, burst must also be set",
        "ingressRate is 8000 and ingressBurst 0; give both, or neither",
    ),
    "a burst without a rate": (
        {"egressRate": 0, "egressBurst": 123},
        "if burst is set, rate must also be set",
        "egressRate is 0 and egressBurst 123; give both, or neither",
    ),
    "the runtime's": (
        {"runtimeConfig": {"bandwidth": {"egressRate": 8000}}},
        "if rate is set, burst must also be set",
        f"{OF_RUNTIME}.egressRate is 8000 and {OF_RUNTIME}.egressBurst 0; give both, or neither",
    ),
    "too large a burst": (
        {"egressRate": 5000, "egressBurst": FOUR_GB - 8},
        "burst cannot be more than 4GB",
        "egressBurst is 34359738360 bits, 4294967295 bytes",
    ),
    "ingress first": (
        {"egressRate": 8000, "ingressBurst": 1},
        "if burst is set, rate must also be set",
        "ingressRate is 0 and ingressBurst 1; give both, or neither",
    ),
    "a text": (
        {"ingressRate": "8000", "ingressBurst": 80},
        f'{NO_NUMBER}, found string "8000"',
        "",
    ),
    "less than nothing": (
        {"ingressRate": -1},
        f"{NO_NUMBER}, found number -1",
        "",
    ),
}


@pytest.mark.parametrize("command", ["ADD", "CHECK", "DEL"])
@pytest.mark.parametrize("name", REFUSED)
def test_what_makes_no_sense_is_refused(name: str, command: str) -> None:
    """By every command, in the Go plugin's words, and the details say what is there."""
    keys, message, details = REFUSED[name]
    assert refusal(command, **keys) == (7, message, details)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("ingress", "create qdisc: invalid argument"),
        ("egress", "create ifb qdisc: create qdisc: invalid argument"),
    ],
)
def test_less_than_a_byte_a_second_is_refused(name: str, message: str) -> None:
    """In the kernel's words, before it is asked; DEL has nothing to refuse."""
    keys: dict[str, Any] = {f"{name}Rate": 7, f"{name}Burst": 8}
    details = f"{name}Rate is 7 bits a second; the kernel counts bytes"
    assert refusal(**keys) == refusal("CHECK", **keys) == (7, message, details)
    assert limits("DEL", **keys).any


def test_the_largest_burst_is_taken() -> None:
    """Two bytes less than 4 GiB; the bits of a byte begun do not count."""
    for burst in (FOUR_GB - 16, FOUR_GB - 9):
        assert limits(ingressRate=5000, ingressBurst=burst).ingress == TokenBucket(625, 13, 2684304560)


RUNTIME = {"bandwidth": {"ingressRate": 8000, "ingressBurst": 80, "egressRate": 16000, "egressBurst": 160}}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, (None, None)),
        ({"runtimeConfig": RUNTIME}, (1000, 2000)),
        ({"RuntimeConfig": {"bandWidth": RUNTIME["bandwidth"]}}, (1000, 2000)),
        ({"runtimeConfig": RUNTIME, "ingressRate": 24000, "ingressBurst": 80}, (3000, None)),
        ({"runtimeConfig": RUNTIME, "ingressRate": 0}, (None, None)),
        ({"runtimeConfig": RUNTIME, "egressBurst": None}, (None, None)),
        ({"runtimeConfig": {"bandwidth": None}}, (None, None)),
        ({"shapedSubnets": ["10.0.0.0/8"], "runtimeConfig": RUNTIME}, (1000, 2000)),
    ],
    ids=[
        "nothing",
        "the runtime's",
        "in any case of letters",
        "own ones before the runtime's",
        "even one that is zero",
        "even one that is null",
        "nothing from the runtime",
        "keys of 1.5 that were taken back",
    ],
)
def test_which_limits_hold(keys: dict[str, Any], expected: tuple[int | None, int | None]) -> None:
    """All of the plugin's own or all of the runtime's; they are not merged."""
    found = limits(**keys)
    assert tuple(one and one.rate for one in (found.ingress, found.egress)) == expected
    assert found.any is any(expected)


def test_a_broken_own_limit_hides_the_runtimes() -> None:
    """The plugin's own keys are what is judged."""
    assert refusal(runtimeConfig=RUNTIME, ingressBurst=123)[1] == "if burst is set, rate must also be set"


def test_validate_says_the_same(tmp_path: Any) -> None:
    """With the place of the key."""
    path = tmp_path / "10-net.conflist"
    path.write_text(
        '{"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "ptp", "ipam": {"type": "host-local",\n'
        '"subnet": "10.1.0.0/24"}}, {"type": "bandwidth",\n"egressRate": 4, "egressBurst": 121120}]}\n'
    )
    (found,) = validate([str(path)]).diagnostics
    assert (found.code, found.line) == ("CNI302", 3)
    assert found.message == "bandwidth refuses this: create ifb qdisc: create qdisc: invalid argument"
    assert found.hint == "egressRate is 4 bits a second; the kernel counts bytes"


def test_versions() -> None:
    """Those of the Go plugin: there was no list of plugins before 0.3.0."""
    assert VERSIONS == ("0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0")
