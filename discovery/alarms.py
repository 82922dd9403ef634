"""What an operator should look at: each condition said once while it lasts."""

from dataclasses import dataclass
from enum import StrEnum


class Alarm(StrEnum):
    """A condition that somebody should look at; the value is the label of a metric."""

    CLOCK_BEHIND = "clock-behind"
    """The wall clock is behind what this cluster signed already."""
    CLOCK_AHEAD = "clock-ahead"
    """The wall clock is far ahead of what this cluster signed last."""
    CLOCK_STEP = "clock-step"
    """The wall clock went on by another amount than time did."""
    CLONE = "clone"
    """Somebody else signs with our key: with our epoch, or again and again with one above it."""
    UID = "uid"
    """Another cluster of our name signs with our key."""
    KEY = "key"
    """A newer key than ours has signed."""
    ROTATION = "rotation"
    """A key that was given us is no successor of ours."""
    EPOCH = "epoch"
    """No epoch is left above the highest that was seen."""
    LIMITS = "limits"
    """What is to be published is more than peers take."""
    REFUSED = "refused"
    """Our own bridge refuses what was published: nobody has it."""
    SIGNING = "signing"
    """A manifest cannot be made."""
    CUT_OFF = "cut-off"
    """Our own pool is lost to us: what would vanish and nobody meant is held."""


@dataclass(frozen=True, slots=True)
class AlarmRaised:
    """Something is wrong that goes on working, and that somebody should look at."""

    alarm: Alarm
    words: str


class Alarms:
    """Raises each alarm once while its condition lasts."""

    def __init__(self) -> None:
        """Start with none."""
        self._standing: dict[Alarm, str] = {}

    def judge(self, alarm: Alarm, words: str | None) -> list[AlarmRaised]:
        """Take in whether a condition holds: its `words`, None where all is well."""
        if words is None:
            self._standing.pop(alarm, None)
            return []
        is_new = alarm not in self._standing
        self._standing[alarm] = words
        return [AlarmRaised(alarm, words)] if is_new else []

    def standing(self) -> dict[Alarm, str]:
        """Return what is wrong at the moment, with the latest words, sorted."""
        return {alarm: self._standing[alarm] for alarm in sorted(self._standing)}
