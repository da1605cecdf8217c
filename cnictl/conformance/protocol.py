"""Points about the protocol: environment, stdin, stdout, exit status, versions and errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cnictl.conformance.model import Failed, NotApplicable, Point
from cnictl.spec import result as results
from cnictl.spec.errors import CniError
from cnictl.spec.versions import at_least

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.conformance.subject import Subject

VERSION, PARAMETERS, PROTOCOL = "VERSION", "Parameters", "Execution Protocol"
ERRORS, RESULTS, CONFIGURATION = "Error", "Result Types", "Network configuration format"

WORDLESS = ("0.1.0", "0.2.0")
"""Versions whose Result has no interfaces, and which know no chains."""


def claims_versions(subject: Subject) -> str:
    """VERSION answers with cniVersion and a list of released versions."""
    claimed = subject.claimed
    if not claimed:
        raise Failed("supportedVersions has no released version of the spec")
    told = subject.call("VERSION", {"cniVersion": "1.1.0"}).json
    if not isinstance(told.get("cniVersion"), str):
        raise Failed(f"the answer has no cniVersion: {told}")
    return ", ".join(claimed)


def version_needs_nothing(subject: Subject) -> None:
    """VERSION is answered without container, netns, interface and path."""
    subject.call("VERSION", {"cniVersion": "1.0.0"}, environment={"CNI_PATH": None}).succeeded(
        "VERSION with CNI_COMMAND alone"
    )


def unknown_command(subject: Subject) -> None:
    """A command that there is not is an error with code 4, which names the variable or the command."""
    with subject.container() as call:
        told = subject.call("FROB", subject.config(), call).error("CNI_COMMAND=FROB", 4)
        if "CNI_COMMAND" not in told["msg"] and "FROB" not in told["msg"]:
            raise Failed(f"the message does not name CNI_COMMAND: {told['msg']!r}")


def needs_parameters(subject: Subject) -> None:
    """ADD without container id, netns or interface name is an error with code 4 that names the variable."""
    with subject.container() as call:
        for variable in ("CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME"):
            said = subject.call("ADD", subject.config(), call, environment={variable: None})
            told = said.error(f"ADD without {variable}", 4)
            if variable not in f"{told['msg']} {told.get('details', '')}":
                raise Failed(f"ADD without {variable}: the message does not name it: {told['msg']!r}")


def refuses_names(subject: Subject) -> None:
    """Container ids and interface names that the spec forbids are errors with code 4."""
    with subject.container() as call:
        for variable, value in (
            ("CNI_CONTAINERID", "../../etc"),
            ("CNI_CONTAINERID", "-dash"),
            ("CNI_CONTAINERID", "a b"),
            ("CNI_IFNAME", "sixteen-letters-"),
            ("CNI_IFNAME", "a/b"),
            ("CNI_IFNAME", ".."),
            ("CNI_IFNAME", "a:b"),
        ):
            subject.call("ADD", subject.config(), call, environment={variable: value}).error(
                f"ADD with {variable}={value!r}", 4
            )


def refuses_network_names(subject: Subject) -> None:
    """A network without a name, or with one that leads out of a directory, is an error with code 7."""
    with subject.container() as call:
        nameless = subject.config()
        del nameless["name"]
        subject.call("ADD", nameless, call).error("a configuration without a name", 7)
        subject.call("ADD", subject.config(name="../../etc"), call).error("the name '../../etc'", 7)


def refuses_rubbish(subject: Subject) -> None:
    """A configuration that is no JSON object is an error with code 6, and so is an empty one."""
    with subject.container() as call:
        for text in ("{", "", "[]"):
            subject.call("ADD", text, call).error(f"ADD with {text!r} on stdin", 6)


def refuses_unknown_version(subject: Subject) -> None:
    """A version that it does not claim is an error with code 1; one that is none may also be code 6."""
    with subject.container() as call:
        subject.call("ADD", subject.config("99.0.0"), call).error("cniVersion 99.0.0", 1)
        subject.call("ADD", subject.config("one"), call).error("cniVersion 'one'", 1, 6)


def errors_are_objects(subject: Subject) -> None:
    """An ADD that fails prints an error object with code and msg, nothing else, and exits with non-zero."""
    with subject.container() as call:
        missing = {"CNI_NETNS": "/run/netns/not-there"}
        previous: dict[str, Any] = {} if not subject.profile.before else {"prevResult": _placeholder(subject)}
        said = subject.call("ADD", {**subject.config(), **previous}, call, environment=missing)
        if said.status == 0 and (subject.profile.ipam or subject.profile.before):
            subject.call("DEL", {**subject.config(), **previous}, call)
            raise NotApplicable("it works without a look into the netns")
        told = said.error("ADD in a netns that is not there")
        code = told["code"]
        if 51 < code < 100:
            raise Failed(f"code {code} is reserved by the spec")


def results_in_each_version(subject: Subject) -> str:
    """ADD in every version that it claims answers with a Result of that version, of that version's form."""
    tried = []
    for version in subject.claimed:
        if subject.profile.before and version in WORDLESS:
            continue
        with subject.container() as call:
            config, result = subject.add(call, version)
            stated = result.get("cniVersion")
            if stated != version:
                raise Failed(f"the Result for cniVersion {version} has cniVersion {stated!r}")
            try:
                results.parse(version, result)
            except CniError as error:
                raise Failed(f"the Result for cniVersion {version} is none: {error}") from None
            strangers = _strangers(version, result)
            if strangers:
                raise Failed(f"the Result for cniVersion {version} has {', '.join(strangers)}")
            prev = {"prevResult": result} if at_least(version, "0.4.0") else {}
            subject.call("DEL", {**config, **prev}, call).succeeded(f"DEL in {version}")
            for plugin in reversed(subject.profile.before):
                undo = {"cniVersion": version, "name": config["name"], **plugin}
                path = subject.found(str(plugin["type"]))
                subject.call("DEL", undo, call, path=path)
            tried.append(version)
    if not tried:
        raise NotApplicable("it claims no version that has chains")
    return ", ".join(tried)


def stdout_is_pure(subject: Subject) -> None:
    """ADD prints one JSON document and nothing beside it; DEL and CHECK print nothing."""
    with subject.container() as call:
        config, _ = subject.prepared(call)
        result = subject.call("ADD", config, call).succeeded("ADD").json
        later = subject.attached(config, result)
        if at_least(subject.version, "0.4.0"):
            said = subject.call("CHECK", later, call)
            if said.status == 0 and said.stdout.strip():
                raise Failed(f"CHECK printed {said.stdout[:200]!r}")
        said = subject.call("DEL", later, call).succeeded("DEL")
        if said.stdout.strip():
            raise Failed(f"DEL printed {said.stdout[:200]!r}")
        subject.undo_previous(call, config.get("prevResult"))


def ignores_unknown_keys(subject: Subject) -> None:
    """Keys that it does not know are no error, nor runtimeConfig of capabilities that it does not have."""
    with subject.container() as call:
        given = {**dict(subject.config().get("runtimeConfig", {})), "org.example.capability": {"a": 1}}
        config, result = subject.add(call, org_example_key=[1], runtimeConfig=given)
        subject.detach(call, config, result)


def keeps_args_open(subject: Subject) -> None:
    """CNI_ARGS with IgnoreUnknown and keys of the orchestrator are no error."""
    with subject.container() as call:
        config = subject.config()
        previous = subject.previous(call)
        if previous is not None:
            config["prevResult"] = previous
        args = {"CNI_ARGS": "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web"}
        said = subject.call("ADD", config, call, environment=args).succeeded("ADD with CNI_ARGS of a kubelet")
        subject.detach(call, config, said.result)


def _placeholder(subject: Subject) -> dict[str, Any]:
    """A Result that something before the plugin could have made."""
    interface = {"name": subject.profile.ifname, "sandbox": "/run/netns/not-there"}
    ip: dict[str, Any] = {"address": "10.123.0.77/24", "interface": 0}
    if not at_least(subject.version, "1.0.0"):
        ip["version"] = "4"
    return {"cniVersion": subject.version, "interfaces": [interface], "ips": [ip]}


def _strangers(version: str, result: dict[str, Any]) -> list[str]:
    """Return keys of a Result that its version does not have."""
    ips = result.get("ips")
    listed = [one for one in ips if isinstance(one, dict)] if isinstance(ips, list) else []
    if version in WORDLESS:
        return [f"the key {key!r}" for key in ("interfaces", "ips", "routes") if key in result]
    strangers = [f"the key {key!r}" for key in ("ip4", "ip6") if key in result]
    if at_least(version, "1.0.0"):
        return strangers + ["ips[].version"] * any("version" in one for one in listed)
    return strangers + ["no ips[].version"] * any("version" not in one for one in listed)


POINTS: Sequence[Point] = (
    Point("claims-versions", VERSION, "VERSION names the versions that it knows", claims_versions),
    Point("version-alone", VERSION, "VERSION needs no other variable", version_needs_nothing),
    Point("unknown-command", PARAMETERS, "an unknown command is an error 4", unknown_command),
    Point(
        "missing-parameter", PARAMETERS, "a missing parameter is an error 4 that names it", needs_parameters
    ),
    Point("forbidden-name", PARAMETERS, "ids and names that are forbidden are errors 4", refuses_names),
    Point(
        "network-name",
        CONFIGURATION,
        "a missing or forbidden network name is an error 7",
        refuses_network_names,
    ),
    Point("rubbish", ERRORS, "what is no JSON object is an error 6", refuses_rubbish),
    Point(
        "unknown-version", ERRORS, "a version that it does not claim is an error 1", refuses_unknown_version
    ),
    Point("error-object", ERRORS, "a failure prints an error object and nothing else", errors_are_objects),
    Point(
        "every-version",
        RESULTS,
        "the Result has the version and the form that was asked for",
        results_in_each_version,
    ),
    Point("pure-stdout", PROTOCOL, "stdout holds the Result and nothing else", stdout_is_pure),
    Point("unknown-keys", CONFIGURATION, "unknown keys and capabilities are ignored", ignores_unknown_keys),
    Point("open-args", PARAMETERS, "CNI_ARGS of an orchestrator are no error", keeps_args_open),
)
