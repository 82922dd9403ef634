"""A provider that fails is left alone for longer and longer, and asked for less."""

from hypothesis import given
from hypothesis import strategies as st

from discovery.apart import EQUAL, Apart
from discovery.config import ReplicatorConfig
from discovery.frames import VERSION_MIN
from discovery.peers import PASSED_OVER_MAX, Peer, Peers
from failure_detect.clock import MILLISECOND, SECOND
from failure_detect.identity import Address
from tests.discovery.lone import identity_of, member_of

CONFIG = ReplicatorConfig()
NOW = 100 * SECOND


def peer_of(number: int = 1) -> Peer:
    return Peer(identity_of(number), CONFIG, NOW)


def test_a_new_peer_is_believed_to_be_there_and_to_speak_the_oldest_version() -> None:
    peer = peer_of()
    assert peer.can_be_asked(NOW)
    assert (peer.is_alive, peer.is_reachable, peer.busy) == (True, True, False)
    assert (peer.speaks, peer.room, peer.failures) == (VERSION_MIN, CONFIG.room, 0)
    assert (peer.apart, peer.exhausted) == (EQUAL, b"")
    assert peer.cluster == "c1"


def test_who_is_busy_dead_or_backing_off_is_not_asked() -> None:
    peer = peer_of()
    peer.busy = True
    assert not peer.can_be_asked(NOW)
    peer.busy, peer.is_alive = False, False
    assert not peer.can_be_asked(NOW)
    peer.is_alive, peer.not_before = True, NOW + 1
    assert not peer.can_be_asked(NOW)
    assert peer.can_be_asked(NOW + 1)


def test_each_failure_doubles_the_pause_up_to_the_longest() -> None:
    peer = peer_of()
    pauses = []
    for _ in range(10):
        peer.failed(CONFIG, 0.0, NOW)
        pauses.append(peer.not_before - NOW)
    assert pauses[:4] == [250 * MILLISECOND, 500 * MILLISECOND, SECOND, 2 * SECOND]
    assert pauses[6:] == [15 * SECOND] * 4


def test_chance_makes_a_pause_of_half_to_the_whole() -> None:
    early, late = peer_of(), peer_of()
    early.failed(CONFIG, 0.0, NOW)
    late.failed(CONFIG, 0.999_999, NOW)
    assert early.not_before - NOW == CONFIG.back_off // 2
    assert CONFIG.back_off - 2 <= late.not_before - NOW <= CONFIG.back_off


@given(st.integers(0, 100), st.floats(0, 1, exclude_max=True))
def test_no_pause_is_beyond_the_bounds(failures: int, chance: float) -> None:
    peer = peer_of()
    for _ in range(failures):
        peer.failed(CONFIG, chance, NOW)
    assert 0 <= peer.not_before - NOW <= CONFIG.back_off_max
    assert CONFIG.room_min <= peer.room <= CONFIG.room


def test_room_is_halved_with_each_failure_down_to_the_least() -> None:
    peer = peer_of()
    rooms = []
    for _ in range(6):
        peer.failed(CONFIG, 0.5, NOW)
        rooms.append(peer.room >> 10)
    assert rooms == [128, 64, 32, 16, 16, 16]


def test_who_joins_again_keeps_what_is_known_of_it_at_its_new_address() -> None:
    peers = Peers(CONFIG)
    first = peers.joined(identity_of(1), NOW)
    first.speaks, first.is_alive = 2, False
    moved = identity_of(1)
    moved = type(moved)(moved.member, moved.node, 1, Address("10.9.9.9:1"), moved.group)
    again = peers.joined(moved, NOW + 1)
    assert again is first
    assert (again.speaks, again.is_alive, again.identity.address) == (2, True, "10.9.9.9:1")
    assert len(peers) == 1


def test_peers_are_listed_in_the_order_in_which_they_joined_and_forgotten_for_good() -> None:
    peers = Peers(CONFIG)
    for number in (3, 1, 2):
        peers.joined(identity_of(number), NOW)
    assert [peer.identity.member for peer in peers] == [member_of(3), member_of(1), member_of(2)]
    peers.forget(member_of(1))
    peers.forget(member_of(1))
    assert peers.get(member_of(1)) is None
    assert len(peers) == 2


def test_failures_of_long_ago_count_no_more() -> None:
    peer = peer_of()
    for _ in range(9):
        peer.failed(CONFIG, 0.0, NOW)
    later = peer.not_before + CONFIG.back_off_max
    peer.failed(CONFIG, 0.0, later)
    assert peer.not_before - later == CONFIG.back_off_max // 2
    much_later = peer.not_before + CONFIG.back_off_max + 1
    peer.failed(CONFIG, 0.0, much_later)
    assert peer.not_before - much_later == CONFIG.back_off // 2


def test_who_has_brought_something_starts_over() -> None:
    peer = peer_of()
    for _ in range(9):
        peer.failed(CONFIG, 0.0, NOW)
    peer.brought()
    peer.failed(CONFIG, 0.0, NOW)
    assert peer.not_before - NOW == CONFIG.back_off // 2


def test_what_came_to_nothing_is_remembered_within_bounds_until_somebody_new_joins() -> None:
    peers = Peers(CONFIG)
    peer = peers.joined(identity_of(1), NOW)
    for at in range(PASSED_OVER_MAX + 5):
        peer.pass_over(b"o/%d" % at, (at,))
    assert len(peer.passed_over) == PASSED_OVER_MAX
    assert b"o/4" not in peer.passed_over
    assert peer.passed_over[b"o/5"] == (5,)
    peer.apart, peer.exhausted = Apart(rest=7), b"12345678"
    peers.joined(identity_of(1), NOW)
    assert (peer.apart, peer.exhausted) == (Apart(rest=7), b"12345678")
    peers.joined(identity_of(2), NOW)
    assert not peer.passed_over
    peers.joined(identity_of(1), NOW)
    assert (peer.apart, peer.exhausted) == (EQUAL, b"")


def test_what_is_equal_of_several_peers_is_kept_once() -> None:
    peers = Peers(CONFIG)
    first, second = (peers.joined(identity_of(number), NOW) for number in (1, 2))
    first.apart = peers.same(Apart(frozenset([b"s/a"])))
    second.apart = peers.same(Apart(frozenset([b"s/a"])))
    assert second.apart is first.apart
    other = Apart(frozenset([b"s/b"]))
    assert peers.same(other) is other


def test_room_is_doubled_by_a_large_answer_that_comes_soon_up_to_a_frame() -> None:
    peer = peer_of()
    peer.came_through(CONFIG.hedge // 2, CONFIG.room, CONFIG)
    assert peer.room == CONFIG.room
    peer.came_through(CONFIG.hedge // 2 - 1, CONFIG.room // 8 - 1, CONFIG)
    assert peer.room == CONFIG.room
    for _ in range(9):
        peer.came_through(CONFIG.hedge // 2 - 1, peer.room // 8, CONFIG)
    assert peer.room == CONFIG.frame_bytes
