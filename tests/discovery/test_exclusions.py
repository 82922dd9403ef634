"""A set that is for fewer than before is withdrawn by who may not have it any more, for that word.

By replicators here; `test_bridge_exclusions` has what bridges make of it.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.catalog import Catalog, Place
from discovery.events import (
    ContradictionFound,
    ExclusionRestored,
    SetAdopted,
    SetExcluded,
    SetForgotten,
    SetRestored,
    TrustChanged,
)
from discovery.index import Entry, set_key, set_rank
from discovery.limits import CatalogLimits
from discovery.messages import Hint, Nothing, Rumour
from discovery.names import Origin
from discovery.recordset import EMPTY, RecordSet
from discovery.refusals import Refusal, Refused
from discovery.wire import decode_gossip, encode_gossip
from failure_detect.clock import SECOND
from tests.discovery.catalogs import small_limits
from tests.discovery.circle import Circle, circle_of
from tests.discovery.lone import (
    ALPHA,
    BETA,
    Believer,
    Lone,
    Signed,
    broadcasts,
    forged,
    pull_in,
    requests,
    signed,
    some_records,
    trusting,
)

KEY = set_key(ALPHA)
RECORDS = RecordSet.of(some_records(60))
CHANGED = RECORDS.updated({b"endpoints/shop/s/3": b"new"})
PUBLIC = signed(RECORDS)
FEWER = signed(CHANGED, version=2, audience=("c1", "c2"))
WIDER = signed(CHANGED, version=3, audience=("c*",))


def ours(own: str = "c0", *origins: str) -> Believer:
    """What believes as a bridge of a cluster."""
    judge = trusting(*origins)
    judge.own = Origin(own)
    return judge


def who_holds(circle: Circle, one: Signed) -> list[int]:
    """Return who holds a set."""
    held = [each.catalog.get(one.manifest.origin) for each in circle.replicators]
    return [at for at, each in enumerate(held) if each and each.manifest == one.manifest]


def who_is_excluded(circle: Circle, by: Signed) -> list[int]:
    """Return who knows that a set is not for it, and has nothing of its origin."""
    return [
        at
        for at, each in enumerate(circle.replicators)
        if [word.raw for word in each.catalog.exclusions()] == [by.manifest.raw]
    ]


# --- over the network -----------------------------------------------------------------------


def test_who_had_a_set_hears_that_it_is_for_others_now_and_who_may_have_it_goes_on() -> None:
    circle = circle_of(4)
    circle.publish(1, PUBLIC)
    circle.settle()
    circle.publish(1, FEWER)
    circle.settle()
    assert who_holds(circle, FEWER) == [1, 2]
    assert who_is_excluded(circle, FEWER) == [0, 3]
    told = [(who, fact) for who, fact in circle.facts if isinstance(fact, SetExcluded)]
    assert sorted(who for who, _ in told) == [0, 3]
    assert {fact.records for _, fact in told} == {RECORDS}
    for who in (0, 3):
        assert circle.replicators[who].catalog.floor(ALPHA) == FEWER.manifest.order
    assert circle.agree()


def test_who_missed_the_word_finds_it_by_comparing() -> None:
    circle = circle_of(3)
    circle.publish(1, PUBLIC)
    circle.settle()
    circle.cut = {(0, 1), (0, 2)}
    circle.publish(1, FEWER)
    circle.settle()
    assert who_holds(circle, PUBLIC) == [0]
    circle.heal()
    assert who_is_excluded(circle, FEWER) == [0]
    assert circle.agree()


def test_who_never_had_the_set_learns_not_even_for_whom_it_is() -> None:
    circle = circle_of(4)
    circle.cut = {(0, each) for each in range(1, 4)}
    circle.publish(1, PUBLIC)
    circle.settle()
    circle.publish(1, FEWER)
    circle.settle()
    circle.heal()
    assert circle.replicators[0].catalog.word(ALPHA) is None
    assert who_is_excluded(circle, FEWER) == [3]
    before = circle.traffic["round trips"]
    circle.heal(20)
    assert circle.traffic["round trips"] == before


def test_a_sister_that_still_has_it_hears_of_it_and_brings_nothing_back() -> None:
    circle = circle_of(4)
    circle.publish(1, PUBLIC)
    circle.settle()
    circle.cut = {(3, 1), (3, 2)}
    circle.is_lost = lambda _from, to: to == 3
    circle.publish(1, FEWER)
    circle.settle()
    assert who_holds(circle, PUBLIC) == [3]
    circle.is_lost = lambda _from, _to: False
    for _ in range(8):
        circle.probe()
        circle.wait(SECOND)
    assert who_holds(circle, PUBLIC) == []
    assert who_is_excluded(circle, FEWER) == [0, 3]


def test_who_comes_back_from_disk_with_the_old_set_hears_of_it() -> None:
    circle = circle_of(3)
    circle.cut = {(0, 1), (0, 2)}
    circle.publish(1, PUBLIC)
    circle.publish(1, FEWER)
    circle.settle()
    circle.tell(0, SetRestored(PUBLIC.manifest, PUBLIC.records))
    circle.heal()
    assert who_is_excluded(circle, FEWER) == [0]


@pytest.mark.parametrize("missed", [False, True])
def test_a_set_that_is_for_more_again_comes_back(*, missed: bool) -> None:
    circle = circle_of(4)
    circle.publish(1, PUBLIC)
    circle.settle()
    circle.publish(1, FEWER)
    circle.settle()
    if missed:
        circle.cut = {(0, each) for each in range(1, 4)}
    circle.publish(1, WIDER)
    circle.settle()
    circle.heal()
    assert who_holds(circle, WIDER) == [0, 1, 2, 3]
    assert who_is_excluded(circle, FEWER) == []
    assert circle.agree()


def test_it_may_be_for_fewer_and_more_again_and_again() -> None:
    circle = circle_of(3)
    for version in range(1, 12, 2):
        circle.publish(1, signed(RECORDS, version=version))
        circle.settle()
        assert len(who_holds(circle, signed(RECORDS, version=version))) == 3
        fewer = signed(CHANGED, version=version + 1, audience=("c1",))
        circle.publish(1, fewer)
        circle.settle()
        assert who_is_excluded(circle, fewer) == [0, 2]


# --- one of them, step by step ---------------------------------------------------------------


def with_public(peers: int = 1) -> Lone:
    """A replicator of `c0` that holds the set that was for all."""
    lone = Lone(judge=ours(), peers=peers)
    lone.tell(SetRestored(PUBLIC.manifest, PUBLIC.records))
    return lone


HINT = encode_gossip(Hint(Entry(KEY, set_rank(FEWER.manifest))))


def test_what_is_held_is_shown_when_there_is_nothing_for_us_and_not_before() -> None:
    lone = with_public()
    [first] = requests(lone.hear(HINT))
    assert [each.shown for each in pull_in(first).wanted] == [b""]
    [second] = requests(lone.give(first, Nothing(KEY)))
    assert [each.shown for each in pull_in(second).wanted] == [PUBLIC.manifest.raw]
    effects = lone.give(second, Nothing(KEY, FEWER.manifest.raw))
    assert [each for each in effects if isinstance(each, SetExcluded)] == [
        SetExcluded(FEWER.manifest, RECORDS)
    ]
    [payload] = broadcasts(effects)
    assert decode_gossip(payload) == Hint(Entry(KEY, set_rank(FEWER.manifest)))
    assert lone.refused() == {"audience": 1}
    assert requests(lone.wait(60 * SECOND)) == []


def test_an_earlier_version_that_knows_nothing_of_it_is_asked_twice_and_no_more() -> None:
    lone = with_public()
    [first] = requests(lone.hear(HINT))
    [second] = requests(lone.give(first, Nothing(KEY)))
    assert requests(lone.give(second, Nothing(KEY))) == []
    assert requests(lone.hear(HINT) + lone.wait(60 * SECOND)) == []
    assert lone.catalog.get(ALPHA) is not None
    assert lone.refused() == {}


def test_who_holds_nothing_has_nothing_to_show() -> None:
    lone = Lone(judge=ours())
    [first] = requests(lone.hear(HINT))
    assert requests(lone.give(first, Nothing(KEY))) == []


def test_an_answer_to_what_was_not_shown_yet_is_no_refusal_to_tell() -> None:
    lone = with_public(peers=2)
    [first] = requests(lone.hear(HINT))
    lone.hear(HINT, sender=2)
    [hedged] = requests(lone.wait(lone.config.hedge))
    assert hedged.to != first.to
    [second] = requests(lone.give(first, Nothing(KEY)))
    assert second.to == first.to
    lone.give(second, Nothing(KEY))
    [third] = requests(lone.give(hedged, Nothing(KEY)) + lone.wait(60 * SECOND))
    assert third.to == hedged.to
    assert [each.shown for each in pull_in(third).wanted] == [PUBLIC.manifest.raw]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        (forged(FEWER), "signature"),
        (signed(CHANGED, version=2, audience=("c1",), generation=2), "generation"),
        (signed(CHANGED, BETA, version=2, audience=("c1",)), "unexpected"),
    ],
    ids=["forged", "of another key", "of another origin"],
)
def test_what_is_not_to_be_believed_excludes_nobody(word: Signed, reason: str) -> None:
    lone = with_public()
    [first] = requests(lone.hear(HINT))
    [second] = requests(lone.give(first, Nothing(KEY)))
    lone.give(second, Nothing(KEY, word.manifest.raw))
    assert lone.refused() == {reason: 1}
    assert lone.catalog.get(ALPHA) is not None
    assert lone.catalog.exclusions() == []


@pytest.mark.parametrize("state", ["revoked", "expired"])
def test_what_a_key_signed_that_is_over_excludes_nobody(state: str) -> None:
    lone = with_public()
    (lone.judge.revoked if state == "revoked" else lone.judge.expired).add(ALPHA)
    lone.hear(encode_gossip(Rumour(FEWER.manifest.raw)))
    assert lone.refused() == {state: 1}
    assert lone.catalog.get(ALPHA) is not None


def test_whoever_gossips_such_a_manifest_excludes_us_as_well() -> None:
    lone = with_public()
    effects = lone.hear(encode_gossip(Rumour(FEWER.manifest.raw)))
    assert SetExcluded(FEWER.manifest, RECORDS) in effects
    assert all(isinstance(decode_gossip(each), Hint) for each in broadcasts(effects))
    assert lone.refused() == {"audience": 1}
    assert lone.hear(encode_gossip(Rumour(FEWER.manifest.raw))) == []
    assert lone.refused() == {"audience": 1}


def test_an_older_one_that_is_not_for_us_changes_nothing() -> None:
    lone = Lone(judge=ours())
    lone.tell(SetRestored(WIDER.manifest, WIDER.records))
    assert lone.hear(encode_gossip(Rumour(FEWER.manifest.raw))) == []
    assert lone.catalog.get(ALPHA) is not None


def test_two_words_of_one_place_of_which_one_is_not_for_us_are_evidence() -> None:
    lone = with_public()
    rival = signed(CHANGED, audience=("c1",))
    effects = lone.hear(encode_gossip(Rumour(rival.manifest.raw)))
    assert ContradictionFound(PUBLIC.manifest, rival.manifest) in effects
    is_higher = rival.manifest.order > PUBLIC.manifest.order
    assert (lone.catalog.get(ALPHA) is None) is is_higher
    lone = Lone(judge=ours())
    lone.tell(ExclusionRestored(rival.manifest))
    effects = lone.hear(encode_gossip(Rumour(PUBLIC.manifest.raw)))
    assert ContradictionFound(rival.manifest, PUBLIC.manifest) in effects


def test_what_was_kept_keeps_the_old_set_out_and_goes_with_trust() -> None:
    lone = Lone(judge=ours())
    effects = lone.tell(ExclusionRestored(FEWER.manifest))
    assert SetExcluded(FEWER.manifest, EMPTY) in effects
    assert broadcasts(effects) == []
    assert lone.tell(SetRestored(PUBLIC.manifest, PUBLIC.records)) == []
    assert lone.tell(ExclusionRestored(FEWER.manifest)) == []
    assert lone.replicator.statistics().excluded == 1
    lone.tell(ExclusionRestored(WIDER.manifest))
    assert lone.refused() == {"unexpected": 1}
    del lone.judge.trusted[ALPHA]
    [forgotten] = [each for each in lone.tell(TrustChanged()) if isinstance(each, SetForgotten)]
    assert (forgotten.origin, forgotten.records) == (ALPHA, EMPTY)
    assert lone.catalog.exclusions() == []
    found = lone.replicator.statistics()
    assert (found.excluded, found.stranger_floors, found.dropped_floors) == (0, 1, 0)
    lone.judge.trusted[ALPHA] = 1
    assert lone.tell(SetRestored(PUBLIC.manifest, PUBLIC.records)) == []


def test_a_set_that_is_for_us_again_is_adopted_and_is_no_exclusion_any_more() -> None:
    lone = Lone(judge=ours())
    lone.tell(ExclusionRestored(FEWER.manifest))
    effects = lone.tell(SetRestored(WIDER.manifest, WIDER.records))
    assert next(type(each) for each in effects) is SetAdopted
    assert lone.catalog.exclusions() == []
    assert lone.catalog.statistics().excluded == 0


# --- the catalog ----------------------------------------------------------------------------


def test_exclusions_are_bounded_by_who_is_trusted() -> None:
    catalog = Catalog(ours("c0", "alpha", "beta"), small_limits(origins=1))
    assert catalog.exclude(FEWER.manifest)
    assert catalog.place(FEWER.manifest) is Place.SAME
    assert catalog.place(PUBLIC.manifest) is Place.STALE
    assert not catalog.exclude(FEWER.manifest)
    with pytest.raises(Refused, match="1 origins are trusted already") as caught:
        catalog.exclude(signed(RECORDS, BETA, audience=("c1",)).manifest)
    assert caught.value.reason is Refusal.OVERSIZED
    assert catalog.statistics().excluded == 1
    catalog.check_invariants()


WORDS = [
    signed({b"a": b"%d" % at}, version=version, audience=audience)
    for version in (1, 2, 3)
    for at, audience in enumerate(((), ("c1",), ("c0", "c1")))
]


@given(st.permutations(WORDS), st.integers(0, len(WORDS)))
def test_the_highest_word_decides_in_whatever_order_they_come(
    words: list[Signed], repeated: int
) -> None:
    catalog = Catalog(ours(), CatalogLimits())
    for each in words + words[:repeated]:
        if each.manifest.is_for(Origin("c0")):
            catalog.adopt(each.manifest, each.records, 0)
        else:
            catalog.exclude(each.manifest)
        catalog.check_invariants()
    highest = max(WORDS, key=lambda each: (each.manifest.order, each.manifest.signed))
    assert catalog.word(ALPHA) == highest.manifest
    assert catalog.floor(ALPHA) == highest.manifest.order
    assert (catalog.get(ALPHA) is not None) is highest.manifest.is_for(Origin("c0"))
