"""What trust is told, and what it tells: facts about objects, keys, time, and what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from discovery.events import ItemLapsed, TrustChanged
from discovery.names import Origin, PublicKey
from discovery.pins import Pin
from discovery.refusals import Refusal
from discovery.revocations import RevocationList
from discovery.wall_time import WallClockRead

# --- events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ObjectApplied:
    """A trust object is there, or is another now."""

    document: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ObjectDeleted:
    """A trust object is gone: what it granted is granted no more."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class RevocationsReceived:
    """Somebody passed on a fleet's list, or it was kept from an earlier run."""

    raw: bytes


@dataclass(frozen=True, slots=True)
class OwnKeysChanged:
    """The keys of this cluster by generation: during a rotation there are two."""

    keys: Mapping[int, PublicKey]


@dataclass(frozen=True, slots=True)
class PinsRestored:
    """UIDs that an earlier run had seen; those seen since then stay."""

    pins: Mapping[Origin, Pin]


TrustEvent: TypeAlias = (
    ObjectApplied
    | ObjectDeleted
    | RevocationsReceived
    | WallClockRead
    | OwnKeysChanged
    | PinsRestored
)

# --- effects --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KeyExpired:
    """What this key signed is frozen: nothing newer of it is taken, and nothing is removed."""

    origin: Origin
    generation: int
    key: PublicKey
    not_after_ms: int


@dataclass(frozen=True, slots=True)
class RevocationsAdopted:
    """A list is in force, or contradicts the one in force: pass it on."""

    listed: RevocationList


@dataclass(frozen=True, slots=True)
class InputRefused:
    """An object or a list was refused whole; the last good one stays."""

    reason: Refusal
    what: str


TrustEffect: TypeAlias = TrustChanged | ItemLapsed | KeyExpired | RevocationsAdopted | InputRefused


@dataclass(frozen=True, slots=True)
class TrustStatistics:
    """How much there is."""

    objects: int
    pins: int
    revoked_keys: int
    expired_keys: int
