"""What a run may ask of the machine that it runs on: processor time and memory, and nothing else.

An experiment that measures our own code, and not a world, is handed a meter; all others never look.
"""

import time
from pathlib import Path
from typing import Protocol


class Meter(Protocol):
    """Measures the process that asks."""

    def processor_us(self) -> int:
        """Return the processor time of this process so far, microseconds."""
        ...

    def resident_bytes(self) -> int:
        """Return the memory of this process that is resident now, bytes; 0 where unknown."""
        ...


class ProcessMeter:
    """The real one: the clock of this process, and what Linux says of its memory."""

    def processor_us(self) -> int:
        """Return the processor time of this process so far, microseconds."""
        return time.process_time_ns() // 1_000

    def resident_bytes(self) -> int:
        """Return the memory of this process that is resident now, bytes; 0 where unknown."""
        status = Path("/proc/self/status")
        if not status.exists():
            return 0
        for line in status.read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1_024
        return 0


class NoMeter:
    """Measures nothing: for whoever only wants to see that an experiment runs."""

    def processor_us(self) -> int:
        """Return 0."""
        return 0

    def resident_bytes(self) -> int:
        """Return 0."""
        return 0
