"""Container ids, network names and interface names: what the spec allows, in the words of the Go library."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.spec.errors import INVALID_ENVIRONMENT, INVALID_NETWORK_CONFIG, UNKNOWN_CONTAINER, CniError
from cnictl.spec.names import check_container_id, check_interface_name, check_network_name, is_name

VALID = ["a", "a-", "A9", "a_b.c-d", "a51debf7e1eb", "eth0", "0"]
INVALID = ["-a", "_a", ".a", "é", "aé", "a b", "a\n", "\n", "1234%%%", "some-%%container-id", "a/b", "²"]


def refusal(check: Callable[[str], None], text: str) -> tuple[int, str, str]:
    with pytest.raises(CniError) as refused:
        check(text)
    return refused.value.code, refused.value.msg, refused.value.details


@pytest.mark.parametrize("text", VALID)
def test_names_that_are_allowed(text: str):
    """Letters and digits of ASCII, then underscores, full stops and hyphens as well."""
    check_container_id(text)
    check_network_name(text)


@pytest.mark.parametrize("text", INVALID)
def test_names_that_are_not(text: str):
    """The whole text counts, a newline at its end included; the details say which text it was."""
    assert refusal(check_container_id, text) == (
        INVALID_ENVIRONMENT,
        "invalid characters in containerID",
        text,
    )
    assert refusal(check_network_name, text) == (
        INVALID_NETWORK_CONFIG,
        "invalid characters found in network name",
        text,
    )


def test_empty_names():
    """An unknown container has a code of its own; the network name's message ends in a colon upstream."""
    assert refusal(check_container_id, "") == (UNKNOWN_CONTAINER, "missing containerID", "")
    assert refusal(check_network_name, "") == (INVALID_NETWORK_CONFIG, "missing network name:", "")


@pytest.mark.parametrize("text", ["testname", "...", "-x", "eth%d", "eth0\0", "é" * 7, "a" * 15, "a\x1fb"])
def test_interface_names_that_are_allowed(text: str):
    """All that the kernel would not refuse for its form; length counts in bytes."""
    check_interface_name(text)


@pytest.mark.parametrize("text", ["testnamemorethan16", "1234567890123456", "é" * 8])
def test_interface_names_that_are_too_long(text: str):
    """Sixteen bytes do not fit, however few letters they are."""
    assert refusal(check_interface_name, text) == (
        INVALID_ENVIRONMENT,
        "interface name is too long",
        "interface name should be less than 16 characters",
    )


@pytest.mark.parametrize(
    "text",
    [
        "/testname",
        "test:test",
        "test test",
        "a\tb",
        "a\nb",
        "a\xa0b",
        "a\u2003b",
        "a\x85b",
        "a\u3000b",
        "a\u1680b",
    ],
)
def test_interface_names_with_a_forbidden_character(text: str):
    """Slash, colon and white space, which is what Unicode calls so."""
    assert refusal(check_interface_name, text) == (
        INVALID_ENVIRONMENT,
        "interface name contains / or : or whitespace characters",
        "",
    )


@pytest.mark.parametrize("text", [".", ".."])
def test_interface_names_that_are_directories(text: str):
    """The kernel has a directory for each link, so these two cannot be."""
    assert refusal(check_interface_name, text) == (INVALID_ENVIRONMENT, "interface name is . or ..", "")


def test_an_empty_interface_name():
    """It is not taken for a name that is too short, but for none."""
    assert refusal(check_interface_name, "") == (INVALID_ENVIRONMENT, "interface name is empty", "")


@given(st.text())
def test_a_name_can_be_a_file_name(text: str):
    """Whatever passes leads neither out of a directory nor to a hidden file."""
    if is_name(text):
        assert "/" not in text
        assert not text.startswith((".", "-"))
        assert text.isascii()
