"""One publisher on a stage: its clock, its lease, its wall clock, and what it did."""

from collections.abc import Iterable, Mapping

from discovery.alarms import Alarm, AlarmRaised
from discovery.exports import Desired, Statements
from discovery.manifest import Body, Intent, Manifest, sign_manifest
from discovery.names import Origin, ServiceName
from discovery.publisher import Publisher
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import (
    DesiredChanged,
    Effect,
    EpochConfirmed,
    EpochProposed,
    Event,
    FreshListWanted,
    LeaseAcquired,
    Published,
    PublishingKey,
    SetSeen,
)
from discovery.recordset import EMPTY, RecordSet
from discovery.wall_time import WallClockRead
from failure_detect.clock import MILLISECOND, MINUTE, Duration, Instant
from tests.discovery.keyring import Keyring
from tests.discovery.published import exported

ALPHA = Origin("alpha")
UID = "8d9f-1"
RING = Keyring()
WALL = 1_700_000_000_000
"""What the wall clock shows at the beginning, in milliseconds."""
START: Instant = 7_000_000
LEASE: Duration = 600 * MINUTE


def key(generation: int = 1, name: str = "", certificate: bytes = b"") -> PublishingKey:
    """The cluster's key of a generation."""
    return PublishingKey(RING.signer(name or f"key-{generation}"), generation, certificate)


def manifest(
    epoch: int,
    version: int = 1,
    records: RecordSet = EMPTY,
    *,
    generation: int = 1,
    uid: str = UID,
    intents: tuple[Intent, ...] = (),
) -> Manifest:
    """A manifest of ours that somebody else has signed, an hour before the beginning."""
    body = Body(
        origin=ALPHA,
        uid=uid,
        generation=generation,
        epoch=epoch,
        version=version,
        root=records.root,
        count=records.count,
        size_bytes=records.size_bytes,
        signed_at_ms=WALL - 3_600_000,
        intents=intents,
    )
    return sign_manifest(body, key(generation).signer)


class Newsroom:
    """A publisher that is driven by hand. `said` keeps all effects since it was last emptied."""

    def __init__(self, config: PublisherConfig | None = None, *, read: bool = True) -> None:
        """Start it, and read the wall clock for it."""
        self.now: Instant = START
        self.publisher = Publisher(ALPHA, UID, key(), config or PublisherConfig(), START)
        self.said: list[Effect] = []
        if read:
            self.tell(WallClockRead(WALL))

    def tell(self, event: Event) -> list[Effect]:
        """Let the publisher know of something now; return what it does about it."""
        done = self.publisher.handle(event, self.now)
        self.said += done
        self.publisher.check_invariants()
        assert self.publisher.deadline > self.now
        return done

    def wait(self, duration: Duration) -> list[Effect]:
        """Let time pass, with all deadlines met to the microsecond."""
        end, done = self.now + duration, list[Effect]()
        while self.publisher.deadline <= end:
            self.now = self.publisher.deadline
            done += self.publisher.advance(self.now)
            self.publisher.check_invariants()
            assert self.publisher.deadline > self.now
        self.now = end
        self.said += done
        return done

    def hold_lease(self, epoch: int = 0, duration: Duration = LEASE) -> list[Effect]:
        """Acquire the lease and have the epoch confirmed; return what comes of that."""
        proposed = self.tell(LeaseAcquired(epoch, self.now + duration))
        return self.confirm(proposed)

    def confirm(self, effects: Iterable[Effect]) -> list[Effect]:
        """Confirm the epoch that is proposed among these effects."""
        [epoch] = [each.epoch for each in effects if isinstance(each, EpochProposed)]
        return self.tell(EpochConfirmed(epoch))

    def want(self, services: Mapping[ServiceName, Iterable[int]]) -> list[Effect]:
        """Have these services desired, complete."""
        return self.tell(DesiredChanged(wanted(services)))

    def see(self, seen: Manifest, records: RecordSet = EMPTY) -> list[Effect]:
        """Show it a set of its own origin."""
        return self.tell(SetSeen(seen, records))


def wanted(
    services: Mapping[ServiceName, Iterable[int]], statements: Statements | None = None
) -> Desired:
    """A desired state."""
    return Desired.of((exported(name, there) for name, there in services.items()), statements)


def published(effects: Iterable[Effect]) -> list[Published]:
    """All that was published."""
    return [each for each in effects if isinstance(each, Published)]


def only(effects: Iterable[Effect]) -> Published:
    """The one thing that was published."""
    [one] = published(effects)
    return one


def lists(effects: Iterable[Effect]) -> list[int]:
    """The fresh lists that were wanted."""
    return [each.request for each in effects if isinstance(each, FreshListWanted)]


def alarms(effects: Iterable[Effect]) -> list[Alarm]:
    """The alarms that were raised."""
    return [each.alarm for each in effects if isinstance(each, AlarmRaised)]


def on_stage(config: PublisherConfig | None = None) -> Newsroom:
    """A publisher with lease and epoch that has been told nothing to publish."""
    room = Newsroom(config)
    room.hold_lease()
    return room


SOON: Duration = 200 * MILLISECOND
"""The default pause between two versions."""
