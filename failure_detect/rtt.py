"""Round-trip estimate of one peer (RFC 6298, in integer microseconds)."""

from failure_detect.clock import Duration


class RoundTrip:
    """Smoothed round trip and its variation, from answers to our own direct probes."""

    __slots__ = ("smoothed", "variation")

    def __init__(self, sample: Duration) -> None:
        """Start from the first `sample`."""
        self.smoothed: Duration = sample
        self.variation: Duration = sample // 2

    def observe(self, sample: Duration) -> None:
        """Take in one more `sample` (gains 1/8 and 1/4)."""
        self.variation += (abs(self.smoothed - sample) - self.variation) // 4
        self.smoothed += (sample - self.smoothed) // 8

    def timeout(self, least: Duration, most: Duration) -> Duration:
        """Return smoothed + 4 variation, within `least` and `most`."""
        return max(least, min(most, self.smoothed + 4 * self.variation))
