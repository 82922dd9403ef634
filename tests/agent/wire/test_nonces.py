"""No two datagrams under one key have one nonce."""

from itertools import product

from agent.wire.header import COUNTER_MAX, Pool
from agent.wire.nonces import NONCE_BYTES, Counters, Way, is_spent
from failure_detect.identity import MemberId

LOW, HIGH = MemberId(bytes(32)), MemberId(b"\1" * 32)


def test_version_pool_direction_and_counter_all_matter() -> None:
    ways = [
        Way(pool, version, *ends)
        for pool, version, ends in product(Pool, (1, 2), ((LOW, HIGH), (HIGH, LOW)))
    ]
    nonces = [way.nonce(counter) for way in ways for counter in (1, 2, COUNTER_MAX)]
    assert len(set(nonces)) == len(nonces) == 24
    assert {len(nonce) for nonce in nonces} == {NONCE_BYTES}


def test_the_bytes_stay_the_same_over_versions() -> None:
    assert Way(Pool.WAN, 1, HIGH, LOW).nonce(5).hex() == "010101" + "00" * 20 + "05"
    assert Way(Pool.LAN, 1, LOW, HIGH).nonce(256).hex() == "010000" + "00" * 19 + "0100"


def test_counters_of_who_is_forgotten_are_not_used_again() -> None:
    counters = Counters()
    assert counters.first == 0
    counters.retire(9)
    counters.retire(4)
    assert counters.first == 9


def test_a_counter_comes_to_an_end() -> None:
    assert not is_spent(COUNTER_MAX - 1)
    assert is_spent(COUNTER_MAX)
