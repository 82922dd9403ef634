"""What the kernel says of a process: of this one, which has done something by now."""

import os

from simulations.agents.proc import cpu_us, resident_bytes


def test_a_process_takes_time_and_memory() -> None:
    assert cpu_us(os.getpid()) > 0
    assert resident_bytes(os.getpid()) > 1 << 20
