"""Each event of the core is of one family, and each order is no fact."""

import pytest

from agent.core import events
from agent.objects import NODE, ObjectKey

KEY = ObjectKey(NODE, "", "n1")
OF_THE_STORE = (
    events.KindsServed(frozenset()),
    events.ObjectsListed(NODE, (), 0),
    events.ObjectSeen(KEY, None),
    events.KindRefused(NODE, "why"),
    events.StoreAnswered(answers=True),
)
OF_A_BRIDGE = (events.LeaseWriteFinished(1, None), events.HolderEnded("a"))


@pytest.mark.parametrize("event", [*OF_THE_STORE, *OF_A_BRIDGE], ids=lambda e: type(e).__name__)
def test_an_event_is_the_stores_or_a_bridges(event: events.Event) -> None:
    assert isinstance(event, events.StoreFact) == (event in OF_THE_STORE)
    assert isinstance(event, events.HeadFact) == (event in OF_A_BRIDGE)
    assert not isinstance(event, events.Renewal)


def test_a_list_that_nobody_asked_for_has_no_number() -> None:
    assert events.ObjectsListed(NODE, (), 7).request == 0
    assert events.Noted("a").pool is None


def test_what_was_noted_is_no_order() -> None:
    assert not isinstance(events.Noted("a"), events.Order)
    assert isinstance(events.Stopped(), events.Order)
