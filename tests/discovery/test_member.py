"""The detector and the bridge share one wire, and neither gets what is the other's."""

from collections.abc import Iterable
from random import Random
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.bridge import Bridge
from discovery.bridge_config import Agent, BridgeConfig
from discovery.bridge_events import Event, LanFact, StateRestored, ViewTouched
from discovery.frames import VERSION_MAX, encode_frame
from discovery.member import Effect, WanMember
from discovery.messages import Compare
from discovery.names import Origin
from discovery.state import KeptState
from discovery.trust import TrustBook
from discovery.wall_time import WallClockRead
from failure_detect.clock import NEVER, SECOND, Duration, Instant
from failure_detect.config import DetectorConfig
from failure_detect.detector import FailureDetector
from failure_detect.events import (
    DatagramReceived,
    FingerprintChanged,
    FingerprintSeen,
    MemberJoined,
    MembersRestored,
    NodeSilent,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SeedsResolved,
    SendDatagram,
    SendRequest,
    SendResponse,
)
from failure_detect.events import Event as PoolEvent
from failure_detect.identity import NodeName
from failure_detect.messages import Compare as CompareMembers
from failure_detect.wire import encode
from simulations.authority import Notary
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    RING,
    START,
    WALL,
    identity,
    kept,
    pods,
    trusted,
    uid,
)
from tests.discovery.strategies import HOSTILE_BYTES
from tests.failure_detect.peers import Peer

NOTARY = Notary(1)
T = TypeVar("T")


SENDER = identity(EAST, 5).member


class Wan:
    """Bridge 0 of `home` and of `east`; whatever they send arrives at once, or is lost."""

    def __init__(self) -> None:
        self.now: Instant = START
        self.requests = 0
        self.out: list[tuple[Origin, Effect]] = []
        """Whatever is no order to the network, and by whom."""
        self.asked: list[SendRequest] = []
        self.loses_answers = False
        self.members = {origin: _member(origin) for origin in (HOME, EAST)}

    def acquaint(self) -> None:
        """Let each learn of the other, as from an earlier run."""
        for at, other in ((HOME, EAST), (EAST, HOME)):
            peer = Peer(NOTARY, identity(other), DetectorConfig.wan().pool)
            restored = MembersRestored((peer.alive(),))
            self.perform(at, self.members[at].handle(restored, self.now))

    def tell(self, at: Origin, event: Event) -> None:
        self.perform(at, self.members[at].tell(event, self.now))

    def perform(self, at: Origin, effects: Iterable[Effect]) -> None:
        """Carry out what one of them orders, and all that follows from that."""
        other = EAST if at == HOME else HOME
        sender, target = identity(at).member, self.members[other]
        for effect in effects:
            match effect:
                case SendDatagram(_, _, data):
                    self.perform(other, target.handle(DatagramReceived(sender, data), self.now))
                case SendRequest():
                    self.asked.append(effect)
                    self._ask(at, effect)
                case _:
                    self.out.append((at, effect))
            self.members[at].check_invariants()

    def _ask(self, at: Origin, asked: SendRequest) -> None:
        """Carry a question there and its answer back."""
        other = EAST if at == HOME else HOME
        self.requests += 1
        question = RequestReceived(self.requests, identity(at).member, asked.data)
        effects = self.members[other].handle(question, self.now)
        answers = [each for each in effects if isinstance(each, SendResponse)]
        answers = [] if self.loses_answers else answers
        self.perform(other, [each for each in effects if not isinstance(each, SendResponse)])
        assert all(each.request == self.requests for each in answers)
        answer = (
            ResponseReceived(asked.request, identity(other).member, answers[0].data)
            if answers
            else RequestFailed(asked.request)
        )
        self.perform(at, self.members[at].handle(answer, self.now))

    def run(self, duration: Duration) -> None:
        """Let time pass, with every deadline met."""
        end = self.now + duration
        while (due := min(each.deadline for each in self.members.values())) <= end:
            self.now = max(self.now, due)
            for origin, each in self.members.items():
                if each.deadline <= self.now:
                    self.perform(origin, each.advance(self.now))
        self.now = end

    def facts(self, at: Origin, kind: type[T]) -> list[T]:
        return [each for origin, each in self.out if origin == at and isinstance(each, kind)]


def _member(origin: Origin) -> WanMember:
    who, other = identity(origin), EAST if origin == HOME else HOME
    trust = TrustBook(origin, {1: RING.public(f"{origin}/1")}, RING, uid(origin))
    agent = Agent(who, RING.signer(f"{origin}/bridge/0"))
    bridge = Bridge(agent, trust, BridgeConfig(), now=START, rng=Random(1))
    bridge.handle(WallClockRead(WALL), START)
    bridge.handle(trusted(other), START)
    detector = FailureDetector(
        NOTARY.certify(who),
        DetectorConfig.wan(),
        authority=NOTARY.signer(who.member),
        now=START,
        rng=Random(2),
    )
    return WanMember(detector, bridge)


def met() -> Wan:
    """Two bridges that know each other."""
    wan = Wan()
    wan.acquaint()
    wan.run(5 * SECOND)
    return wan


def restored(origin: Origin, count: int = 3) -> StateRestored:
    return StateRestored(KeptState(sets=(kept(origin, pods(range(count))),)))


def refusals(member: WanMember) -> tuple[dict[str, int], dict[str, int]]:
    """What the detector refused, and what the bridge did, by reason."""
    bridge = member.bridge.replicator.statistics().refused
    return dict(member.detector.statistics().refused), dict(bridge)


# --- what goes up and down ------------------------------------------------------------------


def test_who_the_detector_meets_the_bridge_knows_and_the_world_hears_once() -> None:
    wan = met()
    assert [each.identity for each in wan.facts(HOME, MemberJoined)] == [identity(EAST)]
    assert wan.members[HOME].bridge.replicator.statistics().peers == 1
    assert wan.members[HOME].bridge.verdicts.statistics().members == 1


def test_what_the_bridge_wants_said_is_said_by_the_detector_and_does_not_come_out() -> None:
    wan = met()
    wan.tell(HOME, restored(HOME))
    assert not wan.facts(HOME, FingerprintChanged)
    wan.run(5 * SECOND)
    fingerprints = wan.facts(EAST, FingerprintSeen)
    assert {each.fingerprint for each in fingerprints} >= {
        wan.members[HOME].bridge.replicator.fingerprint
    }


def test_a_set_goes_from_bridge_to_bridge_over_the_one_wire() -> None:
    wan = met()
    wan.tell(HOME, restored(HOME))
    wan.run(60 * SECOND)
    held = wan.members[EAST].bridge.catalog.get(HOME)
    assert held is not None
    assert held.manifest == kept(HOME, pods(range(3))).manifest
    assert wan.facts(EAST, ViewTouched)


def test_an_overlay_is_gossip_that_the_other_cluster_counts() -> None:
    wan = met()
    wan.tell(HOME, LanFact(NodeSilent(NodeName("node-7"))))
    wan.run(10 * SECOND)
    assert wan.members[EAST].bridge.nodes.nodes_down(HOME) == ("node-7",)


# --- streams --------------------------------------------------------------------------------


def test_questions_of_both_layers_have_marks_and_numbers_of_their_own() -> None:
    wan = Wan()
    wan.perform(HOME, wan.members[HOME].handle(SeedsResolved((identity(EAST).address,)), wan.now))
    wan.tell(HOME, restored(HOME))
    wan.acquaint()
    wan.run(60 * SECOND)
    marks = [each.data[0] for each in wan.asked]
    assert set(marks) == {0, 1}
    assert all(each.request % 2 == mark for each, mark in zip(wan.asked, marks, strict=True))
    assert refusals(wan.members[HOME]) == refusals(wan.members[EAST]) == ({}, {})


def test_numbers_never_collide() -> None:
    wan = met()
    wan.tell(HOME, restored(HOME))
    wan.tell(EAST, restored(EAST))
    wan.run(60 * SECOND)
    home = identity(HOME).address
    numbers = [each.request for each in wan.asked if each.address != home]
    assert len(numbers) == len(set(numbers))


def test_a_question_that_fails_is_the_failure_of_the_one_who_asked() -> None:
    wan = met()
    wan.tell(EAST, restored(EAST))
    wan.members[EAST].bridge.check_invariants()
    wan.loses_answers = True
    wan.run(20 * SECOND)
    wan.loses_answers = False
    assert any(each.data[:1] == b"\1" for each in wan.asked)
    assert wan.members[HOME].bridge.catalog.get(EAST) is None
    wan.run(120 * SECOND)
    assert wan.members[HOME].bridge.catalog.get(EAST) is not None


QUESTION = encode_frame(Compare((0,) * 64), VERSION_MAX)
MEMBERS = encode(CompareMembers((0,) * 32))


@pytest.mark.parametrize("data", [b"", b"\2", b"\xff" + MEMBERS, b"\2" + MEMBERS, b"\2" + QUESTION])
def test_a_question_with_no_mark_of_ours_is_refused_and_counted(data: bytes) -> None:
    wan = met()
    member = wan.members[HOME]
    assert member.handle(RequestReceived(1, identity(EAST).member, data), wan.now) == []
    detector, bridge = refusals(member)
    assert detector == {"malformed": 1}
    assert bridge == {}


def test_a_question_in_the_other_layers_words_is_refused_and_counted() -> None:
    wan = met()
    member = wan.members[HOME]
    east = identity(EAST).member
    assert member.handle(RequestReceived(1, east, b"\1" + MEMBERS), wan.now) == []
    assert sum(refusals(member)[1].values()) == 1
    assert member.handle(RequestReceived(2, east, b"\0" + QUESTION), wan.now) == []
    assert sum(refusals(member)[0].values()) == 1


def test_answers_go_to_the_layer_that_asked_with_its_own_number() -> None:
    wan = met()
    member = wan.members[HOME]
    east = identity(EAST).member
    answer = member.handle(RequestReceived(8, east, b"\1" + QUESTION), wan.now)
    assert [each.request for each in answer if isinstance(each, SendResponse)] == [8]
    answer = member.handle(RequestReceived(9, east, b"\0" + MEMBERS), wan.now)
    assert [each.request for each in answer if isinstance(each, SendResponse)] == [9]


STREAMS = st.one_of(
    st.builds(
        RequestReceived,
        st.integers(0, 9),
        st.sampled_from([identity(EAST).member, SENDER]),
        st.one_of(
            HOSTILE_BYTES,
            st.tuples(st.sampled_from([b"\0", b"\1"]), HOSTILE_BYTES).map(b"".join),
        ),
    ),
    st.builds(
        ResponseReceived,
        st.integers(0, 9),
        st.sampled_from([identity(EAST).member, SENDER]),
        HOSTILE_BYTES,
    ),
    st.builds(RequestFailed, st.integers(0, 9)),
    st.builds(DatagramReceived, st.sampled_from([identity(EAST).member, SENDER]), HOSTILE_BYTES),
)


@given(st.lists(STREAMS, max_size=8))
def test_whatever_arrives_nothing_is_raised(arrivals: list[PoolEvent]) -> None:
    wan = Wan()
    wan.acquaint()
    for each in arrivals:
        wan.members[HOME].handle(each, wan.now)
        wan.members[HOME].check_invariants()


def test_the_deadline_is_that_of_whichever_is_due_first() -> None:
    member = _member(HOME)
    assert member.deadline == min(member.detector.deadline, member.bridge.deadline)
    member.tell(LanFact(NodeSilent(NodeName("node-7"))), START)
    assert member.bridge.deadline < NEVER
    assert member.deadline <= member.bridge.deadline
