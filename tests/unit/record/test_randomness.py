"""What differs every time is not compared, and the rest is."""

from __future__ import annotations

import pytest

from cnictl.record.randomness import is_random, log_without_random, without_random
from cnictl.record.substitution import replaced


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"name": "veth1a2b3c4d", "mac": "0a:58:0a:f4:00:05"}, {"name": "*", "mac": "*"}),
        ({"mac": "02:00:00:00:00:01"}, {"mac": "02:00:00:00:00:01"}),
        ({"msg": 'failed to set up "veth1a2b3c4d": 10.1.2.3'}, {"msg": 'failed to set up "*": 10.1.2.3'}),
        (["vethernet", "fd00::1:2:3:4:5", 7, None], ["vethernet", "fd00::1:2:3:4:5", 7, None]),
    ],
)
def test_names_and_addresses_that_were_made_up(value: object, expected: object) -> None:
    """But not MAC addresses that somebody asked for."""
    assert without_random(value, {"02:00:00:00:00:01"}) == expected  # type: ignore[arg-type]


def test_times_in_logs() -> None:
    """Neither when, nor how long."""
    text = "2026-11-28T22:04:25.884Z [verbose] Add: took 12.5ms for 10.1.2.3, veth1a2b3c4d\n"
    assert log_without_random(text) == "* [verbose] Add: took * for 10.1.2.3, *\n"


def test_later_calls_are_given_what_came() -> None:
    """Whole words of what was made up."""
    assert is_random("veth1a2b3c4d")
    assert not is_random("eth0")
    made = {"veth1a2b3c4d": "veth99999999", "0a:58:0a:f4:00:05": "0a:58:00:00:00:01"}
    text = '{"name":"veth1a2b3c4d","mac":"0a:58:0a:f4:00:05","other":"eth0"}'
    assert replaced(text, made) == '{"name":"veth99999999","mac":"0a:58:00:00:00:01","other":"eth0"}'


def test_words_take_the_place_of_others_all_at_once() -> None:
    """One that begins as another does is another one, and what came is not taken for what was."""
    words = {"/n/a": "/run/1", "/n/ab": "/run/2", "x1": "x2", "x2": "x1"}
    assert replaced("/n/ab /n/a /n/abc x1 x2", words) == "/run/2 /run/1 /run/2c x2 x1"
    assert replaced("/n/a", {}) == "/n/a"
