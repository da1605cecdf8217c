"""tuning: sets sysctls of the container's network, and properties of its interface.

It works on an interface that an earlier plugin made.  Sysctls must be below `net.`; in their
names IFNAME stands for the interface.  The file /etc/cni/tuning/allowlist.conf, when it is
there, holds one regular expression a line, and only sysctls that match one may be set.

Before it changes the interface it writes what was there to a file, from which DEL restores it;
sysctls vanish with the container's namespace and are not restored.
"""

from __future__ import annotations

from cnictl import sysctl
from cnictl.declare import entities
from cnictl.declare.model import Expectation
from cnictl.netlink.errors import NetlinkError
from cnictl.netlink.links import Links
from cnictl.netns import entered
from cnictl.plugin.skel import Plugin
from cnictl.spec.errors import INTERNAL, CnictlError, CniError
from cnictl.spec.result import convert

from . import tuning_allowlist, tuning_backup
from .tuning_backup import Backup
from .tuning_config import TuningConfig, sysctl_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request
    from cnictl.spec.result import AnyResult

    from .tuning_config import Wanted


def add(request: Request) -> AnyResult:
    config = TuningConfig(request.document)
    wanted = config.wanted(request)
    tuning_allowlist.check(wanted.sysctls)
    wanted.check_mac()
    paths = {sysctl_path(name, request.ifname): value for name, value in wanted.sysctls.items()}
    result = request.previous()
    _write_sysctls(request, paths)
    if wanted.changes_link:
        _change_link(request, config, wanted)
    own = [one for one in result.interfaces if one.name == request.ifname]
    # The Go plugin keeps the MAC address true; an MTU that an earlier plugin stated must not go stale either.
    if not (wanted.mac or (wanted.mtu and any(one.mtu for one in own))):
        return request.given_result() or result
    for one in own:
        one.mac = wanted.mac or one.mac
        if one.mtu and wanted.mtu:
            one.mtu = wanted.mtu
    return convert(result, request.cni_version)


def delete(request: Request) -> None:
    config = TuningConfig(request.document)
    config.wanted(request)
    backup = Backup(config.data_dir, request.container_id, request.ifname)
    try:
        if request.netns:
            _restore(request.netns, backup, request.ifname)
        else:
            backup.remove()  # there is nothing left to restore it to
    except (CnictlError, OSError) as error:
        # The interface goes with its namespace; that it keeps a property until then is no reason to fail.
        request.log.warning("not restored", file=backup.path, reason=str(error))


def declare(request: Request) -> list[Expectation]:
    config = TuningConfig(request.document)
    wanted = config.wanted(request)
    request.previous()
    expected = [
        Expectation(request.netns, entities.sysctl(sysctl_path(name, request.ifname), value))
        for name, value in wanted.sysctls.items()
    ]
    link = entities.link(
        request.ifname,
        mac=wanted.mac,
        promiscuous=wanted.promisc,
        mtu=wanted.mtu or None,
        all_multicast=wanted.all_multicast,
        txqlen=wanted.txqlen,
    )
    return [*expected, Expectation(request.netns, link)]


def gc(request: Request, valid: set[tuple[str, str]]) -> None:
    config = TuningConfig(request.document)
    for path in tuning_backup.collect_garbage(config.data_dir, request.network, valid):
        request.log.info("removed stale backup", file=path)


def _write_sysctls(request: Request, values: dict[str, str]) -> None:
    if not values:
        return
    try:
        with entered(request.netns):
            for name, value in values.items():
                before = sysctl.read(name)
                request.undo.push(_put_back, request.netns, name, before)
                sysctl.write(name, value)
                request.log.info("set sysctl", name=name, value=value, before=before)
    except sysctl.SysctlError as error:
        raise CniError(INTERNAL, str(error), f"in the netns {request.netns}") from None


def _put_back(netns: str, name: str, value: str) -> None:
    with entered(netns):
        sysctl.write(name, value)


def _change_link(request: Request, config: TuningConfig, wanted: Wanted) -> None:
    with request.inside(Links) as inside:
        try:
            link = inside.link(request.ifname)
        except NetlinkError as error:
            raise CniError(INTERNAL, f'failed to get "{request.ifname}": {error.reason}') from None
        backup = Backup(config.data_dir, request.container_id, request.ifname)
        backup.write(link, wanted, request.network)
        request.undo.push(_restore, request.netns, backup, request.ifname)
        if wanted.mac:
            inside.set_mac(link, wanted.mac)
        if wanted.promisc:
            inside.set_promiscuous(link, True)
        if wanted.mtu:
            inside.set_mtu(link, wanted.mtu)
        if wanted.all_multicast is not None:
            inside.set_all_multicast(link, wanted.all_multicast)
        if wanted.txqlen is not None:
            inside.set_txqlen(link, wanted.txqlen)
    request.log.info("changed interface", backup=backup.path)


def _restore(netns: str, backup: Backup, ifname: str) -> None:
    with Links(netns) as inside:
        backup.restore(inside, ifname)


PLUGIN = Plugin("tuning", TuningConfig, add=add, delete=delete, declare=declare, gc=gc)
