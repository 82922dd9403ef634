"""Objects of ours that others alter: how often they are restored, and when it is a contest.

Who wipes or alters an object once (a controller that restarts, a person) is answered at once. Who
goes on doing it will not be outwritten: each restoration of the same object waits twice as long as
the one before, and the contest is reported, until it has been quiet for a while.
"""

from dataclasses import dataclass

from agent.objects import ObjectKey
from failure_detect.clock import MINUTE, NEVER, SECOND, Duration, Instant

FIRST_WAIT: Duration = 5 * SECOND
LONGEST_WAIT: Duration = 5 * MINUTE
FORGET_AFTER: Duration = 10 * MINUTE
"""After so long without a restoration the next one is the first again."""
REPORT_FROM = 3
"""So many restorations, each soon after the one before, are a contest."""
_DOUBLINGS_MAX = 16


@dataclass(slots=True)
class _Contest:
    count: int
    last: Instant


class Contests:
    """All objects that were restored of late."""

    def __init__(self) -> None:
        """Know of none."""
        self._contests: dict[ObjectKey, _Contest] = {}

    def restored(self, key: ObjectKey, now: Instant) -> None:
        """Note that an object which others had altered was written again."""
        contest = self._contests.get(key)
        if contest is None or now - contest.last >= FORGET_AFTER:
            self._contests[key] = _Contest(1, now)
            return
        contest.count, contest.last = contest.count + 1, now

    def may_restore_at(self, key: ObjectKey) -> Instant:
        """Return when the object may be restored next; long ago where it never was."""
        contest = self._contests.get(key)
        if contest is None:
            return -NEVER
        wait = FIRST_WAIT << min(contest.count - 1, _DOUBLINGS_MAX)
        return contest.last + min(wait, LONGEST_WAIT)

    def contested(self) -> dict[ObjectKey, int]:
        """Return the objects over which there is a contest, and how often each was restored."""
        return {
            key: contest.count
            for key, contest in sorted(self._contests.items())
            if contest.count >= REPORT_FROM
        }

    def expire(self, now: Instant) -> None:
        """Forget what has been quiet for long enough."""
        for key in [k for k, each in self._contests.items() if now - each.last >= FORGET_AFTER]:
            del self._contests[key]

    @property
    def deadline(self) -> Instant:
        """When `expire` has something to do; `NEVER` where it has not."""
        lasts = (each.last for each in self._contests.values())
        return min(lasts, default=NEVER - FORGET_AFTER) + FORGET_AFTER
