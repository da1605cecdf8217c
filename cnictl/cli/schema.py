"""`cnictl schema`."""

from __future__ import annotations

from typing import Annotated

import typer

from cnictl.cli import output, problems
from cnictl.lint.schema import network_schema, plugin_schema
from cnictl.lint.silence import schema as silence_schema
from cnictl.render.form import as_json
from cnictl.scenario.keys import schema as scenario_schema
from cnictl_plugins import multicall

SCENARIO = "scenario"
SILENCE = "silence"

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def schema(
    name: Annotated[
        str,
        typer.Argument(
            metavar="PLUGIN", help="Our plugin, `scenario` or `silence`.", show_default="the whole list"
        ),
    ] = "",
) -> None:
    """Print the JSON Schema of network configurations, of one plugin's object, or of our own files.

    Those are scenarios, and `.cnictl.yaml`, which silences rules of `cnictl validate`.

    For editors, which complete keys and explain them from it.

    Example: cnictl schema > cni.schema.json
    """
    if not name:
        output.put(as_json(network_schema()))
        return
    if name == SILENCE:
        output.put(as_json(silence_schema()))
        return
    if name == SCENARIO:
        output.put(as_json(scenario_schema()))
        return
    plugin = multicall.load(name)
    if plugin is None:
        known = ", ".join(multicall.PROGRAMS)
        raise problems.UsageProblem(
            f"no plugin {name!r} here", hint=f"there are {known}, {SILENCE}, {SCENARIO}"
        )
    output.put(as_json(plugin_schema(plugin)))
