"""Signals from the first moment on: until an agent runs, and ends gracefully, it ends at once.

The first process of a container ignores each signal for which it has no handler of its own; and
before it runs an agent has told nobody anything that it would have to take back.
"""

import os
import signal


def heed_signals_early() -> None:
    """End at once on SIGTERM and SIGINT, until somebody else heeds them."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_at_once)


def _end_at_once(number: int, _: object) -> None:
    os._exit(128 + number)
