"""A bridge runs in a world: the network gets what is for it, the stage the rest."""

from random import Random

from discovery.bridge import Bridge
from discovery.bridge_config import Agent, BridgeConfig
from discovery.bridge_events import Effect as BridgeEffect
from discovery.bridge_events import LanFact, StateRestored, ViewTouched
from discovery.events import SetAdopted
from discovery.keys import export_key
from discovery.manifest import Body, sign_manifest
from discovery.member import WanMember
from discovery.names import Origin, PublicKey, ServiceName
from discovery.recordset import RecordSet
from discovery.state import KeptSet, KeptState
from discovery.trust import TrustBook
from failure_detect.clock import SECOND, Instant
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import MemberJoined, MembersRestored, NodeSilent, SendDatagram
from failure_detect.identity import Address, Identity, MemberId, NodeName
from simulations.authority import Notary
from simulations.machine import Machine, Snapshotting
from simulations.sets.bridge_machine import BridgeMachine, told
from simulations.sets.keyring import Keyring, KeyringSigner
from tests.failure_detect.peers import Peer

START: Instant = 1_000 * SECOND
NOTARY, RING = Notary(1), Keyring(1)
HOME = Origin("home")
KEY = RING.signer(HOME, 1)


class Heard:
    """A machine, and what its listener heard."""

    def __init__(self) -> None:
        self.facts: list[BridgeEffect] = []
        who = _identity("home", 0)
        trust = TrustBook(HOME, {1: KEY.public}, RING)
        signer = KeyringSigner(RING, PublicKey(who.member))
        bridge = Bridge(Agent(who, signer), trust, BridgeConfig(), now=START, rng=Random(1))
        detector = FailureDetector(
            NOTARY.certify(who),
            DetectorConfig.wan(),
            authority=NOTARY.signer(who.member),
            now=START,
            rng=Random(2),
        )
        self.machine = BridgeMachine(7, WanMember(detector, bridge), self._hear)

    def _hear(self, machine: BridgeMachine, fact: BridgeEffect) -> None:
        assert machine is self.machine
        self.facts.append(fact)


def _identity(group: str, number: int) -> Identity:
    member = MemberId(RING.signer(group, "bridge", number).public)
    return Identity(member, NodeName(f"{group}-{number}"), 1, Address(f"{group}-{number}:1"), group)


def own_set() -> StateRestored:
    records = RecordSet.of({export_key(ServiceName("shop", "web")): b"x"})
    body = Body(
        origin=HOME,
        uid="",
        generation=1,
        epoch=1,
        version=1,
        root=records.root,
        count=records.count,
        size_bytes=records.size_bytes,
    )
    return StateRestored(KeptState(sets=(KeptSet(sign_manifest(body, KEY), records),)))


def test_it_is_a_machine_of_the_world_that_keeps_whom_it_knows() -> None:
    machine: Machine = Heard().machine
    assert isinstance(machine, Snapshotting)
    assert machine.deadline == Heard().machine.member.deadline


def test_what_the_bridge_concludes_is_for_the_stage_alone() -> None:
    heard = Heard()
    assert heard.machine.tell(own_set(), START) == []
    assert [type(each) for each in heard.facts] == [SetAdopted, ViewTouched]


def test_what_the_pool_says_goes_on_to_the_world() -> None:
    heard = Heard()
    peer = Peer(NOTARY, _identity("east", 0), DetectorConfig.wan().pool)
    effects = heard.machine.handle(MembersRestored((peer.alive(),)), START)
    assert [each for each in effects if isinstance(each, MemberJoined)]
    assert heard.facts == []
    assert len(heard.machine.snapshot()) == 1
    later = [each for _ in range(50) for each in _next(heard.machine)]
    assert any(isinstance(each, SendDatagram) for each in later)


def _next(machine: BridgeMachine) -> list[object]:
    return [*machine.advance(machine.deadline)]


def test_what_is_told_is_an_event_that_a_world_can_deliver() -> None:
    heard = Heard()
    called = told(LanFact(NodeSilent(NodeName("node-7"))))
    assert called.what == "LanFact"
    called.call(heard.machine, START)
    assert heard.machine.member.bridge.nodes.nodes_down(HOME) == ("node-7",)
    heard.machine.check_invariants()


def test_counts_are_those_of_the_detector() -> None:
    heard = Heard()
    assert heard.machine.statistics() == heard.machine.member.detector.statistics()
