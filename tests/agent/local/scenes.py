"""Agents for the local API to report on: real machines, and facts as the core would give them."""

from dataclasses import replace
from random import Random

from agent.local.facts import AgentFacts, Clock, Role
from discovery.keys import drain_key
from discovery.names import Origin
from discovery.records import DrainRecord, encode_drain
from failure_detect.clock import MINUTE, SECOND
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import MembersRestored
from failure_detect.identity import Identity
from simulations.authority import Notary
from tests.discovery.bridgehead import (
    API,
    EAST,
    HOME,
    START,
    WALL,
    WEST,
    Bridgehead,
    identity,
    joined,
    pods,
)
from tests.failure_detect.peers import Peer

NOTARY = Notary(1)

STARTED = "2027-01-15T08:00:00Z"
"""`WALL`, which is what the wall clock shows at `START`."""


def detector(
    config: DetectorConfig, *others: Identity, own: Identity | None = None
) -> FailureDetector:
    """Return the detector of bridge 0 of `home`, which knows these others to be alive."""
    who = own or identity(HOME)
    made = FailureDetector(
        NOTARY.certify(who),
        config,
        authority=NOTARY.signer(who.member),
        now=START,
        rng=Random(2),
    )
    claims = tuple(Peer(NOTARY, each, config.pool).alive() for each in others)
    made.handle(MembersRestored(claims), START)
    return made


def bridge_facts(head: Bridgehead, *others: Identity, **fields: object) -> AgentFacts:
    """Return the facts of a bridge that has met these bridges of others in `wan`."""
    own = identity(HOME)
    facts = AgentFacts(
        clock=Clock(head.now, WALL + (head.now - START) // 1_000),
        identity=own,
        version="0.1.0",
        started_at=START,
        role=Role.BRIDGE,
        lan=detector(DetectorConfig.lan(), identity(HOME, 1)),
        wan=detector(DetectorConfig.wan(), *(others or (identity(EAST),))),
        bridge=head.bridge,
        bridges={own.member: own.node},
    )
    return replace(facts, **fields)  # type: ignore[arg-type]  # Fields by name.


def light_facts(**fields: object) -> AgentFacts:
    """Return the facts of a light agent on `node-1`."""
    own = identity(HOME, 1)
    facts = AgentFacts(
        clock=Clock(START, WALL),
        identity=own,
        version="0.1.0",
        started_at=START,
        lan=detector(DetectorConfig.lan(), identity(HOME), own=own),
        bridges={identity(HOME).member: identity(HOME).node},
    )
    return replace(facts, **fields)  # type: ignore[arg-type]  # Fields by name.


def met() -> Bridgehead:
    """Return a bridge that holds two services of `east` and one of `west`, a minute ago."""
    head = Bridgehead(publishes=True)
    head.tell(joined(EAST), joined(WEST))
    head.publish(EAST, {**pods(range(3)), **pods([5, 6], API)})
    head.publish(WEST, pods([9]))
    head.wait(MINUTE)
    return head


def draining(origin: Origin = EAST) -> Bridgehead:
    """Return a bridge that has seen `origin` drain itself for ten seconds of twenty."""
    head = met()
    record = DrainRecord(drain="d1", started_at_ms=WALL, ramp_s=20, reason="upgrade")
    head.publish(
        origin, {**pods(range(3)), **pods([5, 6], API), drain_key(None): encode_drain(record)}
    )
    head.wait(10 * SECOND)
    return head
