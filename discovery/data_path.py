"""Whether traffic gets through: connections to gateways or endpoints of others, a few a second.

A cluster's agents may reach us while its traffic does not: other ports, other rules, a gateway that
is down. So each bridge connects to where the traffic would go, and tells the verdicts.

Rule 1: connections are `gap` apart, whatever there is to try. Rule 2: one answer opens a path; a
refusal is an answer, since somebody sent it. Rule 3: `tries` silences in a row shut it, to as many
targets as there are: an endpoint that is dead shuts nothing while another answers. Rule 4: where
there is nothing to try, nothing is said. Rule 5: a connection of which nobody says what became of
it is no evidence.

Where the targets come from is not known here: they are drawn anew for each round.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random
from typing import NamedTuple, TypeAlias, assert_never

from discovery.data_path_config import DataPathConfig
from discovery.names import Origin
from discovery.verdict_events import DataPathReported
from failure_detect.clock import NEVER, Duration, Instant


class Target(NamedTuple):
    """Where to connect to, by TCP."""

    address: str
    """IPv4 or IPv6 in its canonical form, or the name of a host."""
    port: int


Draw: TypeAlias = Callable[[Origin, int, Random], Sequence[Target]]
"""Returns different targets of a cluster, drawn anew, so many at most; none: nothing to try."""


@dataclass(frozen=True, slots=True)
class PathWanted:
    """There is a set of `origin`: its path matters from now on."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class PathDropped:
    """There is no set of `origin` any more."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class PathTried:
    """A `ConnectRequested` ended: somebody answered, be it by a refusal, or nobody did."""

    attempt: int
    answered: bool


@dataclass(frozen=True, slots=True)
class ConnectRequested:
    """Connect, close at once, and tell `PathTried(attempt)` once, within `timeout` (us).

    Nothing is to be sent. Where this host has no way to do it (no address by that name, no socket
    left), say nothing: that is no silence of theirs.
    """

    attempt: int
    origin: Origin
    address: str
    port: int
    timeout: Duration


Event: TypeAlias = PathWanted | PathDropped | PathTried
Effect: TypeAlias = ConnectRequested | DataPathReported


@dataclass(frozen=True, slots=True)
class DataPathStatistics:
    """What was tried, and what came of it."""

    open: int
    """Clusters of which the last word was so."""
    shut: int
    unknown: int
    """Clusters of which nothing was found out yet."""
    pending: int
    tried: int
    """Connections in all."""
    silent: int
    """Of these nobody answered."""
    lost: int
    """Of these nobody said what became of them."""
    without: int
    """Rounds in which there was nothing to try."""
    ignored: int
    """Clusters beyond the limit, and answers that nothing waits for."""


@dataclass(slots=True)
class _Path:
    origin: Origin
    serial: int = 0
    """Of its entry in the list of what is due (when it is tried next or, while an attempt is under
    way, when that is given up); all others of it are void."""
    targets: list[Target] = field(default_factory=list)
    silent: int = 0
    attempt: int | None = None
    is_open: bool | None = None


class DataPath:
    """Tries the paths of all other clusters, one after the other."""

    def __init__(self, config: DataPathConfig, draw: Draw, *, rng: Random) -> None:
        """Try nothing yet; `draw` says what there is to try whenever a round begins."""
        self._config = config
        self._draw = draw
        self._rng = rng
        self._paths: dict[Origin, _Path] = {}
        self._attempts: dict[int, _Path] = {}
        self._due: list[tuple[Instant, int, _Path]] = []
        self._serial = 0
        self._free_at: Instant = -NEVER
        self._tried = self._silent = self._lost = self._without = self._ignored = 0

    # --- surface ------------------------------------------------------------------------

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact."""
        match event:
            case PathWanted(origin):
                self._want(origin, now)
            case PathDropped(origin):
                self._drop(origin)
            case PathTried(attempt, answered):
                return self._on_tried(attempt, now, answered=answered)
            case _:
                assert_never(event)
        return []

    def advance(self, now: Instant) -> list[Effect]:
        """Begin what is due, one connection at most."""
        effects: list[Effect] = []
        while self.deadline <= now:
            path = self._due[0][2]
            if path.attempt is not None:
                self._lost += 1
                del self._attempts[path.attempt]
                self._rest(path, self._config.every, now)
            else:
                effects += self._try(path, now)
        return effects

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do; `NEVER` where there is no other cluster."""
        while self._due and self._due[0][1] != self._due[0][2].serial:
            heappop(self._due)
        if not self._due:
            return NEVER
        at, _, path = self._due[0]
        return at if path.attempt is not None else max(at, self._free_at)

    def statistics(self) -> DataPathStatistics:
        """Return what was tried, and what came of it."""
        words = [path.is_open for path in self._paths.values()]
        return DataPathStatistics(
            open=words.count(True),
            shut=words.count(False),
            unknown=words.count(None),
            pending=len(self._attempts),
            tried=self._tried,
            silent=self._silent,
            lost=self._lost,
            without=self._without,
            ignored=self._ignored,
        )

    def check_invariants(self) -> None:
        """Assert that each path has one entry in the list, and each attempt its path."""
        assert len(self._paths) <= self._config.origins_max
        valid = [path for _, serial, path in self._due if serial == path.serial]
        assert sorted(path.origin for path in valid) == sorted(self._paths)
        for attempt, path in self._attempts.items():
            assert path.attempt == attempt
            assert self._paths[path.origin] is path
        assert len(self._attempts) == sum(p.attempt is not None for p in self._paths.values())
        assert all(path.silent < self._config.tries for path in self._paths.values())

    # --- inside -------------------------------------------------------------------------

    def _want(self, origin: Origin, now: Instant) -> None:
        if origin in self._paths:
            return
        if len(self._paths) >= self._config.origins_max:
            self._ignored += 1
            return
        path = self._paths[origin] = _Path(origin)
        # Those that come together are not tried together for ever.
        self._schedule(path, now + int(self._rng.random() * self._config.again))

    def _drop(self, origin: Origin) -> None:
        path = self._paths.pop(origin, None)
        if path is None:
            return
        path.serial = 0
        if path.attempt is not None:
            del self._attempts[path.attempt]

    def _try(self, path: _Path, now: Instant) -> list[Effect]:
        config = self._config
        if not path.targets:
            path.targets = list(self._draw(path.origin, config.tries, self._rng))
        if not path.targets:
            self._without += 1
            self._rest(path, config.every, now)
            return []
        target = path.targets.pop(0)
        self._tried += 1
        path.attempt = self._tried
        self._attempts[path.attempt] = path
        self._free_at = now + config.gap
        self._schedule(path, now + 2 * config.timeout)
        return [
            ConnectRequested(path.attempt, path.origin, target.address, target.port, config.timeout)
        ]

    def _on_tried(self, attempt: int, now: Instant, *, answered: bool) -> list[Effect]:
        path = self._attempts.pop(attempt, None)
        if path is None:
            self._ignored += 1
            return []
        path.attempt = None
        if not answered:
            self._silent += 1
            path.silent += 1
            if path.silent < self._config.tries:
                self._schedule(path, now)
                return []
        path.is_open = answered
        self._rest(path, self._config.every if answered else self._config.again, now)
        return [DataPathReported(path.origin, answered)]

    def _rest(self, path: _Path, pause: Duration, now: Instant) -> None:
        """End a round; the next one begins after a pause, by a quarter longer or shorter."""
        path.targets, path.silent, path.attempt = [], 0, None
        self._schedule(path, now + int(pause * (0.75 + self._rng.random() / 2)))

    def _schedule(self, path: _Path, at: Instant) -> None:
        self._serial += 1
        path.serial = self._serial
        heappush(self._due, (at, self._serial, path))
