"""What comes and what goes between two sets is found from the records that differ."""

from hypothesis import given
from hypothesis import strategies as st

from discovery.endpoints import Endpoint, EndpointPort, EndpointRecord, encode_endpoints
from discovery.keys import endpoints_key, export_key, policy_key
from discovery.names import ServiceName
from discovery.recordset import EMPTY, RecordSet
from discovery.withdrawals import (
    ByService,
    EndpointChanges,
    by_service,
    endpoint_changes,
    endpoints_on,
    first_endpoints,
    ready_count,
)
from failure_detect.identity import NodeName
from tests.discovery.strategies import with_fields

WEB, API = ServiceName("shop", "web"), ServiceName("shop", "api")
ONE, TWO, THREE = (
    Endpoint(f"10.1.0.{number}", node=f"node-{number}", zone="eu-1a") for number in (1, 2, 3)
)
UNREADY = Endpoint("10.1.0.2", ready=False, node="node-2")
BROKEN = b"\xc1 is no record"
Records = dict[bytes, bytes]


def record(*endpoints: Endpoint) -> bytes:
    return encode_endpoints(EndpointRecord((EndpointPort("http", 8080),), endpoints))


def at(number: int, *endpoints: Endpoint, service: ServiceName = WEB) -> Records:
    return {endpoints_key(service, number): record(*endpoints)}


def changes(before: Records, after: Records) -> EndpointChanges:
    return endpoint_changes(RecordSet.of(after).changes_since(RecordSet.of(before)))


def test_a_pod_that_comes_was_added() -> None:
    assert changes(at(0, ONE), at(0, ONE, TWO)) == EndpointChanges({}, {WEB: (TWO,)}, 1)


def test_a_pod_that_goes_was_removed_as_it_was() -> None:
    assert changes(at(0, ONE, TWO), at(0, ONE)) == EndpointChanges({WEB: (TWO,)}, {}, -1)


def test_a_record_that_goes_takes_all_its_pods() -> None:
    before = at(0, ONE) | at(1, TWO, THREE, service=API)
    assert changes(before, at(0, ONE)) == EndpointChanges({API: (TWO, THREE)}, {}, -2)


def test_a_pod_that_is_not_ready_any_more_is_gone_and_back_when_it_is() -> None:
    ready, unready = at(0, ONE, TWO), at(0, ONE, UNREADY)
    assert changes(ready, unready) == EndpointChanges({WEB: (TWO,)}, {}, -1)
    assert changes(unready, ready) == EndpointChanges({}, {WEB: (TWO,)}, 1)


def test_a_pod_that_was_never_ready_says_nothing() -> None:
    assert changes(at(0, ONE, UNREADY), at(0, ONE)) == EndpointChanges({}, {}, 0)


def test_a_pod_that_moves_from_record_to_record_has_not_moved() -> None:
    before, after = at(0, ONE, TWO) | at(1, THREE), at(0, ONE) | at(1, TWO, THREE)
    assert changes(before, after) == EndpointChanges({}, {}, 0)


def test_a_pod_of_one_address_is_another_one_in_another_service() -> None:
    before, after = at(0, ONE), at(0, ONE, service=API)
    assert changes(before, after) == EndpointChanges({WEB: (ONE,)}, {API: (ONE,)}, 0)


def test_a_pod_that_only_moves_to_another_node_stays() -> None:
    moved = Endpoint(ONE.address, node="node-9")
    assert changes(at(0, ONE), at(0, moved)) == EndpointChanges({}, {}, 0)


def test_records_of_other_kinds_and_of_later_versions_count_for_nothing() -> None:
    other = {
        export_key(WEB): b"a",
        policy_key("shop", "all"): b"b",
        b"of-later": b"c",
        b"\xff": b"",
    }
    assert changes({}, other) == EndpointChanges({}, {}, 0)
    assert changes(other, at(0, ONE)) == EndpointChanges({}, {WEB: (ONE,)}, 1)


def test_a_record_that_becomes_malformed_withdraws_nothing() -> None:
    """The view keeps the last good one; only the number of those that can be read is smaller."""
    key = endpoints_key(WEB, 0)
    assert changes(at(0, ONE, TWO), {key: BROKEN}) == EndpointChanges({}, {}, -2)
    assert changes({key: BROKEN}, at(0, ONE)) == EndpointChanges({}, {}, 1)
    assert changes({key: BROKEN}, {}) == EndpointChanges({}, {}, 0)


def test_the_others_count_beside_a_malformed_one() -> None:
    before = at(0, ONE) | at(1, TWO)
    after = {endpoints_key(WEB, 0): BROKEN}
    assert changes(before, after) == EndpointChanges({WEB: (TWO,)}, {}, -2)


def test_pods_are_found_by_their_nodes() -> None:
    records = RecordSet.of(at(0, ONE, TWO) | at(0, THREE, service=API))
    nodes = [NodeName("node-3"), NodeName("node-1"), NodeName("node")]
    assert endpoints_on(records, nodes) == {API: (THREE,), WEB: (ONE,)}
    assert endpoints_on(records, []) == {}
    assert endpoints_on(EMPTY, nodes) == {}


def test_a_pod_that_is_not_ready_is_not_taken_down_by_its_node() -> None:
    records = RecordSet.of(at(0, ONE, UNREADY))
    assert endpoints_on(records, [NodeName("node-2")]) == {}


def test_a_malformed_record_that_names_a_node_is_passed_over() -> None:
    records = RecordSet.of({endpoints_key(WEB, 0): BROKEN + b"node-1"} | at(1, ONE))
    assert endpoints_on(records, [NodeName("node-1")]) == {WEB: (ONE,)}


def test_all_that_are_ready_are_counted() -> None:
    records = at(0, ONE, UNREADY) | at(1, THREE, service=API) | {export_key(WEB): b"x"}
    assert ready_count(RecordSet.of(records)) == 2
    assert ready_count(EMPTY) == 0
    first = RecordSet.of(records).changes_since(EMPTY)
    assert first_endpoints(first) == EndpointChanges({}, {}, 2)


def test_entries_are_grouped_in_the_order_in_which_they_come() -> None:
    entries = [((WEB, "b"), TWO), ((API, "c"), THREE), ((WEB, "a"), ONE)]
    assert list(by_service(entries).items()) == [(WEB, (TWO, ONE)), (API, (THREE,))]


# --- beside a naive look at both sets -------------------------------------------------------

Pod = tuple[ServiceName, int]
PODS = st.tuples(st.sampled_from([WEB, API]), st.integers(1, 8))
PLACES = st.dictionaries(PODS, st.tuples(st.integers(0, 2), st.booleans()), max_size=12)
"""Of each pod in which record it is, and whether it is ready."""


def packed(places: dict[Pod, tuple[int, bool]]) -> Records:
    records: dict[bytes, list[Endpoint]] = {}
    for (service, number), (where, ready) in places.items():
        endpoint = Endpoint(f"10.2.0.{number}", ready=ready, node=f"node-{number % 3}")
        records.setdefault(endpoints_key(service, where), []).append(endpoint)
    return {key: record(*endpoints) for key, endpoints in records.items()}


def ready(places: dict[Pod, tuple[int, bool]]) -> set[tuple[ServiceName, str]]:
    return {(s, f"10.2.0.{number}") for (s, number), (_, is_ready) in places.items() if is_ready}


def flat(found: ByService) -> list[tuple[ServiceName, str]]:
    return sorted((service, each.address) for service, these in found.items() for each in these)


@given(PLACES, PLACES)
def test_the_difference_is_that_of_both_sets_read_whole(
    before: dict[Pod, tuple[int, bool]], after: dict[Pod, tuple[int, bool]]
) -> None:
    found = changes(packed(before), packed(after))
    assert flat(found.removed) == sorted(ready(before) - ready(after))
    assert flat(found.added) == sorted(ready(after) - ready(before))
    assert found.growth == len(ready(after)) - len(ready(before))


@given(PLACES, st.lists(st.sampled_from(["node-0", "node-1", "node-2", "node"]), unique=True))
def test_pods_on_nodes_are_those_of_the_set_read_whole(
    places: dict[Pod, tuple[int, bool]], nodes: list[str]
) -> None:
    expected = sorted(
        (service, f"10.2.0.{number}")
        for (service, number), (_, is_ready) in places.items()
        if is_ready and f"node-{number % 3}" in nodes
    )
    found = endpoints_on(RecordSet.of(packed(places)), map(NodeName, nodes))
    assert flat(found) == expected


HALF_BROKEN = with_fields(record(ONE), {"e": [[b"abc", 1, "node-1", None]]})
"""Whoever only counts does not see that an address has not three bytes."""

VALUES = st.one_of(
    st.sampled_from([BROKEN, HALF_BROKEN]),
    st.lists(st.sampled_from([ONE, TWO, THREE, UNREADY]), max_size=3).map(
        lambda these: record(*{each.address: each for each in these}.values())
    ),
)
KEYS = st.sampled_from([endpoints_key(WEB, 0), endpoints_key(WEB, 1), endpoints_key(API, 0)])
SETS = st.dictionaries(KEYS, VALUES, max_size=3)


@given(st.lists(SETS, max_size=6))
def test_growth_adds_up_whatever_is_malformed_or_said_twice(sets: list[Records]) -> None:
    before, total = EMPTY, 0
    for each in sets:
        after = RecordSet.of(each)
        changed = after.changes_since(before)
        found = endpoint_changes(changed) if before.count else first_endpoints(changed)
        total += found.growth
        assert total == ready_count(after)
        before = after
