"""What is for a few is there for nobody else, but for the word that it was, and is no more."""

import pytest

from discovery.index import set_key
from discovery.messages import (
    Changes,
    Compare,
    Item,
    Nothing,
    Part,
    Wanted,
)
from discovery.names import Origin
from discovery.refusals import Refused
from tests.discovery.counter import KEY, NOW, RECORDS, Counter, having, touched
from tests.discovery.lone import (
    ALPHA,
    BETA,
    Signed,
    forged,
    signed,
    some_records,
)


def test_what_is_not_for_the_askers_cluster_is_not_there_for_it() -> None:
    counter = Counter(signed(RECORDS, audience=("c2",)), signed(RECORDS, BETA))
    target = Wanted(key=KEY, target=RECORDS.root, first=3)
    assert counter.one(Wanted(key=KEY)) == Nothing(KEY)
    assert counter.one(target) == Nothing(KEY)
    assert counter.one(having(RECORDS)) == Nothing(KEY)
    assert isinstance(counter.one(Wanted(key=KEY), asker=Origin("c2")), Part)


def test_that_there_is_a_set_is_told_to_all_when_they_compare_as_by_hints() -> None:
    counter = Counter(signed(RECORDS, audience=("c2",)), signed(RECORDS, BETA))
    everything = Compare(tuple(range(1, 65)))
    for asker in ("c1", "c2"):
        entries = counter.server.compare(everything, Origin(asker)).entries
        assert {each.key for each in entries} == {KEY, set_key(BETA)}


def showing(shown: Signed) -> Wanted:
    """What somebody asks who was told that there is nothing for it, and had this."""
    return Wanted(key=KEY, have=shown.records.root, shown=shown.manifest.raw)


PUBLIC = signed(RECORDS)
FOR_C2 = signed(touched(3), version=2, audience=("c2",))


def test_whoever_shows_that_it_had_a_set_is_given_the_manifest_that_is_not_for_it() -> None:
    counter = Counter(PUBLIC, FOR_C2)
    assert counter.one(showing(PUBLIC)) == Nothing(KEY, FOR_C2.manifest.raw)
    narrower = signed(touched(4), version=3, audience=("c3",))
    counter.hold(narrower)
    for asker in ("c1", "c2"):
        answer = counter.one(showing(PUBLIC), asker=Origin(asker))
        assert answer == Nothing(KEY, narrower.manifest.raw)
    assert counter.one(showing(FOR_C2), asker=Origin("c2")) == Nothing(KEY, narrower.manifest.raw)


@pytest.mark.parametrize(
    "shown",
    [
        signed(RECORDS, audience=("c3",)),
        signed(RECORDS, BETA),
        forged(PUBLIC),
        signed(RECORDS, version=3),
        signed(RECORDS, generation=2),
    ],
    ids=["for others", "another's", "forged", "later", "of another key"],
)
def test_whoever_shows_anything_else_is_told_nothing(shown: Signed) -> None:
    counter = Counter(PUBLIC, FOR_C2)
    assert counter.one(showing(shown)) == Nothing(KEY)


def test_who_shows_no_manifest_at_all_is_refused() -> None:
    counter = Counter(PUBLIC, FOR_C2)
    with pytest.raises(Refused, match="manifest"):
        counter.one(Wanted(key=KEY, shown=b"nothing of the kind"))


def test_who_may_have_a_set_is_given_it_whatever_it_shows() -> None:
    counter = Counter(PUBLIC, FOR_C2)
    for asker in ("c2", ALPHA):
        assert isinstance(counter.one(showing(PUBLIC), asker=Origin(asker)), Changes | Part)


def test_who_is_excluded_itself_passes_on_why() -> None:
    counter = Counter(PUBLIC)
    counter.judge.own = Origin("c9")
    assert counter.catalog.exclude(FOR_C2.manifest)
    assert counter.one(showing(PUBLIC)) == Nothing(KEY, FOR_C2.manifest.raw)
    assert counter.one(Wanted(key=KEY)) == Nothing(KEY)
    assert counter.one(Wanted(key=KEY), asker=Origin("c2")) == Nothing(KEY)


def test_an_origin_is_given_its_own_set_whoever_it_is_for() -> None:
    counter = Counter(signed(RECORDS, audience=("c2",)))
    assert isinstance(counter.one(Wanted(key=KEY), asker=ALPHA), Part)


def test_who_is_in_the_middle_of_one_set_is_given_no_other_by_its_root() -> None:
    secret, public = signed(some_records(9), audience=("c2",)), signed(some_records(5), BETA)
    counter = Counter(secret, public)
    assert isinstance(counter.one(Wanted(key=KEY), asker=Origin("c2")), Part)
    answer = counter.one(Wanted(key=set_key(BETA), target=secret.records.root))
    assert isinstance(answer, Part)
    assert answer.root == public.records.root


def test_what_bridges_say_of_nodes_is_for_whom_their_set_is() -> None:
    counter = Counter(signed(some_records(9), audience=("c2",)))
    overlay, list_of_fleet = b"o/alpha/" + bytes(32), b"r/" + bytes(32)
    for key in (overlay, list_of_fleet):
        counter.items.put(Item(key, b"raw"), (1,), NOW)
        counter.index.put(key, (1,))
    for asker, ours in (("c1", False), ("c2", True), (ALPHA, True)):
        [one, other] = counter.all(
            Wanted(key=overlay), Wanted(key=list_of_fleet), asker=Origin(asker)
        )
        assert isinstance(one, Item if ours else Nothing)
        assert isinstance(other, Item)
        differ = counter.server.compare(Compare((0,) * 64), Origin(asker))
        keys = {each.key for each in differ.entries}
        assert keys == ({overlay} if ours else set()) | {KEY, list_of_fleet}
