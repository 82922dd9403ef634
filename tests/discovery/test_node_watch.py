"""A node is down while most living bridges say so; whoever counts hears of each change once."""

import pytest

from discovery.events import ItemAccepted, ItemLapsed, ItemReceived, MembershipFact
from discovery.messages import Item
from discovery.node_watch import OBJECTION, NodesDownChanged
from discovery.overlays import Overlay
from discovery.own_overlay import PAUSE
from discovery.refusals import Refusal, Refused
from failure_detect.clock import NEVER, SECOND, Duration
from failure_detect.events import (
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    NodeAnswered,
    NodeSilent,
    ReachabilityChanged,
)
from tests.discovery.bridgehead import (
    EAST,
    HOME,
    START,
    WEST,
    died,
    identity,
    joined,
    member,
    overlay_of,
)
from tests.discovery.watching import N7, N8, Watch, changed, east, said

# --- counting -------------------------------------------------------------------------------


def test_a_sole_bridge_decides_alone() -> None:
    watch = east(1)
    overlay = overlay_of(EAST, 0, N8, N7)
    assert watch.take(overlay) == [
        ItemAccepted(Item(overlay.item_key, overlay.raw), overlay.rank),
        NodesDownChanged(EAST, (N7, N8)),
    ]


@pytest.mark.parametrize(("bridges", "needed"), [(2, 2), (3, 2), (4, 3), (5, 3)])
def test_of_several_bridges_more_than_half_must_say_so(bridges: int, needed: int) -> None:
    watch = east(bridges)
    for number in range(needed - 1):
        assert changed(watch.take(overlay_of(EAST, number, N7))) == []
    effects = watch.take(overlay_of(EAST, needed - 1, N7))
    assert changed(effects + watch.wait(OBJECTION)) == [(EAST, (N7,))]


def test_each_cluster_is_counted_for_itself() -> None:
    watch = Watch(joined(EAST), joined(WEST))
    assert changed(watch.take(overlay_of(EAST, 0, N7))) == [(EAST, (N7,))]
    assert watch.nodes.nodes_down(WEST) == ()


def test_one_that_hears_a_node_vetoes_all_others() -> None:
    watch = east(3)
    watch.take(overlay_of(EAST, 0, N7))
    watch.take(overlay_of(EAST, 1, N7))
    assert changed(watch.wait(OBJECTION)) == [(EAST, (N7,))]
    assert changed(watch.take(overlay_of(EAST, 2, heard=[N7]))) == [(EAST, ())]
    assert changed(watch.take(overlay_of(EAST, 2, serial=2))) == []
    assert changed(watch.wait(OBJECTION)) == [(EAST, (N7,))]


def test_the_next_overlay_of_a_bridge_replaces_its_last_one_whole() -> None:
    watch = east(1)
    watch.take(overlay_of(EAST, 0, N7))
    assert changed(watch.take(overlay_of(EAST, 0, N8, serial=2))) == [(EAST, (N8,))]


def test_what_was_received_before_is_no_news() -> None:
    watch = east(1)
    watch.take(overlay_of(EAST, 0, N8, serial=2))
    assert watch.take(overlay_of(EAST, 0, N8, serial=2)) == []
    assert watch.take(overlay_of(EAST, 0, N7, serial=1)) == []


def test_what_came_by_comparing_is_passed_on_as_no_news() -> None:
    watch = east(1)
    [accepted, _] = watch.take(overlay_of(EAST, 0, N7), is_news=False)
    assert isinstance(accepted, ItemAccepted)
    assert not accepted.is_news


def test_an_overlay_with_nothing_new_in_it_is_passed_on_and_changes_nothing() -> None:
    watch = east(1)
    watch.take(overlay_of(EAST, 0, N7))
    [accepted] = watch.take(overlay_of(EAST, 0, N7, serial=2))
    assert isinstance(accepted, ItemAccepted)


# --- bridges come and go --------------------------------------------------------------------


def test_the_count_is_taken_anew_when_a_bridge_comes() -> None:
    watch = east(1)
    watch.take(overlay_of(EAST, 0, N7))
    assert watch.member(joined(EAST, 1)) == [NodesDownChanged(EAST, ())]
    assert watch.member(MemberUpdated(identity(EAST, 1), 1)) == []


def test_the_count_is_taken_anew_when_a_bridge_that_said_nothing_dies() -> None:
    watch = east(2)
    watch.take(overlay_of(EAST, 0, N7))
    assert watch.member(died(EAST, 1)) == [NodesDownChanged(EAST, (N7,))]


def test_an_overlay_lapses_with_its_signer() -> None:
    watch = east(2)
    first, second = overlay_of(EAST, 0, N7), overlay_of(EAST, 1, N7, N8)
    watch.take(first)
    watch.take(second)
    assert watch.member(died(EAST, 0)) == [
        ItemLapsed(first.item_key),
        NodesDownChanged(EAST, (N7, N8)),
    ]
    assert watch.member(died(EAST, 1)) == [
        ItemLapsed(second.item_key),
        NodesDownChanged(EAST, ()),
    ]


@pytest.mark.parametrize(
    "farewell", [MemberLeft(member(EAST)), MemberRetired(member(EAST), member(EAST, 9))]
)
def test_who_left_or_was_retired_counts_no_more_and_is_forgotten(farewell: MembershipFact) -> None:
    watch = east(1)
    watch.take(overlay_of(EAST, 0, N7))
    assert changed(watch.member(farewell)) == [(EAST, ())]
    assert watch.member(MemberReturned(member(EAST), 1)) == []
    with pytest.raises(Refused, match="no living bridge"):
        watch.take(overlay_of(EAST, 0, N7, serial=2))


def test_who_comes_back_counts_again_and_what_it_had_said_does_not() -> None:
    watch = east(2)
    watch.take(overlay_of(EAST, 0, N7))
    watch.take(overlay_of(EAST, 1, N7))
    assert changed(watch.member(died(EAST, 0))) == []
    assert changed(watch.member(MemberReturned(member(EAST, 0), 1))) == [(EAST, ())]
    assert watch.take(overlay_of(EAST, 0, N7)) == []
    assert changed(watch.take(overlay_of(EAST, 0, N7, serial=2))) == [(EAST, (N7,))]


def test_whether_we_reach_a_bridge_is_no_matter() -> None:
    watch = east(1)
    watch.take(overlay_of(EAST, 0, N7))
    assert watch.member(ReachabilityChanged(member(EAST), reachable=False)) == []


def test_facts_of_members_that_are_not_known_say_nothing() -> None:
    watch = Watch()
    for fact in (
        died(EAST),
        MemberReturned(member(EAST), 1),
        MemberLeft(member(EAST)),
        ReachabilityChanged(member(EAST), reachable=True),
    ):
        assert watch.member(fact) == []


# --- what is refused ------------------------------------------------------------------------


def refused(watch: Watch, overlay: Overlay, age: Duration = 0) -> Refusal:
    with pytest.raises(Refused) as raised:
        watch.take(overlay, age)
    return raised.value.reason


def test_of_a_signer_that_is_dead_or_unknown_nothing_is_taken() -> None:
    watch = east(1)
    assert refused(watch, overlay_of(EAST, 1, N7)) is Refusal.UNTRUSTED
    watch.member(died(EAST, 0))
    assert refused(watch, overlay_of(EAST, 0, N7)) is Refusal.UNTRUSTED


def test_nothing_is_taken_of_what_its_lifetime_is_over() -> None:
    watch = east(1)
    assert refused(watch, overlay_of(EAST, 0, N7), age=30 * SECOND) is Refusal.STALE


def test_an_overlay_under_the_key_of_another_bridge_is_refused() -> None:
    watch = east(2)
    overlay, other = overlay_of(EAST, 0, N7), overlay_of(EAST, 1, N7)
    received = ItemReceived(Item(other.item_key, overlay.raw), member(EAST, 1), is_news=True)
    with pytest.raises(Refused, match="under the key of another bridge"):
        watch.nodes.receive(received, watch.now)


def test_bytes_that_are_no_overlay_are_refused() -> None:
    received = ItemReceived(Item(b"o/east/x", b"\xff"), member(EAST, 1), is_news=True)
    with pytest.raises(Refused):
        east(1).nodes.receive(received, START)


# --- time -----------------------------------------------------------------------------------


def test_what_is_not_renewed_lapses_to_the_microsecond() -> None:
    watch = east(1)
    overlay = overlay_of(EAST, 0, N7)
    watch.take(overlay, age=10 * SECOND)
    assert watch.nodes.deadline == START + 20 * SECOND
    assert watch.wait(20 * SECOND - 1) == []
    assert watch.wait(1) == [ItemLapsed(overlay.item_key), NodesDownChanged(EAST, ())]
    assert watch.nodes.deadline == NEVER


def test_a_veto_that_lapses_is_none() -> None:
    watch = east(3)
    watch.take(overlay_of(EAST, 2, heard=[N7], lifetime_s=10))
    watch.take(overlay_of(EAST, 0, N7))
    assert changed(watch.take(overlay_of(EAST, 1, N7))) == []
    assert changed(watch.wait(10 * SECOND + OBJECTION - 1)) == []
    assert changed(watch.wait(1)) == [(EAST, (N7,))]


def test_an_origin_that_is_not_trusted_any_more_is_forgotten() -> None:
    watch = east(1)
    overlay = overlay_of(EAST, 0, N7)
    watch.take(overlay)
    assert watch.forget(EAST) == [ItemLapsed(overlay.item_key)]
    assert watch.nodes.nodes_down(EAST) == ()
    assert watch.forget(EAST) == []
    assert changed(watch.take(overlay)) == [(EAST, (N7,))]


# --- our own --------------------------------------------------------------------------------


def test_our_own_word_counts_and_goes_out_at_once() -> None:
    watch = Watch()
    effects = watch.lan(NodeSilent(N7))
    assert [each.body.down for each in said(effects)] == [(N7,)]
    assert changed(effects) == [(HOME, (N7,))]
    watch.now += SECOND
    assert changed(watch.lan(NodeAnswered(N7))) == [(HOME, ())]


def test_our_own_overlay_that_comes_round_is_no_news() -> None:
    watch = Watch()
    [own] = said(watch.lan(NodeSilent(N7)))
    assert watch.take(own) == []
    assert watch.take(overlay_of(HOME, 0, N8, serial=own.body.serial + 1)) == []


def test_our_own_is_renewed_and_never_lapses() -> None:
    watch = Watch()
    watch.lan(NodeSilent(N7))
    effects = watch.wait(100 * SECOND)
    assert len(said(effects)) == 10
    assert len(effects) == 10


def test_what_a_sister_doubts_and_we_hear_is_said_as_soon_as_the_pause_allows() -> None:
    watch = Watch(joined(HOME, 1))
    watch.lan(MemberJoined(identity(HOME, 7), 0))
    assert said(watch.take(overlay_of(HOME, 1, N7))) != []
    assert watch.nodes.deadline <= watch.now
    [own] = said(watch.wait(0))
    assert (own.body.down, own.body.heard) == ((), (N7,))
    watch.take(overlay_of(HOME, 1, serial=2))
    assert watch.nodes.deadline == watch.now + PAUSE
    [own] = said(watch.wait(PAUSE))
    assert own.body.heard == ()


def test_what_a_sister_doubts_and_is_dead_here_too_is_waited_for_no_more() -> None:
    watch = Watch(joined(HOME, 1), joined(HOME, 2))
    watch.lan(MemberJoined(identity(HOME, 7), 0), died(HOME, 7))
    watch.take(overlay_of(HOME, 1, N7))
    [own] = said(effects := watch.wait(0))
    assert (own.body.down, own.body.heard, own.body.unheard) == ((), (), (N7,))
    assert changed(effects) == []
    assert changed(watch.take(overlay_of(HOME, 2, N7))) == [(HOME, (N7,))]


def test_what_we_called_down_ourselves_is_no_doubt_of_others() -> None:
    watch = Watch()
    watch.lan(MemberJoined(identity(HOME, 7), 0), NodeSilent(N7))
    watch.now += SECOND
    [own] = said(watch.lan(NodeAnswered(N7)))
    assert (own.body.down, own.body.heard) == ((), ())


def test_a_sister_that_dies_is_doubted_no_more() -> None:
    watch = Watch(joined(HOME, 1))
    watch.lan(MemberJoined(identity(HOME, 7), 0))
    watch.take(overlay_of(HOME, 1, N7))
    watch.wait(SECOND)
    watch.member(died(HOME, 1))
    [own] = said(watch.wait(0))
    assert own.body.heard == ()


def test_a_sister_whose_word_lapses_is_doubted_no_more() -> None:
    watch = Watch(joined(HOME, 1))
    watch.lan(MemberJoined(identity(HOME, 7), 0))
    watch.take(overlay_of(HOME, 1, N7, lifetime_s=5))
    assert [each.body.heard for each in said(watch.wait(5 * SECOND))] == [(N7,), ()]


def test_two_of_three_bridges_of_ours_must_agree() -> None:
    watch = Watch(joined(HOME, 1), joined(HOME, 2))
    assert changed(watch.lan(NodeSilent(N7))) == []
    assert changed(watch.take(overlay_of(HOME, 2, N7)) + watch.wait(OBJECTION)) == [(HOME, (N7,))]


def test_whoever_is_cut_off_takes_its_word_back_and_says_it_again() -> None:
    watch = Watch()
    watch.lan(NodeSilent(N7))
    watch.now += SECOND
    assert changed(watch.nodes.cut_off(watch.now, presumed=True)) == [(HOME, ())]
    watch.now += SECOND
    assert changed(watch.nodes.cut_off(watch.now, presumed=False)) == [(HOME, (N7,))]


def test_the_wall_clock_raises_our_serials() -> None:
    watch = Watch()
    watch.nodes.clock_read(9_000)
    [own] = said(watch.lan(NodeSilent(N7)))
    assert own.body.serial == 9_000


@pytest.mark.parametrize(
    "fact",
    [
        died(HOME),
        MemberLeft(member(HOME)),
        MemberRetired(member(HOME), member(HOME, 9)),
        MemberJoined(identity(EAST, 3), 0),
    ],
)
def test_whatever_is_said_of_us_we_go_on(fact: MembershipFact) -> None:
    watch = Watch()
    watch.member(fact)
    assert changed(watch.lan(NodeSilent(N7))) == [(HOME, (N7,))]
