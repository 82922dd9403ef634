"""Randomness without a shared generator: every concern has its own, named after it.

A generator is derived from the seed and a name, so that one more fault, link or member
leaves the draws of all others as they were. Links draw from `mix`, a few bytes of state
each: a thousand members have a million links.
"""

from hashlib import blake2b
from math import frexp
from random import Random

MASK = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
"""The step of the splitmix64 sequence: a state plus k steps, mixed, is its k-th word."""

_LN2 = 0.6931471805599453


def derive(seed: int, *names: str | int) -> int:
    """Return 64 bits that depend on `seed` and on every one of `names`."""
    text = "\0".join(map(str, (seed, *names)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def generator(seed: int, *names: str | int) -> Random:
    """Return the generator of one concern."""
    return Random(derive(seed, *names))


def mix(state: int) -> int:
    """Return the 64 random bits that belong to `state` (the output function of splitmix64)."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def exponential(word: int) -> float:
    """Turn 64 random bits into an exponentially distributed number of mean 1.

    Only additions, multiplications and divisions: the mathematical libraries of two
    machines may differ in the last bit of a logarithm, and a trace must not.
    """
    mantissa, exponent = frexp(((word >> 11) + 1) / (1 << 53))
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square = ratio * ratio
    series = 0.0
    for odd in range(19, 0, -2):
        series = series * square + 1.0 / odd
    return -(2.0 * ratio * series + exponent * _LN2)
