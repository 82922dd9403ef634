"""A member's list of members: their order is the order in which they are probed."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from failure_detect.clock import Duration, Instant
from failure_detect.identity import Address
from simulations.baseline.wire import Name, State


@dataclass(slots=True, eq=False)
class Member:
    """What one member believes of another, or of itself."""

    name: Name
    address: Address
    packed: bytes
    """The address without its port, 4 or 16 bytes."""
    port: int
    incarnation: int
    state: State
    changed_at: Instant
    """When it got into this state."""

    @property
    def is_gone(self) -> bool:
        """Whether it is dead or has left."""
        return self.state >= State.DEAD


class Table:
    """The members, oneself among them, in an order that is shuffled after every round."""

    def __init__(self, me: Member, rng: Random) -> None:
        self.me = me
        self._rng = rng
        self._members = [me]
        self._by_name = {me.name: me}
        self._probed = 0

    def __len__(self) -> int:
        return len(self._members)

    def get(self, name: Name) -> Member | None:
        """Return the member of that name, or None."""
        return self._by_name.get(name)

    @property
    def members(self) -> list[Member]:
        """All of them, the dead that are still kept too; not to be changed."""
        return self._members

    def add(self, member: Member) -> None:
        """Put a new member at a random place of the round."""
        members = self._members
        place = self._below(len(members))
        members.append(member)
        members[place], members[-1] = members[-1], members[place]
        self._by_name[member.name] = member

    def shuffle(self) -> None:
        """Begin a round in a new order."""
        members = self._members
        for last in range(len(members) - 1, 0, -1):
            other = self._below(last + 1)
            members[last], members[other] = members[other], members[last]
        self._probed = 0

    def next_to_probe(self, now: Instant, keep_dead_for: Duration) -> Member | None:
        """Return the next in the round that is not gone, or None where all others are.

        After the last one those gone for longer than `keep_dead_for` are forgotten.
        """
        looked_at = 0
        while looked_at < len(self._members):
            looked_at += 1
            if self._probed >= len(self._members):
                self._forget_dead(now - keep_dead_for)
                self.shuffle()
                continue
            member = self._members[self._probed]
            self._probed += 1
            if member is not self.me and not member.is_gone:
                return member
        return None

    def pick(self, count: int, admit: Callable[[Member], bool]) -> list[Member]:
        """Return up to `count` different members that `admit` lets pass, at random."""
        size = len(self._members)
        picked: list[Member] = []
        if size < 3 * count:
            # So few that drawing with repetition would miss some.
            order = list(self._members)
            while order and len(picked) < count:
                member = order.pop(self._below(len(order)))
                if admit(member):
                    picked.append(member)
            return picked
        for _ in range(3 * size):
            if len(picked) == count:
                break
            member = self._members[self._below(size)]
            if admit(member) and member not in picked:
                picked.append(member)
        return picked

    def _forget_dead(self, gone_before: Instant) -> None:
        kept = [
            each
            for each in self._members
            if each is self.me or not (each.is_gone and each.changed_at < gone_before)
        ]
        if len(kept) < len(self._members):
            self._members = kept
            self._by_name = {each.name: each for each in kept}

    def _below(self, bound: int) -> int:
        return int(self._rng.random() * bound)
