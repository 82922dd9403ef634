"""This agent in the pool of its own cluster: its detector, its duty, what agents ask each other.

What is for the world outside comes out as effects of the core; what concerns the agent's other
parts comes out between them as what was concluded (`Concluded`). All of it is in the order in which
it is to be done.
"""

from collections.abc import Iterable, Mapping
from random import Random
from typing import TypeAlias, assert_never

from agent.core import events
from agent.core.charter import Charter
from agent.core.election import Election
from agent.core.election_events import (
    AbilityChanged,
    AnnounceDuty,
    BecomeBridge,
    BridgesChanged,
    MemberFact,
    StepDown,
)
from agent.core.election_events import Effect as ElectionEffect
from agent.core.events import Effect, Noted, ToPool
from agent.core.founding import found_lan, lan_authority, new_book
from agent.core.lan_member import Answered, Asked
from agent.core.lan_member import Effect as LanEffect
from agent.core.membership_events import Concluded, PoolSaid, SisterGone, SisterTold
from agent.core.office import Answer, Ask, Told, encode_answer
from agent.core.questions import Questions
from agent.wire.header import Pool
from discovery.isolation import Event as IsolationFact
from discovery.names import PublicKey
from discovery.own_overlay import LanFact as PoolFact
from discovery.reports import AnyReport
from discovery.trust_events import OwnKeysChanged
from discovery.wall_time import WallClockRead
from failure_detect import events as pool_events
from failure_detect.clock import SECOND, Duration, Instant
from failure_detect.events import CertificateObtained, MembersRestored
from failure_detect.identity import Address, MemberId
from failure_detect.members import Status

REPORT_TIMEOUT: Duration = 2 * SECOND
HEARD = encode_answer(Answer(200, b""))
"""The answer to a report."""

RIVAL = "another process of this node has as high a start number"

Output: TypeAlias = Effect | Concluded

_ORDERS = (
    pool_events.SendDatagram,
    pool_events.SendRequest,
    pool_events.SendResponse,
    pool_events.ConnectNode,
)


class Membership:
    """One agent among those of its cluster."""

    def __init__(self, charter: Charter, now: Instant, dice: Random) -> None:
        """Know nobody yet.

        Raises `ConfigError` where the agent's own certificate is not to be believed.
        """
        self._dice = dice
        self._trust = new_book(charter, charter.keys)
        self.authority = lan_authority(charter, self._trust)
        """What lets agents of the own cluster in."""
        self.lan = found_lan(charter, self.authority, charter.certificates.lan, now, dice)
        identity = self._trust.identify(charter.certificates.lan)
        assert identity is not None, "the detector has believed it"
        self.identity = identity
        self.election = Election(identity, charter.election, charter.signer, charter.verifier, now)
        self._questions = Questions(self.lan)
        self._bridges: tuple[MemberId, ...] = ()
        self._is_moved = False
        """Whether agents came or went, or became bridges, since that was said last."""
        self._out: list[Output] = []

    # --- surface --------------------------------------------------------------------------

    @property
    def deadline(self) -> Instant:
        """When `advance` has something to do."""
        return min(self.lan.deadline, self.election.deadline)

    def begin(self, claims: tuple[bytes, ...], now: Instant) -> list[Output]:
        """Take who was alive in an earlier run for possibly alive."""
        return self.handle(MembersRestored(claims), now)

    def handle(self, event: pool_events.Event, now: Instant) -> list[Output]:
        """Take in what the network brings to the pool, or what its detector is told."""
        self._on_lan(self.lan.handle(event, now), now)
        return self._flush()

    def advance(self, now: Instant) -> list[Output]:
        """Do what is due."""
        if self.lan.deadline <= now:
            self._on_lan(self.lan.advance(now), now)
        if self.election.deadline <= now:
            self._elected(self.election.advance(now), now)
        return self._flush()

    def able(self, ability: AbilityChanged, now: Instant) -> list[Output]:
        """Learn what this agent is able to do."""
        self._elected(self.election.handle(ability, now), now)
        return self._flush()

    def clock_read(self, wall_ms: int, now: Instant) -> list[Output]:
        """Learn what the wall clock shows: certificates expire by it."""
        self._trust.handle(WallClockRead(wall_ms))
        self._elected(self.election.handle(WallClockRead(wall_ms), now), now)
        return self._flush()

    def renewed(self, certificate: bytes, now: Instant) -> list[Output]:
        """Have another certificate."""
        return self.handle(CertificateObtained(certificate), now)

    def believe(self, own_keys: Mapping[int, PublicKey]) -> list[Output]:
        """Believe these keys of the own cluster, and no others."""
        self._trust.handle(OwnKeysChanged(own_keys))
        return [events.TrustAltered()]

    def leave(self, now: Instant) -> list[Output]:
        """Say farewell to the pool."""
        return self.handle(pool_events.LeaveRequested(), now)

    def ask(self, number: int, ask: Ask) -> list[Output]:
        """Ask bridges of this cluster, one after the other: `LocalAnswered(number)` comes of it."""
        bridges = self.sisters()
        self._dice.shuffle(bridges)
        self._next(self._questions.ask(number, ask, bridges))
        return self._flush()

    def tell_sisters(self, report: AnyReport) -> list[Output]:
        """Tell all other bridges of this cluster what this one sees."""
        for member, address in self.sisters():
            _, order = self.lan.ask(member, address, Told(report), REPORT_TIMEOUT)
            self._out.append(ToPool(Pool.LAN, order))
        return self._flush()

    def sisters(self) -> list[tuple[MemberId, Address]]:
        """Return the other bridges of this cluster, and where they are."""
        found = (self.lan.detector.member(each) for each in self._bridges)
        known = [each.identity for each in found if each is not None]
        own = self.identity.member
        return [(each.member, each.address) for each in known if each.member != own]

    def check_invariants(self) -> None:
        """Assert those of both parts."""
        self.lan.check_invariants()
        self.election.check_invariants()

    def _flush(self) -> list[Output]:
        if self._is_moved:
            self._is_moved = False
            living = [each for each in self.lan.detector.members() if each.status <= Status.SUSPECT]
            agents = tuple(each.identity.address for each in living)
            self._out.append(events.ClusterKnown(dict(self.sisters()), agents))
        outputs, self._out = self._out, []
        return outputs

    # --- the pool -------------------------------------------------------------------------

    def _on_lan(self, effects: Iterable[LanEffect], now: Instant) -> None:
        for effect in effects:
            if isinstance(effect, _ORDERS):
                self._out.append(ToPool(Pool.LAN, effect))
            elif isinstance(effect, Asked):
                self._asked(effect)
            elif isinstance(effect, Answered):
                self._next(self._questions.answered(effect.number, effect.answer))
            else:
                self._on_fact(effect, now)

    def _on_fact(self, fact: pool_events.Fact, now: Instant) -> None:
        self._out.append(Noted(fact, Pool.LAN))
        self._is_moved |= isinstance(fact, MemberFact)
        if isinstance(fact, pool_events.CertificateNeeded):
            self._out.append(events.CertificatesWanted(fact.above, RIVAL))
        if isinstance(fact, MemberFact | pool_events.BroadcastReceived):
            self._elected(self.election.handle(fact, now), now)
        if isinstance(fact, PoolFact | IsolationFact):
            self._out.append(PoolSaid(fact))

    def _asked(self, asked: Asked) -> None:
        match asked.question:
            case Ask(path, query):
                self._out.append(events.ReportWanted(asked.request, path, query))
            case Told(report):
                heard = pool_events.SendResponse(asked.request, HEARD)
                self._out += ToPool(Pool.LAN, heard), SisterTold(asked.sender, report)
            case _:
                assert_never(asked.question)

    def _next(self, step: pool_events.SendRequest | events.LocalAnswered | None) -> None:
        if isinstance(step, pool_events.SendRequest):
            self._out.append(ToPool(Pool.LAN, step))
        elif step is not None:
            self._out.append(step)

    # --- the election ---------------------------------------------------------------------

    def _elected(self, effects: Iterable[ElectionEffect], now: Instant) -> None:
        for effect in effects:
            match effect:
                case BecomeBridge() | StepDown():
                    self._out.append(effect)
                case AnnounceDuty(key, statement):
                    spread = pool_events.BroadcastRequested(key, statement)
                    self._on_lan(self.lan.handle(spread, now), now)
                case BridgesChanged(members):
                    self._out.append(Noted(effect))
                    self._seated(members)
                case _:
                    assert_never(effect)

    def _seated(self, members: tuple[MemberId, ...]) -> None:
        gone = [each for each in self._bridges if each not in members]
        self._bridges = members
        self._is_moved = True
        self._out += [SisterGone(each) for each in gone if each != self.identity.member]
