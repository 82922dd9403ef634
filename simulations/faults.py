"""Faults as data: what strikes whom, from when, until when. They say nothing of how.

A timeline is a sequence of these. `to_plain` and `from_plain` turn each into a dictionary
of plain values and back, so that a timeline can be kept in a file and replayed.
"""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from typing import TypeAlias

from failure_detect.clock import Duration, Instant
from simulations.links import Burst, LinkQuality

Members: TypeAlias = tuple[int, ...]
"""Members by their index in the world."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What all faults have in common."""

    at: Instant = 0
    """When it strikes, in microseconds of the world; at once where that is past."""

    until: Instant | None = None
    """When it ends, in microseconds of the world; None for never, or where it is momentary."""

    def __post_init__(self) -> None:
        if self.until is not None and self.until < self.at:
            raise ValueError("a fault cannot end before it strikes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crash(Timed):
    """The agents stop, without a word. Momentary: a `Restart` ends it."""

    members: Members
    node: bool = False
    """Whether the node goes down too: nothing at its addresses answers any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(Timed):
    """New processes start in the place of the old ones, which stop if they still run."""

    members: Members
    keep: bool = True
    """Whether they get back what the old ones had kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move(Timed):
    """The members get other addresses, and certificates that say so. Momentary."""

    members: Members


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Timed):
    """The processes stand still (SIGSTOP); what arrives waits in their bounded inboxes."""

    members: Members


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate(Timed):
    """Sends and receives block, as in Lifeguard's experiments (Lifeguard 5)."""

    members: Members


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow(Timed):
    """Handling takes `factor` times the handling time of the configuration."""

    members: Members
    factor: int
    """At least 2."""

    def __post_init__(self) -> None:
        Timed.__post_init__(self)
        if self.factor < 2:
            raise ValueError("a factor below 2 slows nothing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute(Timed):
    """What the members send is lost; what is sent to them arrives."""

    members: Members
    datagrams: bool = True
    streams: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Deaf(Timed):
    """What is sent to the members is lost; what they send arrives."""

    members: Members
    datagrams: bool = True
    streams: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift(Timed):
    """The members' clocks run fast."""

    members: Members
    ppm: int
    """By so many microseconds per second; negative for slow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step(Timed):
    """The members' clocks leap forward. Momentary."""

    members: Members
    by: Duration
    """Microseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Degrade(Timed):
    """The directions from `sources` to `targets` get worse."""

    quality: LinkQuality
    sources: Members | None = None
    """None for all members."""
    targets: Members | None = None
    """None for all members."""
    both_ways: bool = False
    """Whether the directions from `targets` to `sources` get worse too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition(Timed):
    """No datagram and no segment passes between members of different groups."""

    groups: tuple[Members, ...]
    """Members in no group talk with all."""
    datagrams: bool = True
    streams: bool = True


Fault: TypeAlias = (
    Crash | Restart | Move | Pause | Gate | Slow | Mute | Deaf | Drift | Step | Degrade | Partition
)
_KINDS: dict[str, type[Fault]] = {
    "crash": Crash,
    "restart": Restart,
    "move": Move,
    "pause": Pause,
    "gate": Gate,
    "slow": Slow,
    "mute": Mute,
    "deaf": Deaf,
    "drift": Drift,
    "step": Step,
    "degrade": Degrade,
    "partition": Partition,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def cut(
    sources: Members, targets: Members, *, at: Instant = 0, until: Instant | None = None
) -> Degrade:
    """Return the fault by which nothing passes from `sources` to `targets`, one way."""
    quality = LinkQuality(blocks_datagrams=True, blocks_streams=True)
    return Degrade(at=at, until=until, quality=quality, sources=sources, targets=targets)


def kind_of(fault: Fault) -> str:
    """Return the name of the fault's kind, in lower case."""
    return _NAMES[type(fault)]


def to_plain(fault: Fault) -> dict[str, object]:
    """Return the fault as a dictionary of plain values, defaults left out."""
    return {"kind": kind_of(fault), **_plain_fields(fault)}


def from_plain(plain: Mapping[str, object]) -> Fault:
    """Return the fault that `to_plain` made this of; ValueError where it is none."""
    rest = dict(plain)
    kind = rest.pop("kind", None)
    if not isinstance(kind, str) or kind not in _KINDS:
        raise ValueError(f"no kind of fault: {kind!r}")
    values = {name: _READERS.get(name, _read_scalar)(value) for name, value in rest.items()}
    try:
        return _KINDS[kind](**values)  # type: ignore[arg-type]  # Checked by reader and class.
    except TypeError as error:
        raise ValueError(f"not a {kind}: {error}") from error


def _plain_fields(value: object) -> dict[str, object]:
    plain: dict[str, object] = {}
    if not is_dataclass(value):
        raise TypeError(f"no dataclass: {value!r}")
    for field in fields(value):
        content: object = getattr(value, field.name)
        if field.default is MISSING or content != field.default:
            plain[field.name] = _plain(content)
    return plain


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return _plain_fields(value) if is_dataclass(value) else value


def _read_scalar(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise ValueError(f"neither a number nor a truth value: {value!r}")


def _read_members(value: object) -> object:
    match value:
        case None:
            return None
        case [*items] if all(type(item) is int for item in items):
            return tuple(items)
        case _:
            raise ValueError(f"no list of members: {value!r}")


def _read_groups(value: object) -> object:
    match value:
        case [*groups]:
            return tuple(_read_members(group) for group in groups)
        case _:
            raise ValueError(f"no list of groups: {value!r}")


def _read_quality(value: object) -> object:
    match value:
        case {**items}:
            values = {
                name: _read_burst(item) if name == "burst" else _read_scalar(item)
                for name, item in items.items()
            }
        case _:
            raise ValueError(f"no quality of links: {value!r}")
    try:
        return LinkQuality(**values)  # type: ignore[arg-type]  # Checked by reader and class.
    except TypeError as error:
        raise ValueError(f"no quality of links: {error}") from error


def _read_burst(value: object) -> Burst | None:
    match value:
        case None:
            return None
        case {"good": int() as good, "bad": int() as bad, **rest} if rest.keys() <= {"loss"}:
            loss = rest.get("loss", 1.0)
            if isinstance(loss, int | float):
                return Burst(good, bad, float(loss))
        case _:
            pass
    raise ValueError(f"no bursts: {value!r}")


_READERS = {
    "members": _read_members,
    "sources": _read_members,
    "targets": _read_members,
    "groups": _read_groups,
    "quality": _read_quality,
}
