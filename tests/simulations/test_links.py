from dataclasses import replace
from itertools import pairwise
from statistics import fmean

import pytest

from failure_detect.clock import MILLISECOND, SECOND
from simulations.links import LAN, Burst, Condition, Delay, LinkQuality, Path, Spell
from simulations.randomness import MASK, mix


def test_lan_delays_lie_between_their_bounds_and_in_the_middle_on_average() -> None:
    path = Path(LAN, ())
    delays = [path.crossing(mix(word)) for word in range(5_000)]
    assert 200 <= min(delays) < 210
    assert 1_990 < max(delays) <= 2_000
    assert abs(fmean(delays) - 1_100) < 30


def test_a_tail_adds_its_mean_and_a_constant_delay_nothing() -> None:
    tail = Path(Delay(low=100, tail=1_000), ())
    delays = [tail.crossing(mix(word)) for word in range(5_000)]
    assert abs(fmean(delays) - 1_100) < 50
    assert max(delays) > 5_000
    assert not tail.plain
    assert {Path(Delay(low=7), ()).crossing(mix(word)) for word in range(9)} == {7}


def test_losses_add_up_as_independent_chances() -> None:
    half = Condition(LinkQuality(loss=0.5))
    path = Path(LAN, (half, Condition(LinkQuality(loss=0.5)), Condition(LinkQuality())))
    assert path.lose_below == 3 << 62
    assert Path(LAN, (Condition(LinkQuality(loss=1.0)),)).lose_below > MASK


def test_the_strictest_of_several_conditions_holds() -> None:
    conditions = (
        Condition(LinkQuality(size_limit=1_000, extra_delay=5 * MILLISECOND)),
        Condition(LinkQuality(size_limit=500, extra_delay=3 * MILLISECOND)),
        Condition(LinkQuality(blocks_streams=True)),
    )
    path = Path(LAN, conditions)
    assert (path.size_limit, path.low) == (500, 8_200)
    assert path.blocks_streams
    assert not path.blocks_datagrams
    assert path.plain


def test_a_condition_lies_on_the_directions_that_it_names() -> None:
    one_way = Condition(LinkQuality(), sources=(1,), targets=(2, 3))
    assert one_way.covers(1, 2)
    assert not one_way.covers(2, 1)
    assert not one_way.covers(1, 4)
    assert Condition(LinkQuality()).covers(5, 6)


def test_a_partition_lies_between_its_groups_and_leaves_others_alone() -> None:
    partition = Condition(LinkQuality(), groups=((0, 1), (2, 3)))
    assert partition.covers(0, 2)
    assert partition.covers(3, 1)
    assert not partition.covers(0, 1)
    assert not partition.covers(0, 4)
    assert not partition.covers(4, 0)


def test_a_quality_names_what_is_set_in_it() -> None:
    assert LinkQuality().aspects() == ()
    everything = LinkQuality(
        loss=0.1,
        burst=Burst(1, 1),
        duplication=0.1,
        reordering=0.1,
        corruption=0.1,
        tampering=0.1,
        extra_delay=1,
        size_limit=1,
        blocks_streams=True,
    )
    assert len(everything.aspects()) == 9
    assert replace(everything, loss=0.0).aspects() == everything.aspects()[1:]


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_shares_lie_between_nothing_and_everything(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        LinkQuality(loss=share)
    with pytest.raises(ValueError, match="between 0 and 1"):
        Burst(1, 1, share)


def test_times_are_not_negative() -> None:
    with pytest.raises(ValueError, match="negative"):
        Delay(low=-1)
    with pytest.raises(ValueError, match="negative"):
        LinkQuality(extra_delay=-1)
    with pytest.raises(ValueError, match="longer than nothing"):
        Burst(0, 1)


def test_spells_are_bad_for_their_share_of_the_time_and_last() -> None:
    burst = Burst(good=9 * SECOND, bad=1 * SECOND)
    spell, seen = Spell(), list[bool]()
    for step in range(40_000):
        words = (mix(mix(step) + number) for number in range(1_000))
        seen.append(spell.move(burst, step * 100 * MILLISECOND, words))
    assert abs(fmean(seen) - 0.1) < 0.02
    changes = sum(one != other for one, other in pairwise(seen))
    assert 550 < changes < 950  # About 400 bad spells, less those shorter than a look.


def test_a_spell_that_was_not_looked_at_for_long_is_drawn_anew() -> None:
    burst, words = Burst(good=1 * SECOND, bad=1 * SECOND), [mix(word) for word in range(3)]
    spell = Spell()
    spell.move(burst, 0, words)
    looked = [spell.move(burst, 10**12 * turn, [mix(turn)]) for turn in range(1, 40)]
    assert {True, False} == set(looked)
