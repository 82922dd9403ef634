"""One run of an experiment: a world that has come to rest, a ledger, and what was sent since.

Rule 1: a run begins quiet, and nothing of that is counted. Rule 2: instants at which something
befalls a member are drawn uniformly over whole probe periods, so that they favour none.
Rule 3: a run of our own detector that breaks a rule of the referees fails.
"""

from collections import Counter
from dataclasses import dataclass, field

from failure_detect.clock import SECOND, Duration, Instant
from simulations.checking import Checkers
from simulations.config import WorldConfig
from simulations.faults import kind_of
from simulations.flavours import Ours, Setting, cast_of
from simulations.ledger import Ledger
from simulations.meter import Meter, NoMeter
from simulations.network import NetworkConfig
from simulations.referees import referees
from simulations.samples import Sample
from simulations.truth import VacuityError
from simulations.world import World

QUIET: Duration = 12 * SECOND
"""How long a world rests before anything happens in it."""

_JITTER_PERIODS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a run needs besides its experiment.

    An experiment whose options say how large it is, or how far apart, replaces what is said here.
    """

    seed: int
    members: int = 0
    """How many there are; 0 where the options of the experiment say it."""
    setting: Setting = field(default_factory=Setting)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    clusters: int = 1
    """Into how many clusters the members fall, equally."""
    meter: Meter = field(default_factory=NoMeter)
    """What measures the process that runs it, for an experiment with our own code."""


class Trial:
    """A world under way."""

    def __init__(self, scene: Scene, seeds: tuple[int, ...] = (0, 1, 2)) -> None:
        """Prepare a world in which nothing runs yet and everybody who starts asks `seeds`."""
        cast = cast_of(scene.setting)
        config = WorldConfig(
            seed=scene.seed,
            members=scene.members,
            clusters=scene.clusters,
            network=scene.network,
            seeds=seeds,
        )
        self.world: World = cast.world(config)
        self.ledger = Ledger()
        self.jitter: Duration = _JITTER_PERIODS * cast.probe_interval
        """Over how long (us) instants are spread."""
        self.referees: Checkers | None = None
        """Who watches; None in a world that is not ours, or too large."""
        if isinstance(cast, Ours):
            self.referees = referees(self.world, cast.config)
        self._cast = cast
        self._began: Instant = 0
        self._before = self.world.total_traffic()

    def warm(self, troubled: int, quiet: Duration) -> None:
        """Start all so that they know each other, and rest; so many of them will be troubled.

        Who they are is drawn from the seed; `Ledger.troubled` says it.
        """
        self._cast.start(self.world)
        self.world.observe(self.ledger)
        self.ledger.troubled = frozenset(self.choose(troubled, list(self.world.members)))
        self.run(quiet + self.draw(self.jitter))
        self.count_from_here()

    def count_from_here(self) -> None:
        """Count what is sent from now on."""
        self._began = self.world.now
        self._before = self.world.total_traffic()

    def run(self, lasting: Duration) -> None:
        """Let so much time pass (us)."""
        self.world.run_until(self.world.now + lasting)

    def wait_until_known(self, limit: Duration) -> None:
        """Let time pass until every failure is known to every healthy member, or `limit` (us)."""
        ledger, world = self.ledger, self.world
        world.run_until_true(lambda: ledger.all_is_known, world.now + limit)

    def draw(self, below: Duration) -> Duration:
        """Draw a duration of 0 to `below` (us) from the world's own generator of events."""
        return int(self.world.rng.random() * below)

    def choose(self, count: int, among: list[int]) -> tuple[int, ...]:
        """Choose so many different members at random."""
        left = list(among)
        return tuple(left.pop(int(self.world.rng.random() * len(left))) for _ in range(count))

    def finish(self) -> Sample:
        """Return false positives and traffic since all was quiet.

        Raises VacuityError where something was done to the world and made no difference, and
        ViolationsFoundError where a referee objects.
        """
        check_vacuity(self.world)
        if self.referees is not None:
            self.referees.require_clean()
        sample, deaths = Sample(), self.ledger.false_deaths
        sample.count("simulated_us", self.world.now)
        sample.count("false_positives", len(deaths))
        sample.count("false_positives_at_healthy", sum(d.is_at_healthy for d in deaths))
        self._count_traffic(sample)
        return sample

    def finish_with_detection(self) -> Sample:
        """Return all of that, and how soon failures were known, and how many never."""
        sample, failures = self.finish(), self.ledger.failures
        for failure in failures:
            if failure.first is not None:
                sample.add("first_detection", failure.first - failure.at)
            if failure.last is not None and not failure.pending:
                sample.add("full_detection", failure.last - failure.at)
        sample.count("failures", len(failures))
        sample.count("missed", sum(bool(failure.pending) for failure in failures))
        return sample

    def _count_traffic(self, sample: Sample) -> None:
        world, before, after = self.world, self._before, self.world.total_traffic()
        gone = [failure for failure in self.ledger.failures if not world.is_up(failure.subject)]
        down = sum(world.now - failure.at for failure in gone)
        lasted = world.now - self._began
        sample.count("member_us", lasted * len(world.members) - down)
        sample.count("datagrams", after.datagrams_sent - before.datagrams_sent)
        sample.count("datagram_bytes", after.datagram_bytes_sent - before.datagram_bytes_sent)
        sample.count("stream_bytes", after.stream_bytes_sent - before.stream_bytes_sent)
        streams = after.requests_sent + after.responses_sent
        sample.count("streams", streams - before.requests_sent - before.responses_sent)


def check_vacuity(world: World) -> None:
    """Raise VacuityError where something that was done, however often, made no difference.

    One of many short blocks may well find nobody with anything to send; not all of them.
    """
    done = Counter(kind_of(strike.fault) for strike in world.strikes)
    idle = Counter(world.idle_knobs())
    vain = [knob for knob, times in idle.items() if times >= done[knob.partition(".")[0]]]
    if vain:
        raise VacuityError(f"without any effect: {', '.join(vain)}")


def rested(scene: Scene, troubled: int = 0, *, quiet: Duration = QUIET) -> Trial:
    """Return a trial in which all know each other and have rested; so many will be troubled."""
    # No seeds yet: whoever starts and knows nobody asks them at once, and all would.
    trial = Trial(scene, seeds=())
    trial.warm(troubled, quiet)
    return trial
