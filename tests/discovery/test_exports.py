"""A packing is exactly what was wanted, costs what changed, and is found again in any set."""

from dataclasses import replace
from zlib import compress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.endpoints import Endpoint, decode_endpoints
from discovery.exports import (
    NO_PACKING,
    NOTHING,
    Desired,
    Exported,
    Packing,
    Statements,
    held_back,
    recovered,
    repacked,
)
from discovery.keys import CLUSTER_KEY, ack_key, drain_key, endpoints_key, export_key, policy_key
from discovery.names import Origin, ServiceName
from discovery.records import AckRecord, ClusterRecord, DrainRecord, PolicyRecord, encode_cluster
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusal
from tests.discovery.published import (
    API,
    CLUSTER,
    DB,
    HEAD,
    HTTP,
    WEB,
    canonical,
    desired_states,
    endpoint,
    exported,
    read,
    state,
)

STATEMENTS = Statements(
    cluster=CLUSTER,
    policies={("shop", "web"): PolicyRecord(spec=b"spec", created_at=3)},
    drains={
        None: DrainRecord(drain="d1", started_at_ms=5),
        WEB: DrainRecord(drain="d2", started_at_ms=6, ramp_s=9),
    },
    acks={Origin("beta"): AckRecord(drain="d3")},
    service_acks={(Origin("beta"), WEB): AckRecord(drain="d4")},
)


def whole(desired: Desired, held: Packing = NO_PACKING) -> Packing:
    gone = {service: None for service in held.placements if service not in desired.exports}
    done = repacked(held, {**gone, **desired.exports}, desired.statements)
    assert done.refused == ()
    return done.packing


def changed(before: Packing, after: Packing) -> list[bytes]:
    return sorted(each.key for each in after.records.changes_since(before.records))


# --- exact -------------------------------------------------------------------------------


def test_all_that_a_cluster_says_has_its_record() -> None:
    packing = whole(Desired.of([exported(WEB, range(20))], STATEMENTS))
    assert sorted(key for key, _ in packing.records) == sorted(
        [
            CLUSTER_KEY,
            policy_key("shop", "web"),
            drain_key(),
            drain_key(WEB),
            ack_key(Origin("beta")),
            ack_key(Origin("beta"), WEB),
            export_key(WEB),
            endpoints_key(WEB, 0),
            endpoints_key(WEB, 1),
        ]
    )
    assert packing.endpoints == 20
    assert read(packing.records) == Desired.of([exported(WEB, range(20))], STATEMENTS)


def test_nothing_wanted_still_says_who_we_are() -> None:
    assert [key for key, _ in whole(NOTHING).records] == [CLUSTER_KEY]


def test_one_endpoint_that_changes_changes_one_record() -> None:
    before = whole(state({WEB: range(100), API: range(200, 300)}))
    there = [endpoint(each, ready=each != 42) for each in range(100)]
    done = repacked(before, {WEB: Exported(WEB, HEAD, {HTTP: tuple(there)})})
    assert changed(before, done.packing) == [endpoints_key(WEB, 2)]
    assert done.packing.placements[API] is before.placements[API]


def test_a_head_that_changes_leaves_the_endpoints_alone() -> None:
    before = whole(state({WEB: range(100)}))
    head = replace(HEAD, service_account="other")
    done = repacked(before, {WEB: exported(WEB, range(100), head=head)})
    assert changed(before, done.packing) == [export_key(WEB)]


def test_what_is_exported_no_more_goes_with_all_its_records() -> None:
    before = whole(state({WEB: range(40), API: range(200, 210)}))
    after = repacked(before, {WEB: None}).packing
    assert read(after.records) == state({API: range(200, 210)})
    assert (after.endpoints, list(after.placements)) == (10, [API])


def test_what_is_not_exported_can_go_as_often_as_one_likes() -> None:
    before = whole(state({WEB: range(4)}))
    assert repacked(before, {DB: None}).packing.records is before.records


def test_statements_replace_those_before() -> None:
    before = whole(Desired.of([exported(WEB, range(4))], STATEMENTS))
    after = repacked(before, {}, Statements(cluster=CLUSTER)).packing
    assert read(after.records) == Desired.of([exported(WEB, range(4))], Statements(cluster=CLUSTER))


def test_what_would_vanish_is_held_and_what_comes_is_taken() -> None:
    before = whole(state({WEB: range(4)}))
    kept = held_back(before.placements[WEB], exported(WEB, [2, 9], ports=HTTP))
    assert canonical(Desired.of([kept])) == state({WEB: [0, 1, 2, 3, 9]})


# --- refusals ----------------------------------------------------------------------------


def listed(*there: Endpoint) -> Exported:
    return Exported(WEB, HEAD, {HTTP: there})


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (listed(Endpoint("nowhere")), "nowhere"),
        (listed(Endpoint("fe80::1%eth0")), "has a scope"),
        (listed(Endpoint("10.0.0.1", node="-")), "which is no name"),
        (listed(Endpoint("10.0.0.1", zone="a b")), "label values"),
        (listed(Endpoint("10.0.0.1", hostname="A")), "no label"),
        (listed(Endpoint("10.0.0.1", node="\ud800")), "surrogates"),
        (exported(WEB, [1], ports=(replace(HTTP[0], port=0),)), "a port"),
        (exported(WEB, [1], ports=(HTTP[0], replace(HTTP[0], port=2))), "twice"),
        (exported(WEB, [1], head=replace(HEAD, session_affinity="Some")), "ClientIP"),
        (exported(WEB, [1], head=replace(HEAD, exported_at=1 << 70)), "Integer"),
        (exported(WEB, [1], head=replace(HEAD, labels={"a" * 2_000: "b"})), "1024"),
    ],
)
def test_what_a_peer_would_refuse_is_refused_whole_and_the_last_stays(
    bad: Exported, words: str
) -> None:
    before = whole(state({WEB: range(20), API: range(200, 204)}))
    done = repacked(before, {WEB: bad, API: exported(API, range(200, 205))})
    [refused] = done.refused
    assert refused.reason in (Refusal.MALFORMED, Refusal.OVERSIZED)
    assert words in refused.what
    assert "shop/web" in refused.what
    assert read(done.packing.records) == state({WEB: range(20), API: range(200, 205)})
    assert done.packing.endpoints == 25


@pytest.mark.parametrize("name", ["Not", "", "a/b", "\ud800"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    bad = ServiceName("shop", name)
    statements = Statements(
        cluster=CLUSTER,
        policies={("shop", f"{name}/"): PolicyRecord(spec=b"")},
        drains={bad: DrainRecord(drain="d", started_at_ms=1)},
        acks={Origin(name): AckRecord(drain="d")},
        service_acks={(Origin("beta"), bad): AckRecord(drain="d")},
    )
    done = repacked(NO_PACKING, {bad: exported(bad, [1])}, statements)
    assert [each.reason for each in done.refused] == [Refusal.MALFORMED] * 5
    assert read(done.packing.records) == Desired.of([], Statements(cluster=CLUSTER))


def test_a_statement_that_is_refused_leaves_the_last_good_one() -> None:
    before = whole(Desired.of([], STATEMENTS))
    policies = {
        ("shop", "web"): PolicyRecord(spec=bytes(20_000)),
        ("shop", "api"): PolicyRecord(spec=bytes(20_000)),
    }
    done = repacked(before, {}, replace(STATEMENTS, policies=policies))
    assert [each.what.partition(":")[0] for each in done.refused] == [
        "policy/shop/web",
        "policy/shop/api",
    ]
    assert read(done.packing.records) == Desired.of([], STATEMENTS)
    gone = repacked(done.packing, {}, Statements()).packing
    assert read(gone.records) == NOTHING


# --- found again -------------------------------------------------------------------------


def test_what_is_none_of_our_records_goes_with_the_next_whole_packing() -> None:
    good = whole(state({WEB: range(4)}))
    strange = {
        b"later-kind/one": b"?",
        b"endpoints/shop/web/01": b"?",
        endpoints_key(WEB, 7): b"no record",
        endpoints_key(API, 0): good.records.get(endpoints_key(WEB, 0)) or b"",
        drain_key(): b"?",
    }
    found = recovered(good.records.updated(strange))
    assert found.endpoints == 8
    assert whole(state({WEB: range(4)}), found).records.root == good.records.root
    crowded = whole(state({WEB: range(8 * 16)}), found)
    assert read(crowded.records) == state({WEB: range(8 * 16)})


def test_fields_of_a_later_version_are_not_spoken_for() -> None:
    good = whole(state({WEB: range(4)}))
    key = endpoints_key(WEB, 0)
    value = good.records.get(key) or b""
    later = bytes([value[0] + 1]) + value[1:] + b"\xa1q\x01"
    assert decode_endpoints(later, "later") == decode_endpoints(value, "ours")
    head = good.records.get(export_key(WEB)) or b""
    later_head = bytes([head[0] + 1]) + head[1:] + b"\xa1q\x01"
    found = recovered(good.records.updated({key: later, export_key(WEB): later_head}))
    assert whole(state({WEB: range(4)}), found).records.root == good.records.root


@given(st.lists(desired_states(), min_size=1, max_size=5))
def test_any_state_is_read_back_and_its_assignment_recovered(sequence: list[Desired]) -> None:
    kept = found = NO_PACKING
    for desired in sequence:
        kept, found = whole(desired, kept), whole(desired, recovered(found.records))
        assert read(kept.records) == canonical(desired)
        assert found == replace(kept, records=found.records)
        assert found.records.root == kept.records.root
        assert kept.records.root == RecordSet.of(dict(kept.records)).root
        assert kept.endpoints == sum(
            len(there) for each in desired.exports.values() for there in each.endpoints.values()
        )


@given(desired_states(), desired_states())
def test_service_by_service_is_the_same_as_all_at_once(first: Desired, second: Desired) -> None:
    at_once = whole(second, whole(first))
    packing = whole(first)
    for service in (WEB, API, DB):
        packing = repacked(packing, {service: second.exports.get(service)}).packing
    packing = repacked(packing, {}, second.statements).packing
    assert packing.records.root == at_once.records.root
    assert whole(second, at_once).records is at_once.records


def test_an_empty_set_is_recovered_as_nothing() -> None:
    assert recovered(EMPTY) == NO_PACKING
    assert recovered(RecordSet.of({CLUSTER_KEY: encode_cluster(ClusterRecord())})).endpoints == 0


# --- what it touches -----------------------------------------------------------------------


def test_one_of_five_thousand_builds_one_record_and_one_branch() -> None:
    before = whole(state({WEB: range(5_000)}))
    there = tuple(endpoint(each, ready=each != 42) for each in range(5_000))
    after = repacked(before, {WEB: Exported(WEB, HEAD, {HTTP: there})}).packing
    shared = zip(after.records.branches, before.records.branches, strict=True)
    assert sum(ours is not theirs for ours, theirs in shared) == 1
    old, new = before.placements[WEB], after.placements[WEB]
    assert [number for number in old if new[number] is not old[number]] == [2]


def test_a_typical_change_fits_into_a_datagram_beside_its_manifest() -> None:
    before = whole(state({WEB: range(160)}))
    there = tuple(endpoint(each, ready=each != 42) for each in range(160))
    after = repacked(before, {WEB: Exported(WEB, HEAD, {HTTP: there})}).packing
    [change] = after.records.changes_since(before.records)
    assert change.after is not None
    assert len(compress(change.key + change.after)) <= 700
