"""Metrics of the process itself: role, store, transport, driver, alarms, refusals."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from agent.local.alarm_report import alarms_of
from agent.local.facts import AgentFacts, DriverFacts, Role, StoreFacts
from agent.local.metric import PREFIX, Kind, Metric, Sample, Scrape, counter, gauge, labelled
from agent.local.pool_metrics import detectors
from failure_detect.clock import MILLISECOND, SECOND, Instant


def _each(
    name: str,
    text: str,
    label: str,
    counts: Callable[[AgentFacts], Mapping[str, int]],
    kind: Kind = Kind.GAUGE,
) -> Metric:
    def samples(scrape: Scrape) -> list[Sample]:
        return labelled(sorted(counts(scrape.facts).items()))

    return Metric(PREFIX + name, text, samples, (label,), kind)


def _info(scrape: Scrape) -> Iterator[Sample]:
    identity = scrape.facts.identity
    yield (identity.group, identity.node, scrape.facts.version), 1


def _roles(scrape: Scrape) -> list[Sample]:
    return labelled((role.value, scrape.facts.role is role) for role in Role)


def _alarms(scrape: Scrape) -> list[Sample]:
    found = alarms_of(scrape.facts)
    counts = Counter((str(each["name"]), str(each["severity"])) for each in found)
    return [(labels, count) for labels, count in sorted(counts.items())]


def _refused(scrape: Scrape) -> Iterator[Sample]:
    facts, held = scrape.facts, scrape.held
    by: dict[str, Counter[str]] = {"agent": Counter()}
    for each in facts.refused:
        by["agent"][each.reason.value] += each.count
    if held is not None:
        by["sets"] = Counter(dict(held.sync.refused))
        by["items"] = Counter(held.bridge.refusals.counts())
    for pool, detector in detectors(facts):
        by[pool] = Counter(dict(detector.statistics().refused))
    by["transport"] = Counter(facts.transport.refused)
    for who, counts in sorted(by.items()):
        for reason, count in sorted(counts.items()):
            yield (who, reason), count


def _wall_seconds(facts: AgentFacts, at: Instant | None) -> float | None:
    if at is None or facts.clock.wall_ms is None:
        return None
    return (facts.clock.wall_ms * MILLISECOND + at - facts.clock.now) / SECOND


def _store(facts: AgentFacts) -> StoreFacts:
    return facts.store or StoreFacts(description="")


def _problems(driver: DriverFacts) -> Counter[str]:
    return Counter(each.reason for each in driver.problems)


AGENT_METRICS = (
    Metric(f"{PREFIX}agent_info", "Who this agent is.", _info, ("cluster", "node", "version")),
    gauge(
        "agent_start_time_seconds",
        "When the process began, in seconds since 1970.",
        lambda facts: _wall_seconds(facts, facts.started_at),
    ),
    gauge(
        "agent_ready",
        "1 where it holds what it needs to do its part; `/readyz` says what is missing.",
        lambda facts: facts.is_ready,
    ),
    Metric(f"{PREFIX}agent_role", "1 for the role that it has.", _roles, ("role",)),
    gauge(
        "agent_frozen",
        "1 while a Freeze object stops the writing to the mesh.",
        lambda facts: facts.frozen is not None,
    ),
    gauge("agent_dry_run", "1 where it writes nothing, by its settings.", lambda f: f.dry_run),
    Metric(
        f"{PREFIX}alarms",
        "What somebody should look at now; `/v1/alarms` has the words.",
        _alarms,
        ("name", "severity"),
    ),
    Metric(
        f"{PREFIX}refused_total",
        "Input that was refused, by who refused it and why.",
        _refused,
        ("by", "reason"),
        Kind.COUNTER,
    ),
    gauge(
        "lease_held",
        "1 where this agent holds the lease of its cluster.",
        lambda facts: None if facts.lease is None else facts.lease.is_ours,
    ),
    counter(
        "lease_transitions_total",
        "How often the lease changed hands.",
        lambda facts: None if facts.lease is None else facts.lease.transitions,
    ),
    gauge(
        "store_synced",
        "1 where every kind that the store serves was listed.",
        lambda facts: None if facts.store is None else facts.store.is_synced,
    ),
    _each(
        "store_faults",
        "What is wrong with objects and files of the store, by reason.",
        "reason",
        lambda facts: Counter(each.reason for each in _store(facts).faults),
    ),
    _each("store_objects", "Objects at hand, by kind.", "kind", lambda f: _store(f).objects),
    _each(
        "store_operations_total",
        "What was done with the store, by operation.",
        "operation",
        lambda facts: _store(facts).counts,
        Kind.COUNTER,
    ),
    _each(
        "transport_events_total",
        "What the sockets did, by event; events named bytes-... count bytes.",
        "event",
        lambda facts: facts.transport.counts,
        Kind.COUNTER,
    ),
    _each(
        "queue_length", "What waits in each queue.", "queue", lambda facts: facts.transport.queued
    ),
    _each(
        "queue_dropped_total",
        "What did not fit into each queue.",
        "queue",
        lambda facts: facts.transport.dropped,
        Kind.COUNTER,
    ),
    gauge(
        "transport_sessions",
        "Peers with whom keys are agreed.",
        lambda facts: facts.transport.sessions,
    ),
    gauge(
        "driver_objects",
        "Objects that the driver keeps in the store.",
        lambda facts: sum(map(len, facts.driver.objects.values())),
    ),
    gauge(
        "driver_planned_writes",
        "Writes that wait; in a dry run or while frozen, that would be done.",
        lambda facts: len(facts.driver.planned),
    ),
    gauge(
        "driver_last_write_time_seconds",
        "When the driver wrote last, in seconds since 1970.",
        lambda facts: _wall_seconds(facts, facts.driver.last_at),
    ),
    _each(
        "driver_problems",
        "What the driver cannot express, by reason.",
        "reason",
        lambda facts: _problems(facts.driver),
    ),
    _each(
        "driver_operations_total",
        "What the driver did, by operation.",
        "operation",
        lambda facts: facts.driver.counts,
        Kind.COUNTER,
    ),
)
