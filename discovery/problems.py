"""Problems: what somebody should look at, as long as it lasts."""

from collections.abc import Iterable
from dataclasses import dataclass

from discovery.names import Origin
from discovery.vouching import Vouch
from discovery.wall_time import MS_PER_DAY, shown_time

WARN_BEFORE_MS = 14 * MS_PER_DAY
"""A key that expires within this time is a problem already."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something that is wrong: the subject, and what is the matter with it."""

    subject: str
    what: str


def expiry_problems(vouches: Iterable[Vouch], wall_ms: int | None) -> list[Problem]:
    """Return what is to be said of each cluster's latest key; nothing while no clock was read.

    Of an earlier key nothing is: that it expires is how a rotation ends.
    """
    latest: dict[Origin, Vouch] = {}
    for each in vouches:
        if each.origin not in latest or each.generation >= latest[each.origin].generation:
            latest[each.origin] = each
    found = []
    for origin, each in latest.items():
        end = f"{each.subject}: the key of generation {each.generation}"
        if each.is_expired(wall_ms):
            what = f"{end} expired at {shown_time(each.not_after_ms)}, and nothing newer is taken"
            found.append(Problem(f"cluster {origin}", what))
        elif wall_ms is not None and each.is_expired(wall_ms + WARN_BEFORE_MS):
            found.append(
                Problem(f"cluster {origin}", f"{end} expires at {shown_time(each.not_after_ms)}")
            )
    return found
