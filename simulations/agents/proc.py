"""What the kernel says of other processes of this machine."""

import psutil

from failure_detect.clock import SECOND


def cpu_us(pid: int) -> int:
    """Return the processor time that a process has taken so far, microseconds."""
    times = psutil.Process(pid).cpu_times()
    return round((times.user + times.system) * SECOND)


def resident_bytes(pid: int) -> int:
    """Return the memory of a process that is resident now, bytes."""
    return psutil.Process(pid).memory_info().rss
