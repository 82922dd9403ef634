"""What goes into the writer and what comes out of it."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from agent.drivers.plan import Driver, Group, Step
from agent.objects import Document, Kind, ObjectKey
from agent.writes import Record
from discovery.names import ServiceName
from failure_detect.clock import NEVER, Duration, Instant

# --- events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Touched:
    """The view may differ: its diff is taken when it suits."""


@dataclass(frozen=True, slots=True)
class ObjectsChanged:
    """These objects differ in the mirror, whoever changed them; empty: a kind was listed."""

    keys: Collection[ObjectKey] = ()


@dataclass(frozen=True, slots=True)
class KindListed:
    """All objects of a kind were listed into the mirror, by a request begun at `begun_at`.

    To be told besides `ObjectsChanged`: it shows what a watch that broke off has missed.
    """

    kind: Kind
    begun_at: Instant


@dataclass(frozen=True, slots=True)
class MayWriteChanged:
    """Whether we are the publisher, and until when by our own clock the lease is ours.

    To be told again, with a later `until`, each time the lease is renewed.
    """

    may: bool
    until: Instant = NEVER


@dataclass(frozen=True, slots=True)
class FrozenChanged:
    """Whether nothing may be written until it is lifted, and why."""

    is_frozen: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class DriverChosen:
    """Who makes objects out of the view from now on; None: nobody, and why."""

    driver: Driver | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Synchronised:
    """The view has what the other clusters' bridges have, or there is nobody to ask.

    Until it is told, nothing is withdrawn that an earlier publisher wrote.
    """


class WriteError(StrEnum):
    """Why a write was not done."""

    CONFLICT = "conflict"
    """The object is not as expected."""
    INVALID = "invalid"
    """The object is refused: written again as it is, it would be refused again."""
    FORBIDDEN = "forbidden"
    UNAVAILABLE = "unavailable"
    """The store does not answer, or may have done it and not said so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFinished:
    """What the store answered to a `Perform`; each is answered exactly once."""

    number: int
    error: WriteError | None = None
    words: str = ""
    """What the store said, where there is an error."""
    document: Document | None = None
    """The object as it is now; None where it was deleted, or there is an error."""


Event: TypeAlias = (
    Touched
    | ObjectsChanged
    | KindListed
    | MayWriteChanged
    | FrozenChanged
    | DriverChosen
    | Synchronised
    | WriteFinished
)

# --- effects --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Perform:
    """Do this to the store, if the lease is still ours, and answer with `WriteFinished`."""

    number: int
    step: Step


@dataclass(frozen=True, slots=True)
class Say:
    """Write an Event about an object; nothing hangs on it."""

    word: Record


@dataclass(frozen=True, slots=True)
class ConditionsChanged:
    """`Writer.conditions` says something else of these services, by name."""

    services: tuple[ServiceName, ...]


@dataclass(frozen=True, slots=True)
class Planned:
    """What would be written if we were let (`frozen`, dry run): all of it, anew when it differs."""

    groups: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """What the view wanted as of `at` is in the store, but for the services in `missing`."""

    at: Instant
    missing: tuple[ServiceName, ...] = ()
    """Held back, refused by the store, or not done yet after a failure; by name."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A change of the view was written: how long after the view was touched."""

    latency: Duration


Effect: TypeAlias = Perform | Say | ConditionsChanged | Planned | Applied | Settled
