"""`cnictl conformance`."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from cnictl import configuration
from cnictl.cli import options, output, problems
from cnictl.cli.given import understood
from cnictl.cli.problems import UsageProblem
from cnictl.cni_path import find
from cnictl.conformance.model import Profile
from cnictl.conformance.profiles import PROFILES
from cnictl.conformance.run import conformance as try_plugin
from cnictl.conformance.suite import POINTS
from cnictl.render.conformance import findings_members, findings_tree, summary
from cnictl.render.form import Form
from cnictl.spec.errors import CnictlError
from cnictl.spec.versions import SUPPORTED

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def conformance(
    plugin: Annotated[str, typer.Argument(metavar="PLUGIN", help="Path of a plugin, or its name.")],
    config: Annotated[
        str,
        typer.Option(
            "--config",
            metavar="FILE",
            help="A configuration or a list of them; the plugin's own is the last.",
            show_default="a usual one of the reference plugin of that name",
        ),
    ] = "",
    setup: Annotated[
        list[str] | None,
        typer.Option("--setup", metavar="WORDS", help="Done to the node before.", show_default=False),
    ] = None,
    point: Annotated[
        list[str] | None,
        typer.Option("--point", "-p", metavar="POINT", help="This point only.", show_default=False),
    ] = None,
    version: Annotated[
        str,
        typer.Option(
            "--spec", metavar="VERSION", help="Version to try it in.", show_default="the newest it claims"
        ),
    ] = "",
    ifname: Annotated[str, typer.Option("-i", "--ifname", metavar="NAME", help="The interface.")] = "",
    jobs: Annotated[int, typer.Option("--jobs", "-j", metavar="N", min=1, help="So many at a time.")] = 2,
    cni_path: options.CniPath = "",
    form: options.Output = Form.TABLE,
) -> None:
    """Try whether a plugin does what the spec asks of it.

    A black-box suite, on a throwaway node: the protocol in every version that it claims, its errors,
    what CHECK notices (found by disturbing what ADD made), what DEL leaves, several at once, ADD
    killed half way.  Each point names the section of the spec that asks for it.

    Exit status 1 when a point fails.

    Example: cnictl conformance ./my-plugin --config my.conf
    """
    directories, path = _located(plugin, cni_path)
    profile = _profile(os.path.basename(path), config, setup or [], ifname)
    known = [one.name for one in POINTS]
    for name in point or ():
        if name not in known:
            raise UsageProblem(f"no point {name!r}", hint=f"there are {', '.join(known)}")
    if version and version not in SUPPORTED:
        raise UsageProblem(f"no version {version!r} of the spec", hint=f"there are {', '.join(SUPPORTED)}")
    try:
        found = try_plugin(path, profile, directories, names=point or (), version=version, jobs=jobs)
    except CnictlError as error:
        if type(error) is CnictlError:
            raise UsageProblem(str(error), hint=error.hint) from error
        raise
    output.show(form, lambda: findings_members(path, found), lambda: findings_tree(path, found))
    output.note(summary(found))
    if any(one.verdict == "fail" for one in found):
        raise typer.Exit(problems.NO)


def _located(plugin: str, cni_path: str) -> tuple[list[str], str]:
    """Return where plugins are looked for, and the path of this one, whose own directory comes first."""
    directories = [os.path.abspath(one) for one in options.plugins(cni_path, 0).directories]
    if os.sep in plugin:
        path = os.path.abspath(plugin)
        directories.insert(0, os.path.dirname(path))
        plugin = os.path.basename(path)
    with understood():
        return directories, find(plugin, directories)


def _profile(name: str, config: str, setup: list[str], ifname: str) -> Profile:
    if not config:
        usual = PROFILES.get(name)
        if usual is None:
            known = ", ".join(PROFILES)
            raise UsageProblem(
                f"no usual configuration of {name!r} is known", hint=f"give --config; known are {known}"
            )
        return usual
    with understood():
        *before, last = (dict(one.members) for one in configuration.load(config).plugins)
    return Profile(last, before=before, setup=setup, ifname=ifname or "eth0")
