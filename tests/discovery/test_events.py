"""What the replicator takes in and gives out are values, and each fact has its place."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import get_args

import pytest

from discovery import events
from discovery.events import ItemAccepted, ItemLapsed
from discovery.messages import Item
from failure_detect import events as pool_events

OWN = [
    events.SetPublished,
    events.SetRestored,
    events.ExclusionRestored,
    events.ItemAccepted,
    events.ItemRefused,
    events.ItemLapsed,
    events.TrustChanged,
]
FACTS = [
    events.SetAdopted,
    events.SetForgotten,
    events.SetExcluded,
    events.SetQuestioned,
    events.SetVindicated,
    events.ItemReceived,
    events.PublicationRefused,
    events.ContradictionFound,
]


@pytest.mark.parametrize("kind", OWN + FACTS, ids=lambda kind: kind.__name__)
def test_each_is_a_frozen_value_without_room_for_more(kind: type) -> None:
    assert is_dataclass(kind)
    assert {each.name for each in fields(kind)} == set(vars(kind)["__slots__"])


def test_nobody_changes_one_that_was_given_to_him() -> None:
    lapsed = ItemLapsed(b"o/x")
    with pytest.raises(FrozenInstanceError):
        lapsed.key = b"o/y"  # type: ignore[misc]  # that is what is tried here


def test_equal_facts_are_equal() -> None:
    assert ItemAccepted(Item(b"o/x", b"raw"), (1,)) == ItemAccepted(Item(b"o/x", b"raw"), (1,))
    assert ItemAccepted(Item(b"o/x", b"raw"), (1,)).is_news


def test_what_its_own_cluster_says_and_what_the_detector_says_are_kept_apart() -> None:
    assert set(get_args(events.OwnEvent)) == set(OWN)
    assert set(get_args(events.Fact)) == set(FACTS)
    assert not set(get_args(events.OwnEvent)) & set(get_args(events.MembershipFact))


def test_what_the_detector_concludes_of_members_goes_in_as_it_is() -> None:
    concluded = {
        each for each in get_args(pool_events.Fact) if each.__name__.startswith("Member")
    } - {pool_events.MemberSuspected}
    assert concluded <= set(get_args(events.MembershipFact))


def test_orders_that_come_out_are_taken_in_by_the_detector_or_its_driver() -> None:
    orders = set(get_args(events.Order))
    assert {pool_events.BroadcastRequested, pool_events.FingerprintChanged} <= orders
    assert orders <= set(get_args(pool_events.Event)) | set(get_args(pool_events.Order))
