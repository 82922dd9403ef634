"""Quantiles, and the exact interval of a count."""

import pytest

from simulations.counting import poisson_interval, quantile


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 3.0), (0.75, 4.0), (0.9, 4.6), (1.0, 5.0)]
)
def test_a_quantile_lies_between_its_neighbours(share: float, expected: float) -> None:
    assert quantile([1.0, 2.0, 3.0, 4.0, 5.0], share) == pytest.approx(expected)


def test_all_quantiles_of_one_value_are_that_value() -> None:
    assert [quantile([7.0], share) for share in (0.0, 0.5, 0.999, 1.0)] == [7.0] * 4


# From the chi-squared distribution: 0.5 chi2(0.025, 2k) and 0.5 chi2(0.975, 2k + 2).
@pytest.mark.parametrize(
    ("count", "low", "high"),
    [(0, 0.0, 3.6889), (1, 0.0253, 5.5716), (2, 0.2422, 7.2247), (10, 4.7954, 18.3904)],
)
def test_the_interval_is_the_exact_one(count: int, low: float, high: float) -> None:
    assert poisson_interval(count) == pytest.approx((low, high), abs=1e-4)


def test_a_large_count_is_nearly_normal() -> None:
    low, high = poisson_interval(10_000)
    assert (low, high) == pytest.approx((10_000 - 196, 10_000 + 198), abs=3)


def test_more_confidence_makes_it_wider() -> None:
    narrow, wide = poisson_interval(5, 0.8), poisson_interval(5, 0.99)
    assert wide[0] < narrow[0] < 5 < narrow[1] < wide[1]
