"""One direction between two members: a few words of state, and the path that it follows."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from failure_detect.clock import MILLISECOND, Duration, Instant
from simulations.randomness import exponential, mix

End = TypeVar("End")

_ALL = 1 << 64
_RELAXED = 16


@dataclass(frozen=True, slots=True)
class Delay:
    """How long one datagram takes: low + uniform(0, spread) + exponential(mean tail), in us."""

    low: Duration
    """The least delay, in microseconds."""

    spread: Duration = 0
    """The width of the uniform part, in microseconds."""

    tail: Duration = 0
    """The mean of the exponential part, in microseconds; 0 for none."""

    def __post_init__(self) -> None:
        if min(self.low, self.spread, self.tail) < 0:
            raise ValueError("a delay cannot be negative")


LAN = Delay(low=200, spread=1_800)
"""0.2 to 2 ms, uniform: the network of most published measurements."""


@dataclass(frozen=True, slots=True)
class Burst:
    """Loss in bursts (Gilbert-Elliott in continuous time): a link is good or bad by turns."""

    good: Duration
    """Mean length of a good spell, in microseconds."""

    bad: Duration
    """Mean length of a bad spell, in microseconds."""

    loss: float = 1.0
    """Share of the datagrams lost in a bad spell, 0 to 1."""

    def __post_init__(self) -> None:
        if min(self.good, self.bad) <= 0:
            raise ValueError("spells last longer than nothing")
        _check_share(self.loss)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkQuality:
    """What a direction does to what is sent over it; the default does nothing."""

    loss: float = 0.0
    """Share of datagrams and of stream segments lost, each independently, 0 to 1."""

    burst: Burst | None = None
    """Loss in bursts, besides."""

    duplication: float = 0.0
    """Share of datagrams that arrive twice, 0 to 1."""

    reordering: float = 0.0
    """Share of datagrams that take up to `reordering_delay` longer, 0 to 1."""

    reordering_delay: Duration = 10 * MILLISECOND
    """The most that reordering adds, in microseconds."""

    corruption: float = 0.0
    """Share of datagrams damaged on the way: the receiver's envelope refuses them, 0 to 1."""

    tampering: float = 0.0
    """Share of datagrams of which bits are flipped and which reach the machine so, 0 to 1."""

    extra_delay: Duration = 0
    """Added to the delay of datagrams and segments, in microseconds."""

    size_limit: int | None = None
    """Datagrams of more bytes in clear vanish; None for no limit."""

    blocks_datagrams: bool = False
    """No datagram passes."""

    blocks_streams: bool = False
    """No segment of a stream passes."""

    def __post_init__(self) -> None:
        shares = (self.loss, self.duplication, self.reordering, self.corruption, self.tampering)
        for share in shares:
            _check_share(share)
        if min(self.reordering_delay, self.extra_delay) < 0:
            raise ValueError("a delay cannot be negative")

    def aspects(self) -> tuple[str, ...]:
        """Name what is set, in a fixed order: each of these must come to have an effect."""
        values = {
            "loss": self.loss,
            "burst": self.burst is not None,
            "duplication": self.duplication,
            "reordering": self.reordering,
            "corruption": self.corruption,
            "tampering": self.tampering,
            "extra_delay": self.extra_delay,
            "size_limit": self.size_limit is not None,
            "block": self.blocks_datagrams or self.blocks_streams,
        }
        return tuple(name for name, value in values.items() if value)


class Condition:
    """A quality that lies on some directions, and what it has done there so far."""

    __slots__ = ("_groups", "_sources", "_targets", "effects", "quality", "serial")

    def __init__(
        self,
        quality: LinkQuality,
        *,
        sources: Iterable[int] | None = None,
        targets: Iterable[int] | None = None,
        groups: Iterable[Iterable[int]] | None = None,
    ) -> None:
        """Lie on the directions from `sources` to `targets` (None for all).

        With `groups`, on those between members of different groups only.
        """
        self.quality = quality
        self.effects: dict[str, int] = dict.fromkeys(quality.aspects(), 0)
        self.serial = 0
        self._sources = None if sources is None else frozenset(sources)
        self._targets = None if targets is None else frozenset(targets)
        self._groups: dict[int, int] | None = None
        if groups is not None:
            self._groups = {m: number for number, group in enumerate(groups) for m in group}

    def covers(self, source: int, target: int) -> bool:
        """Tell whether the direction from member `source` to member `target` is meant."""
        if self._sources is not None and source not in self._sources:
            return False
        if self._targets is not None and target not in self._targets:
            return False
        if self._groups is None:
            return True
        ours, theirs = self._groups.get(source), self._groups.get(target)
        return ours is not None and theirs is not None and ours != theirs

    @property
    def stops_datagrams(self) -> bool:
        """Whether no datagram passes where this lies."""
        return self.quality.blocks_datagrams or self.quality.loss >= 1.0

    def note(self, aspect: str) -> None:
        """Count that `aspect` had an effect, where this condition has it."""
        if aspect in self.effects:
            self.effects[aspect] += 1


class Path:
    """What all conditions on a direction come to, ready for use datagram by datagram."""

    __slots__ = (
        "blocks_datagrams",
        "blocks_streams",
        "bursts",
        "conditions",
        "corrupt_below",
        "delay",
        "duplicate_below",
        "lose_below",
        "low",
        "plain",
        "reorder_below",
        "reordering_delay",
        "size_limit",
        "span",
        "tail",
        "tamper_below",
    )

    def __init__(self, delay: Delay, conditions: tuple[Condition, ...]) -> None:
        qualities = [condition.quality for condition in conditions]
        limits = [q.size_limit for q in qualities if q.size_limit is not None]
        self.delay = delay
        self.conditions = conditions
        self.low = delay.low + sum(quality.extra_delay for quality in qualities)
        self.span = delay.spread + 1
        self.tail = delay.tail
        self.lose_below = _threshold(quality.loss for quality in qualities)
        self.duplicate_below = _threshold(quality.duplication for quality in qualities)
        self.reorder_below = _threshold(quality.reordering for quality in qualities)
        self.corrupt_below = _threshold(quality.corruption for quality in qualities)
        self.tamper_below = _threshold(quality.tampering for quality in qualities)
        self.reordering_delay = max((q.reordering_delay for q in qualities), default=0)
        self.size_limit = min(limits, default=1 << 62)
        self.bursts = tuple(quality.burst for quality in qualities if quality.burst is not None)
        self.blocks_datagrams = any(quality.blocks_datagrams for quality in qualities)
        self.blocks_streams = any(quality.blocks_streams for quality in qualities)
        self.plain = not (self.tail or self.bursts or self.blocks_datagrams) and not (
            self.duplicate_below or self.reorder_below or self.corrupt_below or self.tamper_below
        )
        """Whether a datagram meets nothing but loss, a limit of size and a uniform delay."""
        if any(quality.extra_delay for quality in qualities):
            self.note("extra_delay")

    def note(self, aspect: str) -> None:
        """Count an effect of `aspect` with every condition that has it."""
        for condition in self.conditions:
            condition.note(aspect)

    def crossing(self, state: int) -> Duration:
        """Return the delay in microseconds that belongs to this state of a link's generator."""
        delay = self.low + (state >> 24) % self.span
        if self.tail:
            delay += int(self.tail * exponential(mix(state)))
        return delay


class Spell:
    """Whether a bursty direction is bad just now."""

    __slots__ = ("_seen", "bad")

    def __init__(self) -> None:
        self.bad = False
        self._seen: Instant = -1

    def move(self, burst: Burst, now: Instant, words: Iterable[int]) -> bool:
        """Bring the spell up to `now` with these random bits, and tell whether it is bad."""
        relaxed = _RELAXED * burst.good * burst.bad // (burst.good + burst.bad)
        draws = iter(words)
        elapsed = now - self._seen
        if self._seen < 0 or elapsed > relaxed:  # What it was then says nothing of now.
            share = burst.bad / (burst.good + burst.bad)
            self.bad = next(draws) < share * _ALL
            elapsed = 0
        while elapsed > 0:  # Spells have no memory, so each look draws the rest anew.
            mean = burst.bad if self.bad else burst.good
            elapsed -= int(mean * exponential(next(draws))) + 1
            if elapsed >= 0:
                self.bad = not self.bad
        self._seen = now
        return self.bad


class Link(Generic[End]):
    """One direction from a member to whoever holds an address."""

    __slots__ = ("end", "epoch", "path", "spells", "state", "stream_state")

    def __init__(self, end: End, state: int, path: Path) -> None:
        self.end = end
        self.state = state
        """The counter behind the fates of its datagrams."""
        self.stream_state = state ^ 0x5DEECE66D
        """The counter behind the fates of its segments: apart, so that neither moves the other."""
        self.path = path
        self.epoch = -1
        """The state of the network for which `path` was worked out."""
        self.spells: dict[Burst, Spell] | None = None


@dataclass(slots=True)
class Fates:
    """What became of datagrams that did not simply arrive, in all the world."""

    lost: int = 0
    """By loss, in bursts or not, or because an end was mute or deaf."""
    blocked: int = 0
    """By a cut, a partition or a block."""
    oversize: int = 0
    duplicated: int = 0
    reordered: int = 0
    corrupted: int = 0
    tampered: int = 0
    nowhere: int = 0
    """Sent to an address, or arrived at a host, where no process listens."""
    misdirected: int = 0
    """Sealed for another process than the one that listens at the address."""


def _threshold(shares: Iterable[float]) -> int:
    """Return the 64-bit number below which a draw means that one of `shares` has come true."""
    spared = 1.0
    for share in shares:
        spared *= 1.0 - share
    return round((1.0 - spared) * _ALL)


def _check_share(share: float) -> None:
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"a share lies between 0 and 1, not at {share}")
