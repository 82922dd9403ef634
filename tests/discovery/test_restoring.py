"""What was kept from an earlier run is judged as everything else, but for the time."""

import pytest

from discovery.catalog import Adopted, Catalog
from discovery.limits import CatalogLimits
from discovery.recordset import EMPTY
from discovery.refusals import Refusal, Refused
from tests.discovery import lone
from tests.discovery.catalogs import small_limits
from tests.discovery.lone import ALPHA, trusting


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
