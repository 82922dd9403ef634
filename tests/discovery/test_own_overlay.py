"""A bridge says at once which nodes are down, not more often than it has to, and takes it back."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.overlays import NODES_MAX, OVERLAY_BYTES_MAX, Overlay, OverlayBody
from discovery.own_overlay import PAUSE, RENEWAL, LanFact, OwnOverlay
from failure_detect.clock import NEVER, SECOND, Instant
from failure_detect.events import (
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    NodeAnswered,
    NodeDeleted,
    NodeSilent,
)
from failure_detect.identity import Address, Identity, MemberId, NodeName
from tests.discovery.bridgehead import HOME, RING, START, identity, member

SIGNER = RING.signer(f"{HOME}/bridge/0")
NOTHING = OverlayBody(origin=HOME, bridge=member(HOME), serial=1)
N1, N2, N3 = (NodeName(f"node-{number}") for number in (1, 2, 3))


def agent(number: int) -> Identity:
    """The agent of a node of our own cluster, number 0 our own."""
    return identity(HOME, number)


def silent(*nodes: str) -> list[LanFact]:
    return [NodeSilent(NodeName(node)) for node in nodes]


class Voice:
    """What one bridge says, and its clock."""

    def __init__(self) -> None:
        self.overlay = OwnOverlay(agent(0), SIGNER)
        self.now: Instant = START

    def learn(self, facts: Iterable[LanFact]) -> OverlayBody | None:
        """Take in facts that come now; return what is said of them at once."""
        for fact in facts:
            self.overlay.follow(fact)
        return self.said()

    def said(self) -> OverlayBody | None:
        overlay = self.overlay.due(self.now)
        assert self.overlay.deadline > self.now
        return None if overlay is None else overlay.body

    def next(self) -> OverlayBody:
        """Let time pass until it says something."""
        assert self.overlay.deadline < NEVER
        self.now = self.overlay.deadline - 1
        assert self.overlay.due(self.now) is None
        self.now += 1
        said = self.said()
        assert said is not None
        return said


def words(body: OverlayBody | None) -> tuple[list[str], list[str]]:
    assert body is not None
    return list(body.down), list(body.heard)


def answers(body: OverlayBody | None) -> tuple[list[str], list[str], list[str]]:
    assert body is not None
    return list(body.down), list(body.heard), list(body.unheard)


def test_who_has_nothing_to_say_says_nothing() -> None:
    voice = Voice()
    assert voice.overlay.deadline == NEVER
    assert voice.overlay.due(START) is None
    assert voice.learn([MemberJoined(agent(1), 0), MemberDied(agent(1).member, 0, ())]) is None
    assert voice.overlay.deadline == NEVER


def test_the_first_is_said_at_once_and_others_together_after_a_pause() -> None:
    voice = Voice()
    assert words(voice.learn(silent(N1))) == ([N1], [])
    voice.now += 1
    assert voice.learn(silent(N3)) is None
    voice.now += 1
    assert voice.learn(silent(N2)) is None
    assert words(voice.next()) == ([N1, N2, N3], [])
    assert voice.now == START + PAUSE


def test_after_a_pause_a_change_is_said_at_once_again() -> None:
    voice = Voice()
    voice.learn(silent(N1))
    voice.now += PAUSE
    assert words(voice.learn(silent(N2))) == ([N1, N2], [])


def test_it_is_signed_anew_while_anything_is_said_and_no_longer() -> None:
    voice = Voice()
    voice.learn(silent(N1))
    for turn in (1, 2, 3):
        assert words(voice.next()) == ([N1], [])
        assert voice.now == START + turn * RENEWAL
    voice.now += SECOND
    assert words(voice.learn([NodeAnswered(N1)])) == ([], [])
    assert voice.overlay.deadline == NEVER


def test_it_is_renewed_well_before_it_lapses() -> None:
    body = OverlayBody(origin=HOME, bridge=member(HOME), serial=1)
    assert body.lifetime_s * SECOND > 2 * RENEWAL


def test_what_comes_and_goes_within_a_pause_is_not_said() -> None:
    voice = Voice()
    voice.learn(silent(N1))
    voice.now += 1
    assert voice.learn([*silent(N2), NodeAnswered(N2)]) is None
    assert voice.overlay.deadline == START + RENEWAL


def test_a_node_that_was_deleted_is_not_down() -> None:
    voice = Voice()
    voice.learn(silent(N1, N2))
    voice.now += SECOND
    assert words(voice.learn([NodeDeleted(N1)])) == ([N2], [])


def test_the_dead_agent_of_a_deleted_node_is_forgotten() -> None:
    voice = Voice()
    voice.learn([MemberJoined(agent(1), 0), MemberDied(agent(1).member, 0, ()), NodeDeleted(N1)])
    voice.learn(silent(N1))
    voice.now += SECOND
    assert voice.learn([MemberReturned(agent(1).member, 1)]) is None


@pytest.mark.parametrize(
    "proof",
    [MemberJoined(agent(1), 0), MemberUpdated(agent(1), 1), MemberReturned(agent(1).member, 1)],
)
def test_a_node_whose_agent_lives_is_not_down(proof: LanFact) -> None:
    voice = Voice()
    voice.learn([MemberJoined(agent(1), 0), MemberDied(agent(1).member, 0, ()), *silent(N1)])
    voice.now += SECOND
    assert words(voice.learn([proof])) == ([], [])


def test_a_returned_member_that_was_never_met_says_nothing_of_any_node() -> None:
    voice = Voice()
    voice.learn(silent(N1))
    voice.now += SECOND
    assert voice.learn([MemberReturned(agent(1).member, 1)]) is None


def test_it_hears_only_those_whose_agents_live_and_whom_others_call_down() -> None:
    voice = Voice()
    voice.learn([MemberJoined(agent(1), 0), MemberJoined(agent(2), 0)])
    voice.overlay.doubted([N1, N3])
    assert words(voice.said()) == ([], [N1])
    voice.now += SECOND
    assert words(voice.learn([MemberDied(agent(1).member, 0, ())])) == ([], [])
    voice.now += SECOND
    assert words(voice.learn([MemberReturned(agent(1).member, 1)])) == ([], [N1])


@pytest.mark.parametrize(
    "farewell", [MemberLeft(agent(1).member), MemberRetired(agent(1).member, agent(9).member)]
)
def test_who_left_is_not_heard_any_more(farewell: LanFact) -> None:
    voice = Voice()
    voice.learn([MemberJoined(agent(1), 0)])
    voice.overlay.doubted([N1])
    assert words(voice.said()) == ([], [N1])
    voice.now += SECOND
    assert words(voice.learn([farewell])) == ([], [])
    assert voice.learn([MemberReturned(agent(1).member, 1)]) is None


def test_of_a_node_whose_agent_is_dead_it_says_that_it_does_not_hear_it() -> None:
    voice = Voice()
    voice.learn([MemberJoined(agent(1), 0), MemberJoined(agent(2), 0)])
    voice.learn([MemberDied(agent(1).member, 0, ())])
    voice.overlay.doubted([N1, N2, N3])  # The third was never met: who knows whether it lives?
    assert answers(voice.said()) == ([], [N2], [N1])
    voice.now += SECOND
    voice.overlay.doubted([N1])
    assert answers(voice.said()) == ([], [], [N1])
    assert voice.overlay.deadline == voice.now + RENEWAL
    voice.overlay.doubted([])
    voice.now += SECOND
    assert answers(voice.said()) == ([], [], [])
    assert voice.overlay.deadline == NEVER


def test_whoever_is_cut_off_does_not_say_whom_it_does_not_hear() -> None:
    voice = Voice()
    voice.learn([MemberJoined(agent(1), 0), MemberDied(agent(1).member, 0, ())])
    voice.overlay.cut_off(presumed=True)
    voice.overlay.doubted([N1])
    assert voice.said() is None
    voice.overlay.cut_off(presumed=False)
    assert answers(voice.said()) == ([], [], [N1])


@pytest.mark.parametrize("is_dead", [False, True], ids=["heard", "unheard"])
def test_an_answer_is_taken_back_at_once_together_with_what_it_finds_itself(
    is_dead: bool,
) -> None:
    voice, died = Voice(), MemberDied(agent(1).member, 0, ())
    voice.learn([MemberJoined(agent(1), 0), *([died] if is_dead else [])])
    voice.overlay.doubted([N1])
    assert answers(voice.said()) == ([], *(([], [N1]) if is_dead else ([N1], [])))
    voice.now += 1
    assert answers(voice.learn([died, *silent(N1)])) == ([N1], [], [])
    assert voice.overlay.deadline == voice.now + RENEWAL


def test_answers_have_a_pause_of_their_own() -> None:
    voice = Voice()
    voice.learn([MemberJoined(agent(1), 0), MemberJoined(agent(2), 0), *silent(N3)])
    voice.now += 1
    voice.overlay.doubted([N1])
    assert answers(voice.said()) == ([N3], [N1], [])
    voice.now += 1
    voice.overlay.doubted([N1, N2])
    assert voice.said() is None
    assert answers(voice.next()) == ([N3], [N1, N2], [])
    assert voice.now == START + 1 + PAUSE


def test_a_node_is_heard_as_long_as_any_agent_of_it_lives() -> None:
    voice = Voice()
    newer = Identity(MemberId(RING.public("newer")), N1, 2, Address("home-1:1"), HOME)
    voice.learn([MemberJoined(agent(1), 0), MemberJoined(newer, 0)])
    voice.overlay.doubted([N1])
    assert words(voice.said()) == ([], [N1])
    voice.now += SECOND
    assert voice.learn([MemberRetired(agent(1).member, newer.member)]) is None


def test_its_own_node_is_heard_from_the_beginning() -> None:
    voice = Voice()
    voice.overlay.doubted([agent(0).node])
    assert words(voice.said()) == ([], [agent(0).node])


def test_whoever_is_cut_off_calls_nobody_down_until_that_is_over() -> None:
    voice = Voice()
    voice.learn(silent(N1))
    voice.now += SECOND
    voice.overlay.cut_off(presumed=True)
    assert words(voice.said()) == ([], [])
    voice.now += SECOND
    assert voice.learn(silent(N2)) is None
    voice.overlay.cut_off(presumed=False)
    assert words(voice.said()) == ([N1, N2], [])


def test_whoever_is_cut_off_does_not_hear_what_it_finds_silent() -> None:
    voice = Voice()
    voice.learn([MemberJoined(agent(1), 0), *silent(N1)])
    voice.now += SECOND
    voice.overlay.cut_off(presumed=True)
    voice.overlay.doubted([N1])
    assert words(voice.said()) == ([], [])


def test_serials_rise_and_a_new_process_goes_on_above() -> None:
    voice = Voice()
    first = voice.learn(silent(N1))
    assert first is not None
    assert first.serial == 1
    voice.overlay.wall_ms = 5_000
    assert [voice.next().serial, voice.next().serial] == [5_000, 5_001]
    again = Voice()
    again.overlay.wall_ms = 5_002
    second = again.learn(silent(N1))
    assert second is not None
    assert second.serial == 5_002


def test_a_wall_clock_that_goes_back_takes_no_serial_back() -> None:
    voice = Voice()
    voice.overlay.wall_ms = 5_000
    voice.learn(silent(N1))
    voice.overlay.wall_ms = 4_000
    assert voice.next().serial == 5_001


def test_more_nodes_than_fit_are_cut_and_nothing_is_raised() -> None:
    voice = Voice()
    names = sorted(f"{number:04}." + "n" * 60 + "." + "m" * 60 for number in range(2 * NODES_MAX))
    voice.learn(MemberJoined(_on(name), 0) for name in names[NODES_MAX:])
    voice.overlay.doubted(map(NodeName, names[NODES_MAX:]))
    for name in names[:NODES_MAX]:
        voice.overlay.follow(NodeSilent(NodeName(name)))
    overlay = voice.overlay.due(START)
    assert overlay is not None
    assert len(overlay.raw) <= OVERLAY_BYTES_MAX
    assert list(overlay.body.down) == names[: len(overlay.body.down)]
    assert min(len(overlay.body.down), len(overlay.body.heard)) > 400


def test_a_node_with_a_name_that_nobody_may_say_is_left_out() -> None:
    voice = Voice()
    assert words(voice.learn(silent("No Node", N1))) == ([N1], [])


def _on(node: str) -> Identity:
    return Identity(MemberId(RING.public(node)), NodeName(node), 1, Address("a:1"), HOME)


NODES = {agent(number).member: agent(number).node for number in (1, 2, 3)}
FACTS = st.one_of(
    st.builds(NodeSilent, st.sampled_from([N1, N2, N3])),
    st.builds(NodeAnswered, st.sampled_from([N1, N2, N3])),
    st.builds(NodeDeleted, st.sampled_from([N1, N2, N3])),
    st.integers(1, 3).map(lambda number: MemberJoined(agent(number), 0)),
    st.integers(1, 3).map(lambda number: MemberDied(agent(number).member, 0, ())),
    st.integers(1, 3).map(lambda number: MemberReturned(agent(number).member, 0)),
    st.integers(1, 3).map(lambda number: MemberLeft(agent(number).member)),
)


DOUBTED = st.lists(st.sampled_from([N1, N2, N3]), max_size=2, unique=True).map(sorted)


@given(st.lists(st.tuples(st.integers(0, PAUSE), FACTS, st.booleans(), DOUBTED)))
def test_the_last_word_is_right_and_the_pause_is_kept(
    history: list[tuple[int, LanFact, bool, list[NodeName]]],
) -> None:
    voice, said_at = Voice(), list[Instant]()
    last: Overlay | None = None
    down: dict[NodeName, None] = {}
    met: dict[MemberId, bool] = {}
    for wait, fact, cut_off, doubted in history:
        voice.now += wait
        voice.overlay.follow(fact)
        voice.overlay.cut_off(presumed=cut_off)
        voice.overlay.doubted(doubted)
        overlay = voice.overlay.due(voice.now)
        if overlay is not None:
            said_at.append(voice.now)
            assert last is None or overlay.rank > last.rank
            last = overlay
    voice.now += PAUSE
    last = voice.overlay.due(voice.now) or last
    # Of any three the last is a pause behind the first: two clocks, one for each kind of news.
    assert all(two - one >= PAUSE for one, two in zip(said_at, said_at[2:], strict=False))
    for _, fact, _, _ in history:
        _follow(down, met, fact)
    is_cut_off, doubted = history[-1][2:] if history else (False, [])
    living = {NODES[each] for each, lives in met.items() if lives}
    dead = {NODES[each] for each in met} - living
    doubted = [each for each in doubted if each not in down]
    assert answers(NOTHING if last is None else last.body) == (
        [] if is_cut_off else sorted(down),
        [each for each in doubted if each in living],
        [] if is_cut_off else [each for each in doubted if each in dead],
    )


def _follow(down: dict[NodeName, None], met: dict[MemberId, bool], fact: LanFact) -> None:
    """What is down, told plainly; `met` has the agents that are known, and whether they live."""
    match fact:
        case NodeSilent(node):
            down[node] = None
        case NodeAnswered(node) | NodeDeleted(node):
            down.pop(node, None)
            dead = [each for each, lives in met.items() if NODES[each] == node and not lives]
            for each in dead if isinstance(fact, NodeDeleted) else ():
                del met[each]
        case MemberLeft(subject):
            met.pop(subject, None)
        case MemberDied(subject, _, _):
            met |= {subject: False} if subject in met else {}
        case MemberJoined(Identity(subject), _) | MemberReturned(subject, _):
            if isinstance(fact, MemberJoined) or subject in met:
                met[subject] = True
                down.pop(NODES[subject], None)
        case _:
            pass
