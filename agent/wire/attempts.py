"""Handshakes that are under way, and what waits for them; both are bounded."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from failure_detect.clock import MILLISECOND, NEVER, Duration, Instant
from failure_detect.identity import Address, MemberId

FIRST_WAIT: Duration = 250 * MILLISECOND
"""How long the first word of each step waits for its answer; each further one twice as long."""

TRIES = 4
WELCOMES_MAX = 4
"""How many answers to one hello are looked into: each costs the verification of a certificate."""


@dataclass(slots=True, eq=False)
class Attempt:
    """One handshake that we began."""

    member: MemberId
    address: Address
    challenge: bytes
    due: Instant
    tries: int = 1
    welcomes: int = 0
    proof: "Proving | None" = None
    """What is said again, once there is a cookie; until then it is the hello."""
    queue: deque[bytes] = field(default_factory=deque)

    def said(self, now: Instant) -> None:
        """Remember that a word was said again."""
        self.due = now + (FIRST_WAIT << self.tries)
        self.tries += 1


@dataclass(frozen=True, slots=True)
class Proving:
    """The cookie that we were given, and the tag that we gave in return."""

    cookie: bytes
    tag: int


class Attempts:
    """All handshakes of one pool that we began: one for each member at most."""

    def __init__(self, most: int, queue: int) -> None:
        """Hold at most `most` attempts, and `queue` datagrams for each."""
        self._most = most
        self._queue = queue
        self._by_member: dict[MemberId, Attempt] = {}
        self._by_challenge: dict[bytes, Attempt] = {}
        self._soonest: Instant = NEVER

    def __len__(self) -> int:
        return len(self._by_member)

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self._by_member.values())

    @property
    def deadline(self) -> Instant:
        """When the first may be due; never later than it is."""
        return self._soonest

    @property
    def is_full(self) -> bool:
        """Tell whether no other may begin."""
        return len(self._by_member) >= self._most

    def to(self, member: MemberId) -> Attempt | None:
        """Return the attempt at a member."""
        return self._by_member.get(member)

    def of(self, challenge: bytes) -> Attempt | None:
        """Return the attempt that drew this challenge."""
        return self._by_challenge.get(challenge)

    def add(self, attempt: Attempt) -> None:
        """Hold an attempt at a member at whom there is none."""
        self._by_member[attempt.member] = attempt
        self._by_challenge[attempt.challenge] = attempt
        self._soonest = min(self._soonest, attempt.due)

    def proceed(self, attempt: Attempt, proof: Proving, now: Instant) -> None:
        """Go on to the second step of an attempt."""
        attempt.proof = proof
        attempt.tries = 1
        attempt.due = now + FIRST_WAIT
        self._soonest = min(self._soonest, attempt.due)

    def remove(self, attempt: Attempt) -> None:
        """Forget an attempt."""
        del self._by_member[attempt.member]
        del self._by_challenge[attempt.challenge]

    def enqueue(self, attempt: Attempt, data: bytes) -> bool:
        """Let `data` wait; tell whether something older had to give way to it."""
        attempt.queue.append(data)
        if len(attempt.queue) <= self._queue:
            return False
        attempt.queue.popleft()
        return True

    def due(self, now: Instant) -> list[Attempt]:
        """Return those that are due."""
        return [attempt for attempt in self if attempt.due <= now]

    def settle(self) -> None:
        """Find out anew which is due first."""
        self._soonest = min((attempt.due for attempt in self), default=NEVER)

    def check_invariants(self) -> None:
        """Assert that both indices agree, and that all is bounded."""
        assert len(self._by_member) == len(self._by_challenge) <= self._most
        assert all(self._by_challenge[each.challenge] is each for each in self)
        assert all(len(each.queue) <= self._queue for each in self)
        assert all(self._soonest <= each.due for each in self)
