"""When an agent that was asked to stop may end, and when a bridge that steps down is gone."""

from agent.core.events import BridgeEnded, LeaseWriteRequested, Stopped
from agent.core.farewell import Farewell
from agent.core.parting import LINGER
from failure_detect.clock import NEVER, SECOND, Instant
from tests.agent.core.lonely import of
from tests.agent.core.townscape import Town

WITHIN = 5 * SECOND


def test_nothing_is_due_while_nobody_asks() -> None:
    farewell = Farewell()
    assert not farewell.is_begun
    assert farewell.deadline == NEVER
    assert farewell.cut_short() == []


def test_a_light_agent_may_end_when_the_word_has_spread_and_once() -> None:
    farewell = Farewell()
    farewell.begin(WITHIN, 100)
    assert farewell.is_begun
    assert farewell.deadline == 100 + LINGER
    assert farewell.advance(100 + LINGER - 1) == []
    assert farewell.advance(100 + LINGER) == [Stopped()]
    assert farewell.deadline == NEVER
    assert farewell.is_begun


def test_it_ends_sooner_where_less_time_is_given() -> None:
    farewell = Farewell()
    farewell.begin(LINGER // 4, 0)
    assert farewell.deadline == LINGER // 4


class Leaving:
    """A publisher of a small world that is on its way out, while the world stands still."""

    def __init__(self) -> None:
        town = Town(agents=1, names=("east", "west"))
        town.start()
        town.until(lambda: all(map(town.publisher, town.clusters)), 30)
        process = town.process("east-1")
        assert process.agent.head is not None
        head, self.now = process.agent.head, town.agenda.now
        self.farewell = Farewell()
        self.said = self.farewell.part(head.wan, head.lease, process.member, self.now)

    def run(self, until: Instant) -> list[object]:
        found: list[object] = []
        while self.farewell.deadline <= until:
            self.now = max(self.now, self.farewell.deadline)
            found += self.farewell.advance(self.now)
        self.now = until
        return found


def test_a_bridge_that_steps_down_gives_up_the_lease_and_is_gone_after_a_while() -> None:
    leaving = Leaving()
    assert len(of(leaving.said, LeaseWriteRequested)) == 1
    assert leaving.farewell.left_at > 0
    found = leaving.run(leaving.now + 60 * SECOND)
    assert of(found, BridgeEnded) == [BridgeEnded()]
    assert of(found, Stopped) == [], "the agent goes on"
    assert leaving.farewell.parting is None


def test_an_agent_ends_within_its_time_although_the_store_says_nothing() -> None:
    leaving = Leaving()
    began = leaving.now
    leaving.farewell.begin(WITHIN, began)
    assert of(leaving.run(began + WITHIN - 1), Stopped) == []
    assert of(leaving.run(began + WITHIN), Stopped) == [Stopped()]


def test_who_becomes_a_bridge_again_is_on_its_way_out_no_more() -> None:
    leaving = Leaving()
    assert leaving.farewell.cut_short() == [BridgeEnded()]
    assert leaving.farewell.cut_short() == []
    assert leaving.farewell.deadline == NEVER
