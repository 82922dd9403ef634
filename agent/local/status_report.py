"""`AgentStatus`: one agent, what it does, whether it is ready, and what it holds and refused."""

from collections.abc import Iterable, Mapping

from agent.local.alarm_report import alarms_of
from agent.local.facts import AgentFacts, DriverFacts, Fault, LeaseFacts, StoreFacts, Written
from agent.local.framing import framed
from agent.objects import Document
from discovery.bridge import Bridge
from discovery.manifest import Order
from discovery.publisher import Publisher
from discovery.refusals import Remembered
from failure_detect.detector import FailureDetector
from failure_detect.members import Status


def status_document(facts: AgentFacts) -> Document:
    """Return the document; of a light agent `pools.wan` and `sets` are null."""
    identity, clock, bridge = facts.identity, facts.clock, facts.bridge
    return framed(
        "AgentStatus",
        facts,
        cluster=identity.group,
        node=identity.node,
        member=identity.member.hex(),
        address=identity.address,
        version=facts.version,
        role=facts.role.value,
        startedAt=clock.shown(facts.started_at),
        uptimeSeconds=clock.seconds_since(facts.started_at),
        readiness=readiness(facts),
        dryRun=facts.dry_run,
        frozen=facts.frozen,
        pools={"lan": _pool(facts.lan), "wan": None if facts.wan is None else _pool(facts.wan)},
        bridges=_bridges(facts),
        lease=None if facts.lease is None else _lease(facts, facts.lease),
        sets=None if bridge is None else _sets(bridge),
        publisher=_publisher(bridge.publisher) if bridge and bridge.publisher else None,
        isolation=None if bridge is None else _isolation(bridge),
        store=None if facts.store is None else _store(facts, facts.store),
        driver=_driver(facts, facts.driver),
        transport=_transport(facts),
        refused=refused_of(facts),
        faults=[_fault(facts, each) for each in facts.faults],
        alarms=alarms_of(facts),
    )


def readiness(facts: AgentFacts) -> Document:
    """Return whether it is ready, and if not why: what `/readyz` answers as well."""
    return {"ready": facts.is_ready, "reasons": list(facts.not_ready)}


def _pool(detector: FailureDetector) -> Document:
    counts, members = detector.statistics(), list(detector.members())
    return {
        "members": counts.members,
        "alive": counts.alive,
        "suspect": counts.suspect,
        "dead": counts.dead,
        "left": sum(each.status > Status.DEAD for each in members),
        "unreachable": sum(
            not each.reachable for each in members if each.status in (Status.ALIVE, Status.SUSPECT)
        ),
        "silentNodes": list(detector.silent_nodes()),
        "incarnation": counts.incarnation,
        "health": counts.health,
        "isolated": counts.isolated,
    }


def _bridges(facts: AgentFacts) -> list[Document]:
    return [
        {"node": node, "member": member.hex(), "self": member == facts.identity.member}
        for member, node in sorted(facts.bridges.items(), key=lambda each: each[1])
    ]


def _lease(facts: AgentFacts, lease: LeaseFacts) -> Document:
    return {
        "holder": lease.holder,
        "ours": lease.is_ours,
        "validUntil": facts.clock.shown(lease.valid_until),
        "epoch": lease.epoch,
        "transitions": lease.transitions,
    }


def _sets(bridge: Bridge) -> Document:
    held, verdicts = bridge.catalog.statistics(), bridge.verdicts.statistics()
    view = bridge.view.statistics()
    return {
        "clusters": held.origins,
        "excluded": held.excluded,
        "records": held.records,
        "bytes": held.size_bytes,
        "fingerprint": bridge.replicator.fingerprint.hex(),
        "services": view.services,
        "endpoints": view.endpoints,
        "healthyEndpoints": view.healthy,
        "heldEndpoints": bridge.guard.statistics().held,
        "verdicts": verdicts.origins,
    }


def _publisher(publisher: Publisher) -> Document:
    found = publisher.statistics()
    return {
        "publishes": found.publishes,
        "order": None if found.order is None else order(found.order),
        "signed": found.signed,
        "records": found.records,
        "bytes": found.size_bytes,
        "endpoints": found.endpoints,
        "cutOff": found.is_cut_off,
        "heldServices": list(found.held_services),
        "heldEndpoints": found.held_endpoints,
        "refused": [_refused("publisher", each) for each in found.refused],
    }


def order(found: Order) -> Document:
    """Return an order: what decides between two sets of one cluster."""
    return {
        "generation": found.generation,
        "epoch": found.epoch,
        "version": found.version,
        "root": found.root.hex(),
    }


def _isolation(bridge: Bridge) -> Document:
    found = bridge.isolation.statistics()
    return {"cutOff": found.is_cut_off, "pool": found.pool, "lost": found.lost}


def _store(facts: AgentFacts, store: StoreFacts) -> Document:
    return {
        "description": store.description,
        "synced": store.is_synced,
        "served": list(store.served),
        "objects": dict(sorted(store.objects.items())),
        "faults": [_fault(facts, each) for each in store.faults],
        "counts": _counts(store.counts),
    }


def _fault(facts: AgentFacts, fault: Fault) -> Document:
    return {
        "where": fault.where,
        "message": fault.what,
        "remedy": fault.remedy,
        "reason": fault.reason,
        "since": facts.clock.shown(fault.since),
    }


def _driver(facts: AgentFacts, driver: DriverFacts) -> Document:
    return {
        "name": driver.name,
        "why": driver.why,
        "lastWriteAt": facts.clock.shown(driver.last_at),
        "lastWrites": [written(facts, each) for each in driver.last],
        "nextWriteAt": facts.clock.shown(driver.next_at),
        "planned": len(driver.planned),
        "objects": sum(map(len, driver.objects.values())),
        "problems": [
            {
                "service": None if each.service is None else str(each.service),
                "reason": each.reason,
                "message": each.what,
            }
            for each in driver.problems
        ],
        "counts": _counts(driver.counts),
    }


def written(facts: AgentFacts, each: Written) -> Document:
    """Return one object that the driver wrote, and why."""
    return {
        "action": "Delete" if each.is_deletion else "Apply",
        "kind": each.key.kind.name,
        "namespace": each.key.namespace,
        "name": each.key.name,
        "why": each.why,
        "writtenAt": facts.clock.shown(each.at),
    }


def _transport(facts: AgentFacts) -> Document:
    found = facts.transport
    return {
        "listens": list(found.listens),
        "sessions": found.sessions,
        "queued": _counts(found.queued),
        "dropped": _counts(found.dropped),
        "refused": _counts(found.refused),
        "counts": _counts(found.counts),
    }


def _counts(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def refused_of(facts: AgentFacts) -> list[Document]:
    """Return what was refused since the start, by whom, reason and origin, latest words included.

    The detectors count by reason alone.
    """
    found = _all_refused("agent", facts.refused)
    if facts.bridge is not None:
        found += _all_refused("sets", facts.bridge.replicator.refusals())
        found += _all_refused("items", facts.bridge.refusals.latest())
    for pool, detector in (("lan", facts.lan), ("wan", facts.wan)):
        if detector is not None:
            found += [
                {"by": pool, "reason": reason, "cluster": "", "count": count, "latest": ""}
                for reason, count in detector.statistics().refused
            ]
    return found


def _all_refused(by: str, remembered: Iterable[Remembered]) -> list[Document]:
    return [_refused(by, each) for each in remembered]


def _refused(by: str, each: Remembered) -> Document:
    return {
        "by": by,
        "reason": each.reason.value,
        "cluster": each.origin,
        "count": each.count,
        "latest": each.what,
    }
