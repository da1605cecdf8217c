"""An attachment for the time of a block: ADD before it and, whatever happens, DEL after it."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from cnictl.sandbox.signals import Deferred
from cnictl.spec import result as results

if TYPE_CHECKING:
    from types import TracebackType

    from cnictl.runtime.attachment import Attachment
    from cnictl.runtime.network import Runtime
    from cnictl.runtime.operation import Report
    from cnictl.spec.conflist import NetworkList
    from cnictl.spec.result import DNS

RESOLVER = "/etc/resolv.conf"


class Attached:
    """Entering raises what ADD raises, leaving what DEL raises; every plugin gets its DEL.

    `report` is that of ADD.  A signal that would end this process waits for DEL to be done; a
    second one does not.
    """

    report: Report

    def __init__(self, runtime: Runtime, network: NetworkList, attachment: Attachment) -> None:
        self._runtime = runtime
        self._network = network
        self._attachment = attachment

    def __enter__(self) -> Self:
        self.report = self._runtime.add(self._network, self._attachment)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with Deferred():
            self._runtime.delete(self._network, self._attachment, keep_going=True)

    @contextlib.contextmanager
    def resolver(self) -> Iterator[dict[str, str]]:
        """The resolv.conf that the Result asks for, as a file: where it belongs to where it is."""
        text = ""
        if self.report.result is not None:
            text = resolv_conf(results.current(self.report.result).dns)
        if not text:
            yield {}
            return
        with tempfile.NamedTemporaryFile("w", prefix="resolv.conf-", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            yield {RESOLVER: file.name}


def resolv_conf(dns: DNS) -> str:
    """The resolv.conf(5) that DNS settings ask for, "" for none."""
    lines = [f"nameserver {one}" for one in dns.nameservers]
    lines += [f"domain {dns.domain}"] if dns.domain else []
    lines += [f"search {' '.join(dns.search)}"] if dns.search else []
    lines += [f"options {' '.join(dns.options)}"] if dns.options else []
    return "".join(f"{one}\n" for one in lines)
