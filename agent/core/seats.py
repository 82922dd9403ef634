"""Who sits where: the order of those who are or could be a cluster's bridges, and what it means.

Pure functions of what is known of candidates; `election` asks them again whenever that changes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeAlias

from agent.core.duties import Duty
from failure_detect.identity import MemberId, NodeName

Rank: TypeAlias = tuple[bytes, MemberId]
"""The place of a member by rendezvous hashing over node names; the lowest comes first."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A living member with what it says of itself."""

    rank: Rank
    duty: Duty
    is_fresh: bool = True
    """Whether it was heard lately."""


def rank_of(group: str, node: NodeName, member: MemberId) -> Rank:
    """Return the rank of a member on a node of the cluster `group`."""
    name = f"{group}\0{node}".encode(errors="replace")
    return blake2b(name, digest_size=16, person=b"isthmus-bridges").digest(), member


def eligible(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Return who may be a bridge: with the key, and reachable unless nobody is."""
    able = [each for each in candidates if each.duty.has_key]
    reachable = [each for each in able if each.duty.is_reachable is not False]
    return reachable or able


def in_order(able: Iterable[Candidate]) -> list[Candidate]:
    """Return those who may be a bridge in the order in which they are to be one."""
    return sorted(able, key=_claim)


def _claim(candidate: Candidate) -> tuple[bool, bool, Rank]:
    duty = candidate.duty
    return not duty.has_api, not duty.is_bridge, candidate.rank


def is_surplus(own: Candidate, able: Sequence[Candidate], seats: int) -> bool:
    """Tell whether `own`, a bridge, is one too many: enough better ones are, and were heard lately.

    One that is not able itself is too many where any that is able is a bridge.
    """
    others = [each for each in able if each.duty.is_bridge and each.is_fresh and each != own]
    if own not in able:
        return bool(others)
    before = [each for each in others if _standing(each) < _standing(own)]
    return len(before) >= seats


def _standing(candidate: Candidate) -> tuple[bool, Rank]:
    return not candidate.duty.has_api, candidate.rank


def turns_to_wait(own: Candidate, able: Sequence[Candidate], seats: int) -> int | None:
    """Return how many must miss their turn before `own`, no bridge, takes a seat; None: never.

    0 where it is among the first. Where no seat is empty, nobody waits for one; and nobody waits
    for those who are no bridges and were not heard lately.
    """
    if own not in able:
        return None
    order = in_order(each for each in able if each.is_fresh or each.duty.is_bridge)
    if own in order[:seats]:
        return 0
    empty = seats - sum(each.duty.is_bridge for each in order)
    if empty <= 0:
        return None
    waiting = [each for each in order if not each.duty.is_bridge]
    return waiting.index(own) - empty + 1


def better_speakers(own: Candidate, able: Iterable[Candidate]) -> int:
    """Return how many that may be bridges, are none, and were heard lately come before `own`."""
    return sum(
        each.is_fresh and not each.duty.is_bridge and _standing(each) < _standing(own)
        for each in able
        if each != own
    )
