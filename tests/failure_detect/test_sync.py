"""Anti-entropy: when lists are compared, what is moved, in frames of bounded size."""

from itertools import pairwise

from failure_detect.claims import AliveClaim
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.events import (
    MemberDied,
    MemberJoined,
    MemberLeft,
    MemberSuspected,
    SeedsResolved,
)
from failure_detect.identity import Address
from failure_detect.members import BUCKETS, Status
from failure_detect.messages import (
    Ack,
    Claims,
    Compare,
    Differ,
    Gossip,
    Ping,
    Pull,
)
from tests.failure_detect.circle import Circle
from tests.failure_detect.harness import Letter, Stage, one
from tests.failure_detect.peers import LAN, Peer, accusations

SYNC = LAN.sync
OTHER = 12345
ALL = tuple(range(BUCKETS))
Entry = tuple[Peer, Status, int]


def differ(*entries: Entry, buckets: tuple[int, ...] = ALL, fingerprint: int = OTHER) -> Differ:
    listed = tuple((peer.short, int(status), incarnation) for peer, status, incarnation in entries)
    return Differ(buckets, listed, fingerprint)


def everybody(stage: Stage) -> list[Entry]:
    return [(peer, Status.ALIVE, 1) for peer in stage.cast]


def compared(stage: Stage, peer: Peer) -> Letter[Compare]:
    """Have the detector ask `peer` for a comparison."""
    since = stage.now
    stage.run(SYNC.settle)
    stage.ping(peer, Ping(1, 0, OTHER, b""))
    found = stage.asked(Compare, to=peer, since=since)
    assert found, "it did not compare"
    return found[-1]


# --- when --------------------------------------------------------------------------------


def test_equal_fingerprints_never_compare() -> None:
    stage = Stage(peers=4)
    for _ in range(60):
        for peer in stage.peers:
            stage.ping(peer)
        stage.run(SECOND)
    assert stage.asked(Compare) == []
    assert stage.detector.statistics().comparisons == 0


def test_lists_that_differ_are_compared_once_ours_has_settled() -> None:
    stage = Stage(peers=4)
    peer = stage.peers[0]
    stage.introduce(stage.make("news"))
    stage.run(SYNC.settle - 1)
    stage.ping(peer, Ping(1, 0, OTHER, b""))
    assert stage.asked(Compare) == []
    stage.run(1)
    stage.ping(peer, Ping(2, 0, OTHER, b""))
    compare = one(stage.asked(Compare))
    assert compare.to == peer.key
    assert len(compare.message.buckets) == BUCKETS
    assert [item.raw for item in compare.items] == [stage.own.alive()]


def test_the_fingerprint_of_an_answer_counts_as_well() -> None:
    stage = Stage(peers=4)
    peer = stage.peers[0]
    stage.silence(peer)
    stage.run(SYNC.settle)
    assert stage.run_until(lambda: bool(stage.sent(Ping, to=peer)), 20 * SECOND)
    ping = stage.sent(Ping, to=peer)[0].message
    stage.hear(peer, Ack(ping.seq, OTHER, b""))
    assert one(stage.asked(Compare)).to == peer.key


def test_a_list_that_never_settles_is_compared_impatiently() -> None:
    stage = Stage(peers=2)
    peer = stage.peers[0]
    stage.silence(*stage.peers)
    stage.run(10 * MILLISECOND)
    incarnation, begun = 1, stage.now
    while not stage.asked(Compare):
        incarnation += 1
        stage.hear(stage.peers[1], Gossip(), stage.peers[1].alive(incarnation))
        stage.ping(peer, Ping(1, 0, OTHER, b""))
        stage.run(100 * MILLISECOND)
        assert stage.now - begun < 10 * SECOND
    assert one(stage.asked(Compare)).at == begun + SYNC.impatient


def test_comparisons_keep_a_distance() -> None:
    stage = Stage(peers=4)
    stage.run(SYNC.settle)
    for _ in range(60):
        stage.ping(stage.peers[0], Ping(1, 0, OTHER, b""))
        stage.run(50 * MILLISECOND)
    times = [letter.at for letter in stage.asked(Compare)]
    assert 2 <= len(times) <= 4
    assert all(later - one >= SYNC.gap for one, later in pairwise(times))


def test_who_found_nothing_to_exchange_asks_again_only_when_something_changed() -> None:
    stage = Stage(peers=4)
    peer = stage.peers[0]
    stage.respond(compared(stage, peer), peer, differ(*everybody(stage)))
    assert stage.asked(Pull) == []
    before = stage.detector.statistics().comparisons
    for _ in range(20):
        stage.ping(peer, Ping(1, 0, OTHER, b""))
        stage.run(SECOND)
    assert stage.detector.statistics().comparisons == before
    stage.ping(peer, Ping(1, 0, OTHER + 1, b""))
    assert stage.detector.statistics().comparisons == before + 1


def test_pairs_that_were_futile_are_bounded() -> None:
    stage = Stage(peers=1)
    peer = stage.peers[0]
    for i in range(12):
        stage.run(2 * SECOND)
        stage.ping(peer, Ping(1, 0, OTHER + i, b""))
        request = stage.asked(Compare)[-1]
        answer = differ(*everybody(stage), fingerprint=OTHER + i)
        stage.respond(request, peer, answer)
    assert stage.asked(Pull) == []


# --- what is asked, what is given --------------------------------------------------------


def test_only_the_difference_is_asked_for_and_given() -> None:
    stage = Stage(peers=6)
    peer, theirs, ours, newer, older = stage.peers[0], stage.make("t"), *stage.peers[1:4]
    stage.hear(older, Gossip(), older.alive(3))
    listed = [entry for entry in everybody(stage) if entry[0] not in (ours, newer, older)]
    answer = differ(
        *listed, (theirs, Status.ALIVE, 1), (newer, Status.ALIVE, 2), (older, Status.ALIVE, 1)
    )
    stage.respond(compared(stage, peer), peer, answer)
    pull = one(stage.asked(Pull))
    assert set(pull.message.wanted) == {theirs.short, newer.short}
    assert {item.raw for item in pull.items} == {ours.alive(), older.alive(3)}
    stage.respond(pull, peer, Claims(), theirs.alive(), newer.alive(2))
    assert MemberJoined(theirs.identity, 1) in stage.facts()
    assert stage.view(newer).incarnation == 2
    assert one(stage.asked(Pull)) == pull


def test_what_a_comparison_brought_is_not_gossiped() -> None:
    stage = Stage(peers=4)
    peer, news = stage.peers[0], stage.make("news")
    answer = differ(*everybody(stage), (news, Status.ALIVE, 1))
    stage.respond(compared(stage, peer), peer, answer)
    stage.respond(one(stage.asked(Pull)), peer, Claims(), news.alive())
    since = stage.now
    stage.run(SECOND)
    assert news.alive() not in {claim.raw for claim in stage.items(AliveClaim, since=since)}


def test_entries_of_buckets_that_were_not_named_are_not_given() -> None:
    stage = Stage(peers=6)
    peer = stage.peers[0]
    bucket = stage.peers[1].short[0] % BUCKETS
    stage.respond(compared(stage, peer), peer, differ(buckets=(bucket,)))
    offered = {item.raw for item in one(stage.asked(Pull)).items}
    expected = {p.alive() for p in stage.cast if p.short[0] % BUCKETS == bucket}
    assert offered == expected


def test_an_answer_is_our_entries_in_the_buckets_that_differ() -> None:
    stage = Stage(peers=6)
    asker = stage.make("asker")
    one_bucket = stage.peers[1].short[0] % BUCKETS
    packet = stage.ask(asker, Compare((0,) * BUCKETS), asker.alive())
    assert packet is not None
    assert isinstance(packet.message, Differ)
    assert {short for short, _, _ in packet.message.entries} == {
        peer.short for peer in (*stage.cast, asker)
    }
    assert [item.raw for item in packet.items] == [stage.own.alive()]
    assert packet.message.fingerprint == stage.detector.fingerprint
    buckets = compared(stage, stage.peers[0]).message.buckets
    equal = stage.ask(asker, Compare(buckets))
    assert equal is not None
    assert equal.message == Differ((), (), stage.detector.fingerprint)
    changed = tuple(hash_ + (i == one_bucket) for i, hash_ in enumerate(buckets))
    some = stage.ask(asker, Compare(changed))
    assert some is not None
    assert isinstance(some.message, Differ)
    assert some.message.buckets == (one_bucket,)
    assert {short[0] % BUCKETS for short, _, _ in some.message.entries} == {one_bucket}


def test_an_asker_of_another_version_with_other_buckets_gets_all() -> None:
    stage = Stage(peers=3)
    packet = stage.ask(stage.peers[0], Compare((1, 2, 3)))
    assert packet is not None
    assert isinstance(packet.message, Differ)
    assert len(packet.message.entries) == 4


def test_a_pull_gets_what_it_asks_for_and_gives() -> None:
    stage = Stage(peers=4)
    asker, news = stage.peers[0], stage.make("news")
    wanted = (stage.peers[1].short, stage.make("unknown").short)
    packet = stage.ask(asker, Pull(wanted), news.alive())
    assert packet is not None
    assert packet.message == Claims()
    assert [item.raw for item in packet.items] == [stage.peers[1].alive()]
    assert MemberJoined(news.identity, 1) in stage.facts()


# --- the dead, the left, the retired -----------------------------------------------------


def test_the_dead_of_another_list_are_suspicions_first() -> None:
    stage = Stage(peers=6)
    peer, accused = stage.peers[:2]
    listed = [entry for entry in everybody(stage) if entry[0] is not accused]
    stage.respond(compared(stage, peer), peer, differ(*listed, (accused, Status.DEAD, 1)))
    pull = one(stage.asked(Pull))
    assert pull.message.wanted == (accused.short,)
    bundle = accusations(accused, *stage.peers[2:5])
    stage.respond(pull, peer, Claims(), accused.alive(), bundle)
    assert stage.facts() == [MemberSuspected(accused.key, 1)]
    stage.run(LAN.suspicion.last_call)
    assert not [fact for fact in stage.facts() if isinstance(fact, MemberDied)]
    stage.silence(accused)
    stage.run(LAN.suspicion.last_call + 2 * SECOND)
    assert [f.member for f in stage.facts() if isinstance(f, MemberDied)] == [accused.key]


def test_our_dead_are_given_with_their_signatures() -> None:
    stage = Stage(peers=6)
    peer, dead = stage.peers[:2]
    bundle = accusations(dead, *stage.peers[2:5])
    stage.silence(dead)
    stage.hear(peer, Gossip(), bundle)
    stage.run(LAN.suspicion.last_call)
    stage.respond(compared(stage, peer), peer, differ(*everybody(stage)))
    assert [item.raw for item in one(stage.asked(Pull)).items] == [dead.alive(), bundle]


def test_who_left_is_told_to_who_does_not_know_and_the_retired_are_not() -> None:
    stage = Stage(peers=6)
    peer, left, retired = stage.peers[:3]
    listed = everybody(stage)
    stage.hear(peer, Gossip(), left.left())
    new = stage.make("p3", start=2)
    stage.introduce(new)
    stage.respond(compared(stage, peer), peer, differ(*listed, (new, Status.ALIVE, 1)))
    assert [item.raw for item in one(stage.asked(Pull)).items] == [left.left()]
    packet = stage.ask(peer, Compare((0,) * BUCKETS))
    assert packet is not None
    assert isinstance(packet.message, Differ)
    listed_now = {short for short, _, _ in packet.message.entries}
    assert not {left.short, retired.short} & listed_now


def test_a_comparison_asks_for_the_word_of_who_outbid_its_successor() -> None:
    stage = Stage(peers=4)
    old, peer = stage.peers[:2]
    stage.introduce(stage.make("p1", start=2))
    stage.respond(compared(stage, peer), peer, differ((old, Status.ALIVE, 1)))
    stage.respond(compared(stage, peer), peer, differ((old, Status.ALIVE, 2)))
    assert [letter.message.wanted for letter in stage.asked(Pull)] == [(), (old.short,)]
    stage.ask(peer, Pull(()), old.certified(start=3).alive(2))
    assert stage.view(old).status is Status.ALIVE


def test_a_leave_travels_by_a_stream() -> None:
    stage = Stage(peers=4)
    stage.ask(stage.peers[0], Pull(()), stage.peers[1].left())
    assert stage.facts() == [MemberLeft(stage.peers[1].key)]


# --- joined directly ---------------------------------------------------------------------


def test_after_joining_equal_lists_move_nothing() -> None:
    circle = Circle(6)
    for i in range(1, 6):
        circle.tell(i, SeedsResolved((Address("c0.example:7946"),)))
    circle.run(10 * SECOND)
    assert len({detector.fingerprint for detector in circle.detectors}) == 1
    before = len([ask for ask in circle.asked if isinstance(ask[2], Compare)])
    circle.run(60 * SECOND)
    assert len([ask for ask in circle.asked if isinstance(ask[2], Compare)]) == before


def test_two_that_each_missed_something_exchange_it() -> None:
    circle = Circle(5)
    circle.isolate(0)
    for i in (2, 3, 4):
        circle.tell(i, SeedsResolved((Address("c1.example:7946"),)))
    circle.run(5 * SECOND)
    assert circle.detectors[0].statistics().members == 1
    circle.cut.clear()
    circle.tell(4, SeedsResolved((Address("c0.example:7946"),)))
    circle.run(15 * SECOND)
    assert {detector.statistics().alive for detector in circle.detectors} == {5}
