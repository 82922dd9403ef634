"""What was kept from an earlier run is judged as everything else, but for the time."""

import pytest

from discovery.catalog import Adopted, Catalog
from discovery.deltas import delta_of
from discovery.events import SetQuestioned, SetRestored, SetVindicated, TrustChanged
from discovery.index import Entry, set_key, set_rank
from discovery.limits import CatalogLimits
from discovery.messages import Changes, Hint, Part
from discovery.recordset import EMPTY
from discovery.refusals import Refusal, Refused
from discovery.wire import BUCKETS, encode_gossip
from failure_detect.events import MemberJoined, SendRequest
from tests.discovery import lone
from tests.discovery.catalogs import small_limits
from tests.discovery.lone import ALPHA, Lone, Signed, adoptions, identity_of, requests, trusting


def test_what_was_kept_is_held_although_it_would_not_be_adopted_today() -> None:
    judge = trusting(ALPHA)
    judge.expired.add(ALPHA)
    kept = lone.signed({b"a": b"1"}, version=2)
    catalog = Catalog(judge, CatalogLimits())
    with pytest.raises(Refused) as refused:
        catalog.adopt(kept.manifest, kept.records, 1)
    assert refused.value.reason is Refusal.EXPIRED
    restored = catalog.restore(kept.manifest, kept.records, 1)
    assert restored == Adopted(kept.manifest, EMPTY, kept.records)
    assert catalog.restore(kept.manifest, kept.records, 2) is None
    catalog.check_invariants()


def test_of_what_was_kept_all_the_rest_is_judged() -> None:
    catalog = Catalog(trusting(ALPHA), small_limits(records=1))
    kept, lower = lone.signed({b"a": b"1"}, version=2), lone.signed({b"a": b"0"})
    for bad, reason in (
        (lone.Signed(lone.forged(kept).manifest, kept.records), Refusal.SIGNATURE),
        (lone.Signed(kept.manifest, lower.records), Refusal.ROOT),
        (lone.signed({b"a": b"1", b"b": b"2"}), Refusal.OVERSIZED),
        (lone.signed({}, "mallory"), Refusal.UNTRUSTED),
    ):
        with pytest.raises(Refused) as refused:
            catalog.restore(bad.manifest, bad.records, 1)
        assert refused.value.reason is reason
    catalog.raise_floor(ALPHA, kept.manifest.order)
    assert catalog.restore(lower.manifest, lower.records, 1) is None
    assert len(catalog) == 0


def told_by(ours: Lone, new: Signed, sender: int) -> list[SendRequest]:
    hint = Hint(Entry(set_key(ALPHA), set_rank(new.manifest)))
    return requests(ours.hear(encode_gossip(hint), sender))


def test_who_has_lost_its_disk_takes_from_a_sister_what_it_would_have_kept() -> None:
    ours = Lone(peers=1)
    ours.tell(MemberJoined(identity_of(2, "c0"), 1))
    ours.judge.expired.add(ALPHA)
    kept, newer = lone.signed({b"a": b"1"}), lone.signed({b"a": b"2"}, version=2)
    for sender, adopted in ((1, []), (2, [kept.manifest])):
        [order] = told_by(ours, kept, sender)
        whole = Part(set_key(ALPHA), kept.manifest.raw, kept.records.root, 0, BUCKETS, {b"a": b"1"})
        assert adoptions(ours.give(order, whole)) == adopted
    assert ours.refused() == {"expired": 1}
    [order] = told_by(ours, newer, 2)
    delta = delta_of(newer.records.changes_since(kept.records))
    changes = Changes(set_key(ALPHA), newer.manifest.raw, kept.records.root, delta)
    assert adoptions(ours.give(order, changes)) == []
    assert ours.refused() == {"expired": 2}


def test_what_a_revoked_key_signed_comes_from_nobody() -> None:
    ours = Lone(peers=0)
    ours.tell(MemberJoined(identity_of(2, "c0"), 1))
    ours.judge.revoked.add(ALPHA)
    kept = lone.signed({b"a": b"1"})
    [order] = told_by(ours, kept, 2)
    whole = Part(set_key(ALPHA), kept.manifest.raw, kept.records.root, 0, BUCKETS, {b"a": b"1"})
    assert adoptions(ours.give(order, whole)) == []
    assert ours.refused() == {"revoked": 1}


def test_of_what_comes_back_and_would_be_adopted_no_more_that_is_said_and_taken_back() -> None:
    ours = Lone(peers=0)
    ours.judge.revoked.add(ALPHA)
    kept = lone.signed({b"a": b"1"})
    told = ours.tell(SetRestored(kept.manifest, kept.records))
    assert [each for each in told if isinstance(each, SetQuestioned)] == [
        SetQuestioned(ALPHA, "revoked", "alpha: revoked")
    ]
    ours.judge.revoked.clear()
    assert SetVindicated(ALPHA) in ours.tell(TrustChanged())
    assert SetVindicated(ALPHA) not in ours.tell(TrustChanged())


def test_a_sister_is_believed_in_nothing_else() -> None:
    ours = Lone(peers=0)
    ours.tell(MemberJoined(identity_of(2, "c0"), 1))
    false = lone.forged(lone.signed({b"a": b"1"}))
    [order] = told_by(ours, false, 2)
    whole = Part(set_key(ALPHA), false.manifest.raw, false.records.root, 0, BUCKETS, {b"a": b"1"})
    assert adoptions(ours.give(order, whole)) == []
    assert ours.refused() == {"signature": 1}
