"""How a drain takes weight away, at exact instants."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.names import Origin, ServiceName
from discovery.ramps import DRAIN_STEPS, FULL_WEIGHT, Acks, DrainSeen, Ramp, is_acknowledged
from discovery.records import AckRecord, DrainRecord
from failure_detect.clock import NEVER, SECOND


def ramp(ramp_s: int, received: int = 0, name: str = "d1") -> Ramp:
    return Ramp(DrainRecord(drain=name, started_at_ms=5, ramp_s=ramp_s), received)


@pytest.mark.parametrize(
    ("at", "weight"),
    [
        (0, 1_000),
        (1_499_999, 1_000),
        (1_500_000, 950),
        (2_999_999, 950),
        (3_000_000, 900),
        (15 * SECOND, 500),
        (28_500_000, 50),
        (29_999_999, 50),
        (30 * SECOND, 0),
        (31 * SECOND, 0),
    ],
)
def test_thirty_seconds_are_twenty_steps_from_receipt(at: int, weight: int) -> None:
    assert ramp(30).weight(at) == weight
    assert ramp(30, received=7).weight(at + 7) == weight


def test_a_ramp_of_no_length_leaves_nothing_at_once() -> None:
    assert ramp(0).weight(0) == 0
    assert ramp(0).next_step(0) == NEVER


@given(st.integers(0, 86_400), st.integers(0, 1 << 50))
def test_steps_are_twenty_and_each_takes_off_as_much(ramp_s: int, received: int) -> None:
    drain, at, weights = ramp(ramp_s, received), received, []
    while at < NEVER:
        weights.append(drain.weight(at))
        following = drain.next_step(at)
        if following < NEVER:
            assert drain.weight(following - 1) == weights[-1]
        at = following
    assert weights[-1] == 0
    assert weights[0] == (FULL_WEIGHT if ramp_s else 0)
    assert all(before - after == 50 for before, after in pairwise(weights))
    assert len(weights) == (DRAIN_STEPS + 1 if ramp_s else 1)


def test_a_clock_before_the_receipt_leaves_everything() -> None:
    assert ramp(30, received=10).weight(5) == FULL_WEIGHT


def test_a_newer_record_of_the_same_drain_goes_on_and_another_drain_begins() -> None:
    slower = DrainRecord(drain="d1", started_at_ms=9, ramp_s=60)
    assert ramp(30).succeeded_by(slower, 15 * SECOND) == Ramp(slower, 0)
    other = DrainRecord(drain="d2", started_at_ms=9, ramp_s=60)
    assert ramp(30).succeeded_by(other, 15 * SECOND) == Ramp(other, 15 * SECOND)


def test_a_drain_is_acknowledged_by_its_name_whole_or_of_one_service() -> None:
    b, shop, cart = Origin("b"), ServiceName("shop", "checkout"), ServiceName("shop", "cart")
    mine, other = AckRecord(drain="d1"), AckRecord(drain="d2")
    cases: tuple[tuple[Acks, bool, bool], ...] = (
        ({}, False, False),
        ({(b, None): mine}, True, True),
        ({(b, shop): mine}, False, True),
        ({(b, cart): mine}, False, False),
        ({(Origin("c"), None): mine}, False, False),
        ({(b, None): AckRecord(drain="d1", done=False)}, False, False),
        ({(b, None): other, (b, shop): mine}, False, True),
        ({(b, None): mine, (b, shop): other}, True, True),
    )
    for acks, whole, of_shop in cases:
        assert is_acknowledged(ramp(30), b, None, acks) is whole
        assert is_acknowledged(ramp(30), b, shop, acks) is of_shop


def test_a_drain_is_obeyed_once_nobody_sends_to_it() -> None:
    seen = DrainSeen(Origin("b"), None, "d1", 0, 30, 0, ())
    assert seen.is_obeyed
    assert not DrainSeen(Origin("b"), None, "d1", 0, 30, 50, ()).is_obeyed
