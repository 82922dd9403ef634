"""Events and effects are values: equal where they say the same, and unchangeable."""

from dataclasses import FrozenInstanceError
from typing import get_args

import pytest

from discovery.manifest import IntentKind
from discovery.publisher_events import Effect, EpochProposed, Event, IntentDeclared, ListConfirmed
from tests.discovery.published import WEB


def test_events_are_values() -> None:
    assert IntentDeclared(IntentKind.DRAIN, WEB) == IntentDeclared(IntentKind.DRAIN, WEB, 0)
    assert {ListConfirmed(1), ListConfirmed(1)} == {ListConfirmed(1)}
    with pytest.raises(FrozenInstanceError):
        EpochProposed(1).epoch = 2  # type: ignore[misc]  # That it cannot be is the point.


def test_each_event_and_effect_says_what_it_is_about() -> None:
    for each in (*get_args(Event), *get_args(Effect)):
        assert each.__doc__
        assert each.__dataclass_params__.frozen
