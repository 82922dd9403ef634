"""What one run measured, as plain data, and what many of them come to.

A run gives a `Sample`: durations in microseconds under the names of what they measure, other
amounts (bytes, round trips) likewise, and counts, which add up over runs. All samples of one
configuration are `merged`, and `figures` names what they come to.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from failure_detect.clock import SECOND, Duration
from simulations.counting import poisson_interval, quantile

Spread: TypeAlias = dict[str, float]
Figure: TypeAlias = "int | float | str | Spread | None"
Row: TypeAlias = dict[str, Figure]

SEALING_BYTES = 32
"""What sealing adds to each datagram: a header of 16 bytes and a MAC of 16."""

_TRAFFIC = ("member_us", "datagrams", "datagram_bytes", "streams", "stream_bytes")
_HIDDEN = (*_TRAFFIC, "simulated_us")
_SHARES = (("median", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0))
_HOUR: Duration = 3_600 * SECOND
_INTERVAL_OF = ("false_positives", "false_positives_at_healthy")


@dataclass(slots=True)
class Sample:
    """The outcome of one run."""

    durations: dict[str, list[Duration]] = field(default_factory=dict)
    """Microseconds, by what they measure: `first_detection`, `heal`, ..."""

    counts: dict[str, int] = field(default_factory=dict)
    """How often something happened. `member_us` is for how long, summed over members, and
    `simulated_us` the time of the world from its beginning to its end."""

    amounts: dict[str, list[float]] = field(default_factory=dict)
    """Amounts in the unit that the name says, such as `change_bytes`: one each time."""

    def add(self, name: str, duration: Duration) -> None:
        """Note one more duration of this name, in microseconds."""
        self.durations.setdefault(name, []).append(duration)

    def measure(self, name: str, amount: float) -> None:
        """Note one more amount of this name, in the unit that the name says."""
        self.amounts.setdefault(name, []).append(amount)

    def count(self, name: str, amount: int = 1) -> None:
        """Let `amount` more of this name have happened."""
        self.counts[name] = self.counts.get(name, 0) + amount


def merged(samples: Sequence[Sample]) -> Sample:
    """Return all samples as one."""
    whole = Sample()
    for sample in samples:
        for name, values in sample.durations.items():
            whole.durations.setdefault(name, []).extend(values)
        for name, amounts in sample.amounts.items():
            whole.amounts.setdefault(name, []).extend(amounts)
        for name, count in sample.counts.items():
            whole.count(name, count)
    return whole


def figures(whole: Sample) -> Row:
    """Return the figures of a sample, each named with its unit."""
    row: Row = {f"{name}_s": spread(values) for name, values in whole.durations.items()}
    row.update({name: _plain_spread(amounts) for name, amounts in whole.amounts.items()})
    row.update({name: count for name, count in whole.counts.items() if name not in _HIDDEN})
    row.update(_traffic(whole.counts))
    row.update(_rates(whole.counts))
    return row


def levelled(rows: Sequence[Row], names: Iterable[str]) -> list[Row]:
    """Return rows that all have the same figures and those called `names`: None where one had not.

    So whoever reads the rows may rely on a name, though nothing ever healed or was found.
    """
    known = dict.fromkeys(name for row in rows for name in row) | dict.fromkeys(names)
    return [{name: row.get(name) for name in known} for row in rows]


def spread(values: Iterable[Duration]) -> Spread:
    """Return the median, p99, p99.9, maximum (seconds) and number of some durations (us)."""
    ordered = sorted(values)
    found = {name: quantile(ordered, share) / SECOND for name, share in _SHARES if ordered}
    return {**found, "samples": len(ordered)}


def _plain_spread(values: Iterable[float]) -> Spread:
    """Return the same of amounts, in their own unit: whole numbers where they are whole."""
    ordered = sorted(values)
    found = {name: quantile(ordered, share) for name, share in _SHARES if ordered}
    whole = {name: int(value) for name, value in found.items() if value == int(value)}
    return {**found, **whole, "samples": len(ordered)}


def _traffic(counts: Mapping[str, int]) -> Row:
    seconds = counts.get("member_us", 0) / SECOND
    if not seconds:
        return {}
    in_clear = counts["datagram_bytes"] + counts["stream_bytes"]
    sealed = in_clear + SEALING_BYTES * counts["datagrams"]
    messages = counts["datagrams"] + counts["streams"]
    return {
        "bytes_per_member_s": round(in_clear / seconds, 3),
        "sealed_bytes_per_member_s": round(sealed / seconds, 3),
        "messages_per_member_s": round(messages / seconds, 4),
        "member_hours": round(seconds / 3_600, 4),
    }


def _rates(counts: Mapping[str, int]) -> Row:
    hours = counts.get("member_us", 0) / _HOUR
    rates: Row = {}
    for name in _INTERVAL_OF:
        if hours and name in counts:
            low, high = poisson_interval(counts[name])
            rates[f"{name}_per_member_hour"] = {
                "mean": counts[name] / hours,
                "low": low / hours,
                "high": high / hours,
            }
    return rates
