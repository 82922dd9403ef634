"""Prometheus metrics: what the machines count, read when somebody asks, and one histogram.

There is no series by peer and none by endpoint: what grows with the fleet is one or two series for
each cluster. Values are read from the machines at each scrape, so nothing is counted twice.
"""

from collections.abc import Callable, Iterable, Iterator

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from agent.local.agent_metrics import AGENT_METRICS
from agent.local.facts import AgentFacts
from agent.local.metric import PREFIX, Kind, Metric, Scrape
from agent.local.pool_metrics import POOL_METRICS
from agent.local.set_metrics import SET_METRICS

METRICS: tuple[Metric, ...] = (*AGENT_METRICS, *POOL_METRICS, *SET_METRICS)
"""All but the histogram, by where they are read."""

LATENCY = f"{PREFIX}change_to_apply_seconds"
LATENCY_HELP = (
    "From when this agent learnt of a change in the view until the object that follows from it "
    "was applied."
)
LATENCY_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 20.0, 60.0)


class Metrics:
    """The registry of one agent."""

    def __init__(self, facts: Callable[[], AgentFacts]) -> None:
        """Read what `facts` returns at each scrape."""
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_MachineCollector(facts))
        self._latency = Histogram(
            LATENCY, LATENCY_HELP, buckets=LATENCY_BUCKETS, registry=self._registry
        )
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def observe_applied(self, seconds: float) -> None:
        """Take in how long one change took from the view to the applied object."""
        self._latency.observe(seconds)

    def render(self, accept: str) -> tuple[str, bytes]:
        """Return the content type and the body that suit a scraper's `Accept` header."""
        encode, content_type = choose_encoder(accept)
        return content_type, encode(self._registry)


class _MachineCollector(Collector):
    def __init__(self, facts: Callable[[], AgentFacts]) -> None:
        self._facts = facts

    def collect(self) -> Iterator[Family]:
        scrape = Scrape(self._facts())
        for metric in METRICS:
            yield _family(metric, scrape)

    def describe(self) -> Iterable[Family]:
        return ()


def _family(metric: Metric, scrape: Scrape) -> Family:
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=metric.labels)
    for labels, value in metric.samples(scrape):
        family.add_metric(labels, value)
    return family


def metrics_table() -> str:
    """Return the reference of all metrics as a Markdown table, by name; made from the code."""
    rows = [(each.name, each.kind, each.labels, each.help) for each in METRICS]
    rows.append((LATENCY, Kind.HISTOGRAM, (), LATENCY_HELP))
    lines = ["| metric | kind | labels | what it says |", "|---|---|---|---|"]
    lines += [
        f"| `{name}` | {kind} | {', '.join(f'`{label}`' for label in labels)} | {text} |"
        for name, kind, labels, text in sorted(rows)
    ]
    return "\n".join(lines) + "\n"
