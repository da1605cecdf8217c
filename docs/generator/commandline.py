"""The commands, their arguments and their options, as the command line itself describes them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any, get_args

import typer

from cnictl.cli import app

WIDE = 10_000  # columns, so that nothing is wrapped before it is on the page


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument: its word in the usage, what it means, and whether there may be more than one."""

    metavar: str
    text: str
    required: bool
    repeated: bool


@dataclass(frozen=True, slots=True)
class Option:
    """An option: all its spellings, the word for its value ("" for a flag), and what it means."""

    spellings: tuple[str, ...]
    metavar: str
    text: str
    about: str
    """The first sentence of the text, without defaults: for a completion."""
    choices: tuple[str, ...]
    repeated: bool

    @property
    def shown(self) -> str:
        """What the help shows: `-o, --output FORM`."""
        return ", ".join(self.spellings) + (f" {self.metavar}" if self.metavar else "")


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or one of its sub-commands: `path` are the words after `cnictl`."""

    path: tuple[str, ...]
    help: str
    usage: str
    arguments: tuple[Argument, ...]
    options: tuple[Option, ...]
    below: tuple[Command, ...]

    @property
    def name(self) -> str:
        """The words after `cnictl`."""
        return " ".join(self.path)

    @property
    def summary(self) -> str:
        """The first sentence of its help."""
        return self.help.partition("\n\n")[0].replace("\n", " ")

    def walk(self) -> Iterator[Command]:
        """Yield the command and its sub-commands."""
        yield self
        for one in self.below:
            yield from one.walk()


def program() -> Command:
    """Return cnictl itself: its options, and below it every command in the order of the help."""
    group = typer.main.get_command(app.app)
    settings = group.context_settings
    context = typer.Context(
        group, info_name="cnictl", max_content_width=WIDE, terminal_width=WIDE, **settings
    )
    commands = tuple(_command((name,), app.load(name), context) for name in app.COMMANDS)
    return Command((), group.help or "", "", (), _options(group, context), commands)


def _command(path: tuple[str, ...], loaded: Any, parent: typer.Context) -> Command:
    context = typer.Context(loaded, info_name=path[-1], parent=parent)
    below = getattr(loaded, "commands", {}).items()
    return Command(
        path,
        (loaded.help or "").strip(),
        loaded.get_usage(context).removeprefix("Usage: "),
        tuple(_argument(one, context) for one in loaded.params if _is_shown(one, "argument")),
        _options(loaded, context),
        tuple(_command((*path, name), one, context) for name, one in below),
    )


def _options(loaded: Any, context: typer.Context) -> tuple[Option, ...]:
    return tuple(_option(one, context) for one in loaded.get_params(context) if _is_shown(one, "option"))


def _is_shown(parameter: Any, kind: str) -> bool:
    return parameter.param_type_name == kind and not parameter.hidden


def _argument(parameter: Any, context: typer.Context) -> Argument:
    _, text = parameter.get_help_record(context) or ("", parameter.help or "")
    metavar = parameter.metavar or parameter.name.upper()
    return Argument(metavar, text.replace("  [required]", ""), parameter.required, parameter.nargs != 1)


def _option(parameter: Any, context: typer.Context) -> Option:
    spelled, text = parameter.get_help_record(context)
    spellings = tuple(sorted((*parameter.opts, *parameter.secondary_opts), key=len))
    _, _, metavar = spelled.partition(" " if len(spellings) == 1 else f"{spellings[-1]} ")
    choices = _choices(parameter)
    if parameter.is_flag or parameter.count:
        metavar = ""
    about = text.partition("  [")[0].partition(". ")[0].rstrip(".")
    return Option(spellings, metavar, text, about, choices, parameter.multiple or parameter.nargs != 1)


def _choices(parameter: Any) -> tuple[str, ...]:
    descriptor = getattr(parameter, "type_descriptor", None)
    annotation = getattr(descriptor, "annotation", None)
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, Enum):
            return tuple(str(member.value) for member in one)
    return ()
