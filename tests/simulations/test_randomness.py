from statistics import fmean, pvariance

from simulations.randomness import (
    ADDEND,
    FACTOR,
    MASK,
    derive,
    exponential,
    flipped,
    generator,
    mix,
)


def test_a_name_has_one_number_and_every_part_of_it_counts() -> None:
    assert derive(1, "link", 2, 3) == derive(1, "link", 2, 3)
    others = [derive(2, "link", 2, 3), derive(1, "link", 3, 2), derive(1, "link", 23)]
    assert len({derive(1, "link", 2, 3), *others}) == 4


def test_the_number_of_a_name_is_the_same_on_every_machine() -> None:
    assert derive(7, "member", 0) == 4_399_949_323_112_673_693
    assert generator(7, "member", 0).getrandbits(32) == generator(7, "member", 0).getrandbits(32)


def test_the_high_bits_of_a_link_are_evenly_spread() -> None:
    state, draws = derive(1, "link"), list[float]()
    for _ in range(20_000):
        state = (state * FACTOR + ADDEND) & MASK
        draws.append(state / 2**64)
    assert abs(fmean(draws) - 0.5) < 0.01
    assert abs(pvariance(draws) - 1 / 12) < 0.005
    delays = [int(draw * 2**40) % 1_801 for draw in draws]
    assert abs(fmean(delays) - 900) < 15


def test_mixing_changes_about_half_of_the_bits() -> None:
    changed = [(mix(word) ^ mix(word + 1)).bit_count() for word in range(1_000)]
    assert 30 < fmean(changed) < 34


def test_exponential_draws_have_mean_and_variance_one_and_no_end() -> None:
    draws = [exponential(mix(word)) for word in range(20_000)]
    assert abs(fmean(draws) - 1) < 0.03
    assert abs(pvariance(draws) - 1) < 0.1
    assert min(draws) >= 0
    assert 36 < exponential(0) < 37
    assert exponential(MASK) == 0


def test_flipping_changes_one_to_four_bits() -> None:
    for word in range(200):
        changed = zip(bytes(16), flipped(bytes(16), word), strict=True)
        assert 0 <= sum((one ^ other).bit_count() for one, other in changed) <= 4
    assert flipped(b"", 3) == b""
