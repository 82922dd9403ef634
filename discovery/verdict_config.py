"""What of a verdict can be tuned, each number with what it trades."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from failure_detect.clock import MILLISECOND, MINUTE, SECOND, Duration
from failure_detect.validation import ConfigError


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictConfig:
    """How long evidence must last before it counts, and what bridges tell each other."""

    hold_down: Duration = 2 * SECOND
    """Dead, out of reach or shut for so long: last tier. It comes on top of the detector's own
    time; shorter fails over sooner and follows every hiccup of a link."""

    grace: Duration = 2 * MINUTE
    """The same where all bridges left in peace (they are being upgraded), or where none was seen
    since we started. Longer rides out slower upgrades."""

    better: Duration = 5 * SECOND
    """Alive, in reach and open for so long: better again. Must not be below `hold_down`."""

    better_max: Duration = 5 * MINUTE
    """`better` doubles with each relapse, up to this."""

    forgive: Duration = 10 * MINUTE
    """A relapse later than this is none."""

    retention: Duration = 24 * 60 * MINUTE
    """Unreachable for so long, without any isolation of ours: removed. The one removal on
    silence; longer keeps the last tier of a cluster that nobody said farewell for."""

    together: Duration = 1 * MINUTE
    """Two or more clusters, all that there are, lost within this: presumed to be our loss, and
    none of them expires. Above the detector's slowest verdict."""

    revoked_hold: Duration = 15 * MINUTE
    """How long the set of a revoked key waits in the last tier for its successor's manifest.
    Shorter ends a thief's influence sooner, longer survives a slower rotation."""

    path_fresh: Duration = 90 * SECOND
    """How long a data path that was found open outweighs another bridge that finds it shut."""

    report_gap: Duration = 200 * MILLISECOND
    """Least pause between two reports to the other bridges."""

    report_every: Duration = 5 * SECOND
    """An unchanged report is repeated so often, in a few bytes."""

    report_full: Duration = 30 * SECOND
    """And in full so often, for who missed it."""

    report_fresh: Duration = 16 * SECOND
    """A bridge that said nothing for so long is no witness. Above three times `report_every`."""

    origins_max: int = 1_024
    """Origins that are judged; more are ignored, and counted."""

    members_max: int = 4_096
    """Bridges of all origins that are followed; of more, the dead are dropped first."""

    bridges_max: int = 16
    """Other bridges of our own cluster that are heard."""

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid configuration of verdicts", found)


def _faults(config: VerdictConfig) -> Iterator[ConfigError]:
    numbers_are_good = True
    for each in fields(config):
        value: object = getattr(config, each.name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 1 << 53:
            numbers_are_good = False
            yield ConfigError(f"$.verdicts.{each.name}", f"must be 1 or more, is {value!r}")
    if not numbers_are_good:
        return
    for low, high in (
        ("hold_down", "grace"),
        ("hold_down", "better"),
        ("better", "better_max"),
        ("grace", "retention"),
        ("together", "retention"),
        ("report_gap", "report_every"),
        ("report_every", "report_full"),
    ):
        if getattr(config, low) > getattr(config, high):
            yield ConfigError(f"$.verdicts.{low}", f"must not exceed $.verdicts.{high}")
    if config.report_fresh < 3 * config.report_every:
        yield ConfigError("$.verdicts.report_fresh", "must be 3 x $.verdicts.report_every or more")
    if config.origins_max > 1_024:
        yield ConfigError("$.verdicts.origins_max", "must be 1024 or less, what a report holds")
