"""Completion for bash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from generator.candidates import ASKED, HEAD, Candidates, of_argument, of_option, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from generator.commandline import Command

ENGINE = r"""
# Add to COMPREPLY what begins with $cur, of the kinds named, or of words behind a colon.
_cnictl_add() {
    local kind
    for kind; do
        case $kind in
            :*) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -W "${kind#:}" -- "$cur") ;;
            file)
                compopt -o filenames
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -f -- "$cur")
                ;;
            directory)
                compopt -o filenames
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -d -- "$cur")
                ;;
            command) mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(compgen -c -- "$cur") ;;
            *)
                mapfile -t -O "${#COMPREPLY[@]}" COMPREPLY < <(
                    "$program" --complete "$kind" "$cur" "${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null
                )
                ;;
        esac
    done
}

_cnictl() {
    local program=$1 cur=${COMP_WORDS[COMP_CWORD]} command='' taking='' place=0 i word
    local commands options values arguments
    COMPREPLY=()
    _cnictl_knows ''
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $taking ]]; then
            [[ $word == '=' ]] || taking=''
        elif [[ $word == -* ]]; then
            if [[ $values == *" $word="* ]]; then taking=$word; fi
        elif [[ $word != '=' && " $commands " == *" $word "* ]]; then
            command="${command:+$command }$word"
            place=0
            _cnictl_knows "$command"
        else
            place=$((place + 1))
        fi
    done
    if [[ $cur == '=' ]]; then cur=''; fi
    if [[ $taking ]]; then
        values=${values#*" $taking="}
        # shellcheck disable=SC2086  # kinds are words
        _cnictl_add ${values%%;*}
    elif [[ $cur == -* ]]; then
        _cnictl_add ":$options"
    elif [[ $commands ]]; then
        _cnictl_add ":$commands"
    else
        # the last argument may be repeated
        while ((place > 0)) && [[ $arguments == *';'*';'* ]]; do
            arguments=${arguments#*;}
            place=$((place - 1))
        done
        # shellcheck disable=SC2086
        if ((place == 0)) || [[ $arguments == *'...;' ]]; then _cnictl_add ${arguments%%[.;]*}; fi
    fi
}

complete -F _cnictl cnictl
"""


def script(program: Command) -> str:
    """Return the script."""
    lines = [
        f"# bash {HEAD}",
        "",
        "# Say what may follow a command: sub-commands, options, the kinds of values.",
    ]
    lines += ["_cnictl_knows() {", "    commands='' options='' values=' ' arguments=''", "    case $1 in"]
    for one in program.walk():
        lines += [
            f"        {quoted(one.name)})",
            *(f"            {line}" for line in _knows(one)),
            "            ;;",
        ]
    return "\n".join([*lines, "    esac", "}"]) + "\n" + ENGINE


def _knows(command: Command) -> Iterator[str]:
    if command.below:
        yield f"commands={quoted(' '.join(one.path[-1] for one in command.below))}"
    yield f"options={quoted(' '.join(word for one in command.options for word in one.spellings))}"
    values = [
        f"{word}={_kinds(of_option(command, one))};"
        for one in command.options
        if one.metavar
        for word in one.spellings
    ]
    if values:
        yield f"values={quoted(' ' + ' '.join(values))}"
    arguments = [
        f"{_kinds(of_argument(command, one))}{'...' if one.repeated else ''};" for one in command.arguments
    ]
    if arguments:
        yield f"arguments={quoted(''.join(arguments))}"


def _kinds(candidates: Candidates) -> str:
    """Return kinds as words for _cnictl_add; a fixed word is behind a colon of its own."""
    assert set(candidates.kinds) <= {*ASKED, "file", "directory", "command"}
    return " ".join([*(f":{word}" for word in candidates.words), *candidates.kinds])
