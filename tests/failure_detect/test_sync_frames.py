"""Comparing lists: frames are bounded, and answers that are none change nothing."""

from failure_detect.clock import SECOND
from failure_detect.events import (
    RequestFailed,
    ResponseReceived,
    SeedsResolved,
)
from failure_detect.identity import Address
from failure_detect.members import BUCKETS, Status
from failure_detect.messages import (
    Claims,
    Compare,
    Differ,
    Nack,
    Pull,
)
from failure_detect.wire import encode
from tests.failure_detect.harness import Stage, one
from tests.failure_detect.peers import LAN
from tests.failure_detect.test_sync import ALL, OTHER, compared, differ, everybody

# --- frames ------------------------------------------------------------------------------


def test_a_joiner_pulls_everything_in_frames_of_bounded_size() -> None:
    config = LAN.with_overrides({"sync.frame_bytes": 4_800})
    stage = Stage(peers=0, config=config, known=False)
    seed, many = stage.make("seed"), [stage.make(f"m{i}") for i in range(250)]
    by_short = {peer.short: peer for peer in many}
    stage.tell(SeedsResolved((seed.identity.address,)))
    request = one(stage.asked(Compare))
    assert request.to is None
    stage.later(RequestFailed(999), SECOND)
    entries = tuple((peer.short, 0, 1) for peer in many[:170])
    first = Differ(ALL, entries, OTHER)
    assert len(encode(first)) <= 4_800
    stage.respond(request, seed, first, seed.alive())
    served = 0
    while (pulls := stage.asked(Pull)) and len(pulls) > served:
        served = len(pulls)
        assert pulls[-1].size <= 4_800
        given: list[bytes] = []
        for short in pulls[-1].message.wanted:
            claim = by_short[short].alive()
            if sum(map(len, given)) + len(claim) > 4_000:
                break
            given.append(claim)
        stage.respond(pulls[-1], seed, Claims(), *given)
        assert served < 40
    assert stage.detector.statistics().alive == 172
    assert served > 5


def test_answers_keep_to_the_frame_and_the_rest_comes_another_time() -> None:
    config = LAN.with_overrides({"sync.frame_bytes": 4_800})
    stage = Stage(peers=0, config=config, known=False)
    many = [stage.make(f"m{i}") for i in range(250)]
    stage.introduce(*many)
    asker = many[0]
    packet = stage.ask(asker, Compare((0,) * BUCKETS))
    assert packet is not None
    assert isinstance(packet.message, Differ)
    assert 50 < len(packet.message.entries) < 250
    assert len(packet.message.buckets) < BUCKETS
    listed = {short[0] % BUCKETS for short, _, _ in packet.message.entries}
    assert listed <= set(packet.message.buckets)
    claims = stage.ask(asker, Pull(tuple(peer.short for peer in many)))
    assert claims is not None
    assert 10 < len(claims.items) < 40


def test_what_does_not_fit_a_pull_is_given_with_the_next() -> None:
    config = LAN.with_overrides({"sync.frame_bytes": 4_800})
    stage = Stage(peers=0, config=config, known=False)
    many = [stage.make(f"m{i}") for i in range(30)]
    stage.introduce(*many)
    stage.run(5 * SECOND)
    stage.log.clear()
    peer = many[0]
    stage.respond(compared(stage, peer), peer, differ())
    given: set[bytes] = set()
    for rounds in range(20):
        pulls = stage.asked(Pull)
        if len(pulls) == rounds:
            break
        given |= {item.raw for item in pulls[-1].items}
        stage.respond(pulls[-1], peer, Claims())
    assert given == {each.alive() for each in (stage.own, *many)}


# --- answers that are none ---------------------------------------------------------------


def test_what_is_no_answer_ends_the_comparison() -> None:
    stage = Stage(peers=4)
    peer, other = stage.peers[:2]
    request = compared(stage, peer)
    stage.respond(request, other, differ())
    assert stage.refused() == {"wrong_sender": 1}
    stage.respond(request, peer, differ())
    assert stage.asked(Pull) == []
    stage.respond(compared(stage, peer), peer, Nack(1))
    stage.tell(RequestFailed(compared(stage, peer).request))
    stage.tell(ResponseReceived(compared(stage, peer).request, peer.key, b"\xc1"))
    once = ("wrong_sender", "replayed", "not_entitled", "malformed")
    assert stage.refused() == dict.fromkeys(once, 1)
    stage.tell(RequestFailed(4_711))
    assert stage.asked(Pull) == []


def test_a_seed_that_does_not_say_who_it_is_is_not_asked_for_more() -> None:
    stage = Stage(peers=0)
    stage.tell(SeedsResolved((Address("seed.example:1"),)))
    stranger = stage.make("stranger")
    stage.respond(stage.asked(Compare)[-1], stranger, differ((stranger, Status.ALIVE, 1)))
    assert stage.refused() == {"unknown_sender": 1}
    assert stage.asked(Pull) == []


def test_a_pull_that_brings_nothing_is_not_repeated() -> None:
    stage = Stage(peers=4)
    peer = stage.peers[0]
    news = [(stage.make(f"n{i}"), Status.ALIVE, 1) for i in range(3)]
    stage.respond(compared(stage, peer), peer, differ(*everybody(stage), *news))
    stage.respond(one(stage.asked(Pull)), peer, Claims())
    assert len(stage.asked(Pull)) == 1
    stage.respond(compared(stage, peer), peer, differ(*everybody(stage), *news))
    stage.tell(RequestFailed(stage.asked(Pull)[-1].request))
    stage.respond(stage.asked(Pull)[-1], peer, Claims(), news[0][0].alive())
    assert len(stage.asked(Pull)) == 2
