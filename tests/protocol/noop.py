"""A plugin that does nothing but what a JSON file tells it to, and writes down how it was called.

The file is named by DEBUG in CNI_ARGS, else by the configuration key `debugFile`.  It may hold
ReportResult (a text, or PASSTHROUGH, or INJECT-DNS), ReportError, ReportErrorCode, ReportStderr,
ReportVersionSupport and ExitWithCode; Command and CmdArgs are written back.  Each call is also
appended to the list in the file that the configuration key `commandLog` names.

It shares no code with cnictl: a mistake on our side must not be made on both ends of the pipe.
"""

import base64
import json
import os
import sys

VERSIONS = ["0.-42.0", "0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]


def call():
    """What the caller handed over."""
    return {
        "Command": os.environ["CNI_COMMAND"],
        "CmdArgs": {
            "ContainerID": os.environ.get("CNI_CONTAINERID", ""),
            "Netns": os.environ.get("CNI_NETNS", ""),
            "IfName": os.environ.get("CNI_IFNAME", ""),
            "Args": os.environ.get("CNI_ARGS", ""),
            "Path": os.environ.get("CNI_PATH", ""),
            "NetnsOverride": os.environ.get("CNI_NETNS_OVERRIDE", ""),
            "StdinData": base64.b64encode(sys.stdin.buffer.read()).decode(),
        },
    }


def args(text):
    """CNI_ARGS, where every piece must be a pair."""
    pairs = {}
    for piece in filter(None, text.split(";")):
        if piece.count("=") != 1:
            fail(999, f"CNI_ARGS invalid key/value pair: {piece.split('=')}")
        key, pairs[key] = piece.split("=")
    return pairs


def fail(code, message):
    print(json.dumps({"code": code, "msg": message}, indent=4), end="")
    sys.exit(1)


def previous(config):
    """The prevResult, which a runtime hands over in the version of the configuration."""
    result = config.get("prevResult")
    if result is None:
        fail(999, "no prevResult to pass on")
    if result.get("cniVersion") != config["cniVersion"]:
        fail(999, f"prevResult is {result.get('cniVersion')}, configuration is {config['cniVersion']}")
    return result


def main():
    text = os.environ.get("CNI_ARGS", "")
    if not os.environ.get("CNI_COMMAND"):
        print("CNI noop plugin v0.7.0", file=sys.stderr)
        print("CNI protocol versions supported: " + ", ".join(VERSIONS), file=sys.stderr)
        return
    if os.environ["CNI_COMMAND"] == "VERSION":
        supported = VERSIONS
        if text:
            with open(args(text)["DEBUG"]) as file:
                supported = json.load(file).get("ReportVersionSupport") or VERSIONS
        print(json.dumps({"cniVersion": "1.1.0", "supportedVersions": supported}))
        return
    called = call()
    config = json.loads(base64.b64decode(called["CmdArgs"]["StdinData"]))
    if log := config.get("commandLog"):
        calls = []
        if os.path.exists(log):
            with open(log) as file:
                calls = json.load(file)
        with open(log, "w") as file:
            json.dump([*calls, called], file)
    path = args(text).get("DEBUG") or config.get("debugFile")
    if not path:
        print("CNI_ARGS or config empty, no debug behavior", file=sys.stderr)
        print("{}")
        return
    with open(path) as file:
        debug = json.load(file)
    with open(path, "w") as file:
        json.dump({**debug, **called}, file)
    sys.stderr.write(debug.get("ReportStderr", ""))
    if error := debug.get("ReportError"):
        fail(debug.get("ReportErrorCode", 999), error)
    report = debug.get("ReportResult", "")
    if report == "PASSTHROUGH":
        report = json.dumps(previous(config))
    elif report == "INJECT-DNS":
        report = json.dumps({**previous(config), "dns": {"nameservers": ["1.2.3.4"]}})
    sys.stdout.write(report)
    sys.exit(debug.get("ExitWithCode", 0))


main()
