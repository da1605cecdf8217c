"""Completion for zsh."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.candidates import ASKED, HEAD, Candidates, of_argument, of_option, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.commandline import Command, Option

ENGINE = r"""
# Offer the names of some kinds, of those that there are on this machine.
_cnictl_names() {
    local kind ret=1
    local -a found
    for kind; do
        if [[ $kind == file ]]; then
            _files && ret=0
        else
            found=(${(f)"$($so_far[1] --complete $kind "$PREFIX" "${(@)so_far[2,-1]}" 2>/dev/null)"})
            if (( $#found )); then
                compadd -a found && ret=0
            fi
        fi
    done
    return ret
}

_cnictl "$@"
"""


def script(program: Command) -> str:
    """Return the script."""
    lines = ["#compdef cnictl", f"# zsh {HEAD}"]
    for one in program.walk():
        lines += ["", *_function(one)]
    return "\n".join(lines) + "\n" + ENGINE


def _function(command: Command) -> Iterator[str]:
    yield f"{_name(command)}() {{"
    if command.below:
        yield "    local curcontext=$curcontext state line"
        if not command.path:
            yield '    local -a so_far=("${words[@]}")'
        yield "    local -a commands=("
        yield from (f"        {quoted(f'{one.path[-1]}:{one.summary}')}" for one in command.below)
        yield "    )"
        specs = [*_options(command), quoted("1: :->command"), quoted("*:: :->rest")]
        yield from _arguments("-C", specs)
        yield "    case $state in"
        yield "        command) _describe -t commands command commands ;;"
        yield f"        rest) (( $+functions[{_name(command)}_$words[1]] )) && {_name(command)}_$words[1] ;;"
        yield "    esac"
    else:
        yield from _arguments("-s", [*_options(command), *_positions(command)])
    yield "}"


def _arguments(flag: str, specs: list[str]) -> Iterator[str]:
    yield " \\\n        ".join([f"    _arguments {flag}", *specs])


def _options(command: Command) -> Iterator[str]:
    for one in command.options:
        for word in one.spellings:
            yield quoted(_option(command, one, word))


def _option(command: Command, option: Option, word: str) -> str:
    excluded = "*" if option.repeated else f"({' '.join(option.spellings)})"
    if "--help" in option.spellings:
        excluded = "(- *)"
    value = ""
    if option.metavar:
        word += "=" if word.startswith("--") else "+"
        value = f":{_escaped(option.metavar)}:{_action(of_option(command, option))}"
    return f"{excluded}{word}[{_escaped(option.about)}]{value}"


def _positions(command: Command) -> Iterator[str]:
    for i, one in enumerate(command.arguments, 1):
        candidates = of_argument(command, one)
        if candidates.kinds == ("command",):
            yield quoted("*::command: _normal")
            return
        place = "*" if one.repeated else str(i)
        optional = "" if one.required or one.repeated else ":"
        yield quoted(f"{place}:{optional}{_escaped(one.metavar)}:{_action(candidates)}")


def _action(candidates: Candidates) -> str:
    if candidates.words:
        return f"({' '.join(candidates.words)})"
    if candidates.kinds == ("directory",):
        return "_files -/"
    if not candidates.kinds:
        return " "
    assert set(candidates.kinds) <= {*ASKED, "file"}
    return f"_cnictl_names {' '.join(candidates.kinds)}"


def _name(command: Command) -> str:
    return "_".join(("_cnictl", *command.path))


def _escaped(text: str) -> str:
    for character in "\\[]:":
        text = text.replace(character, f"\\{character}")
    return text
