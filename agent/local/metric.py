"""What one metric is: its name, kind, help and labels, and how its values are read from facts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TypeAlias

from agent.local.facts import AgentFacts
from discovery.bridge import Bridge
from discovery.catalog import CatalogStatistics
from discovery.guards import GuardStatistics
from discovery.publisher import PublisherStatistics
from discovery.replicator import Statistics as SyncStatistics
from discovery.verdict_events import VerdictStatistics
from discovery.view_health import ViewStatistics

PREFIX = "isthmus_"


class Kind(StrEnum):
    """The kinds of Prometheus that are used."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"


Sample: TypeAlias = tuple[tuple[str, ...], float]
"""The values of the labels, in their order, and the value."""


class Scrape:
    """The facts of one scrape, and the statistics of a bridge, each taken once at most.

    Some cost as much as there is to count, and many metrics are made of one.
    """

    def __init__(self, facts: AgentFacts) -> None:
        """Take nothing yet."""
        self.facts = facts

    @cached_property
    def held(self) -> "BridgeScrape | None":
        """Of a bridge; None on a light agent."""
        return None if self.facts.bridge is None else BridgeScrape(self.facts.bridge)


class BridgeScrape:
    """The statistics of one bridge."""

    def __init__(self, bridge: Bridge) -> None:
        """Take nothing yet."""
        self.bridge = bridge

    @cached_property
    def catalog(self) -> CatalogStatistics:
        """What is held."""
        return self.bridge.catalog.statistics()

    @cached_property
    def sync(self) -> SyncStatistics:
        """How sets spread."""
        return self.bridge.replicator.statistics()

    @cached_property
    def view(self) -> ViewStatistics:
        """What is served."""
        return self.bridge.view.statistics()

    @cached_property
    def verdicts(self) -> VerdictStatistics:
        """How the other clusters stand."""
        return self.bridge.verdicts.statistics()

    @cached_property
    def guard(self) -> GuardStatistics:
        """What is held against an origin's word."""
        return self.bridge.guard.statistics()

    @cached_property
    def publisher(self) -> PublisherStatistics | None:
        """What is published; None without the cluster's key."""
        publisher = self.bridge.publisher
        return None if publisher is None else publisher.statistics()


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric. Counters end in `_total`, and what has a unit ends in it before that."""

    name: str
    help: str
    samples: Callable[[Scrape], Iterable[Sample]]
    labels: tuple[str, ...] = ()
    kind: Kind = Kind.GAUGE


def gauge(name: str, text: str, value: Callable[[AgentFacts], float | None]) -> Metric:
    """Return a gauge of one value; none is shown where that is None."""
    return Metric(PREFIX + name, text, _alone(value))


def counter(name: str, text: str, value: Callable[[AgentFacts], float | None]) -> Metric:
    """Return a counter of one value."""
    return Metric(PREFIX + name, text, _alone(value), kind=Kind.COUNTER)


def bridge_gauge(name: str, text: str, value: Callable[[BridgeScrape], float | None]) -> Metric:
    """Return a gauge that bridges alone have."""
    return Metric(PREFIX + name, text, _of_bridge(value))


def bridge_counter(name: str, text: str, value: Callable[[BridgeScrape], float | None]) -> Metric:
    """Return a counter that bridges alone have."""
    return Metric(PREFIX + name, text, _of_bridge(value), kind=Kind.COUNTER)


def labelled(counts: Iterable[tuple[str, float]]) -> list[Sample]:
    """Return the samples of a metric with one label."""
    return [((label,), value) for label, value in counts]


def _alone(value: Callable[[AgentFacts], float | None]) -> Callable[[Scrape], list[Sample]]:
    return _one(lambda scrape: value(scrape.facts))


def _of_bridge(value: Callable[[BridgeScrape], float | None]) -> Callable[[Scrape], list[Sample]]:
    return _one(lambda scrape: None if scrape.held is None else value(scrape.held))


def _one(value: Callable[[Scrape], float | None]) -> Callable[[Scrape], list[Sample]]:
    def samples(scrape: Scrape) -> list[Sample]:
        found = value(scrape)
        return [] if found is None else [((), found)]

    return samples
