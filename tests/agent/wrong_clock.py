"""`python -m tests.agent.wrong_clock agent ...`: the program on a machine whose clock is wrong.

The environment variable `WRONG_BY_S` says by how many seconds. This is what libfaketime does, for
the one call by which the program reads the wall clock; the monotonic clocks go on as they are.
"""

import os
import time

from agent.__main__ import main

WRONG_BY_NS = int(os.environ["WRONG_BY_S"]) * 1_000_000_000
_right = time.time_ns  # noqa: TID251  this is the machine's clock


def wrong() -> int:
    """Return what the wrong clock shows (ns since 1970)."""
    return _right() + WRONG_BY_NS


if __name__ == "__main__":
    setattr(time, "time_ns", wrong)  # noqa: B010  a module's own function, not an attribute of ours
    main()
