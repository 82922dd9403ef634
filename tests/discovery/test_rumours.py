"""A rumour is believed by its signature alone, and told on once, when it was adopted."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery.deltas import Delta, delta_of
from discovery.events import ContradictionFound, ItemReceived, SetAdopted
from discovery.index import Entry, Index, group_of, set_key, set_rank
from discovery.messages import Differ, Hint, Item, Rumour, Wanted
from discovery.names import Origin
from discovery.overlays import OverlayBody, issue_overlay
from discovery.wire import encode_gossip
from failure_detect.clock import SECOND
from failure_detect.events import BroadcastRequested, FingerprintChanged, MemberJoined
from failure_detect.identity import MemberId
from tests.discovery.lone import (
    ALPHA,
    BETA,
    RING,
    Lone,
    Signed,
    adoptions,
    broadcasts,
    forged,
    identity_of,
    member_of,
    pull_in,
    requests,
    signed,
    some_records,
)

FIRST = signed(some_records(30))
NEXT = signed(FIRST.records.updated({b"endpoints/shop/s/3": b"new"}), version=2)
LATER = signed(NEXT.records.updated({b"endpoints/shop/s/4": b"newer"}), version=3)
KEY = set_key(ALPHA)


def rumour(new: Signed, old: Signed) -> bytes:
    delta = delta_of(new.records.changes_since(old.records))
    return encode_gossip(Rumour(new.manifest.raw, old.records.root, delta))


def holding(*sets: Signed, peers: int = 2) -> Lone:
    lone = Lone(peers=peers)
    for each in sets:
        lone.publish(each)
    lone.said.clear()
    return lone


# --- with a delta ------------------------------------------------------------------------


def test_a_rumour_with_a_delta_is_adopted_and_told_on_with_the_same_bytes() -> None:
    lone = holding(FIRST)
    payload = rumour(NEXT, FIRST)
    adopted, told, fingerprint = lone.hear(payload)
    assert adopted == SetAdopted(NEXT.manifest, FIRST.records, NEXT.records)
    assert isinstance(told, BroadcastRequested)
    assert told.payload == payload
    assert fingerprint == FingerprintChanged(lone.replicator.fingerprint)


def test_the_same_rumour_again_says_nothing_whoever_tells_it() -> None:
    lone = holding(FIRST)
    payload = rumour(NEXT, FIRST)
    lone.hear(payload)
    assert lone.hear(payload) == []
    assert lone.hear(payload, sender=2) == []
    assert lone.refused() == {}


def test_a_stale_rumour_says_nothing_and_is_not_even_verified() -> None:
    lone = holding(FIRST, NEXT)
    before = lone.judge.judged
    assert lone.hear(encode_gossip(Rumour(FIRST.manifest.raw))) == []
    assert lone.hear(encode_gossip(Rumour(NEXT.manifest.raw))) == []
    assert lone.judge.judged == before


def test_a_manifest_that_was_only_signed_anew_needs_no_records() -> None:
    lone = holding(FIRST)
    anew = signed(FIRST.records, version=2)
    payload = encode_gossip(Rumour(anew.manifest.raw, FIRST.records.root))
    effects = lone.hear(payload)
    assert adoptions(effects) == [anew.manifest]
    assert broadcasts(effects) == [payload]


def test_a_rumour_without_its_base_makes_it_pull_from_the_teller() -> None:
    lone = holding(FIRST)
    effects = lone.hear(rumour(LATER, NEXT), sender=2)
    [order] = requests(effects)
    assert effects == [order]
    assert order.to == member_of(2)
    [wanted] = pull_in(order).wanted
    assert (wanted.key, wanted.have, wanted.target) == (KEY, FIRST.records.root, b"")


def test_a_rumour_of_what_is_not_held_at_all_makes_it_pull_the_whole() -> None:
    lone = holding()
    [order] = requests(lone.hear(encode_gossip(Rumour(FIRST.manifest.raw))))
    assert pull_in(order).wanted == (Wanted(key=KEY),)


def test_a_delta_that_gives_another_root_is_charged_and_the_rest_is_pulled() -> None:
    lone = holding(FIRST)
    bad = Rumour(NEXT.manifest.raw, FIRST.records.root, Delta({b"x": b"y"}))
    effects = lone.hear(encode_gossip(bad))
    assert adoptions(effects) == []
    assert broadcasts(effects) == []
    [order] = requests(effects)
    assert order.to == member_of(1)
    assert lone.refused() == {"root": 1}
    assert lone.catalog.get(ALPHA) is not None


# --- who is not believed --------------------------------------------------------------------


def test_an_untrusted_origin_is_neither_held_nor_passed_on_nor_asked_for() -> None:
    lone = holding()
    stranger = signed({b"a": b"1"}, "mallory")
    payload = encode_gossip(Rumour(stranger.manifest.raw, b"", Delta({b"a": b"1"})))
    assert lone.hear(payload) == []
    assert lone.refused() == {"untrusted": 1}


def test_a_forged_rumour_changes_nothing_and_is_charged_to_who_told_it() -> None:
    lone = holding(FIRST)
    false = forged(NEXT)
    payload = rumour(Signed(false.manifest, NEXT.records), FIRST)
    allowed = 2 * lone.config.forgeries
    for _ in range(allowed + 5):
        assert lone.hear(payload) == []
    assert lone.refused() == {"budget": 5, "signature": allowed}
    assert lone.hear(rumour(NEXT, FIRST)) == []
    assert adoptions(lone.hear(rumour(NEXT, FIRST), sender=2)) == [NEXT.manifest]


def test_a_forger_is_heard_again_after_a_while() -> None:
    lone = holding(FIRST)
    for _ in range(20):
        lone.hear(b"garbage")
    assert lone.hear(rumour(NEXT, FIRST)) == []
    lone.wait(SECOND)
    assert adoptions(lone.hear(rumour(NEXT, FIRST))) == [NEXT.manifest]


def test_who_is_no_peer_is_not_heard() -> None:
    lone = holding(FIRST)
    assert lone.hear(rumour(NEXT, FIRST), sender=7) == []
    assert lone.refused() == {"unexpected": 1}
    lone.tell(MemberJoined(identity_of(7), 1))
    assert adoptions(lone.hear(rumour(NEXT, FIRST), sender=7)) == [NEXT.manifest]


@given(st.binary(max_size=200))
def test_any_bytes_change_nothing_but_counts(payload: bytes) -> None:
    lone = holding(FIRST)
    assert lone.hear(payload) == []
    assert len(lone.refused()) == 1


@given(st.integers(0, 5_000), st.integers(0, 255))
def test_no_altered_rumour_is_adopted(at: int, value: int) -> None:
    lone = holding(FIRST)
    payload = bytearray(rumour(NEXT, FIRST))
    payload[at % len(payload)] = value
    held = adoptions(lone.hear(bytes(payload)))
    assert held in ([], [NEXT.manifest])
    if held:
        found = lone.catalog.get(ALPHA)
        assert found is not None
        assert found.records == NEXT.records


# --- for a few -------------------------------------------------------------------------------


def test_a_set_for_a_few_is_never_told_on_whole() -> None:
    lone = holding(FIRST)
    few = signed(NEXT.records, version=2, audience=("c0", "c1"))
    effects = lone.hear(rumour(few, FIRST))
    assert adoptions(effects) == [few.manifest]
    assert broadcasts(effects) == [encode_gossip(Hint(Entry(KEY, set_rank(few.manifest))))]


# --- contradictions ---------------------------------------------------------------------------


def contradicting() -> tuple[Signed, Signed]:
    """The lower and the higher of two sets that must not both exist."""
    one, two = signed({b"a": b"1"}), signed({b"a": b"2"})
    return (one, two) if one.manifest.order < two.manifest.order else (two, one)


def test_a_lower_contradiction_is_told_upward_and_changes_nothing() -> None:
    lower, higher = contradicting()
    lone = holding(higher)
    effects = lone.hear(encode_gossip(Rumour(lower.manifest.raw)))
    assert effects == [ContradictionFound(higher.manifest, lower.manifest)]


def test_a_higher_contradiction_is_told_upward_and_wins() -> None:
    lower, higher = contradicting()
    lone = holding(lower)
    found, adopted, *_ = lone.hear(rumour(higher, lower))
    assert found == ContradictionFound(lower.manifest, higher.manifest)
    assert adopted == SetAdopted(higher.manifest, lower.records, higher.records)


def test_a_contradiction_over_and_over_is_charged_to_who_tells_it() -> None:
    lower, higher = contradicting()
    lone = holding(higher)
    payload, found = encode_gossip(Rumour(lower.manifest.raw)), 0
    for _ in range(100):
        found += len(lone.hear(payload))
    assert found == 2 * lone.config.forgeries
    assert len(lone.hear(payload, sender=2)) == 1


def test_a_forged_contradiction_is_no_evidence() -> None:
    lower, higher = contradicting()
    lone = holding(higher)
    assert lone.hear(encode_gossip(Rumour(forged(lower).manifest.raw))) == []
    assert lone.refused() == {"signature": 1}


# --- hints and items ------------------------------------------------------------------------------


def test_a_hint_makes_it_ask_who_gave_it() -> None:
    lone = holding(FIRST)
    effects = lone.hear(encode_gossip(Hint(Entry(KEY, set_rank(NEXT.manifest)))), sender=2)
    [order] = requests(effects)
    assert effects == [order]
    assert order.to == member_of(2)


@pytest.mark.parametrize(
    "entry",
    [
        Entry(KEY, set_rank(FIRST.manifest)),
        Entry(KEY, (1, 1, 0, 7)),
        Entry(b"s/mallory", (9, 9, 9, 9)),
        Entry(b"z/unknown", (9,)),
    ],
    ids=["same", "lower", "untrusted", "of no known kind"],
)
def test_a_hint_at_nothing_that_would_be_held_is_passed_over(entry: Entry) -> None:
    lone = holding(FIRST)
    assert lone.hear(encode_gossip(Hint(entry))) == []
    assert lone.refused() == {}


def test_an_item_is_handed_upward_with_who_told_it() -> None:
    lone = holding()
    item = Item(b"o/x", b"raw", 7)
    assert lone.hear(encode_gossip(item), sender=2) == [
        ItemReceived(item, member_of(2), is_news=True)
    ]


def strange_set(version: int) -> tuple[Entry, bytes]:
    stranger = signed({b"a": b"%d" % version}, "mallory", version).manifest
    return Entry(set_key(stranger.origin), set_rank(stranger)), encode_gossip(Rumour(stranger.raw))


def strange_hint(version: int) -> tuple[Entry, bytes]:
    entry = Entry(b"s/mallory", (1, 1, version, 1))
    return entry, encode_gossip(Hint(entry))


def strange_overlay(serial: int) -> tuple[Entry, bytes]:
    signer = RING.signer("mallory's bridge")
    body = OverlayBody(origin=Origin("mallory"), bridge=MemberId(signer.public), serial=serial)
    overlay = issue_overlay(body, signer)
    item = Item(overlay.item_key, overlay.raw)
    return Entry(item.key, overlay.rank), encode_gossip(item)


@pytest.mark.parametrize("told", [strange_set, strange_hint, strange_overlay])
def test_what_is_not_taken_is_overheard_so_that_nobody_compares_for_it(
    told: Callable[[int], tuple[Entry, bytes]],
) -> None:
    lone, index = Lone(), Index()
    index.put(*told(1)[0])
    [order] = requests(lone.see(index.fingerprint))
    lone.answer(order, Differ(index.fingerprint, (group_of(told(1)[0].key),), (told(1)[0],)))
    assert lone.replicator.statistics().wants == 0
    for version in (2, 3):
        entry, payload = told(version)
        assert requests(lone.hear(payload)) == []
        index.put(*entry)
        for _ in range(3):
            lone.now += 60 * SECOND
            assert lone.see(index.fingerprint) == []
    index.put(*told(4)[0])
    assert len(requests(lone.see(index.fingerprint))) == 1


def test_an_overlay_of_a_stranger_is_handed_upward_and_a_broken_one_is_refused() -> None:
    lone, (entry, payload) = Lone(), strange_overlay(1)
    [received] = lone.hear(payload)
    assert isinstance(received, ItemReceived)
    assert received.item.key == entry.key
    assert lone.hear(encode_gossip(Item(entry.key, b"\xff"))) == []
    assert lone.refused() == {"malformed": 1}


def test_two_origins_do_not_get_into_each_others_way() -> None:
    lone = holding(FIRST)
    other = signed({b"a": b"1"}, BETA)
    [order] = requests(lone.hear(encode_gossip(Rumour(other.manifest.raw))))
    assert [each.key for each in pull_in(order).wanted] == [set_key(BETA)]
    assert adoptions(lone.hear(rumour(NEXT, FIRST))) == [NEXT.manifest]
