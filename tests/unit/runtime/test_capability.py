"""Capability arguments as people type them."""

from __future__ import annotations

import pytest

from cnictl.runtime.capability import InvalidCapability, parse_object, parse_port, short_forms


@pytest.mark.parametrize(
    ("text", "host", "container", "protocol", "address"),
    [
        ("8080:80", 8080, 80, "tcp", None),
        ("8080:80/udp", 8080, 80, "udp", None),
        ("8080:80/SCTP", 8080, 80, "sctp", None),
        ("53/udp", 53, 53, "udp", None),
        ("127.0.0.1:8080:80", 8080, 80, "tcp", "127.0.0.1"),
        ("[::1]:8080:80/tcp", 8080, 80, "tcp", "::1"),
        ("::1:8080:80", 8080, 80, "tcp", "::1"),
        ("1:65535", 1, 65535, "tcp", None),
    ],
)
def test_a_port_in_its_short_form(text, host, container, protocol, address):
    """[ADDRESS:][HOSTPORT:]PORT[/PROTOCOL]."""
    wanted = {"hostPort": host, "containerPort": container, "protocol": protocol}
    assert parse_port(text) == (wanted | {"hostIP": address} if address else wanted)


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "80:",
        ":80",
        "0:80",
        "65536:80",
        "80:http",
        "80:80/",
        "80:80/icmp",
        "1.2.3:80:80",
        "-1:80",
        "\uff18:80",
    ],
)
def test_a_port_that_means_nothing(text):
    """The message quotes it."""
    with pytest.raises(InvalidCapability, match=r"^port "):
        parse_port(text)


def test_short_forms():
    """Only what was given; ips with and without a prefix length."""
    assert short_forms() == {}
    assert short_forms(mac="02:00:00:00:00:01", ips=["10.1.2.3", "fd00::1/64"]) == {
        "mac": "02:00:00:00:00:01",
        "ips": ["10.1.2.3", "fd00::1/64"],
    }
    with pytest.raises(InvalidCapability, match=r"10\.1\.2\.300"):
        short_forms(ips=["10.1.2.300"])


def test_an_object():
    """null and nothing are no arguments, as in cnitool; other values are a mistake."""
    assert parse_object("", "CAP_ARGS") == parse_object("null", "CAP_ARGS") == {}
    assert parse_object('{"a": [1]}', "CAP_ARGS") == {"a": [1]}
    for text in ("[]", "7", "{", '{"a": 1}{}'):
        with pytest.raises(InvalidCapability, match=r"^CAP_ARGS: "):
            parse_object(text, "CAP_ARGS")
