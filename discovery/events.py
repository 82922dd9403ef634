"""What goes into the replicator and what comes out of it, beside the detector's own events.

Facts of the detector (`MemberJoined`, `BroadcastReceived`, `FingerprintSeen` and so on) go in as
they are; `BroadcastRequested`, `FingerprintChanged`, `SendRequest` and `SendResponse` come out.
Only what the detector does not know is defined here.
"""

from dataclasses import dataclass
from typing import TypeAlias

from discovery.manifest import Manifest
from discovery.messages import Item
from discovery.names import Origin
from discovery.recordset import RecordSet
from discovery.refusals import Refusal
from failure_detect.events import (
    BroadcastReceived,
    BroadcastRequested,
    FingerprintChanged,
    FingerprintSeen,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    ReachabilityChanged,
    RequestFailed,
    RequestReceived,
    ResponseReceived,
    SendRequest,
    SendResponse,
)
from failure_detect.identity import MemberId

# --- events ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetPublished:
    """This bridge's own publisher has signed a set: hold it and tell everyone."""

    manifest: Manifest
    records: RecordSet


@dataclass(frozen=True, slots=True)
class SetRestored:
    """A set that was adopted in an earlier run: held if it was to be believed then, not told."""

    manifest: Manifest
    records: RecordSet


@dataclass(frozen=True, slots=True)
class ExclusionRestored:
    """What an earlier run had met: an origin's manifest that is not for us. It is not told."""

    manifest: Manifest


@dataclass(frozen=True, slots=True)
class ItemAccepted:
    """Whoever understands it has verified an item: hold it at this rank, and pass it on."""

    item: Item
    rank: tuple[int, ...]
    is_news: bool = True
    """Whether to tell others: what came by comparing contents is no news."""


@dataclass(frozen=True, slots=True)
class ItemRefused:
    """Whoever understands it has refused an item: `sender` had passed it on."""

    sender: MemberId
    reason: Refusal


@dataclass(frozen=True, slots=True)
class ItemLapsed:
    """An item counts no more: it is held no more either."""

    key: bytes


@dataclass(frozen=True, slots=True)
class TrustChanged:
    """Trust objects, keys or revocations are others now: everything held is judged again."""


MembershipFact: TypeAlias = (
    MemberJoined
    | MemberUpdated
    | MemberDied
    | MemberReturned
    | MemberLeft
    | MemberRetired
    | ReachabilityChanged
)
StreamEvent: TypeAlias = RequestReceived | ResponseReceived | RequestFailed
GossipFact: TypeAlias = BroadcastReceived | FingerprintSeen
ItemJudged: TypeAlias = ItemAccepted | ItemRefused | ItemLapsed
Restored: TypeAlias = SetRestored | ExclusionRestored
OwnEvent: TypeAlias = SetPublished | Restored | ItemJudged | TrustChanged
Event: TypeAlias = MembershipFact | StreamEvent | GossipFact | OwnEvent

# --- effects --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetAdopted:
    """The set of an origin is another one now: whole, verified, and at once."""

    manifest: Manifest
    before: RecordSet
    after: RecordSet


@dataclass(frozen=True, slots=True)
class SetForgotten:
    """The set of an origin is not held any more: it is not trusted any more."""

    origin: Origin
    records: RecordSet
    why: str


@dataclass(frozen=True, slots=True)
class SetExcluded:
    """A higher manifest of an origin is not for us: what was held of it is held no more.

    It is worth keeping at once, as an adoption is: an older state would bring the set back.
    """

    manifest: Manifest
    records: RecordSet
    """What was held, nothing where nothing was."""


_DISOWNED = frozenset(
    {Refusal.REVOKED, Refusal.KEY, Refusal.GENERATION, Refusal.SIGNATURE, Refusal.UID}
)


@dataclass(frozen=True, slots=True)
class SetQuestioned:
    """What is held of an origin would not be adopted today (a revoked or expired key).

    Where it is revoked, the state is worth keeping at once: what is kept says since when.
    """

    origin: Origin
    reason: str
    why: str

    @property
    def is_disowned(self) -> bool:
        """Tell whether what signed it speaks for the origin no more: revoked, or not trusted."""
        return self.reason in _DISOWNED


@dataclass(frozen=True, slots=True)
class SetVindicated:
    """What is held of an origin was questioned, and would be adopted again."""

    origin: Origin


@dataclass(frozen=True, slots=True)
class PublicationRefused:
    """What our own publisher signed is not held here, and so nobody was told of it."""

    manifest: Manifest
    why: str


@dataclass(frozen=True, slots=True)
class ItemReceived:
    """Somebody passed on an item: answer with `ItemAccepted` where it is to be believed.

    Where it is refused, answer with `ItemRefused`: forgeries are charged to who passes them on.
    """

    item: Item
    sender: MemberId
    is_news: bool


@dataclass(frozen=True, slots=True)
class ContradictionFound:
    """Two manifests of one origin, both signed, that must not both exist: evidence of misuse."""

    first: Manifest
    second: Manifest


Order: TypeAlias = BroadcastRequested | FingerprintChanged | SendRequest | SendResponse
Doubt: TypeAlias = SetQuestioned | SetVindicated
ToAnswer: TypeAlias = ItemReceived | PublicationRefused
Held: TypeAlias = SetAdopted | SetForgotten | SetExcluded
Fact: TypeAlias = Held | Doubt | ToAnswer | ContradictionFound
Effect: TypeAlias = Order | Fact
