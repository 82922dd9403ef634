"""How often and for how long a cluster signs, and what it takes for a fault: each with its trade.

All faults are raised together, each with its path (`$.publisher.relist: must be positive`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from discovery.guard_rules import GuardConfig
from discovery.manifest import AUDIENCE_MAX, DEFAULT_LIFETIME_S, LIFETIME_S_MAX
from failure_detect.clock import MILLISECOND, SECOND, Duration
from failure_detect.validation import ConfigError

AUDIENCE_BYTES_MAX = 512
"""Of a manifest, that the names and patterns of its audience may take together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublisherConfig:
    """What a publisher can be told. Durations are microseconds, where the name has no unit."""

    min_interval: Duration = 200 * MILLISECOND
    """Least pause between two versions; the first change after a quiet one goes at once. A rollout
    of t seconds makes at most 1 + t / min_interval versions, and each change waits at most so
    long. Lower is fresher and costs every bridge of every cluster a rumour more."""

    lifetime_s: int = DEFAULT_LIFETIME_S
    """How long a manifest is fresh, in seconds. A third of it is how often a quiet cluster signs
    anew; importers warn when a living cluster did not for all of it."""

    audience: tuple[str, ...] = ()
    """Clusters, or patterns with *, that may see the set; none: whoever trusts us."""

    records: int = 65_536
    """Most records; more than peers take would be refused by them whole, so it is here."""

    size_bytes: int = 64 << 20
    """Most bytes of all records, keys included; as `records`."""

    relist: Duration = 10 * SECOND
    """How often a fresh list is asked for again while none has confirmed what the guard holds."""

    epoch_interval: Duration = 5 * SECOND
    """Least pause between two epochs that are taken only because another's set was above ours; it
    doubles each time that this happens again, seven times at most: two clones that outdo each other
    cost the fleet a version each in that time."""

    clock_tolerance_ms: int = 60_000
    """By how much the wall clock may be behind what was signed, or step, before it is an alarm."""

    clock_ahead_ms: int = 30 * 86_400_000
    """How far the wall clock may be ahead of the last signature before it is an alarm: longer than
    a cluster is ever switched off."""

    guard: GuardConfig = field(default_factory=GuardConfig)
    """What is too much to vanish at once; faults of its own are raised where it is made."""

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid publisher configuration", found)

    @property
    def resign(self) -> Duration:
        """How long after a signature the set is signed anew: a third of its lifetime."""
        return self.lifetime_s * SECOND // 3


def _faults(config: PublisherConfig) -> Iterator[ConfigError]:
    wrong = list(_number_faults(config))
    yield from wrong
    if len(config.audience) > AUDIENCE_MAX:
        yield ConfigError("$.publisher.audience", f"must have at most {AUDIENCE_MAX} patterns")
    if sum(len(each.encode(errors="replace")) + 2 for each in config.audience) > AUDIENCE_BYTES_MAX:
        yield ConfigError("$.publisher.audience", f"must have at most {AUDIENCE_BYTES_MAX} bytes")
    if wrong:
        return
    if config.lifetime_s > LIFETIME_S_MAX:
        yield ConfigError("$.publisher.lifetime_s", f"must be at most {LIFETIME_S_MAX}")
    if config.min_interval >= config.resign:
        yield ConfigError("$.publisher.min_interval", "must be below a third of the lifetime")


def _number_faults(config: PublisherConfig) -> Iterator[ConfigError]:
    for each in fields(config):
        value: object = getattr(config, each.name)
        if each.name in ("audience", "guard"):
            continue
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 1 << 53:
            yield ConfigError(f"$.publisher.{each.name}", f"must be 1 or more, is {value!r}")
