"""DHCP messages, held against pyroute2, which reads and writes all of them by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroute2.dhcp.dhcp4msg import dhcp4msg  # type: ignore[import-untyped]

from cnictl.dhcp.message import SHORTEST, Message, MessageType, format_options, parse_options, to_server

MAC = "02:00:00:00:00:01"
OPTIONS = {61: b"\0c1/net/eth0", 55: b"\3\1", 57: b"\x05\xdc"}
many = st.dictionaries(st.integers(1, 254), st.binary(max_size=600))


def written(message: Message) -> bytes:
    message["chaddr"] = MAC
    encoded: bytes = message.encode().buf
    return encoded


def test_another_reader_agrees():
    """Header and options of a request are what pyroute2 finds in it."""
    request = to_server(
        MessageType.REQUEST, {**OPTIONS, 50: bytes([10, 44, 0, 50])}, transaction=7, broadcast=True
    )
    found = dhcp4msg(buf=written(request.dhcp)).decode()
    assert (found["op"], found["xid"], found["flags"], found["chaddr"]) == (1, 7, 0x8000, MAC)
    assert found["options"] == {
        "requested_ip": "10.44.0.50",
        "message_type": MessageType.REQUEST,
        "parameter_list": [3, 1],
        "max_msg_size": 1500,
        "client_id": {"type": 0, "key": b"c1/net/eth0"},
    }


def test_another_writer_is_understood():
    """What pyroute2 writes is read as it was meant."""
    theirs = dhcp4msg(
        {
            "op": 2,
            "xid": 9,
            "yiaddr": "10.44.0.50",
            "chaddr": MAC,
            "options": {"message_type": MessageType.ACK, "router": ["10.44.0.1"], "lease_time": 120},
        }
    )
    ack = Message(buf=theirs.encode().buf).decode()
    assert (ack.kind, ack["xid"], ack["yiaddr"], ack["chaddr"]) == (MessageType.ACK, 9, "10.44.0.50", MAC)
    assert ack.options == {53: b"\5", 3: bytes([10, 44, 0, 1]), 51: bytes([0, 0, 0, 120])}


def test_options_go_in_ascending_order():
    """As the Go daemon sends them; the message has the least length that servers and relays take."""
    data = written(to_server(MessageType.DISCOVER, OPTIONS, transaction=7).dhcp)
    assert data[240:].rstrip(b"\0").hex() == "35010137020301390205dc3d0c00" + b"c1/net/eth0".hex() + "ff"
    assert len(data) == SHORTEST


@given(options=many)
def test_options_come_back(options):
    """Those longer than a piece as well."""
    assert parse_options(format_options(options)) == options


@given(data=st.binary(max_size=300))
def test_any_bytes_as_options(data):
    """Whatever they are, what is whole is found, and nothing breaks."""
    for number, value in parse_options(data).items():
        assert 0 < number < 255
        assert len(value) <= len(data)


@given(data=st.binary(max_size=400))
def test_any_bytes_as_a_message(data):
    """They are one with the cookie in its place, or a ValueError."""
    try:
        Message(buf=data).decode()
    except ValueError:
        return
    assert data[236:240] == b"c\x82Sc"


@pytest.mark.parametrize(("overload", "found"), [(1, {77}), (2, {66}), (3, {66, 77})])
def test_options_in_other_fields(overload: int, found: set[int]):
    """Where a server had no room, they go on in `file` and `sname`."""
    data = bytearray(written(to_server(MessageType.DISCOVER, {52: bytes([overload])}, transaction=7).dhcp))
    data[108:113] = bytes([77, 2]) + b"ab\xff"
    data[44:48] = bytes([66, 1]) + b"c\xff"
    options = Message(buf=bytes(data)).decode().options
    assert options.keys() == {52, 53, *found}
