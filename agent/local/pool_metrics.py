"""Metrics of the failure detectors, by pool (`lan`, and `wan` on bridges)."""

from collections.abc import Callable, Iterator

from agent.local.facts import AgentFacts
from agent.local.metric import PREFIX, Kind, Metric, Sample, Scrape
from failure_detect.detector import FailureDetector, Statistics
from failure_detect.members import Status


def detectors(facts: AgentFacts) -> Iterator[tuple[str, FailureDetector]]:
    """Give each detector that there is, by the name of its pool."""
    for pool, detector in (("lan", facts.lan), ("wan", facts.wan)):
        if detector is not None:
            yield pool, detector


def _counted(
    name: str, text: str, value: Callable[[Statistics], float], kind: Kind = Kind.GAUGE
) -> Metric:
    def samples(scrape: Scrape) -> list[Sample]:
        return [((pool,), value(each.statistics())) for pool, each in detectors(scrape.facts)]

    return Metric(f"{PREFIX}pool_{name}", text, samples, ("pool",), kind)


def _total(name: str, text: str, value: Callable[[Statistics], float]) -> Metric:
    return _counted(f"{name}_total", text, value, Kind.COUNTER)


def _members(scrape: Scrape) -> Iterator[Sample]:
    for pool, detector in detectors(scrape.facts):
        counts = detector.statistics()
        gone = counts.members - counts.alive - counts.suspect - counts.dead
        for status, count in (
            (Status.ALIVE, counts.alive),
            (Status.SUSPECT, counts.suspect),
            (Status.DEAD, counts.dead),
            (Status.LEFT, gone),
        ):
            yield (pool, status.name.lower()), count


def _silent_nodes(scrape: Scrape) -> Iterator[Sample]:
    for pool, detector in detectors(scrape.facts):
        yield (pool,), len(detector.silent_nodes())


def _sent(scrape: Scrape) -> Iterator[Sample]:
    for pool, detector in detectors(scrape.facts):
        for kind, count in detector.statistics().sent:
            yield (pool, kind), count


POOL_METRICS = (
    Metric(
        f"{PREFIX}pool_members",
        "Members that are known, oneself included, by status; left includes those succeeded by "
        "another on their node.",
        _members,
        ("pool", "status"),
    ),
    Metric(
        f"{PREFIX}pool_silent_nodes",
        "Nodes whose agent is dead and that do not answer themselves.",
        _silent_nodes,
        ("pool",),
    ),
    _counted(
        "isolated", "1 while nobody in the pool answers this agent.", lambda each: each.isolated
    ),
    _counted(
        "health_score",
        "Lifeguard's local health: 0 is well, each point more slows this agent's verdicts down.",
        lambda each: each.health,
    ),
    _counted(
        "incarnation",
        "This agent's incarnation: it rises each time that it refutes a suspicion of itself.",
        lambda each: each.incarnation,
    ),
    _total("probe_rounds", "Probes of a member that were begun.", lambda each: each.rounds),
    _total(
        "probe_rounds_failed",
        "Probes that nobody answered, directly or by way of others.",
        lambda each: each.failed_rounds,
    ),
    _total("probe_rounds_empty", "Rounds with nobody to probe.", lambda each: each.empty_rounds),
    _counted("cases", "Suspicions that are open now.", lambda each: each.cases),
    _counted("panels", "Suspicions that this agent has put to confirmers.", lambda e: e.panels),
    _counted(
        "confirmations", "Suspects that this agent probes for others.", lambda e: e.confirmations
    ),
    _counted("relays", "Indirect probes that this agent makes for others.", lambda e: e.relays),
    _counted("watched", "Dead members that are asked now and then.", lambda each: each.watched),
    _counted(
        "inquests", "Nodes that are looked into, for their agent is dead.", lambda e: e.inquests
    ),
    _counted("gossip_queued", "Claims that wait to be passed on.", lambda each: each.queued),
    _total(
        "gossip_dropped", "Claims that were dropped for want of room.", lambda each: each.dropped
    ),
    _total("comparisons", "Comparisons of member lists.", lambda each: each.comparisons),
    Metric(
        f"{PREFIX}pool_messages_sent_total",
        "Messages that were sent, by kind.",
        _sent,
        ("pool", "kind"),
        Kind.COUNTER,
    ),
)
