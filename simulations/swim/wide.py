"""Bridges between clusters that are far from each other.

Durations are in microseconds.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from failure_detect.clock import MILLISECOND, SECOND
from simulations import options
from simulations.experiment import Experiment, Plan
from simulations.links import LinkQuality
from simulations.network import NetworkConfig, RoundTrips
from simulations.options import show_duration
from simulations.samples import Sample
from simulations.swim.anomalies import DeafAndMute
from simulations.swim.columns import DETECTION, FALSE, TRAFFIC
from simulations.swim.crashes import Crash
from simulations.swim.networks import Loss, Parted
from simulations.trials import Scene

_EVENTS = ("crash", "mute", "deaf", "loss", "partition")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wide(Experiment):
    """What befalls members of one cluster, over wide-area links."""

    plan: ClassVar[Plan] = Plan(
        name="wan",
        title="three bridges of each of 30 clusters, far apart",
        columns=(
            *DETECTION,
            "heal_s",
            "never_healed",
            "late_false_deaths",
            "found",
            *FALSE,
            "member_hours",
            *TRAFFIC,
        ),
        profile="wan",
        members=90,
    )

    event: str = options.choice(_EVENTS, _EVENTS, "what happens")
    clusters: int = options.count(30, "how many clusters, of equally many members")
    shortest: int = options.duration(
        20 * MILLISECOND, "the shortest round trip of two clusters", least=0
    )
    longest: int = options.duration(150 * MILLISECOND, "the longest", least=0)
    jitter: float = options.share(0.20, "by which share of it a delay varies")
    loss: float = options.share(0.005, "the share of all that is lost on every link, always")
    heavy: float = options.share(0.25, "the share that is lost besides, where the event is loss")
    duration: int = options.duration(
        60 * SECOND, "how long a partition lasts; mute, deaf and loss take 200s"
    )

    @property
    def needs(self) -> int:
        """No cluster is empty."""
        return max(4, self.clusters)

    def fault(self) -> str | None:
        """Round trips from the shortest to the longest."""
        if self.shortest <= self.longest:
            return None
        shortest, longest = show_duration(self.shortest), show_duration(self.longest)
        return f"--shortest {shortest}: must not exceed --longest {longest}"

    def run(self, scene: Scene) -> Sample:
        """Let it happen as it does elsewhere, on these links."""
        network = NetworkConfig(
            between=RoundTrips(low=self.shortest, high=self.longest, jitter=self.jitter),
            quality=LinkQuality(loss=self.loss),
        )
        return self._experiment().run(replace(scene, network=network, clusters=self.clusters))

    def _experiment(self) -> Experiment:
        match self.event:
            case "crash":
                return Crash()
            case "loss":
                return Loss(loss=self.heavy, duration=200 * SECOND)
            case "partition":
                return Parted(duration=self.duration)
            case _:
                return DeafAndMute(troubled=1, what=self.event)
