"""Points about the verbs: what ADD makes, CHECK notices, DEL takes away, and GC and STATUS answer."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

from cnictl.conformance.disturb import disturbances
from cnictl.conformance.model import Failed, NotApplicable, Point
from cnictl.netns_named import delete_named
from cnictl.spec.errors import CnictlError
from cnictl.state.difference import difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cnictl.conformance.disturb import Disturb
    from cnictl.conformance.subject import Call, Subject
    from cnictl.state.snapshot import Snapshot

ADD, DEL, CHECK = "ADD: Add container to network", "DEL: Remove container from network", "CHECK"
GC, STATUS, DELEGATION = (
    "GC: Clean up any stale resources",
    "STATUS: Check plugin status",
    "Derived attachments",
)

KEY = "cni.dev/valid-attachments"


def result_is_true(subject: Subject) -> None:
    """Interfaces and addresses that the Result says are in the container are there."""
    if subject.profile.ipam:
        raise NotApplicable("an IPAM plugin makes no interface")
    with subject.container() as call:
        config, result = subject.add(call)
        state = subject.state(call)
        inside = [one for one in result.get("interfaces", []) if one.get("sandbox") == call.netns]
        for one in inside:
            link = state.state.find(call.netns, "link", one["name"])
            if link is None:
                raise Failed(f"the Result names an interface {one['name']!r} that is not in the container")
            mac = str(one.get("mac", "")).lower()
            if mac and mac != link.facts.get("mac"):
                raise Failed(f"{one['name']} has MAC address {link.facts.get('mac')}, the Result says {mac}")
        names = {one["name"] for one in inside} or {call.ifname}
        for ip in result.get("ips", []):
            if not any(state.state.find(call.netns, "address", f"{name} {ip['address']}") for name in names):
                raise Failed(
                    f"the Result says address {ip['address']}, which no interface of the container has"
                )
        subject.detach(call, config, result)


def check_holds(subject: Subject) -> None:
    """CHECK right after ADD says that all is well, and a second time too."""
    subject.since("0.4.0")
    with subject.container() as call:
        config, result = subject.add(call)
        for _ in range(2):
            subject.call("CHECK", subject.attached(config, result), call).succeeded("CHECK right after ADD")
        subject.detach(call, config, result)


def check_notices(subject: Subject) -> str:
    """CHECK fails after each disturbance of what ADD made; what can be disturbed is found by looking."""
    subject.since("0.4.0")
    tried: list[str] = []
    unnoticed: list[str] = []
    number, count = 0, 1
    while number < count:
        with subject.container() as call:
            config, before = subject.prepared(call)
            result = subject.call("ADD", config, call).succeeded("ADD").result
            found = disturbances(difference(before, subject.state(call)), call.container_id)
            count = len(found) if number == 0 else min(count, len(found))
            if number < count:
                words, disturb = found[number]
                if _done(disturb, call):
                    tried.append(words)
                    said = subject.call("CHECK", subject.attached(config, result), call)
                    if said.status == 0:
                        unnoticed.append(words)
            subject.call("DEL", subject.attached(config, result), call)
            subject.undo_previous(call, config.get("prevResult"))
        number += 1
    if not tried:
        raise NotApplicable("ADD made nothing that could be disturbed")
    if unnoticed:
        raise Failed(f"CHECK did not notice {len(unnoticed)} of {len(tried)}: {'; '.join(unnoticed)}")
    return f"{len(tried)} disturbances"


def _done(disturb: Disturb, call: Call) -> bool:
    """Disturb something; whether it could be: it may have gone with what was disturbed before."""
    try:
        disturb(call.netns)
    except CnictlError:
        return False
    return True


def del_leaves_nothing(subject: Subject) -> None:
    """After DEL of the list, node and container are as before ADD, but for what containers share."""
    _delete(subject, "DEL", with_result=True)


def del_without_result(subject: Subject) -> None:
    """DEL without prevResult takes away as much as it can, and does not fail."""
    _delete(subject, "DEL without prevResult", with_result=False)


def _delete(subject: Subject, what: str, *, with_result: bool) -> None:
    with subject.container() as call:
        before = subject.state(call)
        config, _ = subject.prepared(call)
        result = subject.call("ADD", config, call).succeeded("ADD").result
        given = subject.attached(config, result)
        if not with_result:
            given = {key: one for key, one in config.items() if key != "prevResult"}
        subject.call("DEL", given, call).succeeded(what)
        subject.undo_previous(call, config.get("prevResult"))
        left = subject.left(before, subject.state(call))
        if left:
            raise Failed(f"{what} left {'; '.join(left)}")


def del_again(subject: Subject) -> None:
    """DEL of what is gone, or never was, is no failure."""
    with subject.container() as call:
        config, result = subject.add(call)
        later = subject.attached(config, result)
        for what in ("DEL", "a second DEL", "a third DEL"):
            subject.call("DEL", later, call).succeeded(what)
        subject.undo_previous(call, config.get("prevResult"))
    with subject.container() as call:
        subject.call("DEL", subject.config(), call).succeeded("DEL of what was never added")


def del_without_netns(subject: Subject) -> None:
    """DEL after the netns is gone, and with no CNI_NETNS, succeeds and leaves nothing on the node."""
    for given in (None, ""):
        with subject.container() as call:
            before = subject.state()
            config, result = subject.add(call)
            delete_named(call.netns)
            later = subject.attached(config, result)
            environment = {} if given is None else {"CNI_NETNS": given}
            what = "DEL after the netns is gone" if given is None else "DEL with an empty CNI_NETNS"
            subject.call("DEL", later, call, environment=environment).succeeded(what)
            subject.undo_previous(call, config.get("prevResult"))
            left, _ = _left_in_the_end(subject, before)
            if left:
                raise Failed(f"{what} left {'; '.join(left)}")


def add_twice(subject: Subject) -> None:
    """ADD of what is there fails, and what is there still works."""
    if subject.profile.ipam or subject.profile.ifname == "lo":
        raise NotApplicable("it makes no interface whose name could be taken")
    if subject.profile.before:
        raise NotApplicable("it makes no interface: a chained plugin may be asked again")
    with subject.container() as call:
        config, result = subject.add(call)
        subject.call("ADD", config, call).error("a second ADD of the same attachment")
        if "0.4.0" in subject.claimed or len(subject.claimed) > 4:
            said = subject.call("CHECK", subject.attached(config, result), call)
            if said.status != 0:
                subject.detach(call, config, result)
                raise Failed(f"after a second ADD, which failed, CHECK says: {said.words}")
        subject.detach(call, config, result)


def failed_add(subject: Subject) -> None:
    """An ADD that fails leaves nothing behind: here because the interface's name is taken."""
    if subject.profile.ipam or subject.profile.before or subject.profile.ifname == "lo":
        raise NotApplicable("it makes no interface whose name could be taken")
    from cnictl.netlink.rtnl import Rtnl

    with subject.container() as call:
        with Rtnl(call.netns) as inside:
            inside.add_bridge(call.ifname)
        before = subject.state(call)
        subject.call("ADD", subject.config(), call).error("ADD of an interface whose name is taken")
        left = subject.left(before, subject.state(call))
        subject.call("DEL", subject.config(), call)
        if left:
            raise Failed(f"the failed ADD left {'; '.join(left)}")


def two_interfaces(subject: Subject) -> None:
    """One container may have two attachments, and DEL of one leaves the other alone."""
    if subject.profile.single:
        raise NotApplicable(subject.profile.single)
    if subject.profile.before:
        raise NotApplicable("it works on the interface that another plugin made")
    from dataclasses import replace

    with subject.container() as call:
        second = replace(call, ifname="net1")
        config, result = subject.add(call)
        other = subject.call("ADD", config, second).succeeded("ADD of a second interface").result
        subject.call("DEL", subject.attached(config, result), call).succeeded("DEL of the first")
        try:
            subject.since("0.4.0")
        except NotApplicable:
            pass
        else:
            said = subject.call("CHECK", subject.attached(config, other), second)
            if said.status != 0:
                raise Failed(f"after DEL of the first interface, CHECK of the second says: {said.words}")
        subject.call("DEL", subject.attached(config, other), second).succeeded("DEL of the second")


def passes_result_on(subject: Subject) -> None:
    """In a chain, what the Result before said is in its Result, changed or unchanged."""
    if not subject.profile.before:
        raise NotApplicable("it is the first of a list")
    with subject.container() as call:
        config, result = subject.add(call)
        previous = config["prevResult"]
        for key in ("interfaces", "ips"):
            lost = [one for one in previous.get(key, []) if not _contains(result.get(key, []), one)]
            if lost:
                raise Failed(f"{key} of prevResult are not in its Result: {lost}")
        subject.detach(call, config, result)


def gc_spares_and_frees(subject: Subject) -> str | None:
    """GC leaves valid attachments alone, and frees what is left of others."""
    subject.since("1.1.0")
    with subject.container() as call, subject.container() as lost:
        config, result = subject.add(call)
        valid = {KEY: [{"containerID": call.container_id, "ifname": call.ifname}]}
        with_one = subject.state(call)
        other_config, other_result = ({}, {}) if subject.profile.alone else subject.add(lost)
        if os.path.lexists(lost.netns):
            delete_named(lost.netns)
        subject.call("GC", {**subject.config(), **valid}, environment={"CNI_NETNS": None}).succeeded("GC")
        if subject.profile.before:  # what those made is not this plugin's to free
            left, after = list[str](), subject.state(call)
        else:
            left, after = _left_in_the_end(subject, with_one, call)
        changed = [one for one in difference(with_one, after).changes if one.sign == "-"]
        if other_config:
            subject.call("DEL", subject.attached(other_config, other_result), lost)
            subject.undo_previous(lost, other_config.get("prevResult"))
        subject.detach(call, config, result)
        if changed:
            raise Failed(f"GC took from a valid attachment: {changed[0].entity.kind} {changed[0].entity.key}")
        if left:
            raise Failed(f"GC left of a container that is gone: {'; '.join(left)}")
    return None


def status_answers(subject: Subject) -> str | None:
    """STATUS succeeds, or says with code 50 or 51 that the plugin is not available."""
    subject.since("1.1.0")
    said = subject.call("STATUS", subject.config(), environment={"CNI_NETNS": None})
    if said.status == 0:
        return None
    told = said.error("STATUS", 50, 51)
    return str(told["msg"])


def _contains(found: Any, wanted: Any) -> bool:
    """Whether a list has an object with the same address or name; the plugin may have changed the rest."""
    key = "address" if "address" in wanted else "name"
    return isinstance(found, list) and any(one.get(key) == wanted.get(key) for one in found)


def _left_in_the_end(subject: Subject, before: Snapshot, *calls: Call) -> tuple[list[str], Snapshot]:
    """Return what is left, and the state it was seen in.

    The kernel takes a namespace apart some time after its last user is gone: links of it are on the node
    for a moment, and a master stays promiscuous.  So what is left is looked at again, for two seconds.
    """
    deadline = time.monotonic() + 2
    while True:
        after = subject.state(*calls)
        left = subject.left(before, after)
        if not left or time.monotonic() > deadline:
            return left, after
        time.sleep(0.1)


POINTS: Sequence[Point] = (
    Point("true-result", ADD, "the Result says what is there", result_is_true),
    Point("add-twice", ADD, "ADD of an interface that is there fails and harms nothing", add_twice),
    Point("failed-add", ADD, "a failed ADD leaves nothing", failed_add),
    Point("two-interfaces", ADD, "two interfaces of one container do not meet", two_interfaces),
    Point("prev-result", DELEGATION, "prevResult is passed on in a chain", passes_result_on),
    Point("check-holds", CHECK, "CHECK right after ADD holds", check_holds),
    Point("check-notices", CHECK, "CHECK notices what was disturbed", check_notices),
    Point("del-leaves-nothing", DEL, "DEL leaves nothing", del_leaves_nothing),
    Point("del-again", DEL, "DEL of what is gone succeeds", del_again),
    Point("del-without-netns", DEL, "DEL without a netns succeeds and leaves nothing", del_without_netns),
    Point(
        "del-without-result", DEL, "DEL without prevResult succeeds and leaves nothing", del_without_result
    ),
    Point("gc", GC, "GC spares the valid and frees the others", gc_spares_and_frees),
    Point("status", STATUS, "STATUS answers", status_answers),
)
