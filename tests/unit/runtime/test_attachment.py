"""The parameters of an attachment, and CNI_ARGS on the runtime's side."""

from __future__ import annotations

import pytest

from cnictl.runtime.attachment import Attachment, check_pairs, parse_pairs
from cnictl.spec.errors import CniError


def test_pairs_keep_their_order_and_may_be_empty():
    """Section "Parameters" of the spec: alphanumeric pairs separated by semicolons."""
    pairs = (("IgnoreUnknown", "1"), ("K8S_POD_NAME", "x"), ("EMPTY", ""), ("A", "b=c"))
    text = "IgnoreUnknown=1;K8S_POD_NAME=x;EMPTY=;A=b=c"
    assert Attachment("c", args=pairs).cni_args == text
    assert parse_pairs(text) == pairs
    assert Attachment("c").cni_args == ""
    assert parse_pairs("") == ()
    check_pairs(pairs)


def test_a_semicolon_at_the_end_is_no_pair():
    """Cnitool takes it for an empty pair and refuses."""
    assert parse_pairs("A=1;;B=2;") == (("A", "1"), ("B", "2"))


@pytest.mark.parametrize("pair", [("A", "1;IP=10.0.0.1"), ("A;B", "1"), ("A=B", "1"), ("", "1"), ("A", "\0")])
def test_a_pair_that_would_be_read_as_something_else_is_refused(pair):
    """There is no escaping: ';' in a pod's name would smuggle another argument in."""
    with pytest.raises(CniError, match="invalid CNI_ARGS pair") as caught:
        check_pairs([("K", "v"), pair])
    assert caught.value.code == 4
    with pytest.raises(CniError, match="invalid CNI_ARGS pair"):
        Attachment("c", args=(pair,)).check()


def test_what_add_was_once_given_is_repeated():
    """Other runtimes do not check: their attachments must be deleted with the same text."""
    attachment = Attachment("c", args=(("A", "1;B"),))
    attachment.check_given()
    assert attachment.cni_args == "A=1;B"


@pytest.mark.parametrize("text", ["A", "A=1;B", "=1"])
def test_a_piece_that_is_no_pair_is_named(text):
    """The text is cnitool's."""
    with pytest.raises(CniError, match=r'invalid CNI_ARGS pair "(A|B|=1)"'):
        parse_pairs(text)


@pytest.mark.parametrize(
    ("attachment", "code"),
    [
        (Attachment(""), 3),
        (Attachment("../x"), 4),
        (Attachment("c\n"), 4),
        (Attachment("c", ifname=""), 4),
        (Attachment("c", ifname="a/b"), 4),
        (Attachment("c", ifname="0123456789abcdef"), 4),
    ],
)
def test_names_are_checked_before_add(attachment, code):
    """RT21: they become file names and link names."""
    with pytest.raises(CniError) as caught:
        attachment.check()
    assert caught.value.code == code


def test_what_is_empty_passes_where_del_must_do_with_less():
    """But what is given is checked all the same."""
    Attachment("", ifname="").check_given()
    for bad in (Attachment("../x"), Attachment("", ifname="a/b")):
        with pytest.raises(CniError):
            bad.check_given()


def test_the_key_is_container_and_interface():
    """What GC compares with the list of valid attachments."""
    assert Attachment("c", "/ns", "eth1").key == ("c", "eth1")
