"""An agent among those of its cluster: what it is asked, what it concludes, what it says."""

from dataclasses import replace
from random import Random

import pytest

from agent.core import events
from agent.core.election_events import AbilityChanged, BecomeBridge, StepDown
from agent.core.events import CertificatesMade, Noted, ToPool
from agent.core.membership import HEARD, RIVAL, Membership, Output
from agent.core.membership_events import PoolSaid, SisterTold
from agent.core.office import Ask, Told, encode_question
from agent.wire.header import Pool
from discovery.reports import Report
from failure_detect.clock import SECOND, Instant
from failure_detect.events import (
    CertificateNeeded,
    MemberJoined,
    RequestReceived,
    SendResponse,
)
from failure_detect.identity import MemberId
from failure_detect.validation import ConfigError
from tests.agent.core.lonely import of
from tests.agent.core.townscape import Town

ABLE = AbilityChanged(has_key=True, is_reachable=None, has_api=True)
OFFICE = b"\2"
SENDER = MemberId(b"s" * 32)
REPORT = Report(1, isolated=False, seen=())


class Scene:
    """The machine of `east-1` alone, and what others of its cluster have signed."""

    def __init__(self) -> None:
        self.town = Town()
        self.town.start("east-1", "east-2")
        self.charter = self.town.process("east-1").charter
        self.now: Instant = 0
        self.member = Membership(self.charter, 0, Random(1))

    def claims(self) -> tuple[bytes, ...]:
        """That `east-2` is alive."""
        self.town.run(2)
        return self.town.process("east-1").agent.lan.detector.snapshot()

    def run(self, seconds: float) -> list[Output]:
        end, found = self.now + int(seconds * SECOND), list[Output]()
        while self.member.deadline <= end:
            self.now = max(self.now, self.member.deadline)
            found += self.member.advance(self.now)
        self.now = end
        return found


def asked(member: Membership, data: bytes) -> list[Output]:
    return member.handle(RequestReceived(5, SENDER, OFFICE + data), 0)


def test_who_is_able_and_alone_becomes_a_bridge_and_says_so() -> None:
    scene = Scene()
    assert scene.member.able(ABLE, 0) == []
    found = scene.run(2)
    assert of(found, BecomeBridge) == [BecomeBridge()]
    assert of(found, events.ClusterKnown) == [
        events.ClusterKnown({}, (scene.member.identity.address,))
    ]
    assert scene.member.election.bridges == (scene.member.identity.member,)
    assert scene.member.sisters() == []
    unable = AbilityChanged(has_key=False, is_reachable=None, has_api=True)
    [down] = of(scene.member.able(unable, scene.now), StepDown)
    assert "key" in down.why


def test_a_question_for_the_local_api_is_passed_on() -> None:
    scene = Scene()
    found = asked(scene.member, encode_question(Ask("/v1/status", {"a": "b"})))
    assert found == [events.ReportWanted(5, "/v1/status", {"a": "b"})]


def test_a_report_is_heard_and_answered() -> None:
    scene = Scene()
    found = asked(scene.member, encode_question(Told(REPORT)))
    answered = ToPool(Pool.LAN, SendResponse(5, HEARD))
    assert found == [answered, SisterTold(SENDER, REPORT)]


def test_what_is_no_question_is_counted() -> None:
    scene = Scene()
    assert asked(scene.member, b"?") == []
    assert scene.member.lan.refusals.counts() == {"malformed": 1}


def test_whoever_joins_is_noted_concluded_and_known() -> None:
    scene = Scene()
    found = scene.member.begin(scene.claims(), 0)
    joined = [each.fact for each in of(found, Noted) if isinstance(each.fact, MemberJoined)]
    assert [each.identity.node for each in joined] == ["east-2"]
    assert [each.fact for each in of(found, PoolSaid)] == joined
    [known] = of(found, events.ClusterKnown)
    assert set(known.agents) == {
        scene.town.process(each).agent.identity.address for each in ("east-1", "east-2")
    }


def test_another_process_of_this_node_makes_a_higher_start_number_necessary() -> None:
    scene = Scene()
    scene.town.crash("east-1")
    twin = scene.town.double("east-1")
    scene.town.start(twin)
    scene.town.run(3)
    rival = scene.town.process(twin)
    found = scene.member.begin(scene.town.process("east-2").agent.lan.detector.snapshot(), 0)
    needed = [each.fact for each in of(found, Noted) if isinstance(each.fact, CertificateNeeded)]
    assert [each.above for each in needed] == [rival.credentials.start + 1]
    assert of(found, events.CertificatesWanted) == [
        events.CertificatesWanted(rival.credentials.start + 1, RIVAL)
    ]


def test_what_a_bridge_sees_is_told_to_its_sisters_and_to_nobody_else() -> None:
    scene = Scene()
    assert scene.member.tell_sisters(REPORT) == []


def test_a_certificate_that_is_not_to_be_believed_makes_no_member() -> None:
    scene = Scene()
    damaged = CertificatesMade(b"?", None)
    with pytest.raises(ConfigError):
        Membership(replace(scene.charter, certificates=damaged), 0, Random(1))
