"""The skeleton around a plugin: environment and stdin in, Result or error object out.

CNI spec 1.1.0, sections "Execution Protocol" and "Error"; the order of the validations and
their texts are those of the Go skeleton, so that either one's messages are understood.
"""

from __future__ import annotations

import os
import sys

from cnictl.plugin.config import NetworkConfig
from cnictl.plugin.log import Log
from cnictl.plugin.request import Request
from cnictl.spec import errors, names, versions
from cnictl.spec.document import Document, decode, encode
from cnictl.spec.errno_text import errno_text
from cnictl.spec.errors import CnictlError, CniError
from cnictl.spec.result import convert
from cnictl.spec.result import encode as encode_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable, Iterable, Mapping
    from types import FrameType
    from typing import Literal

    from cnictl.declare.model import Expectation
    from cnictl.spec.result import AnyResult

    IPAMUse = Literal["", "optional", "required"]
else:
    import _signal as signal  # without the enums around it, which take 4 ms to import

# What each command must find in the environment (spec 1.1.0, "Parameters"; CNI_PATH as the Go skeleton).
REQUIRED = {
    "ADD": ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"),
    "CHECK": ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"),
    "DEL": ("CNI_CONTAINERID", "CNI_IFNAME", "CNI_PATH"),  # no CNI_NETNS: it may be gone
    "GC": ("CNI_PATH",),
    "STATUS": ("CNI_PATH",),
}
SINCE = {"CHECK": "0.4.0", "GC": "1.1.0", "STATUS": "1.1.0"}
_VALIDATORS = {"CNI_CONTAINERID": names.check_container_id, "CNI_IFNAME": names.check_interface_name}


class Plugin:
    """A plugin: its name, the description of its configuration, and what it does for each command.

    `add` returns the Result and pushes what it made on `request.undo`; `delete` succeeds when
    there is nothing left; `declare` returns what must hold after ADD, from which CHECK is made.
    `gc` and `status` are for plugins that keep something on the node; `valid` is None in GC
    when the caller did not say which attachments are valid.  `ipam` says whether the plugin
    delegates to `ipam.type`: CHECK, GC and STATUS are then passed on to it.  `delegates` returns the
    requests that a plugin which delegates to others passes on in CHECK, GC and STATUS.
    """

    __slots__ = (
        "add",
        "config",
        "declare",
        "delegates",
        "delete",
        "gc",
        "ipam",
        "name",
        "status",
        "versions",
    )

    def __init__(
        self,
        name: str,
        config: type[NetworkConfig] = NetworkConfig,
        *,
        add: Callable[[Request], AnyResult],
        delete: Callable[[Request], None],
        declare: Callable[[Request], Iterable[Expectation]],
        gc: Callable[[Request, set[tuple[str, str]]], None] | None = None,
        status: Callable[[Request], None] | None = None,
        ipam: IPAMUse = "",
        delegates: Callable[[Request], Iterable[Request]] | None = None,
        versions: tuple[str, ...] = versions.SUPPORTED,
    ) -> None:
        self.name = name
        self.config = config
        self.add = add
        self.delete = delete
        self.declare = declare
        self.gc = gc
        self.status = status
        self.ipam: IPAMUse = ipam
        self.delegates = delegates
        self.versions = versions


def main(plugin: Plugin, load: Callable[[str], Plugin | None] | None = None) -> int:
    """Answer the call described by environment and stdin; return the exit status.

    `load` gives the plugins that this program has under other names, for delegating in process.
    """
    signal.signal(signal.SIGTERM, _stop)
    environment = os.environ
    if not environment.get("CNI_COMMAND"):
        from cnictl import __version__

        sys.stderr.write(
            f"CNI {plugin.name} plugin cnictl v{__version__}\n"
            f"CNI protocol versions supported: {', '.join(plugin.versions)}\n"
        )
        return 0
    log = Log()
    try:
        request = read_request(environment, load)
        if request is None:
            members = {"cniVersion": versions.CURRENT, "supportedVersions": list(plugin.versions)}
            _write(encode(members) + "\n")
            return 0
        log = request.log
        _answer_and_print(plugin, request)
    except KeyboardInterrupt:
        return _fail(CniError(errors.INTERNAL, f"plugin {plugin.name!r} was interrupted"), log)
    except Exception as error:
        if environment.get("CNICTL_DEBUG"):
            raise
        return _fail(as_error_object(error), log)
    return 0


def answer(plugin: Plugin, request: Request) -> AnyResult | None:
    """Do what the request asks; return the Result of ADD in the configuration's version.

    Raises CniError when the versions do not go together and whatever the plugin raises.  For a
    failing ADD the caller lets the exception pass through `request.undo`.
    """
    command = request.command
    _check_versions(plugin, request)
    if command == "ADD":
        _refuse_own_netns(request)
        return convert(plugin.add(request), request.cni_version)
    if command == "DEL":
        plugin.delete(_without_lost_netns(request))
    elif command == "CHECK":
        _check(plugin, request)
    elif command == "GC":
        _collect_garbage(plugin, request)
    elif command == "STATUS":
        if plugin.status is not None:
            plugin.status(request)
        _pass_on(plugin, request, "STATUS")
    return None


def read_request(
    environment: Mapping[str, str], load: Callable[[str], Plugin | None] | None = None
) -> Request | None:
    """Validate environment and stdin and return the request, None for VERSION, which has none.

    Raises CniError: code 4 for the environment, 5 when stdin cannot be read, 6 and 7 for the configuration.
    """
    command = environment.get("CNI_COMMAND", "")
    missing = []
    for variable in ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"):
        if variable in REQUIRED.get(command, ()):
            value = environment.get(variable, "")
            if not value:
                missing.append(variable)
            elif variable in _VALIDATORS:
                _VALIDATORS[variable](value)
    if missing:
        raise CniError(errors.INVALID_ENVIRONMENT, f"required env variables [{','.join(missing)}] missing")
    if command == "VERSION":
        return None
    try:
        stdin = _read_stdin()
    except OSError as error:
        raise CniError(
            errors.IO_FAILURE, f"error reading from stdin: {errno_text(error.errno or 0)}"
        ) from None
    document = _read_configuration(stdin)
    if command not in REQUIRED:
        raise CniError(errors.INVALID_ENVIRONMENT, f"unknown CNI_COMMAND: {command}")
    fields = {"command": command, "plugin": document.string("type"), "network": document.string("name")}
    for name, variable in (("container", "CNI_CONTAINERID"), ("ifname", "CNI_IFNAME")):
        if environment.get(variable):
            fields[name] = environment[variable]
    return Request(
        command,
        document,
        container_id=environment.get("CNI_CONTAINERID", ""),
        netns=environment.get("CNI_NETNS", ""),
        ifname=environment.get("CNI_IFNAME", ""),
        args=environment.get("CNI_ARGS", ""),
        path=environment.get("CNI_PATH", ""),
        stdin=stdin,
        environment=environment,
        load=load,
        log=Log(document.string("logLevel"), document.string("logFile"), fields),
    )


def as_error_object(error: BaseException) -> CniError:
    """Return an error as the object that the runtime gets, with the notes on it in the details."""
    notes = list(getattr(error, "__notes__", ()))
    if isinstance(error, CniError):
        if not notes:
            return error
        return CniError(error.code, error.msg, "; ".join([error.details, *notes] if error.details else notes))
    if isinstance(error, CnictlError):
        hint = [error.hint] if error.hint else []
        return CniError(errors.INTERNAL, str(error), "; ".join(hint + notes))
    if isinstance(error, OSError) and error.errno:
        text = errno_text(error.errno)
        if error.filename:
            text = f"{os.fsdecode(error.filename)}: {text}"
        return CniError(errors.IO_FAILURE, text, "; ".join(notes))
    text = f"{type(error).__name__}: {error}"
    return CniError(errors.INTERNAL, text, "; ".join([*notes, "set CNICTL_DEBUG=1 for the traceback"]))


def _read_stdin() -> bytes:
    """Return all of stdin; unlike `sys.stdin` it fails with an OSError when stdin is closed."""
    pieces = []
    while piece := os.read(0, 1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def _read_configuration(stdin: bytes) -> Document:
    try:
        members = decode(stdin)
    except CniError as error:
        raise CniError(
            errors.DECODING_FAILURE, f"error unmarshall network config: {error.msg}", error.details
        ) from None
    if members is None:
        members = {}
    if not isinstance(members, dict):
        raise CniError(errors.DECODING_FAILURE, "error unmarshall network config: it is not a JSON object")
    document = Document(members)
    try:
        name = document.string("name")
    except CniError as error:
        raise CniError(errors.DECODING_FAILURE, f"error unmarshall network config: {error}") from None
    if not name:
        raise CniError(errors.INVALID_NETWORK_CONFIG, "missing network name")
    names.check_network_name(name)
    return document


def _check_versions(plugin: Plugin, request: Request) -> None:
    version, command = request.cni_version, request.command
    if command in SINCE:
        if not versions.at_least(version, SINCE[command]):
            raise CniError(
                errors.INCOMPATIBLE_VERSION,
                f"config version does not allow {command}",
                f"network {request.network!r} has cniVersion {version}; {command} came with {SINCE[command]}",
            )
        if not any(versions.at_least(one, version) for one in plugin.versions):
            raise CniError(errors.INCOMPATIBLE_VERSION, f"plugin version does not allow {command}")
    versions.reconcile(version, plugin.versions)


def _answer_and_print(plugin: Plugin, request: Request) -> None:
    request.log.debug("start")
    with request.undo:
        result = answer(plugin, request)
        if result is not None:
            _write(encode_result(result))
    request.log.info("done")


def _refuse_own_netns(request: Request) -> None:
    if _is_own_netns(request):
        raise CniError(
            errors.INVALID_NETNS,
            "plugin's netns and netns from CNI_NETNS should not be the same",
            f"{request.netns} is the namespace of the node itself",
        )


def _is_own_netns(request: Request) -> bool:
    from cnictl import netns

    if request.environment.get("CNI_NETNS_OVERRIDE", "").lower() in ("1", "true"):
        return False
    return bool(request.netns) and netns.same_as_own(request.netns)


def _without_lost_netns(request: Request) -> Request:
    """Return the request with an empty netns when what CNI_NETNS names is not a container's.

    A path that now leads to the node itself (a recycled pid) or to something that is no
    namespace (a file left by a reboot) holds nothing of this attachment; what it reserved
    elsewhere must still be released, or DEL would fail for ever.
    """
    from cnictl import netns

    if not request.netns:
        return request
    try:
        if _is_own_netns(request):
            reason = "is the namespace of the node itself"
        else:
            netns.Netns(request.netns).close()
            return request
    except netns.NetnsGone:
        reason = "is gone"
    except netns.NetnsError as error:
        reason = f"is not one: {error}"
        sys.stderr.write(f"netns {request.netns} {reason}; releasing what is kept outside of it\n")
    request.log.warning("no netns to clean", netns=request.netns, reason=reason)
    return request.again("DEL", netns="")


def _check(plugin: Plugin, request: Request) -> None:
    from cnictl.declare.compare import compare
    from cnictl.plugin.observe import observe

    expectations = list(plugin.declare(request))
    _pass_on(plugin, request, "CHECK")
    drifts = compare(expectations, observe(expectations))
    if drifts:
        first, *others = [str(drift) for drift in drifts]
        raise CniError(errors.INTERNAL, first, "; ".join(others))


def _collect_garbage(plugin: Plugin, request: Request) -> None:
    from cnictl.plugin.cleanup import Failures

    valid = request.valid_attachments()
    with Failures() as each:
        if valid is None:
            request.log.warning("the caller did not say which attachments are valid; nothing collected")
        elif plugin.gc is not None:
            each.run(plugin.gc, request, valid)
        each.run(_pass_on, plugin, request, "GC")


def _pass_on(plugin: Plugin, request: Request, command: str) -> None:
    if plugin.ipam:
        from cnictl.plugin import ipam

        ipam.pass_on(plugin, request, command)
    if plugin.delegates is not None:
        from cnictl.plugin import delegate
        from cnictl.plugin.cleanup import Failures

        with Failures() as each:
            for one in plugin.delegates(request):
                each.run(delegate.answer, one)


def _stop(signum: int, _frame: FrameType | None) -> None:
    # Raising lets ADD undo what it made before a runtime's time limit turns into SIGKILL.
    raise SystemExit(128 + signum)


def _fail(error: CniError, log: Log) -> int:
    log.error(error.msg, code=error.code, details=error.details)
    try:
        _write(error.to_json())
    except OSError as failure:
        sys.stderr.write(f"Error writing error JSON to stdout: {failure}\n{error}\n")
    return 1


def _write(text: str) -> None:
    data = text.encode(errors="replace")
    while data:
        data = data[os.write(1, data) :]
