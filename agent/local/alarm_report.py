"""What somebody should look at now: alarms of all machines and faults of this one, in one list.

An item has `name` (stable, for programs and metrics), `severity` (`alarm`: something does not work
or is about to; `notice`: something is refused or odd, and all goes on), `subject`, `message`,
`remedy` and `since` where they are known.
"""

from collections.abc import Iterable, Iterator

from agent.local.facts import AgentFacts, Clock, Fault
from agent.local.framing import listed
from agent.objects import Document
from discovery.bridge import Bridge
from discovery.verdict_events import ClusterAlarm, ClusterAlarmRaised

ALARM, NOTICE = "alarm", "notice"

REMEDIES = {
    "clock-behind": "set the clock of this machine; nothing is lost meanwhile",
    "clock-ahead": "set the clock of this machine; what it signed stays in order",
    "clock-step": "see why it was set; leave it to NTP, which slews it",
    "clone": "somebody else signs with this cluster's key: rotate it by `isthmus keys rotate`",
    "uid": "two clusters have one name: give one of them another name and key",
    "key": "this agent has an old key: give it the one that was rotated to",
    "rotation": "give this agent the successor of the key that it has: `isthmus keys rotate`",
    "epoch": "rotate the cluster's key by `isthmus keys rotate`: a new one begins anew",
    "limits": "export less, or raise the others' `limits`; the last set that fitted is in force",
    "refused": "see what is refused, by `isthmus status`; the last set that was taken is in force",
    "signing": "see the log; the last set that was signed is in force",
    "cut-off": "look at this cluster's own network; nothing is withdrawn meanwhile",
    "stale": "look at the publisher of that cluster; what it said last is served on",
    "expired": "it comes back by itself when it is alive; or remove its trust object",
    "revoked": "give that cluster a new key, and let its fleet certify it",
    "flapping": "look at the network between the clusters",
    "all-lost": "look at this cluster's own way out first",
    "equivocation": "the key of that cluster is used in two places: rotate it there",
    "isolated": "look at this node's network: nobody answers it",
}
"""What helps, by the name of the alarm; the same words stand in the failure handbook."""


def alarms_document(facts: AgentFacts) -> Document:
    """Return `AlarmList`: everything that stands now, the alarms before the notices."""
    return listed("AlarmList", facts, alarms_of(facts))


def alarms_of(facts: AgentFacts) -> list[Document]:
    """Return the items, the alarms first."""
    found = list(_of_agent(facts))
    if facts.bridge is not None:
        found += _of_bridge(facts.bridge)
    return sorted(found, key=lambda each: (each["severity"] != ALARM,))


def item(
    name: str, severity: str, subject: str, message: str, since: str | None = None
) -> Document:
    """Return one item."""
    remedy = REMEDIES.get(name, "")
    return {
        "name": name,
        "severity": severity,
        "subject": subject,
        "message": message,
        "remedy": remedy,
        "since": since,
    }


def faults_of(faults: Iterable[Fault], clock: Clock, name: str) -> Iterator[Document]:
    """Give each fault as an item; its own remedy stands before that of its name."""
    for each in faults:
        made = item(name, ALARM, each.where, each.what, clock.shown(each.since))
        yield {**made, "remedy": each.remedy or made["remedy"]}


def _of_agent(facts: AgentFacts) -> Iterator[Document]:
    node = f"agent on {facts.identity.node}"
    for alarm in facts.alarms:
        yield item(alarm.name, ALARM, node, alarm.words, facts.clock.shown(alarm.since))
    yield from faults_of(facts.faults, facts.clock, "machine-fault")
    if facts.store is not None:
        yield from faults_of(facts.store.faults, facts.clock, "store-fault")
    for pool, detector in (("lan", facts.lan), ("wan", facts.wan)):
        if detector is not None and detector.statistics().isolated:
            yield item("isolated", ALARM, node, f"nobody in {pool} answers this agent")
    for problem in facts.driver.problems:
        subject = "all services" if problem.service is None else f"service {problem.service}"
        yield item("driver", NOTICE, subject, f"{problem.reason}: {problem.what}")


def _of_bridge(bridge: Bridge) -> Iterator[Document]:
    if bridge.publisher is not None:
        for alarm, words in bridge.publisher.statistics().alarms:
            yield item(alarm.value, ALARM, f"cluster {bridge.own}", words)
    for raised in bridge.verdicts.alarms():
        yield _of_clusters(raised)
    for proof in bridge.evidence.pairs():
        place = proof.place
        words = f"its key signed two sets of epoch {place.epoch}, version {place.version}"
        yield item("equivocation", ALARM, f"cluster {place.origin}", words)
    for problem in bridge.trust.problems():
        yield item("trust", ALARM, problem.subject, problem.what)
    yield from _refused_now(bridge)


def _of_clusters(raised: ClusterAlarmRaised) -> Document:
    names = ", ".join(raised.origins)
    subject = "all clusters" if raised.alarm is ClusterAlarm.ALL_LOST else f"cluster {names}"
    return item(raised.alarm.value, ALARM, subject, raised.why)


def _refused_now(bridge: Bridge) -> Iterator[Document]:
    health = bridge.view.health()
    for record in health.records:
        goes_on = "; the last good one is in force" if record.has_last_good else ""
        subject = f"cluster {record.origin}" + (f", {record.service}" if record.service else "")
        yield item("record-refused", NOTICE, subject, record.what + goes_on)
    for policy in health.policies:
        for fault in policy.faults:
            yield item("policy-refused", ALARM, fault.object, f"{fault.field}: {fault.reason}")
    for each in health.not_imported:
        words = f"{each.count} of its services or policies are not imported ({each.reason})"
        yield item("not-imported", NOTICE, f"cluster {each.origin}", words)
