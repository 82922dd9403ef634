from collections.abc import Iterable
from hashlib import blake2b

from discovery.isolation import CutOffEnded, CutOffPresumed
from discovery.names import Origin
from discovery.standing import Verdict
from discovery.verdict_config import VerdictConfig
from discovery.verdict_events import (
    ClusterAlarm,
    ClusterAlarmRaised,
    Effect,
    Event,
    ManifestAdopted,
    ReportToBridges,
    StandingChanged,
)
from discovery.verdicts import Verdicts
from failure_detect.clock import MINUTE, SECOND, Duration, Instant
from failure_detect.events import MemberDied, MemberJoined, MemberLeft, ReachabilityChanged
from failure_detect.identity import Address, Identity, MemberId, NodeName

HOME, EAST, NORTH, SOUTH = (Origin(name) for name in ("home", "east", "north", "south"))
CONFIG = VerdictConfig()
START: Instant = 1_000 * SECOND
LIFETIME: Duration = 60 * MINUTE
CUT, WHOLE = CutOffPresumed(6, 10), CutOffEnded()


def member(origin: str, number: int = 0) -> MemberId:
    return MemberId(blake2b(f"{origin}-{number}".encode(), digest_size=32).digest())


def joined(origin: Origin, number: int = 0) -> MemberJoined:
    address = Address(f"{origin}-{number}:1")
    node = NodeName(f"node-{number}")
    return MemberJoined(Identity(member(origin, number), node, 1, address, origin), 0)


def died(origin: Origin, number: int = 0) -> MemberDied:
    return MemberDied(member(origin, number), 0, ())


def left(origin: Origin, number: int = 0) -> MemberLeft:
    return MemberLeft(member(origin, number))


def reached(origin: Origin, number: int = 0, *, reachable: bool) -> ReachabilityChanged:
    return ReachabilityChanged(member(origin, number), reachable)


def adopted(origin: Origin, lifetime: Duration = LIFETIME, **flags: bool) -> ManifestAdopted:
    return ManifestAdopted(
        origin=origin,
        lifetime=lifetime,
        departs=flags.get("departs", False),
        drains=flags.get("drains", False),
    )


class Court:
    """A machine with its clock, which collects what it says."""

    def __init__(self, config: VerdictConfig = CONFIG, now: Instant = START) -> None:
        self.config = config
        self.machine = Verdicts(HOME, config)
        self.now = now

    def say(self, *events: Event) -> list[Effect]:
        """Take in facts that all come now."""
        effects: list[Effect] = []
        for event in events:
            effects += self.machine.handle(event, self.now)
            self.machine.check_invariants()
        return effects

    def pass_to(self, now: Instant) -> list[Effect]:
        """Let time pass, and let happen what is due at its own time."""
        effects: list[Effect] = []
        while self.machine.deadline <= now:
            self.now = max(self.now, self.machine.deadline)
            effects += self.machine.advance(self.now)
            self.machine.check_invariants()
            assert self.machine.deadline > self.now, "what was due is still due"
        self.now = now
        return effects

    def wait(self, duration: Duration) -> list[Effect]:
        return self.pass_to(self.now + duration)

    def live(self, *origins: Origin) -> "Court":
        """Make clusters live, with one bridge each."""
        for origin in origins:
            assert verdicts(self.say(joined(origin), adopted(origin))) == [(origin, Verdict.LIVE)]
        return self

    def verdict(self, origin: Origin = EAST) -> Verdict:
        standing = self.machine.standing(origin)
        assert standing is not None
        return standing.verdict


def court(*origins: Origin) -> Court:
    """Return a court that has known these clusters for an hour, each with one bridge."""
    made = Court().live(*origins)
    made.wait(10 * MINUTE)
    made.say(*(adopted(origin) for origin in origins))
    return made


def verdicts(effects: Iterable[Effect]) -> list[tuple[Origin, Verdict]]:
    return [(e.origin, e.standing.verdict) for e in effects if isinstance(e, StandingChanged)]


def alarms(effects: Iterable[Effect]) -> list[ClusterAlarm]:
    return [effect.alarm for effect in effects if isinstance(effect, ClusterAlarmRaised)]


def reports(effects: Iterable[Effect]) -> list[ReportToBridges]:
    return [effect for effect in effects if isinstance(effect, ReportToBridges)]
