"""What is taken out of texts, and how long that may take: whoever makes pods writes some of them."""

from __future__ import annotations

import time

import pytest

from cnictl.doctor.redact import GONE, redacted

SECRET = "c2VjcmV0LW9mLXNvbWVib2R5"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"k8s_auth_token": "', '"}'),
        ('{"etcd_key": "', '", "type": "x"}'),
        ('{\\"password\\": \\"', '\\"}'),
        ("'my.secret': \"", '"'),
        ('"x-auth-token: ', '"'),
        ("a=1 --token=", " --v=2"),
        ("some.access-key: ", ", more"),
        ("https://etcd:", "@10.0.0.1:2379"),
        ("Authorization: Bearer ", " x"),
        ("password : ", ""),
        ("x-auth-token: Bearer ", ""),
        ('"token=Basic ', '"'),
        ("x-eyJhbGciOiJub25lIn0.", ".c2ln"),
    ],
)  # fmt: skip
def test_a_secret(before: str, after: str):
    """Goes, and what is around it stays."""
    told = redacted(f"{before}{SECRET}{after}")
    assert SECRET not in told
    assert GONE in told
    if "eyJ" not in before:
        assert (told[:3], told[-1:]) == (before[:3], after[-1:] or "]")


@pytest.mark.parametrize(
    "text",
    ["token_file: /etc/x", '"tokenPath": "/etc/x"', "a token of a bus", "https://host:80/a@b", "a.b-c: d"],
)
def test_what_is_no_secret(text: str):
    """Stays as it is."""
    assert redacted(text) == text


@pytest.mark.parametrize("piece", ["a.", "a-", "token", "-eyJaaaaaaaa", "\\", '"a', "password.", "eyJ-"])
def test_a_text_that_is_made_to_take_long(piece: str):
    """Takes no longer than others."""
    text = piece * (40_000 // len(piece))
    began = time.process_time()
    redacted(text)
    assert time.process_time() - began < 2
