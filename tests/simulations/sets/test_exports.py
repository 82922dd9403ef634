"""What a cluster exports is whole at every step, and changes touch few records."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.endpoints import ENDPOINTS_MAX, Endpoint, decode_endpoints
from discovery.keys import CLUSTER_KEY, Kind, parse_key
from discovery.names import is_subdomain
from discovery.records import decode_cluster, decode_export
from discovery.recordset import RecordSet
from simulations.randomness import generator
from simulations.sets.exports import Edits, Exports, edited
from simulations.sets.fleet import (
    ADDRESSES,
    ENDPOINTS_OF_CLUSTER_MAX,
    NODES_MAX,
    ClusterPlan,
    service_of,
)

PLAN = ClusterPlan(number=7, nodes=10, services=2, endpoints=40)
FIRST, SECOND_ONE = service_of(0), service_of(1)


def exports(seed: int = 1, plan: ClusterPlan = PLAN) -> Exports:
    return Exports(plan, generator(seed, "exports", plan.number))


def decoded(records: RecordSet) -> dict[str, list[Endpoint]]:
    """The endpoints of each service, as an importer reads them."""
    found: dict[str, list[Endpoint]] = {}
    for key, value in records:
        parsed = parse_key(key)
        if parsed.kind is Kind.ENDPOINTS:
            record = decode_endpoints(value, "record")
            found.setdefault(str(parsed.service), []).extend(record.endpoints)
    return found


def test_a_set_holds_the_cluster_the_heads_and_all_endpoints() -> None:
    records = RecordSet.of(exports().records())
    kinds = Counter(parse_key(key).kind for key, _ in records)
    assert kinds == {Kind.CLUSTER: 1, Kind.EXPORT: 2, Kind.ENDPOINTS: 2 * 3}
    assert decode_cluster(records.get(CLUSTER_KEY) or b"", "cluster").region == PLAN.region
    head = decode_export(records.get(f"export/{FIRST}".encode()) or b"", "head")
    assert (head.service_account, head.ports[0].port) == (FIRST.name, 80)
    everyone = [each for endpoints in decoded(records).values() for each in endpoints]
    assert len(everyone) == len({each.address for each in everyone}) == 80
    assert all(each.ready and each.serving for each in everyone)
    assert all(is_subdomain(each.node) and 20 < len(each.node) < 60 for each in everyone)
    assert {each.zone for each in everyone} == {f"{PLAN.region}{zone}" for zone in "abc"}


def test_clusters_share_no_address_and_gateways_are_where_networks_meet() -> None:
    other = exports(plan=ClusterPlan(number=8, nodes=10, gateways=2))
    ours = {each.address for each in exports().endpoints(FIRST)}
    assert not ours & {each.address for each in other.endpoints(FIRST)}
    cluster = decode_cluster(other.records()[CLUSTER_KEY], "cluster")
    assert len({gateway.address for gateway in cluster.gateways}) == 2


def test_equal_generators_give_equal_records_and_others_do_not() -> None:
    def root(seed: int) -> bytes:
        made = exports(seed)
        records = RecordSet.of(made.records())
        for _ in range(20):
            records = edited(records, made.churn())
        return records.root

    assert root(1) == root(1) != root(2)


def test_a_flip_touches_one_endpoint_in_one_record() -> None:
    made = exports()
    before = RecordSet.of(made.records())
    after = edited(before, made.flip(SECOND_ONE))
    (change,) = after.changes_since(before)
    assert parse_key(change.key).service == SECOND_ONE
    pairs = zip(
        decode_endpoints(change.before or b"", "before").endpoints,
        decode_endpoints(change.after or b"", "after").endpoints,
        strict=True,
    )
    assert [(one.ready, two.ready) for one, two in pairs if one != two] == [(True, False)]


def test_a_pod_that_moves_has_another_address_and_the_number_stays() -> None:
    made = exports()
    before = {each.address for each in made.endpoints(FIRST)}
    assert 1 <= len(made.move(FIRST)) <= 2
    after = {each.address for each in made.endpoints(FIRST)}
    assert (len(after), len(after - before), len(before - after)) == (40, 1, 1)


@given(st.lists(st.sampled_from(["flip", "move", "churn", "node"]), max_size=30), st.integers(0, 9))
def test_edits_lead_to_what_the_whole_set_says(steps: list[str], seed: int) -> None:
    made = exports(seed)
    records = RecordSet.of(made.records())
    for step in steps:
        records = edited(records, happens(made, step))
        assert records.root == RecordSet.of(made.records()).root
    assert all(len(each) <= ENDPOINTS_MAX for each in sizes(records))
    assert sum(map(len, sizes(records))) == 80


def happens(made: Exports, step: str) -> Edits:
    match step:
        case "flip":
            return made.flip()
        case "move":
            return made.move()
        case "node":
            return made.node_down(made.node_names()[0])
        case _:
            return made.churn()


def sizes(records: RecordSet) -> list[tuple[Endpoint, ...]]:
    return [
        decode_endpoints(value, "record").endpoints
        for key, value in records
        if parse_key(key).kind is Kind.ENDPOINTS
    ]


@pytest.mark.parametrize(("surge", "steps"), [(1, 160), (16, 12)])
def test_a_deployment_rolls_pod_by_pod_and_serves_all_the_time(surge: int, steps: int) -> None:
    made = exports()
    records = RecordSet.of(made.records())
    old = {each.address for each in made.endpoints(FIRST)}
    others = made.endpoints(SECOND_ONE)
    count = 0
    for edits in made.roll(FIRST, surge=surge):
        count += 1
        assert len(edits) <= 2 * surge
        records = edited(records, edits)
        endpoints = decoded(records)[str(FIRST)]
        assert sum(each.ready for each in endpoints) >= 40
        assert len(endpoints) <= 40 + surge
        ending = [each for each in endpoints if each.terminating]
        assert not any(each.ready for each in ending)
        assert all(each.serving for each in ending)
    assert count == steps
    assert not old & {each.address for each in made.endpoints(FIRST)}
    assert len(made.endpoints(FIRST)) == 40
    assert made.endpoints(SECOND_ONE) == others
    assert records.root == RecordSet.of(made.records()).root


def test_addresses_are_used_again_but_not_soon() -> None:
    made = exports(plan=ClusterPlan(number=0, nodes=NODES_MAX, bridges=1, endpoints=1))
    seen = set[str]()
    for _ in range(ADDRESSES + 10):
        made.move()
        seen.add(made.endpoints(FIRST)[0].address)
    assert ADDRESSES // 2 < len(seen) < ADDRESSES


def test_a_cluster_without_addresses_says_so() -> None:
    crowd = ClusterPlan(number=0, nodes=NODES_MAX, endpoints=ENDPOINTS_OF_CLUSTER_MAX)
    made = exports(plan=crowd)
    with pytest.raises(ValueError, match="cluster-0 has no address left"):
        next(made.roll(FIRST, surge=ENDPOINTS_OF_CLUSTER_MAX))


def test_a_node_that_is_down_takes_its_endpoints_and_no_others() -> None:
    made = exports()
    node = made.node_names()[3]
    records = edited(RecordSet.of(made.records()), made.node_down(node))
    for endpoints in decoded(records).values():
        assert all(each.ready is (each.node != node) for each in endpoints)
    assert made.node_down(node) == {}
