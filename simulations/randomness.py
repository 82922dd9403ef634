"""Randomness without a shared generator: every concern has its own, named after it.

A generator is derived from the seed and a name, so that one more fault, link or member
leaves the draws of all others as they were. Links draw from a linear congruential
generator of 64 bits, for a thousand members have a million links: its state is eight bytes,
a step is one multiplication, and its high bits, the only ones in use, are as good as needed.
"""

from hashlib import blake2b
from math import frexp
from random import Random

MASK = (1 << 64) - 1
FACTOR = 0x5851F42D4C957F2D
ADDEND = 0x14057B7EF767814F
"""`(state * FACTOR + ADDEND) & MASK` is a link's next state; the high bits are the draw."""

_LN2 = 0.6931471805599453


def derive(seed: int, *names: str | int) -> int:
    """Return 64 bits that depend on `seed` and on every one of `names`."""
    text = "\0".join(map(str, (seed, *names)))
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


def generator(seed: int, *names: str | int) -> Random:
    """Return the generator of one concern."""
    return Random(derive(seed, *names))


def mix(state: int) -> int:
    """Return 64 more random bits that belong to `state` (the output function of splitmix64)."""
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def exponential(word: int) -> float:
    """Turn 64 random bits into an exponentially distributed number of mean 1.

    Only additions, multiplications and divisions: the mathematical libraries of two
    machines may differ in the last bit of a logarithm, and a trace must not.
    """
    mantissa, exponent = frexp(((word >> 11) + 1) / (1 << 53))
    if mantissa < 0.7:  # Around 1, where the series is shortest, and exact at 1.
        mantissa, exponent = 2.0 * mantissa, exponent - 1
    ratio = (mantissa - 1.0) / (mantissa + 1.0)
    square = ratio * ratio
    series = 0.0
    for odd in range(19, 0, -2):
        series = series * square + 1.0 / odd
    return -(2.0 * ratio * series + exponent * _LN2)


def flipped(data: bytes, word: int) -> bytes:
    """Return `data` with one to four bits flipped, chosen by the random bits of `word`."""
    damaged = bytearray(data)
    for _ in range(1 + word % 4 if data else 0):
        word = mix(word + ADDEND)
        damaged[(word >> 8) % len(damaged)] ^= 1 << (word & 7)
    return bytes(damaged)
