"""Seeds are asked at once, again while nobody is known, and now and then for ever."""

from itertools import pairwise

from failure_detect.clock import SECOND
from failure_detect.config import DetectorConfig
from failure_detect.events import SeedsResolved, SendRequest
from failure_detect.identity import Address
from failure_detect.messages import Claims, Compare, Differ, Gossip
from tests.failure_detect.harness import Stage

CONFIG = DetectorConfig.lan().with_overrides(
    {
        "sync.join_retry": 500_000,
        "sync.seed_interval": 10 * SECOND,
        "sync.follow_ups": 3,
        "sync.gap": 800_000,
        "sync.timeout": 3 * SECOND,
    }
)
RETRY, GAP, RARE = CONFIG.sync.join_retry, CONFIG.sync.gap, CONFIG.sync.seed_interval
ONE, TWO = Address("seed-1.example:7946"), Address("seed-2.example:7946")


def alone() -> Stage:
    return Stage(peers=2, config=CONFIG, known=False)


def asked(stage: Stage, since: int) -> list[tuple[int, Address]]:
    """When which address was asked over a stream, by name of its address alone."""
    return [
        (at - since, effect.address)
        for at, effect in stage.log
        if at >= since and isinstance(effect, SendRequest) and effect.to is None
    ]


def test_without_seeds_nobody_is_asked() -> None:
    stage = alone()
    stage.run(60 * SECOND)
    assert asked(stage, 0) == []


def test_seeds_are_asked_as_soon_as_they_are_known() -> None:
    stage = alone()
    effects = stage.tell(SeedsResolved((ONE, TWO)))
    requests = [effect for effect in effects if isinstance(effect, SendRequest)]
    assert [(request.to, request.address) for request in requests] == [(None, ONE), (None, TWO)]
    assert {request.timeout for request in requests} == {CONFIG.sync.timeout}
    (first, _) = stage.asked(Compare)
    assert [item.raw for item in first.items] == [stage.own.alive()]


def test_the_same_seeds_again_are_no_news() -> None:
    stage = alone()
    stage.tell(SeedsResolved((ONE,)))
    assert stage.tell(SeedsResolved((ONE,))) == []
    assert len(stage.tell(SeedsResolved((ONE, TWO)))) == 2


def test_nobody_asks_itself() -> None:
    stage = alone()
    stage.tell(SeedsResolved((stage.own.identity.address, ONE)))
    stage.run(10 * SECOND)
    assert {address for _, address in asked(stage, 0)} == {ONE}


def test_while_nobody_is_known_every_seed_is_asked_again_and_again() -> None:
    stage = alone()
    since = stage.now
    stage.tell(SeedsResolved((ONE, TWO)))
    stage.run(20 * SECOND)
    moments = [at for at, address in asked(stage, since) if address == ONE]
    assert moments == [at for at, address in asked(stage, since) if address == TWO]
    pauses = [later - at for at, later in pairwise(moments[1:])]
    assert all(RETRY <= pause <= RETRY * 5 // 4 for pause in pauses)
    assert len(moments) >= 30


def join(stage: Stage) -> None:
    """The first seed answers, and its claim makes it a member."""
    seed = stage.peers[0]
    stage.tell(SeedsResolved((seed.identity.address, TWO)))
    request = stage.asked(Compare)[0]
    stage.respond(request, seed, Differ((), (), 0), seed.alive())
    assert stage.detector.statistics().members == 2


def test_a_join_is_followed_by_a_few_more_comparisons() -> None:
    stage = alone()
    join(stage)
    since = stage.now + 1
    stage.run(RARE)
    moments = [at for at, _ in asked(stage, since)]
    pauses = [later - at for at, later in pairwise(moments[:3])]
    assert len(moments) >= 3
    assert moments[2] < 3 * GAP * 5 // 4 + RETRY * 5 // 4
    assert all(GAP <= pause <= GAP * 5 // 4 for pause in pauses)


def test_nobody_asks_itself_after_a_join_either() -> None:
    stage = alone()
    seeds = (stage.own.identity.address, stage.peers[0].identity.address)
    stage.tell(SeedsResolved(seeds))
    stage.respond(
        stage.asked(Compare)[0], stage.peers[0], Differ((), (), 0), stage.peers[0].alive()
    )
    stage.run(RARE)
    assert len(asked(stage, 0)) >= 4
    assert {address for _, address in asked(stage, 0)} == {seeds[1]}


def test_a_seed_that_is_no_live_member_is_asked_for_ever_and_rarely() -> None:
    stage = alone()
    join(stage)
    stage.run(RARE)
    since = stage.now
    stage.run(30 * RARE)
    found = asked(stage, since)
    assert {address for _, address in found} == {TWO}
    moments = [at for at, _ in found]
    assert all(RARE <= later - at <= RARE * 5 // 4 for at, later in pairwise(moments))
    assert 23 <= len(found) <= 30


def test_seeds_that_are_all_live_members_are_left_alone() -> None:
    stage = Stage(peers=2, config=CONFIG)
    stage.tell(SeedsResolved(tuple(peer.identity.address for peer in stage.peers)))
    stage.run(RARE)
    since = stage.now
    stage.run(10 * RARE)
    assert asked(stage, since) == []


def test_a_seed_that_moved_its_address_is_asked_again() -> None:
    stage = Stage(peers=2, config=CONFIG)
    stage.tell(SeedsResolved(tuple(peer.identity.address for peer in stage.peers)))
    stage.run(3 * RARE)
    moved = stage.peers[0].certified(start=1, address="elsewhere.example:1")
    stage.hear(stage.peers[0], Gossip(), moved.alive(2))
    since = stage.now
    stage.run(3 * RARE)
    assert {address for _, address in asked(stage, since)} == {stage.peers[0].identity.address}


def test_an_answer_that_is_no_answer_changes_nothing() -> None:
    stage = alone()
    stage.tell(SeedsResolved((ONE,)))
    request = stage.asked(Compare)[0]
    stage.respond(request, stage.peers[0], Claims())
    assert stage.detector.statistics().members == 1
