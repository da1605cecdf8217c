"""Empty words on the command line: `"$FILE"` of a variable without a value is no wish to leave it out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = ("FILE", "DIR", "PATH")
"""What options take of which no empty one can be meant; others say nothing by one, as --args does."""


def refuse_empty(command: Any) -> None:
    """Have a command, and those below it, refuse empty arguments and names of files.

    Words of somebody's own command may be empty, and so may those that are there for cnitool's sake.
    Typer keeps the types of commands and parameters to itself, hence Any.
    """
    for one in (command, *getattr(command, "commands", {}).values()):
        for param in one.params:
            is_argument = param.param_type_name == "argument" and param.name != "command"
            if not getattr(param, "hidden", False) and (is_argument or param.metavar in FILES):
                param.callback = _before(param.callback)


def _before(callback: Callable[[Any, Any, Any], Any] | None) -> Callable[[Any, Any, Any], Any]:
    def checked(ctx: Any, param: Any, value: Any) -> Any:
        source = ctx.get_parameter_source(param.name or "")
        words = value if isinstance(value, list | tuple) else (value,)
        if "" in words and source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter("it is empty", ctx=ctx, param=param)
        return callback(ctx, param, value) if callback is not None else value

    return checked
