"""The one place from which randomness enters a running agent."""

import os
from random import Random


def secret(count: int) -> bytes:
    """Return so many bytes that nobody can guess: for keys, cookies and challenges."""
    return os.urandom(count)


def dice() -> Random:
    """Return a generator of its own for each concern; it makes no secrets."""
    return Random(int.from_bytes(os.urandom(16)))
