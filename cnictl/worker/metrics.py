"""A worker's metrics, as Prometheus reads them."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from cnictl.worker.client import Status

_LABELS = ("plugin", "command")


class _Worker(Collector):
    def __init__(self, status: Status) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        status = self._status
        seconds = HistogramMetricFamily(
            "cnictl_worker_call_seconds", "How long calls of plugins took.", labels=_LABELS
        )
        failures = CounterMetricFamily(
            "cnictl_worker_failures", "Calls whose exit status was not 0.", labels=_LABELS
        )
        bounds = [*map(str, status.bounds), "+Inf"]
        for one in status.calls:
            labels = (one.plugin, one.command)
            buckets = list(zip(bounds, accumulate(one.buckets), strict=True))
            seconds.add_metric(labels, buckets=buckets, sum_value=one.seconds)
            failures.add_metric(labels, one.failures)
        yield seconds
        yield failures
        processes = GaugeMetricFamily(
            "cnictl_worker_processes", "Processes by what they do.", labels=("state",)
        )
        processes.add_metric(("waiting",), status.waiting)
        processes.add_metric(("busy",), status.busy)
        yield processes
        yield GaugeMetricFamily("cnictl_worker_processes_most", "Processes at most.", value=status.most)
        yield CounterMetricFamily(
            "cnictl_worker_refused", "Calls that were left to their launchers.", value=status.refused
        )
        yield CounterMetricFamily(
            "cnictl_worker_killed", "Processes that were ended by a signal.", value=status.killed
        )
        yield GaugeMetricFamily(
            "cnictl_worker_start_time_seconds", "When it was started, since 1970.", value=status.started
        )


def text(status: Status) -> str:
    """Return the metrics in Prometheus' text format."""
    return generate_latest(_registry(status)).decode()


def _registry(status: Status) -> CollectorRegistry:
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Worker(status))
    return registry
