"""When to tell the other bridges of our own cluster what this one sees, and in how many words."""

from discovery.reports import AnyReport, Repeated, Report, Seen
from discovery.verdict_config import VerdictConfig
from failure_detect.clock import NEVER, Instant
from failure_detect.identity import MemberId


class Reporter:
    """Coalesces what changes, and repeats in a few bytes what does not."""

    def __init__(self, config: VerdictConfig) -> None:
        """Start with nobody to tell."""
        self._config = config
        self._sisters: dict[MemberId, None] = {}
        self._number = 0
        self._told: tuple[bool, tuple[Seen, ...]] | None = None
        """What the last whole report said, lengths of silence left out."""
        self._told_at: Instant = -NEVER
        self._whole_at: Instant = -NEVER
        self._due: Instant = NEVER

    @property
    def deadline(self) -> Instant:
        """When the next report is due; `NEVER` where there is nobody to tell."""
        return self._due if self._sisters else NEVER

    def joined(self, bridge: MemberId, now: Instant) -> None:
        """There is another bridge of our own cluster: it has heard nothing yet."""
        if bridge in self._sisters or len(self._sisters) >= self._config.bridges_max:
            return
        self._sisters[bridge] = None
        self._whole_at = -NEVER
        self.changed(now)

    def left(self, bridge: MemberId) -> None:
        """There is one fewer."""
        self._sisters.pop(bridge, None)

    def changed(self, now: Instant) -> None:
        """Something may have changed of what this bridge sees."""
        self._due = min(self._due, max(now, self._told_at + self._config.report_gap))

    def report(self, seen: tuple[Seen, ...], now: Instant, *, isolated: bool) -> AnyReport:
        """Return what is to be told now, which is all that there is to `seen`, or that it stays."""
        told = (isolated, tuple(_without_silence(each) for each in seen))
        self._told_at, self._due = now, now + self._config.report_every
        if told == self._told and now < self._whole_at + self._config.report_full:
            return Repeated(self._number, isolated)
        self._told, self._whole_at = told, now
        self._number += 1
        return Report(self._number, isolated, seen)

    def check_invariants(self) -> None:
        """Raise AssertionError where more is held than may be."""
        assert len(self._sisters) <= self._config.bridges_max


def _without_silence(seen: Seen) -> Seen:
    return Seen(seen.origin, seen.alive, seen.reachable, seen.path)
