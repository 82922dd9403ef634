"""Replicators that hear of each other come to hold the same, and then fall silent."""

import pytest

from discovery.config import ReplicatorConfig
from discovery.events import (
    ItemAccepted,
    ItemLapsed,
    ItemReceived,
    PublicationRefused,
    SetAdopted,
    SetForgotten,
    SetQuestioned,
    SetRestored,
    TrustChanged,
)
from discovery.frames import decode_frame, encode_frame
from discovery.index import Entry, set_key, set_rank
from discovery.limits import CatalogLimits
from discovery.messages import (
    Busy,
    Compare,
    Differ,
    Hint,
    Item,
    Nothing,
    Pull,
    Pulled,
    StreamMessage,
    Wanted,
)
from discovery.recordset import RecordSet
from discovery.wire import decode_gossip, encode_gossip
from failure_detect.clock import SECOND
from failure_detect.events import (
    FingerprintChanged,
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberRetired,
    MemberReturned,
    MemberUpdated,
    ReachabilityChanged,
    RequestReceived,
    SendResponse,
)
from failure_detect.identity import Address, Identity
from tests.discovery.lone import (
    ALPHA,
    BETA,
    Lone,
    adoptions,
    broadcasts,
    identity_of,
    member_of,
    requests,
    signed,
    some_records,
    trusting,
)

KEY = set_key(ALPHA)
RECORDS = RecordSet.of(some_records(60))
FIRST = signed(RECORDS)
NEXT = signed(RECORDS.updated({b"endpoints/shop/s/3": b"new"}), version=2)
OTHER = b"\1" * 8


# --- what its own cluster says --------------------


def test_what_its_own_publisher_signed_and_is_refused_is_told_to_nobody_but_said() -> None:
    lone = Lone(limits=CatalogLimits(records=10))
    effects = lone.publish(FIRST)
    [refused] = effects
    assert isinstance(refused, PublicationRefused)
    assert refused.manifest == FIRST.manifest
    assert refused.why.startswith("set of alpha: 60 records of ")
    assert lone.refused() == {"oversized": 1}
    [remembered] = lone.replicator.refusals()
    assert (remembered.reason, remembered.origin, remembered.what) == (
        "oversized",
        ALPHA,
        refused.why,
    )
    assert lone.publish(signed(some_records(10), version=2)) != []
    assert lone.refused() == {"oversized": 1}


def test_what_its_own_publisher_signed_is_held_and_told() -> None:
    lone = Lone()
    adopted, told, fingerprint = lone.publish(FIRST)
    assert isinstance(adopted, SetAdopted)
    assert broadcasts([told])
    assert fingerprint == FingerprintChanged(lone.replicator.fingerprint)
    assert lone.publish(FIRST) == []


def test_what_was_kept_is_held_and_not_told() -> None:
    lone = Lone()
    effects = lone.tell(SetRestored(FIRST.manifest, FIRST.records))
    assert adoptions(effects) == [FIRST.manifest]
    assert broadcasts(effects) == []


def test_what_was_kept_is_held_although_its_key_has_expired_since() -> None:
    judge = trusting()
    judge.expired.add(ALPHA)
    lone = Lone(judge=judge)
    assert adoptions(lone.tell(SetRestored(FIRST.manifest, FIRST.records))) == [FIRST.manifest]
    assert [type(each) for each in lone.publish(NEXT)] == [PublicationRefused]
    assert lone.refused() == {"expired": 1}


def test_what_was_kept_of_one_that_is_trusted_no_more_is_not_held() -> None:
    lone = Lone()
    stranger = signed({b"a": b"1"}, "mallory")
    assert lone.tell(SetRestored(stranger.manifest, stranger.records)) == []
    assert lone.refused() == {"untrusted": 1}


def test_who_is_trusted_no_more_is_forgotten_and_who_is_doubtful_is_named() -> None:
    judge = trusting()
    lone = Lone(judge=judge)
    lone.publish(FIRST)
    lone.publish(signed({b"a": b"1"}, BETA))
    del judge.trusted[ALPHA]
    judge.expired.add(BETA)
    forgotten, questioned, _ = lone.tell(TrustChanged())
    assert isinstance(forgotten, SetForgotten)
    assert (forgotten.origin, forgotten.records) == (ALPHA, RECORDS)
    assert isinstance(questioned, SetQuestioned)
    assert (questioned.origin, questioned.reason) == (BETA, "expired")
    assert [held.manifest.origin for held in lone.catalog] == [BETA]


def test_of_one_that_is_trusted_no_more_nothing_is_wanted_either() -> None:
    judge = trusting()
    lone = Lone(judge=judge)
    lone.hear(encode_gossip(Hint(Entry(KEY, set_rank(FIRST.manifest)))))
    lone.hear(encode_gossip(Hint(Entry(b"o/x", (1,)))))
    assert lone.replicator.statistics().wants == 2
    del judge.trusted[ALPHA]
    assert lone.tell(TrustChanged()) == []
    assert lone.replicator.statistics().wants == 1


# --- items --------------------


def test_an_accepted_item_is_held_told_and_given_with_its_age() -> None:
    lone = Lone()
    item = Item(b"o/x", b"raw", 3 * SECOND)
    effects = lone.tell(ItemAccepted(item, (1,)))
    assert broadcasts(effects) == [encode_gossip(item)]
    lone.now += 4 * SECOND
    assert lone.ask(Pull((Wanted(key=b"o/x"),), 9_999)) == Pulled(
        (Item(b"o/x", b"raw", 7 * SECOND),)
    )


def test_an_item_that_came_by_comparing_is_not_told() -> None:
    lone = Lone()
    effects = lone.tell(ItemAccepted(Item(b"o/x", b"raw"), (1,), is_news=False))
    assert effects == [FingerprintChanged(lone.replicator.fingerprint)]


def test_an_item_of_no_higher_rank_changes_nothing() -> None:
    lone = Lone()
    lone.tell(ItemAccepted(Item(b"o/x", b"raw"), (2,)))
    assert lone.tell(ItemAccepted(Item(b"o/x", b"old"), (2,))) == []
    assert lone.tell(ItemAccepted(Item(b"o/x", b"old"), (1,))) == []


def test_an_item_that_lapsed_is_gone_and_may_come_again() -> None:
    lone = Lone()
    before = lone.replicator.fingerprint
    lone.tell(ItemAccepted(Item(b"o/x", b"raw"), (2,)))
    lone.tell(ItemLapsed(b"o/x"))
    assert lone.replicator.fingerprint == before
    assert lone.tell(ItemLapsed(b"o/x")) == []
    [order] = requests(lone.hear(encode_gossip(Hint(Entry(b"o/x", (2,))))))
    assert isinstance(lone.give(order, Item(b"o/x", b"raw"))[0], ItemReceived)


# --- requests --------------------


def test_a_stranger_is_given_nothing() -> None:
    lone = Lone()
    request = RequestReceived(1, member_of(9), encode_frame(Compare((0,) * 64)))
    assert lone.tell(request) == []
    assert lone.refused() == {"unexpected": 1}


def test_who_asks_more_than_its_share_is_told_to_wait_and_others_are_answered() -> None:
    lone = Lone(peers=2)
    question = Pull((Wanted(key=KEY),), 9_999)
    answers = [lone.ask(question) for _ in range(2 * lone.config.served_requests + 1)]
    assert answers[-2:] == [Pulled((Nothing(KEY),)), Busy(SECOND)]
    assert lone.ask(question, sender=2) == Pulled((Nothing(KEY),))
    lone.now += SECOND
    assert lone.ask(question) == Pulled((Nothing(KEY),))


def test_a_comparison_counts_as_several_requests() -> None:
    lone = Lone()
    question = Compare((0,) * 64)
    answers = [lone.ask(question) for _ in range(lone.config.served_requests // 2 + 1)]
    assert isinstance(answers[-2], Differ)
    assert answers[-1] == Busy(SECOND)


def test_what_is_beyond_a_share_is_not_read_and_garbage_counts_towards_it() -> None:
    lone = Lone()
    garbage = RequestReceived(1, member_of(1), b"\2\2\1 is no frame")
    for _ in range(2 * lone.config.served_requests):
        assert lone.tell(garbage) == []
    assert lone.refused() == {"malformed": 2 * lone.config.served_requests}
    [busy] = lone.tell(garbage)
    assert isinstance(busy, SendResponse)
    assert decode_frame(busy.data, 99).message == Busy(SECOND)
    assert lone.refused() == {"malformed": 2 * lone.config.served_requests, "budget": 1}


def test_the_rest_of_a_comparison_is_charged_although_nothing_is_left() -> None:
    lone = Lone()
    for _ in range(2 * lone.config.served_requests - 1):
        lone.ask(Pull((Wanted(key=KEY),), 9_999))
    assert isinstance(lone.ask(Compare((0,) * 64)), Differ)
    lone.now += SECOND * 3 // lone.config.served_requests
    assert lone.ask(Compare((0,) * 64)) == Busy(SECOND)
    lone.now += SECOND // lone.config.served_requests
    assert isinstance(lone.ask(Compare((0,) * 64)), Differ)


def test_the_bytes_that_one_is_given_are_bounded_and_others_are_given_theirs() -> None:
    lone = Lone(ReplicatorConfig(served_bytes=10_000), peers=2)
    lone.publish(FIRST)
    question, answers = Pull((Wanted(key=KEY),), 1 << 20), list[StreamMessage]()
    while not answers or answers[-1] != Busy(SECOND):
        answers.append(lone.ask(question))
    given = (len(answers) - 1) * RECORDS.size_bytes
    assert given + (len(answers) - 1) * 1_200 >= 20_000
    assert given <= 20_000 + RECORDS.size_bytes
    assert lone.ask(question, sender=2) == answers[0]


def test_who_was_heard_to_speak_a_newer_version_is_spoken_to_in_it() -> None:
    for speaks, version in ((1, 1), (2, 2)):
        lone = Lone()
        lone.tell(RequestReceived(1, member_of(1), encode_frame(Compare((0,) * 64), 1, speaks)))
        [order] = requests(lone.see(OTHER))
        assert order.data[:2] == bytes((version, 2))


def test_an_answer_that_comes_as_a_question_is_refused() -> None:
    lone = Lone()
    assert lone.tell(RequestReceived(1, member_of(1), encode_frame(Busy(1)))) == []
    assert lone.refused() == {"unexpected": 1}


# --- who is there --------------------


def pulling(lone: Lone) -> None:
    lone.hear(encode_gossip(Hint(Entry(KEY, set_rank(FIRST.manifest)))))
    assert lone.replicator.statistics().wants == 1


@pytest.mark.parametrize(
    "gone",
    [
        MemberDied(member_of(1), 1, ()),
        MemberLeft(member_of(1)),
        MemberRetired(member_of(1), member_of(2)),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_who_is_gone_is_asked_for_nothing(gone: MemberDied | MemberLeft | MemberRetired) -> None:
    lone = Lone()
    pulling(lone)
    assert lone.tell(gone) == []
    assert lone.replicator.statistics().wants == 0
    assert lone.see(OTHER) == []
    assert lone.wait(60 * SECOND) == []


def test_who_was_dead_and_returns_is_asked_again() -> None:
    lone = Lone()
    lone.tell(MemberDied(member_of(1), 1, ()))
    assert lone.see(OTHER) == []
    lone.tell(MemberReturned(member_of(1), 2))
    assert len(requests(lone.see(OTHER))) == 1


def test_who_has_left_is_a_stranger() -> None:
    lone = Lone()
    lone.tell(MemberLeft(member_of(1)))
    assert lone.replicator.statistics().peers == 0
    pulled = lone.hear(encode_gossip(Hint(Entry(KEY, set_rank(FIRST.manifest)))))
    assert pulled == []
    assert lone.refused() == {"unexpected": 1}


def test_who_has_moved_is_asked_at_its_new_address() -> None:
    lone = Lone()
    one = identity_of(1)
    moved = Identity(one.member, one.node, 1, Address("10.9.9.9:1"), one.group)
    lone.tell(MemberUpdated(moved, 2))
    [order] = requests(lone.see(OTHER))
    assert order.address == "10.9.9.9:1"
    lone.tell(ReachabilityChanged(member_of(1), reachable=False))
    lone.tell(MemberJoined(identity_of(1), 3))
    assert lone.replicator.statistics().peers == 1


def test_what_is_said_of_nodes_is_told_to_all_only_where_the_set_is_for_all() -> None:
    lone = Lone()
    overlays = [Item(b"o/" + each.encode() + b"/" + bytes(32), b"node-1") for each in (ALPHA, BETA)]
    lone.publish(signed(some_records(3), audience=("c1",)))
    lone.publish(signed(some_records(3), BETA))
    for item in overlays:
        [payload] = broadcasts(lone.tell(ItemAccepted(item, (7,))))
        secret = item.key.startswith(b"o/alpha/")
        told = decode_gossip(payload)
        assert told == (Hint(Entry(item.key, (7,))) if secret else item)
