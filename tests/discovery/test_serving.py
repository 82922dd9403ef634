"""Who lacks something is given what differs, in answers that fit, and nothing not meant for it."""

import pytest

from discovery.catalog import Catalog
from discovery.config import ReplicatorConfig
from discovery.deltas import delta_of
from discovery.index import group_of, set_key
from discovery.limits import CatalogLimits
from discovery.messages import (
    Buckets,
    Changes,
    Compare,
    Differ,
    Digests,
    Item,
    Nothing,
    Part,
    Pull,
    Pulled,
    Wanted,
)
from discovery.recordset import EMPTY, RecordSet, bucket_of
from discovery.serving import FRAME_SLACK_BYTES, Server, size_of
from discovery.wire import BUCKETS, write_message
from failure_detect.clock import SECOND
from tests.discovery.counter import ASKER, KEY, NOW, RECORDS, ROOM, Counter, having, touched
from tests.discovery.lone import (
    ALPHA,
    BETA,
    signed,
    some_records,
    trusting,
)

# --- by history --------------------


def test_who_has_an_earlier_set_is_given_what_changed() -> None:
    old, new = signed(RECORDS), signed(touched(2), version=2)
    counter = Counter(old, new)
    delta = delta_of(new.records.changes_since(old.records))
    assert counter.one(having(RECORDS)) == Changes(KEY, new.manifest.raw, RECORDS.root, delta)
    assert counter.server.pin_count == 0


def test_who_has_the_same_is_given_no_change() -> None:
    new = signed(RECORDS)
    answer = Counter(new).one(having(RECORDS))
    assert isinstance(answer, Changes)
    assert (dict(answer.delta.put), answer.delta.delete) == ({}, ())


def test_what_is_not_held_is_not_there() -> None:
    counter = Counter()
    assert counter.one(Wanted(key=KEY)) == Nothing(KEY)
    assert counter.one(Wanted(key=b"o/any")) == Nothing(b"o/any")


# --- by branches and buckets --------------------


def test_where_the_history_is_gone_few_records_that_differ_come_at_once() -> None:
    new = signed(touched(1), version=2)
    answer = Counter(new).one(having(RECORDS))
    assert isinstance(answer, Buckets)
    branch = bucket_of(b"endpoints/shop/s/0") // 64
    assert (answer.manifest, answer.root) == (new.manifest.raw, new.records.root)
    assert (answer.branches, answer.buckets) == ((branch,), ())
    assert dict(answer.put) == {k: v for k, v in new.records if bucket_of(k) // 64 == branch}


def large(count: int) -> RecordSet:
    return RecordSet.of(some_records(count, 400))


def test_where_more_differs_the_digests_of_buckets_come_first() -> None:
    records = large(3_000)
    new = signed(records.updated({b"endpoints/shop/s/%d" % at: b"n" for at in range(6)}), version=2)
    counter = Counter(new)
    answer = counter.one(having(records))
    assert isinstance(answer, Digests)
    assert sorted({number for number, _ in answer.branches}) == sorted(
        {bucket_of(b"endpoints/shop/s/%d" % at) // 64 for at in range(6)}
    )
    assert all(len(each) == 64 for _, each in answer.branches)
    assert counter.server.pin_count == 1


def test_single_buckets_of_a_target_come_without_the_manifest() -> None:
    new = signed(RECORDS)
    buckets = tuple(sorted({bucket_of(key) for key, _ in RECORDS}))[:3]
    answer = Counter(new).one(having(EMPTY, target=RECORDS.root, buckets=buckets))
    assert isinstance(answer, Buckets)
    assert (answer.manifest, answer.root, answer.buckets) == (b"", RECORDS.root, buckets)
    assert dict(answer.put) == {k: v for k, v in RECORDS if bucket_of(k) in buckets}


def test_only_so_many_buckets_come_as_there_is_room_for() -> None:
    buckets = tuple(sorted({bucket_of(key) for key, _ in RECORDS}))
    answer = Counter(signed(RECORDS)).one(
        having(EMPTY, target=RECORDS.root, buckets=buckets), room=4_096
    )
    assert isinstance(answer, Buckets)
    assert 0 < len(answer.buckets) < len(buckets)
    assert answer.buckets == buckets[: len(answer.buckets)]
    assert len(write_message(Pulled((answer,)))) <= 4_096


@pytest.mark.parametrize("buckets", [(BUCKETS,), (0,) * BUCKETS, tuple(range(BUCKETS))])
def test_buckets_out_of_range_or_over_and_over_do_no_harm(buckets: tuple[int, ...]) -> None:
    answer = Counter(signed(RECORDS)).one(having(EMPTY, target=RECORDS.root, buckets=buckets))
    assert isinstance(answer, Buckets)
    assert all(0 <= each < BUCKETS for each in answer.buckets)


# --- whole, in parts --------------------


def test_who_has_nothing_is_given_all_of_it() -> None:
    new = signed(RECORDS)
    assert Counter(new).one(Wanted(key=KEY)) == Part(
        KEY, new.manifest.raw, RECORDS.root, 0, BUCKETS, dict(RECORDS)
    )


def test_what_does_not_fit_comes_in_parts_that_give_the_whole() -> None:
    new = signed(RECORDS)
    counter = Counter(new)
    found: dict[bytes, bytes] = {}
    wanted, parts = Wanted(key=KEY), 0
    while wanted.first < BUCKETS:
        answer = counter.one(wanted, room=8_192)
        assert isinstance(answer, Part)
        assert answer.first == wanted.first < answer.until
        assert answer.manifest == (b"" if parts else new.manifest.raw)
        assert len(write_message(Pulled((answer,)))) <= 8_192
        found |= answer.put
        parts += 1
        wanted = Wanted(key=KEY, target=RECORDS.root, first=answer.until)
    assert RecordSet.of(found) == RECORDS
    assert parts > 3


def test_who_goes_on_at_the_end_is_given_nothing_more() -> None:
    wanted = Wanted(key=KEY, target=RECORDS.root, first=BUCKETS)
    answer = Counter(signed(RECORDS)).one(wanted)
    assert answer == Part(KEY, b"", RECORDS.root, BUCKETS, BUCKETS, {})


def test_a_set_that_somebody_is_in_the_middle_of_stays_though_its_origin_goes_on() -> None:
    first = signed(RECORDS)
    counter = Counter(first, versions=1)
    begun = counter.one(Wanted(key=KEY), room=8_192)
    assert isinstance(begun, Part)
    for version in range(2, 9):
        counter.hold(signed(touched(version), version=version))
    assert counter.catalog.version(ALPHA, RECORDS.root) is None
    going_on = counter.one(Wanted(key=KEY, target=RECORDS.root, first=begun.until))
    assert isinstance(going_on, Part)
    assert (going_on.root, going_on.manifest, going_on.until) == (RECORDS.root, b"", BUCKETS)


def test_whose_target_is_gone_is_given_what_is_there_now() -> None:
    counter = Counter(versions=1)
    for version in range(1, 5):
        counter.hold(signed(touched(version), version=version))
    gone = touched(1)
    answer = counter.one(Wanted(key=KEY, target=gone.root, first=2_000))
    assert isinstance(answer, Part)
    assert (answer.root, answer.first) == (touched(4).root, 0)
    assert answer.manifest


def test_a_pin_lasts_a_while_after_the_last_question_and_no_longer() -> None:
    config = ReplicatorConfig(pin=SECOND)
    counter = Counter(signed(RECORDS), config=config, versions=1)
    counter.one(Wanted(key=KEY))
    for version in range(2, 5):
        counter.hold(signed(touched(version), version=version))
    target = Pull((Wanted(key=KEY, target=RECORDS.root, first=9),), ROOM)
    for at in (NOW + SECOND, NOW + 2 * SECOND):
        [answer] = counter.server.pull(target, ASKER, at).answers
        assert isinstance(answer, Part)
        assert answer.root == RECORDS.root
    [answer] = counter.server.pull(target, ASKER, NOW + 3 * SECOND + 1).answers
    assert isinstance(answer, Part)
    assert answer.root == touched(4).root


def test_no_more_sets_are_pinned_than_there_may_be() -> None:
    counter = Counter(config=ReplicatorConfig(pinned=3), versions=1)
    for version in range(1, 9):
        counter.hold(signed(touched(version), version=version))
        counter.one(Wanted(key=KEY))
    assert counter.server.pin_count == 3


# --- several at once --------------------


def test_answers_come_in_the_order_of_what_was_asked_as_many_as_fit() -> None:
    sets = [signed(some_records(20, 100, at), f"c{at}") for at in range(6)]
    counter = Counter()
    counter.catalog = Catalog(trusting(*(f"c{at}" for at in range(6))), CatalogLimits())
    counter.server = Server(counter.catalog, counter.items, counter.index, ReplicatorConfig())
    for each in sets:
        counter.hold(each)
    wanted = [Wanted(key=b"s/c%d" % at) for at in range(6)]
    answers = counter.all(*wanted, room=8_192)
    assert 1 < len(answers) < 6
    assert [each.key for each in answers] == [each.key for each in wanted[: len(answers)]]
    assert len(write_message(Pulled(answers))) <= 8_192
    assert len(counter.all(*wanted)) == 6


def test_an_answer_is_never_reckoned_smaller_than_it_is() -> None:
    new = signed(touched(1), version=2)
    counter = Counter(signed(RECORDS), new)
    counter.items.put(Item(b"o/x", b"x" * 90, 1), (1,), NOW)
    for wanted in (having(RECORDS), Wanted(key=KEY), Wanted(key=b"o/x"), Wanted(key=b"o/y")):
        answer = counter.one(wanted)
        assert size_of(answer) >= len(write_message(Pulled((answer,)))) - 8


@pytest.mark.parametrize("room", [4_096, 16_384, 1 << 30])
@pytest.mark.parametrize("count", [100, 300, 600])
def test_a_full_frame_is_no_reason_to_give_nothing(room: int, count: int) -> None:
    config = ReplicatorConfig(frame_bytes=16_384, room=16_384, room_min=4_096)
    records = RecordSet.of(some_records(count, 97))
    counter = Counter(signed(touched(3), version=2), signed(records, BETA), config=config)
    beta = Wanted(key=set_key(BETA))
    for wanted in ((beta,), (having(RECORDS), beta), (Wanted(key=KEY), beta)):
        answers = counter.all(*wanted, room=room)
        assert not any(isinstance(each, Nothing) for each in answers)
        assert sum(map(size_of, answers)) <= min(room, config.frame_bytes)


def test_what_is_left_of_the_room_is_filled_with_the_beginning_of_the_next() -> None:
    counter = Counter(signed(RECORDS), signed(some_records(20), BETA))
    small, large = counter.all(Wanted(key=set_key(BETA)), Wanted(key=KEY), room=16_384)
    assert isinstance(small, Part)
    assert isinstance(large, Part)
    assert (small.until, large.first) == (BUCKETS, 0)
    assert size_of(small) + size_of(large) > 15_000


def test_a_bucket_that_is_larger_than_the_room_comes_alone() -> None:
    config = ReplicatorConfig(frame_bytes=16_384, room=16_384, room_min=4_096)
    first = bucket_of(b"0")
    same = [key for key in (b"%d" % at for at in range(40_000)) if bucket_of(key) == first]
    others = [key for key in (b"%d" % at for at in range(40_000)) if bucket_of(key) > first]
    crowd = {key: bytes(4_000) for key in same[:6]}
    counter = Counter(signed({**crowd, others[0]: b"1"}), config=config)
    answer = counter.one(Wanted(key=KEY), room=1 << 30)
    assert isinstance(answer, Part)
    assert (answer.put, answer.until) == (crowd, bucket_of(others[0]))
    assert config.frame_bytes < size_of(answer) <= config.frame_bytes + FRAME_SLACK_BYTES


# --- comparing --------------------


def test_where_all_sums_are_equal_nothing_differs() -> None:
    counter = Counter(signed(RECORDS))
    same = counter.server.compare(Compare(counter.index.sums), ASKER)
    assert same == Differ(counter.index.fingerprint, (), ())


def test_the_entries_of_the_groups_that_differ_are_listed() -> None:
    counter = Counter(signed(RECORDS), signed(RECORDS, BETA))
    group = group_of(KEY)
    sums = tuple(each + (at == group) for at, each in enumerate(counter.index.sums))
    differ = counter.server.compare(Compare(sums), ASKER)
    assert differ.groups == (group,)
    assert [each.key for each in differ.entries] == [KEY]


def test_too_many_entries_are_cut_to_whole_groups_that_fit_a_frame() -> None:
    config = ReplicatorConfig(frame_bytes=65_536, room=65_536, room_min=4_096)
    counter = Counter(config=config)
    for at in range(3_000):
        counter.index.put(b"o/%d" % at, (at,))
    differ = counter.server.compare(Compare((1,) * 64), ASKER)
    assert 0 < len(differ.entries) < 3_000
    assert list(differ.entries) == list(counter.index.entries(differ.groups))
    assert len(write_message(differ)) <= config.frame_bytes


def test_a_single_group_that_does_not_fit_is_cut() -> None:
    config = ReplicatorConfig(frame_bytes=8_192, room=8_192, room_min=4_096)
    counter = Counter(config=config)
    crowd = [key for key in (b"o/%0100d" % at for at in range(9_000)) if group_of(key) == 7]
    for key in crowd:
        counter.index.put(key, (1 << 63,) * 4)
    differ = counter.server.compare(Compare((1,) * 64), ASKER)
    assert 7 in differ.groups
    assert 0 < len(differ.entries) < len(crowd)
    assert len(write_message(differ)) <= config.frame_bytes
