"""What goes into a bridge and comes out of it are values; each event goes one way."""

from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import get_args

import pytest

from discovery import bridge_events
from discovery.bridge_events import Effect, Event, LanFact, Order, PoliciesListed, StateRestored
from discovery.bridge_events import Fact as BridgeFact
from discovery.state import KeptState
from discovery.trust_events import TrustEvent
from failure_detect import events as pool_events
from failure_detect.events import NodeSilent
from failure_detect.identity import NodeName


def test_events_and_effects_are_frozen_values_with_docstrings() -> None:
    for each in (*get_args(Event), *get_args(Effect)):
        assert is_dataclass(each)
        assert each.__doc__
        assert "__slots__" in vars(each)
        assert vars(each)["__hash__"] is not None, "only what is frozen can be hashed"


def test_equal_facts_are_equal() -> None:
    assert LanFact(NodeSilent(NodeName("n"))) == LanFact(NodeSilent(NodeName("n")))
    assert PoliciesListed(()) == PoliciesListed(())
    assert StateRestored(KeptState()) == StateRestored(KeptState())


def test_nobody_changes_a_fact() -> None:
    with pytest.raises(FrozenInstanceError):
        LanFact(NodeSilent(NodeName("n"))).fact = NodeSilent(NodeName("m"))  # type: ignore[misc]  # The point of the test.


def test_an_effect_is_an_order_or_a_fact_and_never_both() -> None:
    assert not frozenset(get_args(Order)) & frozenset(get_args(BridgeFact))
    assert frozenset(get_args(Order)) | frozenset(get_args(BridgeFact)) == frozenset(
        get_args(Effect)
    )


def test_what_the_detector_is_to_carry_is_what_it_takes() -> None:
    carried = {pool_events.BroadcastRequested, pool_events.FingerprintChanged}
    assert carried <= frozenset(get_args(Order))
    assert carried <= frozenset(get_args(pool_events.Event))


def test_what_only_trust_is_told_is_an_event_of_the_bridge() -> None:
    assert frozenset(get_args(TrustEvent)) <= frozenset(get_args(Event))


def test_what_this_module_defines_is_said_on_one_line_each() -> None:
    own = (LanFact, PoliciesListed, StateRestored, bridge_events.EvidenceKept)
    assert [len(fields(each)) for each in own] == [1, 1, 1, 1]
    assert fields(bridge_events.ViewTouched) == ()
