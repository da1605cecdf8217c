"""bandwidth: its configuration keys, and the token buckets that they ask for."""

from __future__ import annotations

from cnictl.plugin.config import NetworkConfig
from cnictl.spec.errors import INVALID_NETWORK_CONFIG, CniError
from cnictl.spec.keys import Config, nested, optional_nested, unsigned
from cnictl.spec.value import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from cnictl.plugin.request import Request

PSCHED = "/proc/net/psched"
LATENCY = 25_000.0
"""Microseconds for which a packet may wait for tokens, as with the Go plugin."""
_SECOND = 1e6  # of the same
_BITS = 8
_U32 = 0xFFFFFFFF


class TokenBucket(Value):
    """A token bucket in the kernel's units: bytes a second, bytes, and ticks of PSCHED."""

    __slots__ = ("rate", "limit", "buffer")

    def __init__(self, rate: int, limit: int, buffer: int) -> None:
        self.rate = rate
        self.limit = limit
        self.buffer = buffer


class Limits(Config):
    """What may be sent to a container (ingress) and by it (egress)."""

    ingress_rate = unsigned(
        "ingressRate", unit="bits a second", text="most that the container is sent in the long run; 0 for any"
    )
    ingress_burst = unsigned(
        "ingressBurst", unit="bits", text="how much may go beyond that at once; needed with ingressRate"
    )
    egress_rate = unsigned(
        "egressRate", unit="bits a second", text="most that the container sends in the long run; 0 for any"
    )
    egress_burst = unsigned(
        "egressBurst", unit="bits", text="how much may go beyond that at once; needed with egressRate"
    )

    @property
    def directions(self) -> tuple[tuple[str, int, int], ...]:
        """Name, rate and burst of both directions."""
        return (
            ("ingress", self.ingress_rate, self.ingress_burst),
            ("egress", self.egress_rate, self.egress_burst),
        )

    @property
    def any(self) -> bool:
        """Whether anything is limited."""
        return bool(self.ingress_rate or self.egress_rate)

    @property
    def ingress(self) -> TokenBucket | None:
        """The bucket for what is sent to the container, None when that is not limited."""
        return _bucket(self.ingress_rate, self.ingress_burst)

    @property
    def egress(self) -> TokenBucket | None:
        """The bucket for what the container sends, None when that is not limited."""
        return _bucket(self.egress_rate, self.egress_burst)

    def check(self) -> None:
        """Raise CniError 7 for a rate without a burst, a burst without a rate, and too large a burst."""
        for name, rate, burst in self.directions:
            rate_key, burst_key = (self.document.below(f"{name}{word}") for word in ("Rate", "Burst"))
            both = f"{rate_key} is {rate} and {burst_key} {burst}; give both, or neither"
            if rate and not burst:
                raise _invalid("if rate is set, burst must also be set", both)
            if burst and not rate:
                raise _invalid("if burst is set, rate must also be set", both)
            if burst // _BITS >= _U32:
                raise _invalid(
                    "burst cannot be more than 4GB", f"{burst_key} is {burst} bits, {burst // _BITS} bytes"
                )

    def check_rates(self) -> None:
        """Raise CniError 7 for a rate of less than a byte a second, of which the kernel makes no bucket."""
        for name, rate, _ in self.directions:
            if 0 < rate < _BITS:
                what = "create qdisc" if name == "ingress" else "create ifb qdisc: create qdisc"
                raise _invalid(
                    f"{what}: invalid argument",
                    f"{self.document.below(f'{name}Rate')} is {rate} bits a second; the kernel counts bytes",
                )


class BandwidthRuntimeConfig(Config):
    """`runtimeConfig` as bandwidth reads it."""

    bandwidth = optional_nested(
        "bandwidth", Limits, text="the limits (capability `bandwidth`), unless the plugin has any of its own"
    )


class BandwidthConfig(NetworkConfig, Limits):
    """Keys of bandwidth."""

    runtime_config = nested(
        "runtimeConfig", BandwidthRuntimeConfig, text="settings from the runtime, by capability"
    )

    @property
    def limits(self) -> Limits:
        """The limits that hold: the plugin's own when one of its keys is there, whatever it says."""
        if any(self.document.has(key.name) for key in Limits.keys):
            return self
        return self.runtime_config.bandwidth or self

    def validate(self, _request: Request) -> None:
        self.limits.check()
        self.limits.check_rates()


def read(request: Request) -> Limits:
    """Return the limits that a request asks for; raises CniError."""
    try:
        limits = BandwidthConfig(request.document).limits
    except CniError as error:
        raise error.within("failed to parse network configuration: ") from None
    limits.check()
    if request.command != "DEL":
        limits.check_rates()
    return limits


def token_bucket(rate: int, burst: int, ticks: float) -> TokenBucket:
    """Return the bucket for a rate in bits a second and a burst in bits, computed as the Go plugin does.

    Raises ZeroDivisionError for a rate of less than a byte a second.
    """
    rate, burst = rate // _BITS, burst // _BITS
    microseconds = _u32(burst * _SECOND / rate)
    limit = _u32(rate * LATENCY / _SECOND) + burst
    return TokenBucket(rate, limit & _U32, _u32(microseconds * ticks))


def ticks_of_a_microsecond() -> float:
    """Return how many of the kernel's ticks a microsecond has (tc_core_init of iproute2)."""
    with open(PSCHED, encoding="utf-8") as file:
        ticks, microseconds, resolution, _ = (int(word, 16) for word in file.read().split())
    if resolution == 1_000_000_000:
        ticks = microseconds
    return ticks / microseconds * (resolution / _SECOND)


def _invalid(message: str, details: str) -> CniError:
    return CniError(INVALID_NETWORK_CONFIG, message, details)


def _bucket(rate: int, burst: int) -> TokenBucket | None:
    return token_bucket(rate, burst, ticks_of_a_microsecond()) if rate else None


def _u32(number: float) -> int:
    """Convert as Go does on amd64: the low 32 bits of a signed number of 64, in which the largest are 0."""
    return int(number) & _U32 if number < 1 << 63 else 0
