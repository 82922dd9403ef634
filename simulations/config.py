"""What a world is like before anything happens in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from failure_detect.clock import MILLISECOND, SECOND, Duration
from simulations.clocks import MemberClock
from simulations.driver import DriverConfig
from simulations.hosts import Host
from simulations.network import NetworkConfig
from simulations.randomness import generator


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldConfig:
    """A number of members in a network, and the seed of all that is random there."""

    seed: int
    """Equal seeds give equal worlds."""

    members: int
    """How many places there are, at least 1."""

    clusters: int = 1
    """Into how many clusters of adjoining members they fall; each is a group."""

    seeds: tuple[int, ...] = (0, 1, 2)
    """The members whose addresses everybody's seed list resolves to, as far as they exist."""

    clock_spread: Duration = 100_000 * SECOND
    """Members' clocks begin somewhere between 0 and this, in microseconds."""

    certificate_delay: Duration = 50 * MILLISECOND
    """How long the cluster takes to certify a higher start number, in microseconds."""

    network: NetworkConfig = field(default_factory=NetworkConfig)
    """How members reach each other."""

    driver: DriverConfig = field(default_factory=DriverConfig)
    """How processes are driven."""

    def __post_init__(self) -> None:
        if not 1 <= self.clusters <= self.members:
            raise ValueError("a cluster has at least one member")

    def places(self) -> Iterator[Host]:
        """Make the places of all members, in the order of their indexes."""
        for index in range(self.members):
            cluster = index * self.clusters // self.members
            epoch = int(generator(self.seed, "clock", index).random() * self.clock_spread)
            yield Host(index, f"cluster-{cluster}", MemberClock(epoch))
