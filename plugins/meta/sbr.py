"""sbr: lets what comes from an interface's addresses leave through that interface (source based routing).

A container with several interfaces answers through the one that its default route names, whichever
was asked, and many networks drop such answers.  Chained behind the plugin of a further interface, sbr
gives each of its addresses a routing table, the first from 100 up that no rule names yet, and a rule
that sends what comes from the address there.  The routes of the interface move from the main table
to these tables, and each gets a default route through the address's gateway.  So the main table keeps
the routes of the other interfaces only; with `addSourceHints` also those to the networks of this one.

With `table` nothing but the rules is made, for a table that the routes of the IPAM plugin name.

All is in the container.  DEL removes the rules; the routes vanish with the interface.
"""

from __future__ import annotations

from cnictl.netlink.rtnl import LinkGone
from cnictl.plugin.cleanup import Failures
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import INTERNAL, CniError
from cnictl.spec.result import current

from .sbr_config import SbrConfig, read
from .sbr_declare import declare, own_addresses
from .sbr_routing import LockedRouting, add_rules, delete_rule, move_routes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Address
    from cnictl.spec.result import Result


def add(request: Request) -> Result:
    config = read(request)
    config.validate(request)
    result = request.previous("This plugin must be called as chained plugin")
    if not result.ips:
        raise CniError(
            INTERNAL,
            f"No IP addresses supplied on interface: {request.ifname}",
            "sbr routes by address; the plugin before it gave none",
        )
    addresses = own_addresses(request, result)
    with LockedRouting(request.netns) as inside:
        if config.table is not None:
            add_rules(request, inside, addresses, config.table)
        else:
            move_routes(request, inside, addresses, config)
    return result


def delete(request: Request) -> None:
    config = read(request)
    if not request.netns:
        return
    with LockedRouting(request.netns) as inside, Failures() as each:
        sources = _sources(request, inside)
        for rule in inside.rules():
            if rule.source is None or rule.source.address not in sources:
                continue
            if not config.table or rule.table == config.table:
                each.run(delete_rule, inside, rule)


def _sources(request: Request, inside: LockedRouting) -> set[Address]:
    """Return the interface's addresses; those of prevResult when it is gone."""
    try:
        return {one.prefix.address for one in inside.addresses(inside.link(request.ifname))}
    except LinkGone:
        given = request.given_result()
        return (
            set() if given is None else {ip.address.address for ip in own_addresses(request, current(given))}
        )


PLUGIN = Plugin("sbr", SbrConfig, add=add, delete=delete, declare=declare)
