"""An endpoint keeps its record, records are few, and what changes touches little."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.assignment import (
    Placement,
    Ports,
    capacity,
    count_placed,
    placed,
    records_max,
    with_vanished,
)
from discovery.endpoints import (
    ENDPOINT_RECORD_BYTES_MAX,
    ENDPOINTS_MAX,
    Endpoint,
    EndpointPort,
    EndpointRecord,
    decode_endpoints,
    encode_endpoints,
)
from tests.discovery.published import BOTH, HTTP, endpoint, endpoint_lists, endpoints, where


def records(numbers: Iterable[int], held: Placement | None = None) -> Placement:
    return placed(held or {}, {HTTP: endpoints(numbers)})


def numbers_of(placement: Placement) -> dict[int, list[int]]:
    """Each record's endpoints, where none is above 99."""
    return {
        number: [int(each.address.rpartition(".")[2]) - 100 for each in record.endpoints]
        for number, record in sorted(placement.items())
    }


def touched(before: Placement, after: Placement) -> list[int]:
    return sorted(n for n in before.keys() | after.keys() if before.get(n) != after.get(n))


# --- exact -------------------------------------------------------------------------------


def test_sixteen_share_a_record_in_the_order_of_their_addresses() -> None:
    placement = records(range(100, 120))
    assert placement == {
        0: EndpointRecord(HTTP, endpoints(range(100, 116))),
        1: EndpointRecord(HTTP, endpoints(range(116, 120))),
    }


def test_other_ports_have_other_records() -> None:
    placement = placed({}, {BOTH: endpoints([3]), HTTP: endpoints([1, 2])})
    assert placement == {
        0: EndpointRecord(HTTP, endpoints([1, 2])),
        1: EndpointRecord(BOTH, endpoints([3])),
    }


def test_a_new_endpoint_goes_to_the_first_record_with_room() -> None:
    before = records(range(48))
    holes = records(set(range(48)) - {20, 40}, before)
    after = records({*range(48), 60} - {20, 40}, holes)
    assert touched(holes, after) == [1]
    assert 60 in numbers_of(after)[1]


def test_a_replacement_goes_to_the_record_that_is_touched_anyhow() -> None:
    before = records(set(range(48)) - {2}, records(range(48)))
    after = records({*range(48), 99} - {2, 40}, before)
    assert touched(before, after) == [2]


def test_an_empty_record_vanishes_and_its_number_is_used_again() -> None:
    before = records(range(48))
    without = records({*range(16), *range(32, 48)}, before)
    assert sorted(without) == [0, 2]
    after = records({*range(16), *range(32, 48), 90}, without)
    assert numbers_of(after)[1] == [90]


def test_what_stays_as_it_is_stays_the_same_object() -> None:
    before = records(range(48))
    after = records(set(range(48)) - {17}, before)
    assert all(after[number] is before[number] for number in (0, 2))


def test_a_changed_condition_touches_one_record_and_moves_nobody() -> None:
    before = records(range(48))
    wanted = [endpoint(each, ready=each != 20) for each in range(48)]
    after = placed(before, {HTTP: wanted})
    assert touched(before, after) == [1]
    assert where(after) == where(before)


def test_the_two_emptiest_become_one_where_there_are_too_many() -> None:
    before = records(range(64))
    held = records([0, 1, 2, 16, 17, 32, 48], before)
    assert numbers_of(held) == {0: [0, 1, 2], 1: [16, 17], 2: [32, 48]}
    assert len(held) == records_max(7, HTTP) == 3


def test_changed_ports_are_another_endpoint() -> None:
    before = records(range(4))
    after = placed(before, {HTTP: endpoints([0, 1, 2]), BOTH: endpoints([3])})
    assert touched(before, after) == [0, 1]


def test_ports_are_the_same_in_any_order() -> None:
    before = placed({}, {BOTH: endpoints(range(3))})
    assert placed(before, {BOTH[::-1]: endpoints(range(3))}) == before


def test_addresses_are_the_same_in_any_spelling() -> None:
    first = placed({}, {HTTP: [Endpoint("2001:DB8:0::1")]})
    assert first == {0: EndpointRecord(HTTP, (Endpoint("2001:db8::1"),))}
    assert placed(first, {HTTP: [Endpoint("2001:db8:0:0::1")]}) == first


def test_of_one_address_twice_the_better_condition_counts() -> None:
    twice = [endpoint(1, ready=False), endpoint(1), endpoint(1, ready=False)]
    assert placed({}, {HTTP: twice}) == records([1])
    assert placed({}, {HTTP: twice[1:]}) == placed({}, {HTTP: twice[:2]})


def test_an_address_that_is_none_is_an_error() -> None:
    with pytest.raises(ValueError, match="nowhere"):
        placed({}, {HTTP: [Endpoint("nowhere")]})


def test_a_found_assignment_that_has_an_endpoint_twice_is_mended() -> None:
    held = {3: EndpointRecord(HTTP, endpoints([1, 2])), 5: EndpointRecord(HTTP, endpoints([2]))}
    assert records([1, 2], held) == {3: EndpointRecord(HTTP, endpoints([1, 2]))}


def test_very_many_ports_leave_room_for_fewer_endpoints() -> None:
    ports = tuple(EndpointPort(f"{'p' * 60}{number:03}", 1 + number) for number in range(100))
    assert capacity(ports) == 1
    assert capacity(BOTH) == ENDPOINTS_MAX
    assert len(placed({}, {ports: endpoints(range(3))})) == 3


@given(st.integers(1, 100), st.integers(1, 63))
def test_a_full_record_is_never_too_large(count: int, length: int) -> None:
    ports = tuple(
        EndpointPort(f"{number:03}".rjust(length, "p")[-max(3, length) :], 60_000 + number, "SCTP")
        for number in range(count)
    )
    full = tuple(
        Endpoint(
            f"2001:db8:1:1:1:1:1:{number + 4096:x}",
            node="n" * 253,
            zone=f"{number:02}".ljust(63, "z"),
            hostname="h" * 63,
        )
        for number in range(ENDPOINTS_MAX)
    )
    for record in placed({}, {ports: full}).values():
        data = encode_endpoints(record)
        assert len(data) <= ENDPOINT_RECORD_BYTES_MAX
        assert decode_endpoints(data, "record") == record


# --- for all -----------------------------------------------------------------------------


@given(st.lists(endpoint_lists(), max_size=6))
def test_any_sequence_keeps_the_rules(sequence: list[dict[Ports, tuple[Endpoint, ...]]]) -> None:
    held: Placement = {}
    for wanted in sequence:
        after = placed(held, wanted)
        found = sorted((ports, each) for ports, listed in wanted.items() for each in listed)
        assert found == sorted(
            (record.ports, each) for record in after.values() for each in record.endpoints
        )
        assert placed(after, wanted) == after
        for ports in {record.ports for record in after.values()}:
            mine = {n: record for n, record in after.items() if record.ports == ports}
            assert len(mine) <= records_max(count_placed(mine), ports)
            assert all(0 < len(each.endpoints) <= ENDPOINTS_MAX for each in mine.values())
        held = after


@given(endpoint_lists(), endpoint_lists())
def test_only_who_leaves_many_gaps_makes_anybody_move(
    first: dict[Ports, tuple[Endpoint, ...]], second: dict[Ports, tuple[Endpoint, ...]]
) -> None:
    held = placed({}, first)
    after = placed(held, second)
    before, now = where(held), where(after)
    stayed = before.keys() & now.keys()
    moved = [key for key in stayed if before[key] != now[key]]
    gone = len(before.keys() - now.keys())
    assert len({before[key] for key in moved}) <= gone / 8 + 2 * 2
    if not gone:
        assert not moved


@given(st.frozensets(st.integers(0, 200)), st.frozensets(st.integers(0, 200)), st.integers(0, 200))
def test_one_endpoint_more_or_otherwise_touches_one_record(
    first: frozenset[int], second: frozenset[int], one: int
) -> None:
    held = records(second, records(first))
    after = placed(held, {HTTP: [*endpoints(second - {one}), endpoint(one, ready=False)]})
    assert len(touched(held, after)) == 1
    fewer = records(second - {one}, held)
    assert len(touched(held, fewer)) <= 5


@given(endpoint_lists(), endpoint_lists())
def test_what_would_vanish_can_be_held_while_all_else_changes(
    first: dict[Ports, tuple[Endpoint, ...]], second: dict[Ports, tuple[Endpoint, ...]]
) -> None:
    held = placed({}, first)
    after = placed(held, with_vanished(held, second))
    assert where(held).items() <= where(after).items()
    found = {(record.ports, each) for record in after.values() for each in record.endpoints}
    assert {(ports, each) for ports, listed in second.items() for each in listed} <= found
    addresses = {(ports, each.address) for ports, listed in second.items() for each in listed}
    for ports, listed in first.items():
        for each in listed:
            assert (ports, each) in found or (ports, each.address) in addresses
