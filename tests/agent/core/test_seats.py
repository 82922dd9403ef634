"""The order of candidates, and what follows from it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from agent.core.duties import Duty
from agent.core.seats import (
    Candidate,
    better_speakers,
    eligible,
    in_order,
    is_surplus,
    rank_of,
    turns_to_wait,
)
from failure_detect.identity import MemberId, NodeName

SEATS = 3


def candidate(number: int, **said: object) -> Candidate:
    member = MemberId(bytes([number]) * 32)
    fresh = bool(said.pop("is_fresh", True))
    duty = replace(Duty(member, 1, has_key=True), **said)  # type: ignore[arg-type]  # by name.
    return Candidate((bytes([number]), member), duty, fresh)


def numbers(candidates: list[Candidate]) -> list[int]:
    return [each.rank[0][0] for each in candidates]


def test_who_has_no_key_is_none_and_who_is_not_reached_only_where_nobody_is() -> None:
    keyless, unreached = candidate(1, has_key=False), candidate(2, is_reachable=False)
    reached, untried = candidate(3, is_reachable=True), candidate(4)
    assert numbers(eligible([keyless, unreached, reached, untried])) == [3, 4]
    assert numbers(eligible([keyless, unreached])) == [2]


def test_the_order_is_api_then_seat_then_rank() -> None:
    everybody = [
        candidate(1, has_api=False),
        candidate(2, has_api=False, is_bridge=True),
        candidate(3),
        candidate(4, is_bridge=True),
    ]
    assert numbers(in_order(everybody)) == [4, 3, 2, 1]


def test_one_is_too_many_where_enough_better_ones_sit() -> None:
    seated = [candidate(number, is_bridge=True) for number in range(5)]
    assert [is_surplus(each, seated, SEATS) for each in seated] == [False] * 3 + [True] * 2
    quiet = [replace(seated[0], is_fresh=False), *seated[1:]]
    assert [is_surplus(each, quiet, SEATS) for each in quiet] == [False] * 4 + [True]
    without = [*seated[:2], candidate(2, is_bridge=True, has_api=False), seated[3]]
    assert [is_surplus(each, without, SEATS) for each in without] == [False, False, True, False]


def test_one_that_is_not_reached_goes_only_where_one_that_is_sits() -> None:
    own = candidate(1, is_bridge=True, is_reachable=False)
    waits, sits = candidate(2), candidate(2, is_bridge=True)
    assert not is_surplus(own, eligible([own, waits]), SEATS)
    assert is_surplus(own, eligible([own, sits]), SEATS)


def test_the_first_take_seats_at_once_and_the_others_wait_for_empty_ones() -> None:
    seated = [candidate(9, is_bridge=True), candidate(8, is_bridge=True)]
    waiting = [candidate(number) for number in (1, 2, 3)]
    everybody = [*seated, *waiting]
    assert [turns_to_wait(each, everybody, SEATS) for each in waiting] == [0, 1, 2]
    full = [candidate(7, is_bridge=True), *everybody]
    assert [turns_to_wait(each, full, SEATS) for each in waiting] == [None] * 3
    better = candidate(6)
    lacking = [replace(each, duty=replace(each.duty, has_api=False)) for each in full]
    assert turns_to_wait(better, [better, *lacking], SEATS) == 0


def test_nobody_waits_for_who_was_not_heard_lately() -> None:
    own, silent = candidate(5), [candidate(number, is_fresh=False) for number in range(4)]
    assert turns_to_wait(own, [own, *silent], SEATS) == 0


def test_who_is_not_able_never_takes_a_seat() -> None:
    own = candidate(1, has_key=False)
    assert turns_to_wait(own, eligible([own]), SEATS) is None


def test_speakers_are_those_before_one_that_sit_nowhere() -> None:
    own = candidate(5)
    others = [
        candidate(1),
        candidate(2, is_bridge=True),
        candidate(3, is_fresh=False),
        candidate(4, has_api=False),
        candidate(6),
    ]
    assert better_speakers(own, [own, *others]) == 1


def test_ranks_are_spread_over_nodes_and_differ_between_clusters() -> None:
    members = [MemberId(bytes([number]) * 32) for number in range(20)]
    nodes = [NodeName(f"node-{number}") for number in range(20)]
    east, west = (
        sorted(nodes, key=lambda each: rank_of(group, each, members[nodes.index(each)]))
        for group in ("east", "west")
    )
    assert east != west != nodes != east


CANDIDATES = st.lists(
    st.tuples(st.booleans(), st.booleans(), st.sampled_from([None, True, False]), st.booleans()),
    min_size=1,
    max_size=8,
).map(
    lambda found: [
        candidate(number, is_bridge=bridge, has_key=key, is_reachable=reach, has_api=api)
        for number, (bridge, key, reach, api) in enumerate(found)
    ]
)


@given(CANDIDATES, st.integers(1, 4))
def test_with_equal_knowledge_seats_are_filled_exactly_and_for_good(
    everybody: list[Candidate], seats: int
) -> None:
    """Whoever is first takes a seat, then whoever is too many leaves; nothing moves any more."""

    def seated(each: Candidate, is_bridge: bool) -> Candidate:
        return replace(each, duty=replace(each.duty, is_bridge=is_bridge))

    able = eligible(everybody)
    after = [
        seated(each, each.duty.is_bridge or turns_to_wait(each, able, seats) == 0)
        for each in everybody
    ]
    able = eligible(after)
    final = [
        seated(
            each,
            each.duty.is_bridge and each.duty.has_key and not is_surplus(each, able, seats),
        )
        for each in after
    ]
    able = eligible(final)
    bridges = [each for each in final if each.duty.is_bridge]
    assert len(bridges) == min(seats, len(able))
    for each in final:
        if each.duty.is_bridge:
            assert not is_surplus(each, able, seats)
        else:
            assert turns_to_wait(each, able, seats) != 0
