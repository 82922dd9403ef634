"""Which agents of a cluster are its bridges: each decides for itself, and all come to the same.

Everybody knows the members of the `lan` pool, and of the candidates among them what they say of
themselves (`duties`). Candidates have the cluster's key; those that bridges of other clusters could
not reach are none, unless nobody is reachable. They are ordered: who has the API server before who
has been without it for long, then who is a bridge already, then by rendezvous hashing over the
names of their nodes.

Rule 1: who is among the first `bridges` of that order is, or becomes, a bridge. So a bridge stays
one while it is alive and able, and what it loses another takes over before it steps down.
Rule 2: a bridge steps down where, for `hold_down`, as many others have been before it in the order
without regard to who came first: what is too many after a split has healed goes by rank. Only those
count that were heard lately. The first in that order never step down, whatever anybody has missed,
so that not all of them can.
Rule 3: who is not among the first takes a seat that stays empty, the later the further behind: a
candidate that hangs, or of which others believe what is not so, blocks nobody.
Rule 4: a start waits `settle`, so that not everybody begins as a bridge; and as long again from the
first member that it meets meanwhile, who brings word of the bridges that there are.

Bridges, and the best `chorus` of the other candidates, repeat what they say at a low rate, and when
somebody joins; the rest are silent until they move up: what is said costs the same in any cluster.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import assert_never

from agent.core.duties import Duty, decode_duty, duty_key, encode_duty, is_duty_key
from agent.core.election_events import (
    AbilityChanged,
    AnnounceDuty,
    BecomeBridge,
    BridgesChanged,
    Effect,
    Event,
    MemberFact,
    StepDown,
)
from agent.core.seats import (
    Candidate,
    Rank,
    better_speakers,
    eligible,
    is_surplus,
    rank_of,
    turns_to_wait,
)
from discovery.authority import Signer, Verifier
from discovery.refusals import Refusal, Refusals, Refused
from discovery.wall_time import WallClockRead
from failure_detect.clock import NEVER, SECOND, Duration, Instant
from failure_detect.events import (
    BroadcastReceived,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
)
from failure_detect.identity import Identity, MemberId
from failure_detect.validation import ConfigError

EARLY_MAX = 256
"""Statements of members that are not known yet, or dead, that are kept: they may come (back)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionConfig:
    """How many bridges there are, and how calmly they are chosen."""

    bridges: int = 3
    """Of each cluster. More cost every other cluster's bridges probes; fewer survive less."""

    settle: Duration = 3 * SECOND
    """How long a start listens before it takes a seat. Shorter makes too many bridges after a power
    cut, longer leaves a new cluster without one."""

    stagger: Duration = 2 * SECOND
    """How much longer each candidate waits than the one before it, where a seat stays empty. Longer
    than gossip takes to reach all."""

    hold_down: Duration = 30 * SECOND
    """How long there must be too many before one steps down."""

    api_patience: Duration = 60 * SECOND
    """How long without the API server is long. Longer than an API server takes to restart."""

    repeat: Duration = 10 * SECOND
    """How often it is said again. Three times this is what counts as lately."""

    pause: Duration = 1 * SECOND
    """Least time between two statements that say nothing new."""

    chorus: int = 9
    """How many candidates besides the bridges say that they are."""

    def __post_init__(self) -> None:
        """Raise an `ExceptionGroup` of `ConfigError`, one for each fault."""
        found = list(_faults(self))
        if found:
            raise ExceptionGroup("invalid configuration of the election", found)


def _faults(config: ElectionConfig) -> Iterator[ConfigError]:
    for each in fields(config):
        value: object = getattr(config, each.name)
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value < 1 << 53:
            yield ConfigError(f"$.election.{each.name}", f"must be 1 or more, is {value!r}")
            return
    if config.hold_down <= 2 * config.repeat:
        yield ConfigError("$.election.hold_down", "must exceed 2 x $.election.repeat")
    if config.pause > config.repeat:
        yield ConfigError("$.election.pause", "must not exceed $.election.repeat")


@dataclass(frozen=True, slots=True)
class _Heard:
    duty: Duty
    at: Instant


class Election:
    """Events go in; what this agent is to be, and what it says, comes out."""

    def __init__(
        self,
        identity: Identity,
        config: ElectionConfig,
        signer: Signer,
        verifier: Verifier,
        now: Instant,
    ) -> None:
        """Begin as no bridge, able to do nothing yet. `signer` has the key of this very member."""
        self._own, self._group, self._config = identity.member, identity.group, config
        self._signer, self._verifier = signer, verifier
        self._ranks: dict[MemberId, Rank] = {}
        """Of all members that are alive, this one among them."""
        self._ranks[self._own] = self._rank(identity)
        self._dead: dict[MemberId, Rank] = {}
        self._heard: dict[MemberId, _Heard] = {}
        """The latest statements of others that are alive."""
        self._early: dict[MemberId, _Heard] = {}
        self._duty = Duty(self._own, 0)
        self._api_lost_at: Instant = NEVER
        self._settled_at: Instant = now + config.settle
        self._has_met = False
        self._empty_since: Instant = NEVER
        self._surplus_since: Instant = NEVER
        self._said: Duty | None = None
        self._said_at: Instant = now - config.repeat
        self._say_at: Instant = NEVER
        self._wall: tuple[int, Instant] | None = None
        self._bridges: tuple[MemberId, ...] = ()
        self._due: Instant = NEVER
        self.refusals = Refusals()
        """Statements that were refused, by reason."""

    # --- what it says -----------------------------------------------------------------------

    @property
    def duty(self) -> Duty:
        """What this agent says of itself."""
        return self._duty

    @property
    def bridges(self) -> tuple[MemberId, ...]:
        """The members that are bridges now, as far as this agent knows, by rank."""
        return self._bridges

    def duties(self) -> tuple[Duty, ...]:
        """Return what is known of living members, this one among them, by rank."""
        known = {self._own: self._duty, **{key: each.duty for key, each in self._heard.items()}}
        return tuple(known[member] for member in sorted(known, key=self._ranks.__getitem__))

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        return self._due

    # --- what it is told --------------------------------------------------------------------

    def handle(self, event: Event, now: Instant) -> list[Effect]:
        """Take in one fact."""
        effects: list[Effect] = []
        match event:
            case AbilityChanged():
                self._on_ability(event, now)
            case BroadcastReceived(_, key, payload):
                effects += self._on_statement(key, payload, now)
            case WallClockRead(wall_ms):
                self._wall = wall_ms, now
            case _:
                self._on_member(event, now)
        return [*effects, *self._step(now)]

    def advance(self, now: Instant) -> list[Effect]:
        """Do what is due."""
        return self._step(now)

    def _on_ability(self, ability: AbilityChanged, now: Instant) -> None:
        if ability.has_api:
            self._api_lost_at = NEVER
        elif self._api_lost_at == NEVER:
            self._api_lost_at = now
        self._duty = replace(self._duty, has_key=ability.has_key, is_reachable=ability.is_reachable)

    def _on_statement(self, key: bytes, payload: bytes, now: Instant) -> Iterator[AnnounceDuty]:
        if not is_duty_key(key):
            return
        try:
            duty = decode_duty(payload, self._verifier)
            if duty_key(duty.member) != key:
                raise Refused(Refusal.MALFORMED, "duty: is gossiped under another's key")
        except Refused as refused:
            self.refusals.add(refused, self._group)
            return
        if duty.member == self._own:
            return
        is_known = duty.member in self._ranks
        there = self._heard if is_known else self._early
        before = there.pop(duty.member, None)
        if before is not None and before.duty.serial >= duty.serial:
            there[duty.member] = before
            return
        there[duty.member] = _Heard(duty, now)
        if len(self._early) > EARLY_MAX:
            del self._early[next(iter(self._early))]
        if is_known:
            yield AnnounceDuty(key, payload)

    def _on_member(self, event: MemberFact, now: Instant) -> None:
        match event:
            case MemberJoined(identity) | MemberUpdated(identity):
                if identity.member != self._own:
                    self._lives(identity.member, self._rank(identity), now)
            case MemberReturned(member):
                rank = self._dead.get(member)
                if rank is not None:
                    self._lives(member, rank, now)
            case MemberDied(member):
                self._gone(member, may_return=True)
            case MemberLeft(member) | MemberRetired(member):
                self._gone(member, may_return=False)
            case _:
                assert_never(event)

    def _rank(self, identity: Identity) -> Rank:
        return rank_of(self._group, identity.node, identity.member)

    def _lives(self, member: MemberId, rank: Rank, now: Instant) -> None:
        is_new = member not in self._ranks
        self._ranks[member] = rank
        self._dead.pop(member, None)
        if not is_new:
            return
        if member in self._early:
            self._heard[member] = self._early.pop(member)
        if not self._has_met:
            self._has_met = True
            self._settled_at = max(self._settled_at, now + self._config.settle)
        self._say_at = min(self._say_at, max(now, self._said_at + self._config.pause))

    def _gone(self, member: MemberId, *, may_return: bool) -> None:
        if member == self._own:
            return
        rank, heard = self._ranks.pop(member, None), self._heard.pop(member, None)
        self._dead.pop(member, None)
        if may_return and rank is not None:
            self._dead[member] = rank
            if len(self._dead) > EARLY_MAX:
                del self._dead[next(iter(self._dead))]
        if may_return and heard is not None:
            self._early[member] = heard

    # --- what follows -----------------------------------------------------------------------

    def _step(self, now: Instant) -> list[Effect]:
        self._due = NEVER
        patience = self._api_lost_at + self._config.api_patience
        self._duty = replace(self._duty, has_api=now < self._wait_for(patience, now))
        effects: list[Effect] = [*self._decide(now), *self._say(now)]
        bridges = self._seated()
        if bridges != self._bridges:
            self._bridges = bridges
            effects.append(BridgesChanged(bridges))
        return effects

    def _wait_for(self, at: Instant, now: Instant) -> Instant:
        """Return `at`, and be called then if that is still to come."""
        if at > now:
            self._due = min(self._due, at)
        return at

    def _candidates(self, now: Instant) -> tuple[Candidate, list[Candidate]]:
        own = Candidate(self._ranks[self._own], self._duty)
        lately = now - 3 * self._config.repeat
        others = [
            Candidate(self._ranks[member], each.duty, each.at >= lately)
            for member, each in self._heard.items()
        ]
        return own, [own, *others]

    def _seated(self) -> tuple[MemberId, ...]:
        members = [member for member, each in self._heard.items() if each.duty.is_bridge]
        members += [self._own] if self._duty.is_bridge else []
        return tuple(sorted(members, key=self._ranks.__getitem__))

    # --- to be or not to be a bridge ----------------------------------------------------------

    def _decide(self, now: Instant) -> Iterator[Effect]:
        own, candidates = self._candidates(now)
        able = eligible(candidates)
        if self._duty.is_bridge:
            why = self._why_step_down(own, able, now)
            if why:
                self._sit(is_bridge=False, now=now)
                yield StepDown(why)
        elif self._is_its_turn(own, able, now):
            self._sit(is_bridge=True, now=now)
            yield BecomeBridge()

    def _sit(self, *, is_bridge: bool, now: Instant) -> None:
        since_ms = 0
        if is_bridge and self._wall is not None:
            wall_ms, read_at = self._wall
            since_ms = wall_ms + (now - read_at) // 1_000
        self._duty = replace(self._duty, is_bridge=is_bridge, since_ms=since_ms)
        self._empty_since = self._surplus_since = NEVER

    def _why_step_down(self, own: Candidate, able: list[Candidate], now: Instant) -> str:
        if not self._duty.has_key:
            return "it has the cluster's key no more, or may not be a bridge"
        if not is_surplus(own, able, self._config.bridges):
            self._surplus_since = NEVER
            return ""
        if self._surplus_since == NEVER:
            self._surplus_since = now
        if now < self._wait_for(self._surplus_since + self._config.hold_down, now):
            return ""
        if own not in able:
            return "bridges of other clusters do not reach it, and there is one that they reach"
        if not self._duty.has_api:
            return "it has been without the API server for long, and others have it"
        return f"there are {self._config.bridges} before it by rank"

    def _is_its_turn(self, own: Candidate, able: list[Candidate], now: Instant) -> bool:
        turns = turns_to_wait(own, able, self._config.bridges) if self._duty.has_key else None
        if turns is None:
            self._empty_since = NEVER
            return False
        if self._empty_since == NEVER:
            self._empty_since = now
        at = max(self._settled_at, self._empty_since) + turns * self._config.stagger
        return now >= self._wait_for(at, now)

    # --- saying so ----------------------------------------------------------------------------

    def _say(self, now: Instant) -> Iterator[AnnounceDuty]:
        config, said = self._config, self._said
        if said is None and not self._duty.has_key:
            return
        is_news = said is None or replace(self._duty, serial=said.serial) != said
        is_seat = said is None or self._duty.is_bridge != said.is_bridge
        soon = self._said_at + (0 if is_seat else config.pause)
        again = self._said_at + config.repeat
        if now < self._wait_for(min(again, soon if is_news else NEVER, self._say_at), now):
            return
        if is_seat or not self._is_hushed(now):
            self._duty = replace(self._duty, serial=self._duty.serial + 1)
            yield AnnounceDuty(duty_key(self._own), encode_duty(self._duty, self._signer))
        self._said, self._said_at, self._say_at = self._duty, now, NEVER
        self._wait_for(now + config.repeat, now)

    def _is_hushed(self, now: Instant) -> bool:
        if self._duty.is_bridge:
            return False
        own, candidates = self._candidates(now)
        able = eligible(each for each in candidates if each.is_fresh)
        return better_speakers(own, able) >= self._config.chorus

    def check_invariants(self) -> None:
        """Assert that the parts agree with each other."""
        assert self._own in self._ranks
        assert self._heard.keys() <= self._ranks.keys()
        assert self._ranks.keys().isdisjoint(self._early.keys() | self._dead.keys())
        assert max(len(self._early), len(self._dead)) <= EARLY_MAX
        assert self._surplus_since == NEVER or self._duty.is_bridge
        assert self._bridges == self._seated()
        assert self._duty.has_key or not self._duty.is_bridge
