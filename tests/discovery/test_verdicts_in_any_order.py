"""Any order of events leaves the verdicts sound: nothing is removed but for a reason."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from discovery.names import Origin
from discovery.reports import AnyReport, Path, Repeated, Report, Seen
from discovery.standing import Verdict
from discovery.verdict_config import VerdictConfig
from discovery.verdict_events import (
    DataPathReported,
    Effect,
    Event,
    ManifestAdopted,
    OwnBridgeGone,
    PeerReport,
    Revoked,
    StandingChanged,
    TrustEnded,
    TrustRestored,
)
from failure_detect.clock import MINUTE, NEVER, SECOND, Duration, Instant
from failure_detect.events import IsolationChanged, MemberRetired, MemberReturned
from tests.discovery.courts import (
    CUT,
    EAST,
    HOME,
    NORTH,
    SOUTH,
    START,
    WHOLE,
    Court,
    adopted,
    died,
    joined,
    left,
    member,
    reached,
)

ALL = (EAST, NORTH, SOUTH)
CONFIG = VerdictConfig(retention=10 * MINUTE, revoked_hold=3 * MINUTE, bridges_max=2)
ORDER = list(Verdict)

origins = st.sampled_from(ALL)
members = st.integers(0, 2)
seen = st.builds(
    lambda origin, alive, reachable, path: Seen(origin, alive, alive and reachable, path),
    origins,
    st.booleans(),
    st.booleans(),
    st.sampled_from(Path),
)
reports: st.SearchStrategy[AnyReport] = st.builds(
    Report,
    st.integers(1, 3),
    st.booleans(),
    st.lists(seen, max_size=4, unique_by=lambda each: each.origin).map(tuple),
) | st.builds(Repeated, st.integers(1, 3), st.booleans())
others: st.SearchStrategy[Event] = st.one_of(
    st.builds(lambda number: joined(HOME, number), members),
    st.builds(lambda number: left(HOME, number), members),
    st.builds(lambda o, n, r: reached(o, n, reachable=r), origins, members, st.booleans()),
    st.builds(DataPathReported, origins, st.booleans()),
    st.builds(lambda n, report: PeerReport(member(HOME, n), report), members, reports),
    st.builds(lambda n: OwnBridgeGone(member(HOME, n)), members),
)
manifests = st.builds(
    lambda origin, lifetime, flags: adopted(origin, lifetime, **flags),
    origins,
    st.sampled_from([MINUTE, 5 * MINUTE]),
    st.sampled_from([{}, {}, {}, {"drains": True}, {"departs": True}]),
)


class AnyOrder(RuleBasedStateMachine):
    """The machine beside a book of the reasons that could justify a removal."""

    def __init__(self) -> None:
        super().__init__()
        self.court = Court(CONFIG)
        self.told: dict[Origin, Verdict] = {}
        self.last: dict[Origin, bool] = {}
        """Whether it is in the last tier although it is `draining`."""
        self.untrusted: set[Origin] = set()
        self.departed: set[Origin] = set()
        self.revoked: dict[Origin, Instant] = {}
        self.alive: dict[Origin, set[int]] = {origin: set() for origin in ALL}
        self.dead: dict[Origin, set[int]] = {origin: set() for origin in ALL}
        self.silent: dict[Origin, Instant] = dict.fromkeys(ALL, START)
        """Since when this bridge sees none alive, isolation left out once any was seen."""
        self.was_seen: set[Origin] = set()
        self.is_deaf = False
        self.barred_at: Instant = NEVER

    def follow(self, effects: list[Effect], *, by_word: bool = False) -> None:
        for effect in effects:
            if not isinstance(effect, StandingChanged):
                continue
            origin, verdict, at = effect.origin, effect.standing.verdict, effect.standing.since
            before, is_last = self.told.get(origin, Verdict.LIVE), self.last.get(origin, False)
            also = effect.standing.also_last_tier
            assert (verdict, also) != (self.told.get(origin), is_last)
            self.told[origin], self.last[origin] = verdict, also
            if verdict is Verdict.EXPIRED and before is not Verdict.EXPIRED and not by_word:
                assert self.barred_at == NEVER
                assert at - self.silent[origin] >= CONFIG.retention
            if verdict is Verdict.DEPARTED:
                gone = origin in self.untrusted or origin in self.departed
                assert gone or at - self.revoked[origin] >= CONFIG.revoked_hold
            elif self.barred_at != NEVER and not by_word:
                assert (ORDER.index(verdict), also) < (ORDER.index(before), is_last)

    def look(self) -> None:
        """Write down who is silent for this bridge from now on, and who is not."""
        for origin in ALL:
            if self.alive[origin] and not self.is_deaf:
                self.was_seen.add(origin)
                self.silent[origin] = NEVER
            else:
                self.silent[origin] = min(self.silent[origin], self.court.now)

    @rule(origin=origins, number=members)
    def join(self, origin: Origin, number: int) -> None:
        self.alive[origin].add(number)
        self.dead[origin].discard(number)
        self.look()
        self.follow(self.court.say(joined(origin, number)))

    @rule(origin=origins, number=members)
    def die(self, origin: Origin, number: int) -> None:
        if number in self.alive[origin]:
            self.alive[origin].remove(number)
            self.dead[origin].add(number)
        self.look()
        self.follow(self.court.say(died(origin, number)))

    @rule(origin=origins, number=members)
    def come_back(self, origin: Origin, number: int) -> None:
        if number in self.dead[origin]:
            self.dead[origin].remove(number)
            self.alive[origin].add(number)
        self.look()
        self.follow(self.court.say(MemberReturned(member(origin, number), 1)))

    @rule(origin=origins, number=members, succeeded=st.booleans())
    def leave(self, origin: Origin, number: int, succeeded: bool) -> None:
        self.alive[origin].discard(number)
        self.dead[origin].discard(number)
        self.look()
        retired = MemberRetired(member(origin, number), member(origin, number + 1))
        self.follow(self.court.say(retired if succeeded else left(origin, number)))

    @rule(event=others)
    def happen(self, event: Event) -> None:
        self.follow(self.court.say(event))

    @rule(deaf=st.booleans())
    def hear_nobody(self, deaf: bool) -> None:
        self.is_deaf = deaf
        self.look()
        self.follow(self.court.say(IsolationChanged(deaf)))

    @rule()
    def cut_off(self) -> None:
        self.barred_at = min(self.barred_at, self.court.now)
        self.follow(self.court.say(CUT))

    @rule()
    def end_of_cut_off(self) -> None:
        if self.barred_at != NEVER:
            for origin in self.was_seen:
                if self.silent[origin] != NEVER:
                    passed = self.court.now - max(self.barred_at, self.silent[origin])
                    self.silent[origin] += passed
        self.barred_at = NEVER
        self.follow(self.court.say(WHOLE))

    @rule(event=manifests)
    def adopt(self, event: ManifestAdopted) -> None:
        self.departed.discard(event.origin)
        self.revoked.pop(event.origin, None)
        if event.departs:
            self.departed.add(event.origin)
        self.follow(self.court.say(event), by_word=True)

    @rule(origin=origins, trusted=st.booleans())
    def trust(self, origin: Origin, trusted: bool) -> None:
        known = self.court.machine.evidence(origin, self.court.now) is not None
        if known and not trusted:
            self.untrusted.add(origin)
        elif known:
            self.untrusted.discard(origin)
        event = TrustRestored(origin) if trusted else TrustEnded(origin)
        self.follow(self.court.say(event), by_word=True)

    @rule(origin=origins)
    def revoke(self, origin: Origin) -> None:
        self.revoked.setdefault(origin, self.court.now)
        self.follow(self.court.say(Revoked(origin)), by_word=True)

    @rule(step=st.sampled_from([1, SECOND, 5 * SECOND, MINUTE, 10 * MINUTE]))
    def pause(self, step: Duration) -> None:
        self.follow(self.court.wait(step))

    @rule(late=st.sampled_from([SECOND, 20 * MINUTE]))
    def sleep_over(self, late: Duration) -> None:
        self.court.now += late
        self.follow(self.court.machine.advance(self.court.now))

    @invariant()
    def what_was_told_holds(self) -> None:
        machine = self.court.machine
        machine.check_invariants()
        for origin in ALL:
            standing = machine.standing(origin)
            assert (standing and standing.verdict) == self.told.get(origin)

    @invariant()
    def whoever_is_not_served_is_so_for_a_reason(self) -> None:
        for origin, verdict in self.told.items():
            spoken = origin in self.untrusted | self.departed or origin in self.revoked
            assert verdict.serves or spoken or verdict is Verdict.EXPIRED

    @invariant()
    def what_is_pending_has_a_deadline(self) -> None:
        """Whoever is on its way to a worse verdict, or to a better one, will get there."""
        pending = any(
            verdict is Verdict.LIVE and not self.alive[origin] and self.barred_at == NEVER
            for origin, verdict in self.told.items()
        )
        assert not pending or self.court.machine.deadline < NEVER


TestAnyOrder = AnyOrder.TestCase
