"""An iptables rule in one canonical spelling, so that what is wanted and what is there compare equal."""

from __future__ import annotations

from cnictl.netfilter.spelling import STRINGS, canonical
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_ALPHANUMERIC = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PLAIN = frozenset(_ALPHANUMERIC + "_-.,:;/=+!@%^*()[]{}<>|&~#?$")
_PLAIN_STRING = frozenset(_ALPHANUMERIC + "_-")
_BLANKS = str.maketrans("\t\r\n", "   ")


class Rule(Value):
    """A rule of some chain.  Two of them are equal when they do the same in the same chain.

    The words may be given as for `iptables -A CHAIN`; `words` holds them in canonical form, `given`
    as they are, which is how they are written.  Raises ValueError for what cannot be a rule.
    """

    __slots__ = ("chain", "given", "words")

    def __init__(self, chain: str, *words: str) -> None:
        self.chain = chain
        self.given = words
        self.words = canonical(words)
        if not chain or not all(word.isprintable() or _is_text(word) for word in (chain, *words)):
            raise ValueError(
                f"iptables rule with a control character or without a chain: {chain!r} {words!r}"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Rule):
            return NotImplemented
        return (self.chain, self.words) == (other.chain, other.words)

    def __hash__(self) -> int:
        return hash((self.chain, self.words))

    @property
    def text(self) -> str:
        """What the rule matches and does, without its chain, in canonical form."""
        return _line(self.words)

    @property
    def target(self) -> str:
        """The target or chain that the rule goes to, empty when it only counts."""
        return self.value("-j") or self.value("-g")

    @property
    def comment(self) -> str:
        """The rule's comment, empty without one."""
        return self.value("--comment")

    def value(self, option: str) -> str:
        """The first argument of an option in its canonical name (`-s`, `--dport`), empty without it."""
        before = ""
        for word in self.words:
            if before == option:
                return word
            before = "" if before in STRINGS else word
        return ""

    def command(self, verb: str) -> str:
        """A line for iptables-restore, in the words given: `-A`, `-D`, `-C` or `-I` this rule."""
        return f"{verb} {quote(self.chain)} {_line(self.given)}".rstrip()

    def __str__(self) -> str:
        return f"-A {quote(self.chain)} {self.text}".rstrip()


def parse(line: str) -> Rule:
    """The rule of a line of iptables-save, with or without counters, or of `iptables -S`.

    Raises ValueError for any other line.
    """
    words = split(line)
    if words and words[0].startswith("["):  # counters, as `iptables-save -c` prints them
        words = words[1:]
    if len(words) < 2 or words[0] not in ("-A", "-I", "-D", "-C", "--append", "--insert"):
        raise ValueError(f"not an iptables rule: {line!r}")
    position = 3 if words[0] in ("-I", "--insert") and len(words) > 2 and words[2].isdigit() else 2
    return Rule(words[1], *words[position:])


def split(line: str) -> list[str]:
    """The words of a line as iptables-restore(8) reads them: blanks part, double quotes join.

    A backslash means the next character itself, but only between quotes.
    """
    words: list[str] = []
    word, begun, position = "", False, 0
    while True:
        quote_at = line.find('"', position)
        plain = line[position:] if quote_at < 0 else line[position:quote_at]
        first, *others = plain.translate(_BLANKS).split(" ")
        word += first
        begun = begun or first != ""
        if others:
            if begun:
                words.append(word)
            word = others.pop()
            begun = word != ""
            words += filter(None, others)
        if quote_at < 0:
            break
        text, position = _quoted(line, quote_at + 1)
        word += text
        begun = True
    if begun:
        words.append(word)
    return words


def _quoted(line: str, start: int) -> tuple[str, int]:
    """Return what stands before the quote that closes, and the position after it."""
    text = ""
    while True:
        end = line.find('"', start)
        if end < 0:
            raise ValueError(f"a quote is not closed: {line!r}")
        escape = line.find("\\", start, end)
        if escape < 0:
            return text + line[start:end], end + 1
        text += line[start:escape] + line[escape + 1 : escape + 2]
        start = escape + 2


def quote(word: str, *, string: bool = False) -> str:
    """A word for iptables-restore, in quotes where it needs them.

    Comments and other strings get them for more characters, as iptables-save prints them.
    """
    if word and (_PLAIN_STRING if string else _PLAIN).issuperset(word):
        return word
    return '"' + "".join("\\" + c if c in "\"\\'" else c for c in word) + '"'


def _line(words: Sequence[str]) -> str:
    """Words as iptables-restore(8) reads them."""
    written = []
    before = ""
    for word in words:
        written.append(quote(word, string=before in STRINGS))
        before = "" if before in STRINGS else word
    return " ".join(written)


def _is_text(word: str) -> bool:
    """Whether nothing in the word could end a line; tabs and undecodable bytes are fine."""
    return not any((c < " " and c != "\t") or c == "\x7f" for c in word)
