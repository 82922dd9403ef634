"""What the bridges of one cluster tell each other about the others: what each of them sees.

A bridge reports what its own detector and its own connections say, never what it was told, so that
no two bridges keep each other's opinion alive. A report is whole; as long as nothing in it changes,
`Repeated` stands for it.

On the wire a packed map: n number, i 1 where the reporter is isolated, s an array of [origin,
flags, seconds of silence]. Without `s` it is a `Repeated`. Flags: alive (1), reachable (2), data
path open (4) or shut (8).
"""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from discovery.fields import INTEGER_MAX, Fields, packed
from discovery.names import Origin, is_label
from failure_detect.clock import SECOND, Duration
from failure_detect.packing import Packable

REPORT_BYTES_MAX = 128 << 10
SEEN_MAX = 1_024
"""Origins in one report."""

SILENCE_S_MAX = 10 * 366 * 86_400

_ALIVE, _REACHABLE, _OPEN, _SHUT = 1, 2, 4, 8


class Path(Enum):
    """The way that an origin's traffic takes: to its gateways, or to a sample of its endpoints."""

    UNKNOWN = "unknown"
    OPEN = "open"
    SHUT = "shut"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one bridge sees of one origin."""

    origin: Origin
    alive: bool
    """Some bridge of it is alive, as the reporter's detector has it."""
    reachable: bool
    """The reporter's own direct probes reach one that is alive."""
    path: Path = Path.UNKNOWN
    silent_for: Duration = 0
    """How long none was alive when this was said, microseconds; on the wire, whole seconds."""


@dataclass(frozen=True, slots=True)
class Report:
    """All that one bridge sees, `number` by number of its process."""

    number: int
    isolated: bool
    """Nobody answers the reporter, or it presumes itself cut off: it is no witness."""
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Repeated:
    """Nothing has changed since the report of this `number`."""

    number: int
    isolated: bool


AnyReport: TypeAlias = Report | Repeated


def encode_report(report: AnyReport) -> bytes:
    """Return a report as bytes; equal reports give equal bytes."""
    fields: dict[str, Packable] = {"n": report.number, "i": 1 if report.isolated else None}
    if isinstance(report, Report):
        fields["s"] = [
            [seen.origin, _flags(seen), seen.silent_for // SECOND] for seen in report.seen
        ]
    return packed(fields)


def _flags(seen: Seen) -> int:
    path = {Path.UNKNOWN: 0, Path.OPEN: _OPEN, Path.SHUT: _SHUT}[seen.path]
    return seen.alive * _ALIVE + seen.reachable * _REACHABLE + path


def decode_report(data: bytes, what: str) -> AnyReport:
    """Return the report in `data`; `what` names it. Raises `Refused` for all else."""
    fields = Fields(what, data, REPORT_BYTES_MAX)
    number = fields.integer("n", most=INTEGER_MAX)
    isolated = bool(fields.integer("i", most=1, default=0))
    if not fields.has("s"):
        return Repeated(number, isolated)
    seen = tuple(_seen(fields, each) for each in fields.sequence("s", most=SEEN_MAX))
    if len({each.origin for each in seen}) < len(seen):
        raise fields.refuse("s", "must not have one origin twice")
    return Report(number, isolated, seen)


def _seen(fields: Fields, each: object) -> Seen:
    match each:
        case (str() as origin, int() as flags, int() as silent_s, *_) if (
            is_label(origin) and flags >= 0 and 0 <= silent_s <= SILENCE_S_MAX
        ):
            pass
        case _:
            raise fields.refuse("s", "must be arrays of a cluster's name, flags and seconds")
    path = Path.SHUT if flags & _SHUT else Path.OPEN if flags & _OPEN else Path.UNKNOWN
    alive = bool(flags & _ALIVE)
    return Seen(Origin(origin), alive, alive and bool(flags & _REACHABLE), path, silent_s * SECOND)
