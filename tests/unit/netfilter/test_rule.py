"""The canonical spelling of iptables rules."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnictl.netfilter.rule import Rule, parse, quote, split

# (as the Go plugins hand it to iptables, as iptables-save prints it)
SPELLINGS = [
    (
        ["-s", "10.22.0.2", "-j", "CNI-a", "-m", "comment", "--comment", 'name: "mynet" id: "cid1"'],
        r'-s 10.22.0.2/32 -m comment --comment "name: \"mynet\" id: \"cid1\"" -j CNI-a',
    ),
    (["-d", "10.22.0.2/24", "-j", "ACCEPT"], "-d 10.22.0.0/24 -j ACCEPT"),
    (["!", "-d", "ff00::/8", "-j", "MASQUERADE"], "! -d ff00::/8 -j MASQUERADE"),
    (["-d", "FD01:0:0::2", "-j", "ACCEPT"], "-d fd01::2/128 -j ACCEPT"),
    (
        ["-m", "multiport", "-p", "tcp", "--destination-ports", "8080,8443", "-j", "CNI-DN-x"],
        "-p tcp -m multiport --dports 8080,8443 -j CNI-DN-x",
    ),
    (
        ["-p", "tcp", "--dport", "8080", "-s", "127.0.0.1", "-j", "CNI-HOSTPORT-SETMARK"],
        "-s 127.0.0.1/32 -p tcp -m tcp --dport 8080 -j CNI-HOSTPORT-SETMARK",
    ),
    (["-p", "TCP", "-m", "tcp", "-j", "RETURN"], "-p tcp -j RETURN"),
    (["-p", "6", "--dport", "http", "-j", "RETURN"], "-p tcp -m tcp --dport 80 -j RETURN"),
    (["-p", "tcp", "--syn"], "-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN"),
    (["-j", "MARK", "--set-mark", "0x2000/0x2000"], "-j MARK --set-xmark 0x2000/0x2000"),
    (["-j", "MARK", "--set-mark", "8192"], "-j MARK --set-xmark 0x2000/0xffffffff"),
    (["-j", "MARK", "--or-mark", "0x20"], "-j MARK --set-xmark 0x20/0x20"),
    (["-j", "MARK", "--and-mark", "0x20"], "-j MARK --set-xmark 0x0/0xffffffdf"),
    (["-m", "mark", "--mark", "8192/0xFFFFFFFF", "-j", "RETURN"], "-m mark --mark 0x2000 -j RETURN"),
    (
        ["-m", "conntrack", "--ctstate", "ESTABLISHED,related", "-j", "ACCEPT"],
        "-m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
    ),
    (["-m", "addrtype", "--dst-type", "local", "-j", "X"], "-m addrtype --dst-type LOCAL -j X"),
    (["-i", "cni0", "!", "-o", "cni0", "-j", "X"], "-i cni0 ! -o cni0 -j X"),
    (["-s", "0.0.0.0/0", "-p", "all", "-i", "+", "-j", "X"], "-j X"),
    (["-s", "10.1.2.3/255.255.0.0", "-j", "X"], "-s 10.1.0.0/16 -j X"),
    (["-s", "10.1.2.3/255.0.255.0", "-j", "X"], "-s 10.1.2.3/255.0.255.0 -j X"),
    (["-j", "REJECT"], "-j REJECT --reject-with icmp-port-unreachable"),
    (["-ptcp", "--dport=80", "-jX"], "-p tcp -m tcp --dport 80 -j X"),
    (["-m", "comment", "--comment", "-foo", "-g", "X"], "-m comment --comment -foo -g X"),
]


@pytest.mark.parametrize(("words", "saved"), SPELLINGS, ids=[saved for _, saved in SPELLINGS])
def test_what_is_wanted_equals_what_is_listed(words: list[str], saved: str) -> None:
    """A rule as the Go plugins ask for it equals the line that iptables-save prints for it."""
    wanted, listed = Rule("SOME", *words), parse(f"-A SOME {saved}")
    assert wanted == listed
    assert parse(str(wanted)) == wanted


@pytest.mark.parametrize(
    "other",
    [
        "-s 10.22.0.0/23 -j X",
        "! -s 10.22.0.0/24 -j X",
        "-d 10.22.0.0/24 -j X",
        "-s 10.22.0.0/24 -g X",
        "-s 10.22.0.0/24 -p tcp -j X",
        "-s 10.22.0.0/24 -m comment --comment a -j X",
        "-s 10.22.0.0/24",
    ],
)
def test_what_does_something_else_is_another_rule(other: str) -> None:
    """Rules that differ in one condition, its sense, or the target are not equal."""
    assert parse(f"-A C {other}") != parse("-A C -s 10.22.0.0/24 -j X")


def test_the_chain_is_part_of_a_rule() -> None:
    """The same words in two chains are two rules."""
    assert Rule("A", "-j", "X") != Rule("B", "-j", "X")


@pytest.mark.parametrize(
    "line",
    [
        '[12:3456] -A POSTROUTING -s 10.0.0.1/32 -m comment --comment "a b" -j CNI-x',
        '-A POSTROUTING -s 10.0.0.1/32 -m comment --comment "a b" -j CNI-x -c 12 3456',
        '-I POSTROUTING 1 -s 10.0.0.1/32 -j CNI-x -m comment --comment "a b"',
        '--append POSTROUTING --source 10.0.0.1 --jump CNI-x --match comment --comment "a b"',
    ],
)
def test_counters_and_positions_are_no_part_of_a_rule(line: str) -> None:
    """Every form in which a rule is listed or given is read as that rule."""
    wanted = Rule("POSTROUTING", "-s", "10.0.0.1", "-m", "comment", "--comment", "a b", "-j", "CNI-x")
    assert parse(line) == wanted


def test_parts_of_a_rule_can_be_asked_for() -> None:
    """Target, comment and addresses are found, and not in the text of a comment."""
    rule = Rule("C", "-s", "10.0.0.9/24", "-m", "comment", "--comment", "-j", "-j", "X")
    assert (rule.target, rule.comment, rule.value("-s"), rule.value("-d")) == ("X", "-j", "10.0.0.0/24", "")


def test_matches_with_an_effect_keep_their_order() -> None:
    """A limit before a port counts other packets than one behind it, so they are two rules."""
    limit, port = ["-m", "limit", "--limit", "5/min"], ["-m", "tcp", "--dport", "80"]
    assert Rule("C", "-p", "tcp", *limit, *port) != Rule("C", "-p", "tcp", *port, *limit)
    comment = ["-m", "comment", "--comment", "x"]
    assert Rule("C", "-p", "tcp", *comment, *port) == Rule("C", "-p", "tcp", *port, *comment)


def test_a_comment_is_cut_where_the_kernel_cuts_it() -> None:
    """Of a comment of 256 bytes 255 stay, so that rule and listing are still equal."""
    assert Rule("C", "-m", "comment", "--comment", "é" + "x" * 254).comment == "é" + "x" * 253


@pytest.mark.parametrize(
    "words",
    [
        ["-s"],
        ["!"],
        ["stray"],
        ["--dport", "80"],
        ["--foo"],
        ["-j", "X\nCOMMIT"],
        ["-m", "comment", "--comment"],
    ],
)
def test_what_cannot_be_a_rule_is_refused(words: list[str]) -> None:
    """A rule that would mean something else to iptables-restore, or nothing, never gets there."""
    with pytest.raises(ValueError):
        Rule("C", *words)


@pytest.mark.parametrize(
    "line", ["", ":INPUT ACCEPT [0:0]", "COMMIT", "-N X", '-A X -m comment --comment "a']
)
def test_other_lines_are_not_rules(line: str) -> None:
    """What is not a rule's line is not read as one."""
    with pytest.raises(ValueError):
        parse(line)


def test_quoting_is_that_of_iptables_save() -> None:
    r"""Comments of plain words stay bare, others get quotes with \", \\ and \' inside."""
    assert quote("plain-comment_1", string=True) == "plain-comment_1"
    assert quote("""it's "a" \\ b""", string=True) == r'"it\'s \"a\" \\ b"'
    assert quote("10.0.0.0/8") == "10.0.0.0/8"
    assert split(r'-A X "it\'s \"a\" \\ b" ""') == ["-A", "X", """it's "a" \\ b""", ""]


TEXT = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp", "Cn"]), max_size=40)
NAME = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,20}", fullmatch=True)
ADDRESS = st.one_of(st.ip_addresses(v=4).map(str), st.ip_addresses(v=6).map(str))


@st.composite
def options(draw: st.DrawFn) -> list[str]:
    """Some options in some order, inverted or not."""
    inverted = st.lists(st.just("!"), max_size=1)
    some = [
        [*draw(inverted), "-s", draw(ADDRESS)],
        [*draw(inverted), "--destination", f"{draw(st.ip_addresses(v=4))}/{draw(st.integers(0, 32))}"],
        [*draw(inverted), "-i", draw(NAME)],
        ["-m", "comment", "--comment", draw(TEXT)],
        ["-m", "mark", *draw(inverted), "--mark", hex(draw(st.integers(0, 2**32 - 1)))],
        [
            "-m",
            "multiport",
            "--dports",
            ",".join(map(str, draw(st.lists(st.integers(0, 65535), min_size=1)))),
        ],
        ["-m", "conntrack", "--ctstate", draw(st.sampled_from(["NEW", "related,NEW", "DNAT"]))],
        ["-m", draw(NAME), "--" + draw(NAME), draw(TEXT.filter(lambda t: t[:1] not in ("-", "!")))],
        [
            "-p",
            draw(st.sampled_from(["tcp", "udp", "17", "sctp"])),
            "--dport",
            str(draw(st.integers(0, 65535))),
        ],
    ]
    chosen = draw(st.permutations(some))[: draw(st.integers(0, len(some)))]
    target = draw(st.sampled_from([[], ["-j", "ACCEPT"], ["-j", "MARK", "--set-mark", "7"], ["-g", "CHAIN"]]))
    return [word for option in chosen for word in option] + target


@given(NAME, options())
def test_reading_what_was_written_gives_the_same_rule(chain: str, words: list[str]) -> None:
    """str() of a rule is a line that parses to an equal rule, and to the same line again."""
    rule = Rule(chain, *words)
    assert parse(str(rule)) == rule
    assert str(parse(str(rule))) == str(rule)


@given(TEXT)
def test_a_quoted_word_is_one_word(word: str) -> None:
    """Whatever stands in a word, iptables-restore reads it back as that one word."""
    assert split(f"-A {quote(word)} {quote(word, string=True)} x") == ["-A", word, word, "x"]
