"""The estimate follows RFC 6298, in whole microseconds."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failure_detect.rtt import RoundTrip

SAMPLES = st.lists(st.integers(0, 10_000_000), min_size=1, max_size=60)


def estimate(samples: list[int]) -> RoundTrip:
    trip = RoundTrip(samples[0])
    for sample in samples[1:]:
        trip.observe(sample)
    return trip


@pytest.mark.parametrize(
    ("samples", "smoothed", "variation"),
    [
        ([800], 800, 400),  # RFC 6298, 2.2: SRTT = R, RTTVAR = R / 2.
        ([800, 800], 800, 300),  # 2.3: RTTVAR = 3/4 RTTVAR + 1/4 |SRTT - R'|.
        ([800, 1_600], 900, 500),  # SRTT = 7/8 SRTT + 1/8 R', after RTTVAR.
        ([800, 0], 700, 500),
        ([0], 0, 0),
        ([0, 0, 0], 0, 0),
    ],
)
def test_the_estimate_has_the_values_of_the_standard(
    samples: list[int], smoothed: int, variation: int
) -> None:
    trip = estimate(samples)
    assert (trip.smoothed, trip.variation) == (smoothed, variation)


@given(SAMPLES)
def test_the_estimate_stays_by_its_rounding_below_the_exact_one(samples: list[int]) -> None:
    trip = estimate(samples)
    smoothed, variation = Fraction(samples[0]), Fraction(samples[0], 2)
    for sample in samples[1:]:
        variation = Fraction(3, 4) * variation + Fraction(1, 4) * abs(smoothed - sample)
        smoothed = Fraction(7, 8) * smoothed + Fraction(1, 8) * sample
    assert 0 <= smoothed - trip.smoothed <= 8  # 1 / (1/8) steps of less than 1.
    assert abs(variation - trip.variation) <= 12  # (1 + 8/4) / (1/4).


@given(SAMPLES)
def test_the_estimate_stays_within_what_was_seen(samples: list[int]) -> None:
    trip = estimate(samples)
    assert min(samples) <= trip.smoothed <= max(samples)
    assert 0 <= trip.variation <= max(samples)


def test_a_steady_round_trip_is_learnt() -> None:
    trip = estimate([1_000_000, *[2_000] * 200])
    assert 2_000 <= trip.smoothed <= 2_008
    assert trip.variation <= 8


@pytest.mark.parametrize(
    ("sample", "timeout"),
    [
        (100, 1_000),  # 100 + 4 x 50 lies below the least.
        (500, 1_500),
        (1_000, 3_000),
        (1_001, 3_000),
        (9_999, 3_000),
    ],
)
def test_the_timeout_is_smoothed_and_four_variations_within_its_bounds(
    sample: int, timeout: int
) -> None:
    assert RoundTrip(sample).timeout(1_000, 3_000) == timeout
