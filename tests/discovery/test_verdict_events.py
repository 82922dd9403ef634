from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import get_args

import pytest

from discovery.verdict_events import (
    ClusterAlarm,
    ClusterAlarmRaised,
    Effect,
    Event,
    ManifestAdopted,
    TrustEnded,
)
from tests.discovery.courts import EAST


@pytest.mark.parametrize("kind", [*get_args(Event), *get_args(Effect)])
def test_every_event_and_effect_is_a_frozen_value(kind: type) -> None:
    assert is_dataclass(kind)
    assert hasattr(kind, "__slots__")
    assert "__hash__" in vars(kind), "a frozen class of equal values has a hash of them"


def test_nothing_can_be_changed_afterwards() -> None:
    event = TrustEnded(EAST)
    with pytest.raises(FrozenInstanceError):
        setattr(event, fields(event)[0].name, "north")


def test_a_manifest_says_nothing_more_than_it_must() -> None:
    plain = ManifestAdopted(origin=EAST, lifetime=1)
    assert (plain.departs, plain.drains, plain.silent_for) == (False, False, 0)


def test_alarms_are_labels_of_a_metric() -> None:
    assert ClusterAlarmRaised(ClusterAlarm.ALL_LOST, (EAST,), "").alarm == "all-lost"
    assert all(alarm.value.replace("-", "").isalpha() for alarm in ClusterAlarm)
