"""What a refusal reads like: the kernel's words first, the errno as the Go plugins print it."""

from __future__ import annotations

import errno
import os

import pytest

from cnictl.netlink.errors import LinkGone, NetlinkError
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError
from cnictl.spec.mac import canonical_mac, format_mac, parse_mac

# zerrors_linux_amd64.go of the Go distribution
GO_TEXTS = {
    errno.ENOENT: "no such file or directory",
    errno.ESRCH: "no such process",
    errno.EEXIST: "file exists",
    errno.ENODEV: "no such device",
    errno.EINVAL: "invalid argument",
    errno.ERANGE: "numerical result out of range",
    errno.EOPNOTSUPP: "operation not supported",
    errno.EADDRNOTAVAIL: "cannot assign requested address",
    errno.ENETUNREACH: "network is unreachable",
    errno.EPERM: "operation not permitted",
    errno.EROFS: "read-only file system",
    errno.ENOTUNIQ: "name not unique on network",
    errno.ERFKILL: "operation not possible due to RF-kill",
    524: "errno 524",  # ENOTSUPP, which the kernel should keep to itself
}


@pytest.mark.parametrize("number", GO_TEXTS)
def test_an_errno_reads_as_in_go(number: int) -> None:
    """The words that upstream prints, and that people search for."""
    assert errno_text(number) == GO_TEXTS[number]


def test_capitals_within_an_errno_text_stay() -> None:
    """Only the first letter of a sentence becomes small, not that of an abbreviation."""
    for number in errno.errorcode:
        assert errno_text(number)[1:] == os.strerror(number)[1:]
        assert errno_text(number)[0] == os.strerror(number)[0] or os.strerror(number)[1].islower()


def test_the_kernels_words_lead() -> None:
    """A refusal names the request, then what the kernel said, then the errno."""
    refusal = NetlinkError(
        'add address 10.9.0.2/24 to "eth0"', errno.EEXIST, "ipv4: Address already assigned"
    )
    assert str(refusal) == 'add address 10.9.0.2/24 to "eth0": ipv4: Address already assigned (file exists)'
    assert (refusal.reason, refusal.errno) == ("file exists", errno.EEXIST)
    assert isinstance(refusal, CnictlError)


def test_without_words_the_errno_stands_alone() -> None:
    """Many refusals carry no extended acknowledgement."""
    assert (
        str(NetlinkError('delete link "eth0"', errno.EPERM)) == 'delete link "eth0": operation not permitted'
    )


def test_a_missing_link_is_named() -> None:
    """The reason is upstream's, the message says which link it is about."""
    gone = LinkGone('look up link "eth7"')
    assert (str(gone), gone.reason) == ('look up link "eth7": Link not found', "Link not found")
    assert gone.errno == errno.ENODEV


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("02:11:22:33:44:55", "02:11:22:33:44:55"),
        ("C2-11-22-AA-44-55", "c2:11:22:aa:44:55"),
        ("0211.22aa.4455", "02:11:22:aa:44:55"),
        ("02:00:5e:10:00:00:00:01", "02:00:5e:10:00:00:00:01"),
        ("0200.5e10.0000.0001", "02:00:5e:10:00:00:00:01"),
        ("00" + ":00" * 18 + ":01", "00" + ":00" * 18 + ":01"),
    ],
)
def test_mac_addresses_read_as_in_go(text: str, canonical: str) -> None:
    """The three spellings and three lengths of Go's net.ParseMAC."""
    assert format_mac(parse_mac(text)) == canonical_mac(text) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "",
        "zz",
        "02:11:22:33:44",
        "02:11:22:33:44:5",
        "02:11:22:33:44:555",
        "02:11-22:33:44:55",
        "021122334455",
        "02:11:22:33:44:gg",
        "02:11:22:33:44:55:66",
        " 2:11:22:33:44:55",
        "0211.2233",
        "²2:11:22:33:44:55",
    ],
)
def test_what_is_no_mac_address_is_refused(text: str) -> None:
    """The words are those of Go's net.ParseMAC."""
    with pytest.raises(ValueError) as refusal:
        parse_mac(text)
    assert str(refusal.value) == f"address {text}: invalid MAC address"
    assert canonical_mac(text) == text.lower()
