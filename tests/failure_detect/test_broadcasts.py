"""The queue of what is to be told, held against a list that is sorted at each look."""

from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from failure_detect.broadcasts import (
    MISFITS_MAX,
    SMALLEST_BYTES,
    BroadcastQueue,
    transmit_limit,
)


@pytest.mark.parametrize(
    ("multiplier", "members", "limit"),
    [
        (3, 0, 0),
        (3, 1, 1),
        (3, 2, 2),
        (3, 9, 3),
        (3, 10, 4),
        (3, 99, 6),
        (4, 1, 2),
        (4, 3, 3),
        (4, 9, 4),
        (4, 99, 8),
        (4, 128, 9),
        (4, 999, 12),
        (4, 1_000, 13),
        (5, 128, 11),
        (1, 1, 1),
    ],
)
def test_the_transmit_limit_grows_with_the_logarithm(
    multiplier: int, members: int, limit: int
) -> None:
    assert transmit_limit(multiplier, members) == limit


def queue_of(*payloads: bytes, most: int = 100) -> BroadcastQueue:
    """A queue in which each payload waits under its first byte."""
    queue = BroadcastQueue(most)
    for payload in payloads:
        queue.put(payload[:1], payload)
    return queue


A, B, C = b"a" * 20, b"b" * 20, b"c" * 20


def test_an_empty_queue_gives_nothing() -> None:
    queue = BroadcastQueue(1)
    assert queue.take(1_000, 3) == []
    assert len(queue) == 0
    assert b"a" not in queue


def test_the_newest_goes_first_among_those_never_sent() -> None:
    assert queue_of(A, B, C).take(40, 9) == [C, B]


def test_what_was_sent_least_goes_first() -> None:
    queue = queue_of(A, B)
    assert queue.take(20, 9) == [B]
    assert queue.take(20, 9) == [A]
    queue.put(b"c", C)
    assert queue.take(20, 9) == [C]


def test_a_newer_word_takes_the_slot_of_the_older() -> None:
    queue = queue_of(A)
    queue.take(100, 9)
    queue.put(b"a", B)
    assert len(queue) == 1
    assert queue.take(100, 9) == [B]


def test_a_broadcast_is_sent_as_often_as_the_limit_says() -> None:
    queue = queue_of(A)
    assert [queue.take(100, 3) for _ in range(4)] == [[A], [A], [A], []]
    assert b"a" not in queue


def test_a_limit_that_fell_ends_what_was_sent_more_often() -> None:
    queue = queue_of(A)
    for _ in range(3):
        queue.take(100, 9)
    assert queue.take(100, 2) == [A]
    assert len(queue) == 0


def test_a_duplicate_heard_counts_as_a_transmission() -> None:
    queue = queue_of(A)
    queue.heard(b"a", A, 3)
    queue.heard(b"a", A, 3)
    assert queue.take(100, 3) == [A]
    assert queue.take(100, 3) == []


def test_another_word_under_the_key_is_no_duplicate() -> None:
    queue = queue_of(A)
    queue.heard(b"a", B, 1)
    queue.heard(b"z", A, 1)
    assert b"a" in queue


def test_what_is_discarded_is_not_sent() -> None:
    queue = queue_of(A, B)
    queue.discard(b"a")
    queue.discard(b"z")
    assert queue.take(100, 9) == [B]


def test_a_smaller_one_goes_where_a_greater_one_does_not_fit() -> None:
    queue = queue_of(A, b"b" * 50, C)
    assert queue.take(45, 9) == [C, A]


def test_after_some_misfits_the_rest_is_not_looked_at() -> None:
    large = [bytes([number]) * 60 for number in range(MISFITS_MAX)]
    assert queue_of(A, *large[1:]).take(50, 9) == [A]
    assert queue_of(A, *large).take(50, 9) == []


def test_where_hardly_any_room_is_left_nobody_looks_further() -> None:
    tiny = b"t" * (SMALLEST_BYTES - 1)
    assert queue_of(tiny, A).take(20 + SMALLEST_BYTES - 1, 9) == [A]
    assert queue_of(tiny, A).take(20 + SMALLEST_BYTES, 9) == [A, tiny]


def test_a_full_queue_drops_the_oldest_of_what_was_sent_most() -> None:
    queue = queue_of(A, B, most=3)
    queue.take(100, 9)
    queue.put(b"c", C)
    queue.put(b"d", b"d" * 20)
    assert queue.dropped == 1
    assert [key in queue for key in (b"a", b"b", b"c", b"d")] == [True, False, True, True]


def test_a_newer_word_drops_nothing_from_a_full_queue() -> None:
    queue = queue_of(A, B, most=2)
    queue.put(b"a", C)
    assert (len(queue), queue.dropped) == (2, 0)


# --- against a model -----------------------------------------------------------------------

MOST = 12
KEYS = st.integers(0, 15).map(lambda number: bytes([number]))
PAYLOADS = st.builds(
    lambda mark, size: mark * size, st.sampled_from([b"x", b"y", b"z"]), st.integers(1, 120)
)
LIMITS = st.integers(1, 5)


@dataclass
class Slot:
    """One broadcast: how often it was sent, and when it last moved."""

    key: bytes
    payload: bytes
    count: int
    moved: int
    least: int


class QueueAgainstModel(RuleBasedStateMachine):
    """Whatever is done to both, queue and model say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.queue = BroadcastQueue(MOST)
        self.slots: dict[bytes, Slot] = {}
        self.moves = 0
        self.dropped = 0

    def move(self) -> int:
        self.moves += 1
        return self.moves

    def sent(self, slot: Slot, limit: int) -> None:
        slot.count, slot.moved = slot.count + 1, self.move()
        if slot.count >= max(limit, slot.least):
            del self.slots[slot.key]

    @rule(key=KEYS, payload=PAYLOADS, least=st.integers(0, 8))
    def put(self, key: bytes, payload: bytes, least: int) -> None:
        self.queue.put(key, payload, least)
        self.slots.pop(key, None)
        if len(self.slots) == MOST:
            doomed = min(self.slots.values(), key=lambda slot: (-slot.count, slot.moved))
            del self.slots[doomed.key]
            self.dropped += 1
        self.slots[key] = Slot(key, payload, 0, self.move(), least)

    @rule(room=st.integers(0, 400), limit=LIMITS)
    def take(self, room: int, limit: int) -> None:
        taken = self.queue.take(room, limit)
        assert taken == self.expected(room, limit)
        assert sum(map(len, taken)) <= room

    def expected(self, room: int, limit: int) -> list[bytes]:
        """Fewest transmissions first, then what came to its count last."""
        chosen: list[Slot] = []
        misfits = 0
        for slot in sorted(self.slots.values(), key=lambda slot: (slot.count, -slot.moved)):
            if len(slot.payload) > room:
                misfits += 1
            else:
                chosen.append(slot)
                room -= len(slot.payload)
            if misfits == MISFITS_MAX or (chosen and room < SMALLEST_BYTES):
                break
        for slot in chosen:
            self.sent(slot, limit)
        return [slot.payload for slot in chosen]

    @rule(key=KEYS, payload=PAYLOADS, limit=LIMITS)
    def heard(self, key: bytes, payload: bytes, limit: int) -> None:
        self.queue.heard(key, payload, limit)
        slot = self.slots.get(key)
        if slot is not None and slot.payload == payload:
            self.sent(slot, limit)

    @precondition(lambda self: bool(self.slots))
    @rule(data=st.data(), limit=LIMITS)
    def heard_again(self, data: st.DataObject, limit: int) -> None:
        slot = data.draw(st.sampled_from(sorted(self.slots.values(), key=lambda slot: slot.key)))
        self.heard(slot.key, slot.payload, limit)

    @rule(key=KEYS)
    def discard(self, key: bytes) -> None:
        self.queue.discard(key)
        self.slots.pop(key, None)

    @invariant()
    def agree(self) -> None:
        self.queue.check_invariants()
        assert len(self.queue) == len(self.slots) <= MOST
        assert self.queue.dropped == self.dropped
        assert all(
            (bytes([key]) in self.queue) == (bytes([key]) in self.slots) for key in range(16)
        )


TestQueueAgainstModel = QueueAgainstModel.TestCase
TestQueueAgainstModel.settings = settings(stateful_step_count=30)
