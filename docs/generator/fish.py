"""Completion for fish."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.candidates import ASKED, HEAD, Candidates, of_argument, of_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.commandline import Command

ENGINE = r"""
# Say the names of some kinds that there are on this machine.
function __cnictl_names
    set -l words (commandline -opc)
    set -l prefix (commandline -ct | string replace -r '^--?[^=]*=' '')
    for kind in $argv
        $words[1] --complete $kind "$prefix" $words[2..-1] 2>/dev/null
    end
end

# Whether the line so far is a command, and, with a number, whether that argument comes next (2+: or a later).
function __cnictl_is
    set -l words (commandline -opc)
    set -l command
    set -l place 1
    set -l taking 0
    for word in $words[2..-1]
        if test $taking = 1
            set taking 0
        else if string match -q -- '-*' $word
            contains -- "$command $word" $__cnictl_taking; and set taking 1
        else if contains -- (string trim "$command $word") $__cnictl_commands
            set command (string trim "$command $word")
            set place 1
        else
            set place (math $place + 1)
        end
    end
    test "$command" = "$argv[1]"; or return 1
    set -q argv[2]; or return 0
    set -l wanted (string replace + '' $argv[2])
    test $place = $wanted; and return 0
    string match -q '*+' $argv[2]; and test $place -ge $wanted
end
"""


def script(program: Command) -> str:
    """Return the script."""
    commands = [one for one in program.walk() if one.path]
    taking = [
        f"{one.name} {word}"
        for one in program.walk()
        for option in one.options
        if option.metavar
        for word in option.spellings
    ]
    lines = [
        f"# fish {HEAD}",
        "",
        f"set -g __cnictl_commands {' '.join(_quoted(one.name) for one in commands)}",
    ]
    lines += ["set -g __cnictl_taking \\", *(f"    {_quoted(one)} \\" for one in taking)]
    lines[-1] = lines[-1].removesuffix(" \\")
    lines += [ENGINE, "complete -c cnictl -f"]
    for one in program.walk():
        for rest, words in _entries(one):
            condition = _quoted(f"__cnictl_is {_quoted(one.name)}{rest}")
            lines.append(f"complete -c cnictl -n {condition}{words}")
    return "\n".join(lines) + "\n"


def _entries(command: Command) -> Iterator[tuple[str, str]]:
    """Yield what each entry adds to the condition, and the rest of its line."""
    for one in command.below:
        yield "", f" -a {one.path[-1]} -d {_quoted(one.summary)}"
    for option in command.options:
        words = "".join(
            f" -l {word[2:]}" if word.startswith("--") else f" -s {word[1:]}" for word in option.spellings
        )
        value = _value(of_option(command, option)) if option.metavar else ""
        yield "", f"{words}{value} -d {_quoted(option.about)}"
    for i, argument in enumerate(command.arguments, 1):
        candidates = of_argument(command, argument)
        place = f" {i}+" if argument.repeated else f" {i}"
        yield from ((place, given) for given in _given(candidates))


def _value(candidates: Candidates) -> str:
    given = "".join(_given(candidates))
    return f" -r{given}" if " -F" in given else f" -x{given}"


def _given(candidates: Candidates) -> Iterator[str]:
    if candidates.words:
        yield f" -a {_quoted(' '.join(candidates.words))}"
    asked = [kind for kind in candidates.kinds if kind in ASKED]
    if asked:
        yield f" -a '(__cnictl_names {' '.join(asked)})'"
    if "file" in candidates.kinds:
        yield " -F"
    if "directory" in candidates.kinds:
        yield " -a '(__fish_complete_directories)'"
    if "command" in candidates.kinds:
        yield " -a '(__fish_complete_subcommand)'"


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
