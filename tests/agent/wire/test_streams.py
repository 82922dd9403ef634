"""A stream brings one request and one response between two who are believed, or nothing."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.wire.header import Pool
from agent.wire.hops import Cluster
from agent.wire.prefaces import Called
from agent.wire.reasons import Reason, WireRefused
from agent.wire.streams import Answered, Answerer, Asked, Caller, Join, Step, Write
from discovery.wall_time import WallClockRead
from failure_detect.identity import Address, MemberId, short_id
from tests.agent.wire.ends import End, entropy_of
from tests.discovery.trusted import EAST, NOW_MS

MOST = 100_000
ONE, TWO = End("one"), End("two")
WHERE = Address("192.0.2.77:7400")


def caller_of(
    end: End, to: MemberId | None, data: bytes, pool: Pool = Pool.LAN, seed: int = 1
) -> Caller:
    called = Called(pool, to, is_hop=False)
    return Caller(called, data, end.credentials(pool), entropy_of(("call", seed)), MOST)


def answerer_of(
    end: End,
    pools: tuple[Pool, ...] = (Pool.LAN, Pool.WAN),
    cluster: Cluster | None = None,
    seed: int = 1,
) -> Answerer:
    credentials = {pool: end.credentials(pool) for pool in pools}
    entropy = entropy_of(("answer", seed))
    return Answerer(end.member, credentials, cluster or Cluster(), entropy, MOST)


def written(steps: list[Step]) -> bytes:
    return b"".join(step.data for step in steps if isinstance(step, Write))


def pieces(data: bytes, step: int) -> list[bytes]:
    return [data[start : start + step] for start in range(0, len(data), step)]


def conversation(
    caller: Caller, answerer: Answerer, respond: Callable[[Asked], bytes], step: int = 1 << 20
) -> tuple[Asked, Answered]:
    """Carry bytes in pieces of `step` until both have what they wanted."""
    asked: list[Asked] = []
    to_answerer, found = caller.begin(), list[Answered]()
    while not found:
        back = b""
        for piece in pieces(to_answerer, step):
            steps = answerer.receive(piece)
            back += written(steps)
            asked += [each for each in steps if isinstance(each, Asked)]
        if asked:
            answerer.ended()
            back += answerer.respond(respond(asked[0]))
        to_answerer = b""
        assert back, "the conversation goes on"
        for piece in pieces(back, step):
            steps = caller.receive(piece)
            to_answerer += written(steps)
            found += [each for each in steps if isinstance(each, Answered)]
    caller.ended()
    return asked[0], found[0]


def echo(asked: Asked) -> bytes:
    return b"echo " + asked.data


@given(st.integers(0, 40_000), st.integers(1, 100_000), st.sampled_from(Pool), st.booleans())
def test_a_request_and_its_response_in_whatever_pieces(
    size: int, step: int, pool: Pool, is_seed: bool
) -> None:
    step = max(step, size // 500)
    caller = caller_of(ONE, None if is_seed else TWO.member, bytes(size), pool)
    asked, answered = conversation(caller, answerer_of(TWO), echo, step)
    assert asked == Asked(pool, ONE.member, bytes(size))
    assert answered == Answered(TWO.member, b"echo " + bytes(size))


def refusal(act: Callable[[], object]) -> Reason:
    with pytest.raises(WireRefused) as caught:
        act()
    return caught.value.reason


def met(caller: Caller, answerer: Answerer) -> bytes:
    """Return the caller's second word."""
    return written(caller.receive(written(answerer.receive(caller.begin()))))


def test_nothing_is_verified_before_something_sealed_comes() -> None:
    stranger = End("stranger", origin=EAST)
    answerer = answerer_of(TWO)
    hello = caller_of(stranger, TWO.member, b"word").begin()
    assert len(written(answerer.receive(hello))) > 0
    assert TWO.credentials(Pool.LAN).authority.identify(stranger.certificate) is None
    assert answerer.is_proven is False
    assert refusal(lambda: answerer.receive(bytes(100))) == Reason.CERTIFICATE


def test_somebody_else_than_was_called_is_refused() -> None:
    caller = caller_of(ONE, TWO.member, b"word")
    three = End("three")
    seeded = caller_of(ONE, None, b"word")
    answer = written(answerer_of(three).receive(seeded.begin()))
    assert refusal(lambda: caller.receive(answer)) == Reason.WRONG_MEMBER
    seeded.receive(answer)


def test_an_answerer_that_is_not_believed_is_refused() -> None:
    east = End("east", origin=EAST)
    caller = caller_of(ONE, None, b"word")
    answer = written(answerer_of(east).receive(caller.begin()))
    assert refusal(lambda: caller.receive(answer)) == Reason.CERTIFICATE


def test_our_own_process_is_refused_when_it_answers() -> None:
    caller = caller_of(ONE, None, b"word")
    answer = written(answerer_of(ONE).receive(caller.begin()))
    assert refusal(lambda: caller.receive(answer)) == Reason.SELF


def test_another_version_is_refused_with_its_ranges() -> None:
    other = End("other", versions=(2, 4))
    caller = caller_of(ONE, other.member, b"word")
    answer = written(answerer_of(other).receive(caller.begin()))
    with pytest.raises(WireRefused, match="other of home speaks versions 2 to 4"):
        caller.receive(answer)


def test_a_stream_that_was_recorded_is_worth_nothing_when_played_again() -> None:
    caller, answerer = caller_of(ONE, TWO.member, b"word"), answerer_of(TWO)
    first, second = caller.begin(), met(caller, answerer)
    later = answerer_of(TWO, seed=2)
    later.receive(first)
    assert refusal(lambda: later.receive(second)) == Reason.CHALLENGE


def test_a_response_that_was_recorded_is_worth_nothing_when_played_again() -> None:
    caller, answerer = caller_of(ONE, TWO.member, b"word"), answerer_of(TWO)
    answer = written(answerer.receive(caller.begin()))
    answerer.receive(written(caller.receive(answer)))
    response = answerer.respond(b"response")
    later = caller_of(ONE, TWO.member, b"word", seed=2)
    later.begin()
    later.receive(answer)
    assert refusal(lambda: later.receive(response)) == Reason.CHALLENGE


@given(st.integers(0, 600), st.integers(1, 255))
def test_what_was_altered_in_clear_or_under_seal_brings_no_request(place: int, flip: int) -> None:
    caller, answerer = caller_of(ONE, TWO.member, b"word"), answerer_of(TWO)
    first = bytearray(caller.begin())
    is_first = place < len(first)
    if is_first:
        first[place] ^= flip
    try:
        answer = written(answerer.receive(bytes(first)))
        second = bytearray(written(caller.receive(answer)) if answer else b"")
        if not is_first and second:
            second[(place - len(first)) % len(second)] ^= flip
        steps = answerer.receive(bytes(second)) if second else []
    except WireRefused:
        steps = []
    is_hop_alone = place == 1 and flip == 2
    assert any(isinstance(step, Asked) for step in steps) == is_hop_alone


@given(st.binary(max_size=1_000))
def test_arbitrary_bytes_bring_nothing_and_raise_nothing_else(data: bytes) -> None:
    for begin in (b"", caller_of(ONE, TWO.member, b"").begin()):
        answerer = answerer_of(TWO)
        steps: list[Step] = []
        with suppress(WireRefused):
            steps = answerer.receive(begin + data)
        assert not any(isinstance(step, Asked) for step in steps)
        caller = caller_of(ONE, TWO.member, b"")
        answer = written(answerer_of(TWO).receive(caller.begin())) if begin else b""
        with suppress(WireRefused):
            steps = caller.receive(answer + data)
        assert not any(isinstance(step, Answered) for step in steps)


def test_what_ends_too_early_or_goes_on_too_long_is_refused() -> None:
    caller, answerer = caller_of(ONE, TWO.member, b"word"), answerer_of(TWO)
    assert refusal(caller.ended) == refusal(answerer.ended) == Reason.TRUNCATED
    second = met(caller, answerer)
    assert answerer.receive(second)[-1] == Asked(Pool.LAN, ONE.member, b"word")
    assert answerer.is_proven
    assert refusal(lambda: answerer.receive(b"x")) == Reason.MALFORMED
    assert caller.receive(answerer.respond(b"")) == [Answered(TWO.member, b"")]
    assert refusal(lambda: caller.receive(b"x")) == Reason.MALFORMED


def test_too_long_a_request_is_refused() -> None:
    caller, answerer = caller_of(ONE, TWO.member, bytes(MOST + 1)), answerer_of(TWO)
    second = met(caller, answerer)
    assert refusal(lambda: answerer.receive(second)) == Reason.OVERSIZED


def test_both_ends_can_tell_later_whether_the_other_is_still_believed() -> None:
    one, two = End("one"), End("two")
    caller, answerer = caller_of(one, two.member, b"word"), answerer_of(two)
    assert caller.is_believed
    assert answerer.is_believed
    met(caller, answerer)
    assert (caller.is_believed, answerer.is_believed) == (True, True)
    for end in (one, two):
        end.book.handle(WallClockRead(NOW_MS + 30 * 3_600_000))
    assert (caller.is_believed, answerer.is_believed) == (False, False)


# --- the one hop ----------------------------------------------------------------------------------


def knowing(end: End) -> Cluster:
    cluster = Cluster()
    cluster.replace({short_id(end.member): WHERE}, [])
    return cluster


@pytest.mark.parametrize("is_seed", [False, True])
def test_a_stream_for_another_bridge_is_joined_to_it_once(is_seed: bool) -> None:
    far, light = End("far", origin=EAST), End("light", pools=(Pool.LAN,))
    caller = caller_of(far, None if is_seed else TWO.member, b"word", Pool.WAN)
    first = caller.begin()
    passing = answerer_of(light, (Pool.LAN,), knowing(TWO))
    assert passing.receive(first[:20]) == []
    (join,) = passing.receive(first[20:])
    assert isinstance(join, Join)
    assert (join.address, len(join.data)) == (WHERE, len(first))
    again = answerer_of(light, (Pool.LAN,), knowing(TWO))
    assert refusal(lambda: again.receive(join.data)) == Reason.HOPPED
    answerer = answerer_of(TWO)
    answer = written(answerer.receive(join.data))
    steps = answerer.receive(written(caller.receive(answer)))
    assert steps == [Asked(Pool.WAN, far.member, b"word")]


def test_what_is_for_nobody_that_is_known_is_refused() -> None:
    light = End("light", pools=(Pool.LAN,))
    for to, pool in ((TWO.member, Pool.LAN), (ONE.member, Pool.WAN)):
        first = caller_of(End("far"), to, b"word", pool).begin()
        receive = answerer_of(light, (Pool.LAN,), knowing(TWO)).receive
        assert refusal(partial(receive, first)) == Reason.NOT_OURS
    seeded = caller_of(End("far"), None, b"word", Pool.WAN)
    assert refusal(lambda: answerer_of(light, (Pool.LAN,)).receive(seeded.begin())) == (
        Reason.NOT_OURS
    )


def test_a_pool_that_is_not_open_here_answers_nothing() -> None:
    caller = caller_of(End("far"), TWO.member, b"word", Pool.WAN)
    answerer = answerer_of(TWO, (Pool.LAN,))
    assert refusal(lambda: answerer.receive(caller.begin())) == Reason.NO_POOL
