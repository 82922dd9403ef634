"""Quantiles, and how far a count can be trusted."""

from collections.abc import Callable, Sequence
from math import exp, lgamma, log, sqrt

_STEPS = 60
_FAR = 10


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the quantile of values in rising order, interpolated between neighbours.

    `share` is 0 for the least, 0.5 for the median, 1 for the greatest.
    """
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def poisson_interval(count: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return the exact interval (Garwood 1936) of the mean behind a count of rare events."""
    tail = (1.0 - confidence) / 2.0
    low = 0.0
    if count:
        low = _solve(lambda mean: 1.0 - _at_most(count - 1, mean) - tail, count)
    high = _solve(lambda mean: tail - _at_most(count, mean), count + 1)
    return low, high


def _at_most(count: int, mean: float) -> float:
    """Return the probability of at most `count` events where `mean` are expected."""
    if mean <= 0.0:
        return 1.0
    # What lies this far below the mean has no weight, and a large count has very many terms.
    number = max(0, int(min(count, mean) - _FAR * sqrt(mean)))
    term = number * log(mean) - mean - lgamma(number + 1)
    total = exp(term)
    while number < count:
        number += 1
        term += log(mean / number)
        total += exp(term)
    return min(total, 1.0)


def _solve(rising: Callable[[float], float], near: float) -> float:
    """Return where a rising function crosses zero."""
    low, high = 0.0, max(near, 1.0)
    while rising(high) < 0.0:
        low, high = high, 2.0 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        if rising(middle) < 0.0:
            low = middle
        else:
            high = middle
    return (low + high) / 2.0
