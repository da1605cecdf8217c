"""CNI406: an ingress policy for the bridge of a network that has none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnictl.lint.model import WARNING, Remark, rule
from cnictl.spec.catalog import REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cnictl.lint.subject import Configuration

POLICIES = ("same-bridge", "isolated")


@rule("CNI406", "policy-without-bridge", WARNING)
def policy_without_bridge(conf: Configuration) -> Iterator[Remark]:
    """The ingress policies of firewall are for networks of the plugin bridge.

    ## Why it matters
    firewall takes the first interface of the Result for the bridge.  With another plugin that is an
    interface of one container: the policy keeps nobody apart, and leaves rules behind for each.

    ## Instead of
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "ptp"}, {"type": "firewall", "ingressPolicy": "isolated"}
        ]}

    ## Write
        {"cniVersion": "1.0.0", "name": "web", "plugins": [
            {"type": "bridge"}, {"type": "firewall", "ingressPolicy": "isolated"}
        ]}
    """
    if not conf.plugins:
        return
    first = conf.plugins[0].type
    reference = REFERENCE.get(first)
    if first == "bridge" or reference is None or reference.role != "main":
        return
    for plugin in conf.plugins:
        policy = plugin.document.get("ingressPolicy")
        if plugin.type == "firewall" and policy in POLICIES:
            yield Remark(
                plugin.at("ingressPolicy"),
                f"{policy} is about a bridge, and {first} has none",
                "leave ingressPolicy out, or use the plugin bridge",
            )
