"""What one origin says: taken record by record, the last good version kept, shown when refused."""

import pytest

from discovery.endpoints import Endpoint, EndpointPort
from discovery.holdings import Held
from discovery.keys import (
    CLUSTER_KEY,
    DRAIN_KEY,
    ack_key,
    drain_key,
    endpoints_key,
    export_key,
    policy_key,
)
from discovery.policy import TrafficPolicy, packed_spec
from discovery.records import (
    AckRecord,
    ClusterRecord,
    DrainRecord,
    PolicyRecord,
    encode_ack,
    encode_drain,
    encode_export,
    encode_policy,
)
from discovery.recordset import Change
from discovery.refusals import Refusal
from discovery.tally import ZoneCount
from discovery.view_index import OriginIndex, Touched
from tests.discovery.view_world import CART, SHOP, A, B, cluster, endpoints, export, exported

BAD = b"\xc1"
POLICY = encode_policy(
    PolicyRecord(spec=packed_spec(TrafficPolicy(namespace="shop", name="p")), created_at=3)
)
DRAIN = encode_drain(DrainRecord(drain="d", started_at_ms=1))


def put(index: OriginIndex, records: dict[bytes, bytes | None], edition: int = 1) -> Touched:
    return index.apply([Change(key, None, value) for key, value in records.items()], 0, edition)


def full() -> OriginIndex:
    index = OriginIndex(B)
    put(index, dict(exported(SHOP, endpoints("10.0.0.1"), endpoints("10.0.0.2", zone="z"))))
    return index


def test_records_of_a_service_are_held_by_number_with_their_counts() -> None:
    index = full()
    holding = index.holdings[SHOP]
    assert list(holding.numbers) == [0, 1]
    assert holding.tally == (ZoneCount("", 1, 1), ZoneCount("z", 1, 1))
    assert index.head_of(SHOP) == export()
    assert index.services() == [SHOP]
    touched = put(index, {endpoints_key(SHOP, 0): None, endpoints_key(SHOP, 9): None}, 5)
    assert (list(touched.services), list(touched.heads)) == ([SHOP], [])
    assert (list(holding.numbers), holding.edition) == ([1], 5)


def test_a_service_without_records_is_forgotten() -> None:
    index = full()
    put(index, {export_key(SHOP): None})
    assert index.head_of(SHOP) is None
    put(index, {endpoints_key(SHOP, 0): None, endpoints_key(SHOP, 1): None})
    assert index.holdings == {}
    assert list(put(index, {export_key(SHOP): None}).heads) == [SHOP]
    assert index.holdings == {}


@pytest.mark.parametrize(
    ("key", "good"),
    [
        (CLUSTER_KEY, cluster(region="eu")),
        (export_key(SHOP), encode_export(export())),
        (endpoints_key(SHOP, 0), endpoints("10.0.0.1")),
        (policy_key("shop", "p"), POLICY),
        (DRAIN_KEY, DRAIN),
        (drain_key(SHOP), DRAIN),
        (ack_key(A), encode_ack(AckRecord(drain="d"))),
    ],
)
def test_a_malformed_record_is_refused_and_its_last_good_version_stays(
    key: bytes, good: bytes
) -> None:
    index = OriginIndex(B)
    put(index, {key: BAD})
    assert [(each.reason, each.has_last_good) for each in index.faults.values()] == [
        (Refusal.MALFORMED, False)
    ]
    put(index, {key: good})
    assert index.faults == {}
    state = (index.cluster, dict(index.drains), dict(index.acks), dict(index.policies))
    put(index, {key: BAD})
    assert [each.has_last_good for each in index.faults.values()] == [True]
    assert (index.cluster, index.drains, index.acks, index.policies) == state
    put(index, {key: None})
    assert index.faults == {}
    assert index.cluster == ClusterRecord()
    assert not any((index.drains, index.acks, index.policies, index.holdings))


def test_a_malformed_key_is_a_fault_until_it_goes() -> None:
    index = OriginIndex(B)
    put(index, {b"export/shop": BAD})
    assert list(index.faults) == [b"export/shop"]
    put(index, {b"export/shop": None})
    assert index.faults == {}


def test_kinds_of_a_later_version_are_let_be() -> None:
    index = OriginIndex(B)
    assert put(index, {b"later/x": BAD}) == Touched()
    assert index.faults == {}


def test_nodes_that_are_down_touch_what_runs_there_alone() -> None:
    index = OriginIndex(B)
    put(index, dict(exported(SHOP, endpoints("10.0.0.1", node="n1"))))
    put(index, dict(exported(CART, endpoints("10.0.0.2", node="n2"))))
    assert index.set_down(frozenset({"n1"}), 7) == [SHOP]
    assert index.holdings[SHOP].tally == (ZoneCount("", 1, 0),)
    assert (index.holdings[SHOP].edition, index.holdings[CART].edition) == (7, 1)
    assert index.set_down(frozenset({"n1"}), 8) == []
    assert index.set_down(frozenset(), 9) == [SHOP]


def test_head_and_ports_of_what_is_held_outlive_their_records() -> None:
    index = full()
    index.held[SHOP] = Held((Endpoint("10.0.0.1"),), "why", 2)
    put(index, {export_key(SHOP): None})
    put(index, {endpoints_key(SHOP, 0): None})
    assert index.held_ports(SHOP) == (EndpointPort("http", 8080),)
    put(index, {endpoints_key(SHOP, 1): None})
    assert index.holdings == {}
    assert index.services() == [SHOP]
    assert index.head_of(SHOP) == export()
    assert index.held_ports(SHOP) == (EndpointPort("http", 8080),)
    del index.held[SHOP]
    assert index.head_of(SHOP) is None
    put(index, {})
    assert index.remains == {}


def test_without_any_record_the_ports_of_what_is_held_are_those_of_the_head() -> None:
    index = OriginIndex(B)
    put(index, dict(exported(SHOP)))
    index.held[SHOP] = Held((Endpoint("10.0.0.1"),), "why", 2)
    assert index.held_ports(SHOP) == (EndpointPort("http", 80),)
    assert index.held_ports(CART) == ()


def test_the_stronger_of_two_drains_counts() -> None:
    index = full()
    assert index.drain_weight(SHOP, 0, {}) == 1000
    quick = encode_drain(DrainRecord(drain="q", started_at_ms=1, ramp_s=0))
    assert list(put(index, {DRAIN_KEY: DRAIN, drain_key(SHOP): quick}).drains) == [None, SHOP]
    assert index.drain_weight(SHOP, 0, {}) == 0
    assert index.drain_weight(CART, 0, {}) == 1000
    assert index.ramp_weight(None, 0, {(B, None): AckRecord(drain="d")}) == 0
    assert index.drain_weight(CART, 0, {(B, None): AckRecord(drain="d")}) == 0
