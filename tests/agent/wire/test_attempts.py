"""Attempts are bounded, found by member and by challenge, and due less and less often."""

from agent.wire.attempts import FIRST_WAIT, Attempt, Attempts, Proving
from failure_detect.clock import NEVER
from failure_detect.identity import Address, MemberId

HERE = Address("192.0.2.1:1")


def attempt(number: int, due: int = FIRST_WAIT) -> Attempt:
    return Attempt(MemberId(bytes([number]) * 32), HERE, bytes([number]) * 16, due)


def test_an_attempt_is_found_by_member_and_challenge_until_it_is_removed() -> None:
    attempts, one = Attempts(2, 2), attempt(1)
    attempts.add(one)
    assert attempts.to(one.member) is attempts.of(one.challenge) is one
    fullness = [attempts.is_full]
    attempts.add(attempt(2))
    assert [*fullness, attempts.is_full] == [False, True]
    attempts.remove(one)
    assert attempts.to(one.member) is attempts.of(one.challenge) is None
    attempts.check_invariants()


def test_each_word_waits_twice_as_long_and_the_second_step_begins_anew() -> None:
    attempts, one = Attempts(2, 2), attempt(1)
    assert attempts.deadline == NEVER
    attempts.add(one)
    waits = []
    for _ in range(3):
        now = one.due
        assert attempts.due(now - 1) == []
        assert attempts.due(now) == [one]
        one.said(now)
        waits.append(one.due - now)
        attempts.settle()
        assert attempts.deadline == one.due
    assert waits == [2 * FIRST_WAIT, 4 * FIRST_WAIT, 8 * FIRST_WAIT]
    attempts.proceed(one, Proving(b"cookie", 1), 7)
    assert (one.due, one.tries, attempts.deadline) == (7 + FIRST_WAIT, 1, 7 + FIRST_WAIT)
    attempts.check_invariants()


def test_the_oldest_of_what_waits_gives_way() -> None:
    attempts, one = Attempts(2, 2), attempt(1)
    attempts.add(one)
    assert [attempts.enqueue(one, data) for data in (b"1", b"2", b"3")] == [False, False, True]
    assert list(one.queue) == [b"2", b"3"]
    assert len(attempts) == 1
    attempts.check_invariants()
