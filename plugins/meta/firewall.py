"""firewall: lets a container's traffic through the node's own packet filter.

Where the node drops what it forwards unless a rule allows it, containers can neither reach anybody
nor be answered.  This plugin works on the addresses that an earlier plugin gave the container: with
iptables it accepts what they send and the answers to it, with firewalld it makes them sources of a
trusted zone.  What others begin to send to a container still needs a rule of yours.

With iptables the chain CNI-ADMIN, or the one named by `iptablesAdminChainName`, is asked before all
that: put your own rules there.  They are never touched.

`ingressPolicy` says who may reach the containers of a bridge, whichever the backend; it needs the
plugin bridge in front.  `same-bridge` keeps bridges apart that have a policy, `isolated` their
containers as well.  Packets within a bridge only pass iptables where the sysctl
net.bridge.bridge-nf-call-iptables is 1.  The policy of a bridge stays when its last container goes.

Which attachment an address was let through for is written to /run/cni/firewall, so that DEL without
prevResult and GC know.  Beside 200 rules of CNI-FORWARD and more /run/cnictl/rules has an index of their
addresses, which ADD would have to search all rules for otherwise.  Somebody may remove it at any time.
"""

from __future__ import annotations

from cnictl.plugin.cleanup import Failures
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import PLUGIN_NOT_AVAILABLE, CnictlError, CniError
from cnictl.spec.result import current

from . import firewall_firewalld, firewall_iptables, firewall_records
from .firewall_config import FIREWALLD, IPTABLES, OPEN, FirewallConfig, read
from .firewall_iptables import Plan
from .firewall_records import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.declare.model import Expectation
    from cnictl.plugin.request import Request
    from cnictl.spec.address import Address
    from cnictl.spec.result import Result

NO_RESULT = "missing prevResult from earlier plugin"


def add(request: Request) -> Result:
    config = read(request)
    config.validate(request)
    result = request.previous(NO_RESULT)
    addresses, bridge = _addresses(result), config.bridge(result)
    with_firewalld = config.chosen_backend() == FIREWALLD
    if not with_firewalld:
        firewall_iptables.open_tables()
    zone = config.source_zone if with_firewalld else ""
    for address in addresses:
        _record(request, Record(address, request.network, request.container_id, request.ifname, zone))
    if with_firewalld:
        firewall_firewalld.setup(request, zone, addresses)
    firewall_iptables.setup(request, Plan(config, addresses, bridge, accept=not with_firewalld))
    return result


def delete(request: Request) -> None:
    config = read(request)
    given = request.given_result()
    if given is None:
        found = [one for one in firewall_records.of_network(request.network) if one.is_of(request)]
        addresses = [one.address for one in found]
    else:
        addresses = _addresses(current(given))
    own = {one: firewall_records.read(one) for one in addresses}
    own = {one: record for one, record in own.items() if not firewall_records.is_anothers(request, one)}
    unknown = [one for one, record in own.items() if record is None]
    zone = config.source_zone if unknown and config.chosen_backend() == FIREWALLD else ""
    _free(request, {one: zone if record is None else record.zone for one, record in own.items()})


def declare(request: Request) -> list[Expectation]:
    config = read(request)
    config.validate(request)
    result = request.previous(NO_RESULT)
    addresses, bridge = _addresses(result), config.bridge(result)
    with_firewalld = _uses_firewalld(request, config, addresses)
    expected = firewall_iptables.declare(Plan(config, addresses, bridge, accept=not with_firewalld))
    if with_firewalld:
        expected += firewall_firewalld.declare(config.source_zone, addresses)
    return expected


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    records = firewall_records.of_network(request.network)
    strangers = valid - {record.attachment for record in records}
    with Failures() as each:
        for record in records:
            if record.attachment in valid:
                continue
            # Whom the Go plugin let through has no record, and may have got the address since.
            if strangers or firewall_records.is_reserved_for_another(record):
                request.log.warning("not collected", address=record.address, container=record.container_id)
                continue
            request.log.info("collecting", address=record.address, container=record.container_id)
            each.run(_free, request, {record.address: record.zone})


def status(request: Request) -> None:
    config = read(request)
    config.validate(request)
    try:
        if config.chosen_backend() == FIREWALLD:
            firewall_firewalld.require()
        if config.backend != FIREWALLD or config.policy != OPEN:
            firewall_iptables.require()
    except CnictlError as error:
        raise CniError(PLUGIN_NOT_AVAILABLE, str(error), error.hint) from None


def _addresses(result: Result) -> list[Address]:
    """All addresses of a Result, whichever interface they are on, each once."""
    return list(dict.fromkeys(ip.address.address for ip in result.ips))


def _record(request: Request, record: Record) -> None:
    before = firewall_records.read(record.address)
    if before == record:
        return
    if before is None:
        request.undo.push(firewall_records.forget, record.address)
    else:
        request.undo.push(firewall_records.write, before)
    firewall_records.write(record)


def _uses_firewalld(request: Request, config: FirewallConfig, addresses: list[Address]) -> bool:
    """Whether ADD used firewalld: asked for, or written down, or what would be chosen."""
    if config.backend not in (IPTABLES, FIREWALLD):
        for address in addresses:
            record = firewall_records.read(address)
            if record is not None and record.is_of(request):
                return bool(record.zone)
    return config.chosen_backend() == FIREWALLD


def _free(request: Request, zones: dict[Address, str]) -> None:
    """Let nothing through for addresses any more; of each the zone that it is a source of, or "" for none."""
    with Failures() as each:
        each.run(firewall_iptables.teardown, request, list(zones))
        for zone in dict.fromkeys(zones.values()):
            if zone:
                sources = [address for address, its in zones.items() if its == zone]
                each.run(firewall_firewalld.teardown, request, zone, sources)
    for address in zones:
        firewall_records.forget(address)


PLUGIN = Plugin(
    "firewall",
    FirewallConfig,
    add=add,
    delete=delete,
    declare=declare,
    gc=gc,
    status=status,
    versions=("0.4.0", "1.0.0", "1.1.0"),
)
