"""A lease is one bridge's at a time, and its epochs rise, whatever happens to the API server."""

from hypothesis import given
from hypothesis import strategies as st

from failure_detect.clock import MILLISECOND, SECOND
from simulations.sets.leases import EPOCH_MS, LEASE, RENEWAL, Lease, wall_ms


def test_nobody_has_it_until_somebody_takes_it() -> None:
    assert Lease().holder is None
    lease = Lease()
    assert lease.take(3, 0)
    assert (lease.holder, lease.until) == (3, LEASE)


def test_while_one_has_it_no_other_gets_it() -> None:
    lease = Lease()
    lease.take(3, 0)
    assert not lease.take(4, LEASE - 1)
    assert lease.holder == 3


def test_who_has_it_renews_it() -> None:
    lease = Lease()
    lease.take(3, 0)
    assert lease.take(3, RENEWAL)
    assert lease.until == RENEWAL + LEASE
    assert not lease.take(4, LEASE)


def test_one_that_ran_out_is_anybodys() -> None:
    lease = Lease()
    lease.take(3, 0)
    assert lease.take(4, LEASE)
    assert not lease.write_epoch(3, EPOCH_MS + 1, LEASE)


def test_who_gives_it_up_lets_another_have_it_at_once() -> None:
    lease = Lease()
    lease.take(3, 0)
    lease.give_up(4)
    assert lease.holder == 3
    lease.give_up(3)
    assert lease.take(4, 1)


def test_an_epoch_stands_in_it_that_its_holder_has_written_above_the_last() -> None:
    lease = Lease()
    lease.take(3, 0)
    assert lease.write_epoch(3, EPOCH_MS + 5, 1)
    assert lease.epoch == EPOCH_MS + 5
    assert not lease.write_epoch(3, EPOCH_MS + 4, 2)
    assert lease.epoch == EPOCH_MS + 5


def test_nobody_else_writes_an_epoch_and_nobody_after_its_time() -> None:
    lease = Lease()
    lease.take(3, 0)
    assert not lease.write_epoch(4, EPOCH_MS + 5, 1)
    assert not lease.write_epoch(3, EPOCH_MS + 5, LEASE)
    assert lease.epoch == EPOCH_MS


def test_an_api_server_that_is_down_answers_nobody() -> None:
    lease = Lease()
    lease.take(3, 0)
    lease.is_served = False
    assert not lease.take(3, RENEWAL)
    assert not lease.write_epoch(3, EPOCH_MS + 5, 1)
    assert not lease.take(4, LEASE)
    assert (lease.holder, lease.until, lease.epoch) == (3, LEASE, EPOCH_MS)


def test_it_is_renewed_long_before_it_runs_out() -> None:
    assert 2 * RENEWAL < LEASE


def test_a_wall_clock_goes_with_the_world() -> None:
    assert wall_ms(0) == EPOCH_MS
    assert wall_ms(SECOND + MILLISECOND - 1) == EPOCH_MS + 1_000


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 10 * SECOND), st.integers(0, 3), st.booleans())
    )
)
def test_in_any_history_one_holds_it_and_epochs_only_rise(
    history: list[tuple[int, int, int, bool]],
) -> None:
    lease, now = Lease(), 0
    held_until: dict[int, int] = {}
    for place, wait, ahead, served in history:
        now += wait
        lease.is_served = served
        before = lease.epoch
        if lease.take(place, now):
            others = [until for other, until in held_until.items() if other != place]
            assert all(until <= now for until in others)
            held_until[place] = lease.until
        if lease.write_epoch(place, EPOCH_MS + ahead, now):
            assert (lease.holder, lease.epoch) == (place, EPOCH_MS + ahead)
        assert lease.epoch >= before


def test_the_next_process_of_a_place_waits_like_any_other() -> None:
    lease = Lease()
    assert lease.take(1, 0, b"old")
    assert not lease.is_held_by(1, b"new")
    assert not lease.take(1, 1, b"new")
    assert lease.take(1, LEASE - 1, b"old")
    assert not lease.take(1, 2 * LEASE - 2, b"new")
    assert lease.take(1, 2 * LEASE - 1, b"new")
