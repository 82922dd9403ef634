"""Wide-area links between clusters, as options that the experiments of this family share.

Durations are in microseconds.
"""

from dataclasses import dataclass

from failure_detect.clock import MILLISECOND
from simulations import options
from simulations.bandwidth import MEGABIT
from simulations.experiment import Experiment
from simulations.links import LinkQuality
from simulations.network import NetworkConfig, RoundTrips

_FIRST_WINDOW = 10
"""Segments (RFC 6928)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WideExperiment(Experiment):
    """An experiment whose clusters are far from each other; its own options come after these."""

    shortest: int = options.duration(20 * MILLISECOND, "the shortest round trip of two clusters")
    longest: int = options.duration(150 * MILLISECOND, "the longest")
    jitter: float = options.share(0.20, "by which share of it a delay varies")
    loss: float = options.share(0.005, "the share of all that is lost on every link, always")
    megabits: int = options.count(100, "what each access link lets through a second, each way")

    def fault(self) -> str | None:
        """Say that the shortest round trip is longer than the longest, where it is."""
        if self.shortest <= self.longest:
            return None
        longest = options.show_duration(self.longest)
        return f"--shortest {options.show_duration(self.shortest)}: the longest is {longest}"

    def network(self, slow: tuple[int, ...] = (), bits_per_s: int | None = None) -> NetworkConfig:
        """Return the links of these options.

        The members `slow` have access links of `bits_per_s` instead; None is no limit.
        """
        return NetworkConfig(
            between=RoundTrips(low=self.shortest, high=self.longest, jitter=self.jitter),
            quality=LinkQuality(loss=self.loss),
            bandwidth=self.megabits * MEGABIT,
            bandwidths=tuple((member, bits_per_s) for member in slow),
            first_window=_FIRST_WINDOW,
        )
