"""One agent as one machine, effect by effect; `test_whole_agents` has many of them together."""

from agent.core import events
from agent.core.agent import RECALL_AFTER
from agent.core.events import Noted, ObjectSeen, StateChanged, StoreAnswered, TrustAltered
from agent.core.object_book import TRUST
from agent.demo.objects import node
from agent.objects import LEASE, NODE, ObjectKey
from agent.sources.cluster_facts import ClusterSettings
from agent.sources.sources import KINDS
from discovery.names import Origin
from discovery.state import KeptState
from failure_detect.clock import SECOND
from tests.agent.core.lonely import Lonely, of
from tests.agent.core.town_agenda import WALL_MS


def test_an_agent_begins_with_the_wish_to_know_nodes() -> None:
    alone = Lonely()
    assert alone.begun == [events.KindsWanted((NODE,))]
    assert alone.read_clock() == []
    assert alone.agent.wall_ms(SECOND) == WALL_MS + 1_000


def test_who_is_to_be_a_bridge_wants_to_know_everything_and_waits_for_whom_it_trusts() -> None:
    alone = Lonely()
    alone.read_clock()
    effects = alone.run(2)
    [wanted] = of(effects, events.KindsWanted)
    assert {*KINDS, LEASE} <= set(wanted.kinds)
    assert alone.agent.is_called
    assert alone.serve() == []
    assert alone.listed(TRUST[0]) == []
    began, kept, altered, *_ = alone.listed(TRUST[1])
    assert (began, kept, altered) == (events.BridgeBegan(), StateChanged(), TrustAltered())
    head = alone.agent.head
    assert head is not None
    assert head.bridge.trust.knows(Origin("west"))


def test_a_bridge_begins_when_it_knows_what_time_it_is() -> None:
    alone = Lonely()
    alone.run(2)
    alone.serve()
    alone.listed(*TRUST)
    assert alone.agent.head is None
    alone.read_clock()
    alone.listed(NODE)
    assert alone.agent.head is not None


def kept_trust() -> Lonely:
    first = Lonely()
    first.rise()
    assert first.agent.trusted is not None
    return Lonely(first.agent.trusted)


def test_without_the_store_a_bridge_begins_with_what_an_earlier_run_was_told() -> None:
    alone = kept_trust()
    alone.read_clock()
    alone.give(StoreAnswered(answers=False, why="gone"))
    assert not of(alone.run(RECALL_AFTER / SECOND - 0.001), events.BridgeBegan)
    effects = alone.run(0.001)
    assert of(effects, events.BridgeBegan)
    recalled = [each.fact for each in of(effects, Noted)]
    assert events.TrustRecalled(2) in recalled
    head = alone.agent.head
    assert head is not None
    assert head.bridge.trust.knows(Origin("south"))
    assert not head.sources.is_complete


def test_what_the_store_says_in_time_counts_and_not_what_was_kept() -> None:
    alone = kept_trust()
    alone.town.api("east").delete(TRUST[0], "south")
    alone.rise()
    head = alone.agent.head
    assert head is not None
    assert not head.bridge.trust.knows(Origin("south"))
    assert not [each for each in of(alone.run(10), Noted) if each.fact == events.TrustRecalled(2)]


def test_what_was_deleted_while_the_store_was_gone_is_deleted_when_it_answers() -> None:
    alone = kept_trust()
    alone.read_clock()
    alone.run(6)
    head = alone.agent.head
    assert head is not None
    assert head.bridge.trust.knows(Origin("south"))
    alone.town.api("east").delete(TRUST[0], "south")
    alone.serve()
    assert head.bridge.trust.knows(Origin("south")), "a kind that was not listed says nothing"
    effects = alone.listed(*TRUST)
    assert not head.bridge.trust.knows(Origin("south"))
    assert head.bridge.trust.knows(Origin("west"))
    assert effects[:1] == [StateChanged()]
    assert alone.agent.trusted == tuple(alone.town.api("east").documents(TRUST[0]))


def test_an_agent_that_nobody_ever_told_waits_for_the_store() -> None:
    alone = Lonely()
    alone.read_clock()
    alone.run(60)
    assert alone.agent.is_called
    assert alone.agent.head is None
    assert alone.agent.trusted is None
    assert alone.agent.kept(alone.now) == KeptState()


def test_that_the_store_answers_or_does_not_is_noted() -> None:
    alone = Lonely()
    gone = StoreAnswered(answers=False, why="gone")
    assert alone.give(gone) == [Noted(gone)]
    refused = events.KindRefused(NODE, "forbidden")
    assert alone.give(refused) == [Noted(refused)]


def test_its_own_nodes_object_is_told_and_others_are_not() -> None:
    alone = Lonely()
    alone.serve()
    one, two = (node(alone.town.sites[f"east-{number}"].node) for number in (1, 2))
    alone.give(events.ObjectsListed(NODE, (two,), 0))
    assert alone.give(ObjectSeen(ObjectKey(NODE, "", "east-2"), None)) == []
    own = ObjectKey(NODE, "", "east-1")
    assert alone.give(ObjectSeen(own, one)) == [events.OwnNodeSeen(one)]
    assert alone.give(ObjectSeen(own, one)) == []
    assert alone.give(ObjectSeen(own, None)) == [events.OwnNodeSeen(None)]


def test_outcomes_for_who_is_no_bridge_any_more_say_nothing() -> None:
    alone = Lonely()
    assert alone.give(events.HolderEnded("a")) == []
    assert alone.give(events.LeaseWriteFinished(1, None)) == []


def test_settings_that_change_are_the_next_bridges_as_well() -> None:
    alone = Lonely()
    settings = ClusterSettings(region="eu")
    assert alone.give(events.SettingsChanged(settings)) == []
    assert alone.agent.charter.sources.settings == settings
    alone.rise()
    for kind in KINDS:
        alone.listed(kind)
    head = alone.agent.head
    assert head is not None
    assert head.sources.statements is not None
    assert head.sources.statements.cluster.region == "eu"
    alone.give(events.SettingsChanged(ClusterSettings(region="us")))
    assert head.sources.statements is not None
    assert head.sources.statements.cluster.region == "us"


def test_a_light_agent_that_is_told_to_stop_ends_when_the_word_has_spread() -> None:
    alone = Lonely()
    alone.give(events.StopRequested())
    assert of(alone.run(0.999), events.Stopped) == []
    assert of(alone.run(0.001), events.Stopped) == [events.Stopped()]
    assert of(alone.run(30), events.Stopped) == [], "once"
    assert alone.give(events.StopRequested()) == []


def test_a_bridge_that_is_told_to_stop_is_none_from_then_on() -> None:
    alone = Lonely()
    alone.rise()
    effects = alone.give(events.StopRequested())
    assert alone.agent.head is None
    assert events.KindsWanted((NODE,)) in effects
    effects = alone.run(3)
    assert of(effects, events.BridgeEnded) == [events.BridgeEnded()]
    assert of(effects, events.Stopped) == [events.Stopped()]
    assert not of(alone.run(60), events.BridgeBegan), "who leaves is elected no more"
    alone.agent.check_invariants()


def test_what_a_bridge_knew_is_kept_when_it_steps_down() -> None:
    alone = Lonely()
    alone.rise()
    trusted = alone.agent.trusted
    assert trusted
    alone.give(events.StopRequested())
    assert alone.agent.trusted == trusted


def test_a_question_without_bridges_has_no_answer() -> None:
    alone = Lonely()
    assert alone.give(events.LocalAsked(7, "/v1/status", {})) == [
        events.LocalAnswered(7, 503, None)
    ]
