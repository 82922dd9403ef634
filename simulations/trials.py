"""One run of an experiment: a world that has come to rest, a ledger, and what was sent since.

Rule 1: a run begins quiet, and nothing of that is counted. Rule 2: instants at which something
befalls a member are drawn uniformly over several probe periods, so that they favour none.
"""

from copy import copy
from dataclasses import dataclass, field

from failure_detect.clock import SECOND, Duration, Instant
from simulations.config import WorldConfig
from simulations.flavours import Setting, cold_world, warm_world
from simulations.ledger import Ledger
from simulations.network import NetworkConfig
from simulations.samples import Sample
from simulations.world import World

QUIET: Duration = 12 * SECOND
"""How long a world rests before anything happens in it."""

JITTER: Duration = 4 * SECOND
"""Over how long the instants of events are spread: whole probe periods of all that run here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a run needs besides its experiment."""

    seed: int
    members: int
    setting: Setting = field(default_factory=Setting)


class Trial:
    """A world under way."""

    def __init__(self, world: World, troubled: frozenset[int] = frozenset()) -> None:
        """Watch `world` from now on; something will befall `troubled`."""
        self.world = world
        self.ledger = Ledger(troubled)
        world.observe(self.ledger)
        self._began: Instant = 0
        self._before = copy(world.total_traffic())

    def quiet(self, lasting: Duration = QUIET) -> None:
        """Let the world rest for so long (us), and count what is sent from then on."""
        self.run(lasting + self.draw(JITTER))
        self._began = self.world.now
        self._before = self.world.total_traffic()

    def run(self, lasting: Duration) -> None:
        """Let so much time pass (us)."""
        self.world.run_until(self.world.now + lasting)

    def draw(self, below: Duration) -> Duration:
        """Draw a duration of 0 to `below` (us) from the world's own generator of events."""
        return int(self.world.rng.random() * below)

    def choose(self, count: int, among: list[int]) -> tuple[int, ...]:
        """Choose so many different members at random."""
        left = list(among)
        return tuple(left.pop(int(self.world.rng.random() * len(left))) for _ in range(count))

    def sample(self) -> Sample:
        """Return what the ledger and the counters have come to since all was quiet.

        Raises VacuityError where something was done to the world and made no difference.
        """
        self.world.check_vacuity()
        ledger, sample = self.ledger, Sample()
        for failure in ledger.failures:
            if failure.first is not None:
                sample.add("first_detection", failure.first - failure.at)
            if failure.last is not None and not failure.pending:
                sample.add("full_detection", failure.last - failure.at)
        if ledger.failures:
            sample.count("failures", len(ledger.failures))
            sample.count("missed", sum(bool(f.pending) for f in ledger.failures))
        at_healthy = sum(death.is_at_healthy for death in ledger.false_deaths)
        sample.count("false_positives", len(ledger.false_deaths))
        sample.count("false_positives_at_healthy", at_healthy)
        self._count_traffic(sample)
        return sample

    def _count_traffic(self, sample: Sample) -> None:
        world, before = self.world, self._before
        after = world.total_traffic()
        lasted = world.now - self._began
        gone = [f for f in self.ledger.failures if not world.is_up(f.subject)]
        down = sum(world.now - failure.at for failure in gone)
        sample.count("member_us", lasted * len(world.members) - down)
        sample.count("datagrams", after.datagrams_sent - before.datagrams_sent)
        sample.count("datagram_bytes", after.datagram_bytes_sent - before.datagram_bytes_sent)
        sample.count("stream_bytes", after.stream_bytes_sent - before.stream_bytes_sent)
        streams = after.requests_sent + after.responses_sent
        sample.count("streams", streams - before.requests_sent - before.responses_sent)


def rested(
    scene: Scene,
    troubled: int = 0,
    *,
    network: NetworkConfig | None = None,
    clusters: int = 1,
    quiet: Duration = QUIET,
) -> Trial:
    """Return a trial in which all know each other and have rested; so many will be troubled.

    Who they are is drawn from the seed; `Ledger.troubled` says it.
    """
    config = WorldConfig(
        seed=scene.seed,
        members=scene.members,
        clusters=clusters,
        network=network or NetworkConfig(),
    )
    trial = Trial(warm_world(config, scene.setting))
    chosen = trial.choose(troubled, list(trial.world.members))
    trial.ledger.troubled = frozenset(chosen)
    trial.quiet(quiet)
    return trial


def empty(scene: Scene, network: NetworkConfig, seeds: tuple[int, ...]) -> Trial:
    """Return a trial in which nothing runs yet."""
    config = WorldConfig(seed=scene.seed, members=scene.members, network=network, seeds=seeds)
    return Trial(cold_world(config, scene.setting))
