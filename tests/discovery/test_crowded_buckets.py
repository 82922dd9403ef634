"""A set of which somebody could never be given all is published, and held, by nobody."""

from collections.abc import Iterator
from functools import cache
from itertools import count, islice

import pytest

from discovery.alarms import Alarm
from discovery.assignment import placed
from discovery.catalog import Catalog
from discovery.config import ReplicatorConfig
from discovery.deltas import delta_of
from discovery.drafts import Draft
from discovery.endpoints import (
    ENDPOINT_RECORD_BYTES_MAX,
    ENDPOINTS_MAX,
    PORTS_MAX,
    Endpoint,
    EndpointPort,
    encode_endpoints,
)
from discovery.exports import NO_PACKING, Desired, Statements, repacked
from discovery.frames import decode_frame, encode_frame
from discovery.index import set_key
from discovery.keys import KEY_BYTES_MAX, drain_key, export_key, policy_key
from discovery.limits import CatalogLimits
from discovery.messages import Part, Pull, Pulled, Rumour, Wanted
from discovery.names import ServiceName
from discovery.publisher_config import PublisherConfig
from discovery.publisher_events import DesiredChanged, ExportRemoved, StatementsChanged
from discovery.records import (
    POLICY_BYTES_MAX,
    RECORD_BYTES_MAX,
    DrainRecord,
    PolicyRecord,
    encode_policy,
)
from discovery.recordset import BUCKET_BYTES_MAX, EMPTY, RecordSet, bucket_of, packed_size
from discovery.refusals import Refusal, Refused
from discovery.serving import FRAME_SLACK_BYTES
from discovery.wire import encode_gossip
from failure_detect.clock import SECOND
from tests.discovery.lone import ALPHA, Lone, Signed, adoptions, requests, signed, trusting
from tests.discovery.newsroom import alarms, on_stage, only
from tests.discovery.published import API, WEB, exported, read

CROWD = bucket_of(export_key(WEB))
LARGEST = PolicyRecord(spec=bytes(POLICY_BYTES_MAX), created_at=1 << 53)
FITTING = 15
"""So many of the largest policies fit one bucket."""


def names(bucket: int, prefix: str = "policy/shop/") -> Iterator[str]:
    """Names of policies that all lie in one bucket."""
    found = (f"p{number}" for number in count())
    return (each for each in found if bucket_of(f"{prefix}{each}".encode()) == bucket)


@cache
def policies(number: int) -> dict[tuple[str, str], PolicyRecord]:
    """So many of the largest policies in the bucket of the head of `shop/web`."""
    return {("shop", name): LARGEST for name in islice(names(CROWD), number)}


def crowded(number: int) -> RecordSet:
    return RecordSet.of({policy_key(*name): encode_policy(LARGEST) for name in policies(number)})


def filled(size: int) -> RecordSet:
    """One bucket that takes exactly so many bytes, in records of any kind."""
    keys = [f"x/{name}".encode() for name in islice(names(CROWD, "x/"), 9)]
    records = dict.fromkeys(keys, bytes(size // 9 - 100))
    records[keys[0]] += bytes(size - packed_size(records.items()))
    found = RecordSet.of(records)
    assert packed_size(found.bucket(CROWD)) == size
    return found


# --- what is too much -----------------------------------------------------------------------


def test_a_bucket_is_full_at_its_last_byte() -> None:
    assert filled(BUCKET_BYTES_MAX).overfull(EMPTY) is None
    over = BUCKET_BYTES_MAX + 1
    assert filled(over).overfull(EMPTY) == (CROWD, over)
    assert filled(over).overfull(filled(BUCKET_BYTES_MAX)) == (CROWD, over)
    assert filled(over).overfull(filled(over)) is None
    assert filled(over).overfull(filled(over + 1)) is None  # It has become less.
    assert EMPTY.overfull(filled(over)) is None


def test_of_the_largest_records_there_are_several_fit_one_bucket() -> None:
    key = policy_key("n" * 63, "p" * 253)
    assert len(key) <= KEY_BYTES_MAX
    assert len(encode_policy(LARGEST)) <= RECORD_BYTES_MAX
    assert packed_size([(bytes(KEY_BYTES_MAX), bytes(RECORD_BYTES_MAX))] * 7) <= BUCKET_BYTES_MAX
    assert crowded(FITTING).overfull(EMPTY) is None
    assert crowded(FITTING + 1).overfull(EMPTY) is not None


@pytest.mark.parametrize("count_of_ports", [1, 20, PORTS_MAX])
def test_the_largest_endpoints_there_are_fit_their_records(count_of_ports: int) -> None:
    ports = tuple(
        EndpointPort(f"{number:063}", 65_000 + number, "SCTP") for number in range(count_of_ports)
    )
    node, zone = ".".join(["n" * 62] * 4), "z" * 61
    there = [
        Endpoint(
            f"2001:db8:1111:2222:3333:4444:5555:{number:x}",
            node=node,
            zone=f"{zone}{number}",
            hostname=f"{number:063}",
        )
        for number in range(16, 16 + ENDPOINTS_MAX)
    ]
    placement = placed({}, {ports: there})
    assert sum(len(each.endpoints) for each in placement.values()) == ENDPOINTS_MAX
    for record in placement.values():
        assert len(encode_endpoints(record)) <= ENDPOINT_RECORD_BYTES_MAX


# --- who is asked for it --------------------------------------------------------------------


@pytest.mark.parametrize("frame_bytes", [16_384, 1 << 20])
def test_the_fullest_bucket_is_given_in_a_frame_that_everybody_reads(frame_bytes: int) -> None:
    config = ReplicatorConfig(frame_bytes=frame_bytes, room=16_384, room_min=4_096)
    full, lone = signed(filled(BUCKET_BYTES_MAX)), Lone(config)
    lone.publish(full)
    for wanted in (
        Wanted(key=set_key(ALPHA)),
        Wanted(key=set_key(ALPHA), target=full.records.root, first=CROWD),
        Wanted(key=set_key(ALPHA), target=full.records.root, buckets=(CROWD, CROWD + 1)),
    ):
        pulled = lone.ask(Pull((wanted,), 4_096))
        data = encode_frame(pulled, version=1)
        assert decode_frame(data, 16_384 + FRAME_SLACK_BYTES).message == pulled
        assert isinstance(pulled, Pulled)
        [answer] = pulled.answers
        assert not isinstance(answer, Part) or dict(answer.put) == dict(full.records)


# --- who would hold it ----------------------------------------------------------------------


def rumour(new: Signed, old: Signed) -> bytes:
    delta = delta_of(new.records.changes_since(old.records))
    return encode_gossip(Rumour(new.manifest.raw, old.records.root, delta))


def test_a_delta_that_overfills_a_bucket_is_refused_and_not_told_on() -> None:
    full = signed(crowded(FITTING))
    over = signed(crowded(FITTING + 1), version=2)
    lone = Lone()
    lone.publish(full)
    assert lone.hear(rumour(over, full)) == []
    assert lone.refused() == {"oversized": 1}
    held = lone.catalog.get(ALPHA)
    assert held is not None
    assert held.manifest == full.manifest
    after = signed(crowded(FITTING - 1), version=3)
    assert adoptions(lone.hear(rumour(after, full))) == [after.manifest]


def test_what_is_pulled_and_overfills_a_bucket_is_refused_and_not_asked_for_again() -> None:
    over, lone = signed(filled(BUCKET_BYTES_MAX + 1)), Lone()
    [order] = requests(lone.hear(encode_gossip(Rumour(over.manifest.raw))))
    part = Part(set_key(ALPHA), over.manifest.raw, over.records.root, 0, 4_096, dict(over.records))
    assert adoptions(lone.give(order, part)) == []
    assert lone.refused() == {"oversized": 1}
    assert requests(lone.wait(60 * SECOND)) == []


def test_a_catalog_says_which_bucket_it_is_and_changes_nothing() -> None:
    catalog, over = Catalog(trusting(), CatalogLimits()), signed(crowded(FITTING + 1))
    for take in (catalog.adopt, catalog.restore):
        with pytest.raises(Refused, match=f"set of alpha: 26.... bytes in bucket {CROWD}, at most"):
            take(over.manifest, over.records, 1)
    assert (len(catalog), catalog.floors()) == (0, {})


# --- who would publish it -------------------------------------------------------------------


def test_a_service_that_finds_no_room_is_refused_by_name_and_all_else_is_published() -> None:
    full = filled(BUCKET_BYTES_MAX - 10)
    held = repacked(NO_PACKING, {}, Statements()).packing
    records = held.records.updated(dict(full))
    done = repacked(
        type(held)(records, {}, held.others, 0),
        {WEB: exported(WEB, range(3)), API: exported(API, range(2))},
    )
    assert list(done.crowded) == [WEB]
    refused = done.crowded[WEB]
    assert refused.reason is Refusal.OVERSIZED
    assert refused.what.startswith(f"export/shop/web: bucket {CROWD} would have 262")
    assert "or under another name" in refused.what
    assert done.refused == ()
    assert list(done.packing.placements) == [API]
    assert done.packing.records.get(export_key(API)) is not None
    assert done.packing.records.overfull(EMPTY) is None


def test_who_goes_makes_room_for_who_comes_at_the_same_time() -> None:
    heads = policies(FITTING)
    held = repacked(NO_PACKING, {}, Statements(policies=heads)).packing
    other = {key: LARGEST for key in policies(FITTING + 1) if key not in heads}
    some = dict(list(heads.items())[1:])
    done = repacked(held, {WEB: exported(WEB, range(2))}, Statements(policies={**some, **other}))
    assert done.crowded == {}
    assert set(read(done.packing.records).statements.policies) == {*some, *other}


def test_where_not_all_find_room_that_of_who_goes_is_taken_all_the_same() -> None:
    heads = policies(FITTING)
    held = repacked(NO_PACKING, {}, Statements(policies=heads)).packing
    wanted = dict(list(policies(FITTING + 2).items())[1:])
    done = repacked(held, {}, Statements(policies=wanted))
    assert list(done.crowded) == [None]
    found = set(read(done.packing.records).statements.policies)
    assert len(found) == FITTING
    assert found < set(wanted)


def test_of_statements_as_many_are_published_as_there_is_room_for() -> None:
    drains: dict[ServiceName | None, DrainRecord] = {WEB: DrainRecord(drain="d", started_at_ms=1)}
    statements = Statements(policies=policies(FITTING + 2), drains=drains)
    done = repacked(NO_PACKING, {WEB: None}, statements)
    assert list(done.crowded) == [None]
    said = done.crowded[None]
    assert said.what.startswith("policy/shop/p")
    found = read(done.packing.records).statements
    assert len(found.policies) == FITTING
    assert found.drains == drains
    assert done.packing.others == frozenset(key for key, _ in done.packing.records)
    assert drain_key(WEB) in done.packing.others


def test_a_statement_that_would_grow_too_large_stays_as_it_was() -> None:
    small = dict(policies(FITTING + 1))
    grows = next(iter(small))
    small[grows] = PolicyRecord(spec=b"small")
    held = repacked(NO_PACKING, {}, Statements(policies=small)).packing
    done = repacked(held, {}, Statements(policies=policies(FITTING + 1)))
    assert list(done.crowded) == [None]
    assert read(done.packing.records).statements.policies == small
    assert done.packing.others == held.others


def test_what_found_no_room_is_published_when_others_have_made_some() -> None:
    ours = Draft(ALPHA, PublisherConfig())
    statements = Statements(policies=policies(FITTING + 1))
    ours.replace(Desired.of([exported(API, range(2))], statements))
    first = ours.compose(0)
    assert first is not None
    assert first.what.startswith("policy/shop/p")
    ours.check_invariants()
    assert len(read(ours.packing.records).statements.policies) == FITTING
    assert [(each.reason, each.count) for each in ours.refused] == [("oversized", 1)]
    ours.state(Statements(policies=dict(list(policies(FITTING + 1).items())[1:])))
    assert ours.compose(1) is None
    assert len(read(ours.packing.records).statements.policies) == FITTING


def test_a_publisher_goes_on_with_all_the_rest_and_raises_an_alarm_while_it_lasts() -> None:
    room = on_stage()
    state = Desired.of([exported(API, range(2))], Statements(policies=policies(FITTING + 1)))
    effects = room.tell(DesiredChanged(state))
    assert alarms(effects) == [Alarm.LIMITS]
    assert len(read(only(effects).records).statements.policies) == FITTING
    [refused] = room.publisher.statistics().refused
    assert refused.what.startswith("policy/shop/p")
    assert [alarm for alarm, _ in room.publisher.statistics().alarms] == [Alarm.LIMITS]
    room.wait(SECOND)
    again = only(room.tell(ExportRemoved(API)))
    assert API not in read(again.records).exports
    assert [alarm for alarm, _ in room.publisher.statistics().alarms] == [Alarm.LIMITS]
    room.wait(SECOND)
    room.tell(StatementsChanged(Statements(policies=policies(FITTING))))
    assert room.publisher.statistics().alarms == ()


def test_a_service_waits_for_room_and_takes_it() -> None:
    ours = Draft(ALPHA, PublisherConfig())
    ours.replace(Desired.of([], Statements(policies=policies(FITTING))))
    assert ours.compose(0) is None
    web = ServiceName("shop", "web")
    room = BUCKET_BYTES_MAX - packed_size(ours.packing.records.bucket(CROWD))
    annotations = {f"{number:03}": "a" * 1_000 for number in range(room // 1_000 + 1)}
    one = exported(web, range(2))
    large = type(one)(web, type(one.head)(ports=one.head.ports, annotations=annotations), {})
    ours.change(web, large)
    refused = ours.compose(1)
    assert refused is not None
    assert refused.what.startswith("export/shop/web: ")
    assert web not in ours.packing.placements
    ours.state(Statements(policies=policies(FITTING - 1)))
    assert ours.compose(2) is None
    assert read(ours.packing.records).exports[web].head == large.head
