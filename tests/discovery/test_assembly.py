"""Answers to a pull make a set of what is had and what they bring."""

import pytest

from discovery.assembly import SetAnswer, is_whole, staged
from discovery.catalog import Catalog
from discovery.deltas import delta_of
from discovery.index import set_key, set_rank
from discovery.limits import CatalogLimits
from discovery.messages import Buckets, Changes, Digests, Part
from discovery.recordset import EMPTY, RecordSet, bucket_of
from discovery.refusals import Refusal, Refused
from discovery.wants import BUCKETS, Staging, Want
from tests.discovery.lone import ALPHA, signed, some_records, trusting

KEY = set_key(ALPHA)
OLD = signed(some_records(100))
NEW = signed(OLD.records.updated({b"endpoints/shop/s/3": b"new"}), version=2)
RAW, ROOT = NEW.manifest.raw, NEW.records.root
CHANGED = bucket_of(b"endpoints/shop/s/3")


def catalog_with_old() -> Catalog:
    catalog = Catalog(trusting(), CatalogLimits())
    catalog.adopt(OLD.manifest, OLD.records, 0)
    return catalog


def made(answer: SetAnswer, want: Want | None = None) -> Staging:
    """What an answer makes of the old set."""
    want = want or Want(KEY, set_rank(NEW.manifest))
    return staged(catalog_with_old(), want, NEW.manifest, answer)


def test_changes_make_it_whole_of_what_is_had() -> None:
    answer = Changes(KEY, RAW, OLD.records.root, delta_of(NEW.records.changes_since(OLD.records)))
    staging = made(answer)
    assert is_whole(staging, answer)
    assert staging.records == NEW.records


def test_changes_since_what_is_not_had_are_unexpected() -> None:
    answer = Changes(KEY, RAW, bytes(32), delta_of([]))
    with pytest.raises(Refused, match="since what is not had here"):
        made(answer)


def test_digests_name_the_buckets_that_differ_and_nothing_is_whole_by_them() -> None:
    branch = CHANGED // 64
    digests = tuple(each[:8] for each in NEW.records.bucket_digests(branch))
    answer = Digests(KEY, RAW, ((branch, digests),))
    staging = made(answer)
    assert staging.pending == (CHANGED,)
    assert not is_whole(staging, answer)
    same = tuple(each[:8] for each in OLD.records.bucket_digests(branch))
    with pytest.raises(Refused, match="name no bucket that differs"):
        made(Digests(KEY, RAW, ((branch, same),)))


def test_buckets_replace_those_of_what_is_had() -> None:
    put = dict(NEW.records.bucket(CHANGED))
    answer = Buckets(KEY, RAW, ROOT, buckets=(CHANGED,), put=put)
    staging = made(answer)
    assert is_whole(staging, answer)
    assert staging.records == NEW.records


def test_a_part_begins_with_nothing_and_goes_on_with_what_was_begun() -> None:
    want = Want(KEY, set_rank(NEW.manifest))
    first = Part(KEY, RAW, ROOT, 0, 2_000, part_of(NEW.records, 0, 2_000))
    staging = want.staging = made(first, want)
    assert not is_whole(staging, first)
    rest = Part(KEY, b"", ROOT, 2_000, BUCKETS, part_of(NEW.records, 2_000, BUCKETS))
    assert made(rest, want) is staging
    assert is_whole(staging, rest)
    assert staging.records == NEW.records


def test_a_part_of_another_set_is_unexpected() -> None:
    with pytest.raises(Refused) as caught:
        made(Part(KEY, RAW, EMPTY.root, 0, BUCKETS, {}))
    assert caught.value.reason is Refusal.UNEXPECTED


def part_of(records: RecordSet, first: int, until: int) -> dict[bytes, bytes]:
    return {key: value for key, value in records if first <= bucket_of(key) < until}
