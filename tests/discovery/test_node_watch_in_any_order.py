"""However bridges and their words come and go, nodes are counted as a plain count does."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from discovery.names import Origin
from discovery.overlays import Overlay, issue_overlay
from discovery.refusals import Refused
from failure_detect.clock import SECOND
from failure_detect.events import (
    MemberJoined,
    MemberLeft,
    MemberReturned,
    NodeAnswered,
    NodeSilent,
)
from failure_detect.identity import MemberId, NodeName
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    RING,
    died,
    joined,
    member,
    overlay_of,
)
from tests.discovery.watching import N7, Watch

NODES = st.lists(st.sampled_from(["node-7", "node-8", "node-9"]), max_size=2, unique=True)


@st.composite
def overlays(draw: st.DrawFn) -> Overlay:
    down = draw(NODES)
    heard = [each for each in draw(NODES) if each not in down]
    unheard = [each for each in draw(NODES) if each not in (*down, *heard)]
    origin, number = draw(st.sampled_from([EAST, HOME])), draw(st.integers(1, 3))
    serial, lifetime_s = draw(st.integers(1, 4)), draw(st.sampled_from([1, 2, 60]))
    usual = overlay_of(origin, number, *down, heard=heard, serial=serial, lifetime_s=lifetime_s)
    body = replace(usual.body, unheard=tuple(map(NodeName, sorted(unheard))))
    return issue_overlay(body, RING.signer(f"{origin}/bridge/{number}"))


MEMBERS = st.tuples(st.sampled_from([EAST, HOME]), st.integers(0, 3))
STEPS = st.one_of(
    overlays(),
    MEMBERS.map(lambda at: joined(*at)),
    MEMBERS.map(lambda at: died(*at)),
    MEMBERS.map(lambda at: MemberReturned(member(*at), 1)),
    MEMBERS.map(lambda at: MemberLeft(member(*at))),
    st.sampled_from([NodeSilent(N7), NodeAnswered(N7)]),
    st.integers(0, 2 * SECOND),
    st.sampled_from([EAST]),
)


@given(st.lists(STEPS, max_size=20))
def test_any_history_is_counted_as_a_plain_count_does(history: list[object]) -> None:
    watch = Watch()
    living: dict[MemberId, Origin] = {member(HOME): HOME}
    known: dict[MemberId, Origin] = {}
    for step in history:
        _play(watch, step, living, known)
    watch.wait(4 * SECOND)  # What lapses soon has lapsed, and nobody has time left to object.
    for origin in (EAST, HOME):
        ours = [each for each, its in living.items() if its == origin]
        overlays = [each.body for each in watch.nodes.overlays(origin) if each.body.bridge in ours]
        down = {node for each in overlays for node in each.down}
        heard = {node for each in overlays for node in each.heard}
        votes = {node: sum(node in each.down for each in overlays) for node in down}
        most = {node for node, count in votes.items() if 2 * count > len(ours)}
        assert watch.nodes.nodes_down(origin) == tuple(sorted(most - heard))


def _play(
    watch: Watch, step: object, living: dict[MemberId, Origin], known: dict[MemberId, Origin]
) -> None:
    match step:
        case Overlay():
            try:
                watch.take(step)
            except Refused:
                assert step.body.bridge not in living
        case int():
            watch.wait(step)
        case str():
            watch.forget(Origin(step))
        case NodeSilent() | NodeAnswered():
            watch.lan(step)
        case _:
            watch.member(step)  # type: ignore[arg-type]  # All others are facts of members.
            _follow(step, living, known)


def _follow(fact: object, living: dict[MemberId, Origin], known: dict[MemberId, Origin]) -> None:
    match fact:
        case MemberJoined(who, _):
            known[who.member] = living[who.member] = Origin(who.group)
        case MemberReturned(subject, _) if subject in known:
            living[subject] = known[subject]
        case MemberLeft(subject) if subject != member(HOME):
            living.pop(subject, None)
            known.pop(subject, None)
        case _:
            subject = getattr(fact, "member", member(HOME))
            if type(fact).__name__ == "MemberDied" and subject != member(HOME):
                living.pop(subject, None)
