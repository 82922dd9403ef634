"""How a bridge replicates: each number with what it trades."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

from failure_detect.clock import MILLISECOND, SECOND, Duration
from failure_detect.validation import ConfigError, number_fault


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicatorConfig:
    """Rumours first, then pulls from who told, then comparing contents (design, section 6)."""

    rumour_bytes: int = 980
    """Most bytes of a rumour with its delta: what the detector's broadcasts have room for."""

    settle: Duration = 1_500 * MILLISECOND
    """Fingerprints that differ for less are a rumour on its way. Shorter repairs sooner and
    compares in vain while rumours travel."""

    impatient: Duration = 4 * SECOND
    """Fingerprints that differ for so long are compared even while ours keeps changing."""

    gap: Duration = 700 * MILLISECOND
    """Least pause between two comparisons that this bridge starts, and half again by chance."""

    pulls: int = 6
    """Requests under way at once, one to each provider: a slow one holds up one place."""

    batch: int = 64
    """Most things that one request asks for; 128 with all that is had of them fill 160 KiB."""

    timeout: Duration = 8 * SECOND
    """How long one request may take; a frame over the slowest link must come through."""

    hedge: Duration = 2 * SECOND
    """What one provider has not brought by then is asked of another as well, if there is one."""

    frame_bytes: int = 1 << 20
    """Most bytes of a frame in clear."""

    room: int = 256 << 10
    """How large a first answer may be: doubled after each that comes within a second, halved
    after each that does not come."""

    room_min: int = 16 << 10
    """The least room that is asked for."""

    back_off: Duration = 500 * MILLISECOND
    """Pause after a provider's first failure; doubles with each, by chance half to whole."""

    back_off_max: Duration = 30 * SECOND
    """The longest pause."""

    served_requests: int = 40
    """Requests of one peer that are answered per second; twice as many in a burst."""

    served_bytes: int = 32 << 20
    """Bytes, in clear, that one peer is given per second; twice as many in a burst."""

    forgeries: int = 8
    """Refused words that one peer may bring per second before its gossip is not looked at:
    each costs a verification (100 us)."""

    wants: int = 2_048
    """Things known to be lacking; beyond that the next comparison brings them again."""

    staged_bytes: int = 256 << 20
    """Bytes of sets of which a part has come."""

    pinned: int = 128
    """Sets that are kept for askers in the middle of them."""

    pin: Duration = 60 * SECOND
    """How long, since the last question."""

    items: int = 8_192
    """Small signed things (overlays, revocations) held and passed on."""

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid replicator configuration", found)


def _faults(config: ReplicatorConfig) -> Iterator[ConfigError]:
    numbers_are_good = True
    for each in fields(config):
        value: object = getattr(config, each.name)
        fault = number_fault(each.name, value)
        if fault is not None:
            numbers_are_good = False
            yield ConfigError(f"$.replicator.{each.name}", fault)
    if not numbers_are_good:
        return
    relations = (
        ("rumour_bytes", config.rumour_bytes >= 512, "must be 512 or more"),
        ("settle", config.settle <= config.impatient, "must not exceed $.replicator.impatient"),
        ("hedge", config.hedge <= config.timeout, "must not exceed $.replicator.timeout"),
        ("batch", config.batch <= 128, "must be 128 or less"),
        ("room_min", config.room_min >= 4_096, "must be 4096 or more"),
        ("room_min", config.room_min <= config.room, "must not exceed $.replicator.room"),
        ("room", config.room <= config.frame_bytes, "must not exceed $.replicator.frame_bytes"),
        ("frame_bytes", config.frame_bytes <= 1 << 26, "must be 64 MiB or less"),
        (
            "back_off",
            config.back_off <= config.back_off_max,
            "must not exceed $.replicator.back_off_max",
        ),
    )
    for name, holds, what in relations:
        if not holds:
            yield ConfigError(f"$.replicator.{name}", what)
