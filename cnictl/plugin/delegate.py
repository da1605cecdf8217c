"""Calling another plugin: IPAM, or the delegate of a meta plugin.

When the program that CNI_PATH gives is this very program, the other plugin is called in
process, with the same request and the same errors as if it had been executed;
CNICTL_DELEGATE=exec always executes.
"""

from __future__ import annotations

import os
import sys

from cnictl import cni_path, invoke
from cnictl.spec.errors import CnictlError
from cnictl.spec.result import current, parse_output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.plugin.skel import Plugin
    from cnictl.spec.result import Result


def call(name: str, request: Request, command: str) -> Result | None:
    """Have plugin `name` answer `command` for the same request; return the Result of ADD.

    Raises CniError: the delegate's own error object, or one that says that it could not be run.
    """
    path = cni_path.find(name, cni_path.directories(request.path))
    plugin = _own(path, name, request)
    request.log.debug("delegate", to=name, command=command, how="in process" if plugin else path)
    if plugin is not None:
        return _call_in_process(plugin, request, command)
    environment = {**request.environment, "CNI_COMMAND": command}
    completed = invoke.run(path, environment=environment, stdin=request.stdin, on_stderr=_to_own_stderr)
    if completed.status != 0:
        raise invoke.plugin_error(path, completed)
    if command != "ADD":
        return None
    return current(parse_output(request.cni_version, completed.stdout))


def answer(request: Request) -> Result | None:
    """Have the plugin that a request's own configuration names answer it; return the Result of ADD.

    Raises as `call`; whose error it is stands in a note on it.
    """
    name = request.document.string("type")
    try:
        return call(name, request, request.command)
    except CnictlError as error:
        error.add_note(f"from {name} for {request.ifname or 'all'} of network {request.network}")
        raise


def _own(path: str, name: str, request: Request) -> Plugin | None:
    if request.load is None or os.environ.get("CNICTL_DELEGATE") == "exec":
        return None
    try:
        if not os.path.samefile(path, sys.argv[0]):
            return None
    except OSError:
        return None
    return request.load(name)


def _call_in_process(plugin: Plugin, request: Request, command: str) -> Result | None:
    from cnictl.plugin import skel

    again = request.again(command)
    try:
        with again.undo:
            result = skel.answer(plugin, again)
    except Exception as error:
        raise skel.as_error_object(error) from error
    if result is None:
        return None
    return current(result)


def _to_own_stderr(data: bytes) -> None:
    os.write(2, data)
