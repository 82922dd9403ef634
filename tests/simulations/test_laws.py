"""Each rule lets a sound life pass, and bites where a defect is planted."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from failure_detect.clock import SECOND
from failure_detect.events import (
    Effect,
    FingerprintSeen,
    IsolationChanged,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberSuspected,
    MemberUpdated,
    NodeAnswered,
    NodeSilent,
    ReachabilityChanged,
    SuspicionLifted,
)
from failure_detect.identity import Identity, MemberId, NodeName
from simulations.checking import Checker, Checkers
from simulations.laws import (
    Alternation,
    IncarnationsRise,
    IsolatedBuryNobody,
    LegalTransitions,
    NeverAboutSelf,
    NoResurrection,
    SilenceFollowsDeath,
)
from tests.simulations.toys import say, scripted_world

LAWS = (
    LegalTransitions,
    Alternation,
    IncarnationsRise,
    NoResurrection,
    NeverAboutSelf,
    IsolatedBuryNobody,
    SilenceFollowsDeath,
)
NODE = NodeName("node-1")
Story = Callable[[Identity, MemberId, MemberId], list[Effect]]
"""What member 0 says of member 1: of its identity, its id, and the id of its next process."""

SOUND: list[Story] = [
    lambda who, one, _: [
        MemberJoined(who, 1),
        MemberSuspected(one, 1),
        SuspicionLifted(one),
        MemberUpdated(who, 2),
        MemberSuspected(one, 2),
        MemberSuspected(one, 2),
        MemberDied(one, 2, ()),
        MemberReturned(one, 3),
        MemberDied(one, 3, ()),
        MemberLeft(one),
    ],
    lambda who, one, then: [MemberJoined(who, 1), MemberDied(one, 1, ()), MemberRetired(one, then)],
    lambda who, one, then: [MemberJoined(who, 1), MemberLeft(one), MemberRetired(one, then)],
    lambda who, one, then: [
        MemberJoined(who, 1),
        MemberRetired(one, then),
        MemberJoined(replace(who, member=then, start=2), 1),
        MemberRetired(then, one),
        MemberJoined(replace(who, start=3), 2),
    ],
    lambda who, one, _: [
        MemberJoined(who, 1),
        ReachabilityChanged(one, reachable=False),
        ReachabilityChanged(one, reachable=True),
        IsolationChanged(isolated=True),
        MemberSuspected(one, 1),
        IsolationChanged(isolated=False),
        MemberDied(one, 1, ()),
        NodeSilent(NODE),
        NodeAnswered(NODE),
        NodeSilent(NODE),
        FingerprintSeen(one, b""),
    ],
]
DEFECTS: list[tuple[type[Checker], str, Story]] = [
    (LegalTransitions, "unknown", lambda who, one, _: [MemberDied(one, 1, ())]),
    (LegalTransitions, "unknown", lambda who, one, _: [MemberSuspected(one, 1)]),
    (
        LegalTransitions,
        "was dead",
        lambda who, one, _: [
            MemberJoined(who, 1),
            MemberDied(one, 1, ()),
            MemberDied(one, 1, ()),
        ],
    ),
    (
        LegalTransitions,
        "was alive",
        lambda who, one, _: [MemberJoined(who, 1), MemberJoined(who, 1)],
    ),
    (
        LegalTransitions,
        "was alive",
        lambda who, one, _: [MemberJoined(who, 1), SuspicionLifted(one)],
    ),
    (
        LegalTransitions,
        "was alive",
        lambda who, one, _: [MemberJoined(who, 1), MemberReturned(one, 2)],
    ),
    (
        LegalTransitions,
        "in favour",
        lambda who, one, _: [MemberJoined(who, 1), MemberRetired(one, one)],
    ),
    (
        LegalTransitions,
        "in favour of None",
        lambda who, one, _: [MemberJoined(who, 1), MemberRetired(one, MemberId(b"?"))],
    ),
    (
        Alternation,
        "reachable is True",
        lambda who, one, _: [ReachabilityChanged(one, reachable=True)],
    ),
    (
        Alternation,
        "isolated is True",
        lambda who, one, _: [IsolationChanged(isolated=True)] * 2,
    ),
    (Alternation, "silent is True", lambda who, one, _: [NodeSilent(NODE)] * 2),
    (Alternation, "silent is False", lambda who, one, _: [NodeAnswered(NODE)]),
    (
        IncarnationsRise,
        "at 2 after 3",
        lambda who, one, _: [MemberJoined(who, 3), MemberSuspected(one, 2)],
    ),
    (
        IncarnationsRise,
        "at 1 after 3",
        lambda who, one, _: [MemberJoined(who, 3), MemberUpdated(who, 1)],
    ),
    (
        NoResurrection,
        "back at 2",
        lambda who, one, _: [MemberJoined(who, 2), MemberDied(one, 2, ()), MemberReturned(one, 2)],
    ),
    (
        NoResurrection,
        "which was dead",
        lambda who, one, _: [MemberJoined(who, 2), MemberDied(one, 2, ()), MemberJoined(who, 3)],
    ),
    (
        NoResurrection,
        "gone for good",
        lambda who, one, _: [MemberJoined(who, 2), MemberLeft(one), MemberUpdated(who, 3)],
    ),
    (
        NoResurrection,
        "retired at start number 1",
        lambda who, one, then: [
            MemberJoined(who, 2),
            MemberRetired(one, then),
            MemberReturned(one, 3),
        ],
    ),
    (
        NoResurrection,
        "retired at start number 2",
        lambda who, one, then: [
            MemberJoined(who, 1),
            MemberJoined(replace(who, member=then, start=2), 1),
            MemberRetired(one, then),
            MemberJoined(replace(who, start=2), 2),
        ],
    ),
    (SilenceFollowsDeath, "no agent is dead", lambda who, one, _: [NodeSilent(NODE)]),
    (
        SilenceFollowsDeath,
        "node-1 is silent",
        lambda who, one, _: [MemberJoined(who, 1), MemberLeft(one), NodeSilent(NODE)],
    ),
    (
        SilenceFollowsDeath,
        "node-1 is silent",
        lambda who, one, _: [
            MemberJoined(who, 1),
            MemberDied(one, 1, ()),
            MemberReturned(one, 2),
            NodeSilent(NODE),
        ],
    ),
    (
        SilenceFollowsDeath,
        "node-1 is silent",
        lambda who, one, then: [
            MemberJoined(who, 1),
            MemberDied(one, 1, ()),
            MemberJoined(replace(who, member=then, start=2), 1),
            NodeSilent(NODE),
        ],
    ),
    (
        IsolatedBuryNobody,
        "death of member 1",
        lambda who, one, _: [
            MemberJoined(who, 1),
            IsolationChanged(isolated=True),
            MemberDied(one, 1, ()),
        ],
    ),
]


def tell(story: Story, teller: int = 0) -> list[Checker]:
    """Let `teller` tell a story of member 1 to all the laws."""
    world = scripted_world(3)
    who, one = world.identity(1), world.member_id(1)
    world.restart(1)
    laws: list[Checker] = [law() for law in LAWS]
    Checkers(world, *laws)
    world.run_until(SECOND)
    say(world, teller, *story(who, one, world.member_id(1)))
    return laws


@pytest.mark.parametrize("story", SOUND)
def test_a_sound_life_breaks_no_rule(story: Story) -> None:
    assert [law.violations for law in tell(story)] == [[]] * len(LAWS)


@pytest.mark.parametrize(("law", "what", "story"), DEFECTS)
def test_a_defect_breaks_its_rule(law: type[Checker], what: str, story: Story) -> None:
    broken = [found for checker in tell(story) for found in checker.violations]
    assert any(v.rule == law.__name__ and what in v.what for v in broken), broken
    assert {(v.at, v.member) for v in broken} == {(SECOND, 0)}


@pytest.mark.parametrize(
    "fact",
    [
        lambda who, one: MemberJoined(who, 1),
        lambda who, one: MemberSuspected(one, 1),
        lambda who, one: MemberDied(one, 1, ()),
        lambda who, one: ReachabilityChanged(one, reachable=False),
    ],
)
def test_a_process_says_nothing_of_itself(fact: Callable[[Identity, MemberId], Effect]) -> None:
    world = scripted_world(2)
    law = NeverAboutSelf()
    Checkers(world, law)
    say(world, 0, fact(world.identity(1), world.member_id(1)))
    assert law.violations == []
    say(world, 0, fact(world.identity(0), world.member_id(0)))
    assert len(law.violations) == 1


def test_a_new_process_begins_with_a_clean_slate() -> None:
    world = scripted_world(3)
    laws: list[Checker] = [law() for law in LAWS]
    checkers = Checkers(world, *laws)
    for _ in range(2):
        say(world, 0, MemberJoined(world.identity(1), 5), IsolationChanged(isolated=True))
        world.restart(0)
    assert checkers.finish() == []
